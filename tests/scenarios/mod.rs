//! Scenarios: the resolver against a faked network, with scripted time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adversary;
mod algorithms;
mod aliases;
mod budget;
mod classic;
mod delegations;
mod denials;
mod forward;
mod key_rollovers;
mod keyring;
mod live;
mod negative;
mod net;
mod opt_out;
mod policy;
mod recursing;
mod refreshing;
mod rollover;
mod servers;
mod sharing;
mod special;
mod stale;
mod tree;
mod validation;
mod waiting;
mod walking;
mod watching;
