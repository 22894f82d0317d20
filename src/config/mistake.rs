//! Positions in the file, and what is wrong there.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// A place in a text file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// The position of the octet at `offset` of `text`.
    fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let start = before.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        Self {
            line: before.iter().filter(|&&octet| octet == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[start..]).chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where it stands.
    pub position: Position,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.message)
    }
}

/// A value and where it stands. Compares, and shows itself, by the value alone: moving a line changes nothing.
#[derive(Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub position: Position,
}

impl<T> Located<T> {
    /// Another value with the same place.
    pub fn with<U>(&self, value: U) -> Located<U> {
        Located { value, position: self.position }
    }
}

impl<T: fmt::Debug> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}

/// Collects mistakes while a text is read, so that all of them are told at once.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: RefCell<Vec<Mistake>>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes a mistake at the start of `span`.
    pub(super) fn add(&self, span: &Range<usize>, message: impl Into<String>) {
        self.add_at(self.position(span), message);
    }

    /// Notes a mistake at `position`.
    pub(super) fn add_at(&self, position: Position, message: impl Into<String>) {
        self.found.borrow_mut().push(Mistake { position, message: message.into() });
    }

    /// The position of the start of `span`.
    pub(super) fn position(&self, span: &Range<usize>) -> Position {
        Position::of(self.text, span.start)
    }

    /// All of them, in the order of the text.
    pub(super) fn into_sorted(self) -> Vec<Mistake> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\nübc\n";
        assert_eq!(Position::of(text, 0).to_string(), "1:1");
        assert_eq!(Position::of(text, 4).to_string(), "2:2");
        assert_eq!(Position::of(text, 99).to_string(), "3:1");
    }

    #[test]
    fn located_values_compare_without_their_place() {
        let at = |line| Located { value: 1, position: Position { line, column: 1 } };
        assert_eq!(at(1), at(2));
    }
}
