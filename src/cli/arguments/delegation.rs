//! What is said to `threepid delegation`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::lookup::resolver;
use super::store::change;
use crate::store::Sequence;
use crate::wire::{MAX_TTL, Name, Ttl};
use crate::zone::delegating::Server;

/// Told below the help of `delegation show`, and true by [`super::super::Exit`].
const SHOW_EXITS: &str = "Example:
  threepid delegation show 3pid.example.zone +44

Exit status:
  0   shown
  1   the file has mistakes, or the child is not delegated
  3   a file cannot be read
  64  the command line is not understood";

/// Told below the help of `delegation add`, and true by [`super::super::Exit`].
const ADD_EXITS: &str = "Examples:
  threepid delegation add 3pid.example.zone +33 --ns ns.3.3.msisdn.3pid.example=192.0.2.33 \\
      --key K3.3.msisdn.3pid.example.+015+12345.key -c root.toml --handed-over 4711
  threepid delegation add 3pid.example.zone +44 --merge --ds \"$(threepid key ds keys/K*.key)\"

Exit status:
  0   done; with --dry-run, it can be done
  1   refused, and nothing is changed
  3   a file cannot be read or written
  64  the command line is not understood";

/// Told below the help of `delegation remove`, and true by [`super::super::Exit`].
const REMOVE_EXITS: &str = "Example:
  threepid delegation remove 3pid.example.zone +33 -c root.toml --handed-back back.lines

Exit status:
  0   done; with --dry-run, it can be done
  1   refused, and nothing is changed
  3   a file cannot be read or written
  64  the command line is not understood";

/// Told below the help of `delegation sync`, and true by [`super::super::Exit`].
const SYNC_EXITS: &str = "Example:
  threepid delegation sync 3pid.example.zone -c client.toml

Exit status:
  0   every child has the DS records that it asks for, or asks for none
  1   a child's wish was refused, or the file has mistakes
  3   a file cannot be read or written, or a child gives no answer
  64  the command line is not understood";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DelegationCommand {
    /// Show what a zone delegates, to whom, and what is wrong with it
    #[command(after_help = SHOW_EXITS)]
    Show(DelegationShow),
    /// Delegate a part of a zone, or change how it is delegated
    ///
    /// The zone file is changed in place: nothing but the records of this delegation and the serial.
    /// The change is printed as a difference, which `patch -R` takes back as long as it is not served. A
    /// zone that would not pass `threepid zone check` is not written. The server reads it on SIGHUP.
    /// People of the child in the server's store are handed over first: `threepid store handover`.
    #[command(after_help = ADD_EXITS)]
    Add(Box<DelegationAdd>),
    /// Take a delegation back: its NS and DS records, and addresses that nothing else uses
    ///
    /// The change is printed as a difference. The server that serves the zone reads it on SIGHUP. Where it
    /// has a store, the child hands its people back first, and what was withdrawn meanwhile with them.
    #[command(after_help = REMOVE_EXITS)]
    Remove(DelegationRemove),
    /// Take over the DS records that children ask for by CDS and CDNSKEY records (RFC 7344, RFC 8078)
    ///
    /// A wish counts where it is proved from the root's anchor and signed by a key that this zone has a
    /// DS record of, where CDS and CDNSKEY say the same, and where the keys that the child serves now
    /// would verify by the new DS records too. A child may also ask to be unsigned. Run it now and then.
    /// A resolver may have kept older answers; that is told.
    #[command(after_help = SYNC_EXITS)]
    Sync(DelegationSync),
}

/// A zone file.
#[derive(Debug, Args)]
pub(in crate::cli) struct ParentFile {
    /// The zone file of the parent
    #[arg(value_name = "ZONEFILE")]
    pub(in crate::cli) file: PathBuf,
    /// The zone's name, with which relative names are continued, as for `zone check`
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) origin: Option<Name>,
}

/// Where the associations of a zone are. One of these has to be said.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreOfZone {
    /// The configuration of the server, which says where its store is
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// The store of the server
    #[arg(long, value_name = "STORE", conflicts_with = "config")]
    pub(in crate::cli) store: Option<PathBuf>,
    /// The server has no store: who is in the zone is in its file
    #[arg(long, conflicts_with_all = ["config", "store"])]
    pub(in crate::cli) no_store: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DelegationShow {
    #[command(flatten)]
    pub(in crate::cli) zone: ParentFile,
    /// Show this one alone: +44, example.com, or a name
    #[arg(value_name = "CHILD")]
    pub(in crate::cli) child: Option<String>,
    /// Write one JSON object for each delegation
    ///
    /// Its members: name; branch (as people call it: +44, example.com; null where it has no such name);
    /// servers (each with name and addresses); ds (each with key_tag, algorithm, digest_type, digest);
    /// concerns (what to look at, in words).
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DelegationAdd {
    #[command(flatten)]
    pub(in crate::cli) zone: ParentFile,
    /// What is delegated: +44, +4477, example.com or @example.com, or a name
    ///
    /// A name is written in full with a dot at its end, or relative to the zone: 4.4.msisdn. What can be
    /// a name and an email domain is refused.
    #[arg(value_name = "CHILD", allow_hyphen_values = true)]
    pub(in crate::cli) child: String,
    /// A name server of the child, in full, and its addresses where this zone has to tell them
    #[arg(long = "ns", value_name = "NAME[=ADDRESS,…]", value_parser = server)]
    #[arg(required_unless_present_any = ["merge", "replace"])]
    pub(in crate::cli) servers: Vec<Server>,
    /// A DS record of the child, or its data, as `threepid key ds` prints it
    #[arg(long, value_name = "RECORD", conflicts_with = "insecure")]
    pub(in crate::cli) ds: Vec<String>,
    /// A key file of the child, for a DS record made of it
    #[arg(long = "key", value_name = "KEYFILE", conflicts_with = "insecure")]
    pub(in crate::cli) keys: Vec<PathBuf>,
    /// The child is not signed: nothing in it can be proved
    #[arg(long, conflicts_with = "merge")]
    #[arg(required_unless_present_any = ["ds", "keys", "merge", "replace"])]
    pub(in crate::cli) insecure: bool,
    /// Add to a delegation that is there
    #[arg(long, conflicts_with = "replace")]
    pub(in crate::cli) merge: bool,
    /// Put the name servers, the DS records, or both, in place of those that are there
    #[arg(long)]
    pub(in crate::cli) replace: bool,
    /// The TTL of new records, in seconds [default: that of the zone's own NS records]
    #[arg(long, value_name = "SECONDS", value_parser = ttl)]
    pub(in crate::cli) ttl: Option<Ttl>,
    #[command(flatten)]
    pub(in crate::cli) place: StoreOfZone,
    /// The child has what the store holds for it, up to this change, as `store handover` tells
    #[arg(long, value_name = "CHANGE", value_parser = change)]
    pub(in crate::cli) handed_over: Option<Sequence>,
    /// Ask the child's servers first whether they serve it, with the keys that the DS records stand for
    ///
    /// Asked are those whose addresses this zone tells.
    #[arg(long)]
    pub(in crate::cli) check: bool,
    /// Delegate although records of the zone file will be hidden
    #[arg(long)]
    pub(in crate::cli) hide: bool,
    /// Take DS records although none has an algorithm and a digest that this program knows
    #[arg(long)]
    pub(in crate::cli) unsupported_ds: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DelegationRemove {
    #[command(flatten)]
    pub(in crate::cli) zone: ParentFile,
    /// What is delegated: +44, example.com, or a name
    #[arg(value_name = "CHILD")]
    pub(in crate::cli) child: String,
    #[command(flatten)]
    pub(in crate::cli) place: StoreOfZone,
    /// What the child handed over, held, which the store has taken in
    ///
    /// The child writes it by `store handover`, the store takes it in by `store import`.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) handed_back: Option<PathBuf>,
    /// Give up what did not come back: who was handed over stays away until published again
    #[arg(long)]
    pub(in crate::cli) lost: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DelegationSync {
    #[command(flatten)]
    pub(in crate::cli) zone: ParentFile,
    /// The children: +44, example.com, or names [default: all that have DS records]
    #[arg(value_name = "CHILD")]
    pub(in crate::cli) children: Vec<String>,
    /// A configuration with a [client] section: the resolver, the trees and what proves them
    ///
    /// Without it, threepid/client.toml in $XDG_CONFIG_HOME (~/.config) and in /etc is tried.
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Ask this resolver, not the one of the configuration
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = resolver)]
    pub(in crate::cli) resolver: Option<SocketAddr>,
    /// Believe children that have no DS record yet: nothing proves what they ask for
    ///
    /// Compare the DS records that are shown with what the child's operator tells in another way. What
    /// RFC 9615 offers for this is not understood.
    #[arg(long, requires = "children")]
    pub(in crate::cli) accept_insecure: bool,
    /// Where it is kept when the wishes were signed that were granted last, so that older ones do not
    /// come back [default: the zone file's name with .cds]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) state: Option<PathBuf>,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// A name server, perhaps with addresses.
fn server(text: &str) -> Result<Server, String> {
    let (name, addresses) = text.split_once('=').map_or((text, None), |(a, b)| (a, Some(b)));
    let parsed: Name = name.parse().map_err(|error| format!("{name:?} is no name: {error}"))?;
    if parsed.label_count() < 2 && !name.ends_with('.') {
        return Err(format!("write {name:?} in full, as ns.3pid.example"));
    }
    let address = |text: &str| {
        let wrong = || format!("{text:?} is no address: write it as 192.0.2.1 or 2001:db8::1");
        text.parse::<IpAddr>().map_err(|_| wrong())
    };
    let addresses = addresses.map(|list| list.split(',').map(address).collect()).transpose()?;
    Ok(Server { name: parsed, addresses: addresses.unwrap_or_default() })
}

fn ttl(text: &str) -> Result<Ttl, String> {
    let secs = text.parse::<u32>().ok().filter(|secs| *secs <= MAX_TTL);
    secs.map(Ttl::from_secs).ok_or_else(|| format!("a number from 0 to {MAX_TTL} expected"))
}
