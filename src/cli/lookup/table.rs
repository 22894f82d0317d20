//! What was found, a line for each contact.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::show;
use crate::cli::text::printable;
use crate::clock::Timestamp;
use crate::stub::book::Contact;
use crate::stub::{Answer, Outcome};

/// What stands above the columns.
const HEADER: [&str; 4] = ["NAME", "IDENTIFIER", "MATRIX USER", "VERDICT"];

/// The most that a column takes; what is longer pushes the rest of its line aside. Names are cut.
const WIDEST: [usize; 3] = [32, 48, 48];

/// Lines whose columns stand below one another. What comes from files and from others is written so that
/// it cannot act on a terminal.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<[String; 4]>);

impl Table {
    /// Adds what was found about a contact.
    pub(super) fn add(&mut self, contact: &Contact, answer: &Answer, now: Timestamp) {
        let names = cut(&printable(&contact.names.join(", ")), WIDEST[0]);
        let verdict = match &answer.outcome {
            Outcome::Unanswered => unanswered(answer),
            _ => format!("{}{}", show::proof(answer), show::trust(answer)),
        };
        self.0.push([
            names,
            printable(&contact.threepid.to_string()),
            printable(&show::in_words(&answer.outcome, now)),
            printable(&verdict),
        ]);
    }
}

/// Why nothing can be told.
fn unanswered(answer: &Answer) -> String {
    let error = answer.findings.iter().find_map(|finding| finding.outcome.as_ref().err());
    error.map_or("no root is configured".to_owned(), |error| format!("error: {error}"))
}

/// As much of a text as has this width, as terminals show it.
fn cut(text: &str, widest: usize) -> String {
    if text.width() <= widest {
        return text.to_owned();
    }
    let mut kept = String::new();
    // Whole strings are measured, as characters join: what joins without end is cut, too.
    for character in text.chars().take(4 * widest) {
        kept.push(character);
        if kept.width() >= widest {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// Nothing where there are no lines.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let header = HEADER.map(str::to_owned);
        let rows = || [&header].into_iter().chain(&self.0);
        let widths: Vec<usize> = (0..WIDEST.len())
            .map(|at| rows().map(|row| row[at].width().min(WIDEST[at])).max().unwrap_or_default())
            .collect();
        for row in rows() {
            for (cell, width) in row.iter().zip(&widths) {
                let space = width.saturating_sub(cell.width()) + 2;
                write!(f, "{cell}{:space$}", "")?;
            }
            writeln!(f, "{}", row[WIDEST.len()])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(rows: &[[&str; 4]]) -> String {
        Table(rows.iter().map(|row| row.map(str::to_owned)).collect()).to_string()
    }

    #[test]
    fn columns_stand_below_one_another_in_any_script() {
        let long = "x".repeat(60);
        let table = rows(&[
            ["Robert", "+447700900124", "@bob:m.example", "proved"],
            ["张伟", "a@example.com", &long, "not proved"],
            ["", "b@example.com", "unknown", "proved"],
        ]);
        let expected = format!(
            "NAME    IDENTIFIER     MATRIX USER{space}VERDICT\n\
             Robert  +447700900124  @bob:m.example{}proved\n\
             张伟    a@example.com  {long}  not proved\n        \
             b@example.com  unknown{}proved\n",
            " ".repeat(36),
            " ".repeat(43),
            space = " ".repeat(39),
        );
        assert_eq!(table, expected);
        assert_eq!(rows(&[]), "");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("张伟张伟", 8), "张伟张伟");
        assert_eq!(cut("张伟张伟", 7), "张伟张…");
        assert_eq!(cut("abc", 2), "a…");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in "\\PC{0,60}", widest in 1_usize..40) {
            prop_assert!(cut(&printable(&text), widest).width() <= widest);
        }
    }
}
