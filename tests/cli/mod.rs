//! The program as a person meets it: what it prints, and what it ends with.

mod key;
mod lookup;
mod mistakes;
mod serve;
mod zone;

use std::path::Path;
use std::process::{Command, Output};

/// What the program printed and ended with.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in `directory`.
fn threepid(directory: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command
        .current_dir(directory)
        .args(arguments)
        .env_remove("XDG_CONFIG_HOME")
        .env("HOME", "/nonexistent");
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    Ran {
        code: status.code().expect("no signal ends it"),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).expect("the program writes UTF-8")
}
