//! What is said to `threepid key`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::clock::Timestamp;
use crate::codec::from_date;
use crate::wire::Name;
use crate::wire::rdata::period;

/// Told below the help of `key`, and true by [`super::Exit`].
const KEY_EXITS: &str = "Exit status:
  0   done
  3   a file cannot be read or written, or is not a key's
  64  the command line is not understood";

/// Told below the help of `key roll`, and true by [`super::Exit`].
const ROLL_HELP: &str = "Examples:
  threepid key roll 3pid.example --anchor --dir keys            the key of a root
  threepid key roll 4.4.msisdn.3pid.example --zsk --dir keys    the key that signs the data
  threepid key roll 4.4.msisdn.3pid.example --ksk --dir keys    the key that the parent vouches for
  threepid key roll 4.4.msisdn.3pid.example --ds-seen --dir keys    the parent has its DS record
  threepid key roll 4.4.msisdn.3pid.example --cancel --dir keys     the new key goes, the old one stays

Exit status:
  0   planned
  1   refused, as it would break the chain of trust or there is nothing to do; told is when it is safe
  3   a file cannot be read or written, or is not a key's; or the DS record could not be looked up
  64  the command line is not understood";

/// Told below the help of `key status`, and true by [`super::Exit`].
const STATUS_HELP: &str = "Example:
  threepid key status 3pid.example --dir keys

Exit status:
  0   shown
  3   a file cannot be read, or is not a key's
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// Make a key for a zone
    ///
    /// Alone, a key signs everything in its zone. Where the zone has keys of both kinds, key-signing
    /// keys sign its keys, and zone-signing keys the rest.
    ///
    /// It signs from now on. Next to a key that signs already, `key roll` makes one that waits as long as
    /// resolvers need; that there is one is told.
    #[command(after_help = KEY_EXITS)]
    Generate(Generate),
    /// Show the DS records of keys, for the parent zone to publish
    #[command(after_help = KEY_EXITS)]
    Ds(KeyDs),
    /// Replace a key of a zone, by a plan that never breaks the chain of trust
    ///
    /// Makes the next key, and writes into the files of both when each comes, signs and goes, as BIND's
    /// dnssec-settime does. A server obeys as time goes by, and finds changed files in its `key_dir` within a
    /// minute. A key that signs the data is published before it signs, and stays until what it signed is
    /// forgotten (RFC 6781, pre-publish). For a key below a parent, the parent has its DS record first
    /// (double DS): --ds-seen or --check goes on from there. A trust anchor stands by until resolvers trust
    /// it, and the one before revokes itself (RFC 5011).
    ///
    /// A zone has a parent if its name ends as 4.4.msisdn.3pid.example or example.com.email.3pid.example does.
    /// Of any other it has to be said, by --anchor or --parent: a plan for the wrong one breaks all below it.
    #[command(after_help = ROLL_HELP)]
    Roll(Box<KeyRoll>),
    /// Show the keys of a zone: what each is, what comes next, and what you have to do
    #[command(after_help = STATUS_HELP)]
    Status(KeyStatus),
}

/// The keys of a zone.
#[derive(Debug, Args)]
pub(in crate::cli) struct KeysOf {
    /// The zone
    pub(in crate::cli) zone: Name,
    /// The directory of its keys: the server's `key_dir`
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) dir: PathBuf,
    /// Write one JSON object
    ///
    /// Its members: zone, time, made (the file name of the new key, of `roll` alone), keys and todo. A key
    /// has its tag, role (ZSK, KSK or CSK), state (Generated, Published, Active, Retired, Revoked or
    /// Removed), since (null where unknown), next: a list of what, when and state; and ds where it is no
    /// ZSK. What there is todo has a name (add_ds, drop_ds, announce, replace or put_away), the tag of the
    /// key, and when it has to be done, or may be at the soonest, where that is not now. Times are as
    /// 2026-12-31T23:59:59Z.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KeyStatus {
    #[command(flatten)]
    pub(in crate::cli) keys: KeysOf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KeyRoll {
    #[command(flatten)]
    pub(in crate::cli) keys: KeysOf,
    /// Replace the zone-signing key; or have one take the data over from a key that signs everything
    #[arg(long, group = "what")]
    pub(in crate::cli) zsk: bool,
    /// Replace the key-signing key
    #[arg(long, group = "what")]
    pub(in crate::cli) ksk: bool,
    /// Replace the key that signs everything: the default where there is such a one
    #[arg(long, group = "what")]
    pub(in crate::cli) csk: bool,
    /// Go on: every server of the parent has the DS record of the new key since WHEN [default: now]
    #[arg(long, value_name = "WHEN", group = "what", num_args = 0..=1, require_equals = true,
          default_missing_value = "now")]
    pub(in crate::cli) ds_seen: Option<When>,
    /// Go on if the parent has the DS record: ask, and prove the answer
    ///
    /// A resolver may have kept an older answer; that is told.
    #[arg(long, group = "what")]
    pub(in crate::cli) check: bool,
    /// For --check, a configuration with a [client] section: the resolver, the trees and what proves them
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE", requires = "check")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Emergency: revoke a trust anchor at once, the one with this tag or the only one that signs
    #[arg(long, value_name = "TAG", group = "what", num_args = 0..=1, require_equals = true)]
    pub(in crate::cli) revoke: Option<Option<u16>>,
    /// Take the last step back, as long as the new key signs nothing: the one with this tag or the only one
    ///
    /// The old key stays. An anchor that was shown for 30 days stands by instead of going, as resolvers may
    /// trust it.
    #[arg(long, value_name = "TAG", group = "what", num_args = 0..=1, require_equals = true)]
    pub(in crate::cli) cancel: Option<Option<u16>>,
    /// The zone is the root of a tree: it has no parent, and its key is the trust anchor of resolvers
    #[arg(long, conflicts_with_all = ["zsk", "ds_seen", "check", "cancel"])]
    pub(in crate::cli) anchor: bool,
    /// The zone has a parent that vouches for it, although its name does not tell so
    #[arg(long, conflicts_with_all = ["anchor", "zsk", "revoke", "cancel"])]
    pub(in crate::cli) parent: bool,
    /// Have another anchor stand by, which signs nothing: for emergencies, or the next roll
    #[arg(long, requires = "anchor", conflicts_with_all = ["revoke", "cancel"])]
    pub(in crate::cli) standby: bool,
    /// When it starts: now, 20261231235959 (UTC), or +30d
    #[arg(long, value_name = "WHEN", default_value = "now",
          conflicts_with_all = ["ds_seen", "check", "revoke", "cancel"])]
    pub(in crate::cli) at: When,
    /// TTL of the zone's DNSKEY set: that of its SOA record
    #[arg(long, value_name = "PERIOD", default_value = "1d", value_parser = duration)]
    pub(in crate::cli) ttl: Duration,
    /// The greatest TTL in the zone
    #[arg(long, value_name = "PERIOD", default_value = "1d", value_parser = duration)]
    pub(in crate::cli) max_ttl: Duration,
    /// TTL of the DS set at the parent
    #[arg(long, value_name = "PERIOD", default_value = "1d", value_parser = duration)]
    pub(in crate::cli) parent_ttl: Duration,
    /// How long it takes until all servers have what is new
    #[arg(long, value_name = "PERIOD", default_value = "1h", value_parser = duration)]
    pub(in crate::cli) delay: Duration,
}

/// A moment, as it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum When {
    /// `20261231235959`, in UTC.
    At(Timestamp),
    /// `now`, or `+30d`.
    In(Duration),
}

impl When {
    /// The moment.
    pub(in crate::cli) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::In(wait) => now.saturating_add(wait),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::In(Duration::ZERO));
        }
        if let Some(wait) = text.strip_prefix('+') {
            return duration(wait).map(Self::In);
        }
        let moment = from_date(text).map(|secs| Self::At(Timestamp::from_secs(secs)));
        moment.map_err(|_| "now, 20261231235959 (UTC) or +30d expected".to_owned())
    }
}

/// `1d12h`, or seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let secs = period(text).filter(|_| !text.is_empty());
    let secs = secs.ok_or("a period as 1d12h expected, of the units w, d, h, m and s")?;
    Ok(Duration::from_secs(secs.into()))
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
    /// Key files: K<zone>+015+<tag>, with or without .key; or directories of them
    ///
    /// Keys that sign data alone are left out, and those that are revoked or removed.
    #[arg(value_name = "KEYFILE|DIR", required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
}
