//! `threepid cert`: the keys and certificates of verification servers.

mod chain;
mod issue;
mod read;
mod show;

use super::arguments::CertCommand;
use super::{Exit, output};
use crate::crypto::OsRandom;
use crate::daemon::signing_keys::{self, SigningKeyError};
use crate::signed::NamedKey;

use super::arguments::CertKey;

pub(super) use chain::{Case, judge};
pub(super) use issue::end;

/// Does what is said about certificates.
pub(super) fn cert(command: CertCommand) -> Exit {
    let done = match command {
        CertCommand::Key(arguments) => key(arguments),
        CertCommand::Issue(arguments) => issue::issue(*arguments),
        CertCommand::Show(arguments) => show::show(&arguments.file),
        CertCommand::Verify(arguments) => chain::verify(&arguments),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Makes a key where it is to be made, and prints its public part.
fn key(arguments: CertKey) -> Result<Exit, Exit> {
    let key = if arguments.new {
        let made = NamedKey::generate(&mut OsRandom);
        let key = NamedKey { id: arguments.key_id.unwrap_or(made.id), key: made.key };
        signing_keys::store(&arguments.file, &key).map_err(output::fail)?;
        key
    } else {
        signing_keys::load(&arguments.file).map_err(|error| refuse(&error))?
    };
    let public = key.key.public();
    output::print(format_args!("key_id = \"{}\"\nkey = \"{public}\"\n", key.id));
    Ok(Exit::Success)
}

/// Tells why a key file cannot be used.
pub(super) fn refuse(error: &SigningKeyError) -> Exit {
    match error {
        SigningKeyError::Malformed { .. } => output::mistakes(error),
        SigningKeyError::File { .. } => output::fail(error),
    }
}
