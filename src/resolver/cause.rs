//! Why a request fails, in words and in extended errors (RFC 8914).

use thiserror::Error;

use super::Work;
use crate::dnssec::SignatureError;
use crate::dnssec::proof::ProofError;
use crate::wire::{Class, EdeCode, ExtendedError, Name, Rcode, Rtype, Unaskable};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// No configured root encloses the name.
    #[error("no configured root encloses {0}")]
    OutsideRoots(Name),
    /// Only class IN is resolved.
    #[error("class {0} is not resolved")]
    Class(Class),
    /// No answer can have this type.
    #[error("{0}: {1}")]
    Unaskable(Rtype, Unaskable),
    /// The client did not ask for recursion.
    #[error("recursion was not asked for")]
    NoRecursion,
    /// Too many requests are under way.
    #[error("too many requests are under way")]
    Busy,
    /// What looked for the answer ended without one: by a mistake in it, or because the program ends.
    #[error("looking for the answer was broken off")]
    BrokenOff,
    /// The request took too long.
    #[error("no answer in time")]
    TooLate,
    /// The request's budget is used up.
    #[error("the request takes too many {0}")]
    Exhausted(Work),
    /// No server of the zone could be reached, or none has a known address.
    #[error("no server of {0} answers")]
    Unreachable(Name),
    /// The zone's servers are named where no configured root leads: nobody here can tell their
    /// addresses.
    #[error("no server of {zone} can be found: {server} is outside the configured roots")]
    ServerOutsideRoots {
        /// The zone.
        zone: Name,
        /// One of its servers.
        server: Name,
    },
    /// Servers of the zone answer, but nothing that can be used.
    #[error("the servers of {zone} give no usable answer: {fault}")]
    Faulty {
        /// The zone.
        zone: Name,
        /// What the last of them did.
        fault: Fault,
    },
    /// An alias leads out of all configured roots.
    #[error("an alias leads to {0}, which no configured root encloses")]
    AliasOutsideRoots(Name),
    /// An alias leads to a name that is too long (RFC 6672 section 2.2).
    #[error("the redirection of {0} gives a name that is too long")]
    AliasTooLong(Name),
    /// What the tree is trusted for has expired.
    #[error("the root list that names {0} has expired")]
    Suspended(Name),
    /// Validation failed.
    #[error("{}{flaw}", about(name, *rtype, flaw))]
    Bogus {
        /// The owner of what did not validate.
        name: Name,
        /// Its type.
        rtype: Rtype,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What a server did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Fault {
    /// It answered with an error.
    #[error("{0}")]
    Rcode(Rcode),
    /// It is not an authority for the zone it was asked about.
    #[error("lame delegation")]
    Lame,
    /// Its reply does not hold together.
    #[error("malformed reply: {0}")]
    Malformed(&'static str),
}

/// What validation found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Flaw {
    /// No signature proves an RRset.
    #[error("{name} {rtype}: {error}")]
    Signature {
        /// The set's owner.
        name: Name,
        /// The set's type.
        rtype: Rtype,
        /// The most telling reason.
        error: SignatureError,
    },
    /// The denial does not prove what the answer says.
    #[error("{0}")]
    Denial(ProofError),
    /// A zone whose parent says that it is signed has no keys.
    #[error("{0} has no DNSKEY set")]
    NoKeys(Name),
    /// Nothing is signed although it lies in a signed zone.
    #[error("unsigned data in the signed zone {0}")]
    Unsigned(Name),
    /// It is signed in the name of something that is no zone of this tree.
    #[error("signed by {0}, which is not a zone that encloses it")]
    Signer(Name),
}

/// What did not validate, where the flaw does not say it itself.
fn about(name: &Name, rtype: Rtype, flaw: &Flaw) -> String {
    match flaw {
        Flaw::Signature { name: set, rtype: of, .. } if (set, *of) == (name, rtype) => {
            String::new()
        }
        _ => format!("{name} {rtype}: "),
    }
}

impl Cause {
    /// The response code for the client.
    pub fn rcode(&self) -> Rcode {
        match self {
            Self::OutsideRoots(_) | Self::Class(_) | Self::NoRecursion => Rcode::REFUSED,
            Self::Unaskable(_, why) => why.rcode(),
            Self::AliasTooLong(_) => Rcode::YXDOMAIN,
            _ => Rcode::SERVFAIL,
        }
    }

    /// The extended error for the client (RFC 8914).
    pub fn extended_error(&self) -> ExtendedError {
        let code = match self {
            // RFC 8914 section 4.21 has it for a query without RD, too.
            Self::OutsideRoots(_) | Self::AliasOutsideRoots(_) | Self::NoRecursion => {
                EdeCode::NOT_AUTHORITATIVE
            }
            Self::Unaskable(_, why) => why.extended_error(),
            Self::Unreachable(_) | Self::ServerOutsideRoots { .. } | Self::TooLate => {
                EdeCode::NO_REACHABLE_AUTHORITY
            }
            Self::Faulty { fault: Fault::Malformed(_), .. } => EdeCode::INVALID_DATA,
            Self::Faulty { .. } => EdeCode::NETWORK_ERROR,
            Self::Bogus { flaw, .. } => flaw.code(),
            _ => EdeCode::OTHER,
        };
        ExtendedError { code, text: self.to_string() }
    }

    /// Whether validation failed, so that a client that validates by itself still wants the data.
    pub fn is_bogus(&self) -> bool {
        matches!(self, Self::Bogus { .. })
    }

    /// Whether it says nothing of the answer itself, only that it could not be had: then one whose time
    /// is over is better than none (RFC 8767 section 4).
    pub fn permits_stale(&self) -> bool {
        match self {
            Self::Busy
            | Self::BrokenOff
            | Self::TooLate
            | Self::Exhausted(_)
            | Self::Unreachable(_)
            | Self::ServerOutsideRoots { .. }
            | Self::Faulty { .. } => true,
            Self::OutsideRoots(_)
            | Self::Class(_)
            | Self::Unaskable(..)
            | Self::NoRecursion
            | Self::AliasOutsideRoots(_)
            | Self::AliasTooLong(_)
            | Self::Suspended(_)
            | Self::Bogus { .. } => false,
        }
    }

    /// Whether looking for the same RRset again soon would fail the same way (RFC 9520). What depends
    /// on how far a request had come does not.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_)
                | Self::ServerOutsideRoots { .. }
                | Self::Faulty { .. }
                | Self::Bogus { .. }
                | Self::Exhausted(Work::Fetch)
        )
    }

    /// Whether it took a whole request's work, so that the same request must not be made again at
    /// once.
    pub(super) fn is_costly(&self) -> bool {
        matches!(self, Self::Exhausted(_) | Self::TooLate)
    }

    /// Which of several failures to tell of: the greatest. What says something of the answer itself
    /// comes before what says that it could not be had; of that, what is due to this resolver comes
    /// first, since the servers are not to be blamed for it, nor left alone.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::ServerOutsideRoots { .. } => 0,
            Self::Unreachable(_) => 1,
            Self::Faulty { .. } => 2,
            Self::Busy | Self::BrokenOff | Self::TooLate | Self::Exhausted(_) => 3,
            Self::OutsideRoots(_)
            | Self::Class(_)
            | Self::Unaskable(..)
            | Self::NoRecursion
            | Self::AliasOutsideRoots(_)
            | Self::AliasTooLong(_)
            | Self::Suspended(_)
            | Self::Bogus { .. } => 4,
        }
    }
}

impl Fault {
    /// Whether the server is likely to do so again for this zone: it does not serve it.
    pub(super) fn is_lameness(self) -> bool {
        matches!(self, Self::Lame | Self::Rcode(Rcode::REFUSED | Rcode::NOTAUTH))
    }
}

impl Flaw {
    /// Whether the zone lacks the key that signed, so far as is known.
    pub(super) fn is_no_key(&self) -> bool {
        matches!(self, Self::Signature { error: SignatureError::NoKey(_), .. })
    }

    fn code(&self) -> EdeCode {
        match self {
            Self::Signature { error, .. } => error.code(),
            Self::Denial(error) => error.code(),
            Self::NoKeys(_) => EdeCode::DNSKEY_MISSING,
            Self::Unsigned(_) => EdeCode::RRSIGS_MISSING,
            Self::Signer(_) => EdeCode::DNSSEC_BOGUS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bogus_is_named_once() {
        let (name, rtype): (Name, _) = ("3pid.example.".parse().unwrap(), Rtype::DNSKEY);
        let error = SignatureError::Missing;
        let flaw = Flaw::Signature { name: name.clone(), rtype, error: error.clone() };
        let told = Cause::Bogus { name, rtype, flaw: flaw.clone() }.to_string();
        assert_eq!(told, format!("3pid.example. DNSKEY: {error}"));
        let told = Cause::Bogus { name: "a.".parse().unwrap(), rtype: Rtype::A, flaw }.to_string();
        assert_eq!(told, format!("a. A: 3pid.example. DNSKEY: {error}"));
    }
}
