//! What a frame wants to know before it can go on, and another one finds out.

use super::{Answer, AnswerKey, Trusted};
use crate::dnssec::{Security, SupportedDs};
use crate::wire::Name;

/// What is to be found out.
#[derive(Debug)]
pub(super) enum Task {
    /// One RRset, or that there is none, and whether it is proved.
    Lookup(Wanted),
    /// How data signed by, or lying in, the zone that may start at this name is to be judged.
    Trust(Name),
    /// The same, where the keys known so far do not do.
    TrustAnew(Name),
}

/// An RRset that is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) key: AnswerKey,
    pub(super) check: Check,
    /// A denial is for a client, who wants to see the SOA.
    pub(super) whole: bool,
    /// What was learned before, not just now, led to nothing.
    pub(super) anew: bool,
}

/// What an answer must stand before it counts.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// Nothing: addresses of servers, and clients that judge by themselves.
    Skip,
    /// The chain of trust.
    Chain,
    /// That it is the DNSKEY set of these DS records.
    Keys(SupportedDs),
}

impl Wanted {
    pub(super) fn new(key: AnswerKey, check: Check) -> Self {
        Self { key, check, whole: false, anew: false }
    }

    /// What is wanted on behalf of a client.
    pub(super) fn for_client(key: AnswerKey, check: Check) -> Self {
        Self { whole: true, ..Self::new(key, check) }
    }

    /// What is not to rely on what was learned a while ago ([`Limits::doubt`](super::Limits::doubt)).
    pub(super) fn anew(key: AnswerKey, check: Check) -> Self {
        Self { anew: true, ..Self::new(key, check) }
    }
}

impl Check {
    /// Whether an answer from the cache has stood this check.
    pub(super) fn is_met_by(&self, answer: &Answer) -> bool {
        match self {
            Self::Skip => true,
            Self::Chain => answer.security != Security::Indeterminate,
            Self::Keys(ds) => {
                matches!(&answer.trusted, Some(Trusted::Keys(keys)) if keys.established_by() == ds)
            }
        }
    }
}
