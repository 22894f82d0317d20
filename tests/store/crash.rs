//! Publications, and `kill -9` at some moment: what was acknowledged is there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use threepid::clock::{Clock, SystemClock};
use threepid::crypto::{Random, SeededRandom};
use threepid::store::{Outcome, Policy, Snapshot, Store, check};

use super::{NOW, association, child, number, store};

/// How many threads publish.
const THREADS: u64 = 4;
/// In the environment of whoever publishes: the first of its numbers.
const FIRST: &str = "THREEPID_TEST_FIRST";
/// How many numbers a round has.
const NUMBERS: u64 = 50_000;
/// A round that begins with a store that is not there yet comes after so many.
const FRESH: u64 = 10;
/// The longest that a store may take to open, on a machine that does much else.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Publishes until it is killed, and says what was acknowledged. Does nothing unless told to.
#[test]
fn publisher() {
    let Some(path) = store() else { return };
    let store = Store::open(&path, Policy::default()).expect("a store opens after a crash");
    let next = AtomicU64::new(number(FIRST, 0));
    let publish = || {
        loop {
            let mine = next.fetch_add(3, Ordering::Relaxed);
            let changes = (mine..mine + 3).map(association).collect();
            let outcomes = store.submit(changes, NOW).expect("it takes them").wait();
            let outcomes = outcomes.expect("they are on disk");
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored(_))));
            let mut out = std::io::stdout().lock();
            if writeln!(out, "acknowledged {mine}").and_then(|()| out.flush()).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(publish);
        }
    });
}

/// Lets a process publish, kills it at some moment, and tells the numbers that were acknowledged.
fn publish_and_kill(path: &Path, first: u64, random: &mut SeededRandom) -> Vec<u64> {
    let mut command = child("store::crash::publisher", path);
    command.env(FIRST, first.to_string()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut publisher = command.spawn().expect("it starts");
    let stdout = publisher.stdout.take().expect("it has a pipe");
    let lines = BufReader::new(stdout).lines().map(|line| line.expect("it writes UTF-8"));
    let mut acknowledged = lines.filter_map(|line| {
        let (_, number) = line.split_once("acknowledged ")?;
        Some(number.parse().expect("a number"))
    });
    // Some are killed as they start.
    let wait = random.below(40);
    let mut heard: Vec<u64> = match random.below(4) {
        0 => Vec::new(),
        _ => acknowledged.by_ref().take(usize::from(random.u16() % 60)).collect(),
    };
    std::thread::sleep(Duration::from_millis(if heard.is_empty() { wait } else { wait / 10 }));
    publisher.kill().expect("it is killed");
    // What stands in the pipe was acknowledged, too.
    heard.extend(acknowledged);
    let ended = publisher.wait().expect("it ends");
    assert!(ended.code().is_none(), "it was still publishing: {ended}");
    heard.into_iter().flat_map(|first| first..first + 3).collect()
}

/// How long the store takes to open, where there is one.
fn reopen(path: &Path) -> Duration {
    if !path.exists() {
        return Duration::ZERO;
    }
    let before = SystemClock.now();
    drop(Store::open(path, Policy::default()).expect("it opens"));
    SystemClock.now().since(before)
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let rounds = number("THREEPID_CRASHES", 20);
    let mut random = SeededRandom::new(number("THREEPID_SEED", 1));
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let (mut total, mut longest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let path = directory.path().join(format!("{}.store", round / FRESH));
        let acknowledged = publish_and_kill(&path, round * NUMBERS, &mut random);
        longest = longest.max(reopen(&path));
        if !acknowledged.is_empty() {
            let snapshot = Snapshot::of_file(&path, &Policy::default()).expect("it can be read");
            for number in &acknowledged {
                let name = association(*number).name().clone();
                let found = snapshot.find(&name).expect("it can be read");
                assert!(found.is_some(), "round {round}: {name} is lost");
            }
        }
        total += acknowledged.len();
        if round % FRESH == FRESH - 1 && path.exists() {
            let report = check(&path, &Policy::default(), || {}).expect("it can be checked");
            assert!(report.is_good(), "round {round}: {report:?}");
        }
    }
    println!("{rounds} rounds, {total} acknowledged, 0 lost, opened in at most {longest:?}");
    assert!(total > 20, "the rounds publish something");
    assert!(longest < AT_ONCE, "{longest:?}");
}
