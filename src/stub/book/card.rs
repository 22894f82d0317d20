//! What a card or a row of a table holds, before it is judged.

use super::entry::{EntryError, Field, trimmed};

/// The longest name that is kept, and the most that is told of what is no identifier, in characters:
/// what people can read.
const LONGEST: usize = 256;

/// A card, or a row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// Whose it is, where it says so.
    pub(super) name: Option<String>,
    /// What may be identifiers.
    pub(super) values: Vec<Value>,
}

/// What stands where an identifier may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) line: u64,
    pub(super) field: Field,
    pub(super) text: Result<String, EntryError>,
}

impl Card {
    /// A name of several parts; none where all are empty.
    pub(super) fn name_of<'a>(parts: impl Iterator<Item = &'a str>) -> Option<String> {
        let parts: Vec<&str> = parts.map(trimmed).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| shortened(&parts.join(" ")))
    }
}

/// As much of a text as people can read.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
