//! `threepid serve`, and what every command does that stays up.

use sd_notify::NotifyState;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::daemon::demo::Demo;
use crate::daemon::{Daemon, LoadError, Order, Signals, StartError};

use super::arguments::ConfigFile;
use super::{Exit, log, output, runtime};

/// Serves what a configuration says, until told to end.
pub(super) fn serve(arguments: &ConfigFile) -> Exit {
    let config = match Config::load_to_serve(&arguments.config) {
        Ok(config) => config,
        Err(error) => return refuse(StartError::Load(LoadError::of(error, SystemClock.now()))),
    };
    let Config { authority, resolver, identity_api, .. } = &config;
    if authority.is_none() && resolver.is_none() && identity_api.is_none() {
        let path = config.path.display();
        return output::mistakes(format_args!(
            "{path}:1:1: nothing to serve: no [authority], no [resolver], no [identity_api]"
        ));
    }
    log::start(&config.log.value);
    runtime::long(async {
        // Before anything is served, so that no signal is lost.
        let mut signals = match Signals::catch() {
            Ok(signals) => signals,
            Err(error) => return output::fail(format_args!("cannot catch signals: {error}")),
        };
        let Some(started) = unless_stopped(&mut signals, Daemon::start(config)).await else {
            return Exit::Success;
        };
        let daemon = match started {
            Ok(daemon) => daemon,
            Err(error) => return refuse(error),
        };
        tracing::info!(
            authority = ?daemon.authority_addresses(),
            publish = ?daemon.publish_addresses(),
            resolver = ?daemon.resolver_addresses(),
            admin = ?daemon.admin_address(),
            "ready"
        );
        stay(daemon, signals).await
    })
    .unwrap_or_else(|exit| exit)
}

/// Tells why it does not start.
fn refuse(error: StartError) -> Exit {
    match error {
        StartError::Load(error) if error.is_unreadable() => output::fail(error),
        StartError::Load(_) | StartError::Listen(_) => output::mistakes(error),
        error => output::fail(error),
    }
}

/// What `work` comes to; nothing where a signal says to end before.
pub(super) async fn unless_stopped<T>(
    signals: &mut Signals,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            order = signals.next() => if order == Order::Stop { return None },
        }
    }
}

/// What stays up.
pub(super) trait Stays {
    /// Waits until there is reason to read everything again that no signal tells.
    async fn outdated(&self);

    /// Reads everything again; on an error everything stays as it was.
    async fn reload(&mut self) -> Result<(), LoadError>;

    /// Answers what is asked already, and ends.
    async fn stop(self);
}

impl Stays for Daemon {
    async fn outdated(&self) {
        Daemon::outdated(self).await;
    }

    async fn reload(&mut self) -> Result<(), LoadError> {
        Daemon::reload(self).await
    }

    async fn stop(self) {
        Daemon::stop(self).await;
    }
}

impl Stays for Demo {
    async fn outdated(&self) {
        std::future::pending().await
    }

    async fn reload(&mut self) -> Result<(), LoadError> {
        Demo::reload(self).await
    }

    async fn stop(self) {
        Demo::stop(self).await;
    }
}

/// What to do next.
async fn next(what: &impl Stays, signals: &mut Signals) -> Order {
    tokio::select! {
        order = signals.next() => order,
        () = what.outdated() => Order::Reload,
    }
}

/// Follows signals until one says to end.
pub(super) async fn stay(mut what: impl Stays, mut signals: Signals) -> Exit {
    notify(&[NotifyState::Ready]);
    while next(&what, &mut signals).await == Order::Reload {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            notify(&[NotifyState::Reloading, now]);
        }
        match what.reload().await {
            Ok(()) => tracing::info!("reloaded"),
            Err(error) => {
                error.faults().for_each(|fault| tracing::error!("{fault}"));
                tracing::error!("not reloaded: everything is served as before");
            }
        }
        notify(&[NotifyState::Ready]);
    }
    notify(&[NotifyState::Stopping]);
    tracing::info!("stopping");
    // Whoever says it twice does not want to wait.
    match unless_stopped(&mut signals, what.stop()).await {
        Some(()) => Exit::Success,
        None => output::fail("ended before all was answered"),
    }
}

/// Tells the service manager, where there is one.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager does not hear");
    }
}
