//! The process: what the configuration says, brought up, kept going and brought down.

pub mod keys;
mod signals;
pub mod zone_file;

pub use signals::{Order, Signals};
