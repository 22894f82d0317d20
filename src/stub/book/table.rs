//! Tables: text whose lines are rows, and whose cells are told apart by commas, semicolons or tabs
//! (RFC 4180, and what spreadsheets make of it).

use std::ops::ControlFlow;

use csv::{ByteRecord, ReaderBuilder};

use super::card::{Card, Value};
use super::columns::Columns;
use super::entry::{EntryError, Field};
use super::{BookError, quotes};
use crate::threepid::Country;

/// What stands between the values of one cell, in tables that Google writes.
const SEPARATOR: &str = ":::";

/// What a vCard starts with.
const BEGIN: &[u8] = b"BEGIN:VCARD";

/// Gives the rows of a table one by one, until told to break. The answer tells the names of the
/// columns that are read; it is empty where the first row names none, and every cell is read that looks
/// like an identifier.
pub(super) fn read(
    octets: &[u8],
    country: Option<Country>,
    mut take: impl FnMut(Card) -> ControlFlow<BookError>,
) -> Result<Vec<String>, BookError> {
    let octets = octets.strip_prefix("\u{feff}".as_bytes()).unwrap_or(octets);
    let delimiter = delimiter(octets);
    if is_card(octets) {
        return Err(BookError::Cards);
    }
    quotes::check(octets, delimiter)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(octets);
    let mut record = ByteRecord::new();
    let mut place = Place { octets, at: 0, line: 1 };
    let mut columns = None;
    let mut names = Vec::new();
    let mut is_first = true;
    while reader.read_byte_record(&mut record).expect("memory is read, and rows of any length") {
        let cells: Vec<&[u8]> = record.iter().collect();
        if std::mem::take(&mut is_first) {
            columns = header(&cells, country);
            if let Some(columns) = &columns {
                names = columns.names(&cells);
                continue;
            }
        }
        let line = place.line_of(&record);
        let card = match &columns {
            Some(columns) => named(columns, &cells, line),
            None => nameless(&cells, line, country),
        };
        if let ControlFlow::Break(error) = take(card) {
            return Err(error);
        }
    }
    Ok(names)
}

/// Whether vCards begin here.
fn is_card(octets: &[u8]) -> bool {
    let octets = octets.trim_ascii_start();
    octets.get(..BEGIN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEGIN))
}

/// How far a table is read.
struct Place<'a> {
    octets: &'a [u8],
    at: usize,
    line: u64,
}

impl Place<'_> {
    /// The line that a later row begins in. The reader takes what ends a row, and empty lines behind it,
    /// for the beginning of the next.
    fn line_of(&mut self, row: &ByteRecord) -> u64 {
        let start = row.position().and_then(|position| usize::try_from(position.byte()).ok());
        let start = start.unwrap_or(self.at).clamp(self.at, self.octets.len());
        let ends = |octet: &&u8| matches!(octet, b'\r' | b'\n');
        let start = start + self.octets[start..].iter().take_while(ends).count();
        for octet in &self.octets[self.at..start] {
            self.line += u64::from(*octet == b'\n');
        }
        self.at = start;
        self.line
    }
}

/// What stands between the cells of the first row most often, outside quotes.
fn delimiter(octets: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for octet in octets {
        match octet {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            _ if is_quoted => {}
            octet => counts
                .iter_mut()
                .filter(|(known, _)| known == octet)
                .for_each(|(_, count)| *count += 1),
        }
    }
    // Of those that are as frequent, the last would be taken.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(known, _)| known)
}

/// The columns that the first row names, where it is a header: no cell of it is an identifier, and some
/// name columns of identifiers.
fn header(cells: &[&[u8]], country: Option<Country>) -> Option<Columns> {
    let is_identifier = |cell: &&[u8]| {
        let text = String::from_utf8_lossy(cell);
        matches!(Field::Any.read(&text, country), Some(Ok(_)))
    };
    if cells.iter().any(is_identifier) {
        return None;
    }
    Columns::of(cells.iter().map(|cell| String::from_utf8_lossy(cell)))
}

/// A row of a table whose columns have names.
fn named(columns: &Columns, cells: &[&[u8]], line: u64) -> Card {
    let mut values = Vec::new();
    for (column, field) in &columns.identifiers {
        for text in cells.get(*column).into_iter().flat_map(|cell| texts(cell)) {
            values.push(Value { line, field: *field, text });
        }
    }
    let text =
        |column: &usize| String::from_utf8_lossy(cells.get(*column).copied().unwrap_or_default());
    let mut ways = columns.ways_to_name().map(|way| {
        let parts: Vec<_> = way.iter().map(text).collect();
        Card::name_of(parts.iter().map(AsRef::as_ref))
    });
    Card { name: ways.find_map(|name| name), values }
}

/// A row of a table whose columns have none: what looks like an identifier is one, and the first of the
/// other cells is the name.
fn nameless(cells: &[&[u8]], line: u64, country: Option<Country>) -> Card {
    let (mut name, mut values) = (None, Vec::new());
    for cell in cells {
        let before = values.len();
        for text in texts(cell) {
            if text.as_ref().is_ok_and(|text| Field::Any.read(text, country).is_some()) {
                values.push(Value { line, field: Field::Any, text });
            }
        }
        if values.len() == before && name.is_none() {
            let text = String::from_utf8_lossy(cell);
            name = Card::name_of([text.as_ref()].into_iter());
        }
    }
    Card { name, values }
}

/// The values of a cell.
fn texts(cell: &[u8]) -> Vec<Result<String, EntryError>> {
    match str::from_utf8(cell) {
        Ok(cell) => cell.split(SEPARATOR).map(|text| Ok(text.to_owned())).collect(),
        Err(_) => vec![Err(EntryError::Encoding)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The columns that are read, and of each row the name and what stands in which line.
    fn rows(text: &str, country: Option<&str>) -> (Vec<String>, Vec<String>) {
        let country = country.map(|country| country.parse().unwrap());
        let mut rows = Vec::new();
        let columns = read(text.as_bytes(), country, |card| {
            let mut row = card.name.unwrap_or_default();
            for value in card.values {
                row += &format!("|{}:{}", value.line, value.text.unwrap_or("error".to_owned()));
            }
            rows.push(row);
            ControlFlow::Continue(())
        });
        (columns.unwrap(), rows)
    }

    #[test]
    fn a_table_by_google() {
        let text = "First Name,Middle Name,Last Name,Phonetic First Name,Organization Name,Labels,\
                    E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value\r\n\
                    Ann,,Lee,,,* myContacts,Home,ann@example.com ::: lee@example.com,,+44 7700 900123\r\n\
                    ,,,,Acme,,,,Mobile,\"+44 7700\n900124\"\r\nBo\r\n";
        let (columns, rows) = rows(text, None);
        assert_eq!(columns, ["E-mail 1 - Value", "Phone 1 - Value"]);
        let ann = "Ann Lee|2:ann@example.com |2: lee@example.com|2:+44 7700 900123";
        assert_eq!(rows, [ann, "Acme|3:|3:+44 7700\n900124", "Bo"]);
    }

    #[test]
    fn a_table_by_outlook() {
        let text = "\u{feff}\"First Name\";\"Last Name\";\"Company\";\"Home Phone\";\"Business Fax\";\
                    \"E-mail Address\";\"E-mail Type\";\"E-mail Display Name\"\n\
                    Ann;Lee;Acme;020 7946 0000;1;a@example.com;SMTP;\"Ann (a@example.com)\"\n";
        let (columns, rows) = rows(text, Some("GB"));
        assert_eq!(columns, ["Home Phone", "E-mail Address"]);
        assert_eq!(rows, ["Ann Lee|2:020 7946 0000|2:a@example.com"]);
    }

    #[test]
    fn a_table_without_a_header() {
        let (columns, rows_) = rows("a@example.com,Ann,+447700900123,17\nBo\tB,x,y\n", None);
        assert_eq!(columns, [""; 0]);
        assert_eq!(rows_, ["Ann|1:a@example.com|1:+447700900123", "Bo\tB"]);
        let (_, list) = rows("+447700900123\n\na@example.com\n07700 900124\n", Some("GB"));
        assert_eq!(list, ["|1:+447700900123", "|3:a@example.com", "|4:07700 900124"]);
        let (columns, rows_) = rows("email,phone\n", None);
        assert_eq!((columns.len(), rows_.len()), (2, 0));
    }

    #[test]
    fn what_is_not_in_utf_8() {
        let mut found = Vec::new();
        read(b"name,phone\nJ\xfcrgen,\xff\n", None, |card| {
            found.push(card);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(found[0].name.as_deref(), Some("J\u{fffd}rgen"));
        assert_eq!(found[0].values[0].text, Err(EntryError::Encoding));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            text in "(name|phone|e-mail|[,;\t\"\r\n+@:]|\\PC){0,80}",
            octets in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            for octets in [text.as_bytes(), &octets] {
                let _ = read(octets, None, |_| ControlFlow::Continue(()));
            }
        }
    }
}
