//! The table of one pepper.

use super::Key;
use super::records::Records;
use super::slots::{Place, Slots};
use crate::clock::Timestamp;
use crate::crypto::sha256;

/// How many keys are looked up side by side: what they need comes from memory at the same time.
const SIDE_BY_SIDE: usize = 16;

/// For whom a table tells something, whatever the pepper: what is left of a name in the tree without the
/// apex. The same address has the same in every tree, and it is known where the address is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(pub(super) [u8; 12]);

impl Person {
    /// The person whose name has these labels below the apex, in lower-case wire form.
    pub fn of(labels: &[u8]) -> Self {
        Self(*sha256(labels).first_chunk().expect("12 are less than 32"))
    }

    fn hash(&self) -> u64 {
        u64::from_be_bytes(*self.0.first_chunk().expect("8 are less than 12"))
    }
}

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing<'a> {
    /// The user.
    pub mxid: &'a str,
    /// The first and the last moment at which it holds; without, it holds for as long as a process lives.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl<'a> Listing<'a> {
    /// The user at this moment.
    fn user(self, now: Timestamp) -> Option<&'a str> {
        let holds = self.times.is_none_or(|(first, last)| (first..=last).contains(&now));
        holds.then_some(self.mxid)
    }
}

/// A table has no room for more; a [roomier](Table::roomier) one may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for another association")]
pub struct NoRoom;

/// The users of addresses, by the hashes of these.
///
/// It allocates nothing for one association. A million with user ids of 25 octets take 82 MB: 55
/// octets for a record of the person, the key and the user id, 12 in each of two tables, by key and by
/// person, of which a third is free. There is room for 4 GiB of records, some 75 million.
///
/// It does not grow by itself, which would have those wait who read. Whoever writes to it makes a
/// [roomier](Self::roomier) one of it while others read it, and puts that in its place.
#[derive(Debug)]
pub struct Table {
    records: Records,
    by_key: Slots,
    by_person: Slots,
    people: usize,
    room: usize,
}

impl Table {
    /// A table of nobody, with room for so many.
    pub fn with_room(room: usize) -> Self {
        Self {
            records: Records::default(),
            by_key: Slots::with_room(room),
            by_person: Slots::with_room(room),
            people: 0,
            room,
        }
    }

    /// How many people are in it.
    pub fn len(&self) -> usize {
        self.people
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.people == 0
    }

    /// What it takes in memory, in octets.
    pub fn octets(&self) -> usize {
        self.records.octets() + self.by_key.octets() + self.by_person.octets()
    }

    /// Whether a [roomier](Self::roomier) one should take its place before so many more come: it has no room
    /// for them, or takes more than it needs.
    pub fn is_tight(&self, more: usize) -> bool {
        self.people + more > self.room || self.records.is_wasteful()
    }

    /// The same with room for a quarter more, and some thousand.
    pub fn roomier(&self) -> Self {
        let mut table = Self::with_room(self.people + self.people / 4 + 4096);
        for place in self.by_key.places() {
            let record = self.records.at(place);
            let put = table.put(&record.person(), &record.key(), &record.listing());
            put.expect("what has room in a table has room in a greater one");
        }
        table
    }

    /// Lists a person, in place of what was listed before.
    ///
    /// # Errors
    /// [`NoRoom`]; then the person is not in it.
    pub fn put(&mut self, person: &Person, key: &Key, listing: &Listing<'_>) -> Result<(), NoRoom> {
        self.remove(person);
        if self.people == self.room {
            return Err(NoRoom);
        }
        let place = self.records.push(person, key, listing)?;
        self.by_key.insert(key.hash(), place);
        self.by_person.insert(person.hash(), place);
        self.people += 1;
        Ok(())
    }

    /// Lists a person no more.
    pub fn remove(&mut self, person: &Person) {
        let probe = self.by_person.probe(person.hash());
        let is_it = |place| self.records.at(place).person() == *person;
        let Some(place) = self.by_person.find(probe, is_it) else { return };
        let records = &self.records;
        self.by_person.remove(probe, place, |other| records.at(other).person().hash());
        let probe = self.by_key.probe(records.at(place).key().hash());
        self.by_key.remove(probe, place, |other| records.at(other).key().hash());
        self.records.bury(place);
        self.people -= 1;
    }

    /// Whose the address with this key is.
    pub fn find(&self, key: &Key, now: Timestamp) -> Option<&str> {
        self.records.at(self.place(key)?).listing().user(now)
    }

    /// Shows whose the addresses with these keys are: the number of the key, and the user. Of the same key,
    /// though it is there several times, one is shown.
    pub fn find_all<'t>(
        &'t self,
        keys: &[Key],
        now: Timestamp,
        mut show: impl FnMut(usize, &'t str),
    ) {
        let mut found = Vec::with_capacity(keys.len());
        for (nth, some) in keys.chunks(SIDE_BY_SIDE).enumerate() {
            let places = self.side_by_side(some).into_iter().enumerate();
            let numbered =
                |(at, place): (usize, Option<_>)| Some((place?, nth * SIDE_BY_SIDE + at));
            found.extend(places.filter_map(numbered));
        }
        found.sort_unstable();
        found.dedup_by_key(|(place, _)| *place);
        for (place, number) in found {
            if let Some(user) = self.records.at(place).listing().user(now) {
                show(number, user);
            }
        }
    }

    /// The places of the records with these keys. No step of a loop waits for memory that another one
    /// needs.
    fn side_by_side(&self, keys: &[Key]) -> [Option<Place>; SIDE_BY_SIDE] {
        let mut first = [0; SIDE_BY_SIDE];
        for (first, key) in first.iter_mut().zip(keys) {
            *first = self.by_key.first(self.by_key.probe(key.hash()));
        }
        let mut places = [None; SIDE_BY_SIDE];
        for ((place, first), key) in places.iter_mut().zip(first).zip(keys) {
            *place = self.by_key.tagged(self.by_key.probe(key.hash()), first);
        }
        let held = places.map(|place| Some(self.records.at(place?).key()));
        for ((place, held), key) in places.iter_mut().zip(held).zip(keys) {
            if held.is_some_and(|held| held != *key) {
                *place = self.place(key);
            }
        }
        places
    }

    fn place(&self, key: &Key) -> Option<Place> {
        let is_it = |place| self.records.at(place).key() == *key;
        self.by_key.find(self.by_key.probe(key.hash()), is_it)
    }
}
