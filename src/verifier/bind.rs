//! Signing whose an identifier is, or that it is nobody's any more.

use std::sync::Arc;
use std::time::Duration;

use super::standing::Standing;
use super::work::{blocking, to_the_end};
use super::{Caller, Proof, Refused, Verifier};
use crate::association::{Association, Claim, Extra, Mxid, Statement, Ts, Withdrawal};
use crate::store::ledger::{Chore, Ledger, Work};
use crate::stub::publish::{Added, Outbox};
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, Existing, SessionId};
use crate::wire::Name;

impl Verifier {
    /// Signs that what a session has proved belongs to `mxid`, and has it published in every tree. Gives
    /// Matrix's signed association, in JSON. That the user wants it is for whoever asks to know: an access
    /// token of `mxid`.
    ///
    /// It comes after all that the trees have of the identifier, so that it wins there, and takes part in
    /// nothing else: it is on disk, and on its way, before this returns.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::InUse`],
    /// [`Refused::Undetermined`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn bind(
        self: &Arc<Self>,
        id: &SessionId,
        client_secret: &ClientSecret,
        mxid: &Mxid,
        caller: &Caller,
    ) -> Result<Vec<u8>, Refused> {
        let (threepid, _) = self.validated(id, client_secret).await?;
        self.permitted(&threepid)?;
        self.gates.association((&threepid, mxid), caller, self.now())?;
        let (verifier, mxid) = (self.clone(), mxid.clone());
        to_the_end(async move { verifier.bind_to(&threepid, mxid).await }).await
    }

    async fn bind_to(&self, threepid: &Threepid, mxid: Mxid) -> Result<Vec<u8>, Refused> {
        let _turn = self.statements.of(threepid).await;
        let standing = self.standing(threepid).await?;
        self.may_replace(&standing, &mxid)?;
        let claim = self.association(mxid, standing.next(self)?)?;
        let statement = self.sign(claim, threepid)?;
        let chores = self.chores_about(threepid, &statement).await?;
        self.publish(threepid, &statement, chores).await?;
        Ok(statement.to_json(threepid))
    }

    /// Whether what is there may be replaced by an association with this user.
    fn may_replace(&self, standing: &Standing, mxid: &Mxid) -> Result<(), Refused> {
        if self.settings.policy.existing == Existing::Replace {
            return Ok(());
        }
        match standing.owner(self.now()) {
            Some(owner) if owner != mxid => Err(Refused::InUse(owner.clone())),
            // A root that was not heard may know of somebody.
            None if !standing.is_complete() => Err(Refused::Undetermined),
            _ => Ok(()),
        }
    }

    fn association(&self, mxid: Mxid, ts: Ts) -> Result<Claim, Refused> {
        let life = self.settings.limits.life.min(Duration::from_millis(1 << 47));
        let end = ts.as_millis() + u64::try_from(life.as_millis()).expect("it is below 2^47");
        let not_after = Ts::from_millis(end).map_err(|_| Refused::Unavailable)?;
        let extra = Extra::default();
        Ok(Association { mxid, ts, not_before: ts, not_after, extra }.into())
    }

    /// Signs that an identifier belongs to `mxid` no more, and has that published in every tree. Where that was
    /// done before, nothing is. What may be verified here no more can still be withdrawn.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::Forbidden`], [`Refused::NotBound`], [`Refused::TooOften`],
    /// [`Refused::Undetermined`], [`Refused::Unavailable`].
    pub async fn unbind(
        self: &Arc<Self>,
        threepid: &Threepid,
        mxid: &Mxid,
        proof: &Proof,
        caller: &Caller,
    ) -> Result<(), Refused> {
        self.prove(threepid, mxid, proof).await?;
        let server = match proof {
            Proof::Session(..) => caller.mxid.as_ref().map(Mxid::server),
            Proof::Homeserver(server) => Some(server.clone()),
        };
        self.gates.asking_to_withdraw(caller, server.as_ref(), self.now())?;
        let (verifier, threepid, mxid) = (self.clone(), threepid.clone(), mxid.clone());
        let is_controlled = matches!(proof, Proof::Session(..));
        to_the_end(async move { verifier.withdraw(&threepid, &mxid, is_controlled).await }).await
    }

    /// Whether whoever asks may say that the identifier is not the user's any more.
    async fn prove(&self, threepid: &Threepid, mxid: &Mxid, proof: &Proof) -> Result<(), Refused> {
        let is_proved = match proof {
            Proof::Session(id, secret) => self.validated(id, secret).await?.0 == *threepid,
            Proof::Homeserver(server) => mxid.server() == *server,
        };
        if is_proved { Ok(()) } else { Err(Refused::Forbidden) }
    }

    async fn withdraw(
        &self,
        threepid: &Threepid,
        mxid: &Mxid,
        is_controlled: bool,
    ) -> Result<(), Refused> {
        let _turn = self.statements.of(threepid).await;
        let standing = self.standing(threepid).await?;
        if !self.is_to_withdraw(&standing, mxid, is_controlled)? {
            return Ok(());
        }
        self.gates.withdrawal(threepid, self.now())?;
        let statement = self.sign(Withdrawal { ts: standing.next(self)? }.into(), threepid)?;
        self.publish(threepid, &statement, Vec::new()).await
    }

    /// Whether an identifier is the user's; not where it was withdrawn. Whoever controls it may have withdrawn
    /// what is not believed here: others may believe it. A homeserver may not: with a statement that nobody
    /// signed it would have those of others withdrawn.
    fn is_to_withdraw(
        &self,
        standing: &Standing,
        mxid: &Mxid,
        is_controlled: bool,
    ) -> Result<bool, Refused> {
        let now = self.now();
        match standing.owner(now) {
            Some(owner) if owner == mxid => Ok(true),
            None if is_controlled && standing.is_claimed_for(mxid, now) => Ok(true),
            // A root that was not heard may have it as the user's.
            _ if !standing.is_complete() => Err(Refused::Undetermined),
            None if standing.is_withdrawn() => Ok(false),
            _ => Err(Refused::NotBound),
        }
    }

    pub(super) fn sign(&self, claim: Claim, threepid: &Threepid) -> Result<Statement, Refused> {
        self.keys().sign(claim, threepid).map_err(|error| {
            tracing::error!(%error, "a statement cannot be signed");
            Refused::Unavailable
        })
    }

    /// What is left to do once an association is published that was made here.
    async fn chores_about(
        &self,
        threepid: &Threepid,
        statement: &Statement,
    ) -> Result<Vec<Chore>, Refused> {
        let cosigners = self.settings.cosigners.iter().filter(|it| it.scope.permits(threepid));
        let ask = cosigners.map(|it| self.chore(threepid, statement, Work::Ask(it.server.clone())));
        Ok(self.telling(threepid, statement).await?.into_iter().chain(ask).collect())
    }

    /// That the user's homeserver is to be told, where invitations wait.
    pub(super) async fn telling(
        &self,
        threepid: &Threepid,
        statement: &Statement,
    ) -> Result<Option<Chore>, Refused> {
        let of = threepid.clone();
        let waiting = self.ledger(move |ledger| ledger.invitations(&of, 1)).await?;
        Ok(waiting.first().map(|_| self.chore(threepid, statement, Work::Tell)))
    }

    fn chore(&self, threepid: &Threepid, statement: &Statement, work: Work) -> Chore {
        let (threepid, statement, now) = (threepid.clone(), statement.clone(), self.now());
        Chore { threepid, statement, work, since: now, attempts: 0, next: now }
    }

    /// Has a statement published in every tree. The ledger has it first: what a crash keeps from the outbox is
    /// put there when the process starts again.
    pub(super) async fn publish(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        chores: Vec<Chore>,
    ) -> Result<(), Refused> {
        let (ledger, queue) = (self.means.ledger.clone(), self.queue());
        let (threepid, statement) = (threepid.clone(), statement.clone());
        let until = self.now().saturating_add(self.settings.limits.remembered);
        let has_chores = !chores.is_empty();
        blocking(move || {
            ledger.sign((&threepid, &statement), &chores, until)?;
            queue.add(&ledger, threepid, statement)
        })
        .await?;
        if has_chores {
            self.chores_added.notify_one();
        }
        Ok(())
    }

    fn queue(&self) -> Queue {
        let (outbox, apexes) = (self.means.outbox.clone(), self.means.tree.apexes());
        Queue { outbox, apexes, now: self.now() }
    }

    /// Puts what was signed and is not in the outbox there.
    pub(super) async fn publish_what_is_due(&self) -> Result<(), Refused> {
        let (ledger, queue) = (self.means.ledger.clone(), self.queue());
        blocking(move || {
            for (threepid, statement) in ledger.unqueued(usize::MAX)? {
                queue.add(&ledger, threepid, statement)?;
            }
            Ok(())
        })
        .await
    }
}

/// The way to all roots.
struct Queue {
    outbox: Outbox,
    apexes: Vec<Name>,
    now: crate::clock::Timestamp,
}

impl Queue {
    fn add(
        &self,
        ledger: &Ledger,
        threepid: Threepid,
        statement: Statement,
    ) -> Result<(), Refused> {
        let (of, kept) = (threepid.clone(), statement.clone());
        let added = self.outbox.add(threepid, statement, &self.apexes, self.now)?;
        ledger.queued(&of, &kept)?;
        // Somebody else has the outbox too, and was faster.
        if added == Added::Older { Err(Refused::Undetermined) } else { Ok(()) }
    }
}
