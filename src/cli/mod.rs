//! The command line: `threepid COMMAND`.
//!
//! Results go to standard output, everything else to standard error. What the process ends with is
//! one of [`Exit`].

mod arguments;
mod association;
mod cert;
mod check;
mod client;
mod delegation;
mod demo;
mod exit;
mod input;
mod key;
mod log;
mod lookup;
mod moment;
mod output;
mod progress;
mod publish;
mod roots;
mod runtime;
mod serve;
mod store;
mod text;
mod trace;
mod zone;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use arguments::{
    Arguments, Command, ConfigCommand, DelegationCommand, KeyCommand, OutboxCommand, RootsCommand,
    StoreCommand, ZoneCommand,
};
pub use exit::Exit;

/// Runs the command that `arguments` name, the first of which is the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => dispatch(arguments.command),
        Err(error) => output::usage(&error),
    };
    exit.into()
}

fn dispatch(command: Command) -> Exit {
    match command {
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Lookup(arguments) => lookup::lookup(&arguments),
        Command::Trace(arguments) => trace::trace(&arguments),
        Command::Publish(arguments) => publish::publish(&arguments),
        Command::Outbox(OutboxCommand::Show(arguments)) => publish::show(&arguments),
        Command::Outbox(OutboxCommand::Run(arguments)) => publish::run(&arguments),
        Command::Outbox(OutboxCommand::Drop(arguments)) => publish::drop(&arguments),
        Command::Cert(command) => cert::cert(command),
        Command::Association(command) => association::association(command),
        Command::Key(KeyCommand::Generate(arguments)) => key::generate(arguments),
        Command::Key(KeyCommand::Ds(arguments)) => key::ds(&arguments),
        Command::Key(KeyCommand::Roll(arguments)) => key::roll(&arguments),
        Command::Key(KeyCommand::Status(arguments)) => key::status(&arguments),
        Command::Zone(ZoneCommand::Check(arguments)) => zone::check(&arguments),
        Command::Zone(ZoneCommand::Print(arguments)) => zone::print(&arguments),
        Command::Config(ConfigCommand::Check(arguments)) => check::config(&arguments),
        Command::Delegation(DelegationCommand::Show(arguments)) => delegation::show(&arguments),
        Command::Delegation(DelegationCommand::Add(arguments)) => delegation::add(&arguments),
        Command::Delegation(DelegationCommand::Remove(arguments)) => delegation::remove(&arguments),
        Command::Delegation(DelegationCommand::Sync(arguments)) => delegation::sync(&arguments),
        Command::Roots(RootsCommand::Show(arguments)) => roots::show(&arguments),
        Command::Roots(RootsCommand::Update(arguments)) => roots::update(&arguments),
        Command::Roots(RootsCommand::Sign(arguments)) => roots::sign(&arguments),
        Command::Store(StoreCommand::Check(arguments)) => store::check(&arguments),
        Command::Store(StoreCommand::Backup(arguments)) => store::backup(&arguments),
        Command::Store(StoreCommand::Export(arguments)) => store::export(&arguments),
        Command::Store(StoreCommand::Import(arguments)) => store::import(&arguments),
        Command::Store(StoreCommand::Handover(arguments)) => store::handover(&arguments),
    }
}
