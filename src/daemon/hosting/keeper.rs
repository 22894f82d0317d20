//! What goes on while zones are served from a store: changes are followed, signatures renewed and kept,
//! old withdrawals dropped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::fill::Filled;
use super::import::{FromFile, import};
use super::{feed, lag, renew, serial};
use crate::authority::Authority;
use crate::clock::Clock;
use crate::services::dns::Served;
use crate::store::{Sequence, Signed, Store, StoreError, ZoneState};
use crate::telemetry::Counters;
use crate::wire::{Name, Serial};

use super::super::admin::Status;
use super::super::aside;
use super::super::renewal::{self, Current};
use super::super::watched::{Task, Watch};

/// How long new signatures and serials wait for others before they are kept. What is lost with a crash is
/// made anew.
const WAIT: Duration = Duration::from_secs(1);
/// How many signatures do not wait for others.
const ENOUGH: usize = 1024;
/// How many groups of signatures may wait to be kept: who makes more waits.
const WAITING: usize = 8;
/// How often signatures are looked through for those that have to be renewed.
const RENEWAL: Duration = Duration::from_secs(60);
/// How often old withdrawals are dropped.
const EXPIRY: Duration = Duration::from_secs(86_400);
/// How long to wait after the store could not be read or written.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Serves from a store until it is stopped.
pub(super) struct Keeper {
    following: Arc<Following>,
    /// Ends the follower by being dropped, when what it has begun is done.
    end: watch::Sender<()>,
    follower: JoinHandle<()>,
    /// End when dropped.
    tasks: JoinSet<()>,
    saver: JoinHandle<()>,
}

/// The feed of the store, followed.
struct Following {
    store: Store,
    current: Arc<Current>,
    clock: Arc<dyn Clock>,
    /// Held by whoever takes changes from the feed.
    turn: Mutex<()>,
    /// Every change up to this is served, and counted by the serials.
    applied: Arc<watch::Sender<Sequence>>,
    /// For signatures that have to be kept.
    made: mpsc::Sender<Vec<Signed>>,
    /// Counts records that are damaged.
    skipped: Arc<Counters>,
    /// Where the rest is told.
    status: Arc<Status>,
}

impl Keeper {
    /// Goes on from where `filled` is.
    pub(super) fn start(
        store: Store,
        current: Arc<Current>,
        clock: Arc<dyn Clock>,
        filled: &Filled,
        status: &Arc<Status>,
    ) -> Self {
        let (made, waiting) = mpsc::channel(WAITING);
        let applied = Arc::new(watch::Sender::new(filled.last));
        let turn = Mutex::default();
        let help = "Records of the store that are damaged and were stepped over, each time";
        let skipped = status.telemetry.counters("store_skipped", help, Vec::new());
        skipped.shard().add(0, filled.damaged);
        let told = Arc::clone(status);
        let following =
            Following { store, current, clock, turn, applied, made, skipped, status: told };
        let following = Arc::new(following);
        let (end, ended) = watch::channel(());
        let watch = Watch::new(status);
        let one = Arc::clone(&following);
        let begin = move || Arc::clone(&one).follow(ended.clone());
        let follower = tokio::spawn(watch.clone().over(Task::Feed, begin));
        let mut tasks = JoinSet::new();
        let one = Arc::clone(&following);
        let begin = move || Arc::clone(&one).keep_fresh();
        tasks.spawn(watch.clone().over(Task::Renewal, begin));
        let one = Arc::clone(&following);
        tasks.spawn(watch.clone().over(Task::Expiry, move || Arc::clone(&one).expire()));
        let one = Arc::clone(&following);
        tasks.spawn(watch.clone().over(Task::Lag, move || one.tell_lag()));
        let (saver, waiting) = (Saver::new(&following), Arc::new(Mutex::new(waiting)));
        let begin = move || saver.clone().run(Arc::clone(&waiting));
        let saver = tokio::spawn(watch.over(Task::Saving, begin));
        Self { following, end, follower, tasks, saver }
    }

    /// Shows up to which change all is served, and counted by the serials.
    pub(super) fn applied(&self) -> watch::Receiver<Sequence> {
        self.following.applied.subscribe()
    }

    /// Serves other zones from here on, which are `filled`, with what is in their files.
    pub(super) async fn go_over(
        &self,
        zones: Authority,
        filled: &Filled,
        files: Vec<FromFile>,
        serve: impl FnOnce(Authority) -> Served,
    ) {
        let following = &self.following;
        if let Err(error) = import(&following.store, files, following.clock.now()).await {
            tracing::error!(%error, "associations of zone files could not be taken into the store");
        }
        following.skipped.shard().add(0, filled.damaged);
        following.go_over(zones, filled.last, serve).await;
    }

    /// Ends, when all that was signed is kept.
    pub(super) async fn stop(self) {
        let Self { following, end, follower, mut tasks, saver } = self;
        drop(end);
        let followed = follower.await;
        tasks.shutdown().await;
        // With it go the last who could send.
        drop(following);
        if let Err(error) = followed.and(saver.await) {
            tracing::error!(%error, "what was signed last could not be kept");
        }
    }
}

impl Following {
    /// Serves each change as it comes, until `ended`.
    async fn follow(self: Arc<Self>, mut ended: watch::Receiver<()>) {
        let mut last = self.store.watch();
        loop {
            last.borrow_and_update();
            let turn = self.turn.lock().await;
            let caught_up = self.catch_up().await;
            drop(turn);
            if let Err(error) = caught_up {
                tracing::error!(%error, "changes of the store cannot be followed");
                // What is there is tried again, whether or not there is more.
                last.mark_changed();
                tokio::time::sleep(AFTER_ERROR).await;
            }
            tokio::select! {
                changed = last.changed() => if changed.is_err() { return },
                _ = ended.changed() => return,
            }
        }
    }

    /// Serves all changes that there are. It has to be this one's turn.
    async fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let last = *self.applied.borrow();
            let (zones, now) = (self.current.authority(), self.clock.now());
            let step = self.step(zones, last).await?;
            self.tell_skipped(&step.skipped, last);
            if !step.zones.is_empty() {
                let changed: Vec<Name> = step.zones.into_iter().map(|(zone, _)| zone).collect();
                let change = |zones: &mut Authority| serial::advance(zones, &changed, now);
                self.current.change(change).await;
            }
            self.applied.send_replace(step.last);
            self.keep(step.signed).await;
            if !step.is_full {
                return Ok(());
            }
        }
    }

    async fn step(&self, zones: Authority, last: Sequence) -> Result<feed::Step, StoreError> {
        let (store, now) = (self.store.clone(), self.clock.now());
        aside(move || feed::step(&store, &zones, last, now)).await
    }

    /// Tells of changes that are stepped over, those behind `applied`.
    fn tell_skipped(&self, skipped: &[Sequence], applied: Sequence) {
        for change in skipped.iter().filter(|change| **change > applied) {
            tracing::error!(%change, "a change of the store is damaged, and not served");
            self.skipped.shard().count(0);
        }
    }

    /// Has signatures kept.
    async fn keep(&self, signed: Vec<Signed>) {
        if !signed.is_empty() {
            // Where there is nobody to keep them, they are made anew after the next start.
            let _ = self.made.send(signed).await;
        }
    }

    async fn go_over(
        &self,
        mut zones: Authority,
        filled: Sequence,
        serve: impl FnOnce(Authority) -> Served,
    ) {
        let turn = self.turn.lock().await;
        if let Err(error) = self.catch_up().await {
            tracing::error!(%error, "changes of the store cannot be followed");
        }
        let applied = *self.applied.borrow();
        let (mut last, mut changed) = (filled, Vec::new());
        loop {
            match self.step(zones.clone(), last).await {
                Ok(step) => {
                    self.tell_skipped(&step.skipped, applied);
                    let news = step.zones.into_iter().filter(|(_, last)| *last > applied);
                    changed.extend(news.map(|(zone, _)| zone));
                    self.keep(step.signed).await;
                    last = step.last;
                    if !step.is_full {
                        break;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "changes of the store cannot be followed");
                    break;
                }
            }
        }
        let now = self.clock.now();
        let replaced = |old: &Authority| {
            serial::succeed(&mut zones, old, &changed, now);
            serve(zones)
        };
        self.current.replace_with(replaced).await;
        self.applied.send_replace(last);
        drop(turn);
        let zones = self.current.authority();
        aside(move || renew::prune(&zones)).await;
    }

    /// Tells how far what is served is behind, for good.
    fn tell_lag(&self) -> impl Future<Output = ()> + use<> {
        lag::tell(self.store.watch(), self.applied.subscribe(), Arc::clone(&self.status))
    }

    /// Renews signatures before they end, for good. Tells when the first of the others ends.
    async fn keep_fresh(self: Arc<Self>) {
        let help = "When the first signature over an association ends, in seconds since 1970";
        let mut gauge = None;
        loop {
            // With other keys at once: those of before may be gone.
            let _ = tokio::time::timeout(RENEWAL, self.current.signed_anew()).await;
            let (zones, now, made) =
                (self.current.authority(), self.clock.now(), self.made.clone());
            if let Some(end) = aside(move || renew::renew(&zones, now, &made)).await {
                let name = "association_signatures_end_timestamp_seconds";
                let new = || self.status.telemetry.gauge(name, help);
                gauge.get_or_insert_with(new).set(renewal::seconds(end));
            }
            // Also serials and keys that nobody signed anything for.
            let _ = self.made.send(Vec::new()).await;
        }
    }

    /// Drops withdrawals that are old enough, for good.
    async fn expire(self: Arc<Self>) {
        loop {
            match self.store.expire(self.clock.now()).await {
                Ok(0) => tokio::time::sleep(EXPIRY).await,
                Ok(dropped) => tracing::info!(dropped, "old withdrawals: their marks stay"),
                Err(error) => {
                    tracing::error!(%error, "old withdrawals cannot be dropped");
                    tokio::time::sleep(EXPIRY).await;
                }
            }
        }
    }
}

/// Keeps what was signed, and the serials.
#[derive(Clone)]
struct Saver {
    store: Store,
    current: Arc<Current>,
    applied: Arc<watch::Sender<Sequence>>,
    /// The last that was kept of each zone.
    kept: HashMap<Name, (Serial, [u8; 32])>,
}

impl Saver {
    fn new(following: &Arc<Following>) -> Self {
        Self {
            store: following.store.clone(),
            current: Arc::clone(&following.current),
            applied: Arc::clone(&following.applied),
            kept: HashMap::new(),
        }
    }

    /// Keeps what comes until nobody can send any more.
    async fn run(mut self, waiting: Arc<Mutex<mpsc::Receiver<Vec<Signed>>>>) {
        let mut waiting = waiting.lock().await;
        // What a zone began with.
        self.save(Vec::new()).await;
        while let Some(mut signed) = waiting.recv().await {
            let end = Instant::now() + WAIT;
            while signed.len() < ENOUGH {
                match tokio::time::timeout_at(end, waiting.recv()).await {
                    Ok(Some(more)) => signed.extend(more),
                    Ok(None) | Err(_) => break,
                }
            }
            self.save(signed).await;
        }
        // After an orderly end, serials go on as they were: all are noted with the last change.
        self.kept.clear();
        self.save(Vec::new()).await;
    }

    async fn save(&mut self, signed: Vec<Signed>) {
        let zones = self.news();
        if signed.is_empty() && zones.is_empty() {
            return;
        }
        if let Err(error) = self.store.keep(signed, zones).await {
            tracing::error!(%error, "what was signed cannot be kept");
            self.kept.clear();
        }
    }

    /// What is to be noted of zones.
    fn news(&mut self) -> Vec<ZoneState> {
        // First how far it is, then the serials: those may count more, never less.
        let sequence = *self.applied.borrow();
        let authority = self.current.authority();
        let zones = authority.zones().filter(|zone| serial::is_counted(zone));
        let news = zones.filter_map(|zone| {
            let (apex, serial, digest) = (zone.apex().clone(), zone.serial(), zone.digest());
            let old = self.kept.insert(apex.clone(), (serial, digest));
            let is_new = old != Some((serial, digest));
            is_new.then_some(ZoneState { apex, serial, sequence, digest })
        });
        news.collect()
    }
}
