//! A part of an index: chunks of octets, and a table of where each name is.
//!
//! ```text
//! u8 n, n octets    labels of the name below the apex
//! u64               number of the change
//! u32 n             octets of the records
//! u32 n, n octets   records and RRSIGs
//! ```

use super::Item;
use crate::wire::EncodedRef;

/// How many octets a chunk has, unless one name's take more.
const CHUNK: usize = 64 << 10;
/// A slot of the table that is free. No name is at the last octet of the last chunk.
const FREE: u64 = u64::MAX;
/// Bits of a slot that say where in its chunk a name is.
const OFFSET_BITS: u32 = 16;
/// Bits of a slot that say in which chunk.
const CHUNK_BITS: u32 = 24;
/// Bits of the hash that a slot has beside.
const TAG: u64 = FREE << (OFFSET_BITS + CHUNK_BITS);

/// Octets of a line of memory, which come together.
const LINE: usize = 64;
/// How many lines a name takes that has one association with one signature, about.
const LINES: usize = 6;

/// Labels and their hash.
pub(super) struct Keyed<'a> {
    pub(super) labels: &'a [u8],
    pub(super) hash: u64,
}

impl Keyed<'_> {
    /// In which shard the name is.
    pub(super) fn shard(&self) -> usize {
        (self.hash >> 56) as usize
    }
}

/// Where a name is: in which chunk, and behind how many octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    chunk: usize,
    offset: usize,
}

impl Position {
    fn of(slot: u64) -> Self {
        let chunk = (slot & !TAG) >> OFFSET_BITS;
        Self { chunk: chunk as usize, offset: (slot & ((1 << OFFSET_BITS) - 1)) as usize }
    }

    fn slot(self, hash: u64) -> u64 {
        tag(hash) | (self.chunk as u64) << OFFSET_BITS | self.offset as u64
    }
}

/// The bits of a hash that a slot has: not those that say in which slot it is.
fn tag(hash: u64) -> u64 {
    (hash << 8) & TAG
}

#[derive(Debug, Default)]
struct Chunk {
    octets: Vec<u8>,
    /// How many of them are of no use any more.
    dead: usize,
}

impl Chunk {
    fn is_wasteful(&self) -> bool {
        self.dead * 4 > self.octets.len()
    }
}

#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Found by hash and linear probing; at least a quarter is free. None where there were no names.
    slots: Vec<u64>,
    names: usize,
    chunks: Vec<Chunk>,
    /// The chunk that is being filled, once there is one.
    open: usize,
    /// Chunks without octets, which may be filled.
    empty: Vec<usize>,
    /// Chunks that may have become wasteful.
    doubtful: Vec<usize>,
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.names
    }

    pub(super) fn find(&self, keyed: &Keyed<'_>) -> Option<Item<'_>> {
        self.slot_of(keyed).map(|slot| self.item(Position::of(self.slots[slot])))
    }

    /// How many octets the chunks have.
    #[cfg(test)]
    pub(super) fn octets(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.octets.len()).sum()
    }

    /// Goes through all names, in no order.
    pub(super) fn each(&self, show: &mut impl FnMut(Item<'_>)) {
        for slot in self.slots.iter().filter(|slot| **slot != FREE) {
            show(self.item(Position::of(*slot)));
        }
    }

    /// Puts `set` in place of what the name has. `hash` is that of other names' labels.
    pub(super) fn put(
        &mut self,
        keyed: &Keyed<'_>,
        sequence: u64,
        set: EncodedRef<'_>,
        hash: &impl Fn(&[u8]) -> u64,
    ) {
        match self.slot_of(keyed) {
            None => {
                self.make_room(hash);
                let position = self.append(keyed.labels, sequence, set);
                self.insert(keyed.hash, position);
                self.names += 1;
            }
            Some(slot) => {
                let position = Position::of(self.slots[slot]);
                if self.item(position).set.octets().len() == set.octets().len() {
                    let octets = &mut self.chunks[position.chunk].octets[position.offset..];
                    write(octets, keyed.labels, sequence, set);
                    return;
                }
                self.bury(position);
                self.slots[slot] = self.append(keyed.labels, sequence, set).slot(keyed.hash);
            }
        }
        self.tidy(hash);
    }

    pub(super) fn remove(&mut self, keyed: &Keyed<'_>, hash: &impl Fn(&[u8]) -> u64) {
        let Some(slot) = self.slot_of(keyed) else { return };
        self.bury(Position::of(self.slots[slot]));
        self.names -= 1;
        self.slots[slot] = FREE;
        // Those that follow may have been put there because others stood in their way.
        let mut next = self.after(slot);
        while self.slots[next] != FREE {
            let moved = std::mem::replace(&mut self.slots[next], FREE);
            let position = Position::of(moved);
            self.insert(hash(self.item(position).labels), position);
            next = self.after(next);
        }
        self.tidy(hash);
    }

    /// Reads the slot where a name of this hash is looked for first.
    pub(super) fn slot_near(&self, hash: u64) -> u64 {
        self.home(hash).map_or(FREE, |slot| self.slots[slot])
    }

    /// Reads an octet in each line of memory of what seems to be a name of this hash; gives them all in one.
    pub(super) fn item_near(&self, hash: u64) -> Option<u8> {
        let mut slot = self.home(hash)?;
        while self.slots[slot] & TAG != tag(hash) {
            if self.slots[slot] == FREE {
                return None;
            }
            slot = self.after(slot);
        }
        let Position { chunk, offset } = Position::of(self.slots[slot]);
        let octets = self.chunks[chunk].octets.get(offset..)?;
        octets.iter().step_by(LINE).take(LINES).copied().reduce(|all, octet| all ^ octet)
    }

    /// The slot of a name that is here.
    fn slot_of(&self, keyed: &Keyed<'_>) -> Option<usize> {
        let mut slot = self.home(keyed.hash)?;
        while self.slots[slot] != FREE {
            let found = self.slots[slot];
            if found & TAG == tag(keyed.hash)
                && self.item(Position::of(found)).labels == keyed.labels
            {
                return Some(slot);
            }
            slot = self.after(slot);
        }
        None
    }

    /// Where a name of this hash is looked for first.
    #[expect(clippy::cast_possible_truncation, reason = "what is masked fits")]
    fn home(&self, hash: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)? as u64;
        Some((hash & mask) as usize)
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }

    /// Notes where a name is that has no slot.
    fn insert(&mut self, hash: u64, position: Position) {
        let mut slot = self.home(hash).expect("room was made");
        while self.slots[slot] != FREE {
            slot = self.after(slot);
        }
        self.slots[slot] = position.slot(hash);
    }

    /// Sees that a quarter of the table is free after one more name.
    fn make_room(&mut self, hash: &impl Fn(&[u8]) -> u64) {
        if (self.names + 1) * 4 <= self.slots.len() * 3 {
            return;
        }
        let doubled = vec![FREE; (self.slots.len() * 2).max(8)];
        let old = std::mem::replace(&mut self.slots, doubled);
        for slot in old.into_iter().filter(|slot| *slot != FREE) {
            let position = Position::of(slot);
            self.insert(hash(self.item(position).labels), position);
        }
    }

    /// What is at a position. What this shard notes was written by it, and is whole.
    fn item(&self, position: Position) -> Item<'_> {
        read(&self.chunks[position.chunk].octets[position.offset..])
    }

    /// Writes a name behind the others.
    fn append(&mut self, labels: &[u8], sequence: u64, set: EncodedRef<'_>) -> Position {
        let length = 1 + labels.len() + HEAD + set.octets().len();
        let fits = |chunk: &Chunk| chunk.octets.len() + length <= CHUNK;
        if !self.chunks.get(self.open).is_some_and(fits) {
            self.doubtful.push(self.open);
            self.open = self.empty.pop().unwrap_or_else(|| {
                self.chunks.push(Chunk::default());
                self.chunks.len() - 1
            });
        }
        let octets = &mut self.chunks[self.open].octets;
        let offset = octets.len();
        if offset == 0 {
            // One that grows by and by leaves holes behind, and ends larger than it has to be.
            octets.reserve_exact(CHUNK.max(length));
        }
        octets.resize(offset + length, 0);
        write(&mut octets[offset..], labels, sequence, set);
        Position { chunk: self.open, offset }
    }

    /// Nobody needs what is at a position any more.
    fn bury(&mut self, position: Position) {
        let length = length(&self.item(position));
        self.chunks[position.chunk].dead += length;
        self.doubtful.push(position.chunk);
    }

    /// Empties chunks that have become wasteful.
    fn tidy(&mut self, hash: &impl Fn(&[u8]) -> u64) {
        while let Some(number) = self.doubtful.pop() {
            if number != self.open && self.chunks.get(number).is_some_and(Chunk::is_wasteful) {
                self.clear(number, hash);
            }
        }
    }

    /// Moves to other chunks what is of use in this one.
    fn clear(&mut self, number: usize, hash: &impl Fn(&[u8]) -> u64) {
        let chunk = std::mem::take(&mut self.chunks[number]);
        let mut offset = 0;
        while offset < chunk.octets.len() {
            let item = read(&chunk.octets[offset..]);
            let hash = hash(item.labels);
            let old = Position { chunk: number, offset }.slot(hash);
            if let Some(slot) = self.slot_that_says(old, hash) {
                let position = self.append(item.labels, item.sequence, item.set);
                self.slots[slot] = position.slot(hash);
            }
            offset += length(&item);
        }
        self.empty.push(number);
    }

    fn slot_that_says(&self, wanted: u64, hash: u64) -> Option<usize> {
        let mut slot = self.home(hash)?;
        while self.slots[slot] != FREE {
            if self.slots[slot] == wanted {
                return Some(slot);
            }
            slot = self.after(slot);
        }
        None
    }
}

/// Octets of a name between its labels and its records.
const HEAD: usize = 8 + 4 + 4;

/// How many octets a name takes.
fn length(item: &Item<'_>) -> usize {
    1 + item.labels.len() + HEAD + item.set.octets().len()
}

/// Writes a name at the start of `out`, which is long enough.
fn write(out: &mut [u8], labels: &[u8], sequence: u64, set: EncodedRef<'_>) {
    let octets = set.octets();
    out[0] = u8::try_from(labels.len()).expect("a name has 255 octets at most");
    let (name, rest) = out[1..].split_at_mut(labels.len());
    name.copy_from_slice(labels);
    let number = |length: usize| u32::try_from(length).expect("RRsets are far below 4 GiB");
    rest[..8].copy_from_slice(&sequence.to_be_bytes());
    rest[8..12].copy_from_slice(&number(set.unsigned_length()).to_be_bytes());
    rest[12..HEAD].copy_from_slice(&number(octets.len()).to_be_bytes());
    rest[HEAD..HEAD + octets.len()].copy_from_slice(octets);
}

/// Reads the name at the start of `octets`, which [`write`] wrote.
fn read(octets: &[u8]) -> Item<'_> {
    let (labels, rest) = octets[1..].split_at(usize::from(octets[0]));
    let (head, rest) = rest.split_first_chunk::<HEAD>().expect("a head follows the labels");
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *head;
    let sequence = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let unsigned = u32::from_be_bytes([i, j, k, l]) as usize;
    let length = u32::from_be_bytes([m, n, o, p]) as usize;
    Item { labels, sequence, set: EncodedRef::new(&rest[..length], unsigned) }
}
