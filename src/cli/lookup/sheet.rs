//! What was found, for spreadsheets: comma-separated values (RFC 4180).

use csv::{Terminator, WriterBuilder};

use super::REFUSED;
use super::show::is_judged;
use crate::cli::text::printable;
use crate::stub::book::Contact;
use crate::stub::{Answer, Outcome};

/// What stands between several names in a cell, as Google writes and as is read again.
const SEPARATOR: &str = " ::: ";

/// The names of the columns.
pub(super) fn header() -> String {
    line(["names", "identifier", "outcome", "mxid", "proved", "trusted"].map(str::to_owned))
}

/// What was found about a contact.
pub(super) fn row(contact: &Contact, answer: &Answer) -> String {
    let mxid = match &answer.outcome {
        Outcome::User(association) => association.mxid.as_str(),
        _ => "",
    };
    let trusted = if is_judged(answer) { answer.is_trusted().to_string() } else { String::new() };
    line([
        cell(&contact.names.join(SEPARATOR)),
        cell(&contact.threepid.to_string()),
        answer.outcome.as_str().to_owned(),
        cell(mxid),
        answer.proved.to_string(),
        trusted,
    ])
}

/// That what stands there, as it is `written`, is no identifier.
pub(super) fn refused(names: &[String], written: &str) -> String {
    let [nothing, proved, trusted] = [const { String::new() }; 3];
    line([
        cell(&names.join(SEPARATOR)),
        cell(written),
        REFUSED.to_owned(),
        nothing,
        proved,
        trusted,
    ])
}

/// The text as it does nothing, neither on a terminal nor in a spreadsheet.
fn cell(text: &str) -> String {
    guarded(&printable(text))
}

/// The text, with an apostrophe before it where a spreadsheet might take it for a formula, and so do
/// what a stranger wrote: where it starts with `=`, `+`, `-`, `@`, a tab or the end of a line. Of what starts
/// so, phone numbers and user ids as they are made today have no character that calls anything.
fn guarded(text: &str) -> String {
    let starts = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if starts && !is_number(text) && !is_user(text) { format!("'{text}") } else { text.to_owned() }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit())
}

/// Whether this is a user id of the grammar for new ones, on a server with a name.
fn is_user(text: &str) -> bool {
    let parts = text.strip_prefix('@').and_then(|text| text.split_once(':'));
    let is_local = |octet: u8| {
        octet.is_ascii_lowercase() || octet.is_ascii_digit() || b"._=-/+".contains(&octet)
    };
    let is_server = |octet: u8| octet.is_ascii_alphanumeric() || b".-:".contains(&octet);
    parts.is_some_and(|(local, server)| {
        local.bytes().all(is_local) && !server.is_empty() && server.bytes().all(is_server)
    })
}

fn line(cells: [String; 6]) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(&cells).expect("memory takes all that is written");
    let octets = writer.into_inner().expect("memory takes all that is written");
    String::from_utf8(octets).expect("cells of text make a line of text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_a_formula() {
        for text in
            ["=1+1", "+1", "@bob:matrix.example", "@a/b=c+d-e:m.example:8448", "Bob", "", "a=b"]
        {
            let guard = if text == "=1+1" { "'=1+1" } else { text };
            assert_eq!(guarded(text), guard);
        }
        for text in [
            "=cmd|' /C calc'!A0",
            "@SUM(1+9)*cmd|' /C calc'!A0:m.example",
            "-2+3",
            "+1+1",
            "+",
            "@a:",
            "@a",
            "@a:m,b",
            "\t=1",
            "\r=1",
            "\n=1",
            "@A:m.example",
            "+a@example.com",
        ] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
    }

    #[test]
    fn cells_do_not_act_on_terminals() {
        assert_eq!(
            refused(&["A\u{1b}[31m".to_owned()], "=\u{7}"),
            "A\\u{1b}[31m,'=\\u{7},refused,,,\r\n"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(cells in proptest::array::uniform6("[\\PC\",\r\n]{0,12}")) {
            let line = line(cells.clone());
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let read = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), cells);
        }
    }
}
