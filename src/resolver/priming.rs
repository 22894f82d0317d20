//! Priming (RFC 8109): the servers that are configured for a tree are hints. They are asked for the
//! servers that its topmost zone names, and those are asked from then on, as long as their NS set holds.
//!
//! It is a step of the lookup that would go to a root first, as minimised questions are: one question,
//! and the servers that it names are those of any other zone, whose addresses are looked up where they
//! did not come along. A resolution of its own would have to be waited for or raced; a frame of its
//! own would see answers without the addresses beside them.
//!
//! What is in the cache at the apex says how far this is. Before the hints are asked they are put
//! there themselves, for a while: so the others ask them in the meantime, and nobody tries again at
//! once where that leads to nothing.

use std::sync::Arc;

use super::cache::{CutKey, fresh};
use super::env::Env;
use super::{AnswerKey, Cut, Root, Stored};
use crate::wire::Ttl;

/// Whom to ask at the apex of a tree.
pub(super) enum Start {
    /// The servers that the zone itself names.
    Primed(Arc<Stored<Cut>>),
    /// The hints.
    Hints,
    /// The hints, for the servers that the zone names, before all else.
    Unprimed,
}

/// Decides whom to ask at the apex of `root`, whose hints are these, on the way to `target`.
pub(super) fn start(target: &AnswerKey, root: &Root, hints: &Cut, env: &Env<'_>) -> Start {
    if !env.policy.priming {
        return Start::Hints;
    }
    match fresh(env.cache, &CutKey(root.apex.clone()), env.now) {
        None => {
            fall_back(hints, env);
            Start::Unprimed
        }
        Some(entry) if entry.value == *hints => Start::Hints,
        Some(entry) if seeks_server_of(&entry.value, target, env) => Start::Hints,
        Some(entry) => Start::Primed(entry),
    }
}

/// Whether the address of one of these servers is the target, or what that is for: they cannot be
/// asked for it.
fn seeks_server_of(cut: &Cut, target: &AnswerKey, env: &Env<'_>) -> bool {
    let types = env.policy.families.types();
    let mut addresses = cut
        .targets
        .iter()
        .flat_map(|name| types.iter().map(|&rtype| AnswerKey { name: name.clone(), rtype }));
    addresses.any(|address| address == *target || env.is_waited_for(&address))
}

/// Keeps to the hints for a while.
pub(super) fn fall_back(hints: &Cut, env: &Env<'_>) {
    keep(hints.clone(), env.limits().priming_rest, env);
}

/// Keeps the servers that the topmost zone of a tree names.
pub(super) fn keep(cut: Cut, ttl: Ttl, env: &Env<'_>) {
    let ttl = ttl.max(env.limits().priming_rest);
    let key = CutKey(cut.zone.clone());
    env.cache.put(key, Arc::new(Stored::new(cut, env.now, ttl)));
}
