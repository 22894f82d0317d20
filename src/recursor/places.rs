//! How many resolutions may need the network at the same time.

use std::sync::Arc;

use super::Limits;
use super::tenure::{Pool, Tenure};
use crate::resolver::{Policy, Root};
use crate::wire::Name;

/// What a resolution is begun for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody waits for it.
    Request,
    /// Nobody does yet.
    Prefetch,
    /// The resolver itself needs it, to go on.
    Refresh,
}

/// Places for resolutions: for each root of the policy, and for names that lie in none.
#[derive(Debug)]
pub(super) struct Places(Vec<Tree>);

/// The places of one tree. Those who wait share theirs with nobody else.
#[derive(Debug)]
struct Tree {
    requests: Arc<Pool>,
    prefetches: Arc<Pool>,
    refreshes: Arc<Pool>,
}

impl Places {
    pub(super) fn new(policy: &Policy, limits: &Limits) -> Self {
        let trees = policy.roots.len() + 1;
        let share = |all: usize| Pool::new(all.div_ceil(trees), limits.safe);
        let tree = || Tree {
            requests: share(limits.resolutions),
            prefetches: share(limits.prefetches),
            refreshes: Pool::new(limits.refreshes, limits.deadline),
        };
        Self((0..trees).map(|_| tree()).collect())
    }

    /// A place in the tree that holds `name`; none where all are taken, and safe still.
    pub(super) fn take(&self, policy: &Policy, name: &Name, occasion: Occasion) -> Option<Tenure> {
        let own = policy.root_of(name);
        let is_own = |root: &Root| own.is_some_and(|own| std::ptr::eq(own, root));
        let tree = &self.0[policy.roots.iter().position(is_own).unwrap_or(policy.roots.len())];
        let pool = match occasion {
            Occasion::Request => &tree.requests,
            Occasion::Prefetch => &tree.prefetches,
            Occasion::Refresh => &tree.refreshes,
        };
        pool.take()
    }
}
