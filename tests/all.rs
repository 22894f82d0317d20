//! Every integration test in one binary: one link instead of many.

mod bench;
mod cli;
mod differential;
mod dnssec;
mod examples;
mod federation;
mod house;
mod interchange;
mod interop;
mod publish;
mod readme;
mod scenarios;
mod store;
mod synapse;
mod zones;
