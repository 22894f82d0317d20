//! The house: rules of the code. Where a test can read one off the source, one does.
//!
//! - One package, strict floors: a module imports only modules of lower floors. The map is the
//!   [crate's documentation](crate).
//! - Below the I/O floors there are no sockets, files, threads, clock or randomness. Time is a
//!   [`Timestamp`](crate::clock::Timestamp), randomness a [`Random`](crate::crypto::Random): arguments.
//! - Machines say what to do, drivers say when: the resolver is a value with a `step`, and what it
//!   wants sent is sent by whoever drives it.
//! - Every identifier and every number with rules has a type of its own, parsed once.
//! - Numbers of protocols stand in [`crate::wire`] alone, each with its RFC and section.
//! - Each module has one error enum, and each error says where, and what was expected.
//! - Everything from the network has a limit, in the plain `Limits` or `Policy` of its module.
//! - Configuration is read in two steps, as written and as meant. Keys nobody knows are refused, and the
//!   defaults that the files in `config/` show are tested to be the real ones.
