//! Address books: the identifiers that stand in them, each once, with the names of whose they are.
//!
//! Read are vCards (RFC 6350 and RFC 2426, and what telephones still write of vCard 2.1) and tables
//! (CSV). They come from programs of every age and from strangers: an entry that cannot be read is
//! told, with its line and the reason, and the others are read. Reading fails at a [limit](Limits), at a
//! file that is something else altogether, and at a quote that would take others' rows for one cell.
//!
//! Of a vCard TEL and EMAIL are read, and FN, N, NICKNAME or ORG for the name. TEL may be a `tel:` URI
//! (RFC 3966). A number with an extension is refused: an identifier is a whole number.
//!
//! Of a table those columns are read that its first row names as email addresses or phone numbers, as
//! exports of Google, Outlook and Thunderbird do; where no column is named so, every cell that looks
//! like an identifier. Values in one cell are separated by ` ::: `.
//!
//! ```
//! use threepid::stub::book::{Book, Limits};
//!
//! let mut book = Book::new(Some("GB".parse()?), Limits::default());
//! let cards = "BEGIN:VCARD\r\nFN:Bob\r\nTEL:07700 900124\r\nTEL:911-call-bob\r\nEND:VCARD\r\n";
//! let report = book.add_vcards(cards.as_bytes())?;
//! book.add_table(b"Name,Mobile\nRobert,+44 7700 900124\n")?;
//!
//! let [bob] = book.contacts() else { panic!("one number") };
//! assert_eq!(bob.threepid.to_string(), "+447700900124");
//! assert_eq!(bob.names, ["Bob", "Robert"]);
//! assert_eq!(report.refused[0].line, 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod card;
mod columns;
mod entry;
mod lines;
mod quotes;
mod table;
mod vcard;

use std::collections::HashMap;
use std::ops::ControlFlow;

use thiserror::Error;

use crate::threepid::{Country, Threepid};

use card::{Card, Value, shortened};
pub use entry::EntryError;
pub use quotes::TableFault;

/// How much is read. What people have is far below: these bound what a file can cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a file: 64 MiB. A card with a picture takes some 50 kB.
    pub octets: usize,
    /// Cards, and rows of tables, in all files together: 100,000.
    pub cards: usize,
    /// Values that may be identifiers, in all files together: 200,000. Each is a question to the
    /// resolver, or a line about why it is none.
    pub entries: usize,
    /// Octets of one property of a card: 8 KiB. No name or identifier comes near.
    pub property: usize,
    /// Names that are kept of an identifier: 16. A switchboard has many.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 64 << 20, cards: 100_000, entries: 200_000, property: 8 << 10, names: 16 }
    }
}

/// Why a file cannot be read as an address book.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BookError {
    /// It is longer than [`Limits::octets`].
    #[error("more than {0} octets: split it, or export it without pictures")]
    TooLong(usize),
    /// There are more cards than [`Limits::cards`].
    #[error("more than {0} cards or rows in all: look up fewer at a time")]
    TooManyCards(usize),
    /// There are more entries than [`Limits::entries`].
    #[error("more than {0} phone numbers and email addresses in all: look up fewer at a time")]
    TooManyEntries(usize),
    /// It is written in UTF-16, as spreadsheets do on request.
    #[error("it is in UTF-16: save it in UTF-8")]
    Utf16,
    /// There is no vCard in it.
    #[error("no vCard in it: one starts with BEGIN:VCARD")]
    NoCard,
    /// It is read as a table, and has vCards.
    #[error("vCards, not a table: read it as an address book of vCards")]
    Cards,
    /// It is no table: nobody can tell where its cells end.
    #[error("line {line}: {fault}")]
    Table {
        /// Where, from 1.
        line: u64,
        /// Why.
        fault: TableFault,
    },
}

/// An identifier, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The identifier.
    pub threepid: Threepid,
    /// As it was written where it stood first.
    pub written: String,
    /// The names of all that have it, each once, in the order in which they were read; at most
    /// [`Limits::names`]. They are as they were in the file: [control characters](char::is_control)
    /// may be among theirs.
    pub names: Vec<String>,
}

/// What was read in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many cards or rows there were.
    pub cards: usize,
    /// The names of the columns that were read; none where the table has no header that is understood.
    pub columns: Vec<String>,
    /// How many values were read as identifiers, or refused.
    pub entries: usize,
    /// The first line that is not in UTF-8, as of files in Latin-1: what is not has U+FFFD in names, and
    /// is refused as an identifier.
    pub not_utf8: Option<u64>,
    /// What could not be read as an identifier, in the order of the file.
    pub refused: Vec<Refused>,
}

/// Something in an address book that is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The line that it begins in, from 1.
    pub line: u64,
    /// What stands there, or its beginning; empty where it is not text.
    pub written: String,
    /// Whose it is, where the file says so.
    pub name: Option<String>,
    /// Why it is none.
    pub why: EntryError,
}

/// Identifiers from any number of address books, each once.
#[derive(Debug, Clone)]
pub struct Book {
    country: Option<Country>,
    limits: Limits,
    contacts: Vec<Contact>,
    /// Where in `contacts` an identifier is.
    places: HashMap<Threepid, usize>,
    cards: usize,
    entries: usize,
}

impl Book {
    /// An empty one. Phone numbers in national format are read in `country`.
    pub fn new(country: Option<Country>, limits: Limits) -> Self {
        let (contacts, places) = (Vec::new(), HashMap::new());
        Self { country, limits, contacts, places, cards: 0, entries: 0 }
    }

    /// Takes what stands in a file of vCards.
    ///
    /// # Errors
    /// Where there is none in it, or more than the limits allow; what stands before that is taken.
    pub fn add_vcards(&mut self, octets: &[u8]) -> Result<Report, BookError> {
        let mut report = self.report(octets)?;
        let limits = self.limits.clone();
        for card in vcard::read(octets, &limits)? {
            self.take(card, &mut report)?;
        }
        Ok(report)
    }

    /// Takes what stands in a table, with or without a header; its cells are told apart by commas,
    /// semicolons or tabs.
    ///
    /// # Errors
    /// Where there is more than the limits allow; what stands before that is taken. Where nobody can
    /// tell where its cells end; nothing is taken.
    pub fn add_table(&mut self, octets: &[u8]) -> Result<Report, BookError> {
        let mut report = self.report(octets)?;
        report.columns =
            table::read(octets, self.country, |card| match self.take(card, &mut report) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            })?;
        Ok(report)
    }

    /// Takes one identifier, as `written` by somebody, with the name of whose it is.
    ///
    /// # Errors
    /// [`BookError::TooManyEntries`].
    pub fn add(
        &mut self,
        threepid: Threepid,
        written: &str,
        name: Option<&str>,
    ) -> Result<(), BookError> {
        self.count()?;
        self.note(threepid, written, name);
        Ok(())
    }

    /// The identifiers, in the order in which they were first read.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The report of a file that nothing was taken from yet.
    fn report(&self, octets: &[u8]) -> Result<Report, BookError> {
        if octets.len() > self.limits.octets {
            return Err(BookError::TooLong(self.limits.octets));
        }
        if octets.starts_with(b"\xff\xfe") || octets.starts_with(b"\xfe\xff") {
            return Err(BookError::Utf16);
        }
        let not_utf8 = str::from_utf8(octets).err();
        let not_utf8 = not_utf8.map(|error| lines::number_at(octets, error.valid_up_to()));
        Ok(Report { not_utf8, ..Report::default() })
    }

    fn take(&mut self, card: Card, report: &mut Report) -> Result<(), BookError> {
        self.cards += 1;
        if self.cards > self.limits.cards {
            return Err(BookError::TooManyCards(self.limits.cards));
        }
        report.cards += 1;
        let Card { name, values } = card;
        for Value { line, field, text } in values {
            let written = text.as_deref().unwrap_or_default().trim().to_owned();
            let read = match text {
                Ok(text) => field.read(&text, self.country),
                Err(error) => Some(Err(error)),
            };
            let Some(read) = read else { continue };
            self.count()?;
            report.entries += 1;
            match read {
                Ok(threepid) => self.note(threepid, &written, name.as_deref()),
                Err(why) => {
                    let written = shortened(&written);
                    report.refused.push(Refused { line, written, name: name.clone(), why });
                }
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), BookError> {
        self.entries += 1;
        let most = self.limits.entries;
        if self.entries > most { Err(BookError::TooManyEntries(most)) } else { Ok(()) }
    }

    fn note(&mut self, threepid: Threepid, written: &str, name: Option<&str>) {
        let next = self.contacts.len();
        let place = *self.places.entry(threepid.clone()).or_insert(next);
        if place == next {
            self.contacts.push(Contact {
                threepid,
                written: written.to_owned(),
                names: Vec::new(),
            });
        }
        let names = &mut self.contacts[place].names;
        if let Some(name) = name.filter(|_| names.len() < self.limits.names)
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
