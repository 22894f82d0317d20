//! `threepid store import`.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::clock::{Clock, SystemClock};
use crate::store::{
    Change, LineError, MAX_LINE, Outcome, Pending, Policy, RESTORED, Refusal, Store, StoreError,
};
use crate::wire::Name;

use super::super::arguments::StoreImport;
use super::super::output;
use super::super::progress::Progress;
use super::{Exit, fail};

/// How many lines are sent to the store at once, while the next ones are read.
const TOGETHER: usize = 1024;

/// Takes lines into a store, and tells what came of them.
pub(crate) fn import(arguments: &StoreImport) -> Exit {
    let (input, progress) = match open(&arguments.file) {
        Ok(opened) => opened,
        Err(error) => {
            let file = arguments.file.display();
            return output::fail(format_args!("cannot read {file}: {error}"));
        }
    };
    let policy = Policy { keep_addresses: arguments.keep_addresses, ..Policy::default() };
    let store = match Store::open(&arguments.store, policy) {
        Ok(store) => store,
        Err(error) => return fail(&arguments.store, error),
    };
    if store.is_restored() {
        output::tell(format_args!(
            "{} is restored from a backup: {RESTORED}",
            arguments.store.display()
        ));
    }
    if let Err(exit) = arguments.apex.as_ref().map_or(Ok(()), |apex| check_tree(&store, apex)) {
        return exit;
    }
    let mut import = Import {
        file: &arguments.file,
        apex: arguments.apex.as_ref(),
        store,
        progress,
        counts: Counts::default(),
        waiting: None,
    };
    let ended = import.run(input);
    let Import { counts, progress, .. } = import;
    drop(progress);
    output::print(format_args!("{counts}\n"));
    match ended {
        Ok(()) if counts.malformed + counts.refused == 0 => Exit::Success,
        Ok(()) => Exit::Flawed,
        Err(Stopped::Input(error)) => fail(&arguments.file, error),
        Err(Stopped::Store(error)) => fail(&arguments.store, error),
    }
}

/// Sees that one of the zones that the store was served for is in the tree that is meant.
fn check_tree(store: &Store, apex: &Name) -> Result<(), Exit> {
    let zones = store.snapshot().and_then(|snapshot| snapshot.zones());
    let zones = zones.map_err(output::fail)?;
    if zones.is_empty() || zones.iter().any(|zone| zone.is_at_or_below(apex)) {
        return Ok(());
    }
    let zones: Vec<String> = zones.iter().map(Name::to_string).collect();
    output::fail(format_args!(
        "--apex: the store was served for {}, and none of it is in the tree {apex}",
        zones.join(", ")
    ));
    Err(Exit::Usage)
}

/// What lines come from, and how far it is.
fn open(file: &Path) -> io::Result<(Box<dyn BufRead>, Progress)> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), Progress::octets(None)));
    }
    let opened = File::open(file)?;
    let about = opened.metadata()?;
    let progress = Progress::octets(about.is_file().then_some(about.len()));
    Ok((Box::new(BufReader::new(opened)), progress))
}

/// What came of the lines.
#[derive(Debug, Default)]
struct Counts {
    accepted: u64,
    merged: u64,
    unchanged: u64,
    older: u64,
    refused: u64,
    malformed: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, merged, unchanged, older, refused, malformed } = self;
        write!(
            f,
            "{accepted} accepted, {merged} merged, {unchanged} unchanged, {older} older, \
             {refused} refused, {malformed} malformed"
        )
    }
}

/// Why an import ends early.
enum Stopped {
    Input(io::Error),
    Store(StoreError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Import<'a> {
    file: &'a Path,
    apex: Option<&'a Name>,
    store: Store,
    progress: Progress,
    counts: Counts,
    /// What was sent last, and the numbers of its lines.
    waiting: Option<(Vec<u64>, Pending)>,
}

impl Import<'_> {
    fn run(&mut self, mut input: impl BufRead) -> Result<(), Stopped> {
        let (mut line, mut number) = (Vec::new(), 0);
        let (mut numbers, mut changes) = (Vec::new(), Vec::new());
        while read_line(&mut input, &mut line, &self.progress)? {
            number += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            match Change::from_line(&line, self.apex) {
                Ok(change) => {
                    numbers.push(number);
                    changes.push(change);
                }
                Err(error) => {
                    self.counts.malformed += 1;
                    let hint = if error == LineError::NoTree { ", by --apex" } else { "" };
                    self.tell(number, format_args!("{error}{hint}"));
                }
            }
            if changes.len() == TOGETHER {
                self.send(std::mem::take(&mut numbers), std::mem::take(&mut changes))?;
            }
        }
        self.send(numbers, changes)?;
        self.settle()
    }

    /// Sends changes to the store, once those before are there.
    fn send(&mut self, numbers: Vec<u64>, changes: Vec<Change>) -> Result<(), Stopped> {
        let pending = self.store.submit(changes, SystemClock.now())?;
        self.settle()?;
        self.waiting = Some((numbers, pending));
        Ok(())
    }

    /// Counts what came of the changes that were sent last.
    fn settle(&mut self) -> Result<(), Stopped> {
        let Some((numbers, pending)) = self.waiting.take() else { return Ok(()) };
        for (number, outcome) in numbers.into_iter().zip(pending.wait()?) {
            let count = match outcome {
                Outcome::Stored(_) => &mut self.counts.accepted,
                Outcome::Merged(_) => &mut self.counts.merged,
                Outcome::Unchanged => &mut self.counts.unchanged,
                Outcome::Refused(Refusal::Older) => &mut self.counts.older,
                Outcome::Refused(_) => &mut self.counts.refused,
            };
            *count += 1;
            if let Outcome::Refused(why) = outcome {
                self.tell(number, why);
            }
        }
        Ok(())
    }

    fn tell(&self, number: u64, what: impl fmt::Display) {
        self.progress.tell(format_args!("{}:{number}: {what}", self.file.display()));
    }
}

/// Reads the next line without its end; of one that is too long, as much as shows that it is. Tells whether
/// there was one.
fn read_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    progress: &Progress,
) -> io::Result<bool> {
    line.clear();
    let most = u64::try_from(MAX_LINE).expect("a small number") + 1;
    let mut taken = input.by_ref().take(most).read_until(b'\n', line)?;
    let found = taken > 0;
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() > MAX_LINE {
        taken += input.skip_until(b'\n')?;
    }
    progress.add(u64::try_from(taken).unwrap_or(u64::MAX));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_take_no_memory() {
        let text = format!("one\n\n{}\nthree", "x".repeat(100_000));
        let (mut input, mut line) = (text.as_bytes(), Vec::new());
        let progress = Progress::octets(None);
        let mut lengths = Vec::new();
        while read_line(&mut input, &mut line, &progress).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [3, 0, MAX_LINE + 1, 5]);
    }
}
