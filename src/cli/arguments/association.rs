//! What is said to `threepid association`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::association::Mxid;
use crate::signed::ServerName;
use crate::wire::Name;

use super::cert::{Judging, SHOW_EXITS, SignedFile, VERIFY_EXITS};

const SIGN_EXAMPLE: &str = "Example:
  threepid association sign --key verify.key --server verify.example \\
    +447700900123 @alice:matrix.example

Exit status:
  0   done
  3   the key cannot be read, or what is to be signed cannot be
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AssociationCommand {
    /// Sign that an identifier belongs to a user, or no longer does, as a verification server does
    ///
    /// Nobody is asked whether it is true: that is up to whoever signs.
    #[command(after_help = SIGN_EXAMPLE)]
    Sign(AssociationSign),
    /// Say in words what a statement says
    #[command(after_help = SHOW_EXITS)]
    Show(SignedFile),
    /// Tell who vouches for a statement, and who does not
    #[command(after_help = VERIFY_EXITS)]
    Verify(AssociationVerify),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AssociationSign {
    /// The file of the verification server's key
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: PathBuf,
    /// The verification server
    #[arg(long, value_name = "SERVER")]
    pub(in crate::cli) server: ServerName,
    /// Add a signature to the statement in this file, which says the rest; - stands for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identifier", "withdraw", "days"])]
    pub(in crate::cli) add_to: Option<PathBuf>,
    /// The identifier: an email address, or a phone number as +447700900123
    #[arg(value_name = "ID", required_unless_present = "add_to")]
    pub(in crate::cli) identifier: Option<String>,
    /// The user it belongs to
    #[arg(value_name = "MXID", required_unless_present_any = ["add_to", "withdraw"])]
    pub(in crate::cli) mxid: Option<Mxid>,
    /// Sign that it belongs to nobody any more
    #[arg(long, conflicts_with = "mxid")]
    pub(in crate::cli) withdraw: bool,
    /// How many days the association lives [default: 100 years]
    #[arg(long, value_name = "NUMBER", conflicts_with = "withdraw",
        value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub(in crate::cli) days: Option<u64>,
    /// Print the line for a zone file in the tree with this apex, not JSON
    #[arg(long, value_name = "APEX")]
    pub(in crate::cli) zone: Option<Name>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AssociationVerify {
    /// The statement as JSON; - stands for standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) by: Judging,
}
