//! What is told while a process serves, on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::{Log, LogFormat};

/// Writes events from here on as `log` says. What libraries tell is told from warnings on.
pub(super) fn start(log: &Log) {
    let libraries = LevelFilter::WARN.min(LevelFilter::from_level(log.level));
    let wanted = Targets::new().with_default(libraries).with_target("threepid", log.level);
    let lines = fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // An error says that events are written already, as when commands are run by a test.
    let _ = tracing_subscriber::registry().with(lines.with_filter(wanted)).try_init();
}
