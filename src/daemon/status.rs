//! What `/metrics` and `/health` tell.

use std::sync::{Arc, Mutex, PoisonError};

use crate::services::admin::{Health, Pages};
use crate::telemetry::Telemetry;

/// The counters of a process, and where it stands.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) telemetry: Arc<Telemetry>,
    health: Mutex<Health>,
}

impl Status {
    /// A process that starts.
    pub(super) fn new() -> Self {
        Self {
            telemetry: Arc::new(Telemetry::new("threepid")),
            health: Mutex::new(Health::Starting),
        }
    }

    pub(super) fn set(&self, health: Health) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }
}

impl Pages for Status {
    fn metrics(&self) -> String {
        self.telemetry.render()
    }

    fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
