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
//! To change the key that the anchor is made of takes three months and a half, and nothing stops working on the
//! way. `threepid key roll 3pid.example. --anchor --dir keys` plans all of it, and the server follows the plan
//! ([`keys`](super::keys) tells how); with separate keys, say `--ksk` too. `threepid key status 3pid.example. --dir
//! keys` shows where it stands:
//!
//! 1. The new key stands by for 60 days: published, and signing nothing. Resolvers wait for 30, and take up to
//!    15 until they look, before and after. Have those who go by the configuration alone add the new anchor,
//!    which `key status` prints, and keep the old one for now.
//! 2. The new key signs, and the old one is kept until nothing needs it: a day for a key-signing key, half a
//!    month for one that signed everything.
//! 3. The old key revokes itself: it is published with the REVOKE bit, and signs the DNSKEY set for that alone.
//!    Who has no other anchor finds the tree bogus from here on.
//! 4. After a month, so that everyone sees it, it is removed. Put its files away then.
//!
//! Where a key was stolen, revoke it at once: `threepid key roll 3pid.example. --revoke --dir keys` (or
//! `--revoke=TAG`). Another key takes over that resolvers trust by now; it is refused where there is none. So it
//! is good to have a second key stand by at all times: `threepid key roll 3pid.example. --anchor --standby --dir
//! keys`. Its private part can be kept elsewhere until then, its DNSKEY record standing in the zone file instead.
//! The next roll uses it, once its files are back.
//!
//! Where the only key is stolen, `dnssec-settime -R now` revokes it, and resolvers take nothing in the tree for
//! proved until they are configured with another anchor; RFC 5011 section 5 would have them take it for unsigned.
//!
//! # For who runs a resolver
//!
//! The clock has to be right. One that was set back makes new keys wait all over again; one that is ahead
//! makes them wait for less, by as much as the signatures over the keys last at most. A resolver that was
//! off for so long that it knows no key of the zone any more needs a new anchor in its configuration.
//! The file of a root is for reading alone while the resolver runs: what the resolver knows is written
//! over it. To have it trust the anchors of the configuration anew, stop it, take the file away, and start
//! it again.
//!
//! # For who takes statements
//!
//! A server that takes statements proves the certificates of verification servers from anchors, too. Where its
//! process is a resolver of the tree with `anchor_dir`, it goes by what that knows. Elsewhere a
//! [root list](super::roots) (`root_list` in `[publish]`) brings new keys; without either, write the next anchor
//! into its configuration while the new key stands by, or every statement that needs a certificate is answered by
//! 503 once the old one is revoked. Where it serves the zone itself, it warns at its start of anchors that stand
//! for no key of it.
