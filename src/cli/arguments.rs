//! What can be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{AddressError, DNS_PORT, server_address};
use crate::threepid::Country;
use crate::wire::{Name, Rtype};

use super::trace::TRACE_JSON;

/// Told below the help of `lookup`, and true by [`super::Exit`].
const LOOKUP_EXITS: &str = "Exit status (of several identifiers the greatest counts):
  0   found, and proved
  1   no association: proved absent
  2   there is an answer, but it is not proved: a zone is unsigned, or a root gave no answer
  3   an error: no answer, an address that is none, a bad configuration
  64  the command line is not understood";

/// Told below the help of `trace`, and true by [`super::Exit`].
const TRACE_EXITS: &str = "Exit status (of several trees the greatest counts):
  0   found, and proved
  1   proved absent: no association, no such record, no such name
  2   there is an answer, but nothing proves it
  3   an error: no answer, an address that is none, a bad configuration
  64  the command line is not understood";

/// Told below the help of `zone` and `config`, and true by [`super::Exit`].
const CHECK_EXITS: &str = "Exit status:
  0   the file is good
  1   it has mistakes, or the files it names
  3   it cannot be read
  64  the command line is not understood";

/// Told below the help of `serve` and `demo`, and true by [`super::Exit`].
const SERVE_EXITS: &str = "Exit status:
  0   ended by a signal, all that was asked answered
  3   it does not start, or ended before all was answered
  64  the command line is not understood";

/// Told below the help of `key`, and true by [`super::Exit`].
const KEY_EXITS: &str = "Exit status:
  0   done
  3   a file cannot be read or written, or is not a key's
  64  the command line is not understood";

/// Told below the help of `store check`, and true by [`super::Exit`].
const STORE_CHECK_EXITS: &str = "Exit status:
  0   the store is good
  1   it is damaged
  3   it cannot be read, is in use or is no store
  64  the command line is not understood";

/// Told below the help of `store import`, and true by [`super::Exit`].
const STORE_IMPORT_EXITS: &str = "Exit status:
  0   every line is in the store, or the store has something later
  1   lines were malformed or refused; all others are in the store
  3   a file cannot be read or written: what was counted is in the store
  64  the command line is not understood";

/// Told below the help of the rest of `store`, and true by [`super::Exit`].
const STORE_EXITS: &str = "Exit status:
  0   done
  3   a file cannot be read or written, or is damaged
  64  the command line is not understood";

/// The DNS of third-party identifiers: find the Matrix user behind an email address or a phone number,
/// and prove it.
#[derive(Debug, Parser)]
#[command(name = "threepid", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "`threepid demo` shows it all on this machine.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve what a configuration says: zones, a resolver
    #[command(after_help = SERVE_EXITS)]
    Serve(ConfigFile),
    /// Start two small trees and a resolver on this machine, to try things on
    #[command(after_help = SERVE_EXITS)]
    Demo(Demo),
    /// Find who an email address or a phone number belongs to
    #[command(after_help = LOOKUP_EXITS)]
    Lookup(Lookup),
    /// Walk from the root to the answer, and show each step and what proves it
    #[command(after_help = TRACE_EXITS)]
    Trace(Trace),
    /// Make and show the keys that zones are signed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at zone files
    #[command(subcommand)]
    Zone(ZoneCommand),
    /// Look at configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check, copy and fill the stores that associations are kept in
    #[command(subcommand)]
    Store(StoreCommand),
}

/// The configuration of a process.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where keys, zones and configurations are kept from one start to the next
    #[arg(long, value_name = "DIR", default_value = "demo-state")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Lookup {
    /// Email addresses, and phone numbers as +447700900123
    #[arg(required = true, value_name = "ID")]
    pub(super) identifiers: Vec<String>,
    /// A configuration with a [client] section: the resolver, the trees and what proves them
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Ask this resolver, not the one of the configuration
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = resolver)]
    pub(super) resolver: Option<SocketAddr>,
    /// Write one JSON object for each identifier
    ///
    /// Its members: identifier (as given), medium and address (normalised), outcome (found,
    /// not_in_force, withdrawn, absent or error), proved, complete (whether every root gave an
    /// answer: only then is anything proved), mxid where found, and roots: what each root says (apex,
    /// name, proved, ttl, and the signed statement, or an error). Where the identifier is none, there
    /// are identifier, outcome (error) and error alone.
    #[arg(long)]
    pub(super) json: bool,
    /// The country whose national phone numbers are understood, as two letters: GB
    #[arg(long, value_name = "CC")]
    pub(super) country: Option<Country>,
}

#[derive(Debug, Args)]
pub(super) struct Trace {
    /// An email address, a phone number as +447700900123, or a name in the DNS
    ///
    /// An identifier is looked for in each tree that is configured; in `.`, the tree of ordinary
    /// names, where there is no other.
    #[arg(value_name = "ID|NAME")]
    pub(super) target: String,
    /// The type of the records [default: ASSOC for an identifier, A for a name]
    #[arg(value_name = "TYPE")]
    pub(super) rtype: Option<Rtype>,
    /// A configuration with a [resolver] section, or a [client] section that names the servers of its
    /// roots
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Show every server the whole name, not only the part that it has to know (RFC 9156)
    #[arg(long)]
    pub(super) no_minimise: bool,
    /// Write one JSON object for each step, as it is taken
    #[arg(long, long_help = TRACE_JSON)]
    pub(super) json: bool,
    /// The country whose national phone numbers are understood, as two letters: GB
    #[arg(long, value_name = "CC")]
    pub(super) country: Option<Country>,
}

/// An address, on the port of DNS where it has none.
fn resolver(text: &str) -> Result<SocketAddr, AddressError> {
    server_address(text, DNS_PORT)
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key for a zone
    ///
    /// Alone, a key signs everything in its zone. Where the zone has keys of both kinds, key-signing
    /// keys sign its keys, and zone-signing keys the rest.
    #[command(after_help = KEY_EXITS)]
    Generate(Generate),
    /// Show the DS record of a key, for the parent zone to publish
    #[command(after_help = KEY_EXITS)]
    Ds(KeyDs),
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The zone
    pub(super) zone: Name,
    /// Make a key-signing key, for whose digest the parent vouches: the default
    #[arg(long, conflicts_with = "zsk")]
    pub(super) ksk: bool,
    /// Make a zone-signing key
    #[arg(long)]
    pub(super) zsk: bool,
    /// Where the two files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct KeyDs {
    /// A key file: K<zone>+015+<tag>, with or without .key
    #[arg(value_name = "KEYFILE")]
    pub(super) file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum ZoneCommand {
    /// Read a zone file, and tell every mistake in it
    #[command(after_help = CHECK_EXITS)]
    Check(ZoneFile),
    /// Write a zone file in canonical order, one record a line, names in full
    #[command(after_help = CHECK_EXITS)]
    Print(ZonePrint),
}

#[derive(Debug, Args)]
pub(super) struct ZoneFile {
    /// The zone file
    pub(super) file: PathBuf,
    /// The zone's name, with which relative names are continued
    ///
    /// Without it the zone is the one whose SOA record is in the file, and names before the first
    /// $ORIGIN have to be absolute.
    #[arg(long, value_name = "NAME")]
    pub(super) origin: Option<Name>,
}

#[derive(Debug, Args)]
pub(super) struct ZonePrint {
    #[command(flatten)]
    pub(super) zone: ZoneFile,
    /// Write record types that other servers may not read, ASSOC and VCERT among them, in the
    /// generic form of RFC 3597
    #[arg(long)]
    pub(super) generic: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Read a configuration with its zones and keys, and tell every mistake
    #[command(after_help = CHECK_EXITS)]
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configuration file
    pub(super) file: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Read all of a store, and tell what is damaged
    ///
    /// No server may be writing it. To check one that is in use, back it up: what cannot be read is told,
    /// and the copy can be checked.
    #[command(after_help = STORE_CHECK_EXITS)]
    Check(StoreFile),
    /// Copy a store as it is at this moment, also while a server writes it
    #[command(after_help = STORE_EXITS)]
    Backup(StoreBackup),
    /// Write what a store holds, one JSON object a line, also while a server writes it
    ///
    /// A line has the name, and one of: `statement`, the signed statement as it was published, where its
    /// address is known (phone numbers are; others if the store keeps addresses); `rdata` and
    /// `signed_hash`, its record data and the SHA-256 of what was signed, both in base64, where it is
    /// not; `mark`, the time of a withdrawal that is no longer kept, in milliseconds since 1970.
    #[command(after_help = STORE_EXITS)]
    Export(StoreFile),
    /// Take in what `export` or `handover` wrote, or any file with a signed statement on each line
    ///
    /// For each name the store keeps the latest statement; the same with other signatures is merged.
    /// Lines that are refused are told with their numbers. Who signed is not checked: that is up to
    /// whoever imports. The store is made where there is none; no server may be writing it.
    #[command(after_help = STORE_IMPORT_EXITS)]
    Import(StoreImport),
    /// Write what a store holds at a name and below it, for the server that the name is delegated to
    ///
    /// The lines are those of `export`; that server imports them before it answers.
    #[command(after_help = STORE_EXITS)]
    Handover(StoreHandover),
}

#[derive(Debug, Args)]
pub(super) struct StoreFile {
    /// The store
    #[arg(value_name = "STORE")]
    pub(super) store: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct StoreBackup {
    /// The store
    #[arg(value_name = "STORE")]
    pub(super) store: PathBuf,
    /// Where the copy goes; nothing may be there
    #[arg(value_name = "COPY")]
    pub(super) copy: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct StoreImport {
    /// The store
    #[arg(value_name = "STORE")]
    pub(super) store: PathBuf,
    /// The lines; - stands for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The tree that statements are in which stand on a line alone, as 3pid.example
    #[arg(long, value_name = "NAME")]
    pub(super) apex: Option<Name>,
    /// Keep the addresses of associations, as hashed lookup in Matrix's identity API needs them
    ///
    /// A store that keeps them goes on. Phone numbers are always known, by their names.
    #[arg(long)]
    pub(super) keep_addresses: bool,
}

#[derive(Debug, Args)]
pub(super) struct StoreHandover {
    /// The store
    #[arg(value_name = "STORE")]
    pub(super) store: PathBuf,
    /// The delegated name, as 4.4.msisdn.3pid.example
    #[arg(value_name = "CUT")]
    pub(super) cut: Name,
}
