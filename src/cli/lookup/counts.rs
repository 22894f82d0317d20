//! How many of what was looked up is what.

use std::fmt;

use super::gather::Gathered;
use super::{exit, show};
use crate::cli::Exit;
use crate::stub::{Answer, Outcome};

/// What came of all lookups.
#[derive(Debug)]
pub(super) struct Counts {
    /// Whose it is, is known for certain.
    found: usize,
    /// It is nobody's, for certain.
    unknown: usize,
    /// It was no identifier.
    refused: usize,
    unproved: usize,
    untrusted: usize,
    unanswered: usize,
    needs_country: bool,
    gravest: Exit,
}

impl Counts {
    /// Of what was gathered, before anything is asked.
    pub(super) fn new(gathered: &Gathered) -> Self {
        Self {
            found: 0,
            unknown: 0,
            refused: gathered.refused,
            unproved: 0,
            untrusted: 0,
            unanswered: 0,
            needs_country: gathered.needs_country,
            gravest: if gathered.refused == 0 { Exit::Success } else { Exit::Error },
        }
    }

    pub(super) fn count(&mut self, answer: &Answer) {
        let is_trusted = answer.is_trusted() || !show::is_judged(answer);
        let count = match answer.outcome {
            Outcome::Unknown => &mut self.unanswered,
            _ if !answer.proved => &mut self.unproved,
            _ if !is_trusted => &mut self.untrusted,
            Outcome::User(_) => &mut self.found,
            Outcome::NotInForce(_) | Outcome::Withdrawn | Outcome::Nobody => &mut self.unknown,
        };
        *count += 1;
        self.gravest = self.gravest.max(exit(answer));
    }

    /// What the program ends with.
    pub(super) fn gravest(&self) -> Exit {
        self.gravest
    }
}

/// In words, for people.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, unknown, refused, .. } = self;
        write!(f, "{found} found, {unknown} unknown, {refused} refused")?;
        for (count, what) in [
            (self.unproved, "not proved"),
            (self.untrusted, "not trusted"),
            (self.unanswered, "without an answer"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if self.needs_country {
            f.write_str("\nPhone numbers in national format are understood with --country CC.")?;
        }
        Ok(())
    }
}
