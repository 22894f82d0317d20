//! Whose an identifier is, by all that is known here.

use super::work::blocking;
use super::{Refused, Verifier};
use crate::association::{Claim, Mxid, Statement, Ts};
use crate::clock::Timestamp;
use crate::signed::KeyName;
use crate::stub::publish::EntryId;
use crate::stub::{Finding, LookupError};
use crate::threepid::Threepid;
use crate::trust::Vouching;

/// What is known of an identifier.
///
/// The trees alone would not do: what was signed a moment ago is on its way to them, and a resolver tells of
/// what was there before until its cache forgets. So what waits in the outbox counts, and what was signed
/// here lately. Nor is all true that they say: whoever runs a part of a tree can put there what nobody signed.
/// Believed is what was signed here, by a verification server that is trusted, or by one that may ask for
/// signatures. Of that the greatest [precedence](Statement::precedence) wins, as it does everywhere.
#[derive(Debug)]
pub(super) struct Standing {
    /// The newest statement that is believed.
    believed: Option<Statement>,
    /// What is said besides, and would win over it if it were believed.
    claimed: Vec<Statement>,
    complete: bool,
}

impl Standing {
    /// Whose it is, or will be: of an association that has not ended.
    pub(super) fn owner(&self, now: Timestamp) -> Option<&Mxid> {
        owner(self.believed.as_ref()?, now)
    }

    /// Whether anybody says that it is this user's, believed or not, after all that is believed.
    pub(super) fn is_claimed_for(&self, mxid: &Mxid, now: Timestamp) -> bool {
        self.claimed.iter().any(|statement| owner(statement, now) == Some(mxid))
    }

    /// Whether it was withdrawn.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.believed.as_ref().is_some_and(|newest| newest.claim().is_withdrawal())
    }

    /// Whether every root was heard, and it could be told of every newer statement whether it is to be believed.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there is something that wins over this statement.
    pub(super) fn is_newer_than(&self, statement: &Statement, threepid: &Threepid) -> bool {
        let newest = self.believed.as_ref().map(|newest| newest.precedence(threepid));
        newest > Some(statement.precedence(threepid))
    }

    /// The time of a statement that comes after all that is known: now, or a moment after the newest. Where
    /// that is further ahead than roots would take, some clock is wrong, and no statement would win. What
    /// nobody has to believe does not count there.
    pub(super) fn next(&self, verifier: &Verifier) -> Result<Ts, Refused> {
        let now = verifier.now();
        let latest = now.saturating_add(verifier.settings.limits.ahead).as_millis();
        let millis = |statement: &Statement| statement.claim().ts().as_millis();
        let claimed = self.claimed.iter().map(millis).filter(|ts| *ts < latest);
        let after = self.believed.iter().map(millis).chain(claimed).max().map_or(0, |ts| ts + 1);
        if after > latest {
            tracing::warn!("a statement is so far ahead of the clock that none can follow");
            return Err(Refused::Undetermined);
        }
        Ts::from_millis(now.as_millis().max(after)).map_err(|_| Refused::Undetermined)
    }
}

fn owner(statement: &Statement, now: Timestamp) -> Option<&Mxid> {
    match statement.claim() {
        Claim::Association(held) if Timestamp::from(held.not_after) >= now => Some(&held.mxid),
        _ => None,
    }
}

/// Whether a statement is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    Believed,
    /// Who vouches for it cannot be looked up now.
    Undetermined,
    Unfounded,
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
        let all_heard = findings.iter().all(|finding| heard(finding) || nameless(finding));
        let found = findings.into_iter().filter_map(|finding| {
            let statement = finding.outcome.ok()?.statement?;
            Some((self.worth(threepid, &statement, finding.vouching.as_ref()), statement))
        });
        let own = self.own(threepid).await?.into_iter().map(|own| (Worth::Believed, own));
        let (believed, mut others): (Vec<_>, Vec<_>) =
            found.chain(own).partition(|(worth, _)| *worth == Worth::Believed);
        let precedence = |statement: &Statement| statement.precedence(threepid);
        let believed = believed.into_iter().map(|(_, it)| it).max_by_key(precedence);
        let newest = believed.as_ref().map(precedence);
        others.retain(|(_, other)| Some(precedence(other)) > newest);
        let is_judged = others.iter().all(|(worth, _)| *worth == Worth::Unfounded);
        let claimed = others.into_iter().map(|(_, it)| it).collect();
        Ok(Standing { believed, claimed, complete: all_heard && is_judged })
    }

    /// What a statement of a tree is worth. One server that is trusted is enough: nobody else could have
    /// signed that.
    fn worth(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        vouching: Option<&Vouching>,
    ) -> Worth {
        let is_trusted = vouching.is_some_and(|it| it.is_trusted(1));
        match vouching {
            _ if is_trusted || self.is_of_known(statement, threepid) => Worth::Believed,
            Some(vouching) if vouching.is_undetermined() => Worth::Undetermined,
            _ => Worth::Unfounded,
        }
    }

    /// Whether a statement was signed here, or by a server that may ask for signatures.
    fn is_of_known(&self, statement: &Statement, threepid: &Threepid) -> bool {
        let (keys, askers) = (self.keys(), &self.settings.askers);
        let key = |name: &KeyName| match name.server == *keys.server() {
            true => keys.get(&name.id),
            false => askers.get(name).filter(|it| it.permits(threepid)).map(|it| it.key),
        };
        let mut names = statement.signatures().iter().map(|(name, _)| name);
        names
            .any(|name| key(name).is_some_and(|key| statement.verify(threepid, name, &key).is_ok()))
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
