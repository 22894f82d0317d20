//! The DNS of third-party identifiers: given an email address or a phone number, it finds the Matrix
//! user it belongs to, over a signed delegation tree that no single company owns, and proves the answer.
//!
//! Several parties each run a part; one program is all of them.
//!
//! - *Root operators* serve the apex of a tree, and delegate email domains and phone prefixes.
//! - *Regional and domain operators* serve the associations of their part, or delegate it further.
//! - *Resolvers* walk the delegations for clients, validate and cache.
//! - *Clients* ask a resolver, and check the answer themselves.
//!
//! It speaks real DNS: any resolver validates what is served here with nothing but the trust anchor.
//!
//! # The map
//!
//! A module imports only modules of lower floors; a test keeps it so. The design in prose is in
//! [`manual`].
//!
//! | floor | modules |
//! |---|---|
//! | 13 command line | [`cli`] |
//! | 12 wiring | [`daemon`] |
//! | 11 configuration | [`config`] |
//! | 10 what is answered on the network | [`services`] |
//! | 9 acting for people | [`homeserver`], [`verifier`] |
//! | 8 client library | [`stub`] |
//! | 7 drivers | [`recursor`], [`courier`], [`directory`] |
//! | 6 input and output | [`disk`], [`store`], [`transport`] |
//! | 5 machines | [`authority`], [`resolver`], [`verification`], [`hashes`] |
//! | 4 judgement | [`trust`], [`zone`] |
//! | 3 statements | [`association`], [`certificate`], [`allowance`] |
//! | 2 nouns | [`threepid`], [`signed`], [`dnssec`] |
//! | 1 primitives | [`crypto`], [`wire`] |
//! | 0 ground | [`codec`], [`clock`], [`telemetry`] |

// Floor 0: ground.
pub mod clock;
pub mod codec;
pub mod telemetry;

// Floor 1: primitives.
pub mod crypto;
pub mod wire;

// Floor 2: nouns.
pub mod dnssec;
pub mod signed;
pub mod threepid;

// Floor 3: statements, and who may ask how often.
pub mod allowance;
pub mod association;
pub mod certificate;

// Floor 4: judgement.
pub mod trust;
pub mod zone;

// Floor 5: machines.
pub mod authority;
pub mod hashes;
pub mod resolver;
pub mod verification;

// Floor 6: input and output.
pub mod disk;
pub mod store;
pub mod transport;

// Floor 7: drivers.
pub mod courier;
pub mod directory;
pub mod recursor;

// Floor 8: the client library.
pub mod stub;

// Floor 9: acting for people.
pub mod homeserver;
pub mod verifier;

// Floor 10: what is answered on the network.
pub mod services;

// Floor 11: configuration.
pub mod config;

// Floor 12: wiring.
pub mod daemon;

// Floor 13: the command line.
pub mod cli;

pub mod manual;
