//! What is said to `threepid publish` and `threepid outbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Told below the help of `publish`, and true by [`super::super::Exit`].
pub(super) const PUBLISH_EXITS: &str = "Examples:
  threepid publish statement.json
  threepid publish --queue - < statements.lines

Exit status (of several statements the greatest counts):
  0   every root has them; with --queue, they are in the outbox
  1   a root refused one, or has a newer one; or a newer one is in the outbox
  2   a root could not be had, or is busy: what is for it stays in the outbox
  3   an error: a statement that is none, a bad configuration, an outbox that cannot be written, or has a
      damaged file
  64  the command line is not understood";

/// Told below the help of `outbox show`, and true by [`super::super::Exit`].
const SHOW_EXITS: &str = "Example:
  threepid outbox show --json

Exit status:
  0   shown, also where nothing waits
  3   an error: a bad configuration, an outbox that cannot be read
  64  the command line is not understood";

/// Told below the help of `outbox run`, and true by [`super::super::Exit`].
const RUN_EXITS: &str = "Examples:
  threepid outbox run           (as from cron, every minute)
  threepid outbox run --now
  threepid outbox run --wait

Exit status (the greatest counts):
  0   nothing waits any more: every root has what was tried
  1   a root refused a statement or has a newer one
  2   statements still wait
  3   an error: a bad configuration, an outbox that cannot be read or written, or has a damaged file
  64  the command line is not understood";

/// Told below the help of `outbox drop`, and true by [`super::super::Exit`].
const DROP_EXITS: &str = "Example:
  threepid outbox drop +447700900123

Exit status:
  0   dropped
  1   nothing about it is in the outbox
  3   an error: an address that is none, a bad configuration, an outbox that cannot be written
  64  the command line is not understood";

/// The form of `--json` of `publish` and `outbox run`.
const EVENTS: &str = "Write one JSON object for each attempt

Its members: medium, address, ts and added (of the statement and of the outbox, in milliseconds since \
1970), apex (the root), and state: stored, merged, unchanged, \
superseded (the root has a newer one), refused (with errcode and error) or \
waiting (with attempts that were due, next and reason). Of a statement that is put into \
the outbox alone, or that is older than one there, state is queued or dropped, and there is no apex.";

/// The form of `--json` of `outbox show`.
const ENTRIES: &str = "Write one JSON object for each statement and root

Its members are those of `threepid outbox run --json`. Before the first attempt, state is waiting without \
a reason.";

#[derive(Debug, Args)]
pub(in crate::cli) struct Publish {
    /// Signed statements: one JSON object, several (one a line, or however they stand), or an array
    ///
    /// - stands for standard input. Where one is malformed, all mistakes are told and nothing is sent.
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// A configuration with a [client] section: the resolver, the trees and what proves them
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Only put them into the outbox: `threepid outbox run` sends them
    #[arg(long)]
    pub(in crate::cli) queue: bool,
    #[arg(long, help = "Write JSON", long_help = EVENTS)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum OutboxCommand {
    /// Show what waits, what stood in its way, and when it is tried next
    #[command(after_help = SHOW_EXITS)]
    Show(OutboxShow),
    /// Send what is due
    ///
    /// What fails is tried again within 30 seconds, then ever later up to 6 hours, until every root has it
    /// or has said why not, or it is dropped.
    #[command(after_help = RUN_EXITS)]
    Run(OutboxRun),
    /// Drop what waits about an identifier: the roots that do not have it will not get it
    #[command(after_help = DROP_EXITS)]
    Drop(OutboxDrop),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OutboxDrop {
    /// An email address, or a phone number as +447700900123
    #[arg(value_name = "ID")]
    pub(in crate::cli) identifier: String,
    /// A configuration with a [client] section, which names the outbox
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OutboxShow {
    /// A configuration with a [client] section, which names the outbox
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    #[arg(long, help = "Write JSON", long_help = ENTRIES)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct OutboxRun {
    /// A configuration with a [client] section: the outbox, the resolver, the trees and what proves them
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Try all that waits, due or not
    ///
    /// What fails and was not due yet is tried again when it would have been.
    #[arg(long)]
    pub(in crate::cli) now: bool,
    /// Go on until nothing waits any more
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    #[arg(long, help = "Write JSON", long_help = EVENTS)]
    pub(in crate::cli) json: bool,
}
