//! vCards: the only door to `calcard`.
//!
//! Only the properties that are needed are given to it, each in a card of its own. So whatever else
//! stands in a card costs nothing and can do no harm, and each property keeps its line.

use calcard::vcard::{VCardEntry, VCardValue};
use calcard::{Entry, Parser};

use super::card::{Card, Value};
use super::entry::{EntryError, Field};
use super::lines::{Line, Lines};
use super::{BookError, Limits};

/// The cards of a file, in order. What stands outside of cards is passed over; a card that has no end
/// ends where the next one begins.
///
/// # Errors
/// Where there is none.
pub(super) fn read(
    octets: &[u8],
    limits: &Limits,
) -> Result<impl Iterator<Item = Card>, BookError> {
    let mut cards = Cards { lines: Lines::new(octets, limits), most: limits.property };
    if cards.begin() { Ok(cards) } else { Err(BookError::NoCard) }
}

struct Cards<'a> {
    lines: Lines<'a>,
    most: usize,
}

impl Cards<'_> {
    /// Goes on to behind the beginning of a card. Tells whether there is one.
    fn begin(&mut self) -> bool {
        self.lines.any(|line| is(&line, b"BEGIN"))
    }
}

/// Whether a line is the beginning or the end of a card.
fn is(line: &Line, edge: &[u8]) -> bool {
    let name = line.name();
    let name = name.strip_prefix("\u{feff}".as_bytes()).unwrap_or(name);
    let value = line.octets.rsplit(|octet| *octet == b':').next().unwrap_or_default();
    name.eq_ignore_ascii_case(edge) && value.trim_ascii().eq_ignore_ascii_case(b"VCARD")
}

/// The one that [`read`] is in has begun.
impl Iterator for Cards<'_> {
    type Item = Card;

    fn next(&mut self) -> Option<Card> {
        let mut reading = Reading::default();
        let mut is_empty = true;
        for line in self.lines.by_ref() {
            is_empty = false;
            if is(&line, b"BEGIN") {
                return Some(reading.into_card());
            }
            if is(&line, b"END") {
                self.begin();
                return Some(reading.into_card());
            }
            reading.take(line, self.most);
        }
        (!is_empty).then(|| reading.into_card())
    }
}

/// A card that is being read.
#[derive(Default)]
struct Reading {
    values: Vec<Value>,
    /// What the card is called by FN, N, NICKNAME and ORG.
    names: [Option<String>; 4],
}

impl Reading {
    fn take(&mut self, line: Line, most: usize) {
        let name = line.name();
        let known = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if known("TEL") {
            self.values.push(value(&line, Field::Phone, most));
        } else if known("EMAIL") {
            self.values.push(value(&line, Field::Email, most));
        } else if let Some(rank) = ["FN", "N", "NICKNAME", "ORG"].into_iter().position(known) {
            let slot = &mut self.names[rank];
            if slot.is_none() {
                *slot = name_of(&line, rank == 1);
            }
        }
    }

    fn into_card(self) -> Card {
        Card { name: self.names.into_iter().flatten().next(), values: self.values }
    }
}

/// What stands in a property that holds an identifier.
fn value(line: &Line, field: Field, most: usize) -> Value {
    let text = match str::from_utf8(&line.octets) {
        _ if line.is_cut => Err(EntryError::TooLong(most)),
        Err(_) => Err(EntryError::Encoding),
        Ok(text) => match property(text).and_then(|entry| entry.values.into_iter().next()) {
            Some(VCardValue::Text(text)) => Ok(text),
            Some(_) => Err(EntryError::NotText),
            None => Ok(String::new()),
        },
    };
    Value { line: line.number, field, text }
}

/// What a property calls somebody; nothing where that is empty.
fn name_of(line: &Line, is_structured: bool) -> Option<String> {
    let entry = property(&String::from_utf8_lossy(&line.octets))?;
    let mut parts: Vec<String> = entry.values.into_iter().map(words).collect();
    if is_structured {
        // Family name, given name, further names (RFC 6350 section 6.2.2), in the order of most.
        parts.truncate(3);
        let family = parts.len().min(1);
        parts.rotate_left(family);
    }
    Card::name_of(parts.iter().map(String::as_str))
}

/// What stands in a part of a name.
fn words(value: VCardValue) -> String {
    match value {
        VCardValue::Text(text) => text,
        VCardValue::Component(parts) => parts.join(" "),
        _ => String::new(),
    }
}

/// Reads one unfolded property.
fn property(line: &str) -> Option<VCardEntry> {
    let card = format!("BEGIN:VCARD\n{line}\nEND:VCARD\n");
    match Parser::new(&card).entry() {
        Entry::VCard(card) => card.entries.into_iter().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cards(text: &str) -> Vec<Card> {
        read(text.as_bytes(), &Limits::default()).unwrap().collect()
    }

    /// Name, and what stands in which line.
    fn told(card: &Card) -> (&str, Vec<(u64, &str)>) {
        let text = |value: &'_ Value| value.line;
        let values = card.values.iter();
        let values = values.map(|value| (text(value), value.text.as_deref().unwrap_or("error")));
        (card.name.as_deref().unwrap_or(""), values.collect())
    }

    #[test]
    fn cards_of_every_version() {
        let text = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Alice\\, A.\r\nPHOTO:data:image/png;base64,\r\n  AAAA\r\n\
                    item1.TEL;VALUE=uri;TYPE=\"voice,home\":tel:+44-7700-\r\n 900123;ext=5\r\n\
                    EMAIL;PREF=1:alice@example.com\r\nEND:VCARD\r\n\
                    begin:vcard\nversion:3.0\nN:Smith;Bob;James,Tiberius;Dr.;\n\
                    tel;type=cell:+44 7700 900124\nEND:VCARD\n\n\
                    BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\nller;Jo\n\
                    TEL;CELL:0151\nTEL;WORK;ENCODING=QUOTED-PRINTABLE:=2B49\nEMAIL:\nEND:VCARD";
        let cards = cards(text);
        let told: Vec<_> = cards.iter().map(told).collect();
        let alice = vec![(6, "tel:+44-7700-900123;ext=5"), (8, "alice@example.com")];
        assert_eq!(told[0], ("Alice, A.", alice));
        assert_eq!(told[1], ("Bob James Tiberius Smith", vec![(13, "+44 7700 900124")]));
        assert_eq!(told[2], ("Jo Müller", vec![(20, "0151"), (21, "+49"), (22, "")]));
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn a_card_is_called_by_the_best_of_its_names() {
        let name = |lines: &str| {
            let text = format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n");
            cards(&text).remove(0).name
        };
        assert_eq!(name("ORG:Acme;Sales\nN:;;;;\nFN:").as_deref(), Some("Acme Sales"));
        assert_eq!(name("ORG:Acme\nNICKNAME:Al\nN:;;;;").as_deref(), Some("Al"));
        assert_eq!(name("FN:B\nFN:C\nN:Y;X").as_deref(), Some("B"));
        assert_eq!(name("N:Y"), Some("Y".to_owned()));
        assert_eq!(name("TEL:1"), None);
        let long = name(&format!("FN:{}", "é".repeat(4000))).unwrap();
        assert!(long.chars().count() <= 257 && long.ends_with('…'), "{long}");
    }

    #[test]
    fn cards_that_are_broken() {
        let limits = Limits::default();
        for none in ["", "FN:A\n", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "\u{0}"] {
            assert!(matches!(read(none.as_bytes(), &limits).err(), Some(BookError::NoCard)));
        }
        let unended = cards("\u{feff}BEGIN:VCARD\nTEL:1\nBEGIN:VCARD\nTEL:2\nEND:VCARD\nTEL:3\n");
        assert_eq!(unended.len(), 2);
        assert_eq!(told(&unended[1]), ("", vec![(4, "2")]));
        let texts = |text: &[u8]| -> Vec<_> {
            let cards: Vec<Card> = read(text, &limits).unwrap().collect();
            cards[0].values.iter().map(|value| value.text.clone()).collect()
        };
        let long = format!("BEGIN:VCARD\nTEL:{}\n", "1".repeat(limits.property));
        assert_eq!(texts(long.as_bytes()), [Err(EntryError::TooLong(limits.property))]);
        assert_eq!(texts(b"BEGIN:VCARD\nTEL:\xff\n"), [Err(EntryError::Encoding)]);
        let picture = b"BEGIN:VCARD\nTEL;ENCODING=b;VALUE=uri:data:image/png;base64,AAAA\n";
        assert_eq!(texts(picture), [Err(EntryError::NotText)]);
    }

    proptest! {
        #[test]
        fn nothing_panics(
            text in "(BEGIN:VCARD|END:VCARD|TEL|EMAIL|FN|N|ORG|VALUE=|TYPE=|ENCODING=QUOTED-PRINTABLE|CHARSET=\
                     |timestamp|uri|date|utc-offset|base64|[;:=,.\\\\\"\r\n\t 0-9+TZ-]|\\PC){0,60}",
        ) {
            let text = format!("BEGIN:VCARD\n{text}");
            if let Ok(cards) = read(text.as_bytes(), &Limits::default()) {
                prop_assert!(cards.count() <= text.len());
            }
        }
    }
}
