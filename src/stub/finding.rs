//! What a root says about an identifier.

use std::fmt;

use thiserror::Error;

use crate::association::{AssociationError, Statement};
use crate::dnssec::Security;
use crate::resolver::{Cause, Fault, Response};
use crate::threepid::ThreepidError;
use crate::trust::Vouching;
use crate::wire::{ExtendedError, Name, Rcode, Rtype, Ttl};

/// What one root says.
#[derive(Debug)]
pub struct Finding {
    /// The root.
    pub apex: Name,
    /// What it says, or why that cannot be told.
    pub outcome: Result<Found, LookupError>,
    /// Who vouches for the statement; none where there is none, or where nobody asked.
    pub vouching: Option<Vouching>,
}

/// A statement about an identifier, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name of the identifier in the tree.
    pub owner: Name,
    /// The statement, an association or a withdrawal. Nobody has checked who signed it.
    pub statement: Option<Statement>,
    /// How long this may be kept.
    pub ttl: Ttl,
    /// Whether the authority for the name said so.
    pub proof: Proof,
}

/// Whether DNSSEC proves that the authority for a name said this, or that it said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A chain of signatures leads to it from the root's anchor.
    Proved,
    /// It lies in a zone that is not signed, as its parent proves, or signed in a way that is not
    /// known here, as the error says. Whoever sits on the way can have changed it.
    Unsigned(Option<ExtendedError>),
}

impl Proof {
    /// The proof of a response that did not fail.
    pub(super) fn of(response: &Response) -> Self {
        match response.security {
            Security::Secure => Self::Proved,
            _ => Self::Unsigned(response.extended_error.clone()),
        }
    }
}

/// In words, for people.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proved => f.write_str("proved"),
            Self::Unsigned(None) => f.write_str("not proved: the zone is not signed"),
            Self::Unsigned(Some(error)) => write!(f, "not proved: {error}"),
        }
    }
}

/// Why it cannot be told what a root says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupError {
    /// The identifier has no name in this root.
    #[error(transparent)]
    Name(ThreepidError),
    /// There is no answer, or none that is what it should be: [`Cause::is_bogus`] tells.
    #[error(transparent)]
    Resolution(Cause),
    /// The resolver does not answer.
    #[error("the resolver does not answer")]
    Silent,
    /// The resolver refuses.
    #[error("the resolver refuses: it is for other clients, or for other trees")]
    Refused,
    /// The resolver answers, but nothing that can be used.
    #[error("the resolver gives no usable answer: {0}")]
    Unusable(Fault),
    /// The record is no statement.
    #[error("bad ASSOC record: {0}")]
    Malformed(AssociationError),
    /// There are several statements where there may be one.
    #[error("{0} ASSOC records, at most one may be there")]
    Several(usize),
    /// The lookup was broken off: by a mistake in it, or because the program ends.
    #[error("interrupted")]
    Interrupted,
}

impl LookupError {
    /// The same of a client that asks one resolver: what a server of these trees did, it did.
    pub(super) fn of_resolver(self, apexes: &[Name]) -> Self {
        let is_ours = |zone: &Name| apexes.iter().any(|apex| zone.is_at_or_below(apex));
        match self {
            Self::Resolution(Cause::Unreachable(zone)) if is_ours(&zone) => Self::Silent,
            Self::Resolution(Cause::Faulty { fault: Fault::Rcode(Rcode::REFUSED), .. }) => {
                Self::Refused
            }
            Self::Resolution(Cause::Faulty { fault, .. }) => Self::Unusable(fault),
            other => other,
        }
    }
}

impl Found {
    /// Reads the response to the question for the ASSOC record at `owner`.
    ///
    /// # Errors
    /// Where it is none, or tells of no more than one statement.
    pub fn read(owner: Name, response: &Response) -> Result<Self, LookupError> {
        if let Some(cause) = &response.failure {
            return Err(LookupError::Resolution(cause.clone()));
        }
        let sets = response.answer.iter().filter(|set| set.rrset.rtype == Rtype::ASSOC);
        let records: Vec<_> = sets.flat_map(|set| &set.rrset.rdata).collect();
        let statement = match records.as_slice() {
            [] => None,
            [rdata] => {
                let read = Statement::from_rdata(rdata.octets());
                Some(read.map_err(LookupError::Malformed)?)
            }
            several => return Err(LookupError::Several(several.len())),
        };
        Ok(Self { owner, statement, ttl: ttl_of(response), proof: Proof::of(response) })
    }
}

/// How long all of a response may be kept.
pub(super) fn ttl_of(response: &Response) -> Ttl {
    let sets = response.answer.iter().chain(&response.authority);
    sets.map(|set| set.rrset.ttl).min().unwrap_or_default()
}
