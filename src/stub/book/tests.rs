use super::*;
use crate::threepid::ThreepidError;
use proptest::prelude::*;

fn book(limits: Limits) -> Book {
    Book::new(Some("GB".parse().unwrap()), limits)
}

fn card(name: &str, lines: &str) -> String {
    format!("BEGIN:VCARD\nFN:{name}\n{lines}\nEND:VCARD\n")
}

#[test]
fn an_identifier_is_one_however_it_is_written() {
    let mut book = book(Limits::default());
    let bob = card("Bob", "TEL:07700 900124\nTEL:tel:+44-7700-900124\nEMAIL:B@Example.com");
    let rob = card("Rob", "TEL:+44 (0)7700 900124");
    let report = book.add_vcards(format!("{bob}{rob}{bob}").as_bytes()).unwrap();
    assert_eq!((report.cards, report.refused.len(), report.columns.len()), (3, 0, 0));
    book.add_table(b"email\nb@example.com\n").unwrap();
    book.add("+447700900124".parse_any(), "+447700900124", None).unwrap();
    let told =
        |contact: &Contact| format!("{} {} {:?}", contact.threepid, contact.written, contact.names);
    let told: Vec<_> = book.contacts().iter().map(told).collect();
    assert_eq!(
        told,
        [r#"+447700900124 07700 900124 ["Bob", "Rob"]"#, r#"b@example.com B@Example.com ["Bob"]"#,]
    );
}

#[test]
fn other_files_are_no_tables() {
    let read = |text: &[u8]| book(Limits::default()).add_table(text);
    for cards in ["BEGIN:VCARD\nTEL:1\n", "\u{feff}\r\nbegin:vcard\r\n"] {
        assert_eq!(read(cards.as_bytes()).err(), Some(BookError::Cards));
    }
    let nul = BookError::Table { line: 2, fault: TableFault::Nul };
    assert_eq!(read(b"\x89PNG\n\0").err(), Some(nul));
    assert_eq!(read(b"").unwrap().entries, 0);
    assert_eq!(read(b"Name,Phone\nBob,\nBob,1").unwrap().entries, 1);
}

#[test]
fn what_is_not_in_utf_8_is_told() {
    let report = book(Limits::default()).add_table(b"name,email\n\nJ\xfcrgen,j@example.com\n");
    assert_eq!(report.unwrap().not_utf8, Some(3));
    let report = book(Limits::default()).add_vcards(b"BEGIN:VCARD\nFN:\xff\nEND:VCARD");
    assert_eq!(report.unwrap().not_utf8, Some(2));
    let report = book(Limits::default()).add_vcards("BEGIN:VCARD\nFN:ü".as_bytes());
    assert_eq!(report.unwrap().not_utf8, None);
}

trait ParseAny {
    fn parse_any(&self) -> Threepid;
}

impl ParseAny for str {
    fn parse_any(&self) -> Threepid {
        Threepid::parse_any(self, None).unwrap()
    }
}

#[test]
fn what_is_no_identifier_is_told_with_its_place() {
    let mut book = book(Limits::default());
    let text = card("Eve", "TEL:soon\nEMAIL:\nTEL:+44 7700 900124;ext=1\nEMAIL:eve");
    let report = book.add_vcards(text.as_bytes()).unwrap();
    assert!(book.contacts().is_empty());
    let told: Vec<_> = report.refused.iter().map(|no| (no.line, no.written.as_str())).collect();
    assert_eq!(told, [(3, "soon"), (5, "+44 7700 900124;ext=1"), (6, "eve")]);
    assert_eq!(report.refused[2].why, ThreepidError::NoAt.into());
    assert_eq!(report.refused[2].name.as_deref(), Some("Eve"));
}

#[test]
fn there_are_limits() {
    let cards = card("A", "TEL:07700900124\nTEL:x").repeat(3);
    let attempt = |limits: Limits| book(limits).add_vcards(cards.as_bytes()).err();
    let limits = Limits::default();
    assert_eq!(attempt(limits.clone()), None);
    assert_eq!(attempt(Limits { cards: 2, ..limits.clone() }), Some(BookError::TooManyCards(2)));
    let entries = Limits { entries: 5, ..limits.clone() };
    assert_eq!(attempt(entries.clone()), Some(BookError::TooManyEntries(5)));
    let octets = Limits { octets: cards.len() - 1, ..limits.clone() };
    assert_eq!(attempt(octets.clone()), Some(BookError::TooLong(cards.len() - 1)));
    let rows = "a@example.com\n".repeat(6);
    let table = book(entries).add_table(rows.as_bytes());
    assert_eq!(table.err(), Some(BookError::TooManyEntries(5)));
    let utf16 = book(limits.clone()).add_table(b"\xff\xfea\0@\0");
    assert_eq!(utf16.err(), Some(BookError::Utf16));
    let mut named = book(Limits { names: 2, ..limits });
    let cards: String = ["A", "B", "C"].map(|name| card(name, "TEL:07700900124")).concat();
    named.add_vcards(cards.as_bytes()).unwrap();
    assert_eq!(named.contacts()[0].names, ["A", "B"]);
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        text in "(BEGIN:VCARD\n|END:VCARD\n|TEL:|EMAIL:|\n|,|;|[0-9+@\"]|\\PC){0,60}",
    ) {
        let mut book = book(Limits { entries: 20, property: 40, ..Limits::default() });
        for octets in [octets.as_slice(), text.as_bytes()] {
            let _ = book.add_vcards(octets);
            let _ = book.add_table(octets);
        }
        prop_assert!(book.contacts().len() <= 20);
    }

    #[test]
    fn what_is_written_is_found(names in proptest::collection::vec("[A-Za-z ]{1,30}", 1..20)) {
        let line = |(number, name): (usize, &String)| {
            card(name, &format!("item1.TEL;TYPE=CELL:+44 7700 9{number:05}"))
        };
        let cards: String = names.iter().enumerate().map(line).collect();
        let mut book = book(Limits::default());
        let report = book.add_vcards(cards.as_bytes()).unwrap();
        prop_assert_eq!((report.cards, book.contacts().len()), (names.len(), names.len()));
        for (contact, name) in book.contacts().iter().zip(&names) {
            let known = contact.names.first().map(String::as_str).unwrap_or_default();
            prop_assert_eq!(known, name.trim());
        }
    }
}
