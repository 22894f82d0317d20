//! The program `threepid`: see `threepid --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    threepid::cli::run(std::env::args_os())
}
