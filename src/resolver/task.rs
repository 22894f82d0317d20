//! What a frame wants to know before it can go on, and another one finds out.

use std::time::Duration;

use super::{Answer, AnswerKey, Checking, Trusted};
use crate::clock::Timestamp;
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
    pub(super) recall: Recall,
}

/// What of what is remembered of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recall {
    /// All.
    All,
    /// Answers learned just now ([`Limits::mistrust_after`](super::Limits::mistrust_after)): what was learned before led
    /// to nothing. No failures.
    Recent,
    /// Answers learned after this. All failures.
    After(Timestamp),
}

impl Recall {
    /// Whether an answer counts that was `learned` then.
    pub(super) fn covers(self, learned: Timestamp, now: Timestamp, doubt: Duration) -> bool {
        match self {
            Self::All => true,
            Self::Recent => now.since(learned) < doubt,
            Self::After(moment) => learned > moment,
        }
    }
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
        Self { key, check, whole: false, recall: Recall::All }
    }

    /// What is wanted on behalf of a client.
    pub(super) fn for_client(key: AnswerKey, check: Check, recall: Recall) -> Self {
        Self { whole: true, recall, ..Self::new(key, check) }
    }

    /// What is not to rely on what was learned a while ago ([`Limits::mistrust_after`](super::Limits::mistrust_after)).
    pub(super) fn anew(key: AnswerKey, check: Check) -> Self {
        Self { recall: Recall::Recent, ..Self::new(key, check) }
    }
}

impl Check {
    /// What a client's answer must stand.
    pub(super) fn of(checking: Checking) -> Self {
        match checking {
            Checking::Enabled => Self::Chain,
            Checking::Disabled => Self::Skip,
        }
    }

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
