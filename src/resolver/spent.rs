//! What one client request has cost so far, held against [`Limits`].

use thiserror::Error;

use super::Limits;
use crate::dnssec;

/// The part of the budget that ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Work {
    /// [`Limits::questions`].
    #[error("questions to servers")]
    Questions,
    /// [`Limits::octets`].
    #[error("octets of replies")]
    Octets,
    /// [`Limits::questions_per_fetch`].
    #[error("questions for one record set")]
    Fetch,
    /// [`Limits::referrals`].
    #[error("referrals")]
    Referrals,
    /// [`Limits::depth`].
    #[error("lookups that need one another")]
    Depth,
    /// [`Limits::frames`].
    #[error("lookups")]
    Frames,
    /// [`Limits::aliases`].
    #[error("aliases")]
    Aliases,
    /// [`Limits::validations`].
    #[error("signatures")]
    Validations,
    /// [`Limits::failures`].
    #[error("signatures that do not verify")]
    Failures,
    /// [`Limits::digests`].
    #[error("digests of keys")]
    Digests,
    /// [`Limits::hash_blocks`].
    #[error("hashes of names")]
    Hashes,
}

/// What a request has spent. Made once for each and never reset, whatever is begun anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Questions to servers.
    pub questions: u32,
    /// Octets of replies.
    pub octets: usize,
    /// Referrals followed.
    pub referrals: u32,
    /// Lookups begun.
    pub frames: u32,
    /// Addresses of name servers that were looked up, or would have been.
    pub targets: u32,
    /// What proving answers took.
    pub proofs: dnssec::Spent,
}

impl Spent {
    pub(super) fn question(&mut self, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.questions, 1, limits.questions, Work::Questions)
    }

    pub(super) fn octets(&mut self, more: usize, limits: &Limits) -> Result<(), Work> {
        self.octets = self.octets.saturating_add(more);
        if self.octets > limits.octets { Err(Work::Octets) } else { Ok(()) }
    }

    pub(super) fn referral(&mut self, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.referrals, 1, limits.referrals, Work::Referrals)
    }

    pub(super) fn frame(&mut self, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.frames, 1, limits.frames, Work::Frames)
    }

    /// Proving one answer took this.
    pub(super) fn proof(&mut self, took: dnssec::Spent, limits: &Limits) -> Result<(), Work> {
        let all = &mut self.proofs;
        spend(&mut all.hash_blocks, took.hash_blocks, limits.hash_blocks, Work::Hashes)
            .and(spend(&mut all.digests, took.digests, limits.digests, Work::Digests))
            .and(spend(&mut all.failures, took.failures, limits.failures, Work::Failures))
            .and(spend(
                &mut all.validations,
                took.validations,
                limits.validations,
                Work::Validations,
            ))
    }

    /// Whether one more name server's address may be looked up. Where not, those known must do.
    pub(super) fn target(&mut self, limits: &Limits) -> bool {
        self.targets = self.targets.saturating_add(1);
        self.targets <= limits.targets
    }
}

fn spend(spent: &mut u32, more: u32, limit: u32, work: Work) -> Result<(), Work> {
    *spent = spent.saturating_add(more);
    if *spent > limit { Err(work) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_runs_out_and_stays_so() {
        let limits = Limits { questions: 2, targets: 1, referrals: 1, ..Limits::default() };
        let mut spent = Spent::default();
        assert_eq!(spent.question(&limits), Ok(()));
        assert_eq!(spent.question(&limits), Ok(()));
        assert_eq!(spent.question(&limits), Err(Work::Questions));
        assert_eq!(spent.question(&limits), Err(Work::Questions));
        assert!(spent.target(&limits) && !spent.target(&limits));
        assert!(spent.referral(&limits).is_ok() && spent.referral(&limits).is_err());
        assert!(spent.octets(limits.octets, &limits).is_ok() && spent.octets(1, &limits).is_err());
    }

    #[test]
    fn every_kind_of_proving_runs_out() {
        let limits = Limits::default();
        let took = |change: fn(&mut dnssec::Spent)| {
            let mut took = dnssec::Spent::default();
            change(&mut took);
            Spent::default().proof(took, &limits)
        };
        assert_eq!(took(|_| ()), Ok(()));
        assert_eq!(took(|took| took.validations = u32::MAX), Err(Work::Validations));
        assert_eq!(took(|took| took.failures = 17), Err(Work::Failures));
        assert_eq!(took(|took| took.digests = 65), Err(Work::Digests));
        assert_eq!(took(|took| took.hash_blocks = 16_385), Err(Work::Hashes));
    }
}
