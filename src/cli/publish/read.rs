//! Statements from a file, however they stand in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::de::IgnoredAny;
use thiserror::Error;

use crate::association::{AssociationError, Statement};
use crate::threepid::Threepid;

/// The longest file read, in octets: 64 MiB, which is more than an outbox holds.
const LONGEST: u64 = 64 << 20;

/// How many mistakes are told.
const MAX_MISTAKES: usize = 20;

/// What is wrong in a file, and in which line it begins.
#[derive(Debug, Error)]
#[error("{line}: {cause}")]
pub(super) struct Mistake {
    line: usize,
    cause: Cause,
}

#[derive(Debug, Error)]
enum Cause {
    #[error(transparent)]
    Statement(AssociationError),
    #[error("this is no JSON: {0}")]
    Json(String),
    #[error("expected a signed statement, or `{0}`")]
    Expected(char),
    #[error("something follows the array")]
    Follows,
    #[error("no statement is here")]
    Empty,
}

/// All there is in a file; `-` stands for standard input.
pub(super) fn contents(file: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let read = match file == Path::new("-") {
        true => io::stdin().lock().take(LONGEST + 1).read_to_end(&mut octets),
        false => File::open(file)?.take(LONGEST + 1).read_to_end(&mut octets),
    };
    match read? as u64 > LONGEST {
        true => Err(io::Error::other(format!("longer than {LONGEST} octets: publish it in parts"))),
        false => Ok(octets),
    }
}

/// The statements in it: one, several after each other, or an array of them.
pub(super) fn statements(octets: &[u8]) -> Result<Vec<(Threepid, Statement)>, Vec<Mistake>> {
    let (mut statements, mut mistakes) = (Vec::new(), Vec::new());
    let mut at = Line { at: 0, line: 1 };
    for value in Values::of(octets) {
        let read = value.and_then(|(start, value)| {
            Statement::from_json(value).map_err(|error| (start, Cause::Statement(error)))
        });
        match read {
            Ok(statement) => statements.push(statement),
            Err((start, cause)) => {
                let line = at.of(octets, start);
                mistakes.push(Mistake { line, cause });
                if mistakes.len() == MAX_MISTAKES {
                    break;
                }
            }
        }
    }
    if statements.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake { line: 1, cause: Cause::Empty });
    }
    if mistakes.is_empty() { Ok(statements) } else { Err(mistakes) }
}

/// Counts lines, onward.
struct Line {
    at: usize,
    line: usize,
}

impl Line {
    fn of(&mut self, octets: &[u8], at: usize) -> usize {
        self.line += octets[self.at..at].iter().filter(|octet| **octet == b'\n').count();
        self.at = at;
        self.line
    }
}

/// The JSON values in a text, one after the other or in an array.
struct Values<'a> {
    octets: &'a [u8],
    at: usize,
    expected: Expected,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Another value, or the end.
    Value,
    /// Another value of an array.
    Item,
    /// The end.
    End,
}

impl<'a> Values<'a> {
    fn of(octets: &'a [u8]) -> Self {
        let mut values = Self { octets, at: skip(octets, 0), expected: Expected::Value };
        if values.pass(b'[') {
            values.expected = if values.pass(b']') { Expected::End } else { Expected::Item };
        }
        values
    }

    /// Goes past this octet and the white space behind it, where it is next.
    fn pass(&mut self, octet: u8) -> bool {
        let is_next = self.octets.get(self.at) == Some(&octet);
        if is_next {
            self.at = skip(self.octets, self.at + 1);
        }
        is_next
    }

    /// Tells a mistake, behind which nothing is read.
    fn stop(&mut self, cause: Cause) -> (usize, Cause) {
        self.expected = Expected::End;
        (std::mem::replace(&mut self.at, self.octets.len()), cause)
    }

    /// The next value, whatever it is.
    fn value(&mut self) -> Result<(usize, &'a [u8]), (usize, Cause)> {
        let (start, rest) = (self.at, &self.octets[self.at..]);
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        if let Some(Err(error)) = values.next() {
            return Err(self.stop(Cause::Json(error.to_string())));
        }
        let end = start + values.byte_offset();
        self.at = skip(self.octets, end);
        Ok((start, &self.octets[start..end]))
    }
}

/// Values with where they start; or what is wrong, and where.
impl<'a> Iterator for Values<'a> {
    type Item = Result<(usize, &'a [u8]), (usize, Cause)>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_end = self.at == self.octets.len();
        match self.expected {
            Expected::Value | Expected::End if is_end => return None,
            Expected::Item if is_end => return Some(Err(self.stop(Cause::Expected(']')))),
            Expected::End => return Some(Err(self.stop(Cause::Follows))),
            Expected::Value | Expected::Item => {}
        }
        let value = self.value();
        if value.is_ok() && self.expected == Expected::Item && !self.pass(b',') {
            match self.pass(b']') {
                true => self.expected = Expected::End,
                false => return Some(Err(self.stop(Cause::Expected(']')))),
            }
        }
        Some(value)
    }
}

/// The next octet that is not white space.
fn skip(octets: &[u8], from: usize) -> usize {
    let rest = octets.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|octet| octet.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(number: u8) -> String {
        let vectors = include_str!("../../../tests/vectors/interchange.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let cases = vectors["associations"].as_array().unwrap();
        cases[usize::from(number) % cases.len()]["json"].to_string()
    }

    fn count(text: &str) -> Result<usize, Vec<String>> {
        let told = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect();
        statements(text.as_bytes()).map(|read| read.len()).map_err(told)
    }

    #[test]
    fn one_many_lines_and_arrays() {
        let [a, b] = [json(0), json(1)];
        let pretty: serde_json::Value = serde_json::from_str(&a).unwrap();
        let pretty = serde_json::to_string_pretty(&pretty).unwrap();
        for (text, expected) in [
            (a.clone(), 1),
            (format!("{a}\n\n{b}\n"), 2),
            (format!("{pretty}\n{pretty}"), 2),
            (format!(" [{a} ,\n{b}]\n"), 2),
            (format!("[{pretty}]"), 1),
        ] {
            assert_eq!(count(&text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_lines() {
        let a = json(0);
        let told = |text: &str| count(text).unwrap_err();
        assert_eq!(told(""), ["1: no statement is here"]);
        assert_eq!(told(" []"), ["1: no statement is here"]);
        let several = told(&format!("{a}\n{{}}\n{a}\n7\n"));
        assert_eq!(several.len(), 2, "{several:?}");
        assert!(several[0].starts_with("2: ") && several[1].starts_with("4: "), "{several:?}");
        assert!(told(&format!("{a}\n\n{{\"a\":"))[0].starts_with("3: this is no JSON: "));
        assert_eq!(told(&format!("[{a}\n{a}]")), ["2: expected a signed statement, or `]`"]);
        assert_eq!(told(&format!("[{a},")), ["1: expected a signed statement, or `]`"]);
        assert!(told(&format!("[{a}]\n{a}"))[0].ends_with("something follows the array"));
        assert_eq!(told(&"{}\n".repeat(100)).len(), MAX_MISTAKES);
        assert_eq!(told(&"[".repeat(100_000)).len(), 1);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[\\[\\]{},:\"a1 \\n]{0,30}") {
            let _ = count(&text);
        }
    }
}
