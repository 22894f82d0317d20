//! Attacks that the field has learned of, mounted on a resolver in a faked network, and what they
//! cost it: each test asserts the limits by what the machine counts, and prints one line that compares
//! the attack with an honest question. `tests/soak attacks` prints them all, optimised. Those on what is
//! shared by many clients are in `sharing`, and beside `services::dns`.

mod aliases;
mod delegations;
mod forge;
mod ghosts;
mod hashes;
mod names;
mod replies;
mod signatures;

use std::sync::OnceLock;
use std::time::Duration;

use super::net::{Outcome, World};
use super::tree::{self, PHONE};

/// How much more of the processor an attack may take than an honest question: twice what the dearest
/// takes, for a busy machine. Unoptimised, what is large is dearer. What is counted is held exactly.
const MOST_RATIO: f64 = if cfg!(debug_assertions) { 100.0 } else { 25.0 };

/// A resolver that remembers nothing yet, its surroundings, and what a client asks.
struct Scene {
    world: World,
    questions: Vec<String>,
}

impl Scene {
    fn new(world: World, question: &str) -> Self {
        Self { world, questions: vec![question.to_owned()] }
    }

    /// Asks everything once.
    fn play(&mut self) -> Vec<Outcome> {
        let questions = self.questions.clone();
        questions.iter().map(|question| self.world.ask(question)).collect()
    }
}

/// What the questions of a scene came to.
struct Cost {
    /// What came of the last one.
    outcome: Outcome,
    /// Upstream packets for each question.
    packets: f64,
    /// Of all runs, the one in the middle, for each question.
    cpu: Duration,
}

/// Plays a scene some times over; each time it has to keep within the limits, and cost nothing when it
/// is asked for again at once.
fn play(stage: impl Fn() -> Scene) -> Cost {
    let runs = std::env::var("THREEPID_ATTACK_RUNS").map_or(3, |runs| runs.parse().unwrap());
    let mut costs: Vec<Cost> = (0..runs).map(|_| play_once(stage())).collect();
    costs.sort_by_key(|cost| cost.cpu);
    costs.swap_remove(runs / 2)
}

fn play_once(mut scene: Scene) -> Cost {
    let outcomes = scene.play();
    for again in scene.play() {
        assert_eq!(again.sent, Vec::<String>::new(), "the second time: {:?}", again.response);
    }
    add_up(outcomes)
}

fn add_up(mut outcomes: Vec<Outcome>) -> Cost {
    outcomes.iter().for_each(assert_limits);
    let count = u32::try_from(outcomes.len()).unwrap();
    let packets: usize = outcomes.iter().map(|outcome| outcome.sent.len()).sum();
    let packets = f64::from(u32::try_from(packets).unwrap()) / f64::from(count);
    let cpu = outcomes.iter().map(|outcome| outcome.cpu).sum::<Duration>() / count;
    Cost { outcome: outcomes.pop().unwrap(), packets, cpu }
}

/// Holds what an outcome cost against the limits, as they are documented. What proving a reply took
/// is counted when it was proved, so that the last one may go beyond.
fn assert_limits(outcome: &Outcome) {
    let (spent, proofs) = (outcome.spent, outcome.spent.proofs);
    assert!(outcome.sent.len() <= 200, "{}", outcome.sent.len());
    assert!(spent.octets <= (256 << 10) + 65_535, "{spent:?}");
    assert!(spent.frames <= 1000 + 1, "{spent:?}");
    assert!(spent.referrals <= 130 + 1, "{spent:?}");
    assert!(proofs.validations <= 256 + 16, "{spent:?}");
    assert!(proofs.failures <= 16 + 2, "{spent:?}");
    assert!(proofs.digests <= 64 + 16, "{spent:?}");
    assert!(proofs.hash_blocks <= 16_384 + 4096, "{spent:?}");
}

/// An association of a phone number, three zones deep, through a cold cache.
fn honest() -> &'static Cost {
    static HONEST: OnceLock<Cost> = OnceLock::new();
    HONEST.get_or_init(|| {
        let cost = play(|| Scene::new(tree::world(), &format!("{PHONE} ASSOC")));
        assert_eq!(cost.outcome.response.failure, None);
        print("an honest question", &cost, 1.0);
        cost
    })
}

/// Mounts an attack and prints what it costs.
fn mount(attack: &str, stage: impl Fn() -> Scene) -> Cost {
    honest();
    let cost = play(stage);
    compare(attack, &cost);
    cost
}

/// Prints what an attack cost that goes on in several acts.
fn report(attack: &str, outcomes: Vec<Outcome>) {
    compare(attack, &add_up(outcomes));
}

fn compare(attack: &str, cost: &Cost) {
    let ratio = cost.cpu.as_secs_f64() / honest().cpu.as_secs_f64();
    print(attack, cost, ratio);
    assert!(ratio < MOST_RATIO, "{attack}: {ratio}");
}

fn print(attack: &str, cost: &Cost, ratio: f64) {
    let (proofs, response) = (cost.outcome.spent.proofs, &cost.outcome.response);
    let end = match &response.failure {
        Some(cause) => cause.to_string(),
        None => format!("{:?}", response.security),
    };
    println!(
        "| {attack} | {:.2} | {} | {} | {:.2} ms | {ratio:.1} | {end} |",
        cost.packets,
        proofs.validations,
        proofs.hash_blocks,
        cost.cpu.as_secs_f64() * 1000.0,
    );
}
