//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::wire::Name;

/// The DNS of third-party identifiers: find the Matrix user behind an email address or a phone number,
/// and prove it.
#[derive(Debug, Parser)]
#[command(name = "threepid", version, propagate_version = true, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make and show the keys that zones are signed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key for a zone: one that signs everything, where neither --ksk nor --zsk says otherwise
    Generate(Generate),
    /// Show the DS record of a key, for the parent zone to publish
    Ds(KeyDs),
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The zone
    pub(super) zone: Name,
    /// Make a key that signs the zone's keys alone
    #[arg(long, conflicts_with = "zsk")]
    pub(super) ksk: bool,
    /// Make a key that signs the zone's records alone
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
pub(super) enum ConfigCommand {
    /// Read a configuration with its zones and keys, and tell every mistake
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configuration file
    pub(super) file: PathBuf,
}
