//! The same questions to our resolver, Unbound and Knot Resolver: the same response code, AD and data,
//! but for the classes of differences in `explained.rs`.
//!
//! `THREEPID_DIFFERENTIAL` sets the number of questions, `THREEPID_SEED` which ones; `tests/soak` does.

mod explained;
mod questions;

use std::collections::BTreeMap;
use std::fmt::Write;

use super::client::{Reply, ask};
use super::foreign::tree::Tree;
use super::foreign::{self, Server};
use super::{kresd, namespace, unbound};
use explained::{CLASSES, classes};
use questions::{Asked, Questions};

/// How many questions are asked where nobody says.
const FEW: u64 = 300;

/// A resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    Ours,
    Unbound,
    Knot,
}

impl Peer {
    fn ask(self, asked: &Asked) -> Reply {
        let address = match self {
            Self::Ours => foreign::ADDRESS,
            Self::Unbound => unbound::ADDRESS,
            Self::Knot => kresd::ADDRESS,
        };
        let reply = ask(address, &asked.question, asked.dnssec_ok);
        // Not all explain failures, and each in its own words.
        Reply { reasons: Vec::new(), ..reply }
    }
}

/// One resolver's answer that is not ours.
struct Difference<'a> {
    asked: &'a Asked,
    peer: Peer,
    ours: &'a Reply,
    theirs: &'a Reply,
}

impl Difference<'_> {
    fn show(&self) -> String {
        let Self { asked, peer, ours, theirs } = self;
        let wish = if asked.dnssec_ok { "with DO" } else { "without DO" };
        format!("{} {wish}\n    ours: {ours}\n    {peer:?}: {theirs}", asked.question)
    }
}

/// What came of all questions.
#[derive(Default)]
struct Tally {
    same: u64,
    explained: BTreeMap<(Peer, &'static str), u64>,
    unexplained: Vec<String>,
}

impl Tally {
    fn ask(&mut self, asked: &Asked) {
        let ours = Peer::Ours.ask(asked);
        for peer in [Peer::Unbound, Peer::Knot] {
            let theirs = peer.ask(asked);
            if ours == theirs {
                self.same += 1;
                continue;
            }
            let difference = Difference { asked, peer, ours: &ours, theirs: &theirs };
            match classes(&difference) {
                Some(classes) => classes
                    .into_iter()
                    .for_each(|class| *self.explained.entry((peer, class)).or_default() += 1),
                None => self.unexplained.push(difference.show()),
            }
        }
    }

    /// Each class, whether it occurred or not.
    fn show(&self) -> String {
        let mut text = format!("the same: {}\n", self.same);
        for class in CLASSES {
            let count = |peer| self.explained.get(&(peer, class.name)).copied().unwrap_or_default();
            let (unbound, knot) = (count(Peer::Unbound), count(Peer::Knot));
            writeln!(text, "{}: Unbound {unbound}, Knot Resolver {knot}", class.name)
                .expect("memory");
        }
        text + &format!("unexplained: {}", self.unexplained.len())
    }
}

/// The number in an environment variable.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number")))
}

#[test]
fn all_resolvers_say_the_same() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::grow(folder.path());
    let root = Server::Ours.address();
    let _ours = foreign::on_hints(folder.path(), &tree.anchor);
    let _unbound = unbound::on_hints(folder.path(), &tree.anchor, root);
    let _kresd = kresd::on_hints(folder.path(), &tree.anchor, root);

    let (count, seed) = (setting("THREEPID_DIFFERENTIAL", FEW), setting("THREEPID_SEED", 1));
    let mut tally = Tally::default();
    let questions = Questions::new(seed).take(usize::try_from(count).expect("a count"));
    questions.for_each(|asked| tally.ask(&asked));
    println!("{count} questions of seed {seed}, each compared twice\n{}", tally.show());
    let unexplained = tally.unexplained.join("\n");
    assert!(tally.unexplained.is_empty(), "THREEPID_SEED={seed}, of {count}:\n{unexplained}");
}
