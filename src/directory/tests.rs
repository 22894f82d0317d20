//! A directory over a store that changes, at times that are set.

use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::association::{Association, Claim, Extra, Statement, Ts, Withdrawal};
use crate::clock::ManualClock;
use crate::crypto::SeededRandom;
use crate::hashes::Key;
use crate::signed::{KeyName, Signatures};
use crate::store::{self, Borders, Change};
use crate::threepid::Threepid;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Two trees in one store, a ledger, and what time it is.
struct World {
    place: TempDir,
    store: Store,
    ledger: Arc<Ledger>,
    clock: ManualClock,
    /// Whether this server answers for addresses of `a.example`.
    has_domain: Arc<AtomicBool>,
    /// The directory at work.
    tasks: JoinSet<()>,
}

fn apexes() -> [Name; 2] {
    ["one.example.", "two.example."].map(|apex| apex.parse().unwrap())
}

fn threepid(text: &str) -> Threepid {
    Threepid::parse_any(text, None).unwrap()
}

/// So many milliseconds before the start.
fn before(millis: u64) -> Ts {
    Ts::from_millis(START.as_millis() - millis).unwrap()
}

fn user(mxid: &str, ts: Ts) -> Claim {
    let (not_before, not_after) = (ts, ts.default_end().unwrap());
    let mxid = mxid.parse().unwrap();
    Association { mxid, ts, not_before, not_after, extra: Extra::default() }.into()
}

fn nobody(ts: Ts) -> Claim {
    Withdrawal { ts }.into()
}

impl World {
    fn new(keep_addresses: bool) -> Self {
        let place = tempfile::tempdir().unwrap();
        let policy = store::Policy { keep_addresses, ..store::Policy::default() };
        let store = Store::open(&place.path().join("store"), policy).unwrap();
        let ledger = Arc::new(Ledger::open(&place.path().join("ledger")).unwrap());
        let (clock, has_domain) = (ManualClock::at(START), Arc::new(AtomicBool::new(true)));
        Self { place, store, ledger, clock, has_domain, tasks: JoinSet::new() }
    }

    /// The directory, at work.
    async fn open(&mut self, seed: u64) -> Directory {
        let has_domain = Arc::clone(&self.has_domain);
        let domain: [Name; 2] = apexes().map(|apex| {
            let branch: crate::threepid::Branch =
                crate::threepid::Branch::domain("a.example").unwrap();
            branch.owner(&apex).unwrap()
        });
        let is_below = move |name: &Name| domain.iter().any(|domain| name.is_at_or_below(domain));
        let sources = Sources {
            store: self.store.clone(),
            apexes: apexes().into(),
            answers: Arc::new(move |name| has_domain.load(Ordering::SeqCst) || !is_below(name)),
            ledger: self.ledger.clone(),
            clock: Arc::new(self.clock.clone()),
            random: Box::new(SeededRandom::new(seed)),
        };
        let directory = Directory::open(sources, Policy::default()).unwrap();
        assert!(directory.0.generations.load().current.look(|_| ()).is_none(), "it is not ready");
        self.tasks.spawn(directory.clone().run());
        settle().await;
        directory
    }

    async fn say(&self, tree: usize, address: &str, claim: Claim) {
        self.say_all(vec![change(tree, address, claim)]).await;
    }

    async fn say_all(&self, changes: Vec<Change>) {
        self.store.apply(changes, START).await.unwrap();
        settle().await;
    }

    /// Whose an address is by the table of the pepper of the time.
    fn find(&self, directory: &Directory, address: &str) -> Option<String> {
        self.find_with(directory, directory.pepper().as_str(), address)
    }

    fn find_with(&self, directory: &Directory, pepper: &str, address: &str) -> Option<String> {
        let key = Key::of(&threepid(address), &pepper.parse().unwrap());
        let find =
            |table: &crate::hashes::Table| table.find(&key, self.clock.now()).map(str::to_owned);
        directory.generation(pepper)?.look(find).expect("it is ready")
    }
}

fn change(tree: usize, address: &str, claim: Claim) -> Change {
    let mut signatures = Signatures::default();
    let name = KeyName::new("verify.example".parse().unwrap(), "ed25519:1".parse().unwrap());
    signatures.insert(name, [7; 64]);
    let statement = Statement::new(claim, signatures).unwrap();
    Change::publish(&apexes()[tree], threepid(address), statement).unwrap()
}

/// Until all others wait: time is not told otherwise.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_has_an_address_is_found_by_its_hash() {
    let mut world = World::new(true);
    world.say(0, "alice@a.example", user("@alice:a.example", before(9))).await;
    let directory = world.open(1).await;
    world.say(1, "+447700900123", user("@bob:b.example", before(8))).await;
    let find = |address| world.find(&directory, address);
    assert_eq!(find("alice@a.example").as_deref(), Some("@alice:a.example"));
    assert_eq!(find("+447700900123").as_deref(), Some("@bob:b.example"));
    assert_eq!(find("bob@a.example"), None);
    world.say(0, "alice@a.example", user("@alicia:a.example", before(7))).await;
    assert_eq!(find("alice@a.example").as_deref(), Some("@alicia:a.example"));
    world.say(0, "alice@a.example", nobody(before(6))).await;
    world.say(1, "+447700900123", nobody(before(5))).await;
    assert_eq!((find("alice@a.example"), find("+447700900123")), (None, None));
    assert_eq!(directory.generation(directory.pepper().as_str()).unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_its_address_a_name_is_nobodys_but_a_number() {
    let mut world = World::new(false);
    world.say(0, "alice@a.example", user("@alice:a.example", before(9))).await;
    world.say(0, "+447700900123", user("@bob:b.example", before(8))).await;
    let directory = world.open(1).await;
    assert_eq!(world.find(&directory, "alice@a.example"), None);
    assert!(world.find(&directory, "+447700900123").is_some());
}

#[tokio::test(start_paused = true)]
async fn of_several_trees_the_newest_statement_counts() {
    let mut world = World::new(true);
    let alice = "alice@a.example";
    world.say(0, alice, user("@old:a.example", before(9))).await;
    world.say(1, alice, nobody(before(8))).await;
    let directory = world.open(1).await;
    assert_eq!(world.find(&directory, alice), None, "it was withdrawn in the other");
    for (tree, claim, found) in [
        (0, user("@new:a.example", before(7)), Some("@new:a.example")),
        (1, user("@new:a.example", before(7)), Some("@new:a.example")),
        (1, nobody(before(6)), None),
        (0, user("@late:a.example", before(6)), None),
        (0, user("@last:a.example", before(5)), Some("@last:a.example")),
    ] {
        world.say(tree, alice, claim).await;
        assert_eq!(world.find(&directory, alice).as_deref(), found);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_found_for_whom_others_answer() {
    let mut world = World::new(true);
    let (alice, bob) = ("alice@a.example", "bob@b.example");
    for address in [alice, bob] {
        world.say(0, address, user("@a:a.example", before(9))).await;
    }
    world.has_domain.store(false, Ordering::SeqCst);
    let directory = world.open(1).await;
    let found = || [alice, bob].map(|address| world.find(&directory, address).is_some());
    assert_eq!(found(), [false, true], "that domain is delegated");
    world.has_domain.store(true, Ordering::SeqCst);
    directory.renew();
    settle().await;
    assert_eq!(found(), [true, true]);
    let cut: Name = "b.example.email.one.example.".parse().unwrap();
    for borders in [
        Borders { holds: vec![cut.clone()], ..Borders::default() },
        Borders { cuts: vec![cut], ..Borders::default() },
    ] {
        world.store.settle(borders, true).await.unwrap();
    }
    directory.renew();
    settle().await;
    assert_eq!(found(), [true, false], "that one was handed over");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_hold_yet_is_found_later() {
    let mut world = World::new(true);
    let later = START.saturating_add(HOUR);
    let (ts, end) = (before(1), Ts::from_millis(later.as_millis() + 5).unwrap());
    let not_before = Ts::from_millis(later.as_millis()).unwrap();
    let mxid = "@a:a.example".parse().unwrap();
    let extra = Extra::default();
    let association = Association { mxid, ts, not_before, not_after: end, extra };
    world.say(0, "alice@a.example", association.into()).await;
    let directory = world.open(1).await;
    let mut found = Vec::new();
    for millis in [0, 3_599_999, 3_600_000, 3_600_005, 3_600_006] {
        world.clock.set(START.saturating_add(Duration::from_millis(millis)));
        found.push(world.find(&directory, "alice@a.example").is_some());
    }
    assert_eq!(found, [false, false, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn peppers_come_and_go() {
    let mut world = World::new(true);
    let alice = "alice@a.example";
    world.say(0, alice, user("@alice:a.example", before(9))).await;
    let directory = world.open(1).await;
    let first = directory.pepper();
    world.clock.advance(DAY - Duration::from_millis(1));
    sleep(GLANCE).await;
    assert_eq!(directory.pepper(), first);
    world.clock.advance(Duration::from_millis(1));
    sleep(GLANCE).await;
    let second = directory.pepper();
    assert_ne!(second, first);
    let found = |directory: &Directory| {
        [&first, &second].map(|pepper| world.find_with(directory, pepper.as_str(), alice))
    };
    let alices = Some("@alice:a.example".to_owned());
    assert_eq!(found(&directory), [alices.clone(), alices.clone()]);
    world.say(0, alice, user("@alicia:a.example", before(8))).await;
    let alicias = Some("@alicia:a.example".to_owned());
    assert_eq!(found(&directory), [alicias.clone(), alicias.clone()], "both are followed");
    directory.renew();
    settle().await;
    assert_eq!(found(&directory), [alicias.clone(), alicias.clone()]);
    world.clock.advance(HOUR);
    assert_eq!(found(&directory), [None, alicias.clone()], "at once");
    sleep(GLANCE).await;
    assert!(directory.0.generations.load().previous.is_none(), "its memory is free");
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_no_pepper() {
    let mut world = World::new(true);
    let alice = "alice@a.example";
    world.say(0, alice, user("@alice:a.example", before(9))).await;
    let first = world.open(1).await.pepper();
    world.clock.advance(DAY);
    sleep(GLANCE).await;
    for seed in 2..4 {
        world.tasks.shutdown().await;
        let directory = world.open(seed).await;
        assert_ne!(directory.pepper(), first);
        assert!(world.find(&directory, alice).is_some());
        assert!(world.find_with(&directory, first.as_str(), alice).is_some(), "it has its grace");
    }
    world.tasks.shutdown().await;
    world.clock.advance(HOUR);
    let directory = world.open(4).await;
    assert!(directory.generation(first.as_str()).is_none());
    assert!(world.place.path().join("ledger").exists());
}

#[tokio::test(start_paused = true)]
async fn a_table_grows_while_it_is_read() {
    let mut world = World::new(true);
    let numbers = |from: u64, to| (from..to).map(|at| format!("+4477009{at:05}"));
    let all = |from, to| -> Vec<Change> {
        numbers(from, to).map(|it| change(0, &it, user("@a:a.example", before(9)))).collect()
    };
    world.say_all(all(0, 100)).await;
    let directory = world.open(1).await;
    let generation = directory.generation(directory.pepper().as_str()).unwrap();
    let octets = generation.octets();
    world.say_all(all(100, 6000)).await;
    assert_eq!(generation.len(), 6000);
    assert!(generation.octets() > octets);
    assert!(numbers(0, 6000).step_by(97).all(|it| world.find(&directory, &it).is_some()));
}
