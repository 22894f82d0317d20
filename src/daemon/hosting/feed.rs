//! Changes of the store, made ready to be served one after the other.

use std::num::NonZeroUsize;
use std::thread;

use crate::authority::{Authority, Kept};
use crate::clock::Timestamp;
use crate::store::{Changes, Entry, Held, Sequence, Signed, Store, StoreError};
use crate::wire::{Name, Rdata};
use crate::zone::SearchName;

/// How many changes are taken at once: with two cores they are signed in a fiftieth of a second.
const STEP: usize = 2048;
/// For fewer signatures than this a second thread is not worth it.
const WORTH_A_THREAD: usize = 32;

/// What came of some changes.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The last of them.
    pub(super) last: Sequence,
    /// Whether there may be more.
    pub(super) is_full: bool,
    /// What was signed.
    pub(super) signed: Vec<Signed>,
    /// The last change of each zone that has any.
    pub(super) zones: Vec<(Name, Sequence)>,
    /// The changes that are damaged: what was served before them is served on.
    pub(super) skipped: Vec<Sequence>,
}

/// Serves the next changes behind `last` from the zones of `authority`.
pub(super) fn step(
    store: &Store,
    authority: &Authority,
    last: Sequence,
    now: Timestamp,
) -> Result<Step, StoreError> {
    let Changes { entries, skipped, last, is_full } = store.snapshot()?.next_since(last, STEP)?;
    let mut step = Step { last, is_full, skipped, ..Step::default() };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = entries.len().div_ceil(threads).max(WORTH_A_THREAD);
    thread::scope(|scope| {
        let mut shares = entries.chunks(share);
        let first = shares.next().unwrap_or_default();
        let others: Vec<_> =
            shares.map(|some| scope.spawn(move || serve(authority, some, now))).collect();
        step.add(serve(authority, first, now));
        for other in others {
            step.add(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    Ok(step)
}

impl Step {
    fn add(&mut self, (signed, changed): (Vec<Signed>, Vec<(Name, Sequence)>)) {
        self.signed.extend(signed);
        for (zone, sequence) in changed {
            match self.zones.iter_mut().find(|(known, _)| *known == zone) {
                Some((_, last)) => *last = sequence.max(*last),
                None => self.zones.push((zone, sequence)),
            }
        }
    }
}

/// Serves what has changed. Gives what was signed, and the last change of each zone.
fn serve(
    authority: &Authority,
    entries: &[Entry],
    now: Timestamp,
) -> (Vec<Signed>, Vec<(Name, Sequence)>) {
    let (mut signed, mut buffer) = (Vec::new(), Vec::new());
    let mut changed: Vec<(usize, Name, Sequence)> = Vec::new();
    for entry in entries {
        let name = SearchName::of(&entry.name);
        let Some((place, zone)) = authority.keeper(&name) else { continue };
        let Some(index) = zone.index() else { continue };
        match changed.iter_mut().find(|(known, ..)| *known == place) {
            Some((.., last)) => *last = entry.sequence,
            None => changed.push((place, zone.apex().clone(), entry.sequence)),
        }
        let sequence = entry.sequence;
        let (Held::Statement(kept), false) = (&entry.held, entry.is_away) else {
            index.remove(name.wire(), sequence.0);
            continue;
        };
        let rrsigs = entry.rrsigs.iter().map(Rdata::octets);
        let rdata = kept.rdata.octets();
        let kept = Kept { owner: name.wire(), sequence: sequence.0, rdata, rrsigs };
        if let Some(rrsigs) = zone.hold(index, &kept, now, &mut buffer) {
            signed.push(Signed { name: entry.name.clone(), sequence, rrsigs });
        }
    }
    (signed, changed.into_iter().map(|(_, zone, last)| (zone, last)).collect())
}
