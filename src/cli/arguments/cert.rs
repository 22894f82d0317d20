//! What is said to `threepid cert`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::certificate::Rule;
use crate::cli::cert::end;
use crate::clock::Timestamp;
use crate::crypto::PublicKey;
use crate::signed::{KeyId, ServerName};
use crate::wire::Name;

/// Told below the help of `show`, and true by [`super::Exit`].
pub(super) const SHOW_EXITS: &str = "Exit status:
  0   done
  1   the file has mistakes
  3   it cannot be read
  64  the command line is not understood";

const KEY_EXAMPLE: &str = "Example:
  threepid cert key --new verify.key

Exit status:
  0   done
  3   the file cannot be read or written, or is not a key's
  64  the command line is not understood";

const ISSUE_EXAMPLE: &str = "Example:
  threepid cert issue --key verify.key --issuer verify.example --subject telco.example \\
    --key-id 2 --public-key C32yGgdddF46yBWBFrZkajSoMpQm4ebgwL6rbCsm6Ck \\
    --scope msisdn:44 --scope '!msisdn:4470' --zone 3pid.example >> 3pid.example.zone

Exit status:
  0   done
  3   the key cannot be read, or the certificate would be of no use: a scope that only excludes,
      the signature of the key that it is for
  64  the command line is not understood, as a life of more than 90 days";

/// Told below the help of `cert verify` and `association verify`, and true by [`super::Exit`].
pub(super) const VERIFY_EXITS: &str = "Exit status:
  0   trusted
  2   not trusted, or not to be told now
  3   an error: a file that cannot be read or has mistakes, a bad configuration
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CertCommand {
    /// Make a key that associations and certificates are signed with, or show its public part
    ///
    /// The file has one line, as Synapse keeps its signing key: `ed25519`, the id, and the seed in base64. It
    /// is never a key that zones are signed with. What is printed can be put into the configuration of
    /// whoever trusts it, below [[client.verifier]] and a name.
    #[command(after_help = KEY_EXAMPLE)]
    Key(CertKey),
    /// Sign a certificate: the word of one verification server for a key of another
    #[command(after_help = ISSUE_EXAMPLE)]
    Issue(Box<CertIssue>),
    /// Say in words what certificates say
    #[command(after_help = SHOW_EXITS)]
    Show(SignedFile),
    /// Follow the chain from a server's key up to those that are trusted, and tell each link
    #[command(after_help = VERIFY_EXITS)]
    Verify(CertVerify),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CertKey {
    /// The key's file
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// Make the key, and the file, which nothing may be in the place of
    #[arg(long)]
    pub(in crate::cli) new: bool,
    /// The id of the new key, as 0 or ed25519:0 [default: of the key's octets]
    #[arg(long, requires = "new", value_name = "ID", value_parser = KeyId::from_short)]
    pub(in crate::cli) key_id: Option<KeyId>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CertIssue {
    /// The file of the issuer's key
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: PathBuf,
    /// The server whose word it is
    #[arg(long, value_name = "SERVER")]
    pub(in crate::cli) issuer: ServerName,
    /// The server that verifies
    #[arg(long, value_name = "SERVER")]
    pub(in crate::cli) subject: ServerName,
    /// The id of that server's key, as 0 or ed25519:0
    #[arg(long, value_name = "ID", value_parser = KeyId::from_short)]
    pub(in crate::cli) key_id: KeyId,
    /// That key's public part in unpadded base64
    #[arg(long, value_name = "BASE64")]
    pub(in crate::cli) public_key: PublicKey,
    /// What it verifies: email:*, email:example.com, email:*.example.com, msisdn:*, msisdn:44,
    /// MEDIUM:*; with ! in front, what it does not. May be given several times
    #[arg(long, required = true, value_name = "RULE")]
    pub(in crate::cli) scope: Vec<Rule>,
    /// How many certificates may stand below it in a chain
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(in crate::cli) max_path: u32,
    /// How many days it lives, at most 90
    #[arg(long, value_name = "NUMBER", default_value_t = 90,
        value_parser = clap::value_parser!(u64).range(1..=90))]
    pub(in crate::cli) days: u64,
    /// The last day it lives, in UTC, as 2026-12-24
    #[arg(long, value_name = "DATE", conflicts_with = "days", value_parser = end)]
    pub(in crate::cli) not_after: Option<Timestamp>,
    /// A configuration, whose zones and lists may not have the keys: with [authority] for those of a
    /// server, with [client] for those of the roots and the root list
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Print the line for the zone file of the tree with this apex, not JSON
    #[arg(long, value_name = "APEX")]
    pub(in crate::cli) zone: Option<Name>,
}

/// A file with something signed.
#[derive(Debug, Args)]
pub(in crate::cli) struct SignedFile {
    /// The file; - stands for standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CertVerify {
    /// The identifier to be verified
    #[arg(value_name = "ID")]
    pub(in crate::cli) identifier: String,
    /// The server that verifies it
    #[arg(long, value_name = "SERVER")]
    pub(in crate::cli) signer: ServerName,
    /// The id of its key, as 0 or ed25519:0
    #[arg(long, value_name = "ID", value_parser = KeyId::from_short)]
    pub(in crate::cli) key_id: KeyId,
    #[command(flatten)]
    pub(in crate::cli) by: Judging,
}

/// By what chains are judged.
#[derive(Debug, Args)]
pub(in crate::cli) struct Judging {
    /// A configuration with a [client] section: the verification servers that are trusted, and where
    /// certificates are looked up
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Take certificates from this file, and ask nobody: JSON, or lines of a zone file. May be given
    /// several times
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) with: Vec<PathBuf>,
}
