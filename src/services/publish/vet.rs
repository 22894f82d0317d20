//! What a publication has to satisfy, step by step.

use super::{Answer, Limits, Refusal, RefusalKind};
use crate::association::{AssociationError, Statement};
use crate::clock::Timestamp;
use crate::signed::{Signatures, SignedError};
use crate::store::{self, Outcome};
use crate::threepid::Threepid;
use crate::trust::{Verdict, Vouching};

/// Reads the statement in the body of a request.
pub(super) fn read(body: &[u8]) -> Result<(Threepid, Statement), Refusal> {
    Statement::from_json(body).map_err(|error| kind(&error).with(error.to_string()))
}

/// What kind of refusal it is that something is no statement.
fn kind(error: &AssociationError) -> RefusalKind {
    match error {
        AssociationError::Signed(SignedError::TooLong { .. }) => RefusalKind::TooLarge,
        AssociationError::Signed(SignedError::Json(_)) => RefusalKind::NotJson,
        AssociationError::Threepid(_) | AssociationError::TooLong(_) => {
            RefusalKind::InvalidParameter
        }
        _ => RefusalKind::BadJson,
    }
}

/// Why none of a statement's signatures counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unvouched {
    /// That cannot be told now.
    Undetermined(String),
    /// Each has something wrong with it.
    Refused(String),
}

/// The statement with those of its signatures that hold.
pub(super) fn vouched(statement: &Statement, vouching: &Vouching) -> Result<Statement, Unvouched> {
    let mut held = Signatures::default();
    for (name, judgement) in &vouching.signatures {
        if judgement.verdict == Verdict::Valid
            && let Some(signature) = statement.signatures().get(name)
        {
            held.insert(name.clone(), *signature);
        }
    }
    // With fewer signatures it fits as it did with all of them: only that there are none can fail.
    Statement::new(statement.claim().clone(), held).map_err(|_| unvouched(vouching))
}

fn unvouched(vouching: &Vouching) -> Unvouched {
    let verdicts: Vec<String> = vouching
        .signatures
        .iter()
        .map(|(name, judgement)| format!("{name}: {}", judgement.verdict))
        .collect();
    let verdicts = verdicts.join(", ");
    match vouching.is_undetermined() {
        true => Unvouched::Undetermined(format!("certificates cannot be had now: {verdicts}")),
        false => {
            Unvouched::Refused(format!("nobody who is accepted here vouches for it: {verdicts}"))
        }
    }
}

/// Errs where the statement is made later than the clock allows.
pub(super) fn in_time(
    statement: &Statement,
    now: Timestamp,
    limits: &Limits,
) -> Result<(), Refusal> {
    let ts = Timestamp::from(statement.claim().ts());
    if ts <= now.saturating_add(limits.ahead) { Ok(()) } else { Err(ahead()) }
}

fn ahead() -> Refusal {
    RefusalKind::InvalidParameter.with("`ts` is too far ahead of this server's clock")
}

/// The best of what came of the changes. Where one has to wait, it is right to come again with all.
pub(super) fn best(outcomes: &[Outcome], limits: &Limits) -> Result<Answer, Refusal> {
    let waits = [store::Refusal::Held, store::Refusal::Away].map(Outcome::Refused);
    if outcomes.iter().any(|outcome| waits.contains(outcome)) {
        let error = "its part of the tree is being handed over to other servers: try again later";
        return Err(RefusalKind::HandingOver.retry(error, limits.retry_after));
    }
    let rank = |outcome: &&Outcome| match outcome {
        Outcome::Stored(_) => 3,
        Outcome::Merged(_) => 2,
        Outcome::Unchanged => 1,
        Outcome::Refused(_) => 0,
    };
    match outcomes.iter().max_by_key(rank) {
        Some(Outcome::Stored(_)) => Ok(Answer::Stored),
        Some(Outcome::Merged(_)) => Ok(Answer::Merged),
        Some(Outcome::Unchanged) => Ok(Answer::Unchanged),
        Some(Outcome::Refused(store::Refusal::Ahead)) => Err(ahead()),
        Some(Outcome::Refused(store::Refusal::NoRoom)) => {
            let error = "it is held, with as many signatures as fit: there is no room for these";
            Err(RefusalKind::TooLarge.with(error))
        }
        Some(Outcome::Refused(_)) | None => {
            let error = "a newer statement about this identifier is held";
            Err(RefusalKind::Superseded.with(error))
        }
    }
}
