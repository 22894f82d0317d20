//! Anchors: how a root changes its key, and resolvers follow.
//!
//! A resolver with `anchor_dir` in its configuration goes by RFC 5011: it asks each root for its DNSKEY
//! set, after an hour at the soonest and 15 days at the latest, and takes what is new in it for a trust
//! anchor after 30 days, as long as a key that it trusts signed every set in between. A key that revokes
//! itself is trusted never again. What it knows stands in a file for each root, `anchors-3pid.example.` for
//! `3pid.example.` (and `anchors-.` for `.`); [`rollover`](crate::dnssec::rollover) has the rules.
//!
//! # For who runs a root
//!
//! To change the key that the anchor is made of takes three months, and nothing stops working on the way:
//!
//! 1. Announce the new key: `threepid key generate 3pid.example. --dir keys`, and reload. Both keys sign
//!    from here on, and answers are longer for it. To keep the private key elsewhere until it is needed,
//!    put its DNSKEY record, the line in its `.key` file, into the zone file instead.
//! 2. Wait 60 days: 30 that resolvers wait, and up to 15 until they look, before and after. Have those
//!    who go by the configuration alone change their anchors: `threepid key ds` prints the new one. The
//!    new key has to sign by the end.
//! 3. Revoke the old key: in its `.key` file make the flags 385 in place of 257 (BIND's `dnssec-revoke`
//!    does this, and renames the files for the new tag), and reload. From here on it signs the DNSKEY set
//!    and nothing else, which is what revokes it.
//! 4. Wait 30 days, so that everyone sees it. Then take its files away, and reload.
//!
//! Where a key was stolen, revoke it at once: whoever trusts another key of the zone already goes on
//! without it. So it is good to have a second key announced at all times, whose private part is stored
//! elsewhere. Where the only key is revoked, resolvers take nothing in the tree for proved until they are
//! configured with another anchor; RFC 5011 section 5 would have them take it for unsigned.
//!
//! # For who runs a resolver
//!
//! The clock has to be right. One that was set back makes new keys wait all over again; one that is ahead
//! makes them wait for less, by as much as the signatures over the keys last at most. A resolver that was
//! off for so long that it knows no key of the zone any more needs a new anchor in its configuration.
//! The file of a root is for reading alone while the resolver runs: what the resolver knows is written
//! over it. To have it trust the anchors of the configuration anew, stop it, take the file away, and start
//! it again.
