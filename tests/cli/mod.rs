//! The program as a person meets it: what it prints, and what it ends with.

mod book;
mod delegation;
mod demo;
mod key;
mod key_roll;
mod lookup;
mod mistakes;
mod publish;
mod root_watch;
pub(crate) mod roots;
pub(crate) mod serve;
mod store;
mod trace;
mod vouching;
mod zone;

use std::path::Path;
use std::process::Command;

use crate::interop::process::{Ran, run};

/// Where the project is.
fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, to be run in `directory`.
fn program(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command
        .current_dir(directory)
        .args(arguments)
        .env_remove("XDG_CONFIG_HOME")
        .env("HOME", "/nonexistent");
    command
}

/// Runs the program in `directory`.
pub(crate) fn threepid(directory: &Path, arguments: &[&str]) -> Ran {
    run(&mut program(directory, arguments))
}

/// Runs the program in `directory` while the servers of this runtime go on.
pub(crate) async fn beside(directory: &Path, arguments: &[&str]) -> Ran {
    let mut command = program(directory, arguments);
    tokio::task::spawn_blocking(move || run(&mut command)).await.expect("the program runs")
}
