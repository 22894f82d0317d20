//! Root lists: how those who run roots tell everybody which trees there are, and how they change their keys.
//!
//! A client or resolver can have its trees written into its configuration, each with what proves it. Where
//! there are several, run by different people, that does not last: one has a new key, another is new. The
//! [root list](crate::trust::root_list) is signed JSON that names them all. Whoever holds one list follows it to
//! the next by signatures alone ([`stub::roots`](crate::stub::roots)), so that it does not matter where a list
//! comes from; anybody may serve them, and some who do may be down, behind or lying.
//!
//! - *A list never goes back*: after version 7 comes 8, whatever anybody serves.
//! - *No single key is enough*: version 8 carries signatures of a threshold of version 7's keys, and of a
//!   threshold of its own. The first lets those follow who hold version 7; the second shows that the new
//!   keys are there and work.
//! - *Nobody is held back for long*: a list expires. Who keeps newer ones from a client keeps it on an old one
//!   until then, and then the client stops, and says so; a resolver answers nothing in the listed trees.
//! - *What the list says counts before RFC 5011* ([`anchors`](super::anchors)): the anchors of listed trees change
//!   with the list. What an operator writes into the configuration counts before the list.
//!
//! # For who keeps the list
//!
//! Each of those who keep it has a key, on a machine that nothing else is done with, and a copy of it
//! in a safe. It is for lists alone: never one that zones are signed with, nor one of a verification server. A list
//! with such a key is neither signed nor taken.
//!
//! ```text
//! threepid cert key --new alice.key
//! threepid cert key --new bob.key
//! threepid cert key --new carol.key
//! ```
//!
//! Somebody draws up version 1 from what the others tell, with an expiry of half a year or so, and a threshold
//! that stands the loss of a key: two of three, three of five. [`root_list`](crate::trust::root_list) tells of each
//! member; `signatures` are missing or `{}` before anybody has signed. Times are in milliseconds since
//! 1970 (`date -d 2028-01-01 +%s000`), DS records without owner and type.
//!
//! ```json
//! {"type": "threepid.root_list", "version": 1, "expires": 1830297600000,
//!  "keys": {"alice.example": {"ed25519:1": "MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM"}},
//!  "threshold": 1,
//!  "roots": [{"apex": "3pid.example.", "servers": ["192.0.2.1", "2001:db8::1"],
//!             "ds": ["2371 15 2 1f4a6d8e0c93b75a2e6f4d1c8b0a9372645ef1d08c7b3a6592e4d7f01c8b5a63"],
//!             "publish": "https://publish.3pid.example/"}],
//!  "signatures": {}}
//! ```
//!
//! The draft goes from one to the other. Each looks at it, compares the public keys and DS records with what was told
//! over the telephone, and signs.
//!
//! ```text
//! threepid roots sign 1.json --key alice.key
//! threepid roots sign 1.json --key bob.key
//! threepid roots show 1.json
//! ```
//!
//! A new list is made long before the last one expires, and whenever a root or a key changes. It goes the same
//! way, with the list before it at hand, which tells how many signatures of the old keys it still needs. Here
//! Carol takes the place of Alice, who signs for the last time; so does each key that is to go, unless it is
//! lost or stolen, and the others are enough.
//!
//! ```text
//! threepid roots sign 2.json --previous 1.json --key alice.key
//! threepid roots sign 2.json --previous 1.json --key bob.key
//! threepid roots sign 2.json --previous 1.json --key carol.key
//! threepid roots show 2.json --previous 1.json
//! ```
//!
//! All lists are kept, and served for good (`root_lists` in `[publish]`, or any web server): who was away for
//! long walks through them one by one. Never are there two lists of one version: once it is signed by enough, a
//! mistake is mended by the next version.
//!
//! - *A zone changes its key*: the new DS goes into a list beside the old one before the zone signs with it
//!   alone, and the old one out of the list after that. Resolvers look every hour, clients as often as they
//!   are told to.
//! - *A key of the list is stolen*: the next list, at once, without it. One key alone signs no list, where the threshold is two.
//! - *So many are stolen that they are a threshold*: no list helps, as thieves can make one that all follow.
//!   Everybody has to be told by other ways, and starts anew by hand.
//! - *So many are lost that there is no threshold*: the same, when the last list expires at the latest.
//!
//! # For who follows it
//!
//! Get the first list in a way you trust, and compare its keys with what several of those who keep it publish.
//!
//! ```text
//! threepid roots update -c client.toml --from 1.json
//! threepid roots update -c client.toml --from 2.json
//! threepid roots show -c client.toml
//! ```
//!
//! With `root_list_urls` in the configuration, `threepid roots update` fetches newer ones; have it run each day. A
//! resolver, and a server that takes statements, do so themselves. An error that a list has expired means that nobody made a new one in time, or that
//! somebody keeps it from you: try other servers, or ask those who keep the list.
//!
//! A resolver whose list has expired answers `SERVFAIL` for all names in the listed trees, says why in an extended
//! error (RFC 8914), in its log and at `/health`, and goes on looking for a newer list, which heals it. That is so
//! at its start too; whatever else the process does is not touched. It warns 7 days before, and `/metrics` tells the
//! time: `threepid_root_list_expiry_timestamp_seconds`.
