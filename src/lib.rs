//! The DNS of third-party identifiers.

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

// Floor 3: statements.
pub mod association;
pub mod certificate;

// Floor 4: judgement.
pub mod zone;
