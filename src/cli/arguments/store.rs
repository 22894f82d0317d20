//! What is said to `threepid store`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::store::Sequence;
use crate::wire::Name;

/// Told below the help of `store check`, and true by [`super::Exit`].
const STORE_CHECK_EXITS: &str = "Exit status:
  0   the store is good
  1   it is damaged
  3   it cannot be read or is no store
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

/// Told below the help of `store handover`, and true by [`super::Exit`].
const STORE_HANDOVER_EXITS: &str = "Examples:
  threepid store handover /var/lib/threepid/associations.store +44777 > people.lines
  threepid store handover a.store example.com --after 4711 > rest.lines

Exit status:
  0   done
  1   it is not held, and nothing is written
  3   a file cannot be read or written, or is damaged
  64  the command line is not understood, or names nothing of the store's zones";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StoreCommand {
    /// Read all of a store, and tell what is damaged
    ///
    /// Beside a server that writes it the checksums of its pages are left out, which is told; all else is
    /// checked as of one moment. To have those checked, too, back it up: what cannot be read is told, and the
    /// copy can be checked.
    #[command(after_help = STORE_CHECK_EXITS)]
    Check(StoreFile),
    /// Copy a store as it is at this moment, also while a server writes it
    ///
    /// To restore it, stop the server, put the copy in the place of the store, and start the server again. It
    /// begins all zones with serials that are ahead by 2^28, as those of before may have been served with
    /// other content, and says so in its log. What was published or withdrawn after the copy was made is not
    /// in it: withdrawn associations are answered again, until verification servers publish all that again
    /// that they have sent since.
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
    /// Write what a store holds in a part of the tree, for the server that is to answer for it
    ///
    /// The part has to be held: `handing_over = ["+44777"]` in the table of its zone, read by the server.
    /// Then nothing changes there until it is delegated. The lines are those of `export`; the other server
    /// imports them before it answers. Told is up to which change they go, for `delegation add
    /// --handed-over`. To take a delegation back, the child holds and hands over likewise. The crate's
    /// manual, "Delegating", tells the whole order.
    #[command(after_help = STORE_HANDOVER_EXITS)]
    Handover(StoreHandover),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StoreFile {
    /// The store
    #[arg(value_name = "STORE")]
    pub(in crate::cli) store: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StoreBackup {
    /// The store
    #[arg(value_name = "STORE")]
    pub(in crate::cli) store: PathBuf,
    /// Where the copy goes; nothing may be there
    #[arg(value_name = "COPY")]
    pub(in crate::cli) copy: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StoreImport {
    /// The store
    #[arg(value_name = "STORE")]
    pub(in crate::cli) store: PathBuf,
    /// The lines; - stands for standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The tree that statements are in which stand on a line alone, as 3pid.example: one that the store was
    /// served for, if it was served
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) apex: Option<Name>,
    /// Keep the addresses of associations, as hashed lookup in Matrix's identity API needs them
    ///
    /// A store that keeps them goes on. Phone numbers are always known, by their names.
    #[arg(long)]
    pub(in crate::cli) keep_addresses: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StoreHandover {
    /// The store
    #[arg(value_name = "STORE")]
    pub(in crate::cli) store: PathBuf,
    /// What is handed over, as for `delegation`: +44777, example.com or @example.com, or a name
    #[arg(value_name = "CHILD")]
    pub(in crate::cli) child: String,
    /// The zone or tree that it is in [default: those that the store was served for]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) apex: Option<Name>,
    /// Only what changed after this, where the rest was handed over already
    #[arg(long, value_name = "CHANGE", value_parser = change)]
    pub(in crate::cli) after: Option<Sequence>,
    /// Though it is not held, for a first copy while publications go on: the rest has to follow
    #[arg(long)]
    pub(in crate::cli) early: bool,
}

/// The number of a change.
pub(super) fn change(text: &str) -> Result<Sequence, String> {
    let number = text.parse().map(Sequence);
    number.map_err(|_| "the number of a change expected, as `store handover` tells it".to_owned())
}
