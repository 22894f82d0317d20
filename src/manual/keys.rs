//! Keys: how a zone's keys come, sign and go.
//!
//! Keys are files as BIND keeps them, and so are their times: Publish, Activate, Inactive, Revoke, Delete,
//! SyncPublish and SyncDelete in `.private`. `dnssec-settime` reads and writes them too. What a key is at a
//! moment follows from them alone; [`State`](crate::dnssec::lifecycle::State) draws it:
//!
//! | state | in the DNSKEY set | signs |
//! |---|---|---|
//! | Generated | no; its DS record may be at the parent | no |
//! | Published | yes | no |
//! | Active | yes | yes |
//! | Retired | yes, as what it signed is in caches | no |
//! | Revoked | yes, with the REVOKE bit | the DNSKEY set, for that alone |
//! | Removed | no | no |
//!
//! A server goes by the clock: nothing has to be restarted or reloaded. It looks for changed files in `key_dir`
//! twice a minute. When another key signs, what was signed before is renewed in its own time, within 14 days; if
//! the key before leaves sooner than that, everything is signed anew at once. A zone that was signed stays
//! signed: where the times leave no key for it, the last one goes on, and `threepid key status` says so.
//!
//! CDS and CDNSKEY (RFC 7344) have the keys that the parent shall have: from SyncPublish to SyncDelete, or
//! where these are not set as long as the key is Active.
//!
//! # Changing a key
//!
//! `threepid key roll ZONE --dir DIR` makes the next key and writes the times of both. `threepid key status ZONE
//! --dir DIR` shows them, and what there is to do, at any time. A step that would break the chain of trust for
//! anyone with an old set in a cache is refused, and told when it will not. The waits are those of RFC 7583; they
//! need the TTLs: of the SOA record (`--ttl`, which the DNSKEY set has too), the greatest in the zone
//! (`--max-ttl`), of the DS set at the parent (`--parent-ttl`). Each is a day unless given: give greater ones.
//! `--delay` is how long your servers, and the parent's, take to have the same; an hour unless given.
//!
//! - The key that signs the data, `--zsk`: *pre-publish* (RFC 6781 section 4.1.1.1). The new key is published at
//!   once, signs a TTL later, and the old one stays until nothing it signed is in a cache. Nothing else has to be
//!   done. In a zone whose one key signs everything, it takes the data over, and the other signs keys from then on.
//! - The key that the parent vouches for, `--ksk`: *double DS* (section 4.1.2). First the parent has the DS
//!   records of both; `key status` prints the new one, and a parent that reads CDS takes it by itself. Once
//!   it is there, go on with `key roll ZONE --ds-seen`, or have it looked up and proved with `--check -c
//!   client.toml`. A TTL of the DS set later the new key takes the place of the old one; another TTL later the
//!   old DS record may go.
//! - The one key of a zone, `--csk`: the same, and the new key is published meanwhile, and the old one stays as
//!   a ZSK does.
//! - The key of a root: see [`anchors`](super::anchors). A zone whose name tells of no phone prefix and no email
//!   domain may be one: `--anchor` says that it is, `--parent` that it is not.
//!
//! `threepid key roll ZONE --cancel` takes a step back, as long as the new key signs nothing: it goes, and the old
//! one stays. An anchor that was shown for 30 days stands by instead, as resolvers may trust it.
