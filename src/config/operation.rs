//! `[admin]` and `[log]`: what whoever runs it sees.

use std::net::SocketAddr;

use tracing::Level;

use super::document::Table;
use super::mistake::Located;
use super::values;

/// The port of `/metrics` and `/health`, where `listen` has none.
const ADMIN_PORT: u16 = 9153;

/// `[admin]`: `/metrics` and `/health` over HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admin {
    /// Where to answer, on loopback; nowhere where it is not given.
    pub listen: Option<Located<SocketAddr>>,
}

impl Admin {
    pub(super) fn read(table: Table<'_>) -> Self {
        let listen = table.value("listen").and_then(|value| {
            let address = values::socket_address(&value, ADMIN_PORT)?;
            if !address.value.ip().is_loopback() {
                value.mistake("[admin] listens on loopback only, on `127.0.0.1` or `[::1]`");
            }
            Some(address)
        });
        table.finish();
        Self { listen }
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text each.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// `[log]`: what is told on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least grave events told.
    pub level: Level,
    /// How.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::INFO, format: LogFormat::Text }
    }
}

impl Log {
    pub(super) fn read(table: Table<'_>) -> Located<Self> {
        const LEVELS: [(&str, Level); 5] = [
            ("error", Level::ERROR),
            ("warn", Level::WARN),
            ("info", Level::INFO),
            ("debug", Level::DEBUG),
            ("trace", Level::TRACE),
        ];
        const FORMATS: [(&str, LogFormat); 2] =
            [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let default = Self::default();
        let log = Self {
            level: table
                .value("level")
                .and_then(|value| value.choice(&LEVELS))
                .unwrap_or(default.level),
            format: table
                .value("format")
                .and_then(|value| value.choice(&FORMATS))
                .unwrap_or(default.format),
        };
        let log = table.locate(log);
        table.finish();
        log
    }
}
