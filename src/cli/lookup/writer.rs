//! Results, as they are asked for.

use std::net::SocketAddr;

use super::table::Table;
use super::{object, sheet, show};
use crate::cli::arguments::Format;
use crate::cli::output;
use crate::cli::text::printable;
use crate::clock::{Clock, SystemClock};
use crate::stub::Answer;
use crate::stub::book::Contact;

/// Writes results to standard output.
pub(super) struct Writer {
    form: Form,
    resolver: SocketAddr,
    has_books: bool,
}

enum Form {
    Text,
    Table(Table),
    Json,
    Csv,
}

impl Writer {
    /// Writes in this format what was found by asking `resolver`; who has it, where there are address
    /// books.
    pub(super) fn new(format: Format, resolver: SocketAddr, has_books: bool) -> Self {
        let form = match format {
            Format::Text => Form::Text,
            Format::Table => Form::Table(Table::default()),
            Format::Json => Form::Json,
            Format::Csv => Form::Csv,
        };
        Self { form, resolver, has_books }
    }

    /// Whether each result is written at once.
    pub(super) fn is_prompt(&self) -> bool {
        !matches!(self.form, Form::Table(_))
    }

    /// Writes what was found about a contact; the lines of a table come at the end, as their columns
    /// have to fit all of them.
    pub(super) fn write(&mut self, contact: &Contact, answer: &Answer) {
        let now = SystemClock.now();
        let Contact { threepid, written, names } = contact;
        match &mut self.form {
            Form::Text => {
                output::print(show::lines(threepid, answer, Some(self.resolver), now));
                if !names.is_empty() {
                    let names = printable(&names.join(", "));
                    output::print(format_args!("  in the address book: {names}\n"));
                }
            }
            Form::Table(table) => table.add(contact, answer, now),
            Form::Json => {
                let mut object = object::object(written, threepid, answer);
                if self.has_books {
                    object["names"] = names.as_slice().into();
                }
                output::print(format_args!("{object}\n"));
            }
            Form::Csv => output::print(sheet::row(contact, answer)),
        }
    }

    /// Writes what was not written yet.
    pub(super) fn finish(self) {
        if let Form::Table(table) = self.form {
            output::print(table);
        }
    }
}
