//! The process: what the configuration says, brought up, kept going and brought down.

pub mod keys;
