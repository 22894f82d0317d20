//! What all roots together say about an identifier, and who vouches for it.

use std::collections::BTreeSet;

use super::{Finding, Found, LookupError, Proof};
use crate::association::{Association, Claim, Precedence, Statement};
use crate::clock::Timestamp;
use crate::signed::ServerName;
use crate::threepid::Threepid;
use crate::trust::Anchors;

/// Whom to believe about who controls an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verifiers {
    /// The keys of the verification servers that are trusted.
    pub anchors: Anchors,
    /// How many of these servers have to vouch for a statement; one in any case.
    pub vouchers: usize,
}

impl Verifiers {
    /// The servers that are trusted, each once.
    fn servers(&self) -> BTreeSet<&ServerName> {
        self.anchors.iter().map(|(name, _)| &name.server).collect()
    }
}

/// What is said about an identifier, and what it is worth.
///
/// Of the statements that are trusted the newest counts, whatever it says: that an association has ended
/// or was withdrawn, or an association in a zone that is not signed. An older one never takes its
/// place. Where none is trusted, the newest of the proved statements is told, or else the newest: it may
/// be shown, and should not be acted upon.
#[derive(Debug)]
pub struct Answer {
    /// What is said.
    pub outcome: Outcome,
    /// Whether DNSSEC proves it. Nothing is proved unless it is [complete](Self::complete): the newest
    /// statement counts, and it might be with a root that was not heard.
    pub proved: bool,
    /// Whether every root gave an answer, and every statement newer than this could be judged.
    pub complete: bool,
    /// Whether roots have different statements. That one has none is no conflict: what is missing there may
    /// be on its way.
    pub conflict: bool,
    /// Who vouches for it; of no statement nobody has to.
    pub trust: Trust,
    /// What each root said.
    pub findings: Vec<Finding>,
}

/// What is said about an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It belongs to this user.
    User(Association),
    /// It belonged to a user until this association ended, or will, when it begins.
    NotInForce(Association),
    /// It belongs to nobody any more.
    Withdrawn,
    /// There is no statement: it belongs to nobody.
    Unknown,
    /// It cannot be told: roots that gave no answer may know.
    Unanswered,
}

/// Who vouches for a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// How many servers have to.
    pub needed: usize,
    /// The trusted verification servers that vouch for it, by themselves or through others.
    pub vouch: BTreeSet<ServerName>,
    /// Those that do not.
    pub others: BTreeSet<ServerName>,
}

impl Trust {
    /// Whether enough servers vouch.
    pub fn is_enough(&self) -> bool {
        self.vouch.len() >= self.needed.max(1)
    }
}

/// A statement, and what it is worth by the word of all roots that gave it.
struct Candidate<'a> {
    statement: &'a Statement,
    precedence: Precedence,
    proved: bool,
    trust: Trust,
    undetermined: bool,
}

impl Answer {
    /// The answer that these findings about `threepid` make at the time `now`.
    pub fn of(
        findings: Vec<Finding>,
        threepid: &Threepid,
        verifiers: &Verifiers,
        now: Timestamp,
    ) -> Self {
        let candidates = candidates(&findings, threepid, verifiers);
        let heard: Vec<&Found> =
            findings.iter().filter_map(|it| it.outcome.as_ref().ok()).collect();
        // Where it has no name, nobody can say anything of it.
        let nameless = |it: &&Finding| matches!(it.outcome, Err(LookupError::Name(_)));
        let asked = findings.len() - findings.iter().filter(nameless).count();
        let all_heard = !heard.is_empty() && heard.len() == asked;
        let conflict = candidates.iter().any(|it| it.precedence != candidates[0].precedence);
        let best = candidates.iter().max_by(|a, b| a.rank().cmp(&b.rank()));
        let (outcome, proved, complete, trust) = match best {
            Some(best) => {
                let newer = |it: &Candidate<'_>| it.undetermined && it.precedence > best.precedence;
                let complete = all_heard && !candidates.iter().any(newer);
                let outcome = Outcome::of(best.statement.claim(), now);
                (outcome, best.proved, complete, best.trust.clone())
            }
            None if all_heard => {
                let proved = heard.iter().all(|found| found.is_proved());
                (Outcome::Unknown, proved, true, Trust::default())
            }
            None => (Outcome::Unanswered, false, false, Trust::default()),
        };
        Self { outcome, proved: proved && complete, complete, conflict, trust, findings }
    }

    /// Whether enough trusted verification servers vouch for what is said. That there is no statement
    /// needs nobody's word but the tree's.
    pub fn is_trusted(&self) -> bool {
        match self.outcome {
            Outcome::Unknown => true,
            Outcome::Unanswered => false,
            _ => self.trust.is_enough(),
        }
    }

    /// Whether it can be acted upon: it is proved, and trusted.
    pub fn is_certain(&self) -> bool {
        self.proved && self.is_trusted()
    }
}

impl Outcome {
    /// What a claim says at this time.
    pub fn of(claim: &Claim, now: Timestamp) -> Self {
        match claim {
            Claim::Association(association) if association.is_in_force(now) => {
                Self::User(association.clone())
            }
            Claim::Association(association) => Self::NotInForce(association.clone()),
            Claim::Withdrawal(_) => Self::Withdrawn,
        }
    }

    /// In one word, for machines.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::User(_) => "found",
            Self::NotInForce(_) => "not_in_force",
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "unknown",
            Self::Unanswered => "unanswered",
        }
    }
}

impl Found {
    /// Whether DNSSEC proves it.
    pub fn is_proved(&self) -> bool {
        self.proof == Proof::Proved
    }

    fn claim(&self) -> Option<&Claim> {
        self.statement.as_ref().map(Statement::claim)
    }
}

impl Candidate<'_> {
    /// What decides which statement counts. A trusted one needs no proof to be genuine; proof tells that
    /// it is the newest of its root.
    fn rank(&self) -> (bool, bool, &Precedence) {
        let trusted = self.trust.is_enough();
        (trusted, trusted || self.proved, &self.precedence)
    }
}

/// The statements found, one for each root that has one. Where several roots say the same, who
/// vouches at one vouches for all.
fn candidates<'a>(
    findings: &'a [Finding],
    threepid: &Threepid,
    verifiers: &Verifiers,
) -> Vec<Candidate<'a>> {
    let trusted = verifiers.servers();
    let given = || findings.iter().filter_map(|it| Some((it, it.outcome.as_ref().ok()?)));
    let candidate = |(_, found): (&Finding, &'a Found)| {
        let statement = found.statement.as_ref()?;
        let same = || given().filter(|(_, other)| other.claim() == found.claim());
        let vouchings = || same().filter_map(|(finding, _)| finding.vouching.as_ref());
        let vouch: BTreeSet<ServerName> =
            vouchings().flat_map(|vouching| vouching.roots()).cloned().collect();
        let others = trusted.iter().filter(|name| !vouch.contains(**name)).map(|it| (*it).clone());
        let trust = Trust { needed: verifiers.vouchers.max(1), others: others.collect(), vouch };
        Some(Candidate {
            statement,
            precedence: statement.precedence(threepid),
            proved: same().any(|(_, found)| found.is_proved()),
            undetermined: !trust.is_enough() && vouchings().any(|it| it.is_undetermined()),
            trust,
        })
    };
    given().filter_map(candidate).collect()
}
