//! What a table tells, one record behind the other.
//!
//! ```text
//! 12 octets           the person
//! 16 octets           the key
//! u8                  1 where times follow, else 0
//! [u48 ms, u48 ms]    the first and the last moment at which it holds
//! u8 n, n octets      the user id
//! ```

use super::Key;
use super::slots::Place;
use super::table::{Listing, NoRoom, Person};
use crate::clock::Timestamp;

/// Octets of a chunk: a place has 16 bits for the chunk and 16 for what stands before it there.
const CHUNK: usize = 1 << 16;
/// The most chunks: 4 GiB.
const CHUNKS: usize = 1 << 16;

/// Octets of a person.
const PERSON: usize = 12;
/// Where the key ends.
const KEY_END: usize = PERSON + 16;
/// Octets of the times.
const TIMES: usize = 12;

/// Records in chunks of 64 KiB, so that nothing is moved when more come.
#[derive(Debug, Default)]
pub(super) struct Records {
    chunks: Vec<Vec<u8>>,
    /// How many octets are records, and how many of these nobody needs any more.
    octets: usize,
    dead: usize,
}

/// A record where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a>(&'a [u8]);

impl Records {
    /// Adds a record.
    pub(super) fn push(
        &mut self,
        person: &Person,
        key: &Key,
        listing: &Listing<'_>,
    ) -> Result<Place, NoRoom> {
        let times = listing.times.map(|(from, to)| [from, to].map(u48));
        let times = times.as_ref().map_or(&[][..], |times| times.as_flattened());
        let mxid = listing.mxid.as_bytes();
        let parts = [
            &person.0[..],
            &key.0,
            &[u8::from(!times.is_empty())],
            times,
            &[u8::try_from(mxid.len()).map_err(|_| NoRoom)?],
            mxid,
        ];
        let length = parts.iter().map(|part| part.len()).sum();
        let (chunk, octets) = self.open(length)?;
        let place = u32::try_from(chunk << 16 | octets.len()).map_err(|_| NoRoom)?;
        parts.iter().for_each(|part| octets.extend_from_slice(part));
        self.octets += length;
        Ok(Place(place))
    }

    /// The chunk that has so much room, and its number.
    fn open(&mut self, length: usize) -> Result<(usize, &mut Vec<u8>), NoRoom> {
        if self.chunks.last().is_none_or(|last| last.len() + length > CHUNK) {
            if self.chunks.len() == CHUNKS {
                return Err(NoRoom);
            }
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let number = self.chunks.len() - 1;
        Ok((number, &mut self.chunks[number]))
    }

    /// The record at a place.
    #[inline]
    pub(super) fn at(&self, place: Place) -> Record<'_> {
        let (chunk, offset) = (place.0 >> 16, place.0 & 0xffff);
        Record(&self.chunks[chunk as usize][offset as usize..])
    }

    /// Counts a record as one that nobody needs any more.
    pub(super) fn bury(&mut self, place: Place) {
        self.dead += self.at(place).len();
    }

    /// Whether more than a third of it is of no use.
    pub(super) fn is_wasteful(&self) -> bool {
        self.dead > CHUNK && self.dead * 3 > self.octets
    }

    /// What it takes in memory.
    pub(super) fn octets(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Vec::capacity).sum();
        chunks + self.chunks.capacity() * size_of::<Vec<u8>>()
    }
}

impl<'a> Record<'a> {
    pub(super) fn person(self) -> Person {
        Person(*self.0.first_chunk().expect("it begins with the person"))
    }

    #[inline]
    pub(super) fn key(self) -> Key {
        Key(self.0[PERSON..KEY_END].try_into().expect("a key has 16 octets"))
    }

    /// What it tells.
    #[inline]
    pub(super) fn listing(self) -> Listing<'a> {
        let (has_times, rest) = (self.0[KEY_END] == 1, &self.0[KEY_END + 1..]);
        let (times, rest) = rest.split_at(if has_times { TIMES } else { 0 });
        let times = has_times.then(|| (moment(&times[..6]), moment(&times[6..])));
        let mxid = &rest[1..1 + usize::from(rest[0])];
        let mxid = std::str::from_utf8(mxid).expect("user ids are text");
        Listing { mxid, times }
    }

    fn len(self) -> usize {
        let Listing { mxid, times } = self.listing();
        KEY_END + 2 + times.map_or(0, |_| TIMES) + mxid.len()
    }
}

fn u48(moment: Timestamp) -> [u8; 6] {
    let octets = moment.as_millis().min((1 << 48) - 1).to_be_bytes();
    *octets.last_chunk().expect("6 are less than 8")
}

fn moment(octets: &[u8]) -> Timestamp {
    let millis = octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
    Timestamp::from_millis(millis)
}
