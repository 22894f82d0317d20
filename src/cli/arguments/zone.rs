//! What is said to `threepid zone` and `threepid config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::wire::Name;

/// Told below the help of `zone` and `config`, and true by [`super::Exit`].
const CHECK_EXITS: &str = "Exit status:
  0   the file is good
  1   it has mistakes, or the files it names
  3   it cannot be read
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ZoneCommand {
    /// Read a zone file, and tell every mistake in it
    #[command(after_help = CHECK_EXITS)]
    Check(ZoneFile),
    /// Write a zone file in canonical order, one record a line, names in full
    #[command(after_help = CHECK_EXITS)]
    Print(ZonePrint),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ZoneFile {
    /// The zone file
    pub(in crate::cli) file: PathBuf,
    /// The zone's name, with which relative names are continued
    ///
    /// Without it the zone is the one whose SOA record is in the file, and names before the first
    /// $ORIGIN have to be absolute.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) origin: Option<Name>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ZonePrint {
    #[command(flatten)]
    pub(in crate::cli) zone: ZoneFile,
    /// Write record types that other servers may not read, ASSOC and VCERT among them, in the
    /// generic form of RFC 3597
    #[arg(long)]
    pub(in crate::cli) generic: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConfigCommand {
    /// Read a configuration with its zones and keys, and tell every mistake
    #[command(after_help = CHECK_EXITS)]
    Check(Check),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// The configuration file
    pub(in crate::cli) file: PathBuf,
}
