//! A homeserver as people run it, Synapse, for which this is the identity server.

mod asking;
mod gateway;
mod hashed;
pub(crate) mod homeserver;
mod identity;
mod life;
mod phones;
pub(crate) mod sink;

use std::time::Duration;

/// How long something may take that others do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
