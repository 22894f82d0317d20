//! The names of the sample zones that tests ask for.

pub(crate) const APEX: &str = "3pid.example.";
pub(crate) const ALICE: &str = "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";
pub(crate) const NOBODY: &str = "9.9.9.9.9.9.0.0.7.7.4.4.msisdn.3pid.example.";
pub(crate) const STRAUSS: &str =
    "2bdd292fcaff63109b74700caf048a8f6befa94de00440be77e3ec55._at.example.com.email.3pid.example.";
pub(crate) const NO_EMAIL: &str =
    "00000000000000000000000000000000000000000000000000000000._at.example.com.email.3pid.example.";
pub(crate) const TELCO: &str = "telco.example._verifier.3pid.example.";
/// What is directly below the apex could be a medium, in a zone with a store: that is never denied.
pub(crate) const MISSING: &str = "nothing.here.3pid.example.";
/// One digit more than a number can have.
pub(crate) const TOO_LONG: &str = "1.2.3.4.5.6.7.8.9.0.1.2.3.4.4.4.msisdn.3pid.example.";
pub(crate) const ROOT_SERVER: &str = "127.53.0.1";
pub(crate) const UK_SERVER: &str = "127.53.0.44";
pub(crate) const RESOLVER: &str = "127.0.0.1";
pub(crate) const RESOLVER_PORT: &str = "5300";
