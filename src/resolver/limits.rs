//! What one client request may cost.

use std::time::Duration;

use thiserror::Error;

use crate::dnssec;
use crate::wire::{Edns, Ttl};

/// Bounds on the work and the memory that one request can cause. Each has its reason; all but the
/// last group are for the whole request, however many names and zones it leads through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions sent: 200. A phone number through a cold cache takes about 30.
    pub questions: u32,
    /// Questions sent to find one RRset: 50. So one name server's address cannot use up all.
    pub questions_per_fetch: u32,
    /// Frames that wait for one another: 64. Twelve zones, one for each digit, need two each.
    pub depth: usize,
    /// Frames begun: 1000. Bounds what is done from the cache alone.
    pub frames: u32,
    /// Aliases followed: 11, as in Unbound.
    pub aliases: usize,
    /// Name servers whose addresses are looked up: 64. Delegations that name many servers
    /// elsewhere multiply (CVE-2020-12662, "NXNSAttack").
    pub targets: u32,
    /// Name servers of one delegation that are looked at: 16.
    pub targets_per_cut: usize,
    /// Signatures checked: 256.
    pub validations: u32,
    /// What checking one reply may cost.
    pub effort: dnssec::Limits,
    /// Further servers asked for an RRset that did not validate: 2.
    pub bogus_retries: u32,

    /// How often one server is asked one thing: 3.
    pub tries: u32,
    /// Records of a reply that concern the question: 256. More are refused.
    pub records: usize,
    /// Questions in a row without a reply after which a server is left alone for a while: 4.
    pub silences: u32,
    /// For how long: a second (RFC 9520 section 3.2). Then one question probes it, and from probe to
    /// probe the time doubles.
    pub first_rest: Duration,
    /// How long a server is left alone at most: 30 s, so that one that is back is soon found.
    pub most_rest: Duration,
    /// RRsets taken of an answer to ANY: 8, so that they can be validated within what one reply may
    /// cost.
    pub any_sets: usize,
    /// The UDP size offered: 1232.
    pub udp_size: u16,
    /// How long the first question to a server waits: 400 ms.
    pub first_timeout: Duration,
    /// How short a wait for a reply can get: 200 ms.
    pub least_timeout: Duration,
    /// How long it can get: 3 s.
    pub most_timeout: Duration,

    /// How long what comes is kept at least: as long as it says. Where an operator sets more, that does
    /// not hold for statements, and for what is signed no longer than its zone signed it for
    /// (RFC 4035 section 5.3.3).
    pub least_ttl: Ttl,
    /// How long data is kept at most: a day.
    pub answer_ttl: Ttl,
    /// How long associations and certificates are kept at most: an hour, so that a withdrawn one is
    /// gone by then.
    pub statement_ttl: Ttl,
    /// How long a denial is kept at most: an hour (RFC 2308 section 5).
    pub negative_ttl: Ttl,
    /// How long a delegation is kept at most: a day, after which the parent is asked again.
    pub cut_ttl: Ttl,
    /// How old what is remembered of a zone, its delegation, DS set or keys, must be to be asked for
    /// again when it leads to nothing: a minute. The zone may have moved, or changed its keys.
    pub doubt: Duration,
    /// How long a failure is kept: 5 s (RFC 9520 section 3.2).
    pub failure_ttl: Ttl,
    /// How long the manners of a server are kept: 15 minutes.
    pub server_ttl: Ttl,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            questions: 200,
            questions_per_fetch: 50,
            depth: 64,
            frames: 1000,
            aliases: 11,
            targets: 64,
            targets_per_cut: 16,
            validations: 256,
            effort: dnssec::Limits::default(),
            bogus_retries: 2,
            tries: 3,
            records: 256,
            silences: 4,
            first_rest: Duration::from_secs(1),
            most_rest: Duration::from_secs(30),
            any_sets: 8,
            udp_size: Edns::UDP_SIZE,
            first_timeout: Duration::from_millis(400),
            least_timeout: Duration::from_millis(200),
            most_timeout: Duration::from_secs(3),
            least_ttl: Ttl::from_secs(0),
            answer_ttl: Ttl::from_secs(86_400),
            statement_ttl: Ttl::from_secs(3600),
            negative_ttl: Ttl::from_secs(3600),
            cut_ttl: Ttl::from_secs(86_400),
            doubt: Duration::from_secs(60),
            failure_ttl: Ttl::from_secs(5),
            server_ttl: Ttl::from_secs(900),
        }
    }
}

/// The part of the budget that ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Work {
    /// [`Limits::questions`].
    #[error("questions to servers")]
    Questions,
    /// [`Limits::questions_per_fetch`].
    #[error("questions for one record set")]
    Fetch,
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
}

/// What a request has spent. Made once for each and never reset.
#[derive(Debug, Clone, Default)]
pub(super) struct Budget {
    questions: u32,
    frames: u32,
    targets: u32,
    validations: u32,
}

impl Budget {
    pub(super) fn question(&mut self, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.questions, 1, limits.questions, Work::Questions)
    }

    pub(super) fn frame(&mut self, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.frames, 1, limits.frames, Work::Frames)
    }

    pub(super) fn validations(&mut self, count: u32, limits: &Limits) -> Result<(), Work> {
        spend(&mut self.validations, count, limits.validations, Work::Validations)
    }

    /// Whether one more name server's address may be looked up. Where not, those known must do.
    pub(super) fn target(&mut self, limits: &Limits) -> bool {
        self.targets += 1;
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
        let limits = Limits { questions: 2, targets: 1, ..Limits::default() };
        let mut budget = Budget::default();
        assert_eq!(budget.question(&limits), Ok(()));
        assert_eq!(budget.question(&limits), Ok(()));
        assert_eq!(budget.question(&limits), Err(Work::Questions));
        assert_eq!(budget.question(&limits), Err(Work::Questions));
        assert!(budget.target(&limits) && !budget.target(&limits));
        assert_eq!(budget.validations(u32::MAX, &limits), Err(Work::Validations));
    }
}
