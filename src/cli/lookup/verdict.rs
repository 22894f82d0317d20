//! What all roots together say of an identifier.

use std::cmp::Reverse;

use crate::association::{Association, Claim};
use crate::cli::Exit;
use crate::clock::Timestamp;
use crate::stub::{Finding, Found, Proof};
use crate::threepid::Threepid;

/// What is said of an identifier, and by which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Verdict<'a> {
    pub(in crate::cli) state: State<'a>,
    /// Whether DNSSEC proves it. Nothing is proved unless it is complete: the newest statement counts,
    /// and it might be with a root that was not heard.
    pub(in crate::cli) proved: bool,
    /// Whether every root gave an answer.
    pub(in crate::cli) complete: bool,
}

/// What is said of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum State<'a> {
    /// It belongs to a user.
    Held(&'a Association),
    /// It did, until this association ended, or will, when it begins.
    NotInForce(&'a Association),
    /// It belongs to nobody any more.
    Withdrawn,
    /// There is no statement.
    Absent,
    /// No root can tell.
    Unknown,
}

impl<'a> Verdict<'a> {
    /// The newest of the proved statements; where there is none, of the others. No statement where no
    /// root has one and every root says so.
    pub(in crate::cli) fn of(findings: &'a [Finding], threepid: &Threepid, now: Timestamp) -> Self {
        let found: Vec<&Found> =
            findings.iter().filter_map(|finding| finding.outcome.as_ref().ok()).collect();
        let newest = found
            .iter()
            .filter_map(|found| Some((is_proved(found), found.statement.as_ref()?)))
            .min_by_key(|(proved, statement)| Reverse((*proved, statement.precedence(threepid))));
        let complete = !found.is_empty() && found.len() == findings.len();
        let (state, proved) = match newest {
            Some((proved, statement)) => (State::of(statement.claim(), now), proved),
            None if complete => (State::Absent, found.into_iter().all(is_proved)),
            None => (State::Unknown, false),
        };
        Self { state, proved: proved && complete, complete }
    }

    /// What the program ends with.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self.state {
            State::Unknown => Exit::Error,
            _ if !self.proved => Exit::Unproved,
            State::Held(_) => Exit::Success,
            State::NotInForce(_) | State::Withdrawn | State::Absent => Exit::NotFound,
        }
    }
}

impl<'a> State<'a> {
    pub(super) fn of(claim: &'a Claim, now: Timestamp) -> Self {
        match claim {
            Claim::Association(association) if association.is_in_force(now) => {
                Self::Held(association)
            }
            Claim::Association(association) => Self::NotInForce(association),
            Claim::Withdrawal(_) => Self::Withdrawn,
        }
    }

    /// In one word, for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Held(_) => "found",
            Self::NotInForce(_) => "not_in_force",
            Self::Withdrawn => "withdrawn",
            Self::Absent => "absent",
            Self::Unknown => "error",
        }
    }
}

pub(super) fn is_proved(found: &Found) -> bool {
    found.proof == Proof::Proved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::Statement;
    use crate::crypto::SigningKey;
    use crate::signed::KeyName;
    use crate::stub::LookupError;
    use crate::wire::Ttl;

    const TS: u64 = 1_790_000_000_000;

    fn phone() -> Threepid {
        Threepid::parse_any("+447700900123", None).unwrap()
    }

    /// The statement of `ts` that the number belongs to `user`, or to nobody.
    fn statement(ts: u64, user: Option<&str>) -> Statement {
        let mxid = user.map_or("null".into(), |user| format!("\"@{user}:m.example\""));
        let times = match user {
            Some(_) => format!(", \"not_before\": {ts}, \"not_after\": {}", ts + 1_000_000),
            None => String::new(),
        };
        let json = format!(
            "{{\"medium\": \"msisdn\", \"address\": \"447700900123\", \"mxid\": {mxid}, \
             \"ts\": {ts}{times}}}"
        );
        let (threepid, claim) = Claim::from_json(json.as_bytes()).unwrap();
        let key = KeyName::new("v.example".parse().unwrap(), "ed25519:0".parse().unwrap());
        Statement::sign(claim, &threepid, key, &SigningKey::from_seed(&[7; 32])).unwrap()
    }

    fn root(statement: Option<Statement>, proof: Proof) -> Finding {
        let owner = phone().owner(&"3pid.example.".parse().unwrap()).unwrap();
        let found = Found { owner, statement, ttl: Ttl::from_secs(60), proof };
        Finding { apex: "3pid.example.".parse().unwrap(), outcome: Ok(found) }
    }

    fn silent() -> Finding {
        let outcome = Err(LookupError::Interrupted);
        Finding { apex: "3pid.example.net.".parse().unwrap(), outcome }
    }

    fn judge(findings: &[Finding]) -> (String, Exit) {
        let now = Timestamp::from_millis(TS + 500_000);
        let verdict = Verdict::of(findings, &phone(), now);
        let user = match verdict.state {
            State::Held(association) => association.mxid.as_str().to_owned(),
            state => state.word().to_owned(),
        };
        (user, verdict.exit())
    }

    #[test]
    fn the_newest_proved_statement_counts() {
        let unsigned = || Proof::Unsigned(None);
        let old = || root(Some(statement(TS, Some("old"))), Proof::Proved);
        let new = root(Some(statement(TS + 1, Some("new"))), Proof::Proved);
        let forged = root(Some(statement(TS + 2, Some("forged"))), unsigned());
        assert_eq!(judge(&[old(), new]), ("@new:m.example".into(), Exit::Success));
        assert_eq!(judge(&[forged, old()]), ("@old:m.example".into(), Exit::Success));
        let gone = root(Some(statement(TS + 1, None)), Proof::Proved);
        assert_eq!(judge(&[old(), gone]), ("withdrawn".into(), Exit::NotFound));
        let alone = root(Some(statement(TS, Some("a"))), unsigned());
        assert_eq!(judge(&[alone]), ("@a:m.example".into(), Exit::Unproved));
    }

    #[test]
    fn a_root_that_is_not_heard_may_know_better() {
        let held = || root(Some(statement(TS, Some("a"))), Proof::Proved);
        assert_eq!(judge(&[held(), silent()]), ("@a:m.example".into(), Exit::Unproved));
        let gone = root(Some(statement(TS, None)), Proof::Proved);
        assert_eq!(judge(&[silent(), gone]), ("withdrawn".into(), Exit::Unproved));
        let now = Timestamp::from_millis(TS + 500_000);
        assert!(Verdict::of(&[held(), held()], &phone(), now).complete);
        assert!(!Verdict::of(&[held(), silent()], &phone(), now).complete);
    }

    #[test]
    fn what_has_ended_is_not_found() {
        let ended = root(Some(statement(TS - 1_000_000, Some("a"))), Proof::Proved);
        assert_eq!(judge(&[ended]), ("not_in_force".into(), Exit::NotFound));
    }

    #[test]
    fn absence_takes_the_word_of_every_root() {
        let absent = || root(None, Proof::Proved);
        assert_eq!(judge(&[absent(), absent()]), ("absent".into(), Exit::NotFound));
        assert_eq!(judge(&[absent(), silent()]), ("error".into(), Exit::Error));
        let unproved = root(None, Proof::Unsigned(None));
        assert_eq!(judge(&[absent(), unproved]), ("absent".into(), Exit::Unproved));
        assert_eq!(judge(&[]), ("error".into(), Exit::Error));
    }
}
