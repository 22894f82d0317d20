//! What is said to `threepid roots`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Told below the help of `roots show`, and true by [`crate::cli::Exit`].
const SHOW_EXITS: &str = "Examples:
  threepid roots show -c config/client.toml
  threepid roots show 8.json --previous 7.json

Exit status:
  0   enough keys of the list have signed it, it has not expired, and it follows the previous list, if given
  1   it may not be used: too few have signed it, it has expired, or it does not follow
  3   it cannot be read, or is no root list
  64  the command line is not understood";

/// Told below the help of `roots update`, and true by [`crate::cli::Exit`].
const UPDATE_EXITS: &str = "Examples:
  threepid roots update -c config/client.toml --from first.json
  threepid roots update -c config/client.toml

Exit status:
  0   the list that is held is the last there is, and has not expired
  2   a list is held that may be used, but none of the servers tells whether there is a newer one
  3   an error: no list is held, what there is has expired, or is not signed as it should be. A newer list
      that was reached all the same is held now
  64  the command line is not understood";

/// Told below the help of `roots sign`, and true by [`crate::cli::Exit`].
const SIGN_EXITS: &str = "Example:
  threepid roots sign 8.json --previous 7.json --key alice.key

A draft (times in milliseconds since 1970; key_id, public key: `threepid cert key FILE`; DS without owner and type):
  {\"type\": \"threepid.root_list\", \"version\": 1, \"expires\": 1830297600000, \"threshold\": 1,
   \"keys\": {\"alice.example\": {\"ed25519:1\": \"MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM\"}},
   \"roots\": [{\"apex\": \"3pid.example.\", \"servers\": [\"192.0.2.1\", \"2001:db8::1\"],
     \"ds\": [\"2371 15 2 1f4a6d8e0c93b75a2e6f4d1c8b0a9372645ef1d08c7b3a6592e4d7f01c8b5a63\"],
     \"publish\": \"https://publish.3pid.example/\"}]}

Exit status:
  0   the signature is in the file, whether or not more are needed
  3   a file cannot be read or written, the draft is no root list, or the key is none of those that may sign
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RootsCommand {
    /// Show a root list: what it says, and which of its keys have signed it
    #[command(after_help = SHOW_EXITS)]
    Show(RootsShow),
    /// Fetch newer root lists, each signed by keys of the one before it, and hold the last one
    ///
    /// The file is `root_list` of [client], [resolver] or [publish]; the servers are its `root_list_urls`. Of several
    /// servers any may be down, behind or lying: what they did is told on standard error.
    #[command(after_help = UPDATE_EXITS)]
    Update(RootsUpdate),
    /// Check a root list that is being drawn up, and add a signature to it
    ///
    /// The file is written anew, in canonical form. Keys of root lists are for nothing else: never a key that
    /// zones are signed with, nor one of a verification server. `threepid cert key --new FILE` makes one.
    #[command(after_help = SIGN_EXITS)]
    Sign(RootsSign),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RootsShow {
    /// A root list, or a draft; without it, the one that the configuration holds
    #[arg(value_name = "LIST", conflicts_with = "config")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The list before it, whose keys have to have signed it too
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) previous: Option<PathBuf>,
    /// A configuration with a [client], [resolver] or [publish] section that has a root_list
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Write one JSON object
    ///
    /// Its members: version, expires (milliseconds since 1970), expired, threshold, signed (how many
    /// different keys have signed), enough (whether these are enough), keys (each with name, key_id,
    /// public_key and signed: yes, no or bad), others (names of signatures by other keys, as those of the
    /// list before it), follows (whether it follows the previous list, null where that is not given) and
    /// roots, as they stand in the list.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RootsUpdate {
    /// A configuration with a [client], [resolver] or [publish] section that has a root_list
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Take this list first: to install the first one, or where no server can be asked
    ///
    /// Where none is held, it is trusted because you say so: get it from those who keep the list in a way you
    /// trust. Where one is held, it has to be the next one, signed as such.
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RootsSign {
    /// The draft
    #[arg(value_name = "LIST")]
    pub(in crate::cli) file: PathBuf,
    /// The file of the key: one line, `ed25519 <id> <seed in unpadded base64>`
    #[arg(long, value_name = "KEYFILE")]
    pub(in crate::cli) key: PathBuf,
    /// The list before it, whose keys have to sign too; only version 1 has none
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) previous: Option<PathBuf>,
}
