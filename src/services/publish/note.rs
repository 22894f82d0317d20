//! What the log has of publications: nothing that tells whom they are about.

use std::net::IpAddr;
use std::time::Duration;

use super::{Answer, Refusal, RefusalKind, Tally};
use crate::allowance::client;
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::codec::hex;
use crate::crypto::sha256;
use crate::threepid::Threepid;

/// How often it is warned that nothing can be looked up.
const WARNING: Duration = Duration::from_secs(60);

/// Notes who sent a statement, who signed it, and what came of it.
pub(super) fn note(peer: IpAddr, threepid: &Threepid, statement: &Statement, answer: &Answer) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let signers = statement.signatures().iter().map(|(name, _)| name.to_string());
    let signers = signers.collect::<Vec<_>>().join(", ");
    let (client, outcome) = (client(peer), answer.label());
    tracing::debug!(%client, about = about(threepid), signers, outcome, "publication");
}

/// A word for an identifier, the same each time, that does not tell it.
fn about(threepid: &Threepid) -> String {
    let name = format!("{} {}", threepid.medium(), threepid.address());
    hex(&sha256(name.as_bytes())[..8])
}

/// Warns of what could not be judged, as that is mostly for the operator to mend; once a minute.
pub(super) fn warn(tally: &Tally, answer: &Answer, now: Timestamp) {
    if let Answer::Refused(Refusal { kind: RefusalKind::Undetermined, error, .. }) = answer
        && tally.may_warn(now, WARNING)
    {
        tracing::warn!("publications cannot be judged now: {error}");
    }
}
