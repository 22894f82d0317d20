//! What is said to `threepid key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::wire::Name;

/// Told below the help of `key`, and true by [`super::Exit`].
const KEY_EXITS: &str = "Exit status:
  0   done
  3   a file cannot be read or written, or is not a key's
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
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
pub(in crate::cli) struct Generate {
    /// The zone
    pub(in crate::cli) zone: Name,
    /// Make a key-signing key, for whose digest the parent vouches: the default
    #[arg(long, conflicts_with = "zsk")]
    pub(in crate::cli) ksk: bool,
    /// Make a zone-signing key
    #[arg(long)]
    pub(in crate::cli) zsk: bool,
    /// Where the two files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KeyDs {
    /// A key file: K<zone>+015+<tag>, with or without .key
    #[arg(value_name = "KEYFILE")]
    pub(in crate::cli) file: PathBuf,
}
