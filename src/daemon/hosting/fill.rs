//! All that a store holds for the zones, made ready to be served.
//!
//! It is read in canonical order by one thread at a time, and made ready by all: signatures that were
//! kept are taken as they are, what has none is signed. Whatever was signed is kept, some thousands at a time,
//! under a new snapshot each: one that is held while much is written makes the file grow.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use crate::authority::{Authority, Kept, ServedZone, Standing};
use crate::clock::Timestamp;
use crate::store::{
    OwnerBuffer, Pending, Position, Row, Rows, Rrsigs, Scan, Sequence, Signed, Store, StoreError,
    ZoneState,
};
use crate::wire::Name;
use crate::zone::SearchName;

/// How many names a thread takes at once.
const ROWS: usize = 512;
/// After how many signatures those are kept, and a new snapshot is taken.
const LEG: usize = 16_384;
/// The most threads: more would wait for the one that reads.
const THREADS: usize = 8;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// Every change up to this is in.
    pub(super) last: Sequence,
    /// How many names are served, and how many of them were signed.
    pub(super) names: u64,
    pub(super) signed: u64,
    /// How many records are damaged: what was served before them is served on.
    pub(super) damaged: u64,
    /// How many names lie in none of the zones, nor below what they delegate.
    pub(super) stray: u64,
    /// For each zone what the store knew of it, and whether there were changes since.
    pub(super) known: Vec<(Option<ZoneState>, bool)>,
}

/// Makes ready what `store` holds for the zones of `authority`. What is there already of the same change
/// stays.
pub(super) fn fill(
    store: &Store,
    authority: &Authority,
    now: Timestamp,
) -> Result<Filled, StoreError> {
    let snapshot = store.snapshot()?;
    let zones = authority.zones().map(|zone| {
        let known = snapshot.zone(zone.apex())?;
        Ok(Zone { known, is_changed: AtomicBool::new(false), is_trusted: OnceLock::new() })
    });
    let filler = Filler {
        authority,
        now,
        zones: zones.collect::<Result<_, StoreError>>()?,
        names: AtomicU64::new(0),
        damaged: AtomicU64::new(0),
        stray: AtomicU64::new(0),
    };
    let last = snapshot.last()?;
    drop(snapshot);
    let signed = filler.run(store)?;
    let known = filler.zones.into_iter();
    Ok(Filled {
        last,
        names: filler.names.into_inner(),
        signed,
        damaged: filler.damaged.into_inner(),
        stray: filler.stray.into_inner(),
        known: known.map(|zone| (zone.known, zone.is_changed.into_inner())).collect(),
    })
}

/// What is found out about one zone on the way.
struct Zone {
    known: Option<ZoneState>,
    is_changed: AtomicBool,
    /// Whether signatures that were kept are by the keys that they say.
    is_trusted: OnceLock<bool>,
}

struct Filler<'a> {
    authority: &'a Authority,
    now: Timestamp,
    zones: Vec<Zone>,
    names: AtomicU64,
    damaged: AtomicU64,
    stray: AtomicU64,
}

/// How far the reading is.
struct Reading {
    scan: Scan,
    position: Position,
    is_over: bool,
}

/// What one thread has at hand.
#[derive(Default)]
struct Desk {
    rows: Rows,
    owner: OwnerBuffer,
    encoded: Vec<u8>,
    signed: Vec<Signed>,
}

impl Filler<'_> {
    /// Goes through the whole store. Tells how many were signed.
    fn run(&self, store: &Store) -> Result<u64, StoreError> {
        let (mut position, mut total, mut waiting) = (Position::default(), 0, None);
        loop {
            let scan = store.snapshot()?.scan(&position)?;
            let reading = Mutex::new(Reading { scan, position, is_over: false });
            let signed = self.leg(&reading)?;
            let reading = reading.into_inner().unwrap_or_else(PoisonError::into_inner);
            let is_over = reading.is_over;
            position = reading.position;
            drop(reading.scan);
            total += signed.len() as u64;
            // They go to disk while the next ones are made.
            waiting.take().map(Pending::wait).transpose()?;
            if !signed.is_empty() {
                waiting = Some(store.submit_signed(signed)?);
            }
            if is_over {
                waiting.map(Pending::wait).transpose()?;
                return Ok(total);
            }
        }
    }

    /// Goes on until there are enough new signatures, or to the end. Gives the signatures.
    fn leg(&self, reading: &Mutex<Reading>) -> Result<Vec<Signed>, StoreError> {
        let made = AtomicU64::new(0);
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(THREADS);
        thread::scope(|scope| {
            let workers: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| self.work(reading, &made))).collect();
            let mut signed = Vec::new();
            for worker in workers {
                let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                signed.append(&mut done?);
            }
            Ok(signed)
        })
    }

    fn work(&self, reading: &Mutex<Reading>, made: &AtomicU64) -> Result<Vec<Signed>, StoreError> {
        let mut desk = Desk::default();
        while made.load(Ordering::Relaxed) < LEG as u64 && take(reading, &mut desk.rows)? {
            let before = desk.signed.len();
            let rows = std::mem::take(&mut desk.rows);
            for row in rows.iter() {
                match self.take_in(&row, &mut desk) {
                    Err(StoreError::Damaged(_)) => {
                        self.damaged.fetch_add(1, Ordering::Relaxed);
                    }
                    other => other?,
                }
            }
            desk.rows = rows;
            made.fetch_add((desk.signed.len() - before) as u64, Ordering::Relaxed);
        }
        Ok(desk.signed)
    }

    /// Serves what a row holds, if it is in one of the zones.
    fn take_in(&self, row: &Row<'_>, desk: &mut Desk) -> Result<(), StoreError> {
        let owner = row.owner(&mut desk.owner)?;
        let Ok(name) = SearchName::new(owner) else { return Ok(()) };
        let Some((place, zone)) = self.authority.keeper(&name) else {
            let is_stray = !self.authority.encloses(&name);
            self.stray.fetch_add(u64::from(is_stray), Ordering::Relaxed);
            return Ok(());
        };
        let Some(index) = zone.index() else { return Ok(()) };
        let (sequence, held) = row.held()?;
        let about = &self.zones[place];
        if about.known.as_ref().is_some_and(|known| known.sequence < sequence) {
            about.is_changed.store(true, Ordering::Relaxed);
        }
        let Some((rdata, rrsigs)) = held else {
            index.remove(owner, sequence.0);
            return Ok(());
        };
        self.names.fetch_add(1, Ordering::Relaxed);
        if index.sequence(owner) == Some(sequence.0) {
            return Ok(());
        }
        let kept = Kept { owner, sequence: sequence.0, rdata, rrsigs };
        let rrsigs = if self.is_trusted(about, zone, &kept) { rrsigs } else { Rrsigs::default() };
        let made = zone.hold(index, &Kept { rrsigs, ..kept }, self.now, &mut desk.encoded);
        if let Some(rrsigs) = made {
            let name = Name::from_wire(owner).map_or_else(|_| Name::root(), |(name, _)| name);
            desk.signed.push(Signed { name, sequence, rrsigs });
        }
        Ok(())
    }

    /// Whether signatures that were kept for a zone can be served. The keys are known by a number of 16
    /// bits, which another key may have: so the first signature is verified.
    fn is_trusted(&self, about: &Zone, zone: &ServedZone, kept: &Kept<'_, Rrsigs<'_>>) -> bool {
        let Kept { owner, rdata, rrsigs, .. } = *kept;
        zone.standing(owner, rrsigs, self.now) != Standing::Void
            && *about.is_trusted.get_or_init(|| zone.made_one_of(owner, rdata, rrsigs, self.now))
    }
}

/// Takes the next rows; tells whether there are any.
fn take(reading: &Mutex<Reading>, rows: &mut Rows) -> Result<bool, StoreError> {
    let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
    if reading.is_over {
        return Ok(false);
    }
    reading.scan.next(ROWS, rows)?;
    match rows.end() {
        Some(end) => reading.position = end,
        None => reading.is_over = true,
    }
    Ok(!reading.is_over)
}
