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
    for value in split(octets) {
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

/// The JSON values in a text, with where they start; or what is wrong, and where, and then no more.
fn split(octets: &[u8]) -> impl Iterator<Item = Result<(usize, &[u8]), (usize, Cause)>> {
    let mut at = skip(octets, 0);
    let is_array = octets.get(at) == Some(&b'[');
    let mut is_over = false;
    if is_array {
        at = skip(octets, at + 1);
        is_over = octets.get(at) == Some(&b']');
        if is_over {
            at = skip(octets, at + 1);
        }
    }
    std::iter::from_fn(move || {
        let start = at;
        if is_over && start < octets.len() {
            at = octets.len();
            return Some(Err((start, Cause::Json("something follows the array".into()))));
        }
        if start >= octets.len() {
            let is_open = is_array && !std::mem::replace(&mut is_over, true);
            return is_open.then_some(Err((start, Cause::Expected(']'))));
        }
        // What is no object is told as no statement later, in words of its own.
        let mut values =
            serde_json::Deserializer::from_slice(&octets[start..]).into_iter::<IgnoredAny>();
        let value = values.next()?;
        let end = start + values.byte_offset();
        if let Err(error) = value {
            (at, is_over) = (octets.len(), true);
            return Some(Err((start, Cause::Json(error.to_string()))));
        }
        at = skip(octets, end);
        if is_array {
            match octets.get(at) {
                Some(b',') => at = skip(octets, at + 1),
                Some(b']') => (at, is_over) = (skip(octets, at + 1), true),
                _ => {
                    let wrong = at;
                    (at, is_over) = (octets.len(), true);
                    return Some(Err((wrong, Cause::Expected(']'))));
                }
            }
        }
        Some(Ok((start, &octets[start..end])))
    })
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
