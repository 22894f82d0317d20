//! Publications, and `kill -9` at some moment: what was acknowledged is there.

use std::cmp::Ordering::{Equal, Greater, Less};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use threepid::association::{Claim, Statement, Ts, Withdrawal};
use threepid::clock::{Clock, SystemClock};
use threepid::crypto::{Random, SeededRandom};
use threepid::store::{
    Change, Entry, Held, Outcome, Policy, Refusal, Sequence, Snapshot, Store, check,
};
use threepid::wire::Name;

use super::{NOW, apex, child, claim, number, statement, store, threepid};

/// How many threads publish.
const THREADS: u64 = 4;
/// In the environment of whoever publishes: the first of its steps.
const FIRST: &str = "THREEPID_TEST_FIRST";
/// How many steps are published at once: one of each kind.
const AT_ONCE: u64 = 4;
/// How many names back a step reaches.
const BACK: u64 = 60;
/// A step that signs what another says comes so many after it.
const LATER: u64 = 33;
/// A round that begins with a store that is not there yet comes after so many.
const FRESH: u64 = 10;
/// The longest that a store may take to open, on a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

/// What is published in one step, which its number tells. What a later one says is of a later time.
struct Step {
    /// Of which phone number.
    number: u64,
    at: Ts,
    /// None where it is the mark of a withdrawal.
    statement: Option<Statement>,
}

impl Step {
    /// A quarter are new names. The others are of earlier ones: another user, one more signature of what
    /// an earlier step says, a withdrawal or a mark.
    fn new(step: u64) -> Self {
        let (step, server) = match step % 4 {
            2 if step > LATER => (step - LATER, "b.example"),
            _ => (step, "a.example"),
        };
        let at = Ts::from_millis(NOW.as_millis() - 10_000_000 + step).expect("less than 2^48");
        let group = step / 4;
        let back = 1 + step.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) % BACK;
        let earlier = group.saturating_sub(back);
        let (number, claim) = match step % 4 {
            0 => (group, Some(claim("alice", at))),
            3 if group.is_multiple_of(2) => (earlier, Some(Claim::from(Withdrawal { ts: at }))),
            3 => (earlier, None),
            _ => (earlier, Some(claim("bob", at))),
        };
        Self { number, at, statement: claim.map(|claim| statement(claim, server)) }
    }

    fn name(&self) -> Name {
        threepid(self.number).owner(&apex()).expect("it has a name")
    }

    fn change(&self) -> Change {
        match &self.statement {
            Some(statement) => Change::publish(&apex(), threepid(self.number), statement.clone())
                .expect("it has a name"),
            None => Change::mark(self.name(), self.at),
        }
    }

    /// Whether what is held is this, or goes before it.
    fn is_in(&self, held: &Held) -> bool {
        match (held, &self.statement) {
            (Held::Statement(kept), Some(mine)) => {
                let held = kept.statement().expect("it can be read");
                let mine_is = mine.precedence(&threepid(self.number));
                match held.precedence_of(kept.signed_hash).cmp(&mine_is) {
                    Less => false,
                    Equal => has_signatures(&held, mine),
                    Greater => true,
                }
            }
            (Held::Statement(kept), None) => {
                kept.statement().expect("it can be read").claim().ts() > self.at
            }
            (Held::Mark(ts), Some(_)) => *ts > self.at,
            (Held::Mark(ts), None) => *ts >= self.at,
        }
    }
}

/// Whether they say the same, and all who signed `mine` signed what is held.
fn has_signatures(held: &Statement, mine: &Statement) -> bool {
    let mut signatures = mine.signatures().iter();
    held.claim() == mine.claim()
        && signatures.all(|(key, signature)| held.signatures().get(key) == Some(signature))
}

/// A step that was acknowledged, and the number of the change that it made, if it made one.
#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    step: u64,
    sequence: Option<Sequence>,
}

impl Acknowledged {
    fn new(step: u64, outcome: Outcome) -> Self {
        let sequence = match outcome {
            Outcome::Stored(sequence) | Outcome::Merged(sequence) => Some(sequence),
            Outcome::Unchanged | Outcome::Refused(Refusal::Older) => None,
            Outcome::Refused(refusal) => panic!("step {step}: {refusal}"),
        };
        Self { step, sequence }
    }

    fn to_line(self) -> String {
        format!("acknowledged {} {}", self.step, self.sequence.unwrap_or_default())
    }

    fn of_line(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("acknowledged ")?;
        let (step, sequence) = rest.split_once(' ').expect("two numbers");
        let read = |text: &str| text.parse().expect("a number");
        let sequence = Some(Sequence(read(sequence))).filter(|it| *it != Sequence(0));
        Some(Self { step: read(step), sequence })
    }
}

/// Publishes until it is killed, and says what was acknowledged. Does nothing unless told to.
#[test]
fn publisher() {
    let Some(path) = store() else { return };
    let store = Store::open(&path, Policy::default()).expect("a store opens after a crash");
    let next = AtomicU64::new(number(FIRST, 0));
    let publish = || {
        loop {
            let first = next.fetch_add(AT_ONCE, Ordering::Relaxed);
            let steps = first..first + AT_ONCE;
            let changes = steps.clone().map(|step| Step::new(step).change()).collect();
            let outcomes = store.submit(changes, NOW).expect("it takes them").wait();
            let outcomes = outcomes.expect("they are on disk");
            let told = steps.zip(outcomes).map(|(step, outcome)| Acknowledged::new(step, outcome));
            let told: String = told.map(|it| it.to_line() + "\n").collect();
            let mut out = std::io::stdout().lock();
            if out.write_all(told.as_bytes()).and_then(|()| out.flush()).is_err() {
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

/// Lets a process publish, kills it at some moment, and tells what was acknowledged.
fn publish_and_kill(path: &Path, first: u64, random: &mut SeededRandom) -> Vec<Acknowledged> {
    let mut command = child("store::crash::publisher", path);
    command.env(FIRST, first.to_string()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut publisher = command.spawn().expect("it starts");
    let stdout = publisher.stdout.take().expect("it has a pipe");
    let lines = BufReader::new(stdout).lines().map(|line| line.expect("it writes UTF-8"));
    let mut acknowledged = lines.filter_map(|line| Acknowledged::of_line(&line));
    // Some are killed as they start.
    let wait = random.below(40);
    let mut heard: Vec<_> = match random.below(4) {
        0 => Vec::new(),
        _ => acknowledged.by_ref().take(usize::from(random.u16() % 240)).collect(),
    };
    std::thread::sleep(Duration::from_millis(if heard.is_empty() { wait } else { wait / 10 }));
    publisher.kill().expect("it is killed");
    // What stands in the pipe was acknowledged, too.
    heard.extend(acknowledged);
    let ended = publisher.wait().expect("it ends");
    assert!(ended.code().is_none(), "it was still publishing: {ended}");
    heard
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

/// The number of the last change, where there is a store.
fn last(path: &Path) -> Sequence {
    if !path.exists() {
        return Sequence(0);
    }
    let snapshot = Snapshot::of_file(path, &Policy::default()).expect("it can be read");
    snapshot.last().expect("it can be read")
}

/// Looks whether all that was acknowledged after the change `before` is held, or what goes before it, and
/// stands in the feed under numbers that were given once.
fn look(path: &Path, before: Sequence, acknowledged: &[Acknowledged]) {
    let snapshot = Snapshot::of_file(path, &Policy::default()).expect("it can be read");
    let feed = snapshot.since(before).expect("it can be read");
    let feed = feed.map(|entry| entry.map(|entry| (entry.name, entry.sequence)));
    let feed: BTreeMap<Name, Sequence> = feed.collect::<Result<_, _>>().expect("it can be read");
    let mut given = BTreeSet::new();
    for &Acknowledged { step, sequence } in acknowledged {
        let (said, name) = (Step::new(step), Step::new(step).name());
        let found = snapshot.find(&name).expect("it can be read");
        let Some(Entry { held, sequence: now, .. }) = found else {
            panic!("{step}: {name} is lost")
        };
        assert!(said.is_in(&held), "{step}: less is held of {name}: {held:?}");
        if let Some(sequence) = sequence {
            assert!(given.insert(sequence), "{step}: {sequence} was given twice");
            assert!(before < sequence && sequence <= now, "{step}: {before} {sequence} {now}");
            assert_eq!(feed.get(&name), Some(&now), "{step}: the feed has {name}");
        }
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let rounds = number("THREEPID_CRASHES", 20);
    let mut random = SeededRandom::new(number("THREEPID_SEED", 1));
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let (mut next, mut made, mut longest) = (0, [0; 4], Duration::ZERO);
    for round in 0..rounds {
        let path = directory.path().join(format!("{}.store", round / FRESH));
        let before = last(&path);
        let acknowledged = publish_and_kill(&path, next, &mut random);
        longest = longest.max(reopen(&path));
        if let Some(most) = acknowledged.iter().map(|it| it.step).max() {
            println!("round {round}: {} acknowledged after {before}", acknowledged.len());
            look(&path, before, &acknowledged);
            // What was made and not acknowledged is said once more.
            next = (most / AT_ONCE + 1) * AT_ONCE;
        }
        for Acknowledged { step, .. } in acknowledged.iter().filter(|it| it.sequence.is_some()) {
            made[usize::try_from(step % 4).expect("below 4")] += 1;
        }
        if round % FRESH == FRESH - 1 && path.exists() {
            let report = check(&path, &Policy::default(), || {}).expect("it can be checked");
            assert!(report.is_good(), "round {round}: {report:?}");
        }
    }
    println!("{rounds} rounds, {made:?} of each kind made, 0 lost, opened in at most {longest:?}");
    assert!(made.iter().all(|made| *made > 50), "the rounds publish all kinds: {made:?}");
    assert!(longest < SOON, "{longest:?}");
}
