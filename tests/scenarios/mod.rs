//! Scenarios: the resolver against a faked network, with scripted time.
//!
//! | what | where |
//! |---|---|
//! | each state of RFC 4035 section 4.3, in each way to deny, for each thing to deny | `denials` |
//! | what a client is told of each state; damaged records of each kind | `validation` |
//! | each algorithm and digest, and those that do not count | `algorithms`, `validation` |
//! | denials from the wrong side of a cut, or for the wrong name | `borders` |
//! | servers that lie: referrals, other names, signatures and keys, additions | `lies` |
//! | servers that are down, slow, lame or broken | `servers` |
//! | delegations: glue, circles, moves; trees in one another | `delegations`, `nested` |
//! | keys and algorithms that change, of trust anchors and of other zones; clocks that are set | `rollover`, `key_rollovers` |
//! | what the cache is used for | `aggressive`, `prefetch`, `refreshing`, `stale` |
//! | how servers are asked | `forward`, `mixed_case`, `policy`, `priming`, `special`, `walking` |
//! | who vouches for an association, and who does not; several roots | `vouching` |
//! | many clients at once | `crowding`, `recursing`, `sharing` |
//! | what a request may cost, and who tries to make it cost more | `adversary`, `attacks`, `budget` |
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adversary;
mod aggressive;
mod algorithms;
mod aliases;
mod attacks;
mod borders;
mod budget;
mod classic;
mod crowding;
mod delegations;
mod denials;
mod forward;
mod key_rollovers;
mod keyring;
mod lies;
mod live;
mod mixed_case;
mod negative;
mod nested;
mod net;
mod opt_out;
mod policy;
mod prefetch;
mod priming;
mod recursing;
mod refreshing;
mod rollover;
mod servers;
mod sharing;
mod special;
mod stale;
pub(crate) mod tree;
mod validation;
mod vouching;
mod waiting;
mod walking;
mod watching;
