//! For whom a server verifies, and what it does where an association is there already.

use crate::certificate::Scope;
use crate::threepid::Threepid;

/// What to do where the tree has an association of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Sign, so that the newer replaces it: who controls an address now decides.
    #[default]
    Replace,
    /// Refuse, until the other one was withdrawn.
    Refuse,
}

/// What a verification server does, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// The identifiers that it verifies: domains, countries, prefixes, in the language of certificates.
    pub scope: Scope,
    /// What it does where there is an association already.
    pub existing: Existing,
}

impl Policy {
    /// Whether it verifies this identifier.
    pub fn permits(&self, threepid: &Threepid) -> bool {
        self.scope.permits(threepid)
    }
}
