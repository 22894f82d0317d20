//! The configuration: one TOML file, a section for each part a process plays.
//!
//! It is read in two steps: as written (tables and values with their places), then as meant
//! ([`Config`]: addresses, names, paths, with every default filled in). Every mistake of a file is told
//! at once, each with its line and column; a key nobody knows is one. This is the only door to `toml`.
//!
//! Relative paths are taken from the directory of the file.
//!
//! ```
//! use threepid::config::Config;
//! let error = Config::parse("[resolver]\nlisen = []\n", "resolver.toml".as_ref()).unwrap_err();
//! assert!(error.to_string().contains("resolver.toml:2:1: unknown key `lisen`, did you mean `listen`?"));
//! ```

mod anchor_file;
mod authority;
mod bounds;
mod caching;
mod client;
mod courier;
mod document;
mod forward;
mod hints;
mod iana;
mod identity_api;
mod mistake;
mod operation;
mod policy;
mod publish;
mod resolver;
mod root;
mod root_list;
#[cfg(test)]
mod tests;
mod values;
mod verification;
mod verifier;
mod web;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::clock::{Clock, SystemClock};

pub use authority::{Associations, Authority, Keys, Zone};
pub use caching::Caching;
pub use client::Client;
pub use courier::{Mail, Sms, SmsGateway, Smtp};
pub use identity_api::{IdentityApi, Lookup};
pub use mistake::{Located, Mistake, Position};
pub use operation::{Admin, Log, LogFormat};
pub use publish::{Below, Publish};
pub use resolver::Resolver;
pub use root::Root;
pub use root_list::RootList;
pub use values::{AddressError, DNS_PORT, server_address};
pub use verification::{Delegate, Verification};
pub use web::Web;

use document::Table;
use mistake::Mistakes;
use root_list::Expired;

/// What a process is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// `[authority]`, where the process is one.
    pub authority: Option<Authority>,
    /// `[resolver]`, where the process is one.
    pub resolver: Option<Resolver>,
    /// `[publish]`, where the process takes statements.
    pub publish: Option<Publish>,
    /// `[client]`, for lookups.
    pub client: Option<Client>,
    /// `[verification]`, where the process is a verification server.
    pub verification: Option<Verification>,
    /// `[identity_api]`, where it answers Matrix clients.
    pub identity_api: Option<IdentityApi>,
    /// `[mail]`.
    pub mail: Option<Mail>,
    /// `[sms]`.
    pub sms: Option<Sms>,
    /// `[admin]`.
    pub admin: Admin,
    /// `[log]`.
    pub log: Located<Log>,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub cause: ConfigCause,
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum ConfigCause {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It says what cannot be.
    Mistakes {
        /// All that is wrong in it, in the order of the file.
        mistakes: Vec<Mistake>,
        /// What could be understood all the same: good for finding more that is wrong, in the files it
        /// names. There is nothing where it is not TOML.
        understood: Option<Box<Config>>,
    },
}

/// Writes one line for each mistake: `file:line:column: what is wrong`.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.cause {
            ConfigCause::Unreadable(error) => write!(f, "cannot read {path}: {error}"),
            ConfigCause::Mistakes { mistakes, .. } => {
                let lines: Vec<String> =
                    mistakes.iter().map(|mistake| format!("{path}:{mistake}")).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the file at `path`, and the root lists that it names.
    ///
    /// # Errors
    /// Where it cannot be read, or with all its mistakes.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&text(path)?, path)
    }

    /// Reads the file at `path`, but no root lists: what installs and renews them does not need them
    /// to be there and in date.
    ///
    /// # Errors
    /// Where it cannot be read, or with all its mistakes.
    pub fn load_as_written(path: &Path) -> Result<Self, ConfigError> {
        Self::understand(&text(path)?, path, |_, _| ())
    }

    /// Reads the file at `path` as [`Config::load`] does, for a process that stays: a root list that has
    /// expired is no mistake. The resolver answers nothing in its trees until there is a newer one.
    ///
    /// # Errors
    /// Where it cannot be read, or with all its mistakes.
    pub fn load_to_serve(path: &Path) -> Result<Self, ConfigError> {
        Self::parse_with_lists(&text(path)?, path, Expired::Held)
    }

    /// Reads `text`, which stands in the file `path`, and the root lists that it names.
    ///
    /// # Errors
    /// With all its mistakes.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        Self::parse_with_lists(text, path, Expired::Refused)
    }

    fn parse_with_lists(text: &str, path: &Path, expired: Expired) -> Result<Self, ConfigError> {
        Self::understand(text, path, |config, mistakes| {
            let now = SystemClock.now();
            let Self { authority, client, resolver, publish, .. } = config;
            client.iter_mut().for_each(|client| client.add_listed(mistakes, now, expired));
            resolver.iter_mut().for_each(|part| part.add_listed(mistakes, now, expired));
            let publish = publish.iter_mut();
            publish.for_each(|part| {
                part.add_listed(authority.as_ref(), mistakes, now, expired);
            });
        })
    }

    fn understand(
        text: &str,
        path: &Path,
        complete: impl Fn(&mut Self, &Mistakes<'_>),
    ) -> Result<Self, ConfigError> {
        let mistakes = Mistakes::new(text);
        let mut config = document::parse(text, &mistakes)
            .map(|entries| Self::read(Table::top(&entries, &mistakes), path));
        config.iter_mut().for_each(|config| complete(config, &mistakes));
        match (config, mistakes.into_sorted()) {
            (Some(config), none) if none.is_empty() => Ok(config),
            (config, mistakes) => {
                let cause = ConfigCause::Mistakes { mistakes, understood: config.map(Box::new) };
                Err(ConfigError { path: path.to_owned(), cause })
            }
        }
    }

    fn read(top: Table<'_>, path: &Path) -> Self {
        let base = path.parent().unwrap_or(Path::new(""));
        let authority = top.table("authority").map(|table| Authority::read(table, base));
        let has_store = authority.as_ref().is_some_and(|part| part.store.is_some());
        let identity_api =
            top.table("identity_api").map(|table| IdentityApi::read(table, base, has_store));
        let mut config = Self {
            path: path.to_owned(),
            authority,
            resolver: top.table("resolver").map(|table| Resolver::read(table, base)),
            publish: top.table("publish").map(|table| Publish::read(table, base)),
            client: top.table("client").map(|table| Client::read(table, base)),
            verification: top.table("verification").and_then(|it| Verification::read(it, base)),
            identity_api,
            mail: top.table("mail").and_then(|table| Mail::read(table, base)),
            sms: top.table("sms").and_then(|table| Sms::read(table, base)),
            admin: top.table("admin").map(Admin::read).unwrap_or_default(),
            log: top.table("log").map_or_else(|| top.locate(Log::default()), Log::read),
        };
        if let (Some(authority), Some(api)) = (&mut config.authority, &config.identity_api) {
            authority.keep_addresses = api.lookups.contains(&Lookup::Sha256);
        }
        config.check_listeners(&top);
        if let Some(publish) = &config.publish {
            publish.check(&config, &top);
        }
        if let Some(verification) = &config.verification {
            verification.check(&config, &top);
        }
        if let Some(identity_api) = &config.identity_api {
            identity_api.check(&config, &top);
        }
        if ["authority", "publish", "resolver", "client", "verification", "identity_api"]
            .iter()
            .all(|part| top.value(part).is_none())
        {
            top.mistake("nothing to do: none of [authority], [resolver] and [client] is given");
        }
        top.finish();
        config
    }

    /// Notes where two sections would listen at one address.
    fn check_listeners(&self, top: &Table<'_>) {
        let resolver = self.resolver.iter().flat_map(|part| &part.listen);
        let api = self.identity_api.iter().flat_map(|part| &part.web.listen);
        let parts: [(&str, Vec<&Located<SocketAddr>>); 5] = [
            ("authority", self.authority.iter().flat_map(|part| &part.listen).collect()),
            ("resolver", resolver.collect()),
            ("admin", self.admin.listen.iter().collect()),
            ("publish", self.publish.iter().flat_map(|part| &part.web.listen).collect()),
            ("identity_api", api.collect()),
        ];
        for (at, (_, addresses)) in parts.iter().enumerate() {
            for address in addresses {
                let is_taken = |others: &[&Located<SocketAddr>]| {
                    others.iter().any(|other| values::overlap(address.value, other.value))
                };
                if let Some((part, _)) = parts[..at].iter().find(|(_, others)| is_taken(others)) {
                    let message = format!("[{part}] listens on {} already", address.value);
                    top.mistake_at(address.position, message);
                }
            }
        }
    }
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let unreadable =
        |error| ConfigError { path: path.to_owned(), cause: ConfigCause::Unreadable(error) };
    std::fs::read_to_string(path).map_err(unreadable)
}
