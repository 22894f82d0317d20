//! What is said to `threepid lookup` and `threepid trace`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::trace::TRACE_JSON;
use crate::config::{AddressError, DNS_PORT, server_address};
use crate::threepid::Country;
use crate::wire::Rtype;

/// Told below the help of `lookup`, and true by [`super::Exit`].
pub(super) const LOOKUP_EXITS: &str = "Examples:
  threepid lookup +447700900123 alice@example.com
  threepid lookup --country GB --vcard contacts.vcf
  threepid lookup --csv contacts.csv --format csv > found.csv

Exit status (of several identifiers the greatest counts):
  0   found; proved, and trusted
  1   no association: proved absent; or withdrawn or not in force, proved and trusted
  2   there is an answer, but it is not proved: a zone is unsigned, or a root gave no answer;
      or not trusted: too few of the verification servers of the configuration vouch for it
  3   an error: no answer, an address that is none, a bad configuration
  64  the command line is not understood";

/// Told below the help of `trace`, and true by [`super::Exit`].
pub(super) const TRACE_EXITS: &str = "Exit status (of several trees the greatest counts):
  0   found, and proved
  1   proved absent: no association, no such record, no such name
  2   there is an answer, but nothing proves it
  3   an error: no answer, an address that is none, a bad configuration
  64  the command line is not understood";

#[derive(Debug, Args)]
pub(in crate::cli) struct Lookup {
    /// Email addresses, and phone numbers as +447700900123
    #[arg(required_unless_present_any = ["vcard", "csv"], value_name = "ID")]
    pub(in crate::cli) identifiers: Vec<String>,
    /// Look up everybody in an address book of vCards; - stands for standard input
    ///
    /// Versions 4, 3 and 2.1 are read: of each card TEL, EMAIL and the name. It can be given several
    /// times, with identifiers and tables. Each identifier is looked up once, 32 at a time. What is
    /// none is told with its line. A file may have 64 MiB, all together 100,000 cards or rows with
    /// 200,000 phone numbers and email addresses.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) vcard: Vec<PathBuf>,
    /// Look up everybody in a table (CSV); - stands for standard input
    ///
    /// Cells are told apart by commas, semicolons or tabs. Read are the columns that the first row names
    /// as email addresses and phone numbers, as in exports of Google, Outlook and Thunderbird; where
    /// there is none, all cells that look like identifiers. Several in one cell are separated by :::.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Vec<PathBuf>,
    /// How results are written [default: table where there is an address book, else text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(in crate::cli) format: Option<Format>,
    /// A configuration with a [client] section: the resolver, the trees and what proves them, the
    /// verification servers that are trusted
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Ask this resolver, not the one of the configuration
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = resolver)]
    pub(in crate::cli) resolver: Option<SocketAddr>,
    /// Write one JSON object for each identifier: the same as --format json
    ///
    /// Its members: identifier (as given), medium and address (normalised), outcome (found,
    /// not_in_force, withdrawn, unknown: it is nobody's, or unanswered), proved, complete (whether every root gave an
    /// answer, and every newer statement could be judged: only then is anything proved), conflict
    /// (whether roots have different statements), mxid where found, and roots: what each root says (apex,
    /// name, proved, ttl, and the signed statement, or an error).
    ///
    /// Where a root has a statement, there are also trusted, vouchers (how many verification servers
    /// have to vouch), vouch and others (the names of those trusted that do and do not); and with each
    /// root signatures: server, key_id, verdict (valid, out_of_scope, expired, not_yet_valid,
    /// path_too_long, bad_signature, malformed, untrusted or undetermined), and chains where it is valid
    /// (each the keys from the signer's to a trusted one, with server and key_id) or reason where it is
    /// not (null where nobody is trusted).
    ///
    /// Where address books are read, there is names: what they call those whose it is, 16 at most.
    ///
    /// Where the identifier is none, there are identifier, outcome (refused) and error alone; where it
    /// stands in an address book, also names, file and line.
    #[arg(long, conflicts_with = "format")]
    pub(in crate::cli) json: bool,
    /// The country whose national phone numbers are understood, as two letters: GB
    #[arg(long, value_name = "CC")]
    pub(in crate::cli) country: Option<Country>,
}

impl Lookup {
    /// Whether address books are read.
    pub(in crate::cli) fn has_books(&self) -> bool {
        !self.vcard.is_empty() || !self.csv.is_empty()
    }

    /// How results are written.
    pub(in crate::cli) fn format(&self) -> Format {
        match self.format {
            _ if self.json => Format::Json,
            Some(format) => format,
            None if self.has_books() => Format::Table,
            None => Format::Text,
        }
    }
}

/// How the results of lookups are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Some lines for each: what every root says, and who vouches for it
    Text,
    /// A line for each, once all are found
    Table,
    /// A JSON object for each, as --json describes
    Json,
    /// A table for spreadsheets: names, identifier, outcome, mxid, proved, trusted
    ///
    /// Several names are separated by :::. Outcomes are those of --json. A cell that a spreadsheet might take
    /// for a formula has an apostrophe before it, and control characters are written out; for programs there
    /// is json.
    Csv,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Trace {
    /// An email address, a phone number as +447700900123, or a name in the DNS
    ///
    /// An identifier is looked for in each tree that is configured; in `.`, the tree of ordinary
    /// names, where there is no other.
    #[arg(value_name = "ID|NAME")]
    pub(in crate::cli) target: String,
    /// The type of the records [default: ASSOC for an identifier, A for a name]
    #[arg(value_name = "TYPE")]
    pub(in crate::cli) rtype: Option<Rtype>,
    /// A configuration with a [resolver] section, or a [client] section that names the servers of its
    /// roots
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Show every server the whole name, not only the part that it has to know (RFC 9156)
    #[arg(long)]
    pub(in crate::cli) no_minimise: bool,
    /// Write one JSON object for each step, as it is taken
    #[arg(long, long_help = TRACE_JSON)]
    pub(in crate::cli) json: bool,
    /// The country whose national phone numbers are understood, as two letters: GB
    #[arg(long, value_name = "CC")]
    pub(in crate::cli) country: Option<Country>,
}

/// An address, on the port of DNS where it has none.
pub(super) fn resolver(text: &str) -> Result<SocketAddr, AddressError> {
    server_address(text, DNS_PORT)
}
