//! What is left to do, done again and again until it is: homeservers are told of invitations, other
//! verification servers asked to sign.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{NotTold, Refused, Verifier};
use crate::clock::Timestamp;
use crate::crypto::{OsRandom, Random};
use crate::store::ledger::{Chore, Work};

/// The first wait after an attempt that failed.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// How many of what has ended are forgotten in one go, so that others get at the ledger in between.
const AT_ONCE: usize = 1000;

/// What came of a chore.
#[derive(Debug)]
pub(super) enum Tried {
    /// It is done, or of no use any more.
    Done,
    /// It may be otherwise another time.
    Later,
}

impl From<NotTold> for Tried {
    fn from(error: NotTold) -> Self {
        match error {
            NotTold::Refused(_) => Self::Done,
            NotTold::Later(_) => Self::Later,
        }
    }
}

impl Verifier {
    /// Does what is left to do until `stop` ends: first what was due when the process ended last, then
    /// [`Self::round`] after round.
    pub async fn run(self: &Arc<Self>, stop: impl Future<Output = ()>) {
        let work = async {
            self.resume().await;
            loop {
                let next = self.round().await;
                let wait = next.map_or(self.settings.limits.look, |next| next.since(self.now()));
                let wait = wait.clamp(Duration::from_millis(1), self.settings.limits.look);
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.chores_added.notified() => {}
                }
            }
        };
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    }

    /// Sends and publishes what was due when the process ended last: a crash between keeping and sending loses
    /// neither.
    pub async fn resume(self: &Arc<Self>) {
        for done in [
            self.publish_what_is_due().await,
            self.send_what_is_due().await,
            self.tell_of_invitations().await,
        ] {
            // It is logged where it fails.
            let _: Result<(), Refused> = done;
        }
    }

    /// Does what is due once: chores, statements that did not come into the outbox, and forgets what has
    /// ended. Gives when the next chore is due.
    pub async fn round(self: &Arc<Self>) -> Option<Timestamp> {
        let _ = self.publish_what_is_due().await;
        self.forget().await;
        let now = self.now();
        let due = self.chores().await.into_iter().filter(|chore| is_due(chore, now));
        let mut running = JoinSet::new();
        for chore in due {
            if running.len() >= self.settings.limits.together {
                running.join_next().await;
            }
            let verifier = self.clone();
            running.spawn(async move { verifier.attempt(chore).await });
        }
        while running.join_next().await.is_some() {}
        self.chores().await.iter().map(|chore| chore.next).min()
    }

    async fn chores(&self) -> Vec<Chore> {
        let mut chores = self.ledger(|ledger| ledger.chores()).await.unwrap_or_default();
        chores.sort_by_key(|chore| chore.next);
        chores
    }

    async fn attempt(&self, chore: Chore) {
        let tried = match &chore.work {
            Work::Tell => self.tell(&chore).await,
            Work::Ask(server) => self.ask_to_cosign(&chore, server).await,
        };
        let again = self.again(&chore, tried.unwrap_or(Tried::Later));
        let _ = self.ledger(move |ledger| ledger.note_chore(&chore, again.as_ref())).await;
    }

    /// The chore as it is to be tried again; none where it is not.
    fn again(&self, chore: &Chore, tried: Tried) -> Option<Chore> {
        let (limits, now) = (&self.settings.limits, self.now());
        if matches!(tried, Tried::Done) {
            return None;
        }
        let next = now.saturating_add(wait(chore.attempts, limits.longest_wait, &mut OsRandom));
        let most = match chore.work {
            Work::Tell => limits.telling,
            Work::Ask(_) => limits.asking,
        };
        if next.since(chore.since) > most {
            let about = self.shown(&chore.threepid);
            tracing::warn!(about, "given up: nobody could be told or asked in time");
            return None;
        }
        Some(Chore { attempts: chore.attempts.saturating_add(1), next, ..chore.clone() })
    }

    /// Forgets what has ended.
    async fn forget(&self) {
        let (limits, now) = (self.settings.sessions.clone(), self.now());
        let kept = &self.settings.limits;
        let [left, made] = [kept.waiting, kept.ephemeral].map(|age| now.saturating_sub(age));
        let forgotten = self.ledger(move |ledger| {
            while ledger.expire_sessions(&limits, now, AT_ONCE)? == AT_ONCE {}
            while ledger.forget_signed(now, AT_ONCE)? == AT_ONCE {}
            while ledger.expire_invitations(left, AT_ONCE)? == AT_ONCE {}
            while ledger.expire_ephemeral_keys(made, AT_ONCE)? == AT_ONCE {}
            Ok(())
        });
        let _ = forgotten.await;
    }
}

/// Whether a chore is to be tried at `now`. What is far ahead was noted before the clock was set back.
fn is_due(chore: &Chore, now: Timestamp) -> bool {
    chore.next <= now || chore.since > now
}

/// How long to wait after so many attempts: twice as long each time, and of that at least the half, by
/// chance.
fn wait(attempts: u32, longest: Duration, random: &mut dyn Random) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1 << attempts.min(31)).min(longest);
    let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX - 1);
    Duration::from_millis(half + random.below(half + 1))
}
