//! Whose an identifier is, by all that is known here.

use super::work::blocking;
use super::{Refused, Verifier};
use crate::association::{Claim, Mxid, Statement, Ts};
use crate::clock::Timestamp;
use crate::stub::publish::EntryId;
use crate::stub::{Finding, LookupError};
use crate::threepid::Threepid;

/// What is known of an identifier.
///
/// The trees alone would not do: what was signed a moment ago is on its way to them, and a resolver tells of
/// what was there before until its cache forgets. So what waits in the outbox counts, and what was signed
/// here lately. Of all that the greatest [precedence](Statement::precedence) wins, as it does everywhere.
#[derive(Debug)]
pub(super) struct Standing {
    newest: Option<Statement>,
    /// Whether every root was heard.
    complete: bool,
}

impl Standing {
    /// Whose it is, or will be: of an association that has not ended.
    pub(super) fn owner(&self, now: Timestamp) -> Option<&Mxid> {
        match self.newest.as_ref()?.claim() {
            Claim::Association(held) if Timestamp::from(held.not_after) >= now => Some(&held.mxid),
            _ => None,
        }
    }

    /// Whether it was withdrawn.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.claim().is_withdrawal())
    }

    /// Whether every root was heard.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there is something that wins over this statement.
    pub(super) fn is_newer_than(&self, statement: &Statement, threepid: &Threepid) -> bool {
        let newest = self.newest.as_ref().map(|newest| newest.precedence(threepid));
        newest > Some(statement.precedence(threepid))
    }

    /// The time of a statement that comes after all that is known: now, or a moment after the newest. Where
    /// that is further ahead than roots would take, some clock is wrong, and no statement would win.
    pub(super) fn next(&self, verifier: &Verifier) -> Result<Ts, Refused> {
        let now = verifier.now();
        let after = self.newest.as_ref().map_or(0, |newest| newest.claim().ts().as_millis() + 1);
        let latest = now.saturating_add(verifier.settings.limits.ahead);
        if after > latest.as_millis() {
            tracing::warn!("a statement is so far ahead of the clock that none can follow");
            return Err(Refused::Undetermined);
        }
        Ts::from_millis(now.as_millis().max(after)).map_err(|_| Refused::Undetermined)
    }
}

impl Verifier {
    /// What is known of an identifier. At least one root has to be heard.
    pub(super) async fn standing(&self, threepid: &Threepid) -> Result<Standing, Refused> {
        let findings = self.means.tree.ask(threepid).await;
        let heard = |finding: &Finding| finding.outcome.is_ok();
        if !findings.iter().any(heard) {
            return Err(Refused::Undetermined);
        }
        let nameless = |finding: &Finding| matches!(finding.outcome, Err(LookupError::Name(_)));
        let complete = findings.iter().all(|finding| heard(finding) || nameless(finding));
        let found = findings.into_iter().filter_map(|finding| finding.outcome.ok()?.statement);
        let known = found.chain(self.own(threepid).await?);
        let newest = known.max_by_key(|statement| statement.precedence(threepid));
        Ok(Standing { newest, complete })
    }

    /// What was said here of an identifier, that the trees may not know yet.
    async fn own(&self, threepid: &Threepid) -> Result<Vec<Statement>, Refused> {
        let (ledger, outbox) = (self.means.ledger.clone(), self.means.outbox.clone());
        let threepid = threepid.clone();
        blocking(move || {
            let waiting = outbox.find(&EntryId::of(&threepid))?.map(|entry| entry.statement);
            Ok(waiting.into_iter().chain(ledger.signed(&threepid)?).collect())
        })
        .await
    }
}
