//! How many were found.

use std::collections::BTreeMap;
use std::fmt;

use super::gather::Gathered;
use super::{REFUSED, exit, is_mistrusted};
use crate::cli::Exit;
use crate::stub::{Answer, Outcome};

/// The outcomes that are told of though there are none.
const ALWAYS: [&str; 3] = ["found", "unknown", REFUSED];

/// What came of all lookups.
#[derive(Debug)]
pub(super) struct Counts {
    /// How many have each outcome, by its word.
    outcomes: BTreeMap<&'static str, usize>,
    /// Of those with an answer.
    unproved: usize,
    /// Of those that are proved.
    untrusted: usize,
    needs_country: bool,
    gravest: Exit,
}

impl Counts {
    /// Of what was gathered, before anything is asked.
    pub(super) fn new(gathered: &Gathered) -> Self {
        Self {
            outcomes: BTreeMap::from([(REFUSED, gathered.refused)]),
            unproved: 0,
            untrusted: 0,
            needs_country: gathered.needs_country,
            gravest: if gathered.refused == 0 { Exit::Success } else { Exit::Error },
        }
    }

    pub(super) fn count(&mut self, answer: &Answer) {
        *self.outcomes.entry(answer.outcome.as_str()).or_default() += 1;
        match answer.outcome {
            Outcome::Unanswered => {}
            _ if !answer.proved => self.unproved += 1,
            _ if is_mistrusted(answer) => self.untrusted += 1,
            _ => {}
        }
        self.gravest = self.gravest.max(exit(answer));
    }

    /// What the program ends with.
    pub(super) fn gravest(&self) -> Exit {
        self.gravest
    }
}

/// In words, for people: the words of the outcomes are those that programs are told.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |word: &str| self.outcomes.get(word).copied().unwrap_or_default();
        let others = self.outcomes.keys().copied().filter(|word| !ALWAYS.contains(word));
        let told = ALWAYS.into_iter().chain(others);
        let told = told.map(|word| format!("{} {}", count(word), word.replace('_', " ")));
        f.write_str(&told.collect::<Vec<_>>().join(", "))?;
        let flaws = [(self.unproved, "not proved"), (self.untrusted, "not trusted")];
        let flaws = flaws.into_iter().filter(|(count, _)| *count > 0);
        let flaws: Vec<String> = flaws.map(|(count, what)| format!("{count} {what}")).collect();
        if !flaws.is_empty() {
            write!(f, "; of these {}", flaws.join(", "))?;
        }
        if self.needs_country {
            f.write_str("\nPhone numbers in national format are understood with --country CC.")?;
        }
        Ok(())
    }
}
