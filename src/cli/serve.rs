//! `threepid serve`, and what every command does that stays up.

use sd_notify::NotifyState;

use crate::config::Config;
use crate::daemon::demo::Demo;
use crate::daemon::{Daemon, LoadError, Order, Signals};

use super::arguments::ConfigFile;
use super::{Exit, log, output, runtime};

/// Serves what a configuration says, until told to end.
pub(super) fn serve(arguments: &ConfigFile) -> Exit {
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => return output::mistakes(error),
    };
    if config.authority.is_none() && config.resolver.is_none() {
        let path = config.path.display();
        return output::mistakes(format_args!("{path}: there is no [authority] and no [resolver]"));
    }
    log::start(&config.log);
    runtime::long(async {
        // Before anything is served, so that no signal is lost.
        let signals = Signals::catch();
        let daemon = match Daemon::start(config).await {
            Ok(daemon) => daemon,
            Err(error) => return output::mistakes(error),
        };
        tracing::info!(
            authority = ?daemon.authority_addresses(),
            resolver = ?daemon.resolver_addresses(),
            admin = ?daemon.admin_address(),
            "ready"
        );
        stay(daemon, signals).await
    })
}

/// What stays up.
pub(super) trait Stays {
    /// Reads everything again; on an error everything stays as it was.
    async fn reload(&mut self) -> Result<(), LoadError>;

    /// Answers what is asked already, and ends.
    async fn stop(self);
}

impl Stays for Daemon {
    async fn reload(&mut self) -> Result<(), LoadError> {
        Daemon::reload(self).await
    }

    async fn stop(self) {
        Daemon::stop(self).await;
    }
}

impl Stays for Demo {
    async fn reload(&mut self) -> Result<(), LoadError> {
        Demo::reload(self).await
    }

    async fn stop(self) {
        Demo::stop(self).await;
    }
}

/// Follows signals until one says to end.
pub(super) async fn stay(mut what: impl Stays, signals: std::io::Result<Signals>) -> Exit {
    let mut signals = match signals {
        Ok(signals) => signals,
        Err(error) => return output::fail(format_args!("cannot catch signals: {error}")),
    };
    notify(&[NotifyState::Ready]);
    while signals.next().await == Order::Reload {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            notify(&[NotifyState::Reloading, now]);
        }
        match what.reload().await {
            Ok(()) => tracing::info!("reloaded"),
            Err(error) => {
                error.lines().for_each(|mistake| tracing::error!("{mistake}"));
                tracing::error!("not reloaded: everything is served as before");
            }
        }
        notify(&[NotifyState::Ready]);
    }
    notify(&[NotifyState::Stopping]);
    tracing::info!("stopping");
    tokio::select! {
        () = what.stop() => Exit::Success,
        // Whoever says it twice does not want to wait.
        Order::Stop = signals.next() => output::fail("ended before all was answered"),
    }
}

/// Tells the service manager, where there is one.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager does not hear");
    }
}
