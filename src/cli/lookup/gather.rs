//! What is to be looked up: from the command line, and from address books.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;

use super::{REFUSED, object, sheet};
use crate::cli::arguments::{Format, Lookup};
use crate::cli::text::printable;
use crate::cli::{Exit, output};
use crate::stub::book::{Book, BookError, EntryError, Limits, Refused, Report};
use crate::threepid::{Threepid, ThreepidError};

/// What an address book is without that is told of.
const NOTHING: &str = "it has no email address and no phone number (where no column is named as one, \
                       those in national format are understood with --country CC)";

/// What is to be looked up, and what was refused.
pub(super) struct Gathered {
    /// Each identifier once, with the names that address books give.
    pub(super) book: Book,
    /// How many were refused.
    pub(super) refused: usize,
    /// Whether there are address books.
    pub(super) has_books: bool,
    /// Whether phone numbers were refused that a country would have made sense of.
    pub(super) needs_country: bool,
}

impl Gathered {
    /// Reads identifiers and address books, and tells what in them is no identifier.
    ///
    /// # Errors
    /// Where a file cannot be read, is something else or too much; that is told.
    pub(super) fn of(arguments: &Lookup) -> Result<Self, Exit> {
        let files = || arguments.vcard.iter().chain(&arguments.csv);
        if files().filter(|file| is_standard_input(file)).count() > 1 {
            output::fail("standard input (-) can be read once");
            return Err(Exit::Usage);
        }
        let format = arguments.format();
        if format == Format::Csv {
            output::print(sheet::header());
        }
        let mut gathered = Self {
            book: Book::new(arguments.country, Limits::default()),
            refused: 0,
            has_books: arguments.has_books(),
            needs_country: false,
        };
        for identifier in &arguments.identifiers {
            gathered.take(identifier, arguments, format)?;
        }
        for file in &arguments.vcard {
            gathered.read(file, format, Book::add_vcards)?;
        }
        for file in &arguments.csv {
            let report = gathered.read(file, format, Book::add_table)?;
            tell_columns(file, &report);
        }
        Ok(gathered)
    }

    /// Takes an identifier of the command line.
    fn take(&mut self, identifier: &str, arguments: &Lookup, format: Format) -> Result<(), Exit> {
        match Threepid::parse_any(identifier, arguments.country) {
            Ok(threepid) => return self.book.add(threepid, identifier, None).map_err(output::fail),
            Err(error) if format == Format::Json => {
                output::print(format_args!("{}\n", object::error(identifier, &error)));
            }
            Err(error) => {
                output::fail(format_args!("{identifier:?}: {error}"));
                if format == Format::Csv {
                    output::print(sheet::refused(&[], identifier));
                }
            }
        }
        self.refused += 1;
        Ok(())
    }

    /// Reads an address book.
    fn read(
        &mut self,
        file: &Path,
        format: Format,
        add: impl FnOnce(&mut Book, &[u8]) -> Result<Report, BookError>,
    ) -> Result<Report, Exit> {
        let name = name(file);
        let octets = octets(file, Limits::default().octets)
            .map_err(|error| output::fail(format_args!("cannot read {name}: {error}")))?;
        let report = add(&mut self.book, &octets).map_err(|error| match error {
            BookError::Table { line, fault } => {
                output::fail(format_args!("{name}:{line}: {fault}"))
            }
            error => output::fail(format_args!("{name}: {error}")),
        })?;
        if report.entries == 0 {
            return Err(output::fail(format_args!("nothing to look up in {name}: {NOTHING}")));
        }
        if let Some(line) = report.not_utf8 {
            output::tell(format_args!(
                "{name}:{line}: not in UTF-8: names have \u{fffd} where it is not"
            ));
        }
        for refused in &report.refused {
            tell_refused(&name, refused, format);
            self.refused += 1;
            self.needs_country |= refused.why == EntryError::Threepid(ThreepidError::CountryNeeded);
        }
        Ok(report)
    }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// What a file is called where something is told about it.
fn name(file: &Path) -> String {
    let is_input = is_standard_input(file);
    if is_input { "standard input".to_owned() } else { file.display().to_string() }
}

/// The octets of a file: one more than `most`, where it has more.
fn octets(file: &Path, most: usize) -> io::Result<Vec<u8>> {
    let input: Box<dyn Read> =
        if is_standard_input(file) { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut octets = Vec::new();
    input.take(most as u64 + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Tells what in an address book is no identifier.
fn tell_refused(file: &str, refused: &Refused, format: Format) {
    let Refused { line, written, name, why } = refused;
    if format == Format::Json {
        let names: Vec<&str> = name.iter().map(String::as_str).collect();
        let object = json!({
            "identifier": written,
            "names": names,
            "outcome": REFUSED,
            "error": why.to_string(),
            "file": file,
            "line": line,
        });
        return output::print(format_args!("{object}\n"));
    }
    if format == Format::Csv {
        output::print(sheet::refused(name.as_slice(), written));
    }
    let whose = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let text = format!("{written:?}{whose}: {why}");
    output::tell(format_args!("{file}:{line}: {}", printable(&text)));
}

/// Tells which columns of a table were read, so that nobody misses one.
fn tell_columns(file: &Path, report: &Report) {
    let name = name(file);
    if report.columns.is_empty() {
        output::tell(format_args!(
            "{name}: the first row names no columns that are known: read is what looks like an \
             identifier"
        ));
    } else {
        let columns = report.columns.join(", ");
        output::tell(format_args!("{name}: read are the columns {}", printable(&columns)));
    }
}
