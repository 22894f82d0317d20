//! What can be said on the command line.

mod association;
mod cert;
mod delegation;
mod key;
mod lookup;
mod publish;
mod roots;
mod store;
mod zone;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(super) use association::{AssociationCommand, AssociationSign, AssociationVerify};
pub(super) use cert::{CertCommand, CertIssue, CertKey, CertVerify, Judging};
pub(super) use delegation::{
    DelegationAdd, DelegationCommand, DelegationRemove, DelegationShow, DelegationSync, ParentFile,
    StoreOfZone,
};
pub(super) use key::{Generate, KeyCommand, KeyDs, KeyRoll, KeyStatus, KeysOf};
pub(super) use lookup::{Format, Lookup, Trace};
pub(super) use publish::{OutboxCommand, OutboxDrop, OutboxRun, OutboxShow, Publish};
pub(super) use roots::{RootsCommand, RootsShow, RootsSign, RootsUpdate};
pub(super) use store::{StoreBackup, StoreCommand, StoreFile, StoreHandover, StoreImport};
pub(super) use zone::{Check, ConfigCommand, ZoneCommand, ZoneFile, ZonePrint};

/// Told below the help of `serve` and `demo`, and true by [`super::Exit`].
const SERVE_EXITS: &str = "Exit status:
  0   ended by a signal, all that was asked answered
  3   it does not start, or ended before all was answered
  64  the command line is not understood";

/// The DNS of third-party identifiers: find the Matrix user behind an email address or a phone number,
/// and prove it.
#[derive(Debug, Parser)]
#[command(name = "threepid", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "`threepid demo` shows it all on this machine.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve what a configuration says: zones, a resolver
    #[command(after_help = SERVE_EXITS)]
    Serve(ConfigFile),
    /// Start two small trees and a resolver on this machine, to try things on
    #[command(after_help = SERVE_EXITS)]
    Demo(Demo),
    /// Find who an email address or a phone number belongs to
    #[command(after_help = lookup::LOOKUP_EXITS)]
    Lookup(Lookup),
    /// Walk from the root to the answer, and show each step and what proves it
    #[command(after_help = lookup::TRACE_EXITS)]
    Trace(Trace),
    /// Send signed statements to every root
    ///
    /// A statement says who an address or number belongs to, or that it belongs to nobody any more; it is
    /// signed by a verification server. It goes to every root of the configuration, and on to whom they
    /// refer. What cannot be delivered now stays in the outbox, which `threepid outbox` shows and sends. Of
    /// several statements about the same address the newest goes out alone.
    ///
    /// What was there before, or that there was nothing, may be told by resolvers that remember it for up
    /// to an hour.
    #[command(after_help = publish::PUBLISH_EXITS)]
    Publish(Publish),
    /// Show and send what could not be published at once
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Make and show the keys that zones are signed with
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, sign and judge the keys and certificates of verification servers
    #[command(subcommand)]
    Cert(CertCommand),
    /// Sign, show and judge associations by hand
    #[command(subcommand)]
    Association(AssociationCommand),
    /// Look at zone files
    #[command(subcommand)]
    Zone(ZoneCommand),
    /// Show and change what a zone delegates
    #[command(subcommand)]
    Delegation(DelegationCommand),
    /// Look at configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Follow, sign and look at the list of trees that root operators sign together
    #[command(subcommand)]
    Roots(RootsCommand),
    /// Check, copy and fill the stores that associations are kept in
    #[command(subcommand)]
    Store(StoreCommand),
}

/// The configuration of a process.
#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where keys, zones and configurations are kept from one start to the next
    #[arg(long, value_name = "DIR", default_value = "demo-state")]
    pub(super) dir: PathBuf,
}
