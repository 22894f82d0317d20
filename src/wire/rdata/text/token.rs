//! The words of presentation text, and what is said where they are wrong.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::codec;
use crate::wire::name::escape;
use crate::wire::rdata::RdataError;
use crate::wire::{Name, NameError};

/// How much of a wrong word an error shows, in octets.
const SHOWN: usize = 40;

/// Where something stands in a text. Both count from 1, columns in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Presentation text that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{at}: {fault}")]
pub struct SyntaxError {
    /// Where.
    pub at: Position,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with presentation text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Something else should stand here.
    #[error("{expected} expected, found {found}")]
    Unexpected {
        /// What should stand here.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// The entry ends where something should follow.
    #[error("{0} expected, the entry ends here")]
    Missing(&'static str),
    /// The entry goes on where it should end.
    #[error("end of the entry expected, found {0}")]
    Trailing(String),
    /// A name is wrong.
    #[error("a domain name expected, found {found}: {error}")]
    Name {
        /// What stands here.
        found: String,
        /// Why it is no name.
        error: NameError,
    },
    /// A backslash is followed neither by three digits up to 255 nor by a character.
    #[error("bad escape in {0}")]
    Escape(String),
    /// Hex, base64 or base32hex is wrong.
    #[error("{expected} expected: {error}")]
    Encoding {
        /// What was expected.
        expected: &'static str,
        /// Why it is not that.
        error: codec::TextError,
    },
    /// The quotes are not closed in their line.
    #[error("the quotes opened here are not closed in this line")]
    OpenQuotes,
    /// The parenthesis is not closed.
    #[error("the parenthesis opened here is not closed")]
    OpenParenthesis,
    /// A parenthesis is closed that was not opened.
    #[error("closing parenthesis without an opening one")]
    StrayParenthesis,
    /// The entry goes on and on.
    #[error("the entry is too long for any record")]
    TooLong,
    /// `\#` states another number of octets than follow.
    #[error("{stated} octets of data expected, {found} found")]
    GenericLength {
        /// What is stated.
        stated: u16,
        /// What follows.
        found: usize,
    },
    /// The record's data as a whole is not what its type says.
    #[error("bad record data: {0}")]
    Data(#[from] RdataError),
}

impl Fault {
    /// The error at a position.
    pub const fn at(self, at: Position) -> SyntaxError {
        SyntaxError { at, fault: self }
    }
}

/// A word or a quoted string, its escapes still in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// The text, without the quotes.
    pub raw: &'a [u8],
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Where it starts.
    pub at: Position,
}

impl<'a> Token<'a> {
    /// The text of a word without escapes; none for quoted strings and others.
    pub fn word(&self) -> Option<&'a str> {
        let plain = !self.quoted && self.raw.is_ascii() && !self.raw.contains(&b'\\');
        plain.then(|| std::str::from_utf8(self.raw).expect("ASCII is UTF-8"))
    }

    /// Whether the generic form of data starts here: `\#` (RFC 3597 section 5).
    pub fn starts_generic(&self) -> bool {
        !self.quoted && self.raw == b"\\#"
    }

    /// The octets, escapes resolved.
    ///
    /// # Errors
    /// [`Fault::Escape`].
    pub fn octets(&self) -> Result<Vec<u8>, SyntaxError> {
        unescape(self.raw).ok_or_else(|| Fault::Escape(self.shown()).at(self.at))
    }

    /// What `FromStr` reads from a word, say a type or an address.
    ///
    /// # Errors
    /// [`Fault::Unexpected`], with what was `expected`.
    pub fn parse<T: FromStr>(&self, expected: &'static str) -> Result<T, SyntaxError> {
        let value = self.word().and_then(|word| word.parse().ok());
        value.ok_or_else(|| self.unexpected(expected))
    }

    /// A decimal number without sign.
    ///
    /// # Errors
    /// [`Fault::Unexpected`].
    pub fn number<T: FromStr>(&self, expected: &'static str) -> Result<T, SyntaxError> {
        let digits = self.word().filter(|word| word.bytes().all(|octet| octet.is_ascii_digit()));
        let value = digits.and_then(|digits| digits.parse().ok());
        value.ok_or_else(|| self.unexpected(expected))
    }

    /// Seconds, as a number or with the units of BIND: `90`, `1h30m`, `2W`.
    ///
    /// # Errors
    /// [`Fault::Unexpected`].
    pub fn period(&self, expected: &'static str) -> Result<u32, SyntaxError> {
        let value = self.word().and_then(period);
        value.ok_or_else(|| self.unexpected(expected))
    }

    /// A domain name. Relative ones, and `@`, are taken from `origin`.
    ///
    /// # Errors
    /// [`Fault::Name`].
    pub fn name(&self, origin: Option<&Name>) -> Result<Name, SyntaxError> {
        if self.quoted {
            return Err(self.unexpected("a domain name"));
        }
        let name = match self.raw {
            b"@" => origin.cloned().ok_or(NameError::NoOrigin),
            raw => Name::from_text(raw, origin),
        };
        name.map_err(|error| Fault::Name { found: self.shown(), error }.at(self.at))
    }

    /// The error that something else was `expected` here.
    pub fn unexpected(&self, expected: &'static str) -> SyntaxError {
        Fault::Unexpected { expected, found: self.shown() }.at(self.at)
    }

    /// The text for an error: printable, and cut where it is long.
    pub(super) fn shown(&self) -> String {
        let cut = &self.raw[..self.raw.len().min(SHOWN)];
        let dots = if cut.len() < self.raw.len() { "…" } else { "" };
        format!("\"{}{dots}\"", String::from_utf8_lossy(cut).escape_debug())
    }
}

fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&octet, behind)) = rest.split_first() {
        let (octet, taken) = if octet == b'\\' { escape(behind)? } else { (octet, 0) };
        octets.push(octet);
        rest = &behind[taken..];
    }
    Some(octets)
}

/// Seconds, given as a number or as `1w2d3h4m5s`.
pub fn period(word: &str) -> Option<u32> {
    if !word.is_ascii() {
        return None;
    }
    if word.bytes().all(|octet| octet.is_ascii_digit()) {
        return word.parse().ok();
    }
    let mut secs: u32 = 0;
    for part in word.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
        let (digits, unit) = part.split_at(part.len() - 1);
        let unit = match unit {
            "s" | "S" => 1,
            "m" | "M" => 60,
            "h" | "H" => 3_600,
            "d" | "D" => 86_400,
            "w" | "W" => 604_800,
            _ => return None,
        };
        secs = secs.checked_add(digits.parse::<u32>().ok()?.checked_mul(unit)?)?;
    }
    Some(secs)
}

/// Hands out the tokens of an entry one by one.
#[derive(Debug, Clone)]
pub struct Tokens<'t, 'a> {
    tokens: &'t [Token<'a>],
    end: Position,
}

impl<'t, 'a> Tokens<'t, 'a> {
    /// The tokens of an entry that ends at `end`.
    pub const fn new(tokens: &'t [Token<'a>], end: Position) -> Self {
        Self { tokens, end }
    }

    /// The next token.
    ///
    /// # Errors
    /// [`Fault::Missing`] where there is none.
    pub fn take(&mut self, expected: &'static str) -> Result<Token<'a>, SyntaxError> {
        self.take_if(|_| true).ok_or(Fault::Missing(expected).at(self.end))
    }

    /// The next token, if it fits.
    pub fn take_if(&mut self, fits: impl FnOnce(&Token<'a>) -> bool) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first().filter(|(first, _)| fits(first))?;
        self.tokens = rest;
        Some(*first)
    }

    /// The next token as [`Token::parse`] reads it.
    ///
    /// # Errors
    /// Where there is none, or another.
    pub fn parse<T: FromStr>(&mut self, expected: &'static str) -> Result<T, SyntaxError> {
        self.take(expected)?.parse(expected)
    }

    /// The next token as [`Token::number`] reads it.
    ///
    /// # Errors
    /// Where there is none, or another.
    pub fn number<T: FromStr>(&mut self, expected: &'static str) -> Result<T, SyntaxError> {
        self.take(expected)?.number(expected)
    }

    /// The next token as [`Token::period`] reads it.
    ///
    /// # Errors
    /// Where there is none, or another.
    pub fn period(&mut self, expected: &'static str) -> Result<u32, SyntaxError> {
        self.take(expected)?.period(expected)
    }

    /// The next token as [`Token::name`] reads it.
    ///
    /// # Errors
    /// Where there is none, or another.
    pub fn name(&mut self, origin: Option<&Name>) -> Result<Name, SyntaxError> {
        self.take("a domain name")?.name(origin)
    }

    /// Whether there is a next token, and it fits.
    pub fn next_is(&self, fits: impl FnOnce(&Token<'a>) -> bool) -> bool {
        self.tokens.first().is_some_and(fits)
    }

    /// The error that something else was `expected` next.
    pub fn unexpected(&self, expected: &'static str) -> SyntaxError {
        match self.tokens.first() {
            Some(token) => token.unexpected(expected),
            None => Fault::Missing(expected).at(self.end),
        }
    }

    /// Whether none is left.
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Where the next token stands, or the entry ends.
    pub fn position(&self) -> Position {
        self.tokens.first().map_or(self.end, |token| token.at)
    }

    /// Errs unless every token was taken.
    pub fn finish(&self) -> Result<(), SyntaxError> {
        match self.tokens.first() {
            Some(token) => Err(Fault::Trailing(token.shown()).at(token.at)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Position = Position { line: 3, column: 7 };

    fn token(raw: &str) -> Token<'_> {
        Token { raw: raw.as_bytes(), quoted: false, at: HERE }
    }

    #[test]
    fn periods_have_units() {
        let read = |text| token(text).period("a TTL").ok();
        assert_eq!(read("90"), Some(90));
        assert_eq!(read("1h30M"), Some(5_400));
        assert_eq!(read("1w1d1s"), Some(691_201));
        for bad in ["", "h", "1h30", "1y", "-1", "+1", "1hh", "9999999w", "1\u{e9}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn errors_say_what_was_expected() {
        let error = token("x".repeat(99).as_str()).number::<u8>("a flag").unwrap_err();
        assert_eq!(error.to_string().len(), "3:7: a flag expected, found ".len() + 45);
        let error = token("a..b").name(Some(&Name::root())).unwrap_err();
        assert_eq!(error.to_string(), "3:7: a domain name expected, found \"a..b\": empty label");
        let error = Tokens::new(&[], HERE).take("a port").unwrap_err();
        assert_eq!(error.to_string(), "3:7: a port expected, the entry ends here");
    }

    #[test]
    fn escapes() {
        assert_eq!(token("a\\065\\\"\\\\").octets().unwrap(), b"aA\"\\");
        for bad in ["\\", "\\25", "\\256", "\\2a5"] {
            assert!(token(bad).octets().is_err());
        }
        assert_eq!(token("\\#").word(), None);
    }
}
