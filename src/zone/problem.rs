//! What can be wrong with a zone.

use std::fmt;

use thiserror::Error;

use super::master::Place;
use crate::wire::rdata::RdataError;
use crate::wire::{Class, Name, Rtype};

/// Whether a zone with this can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It can; the operator should look at it.
    Warning,
    /// It cannot.
    Error,
}

/// One thing wrong with a zone, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where the record stands; none where a record is missing.
    pub place: Option<Place>,
    /// The name it is about.
    pub name: Name,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if self.problem.severity() == Severity::Warning {
            f.write_str("warning: ")?;
        }
        write!(f, "{}: {}", self.name, self.problem)
    }
}

/// Something wrong with a zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// A zone has one class, and ours is IN.
    #[error("a record of class {0} in a zone of class IN")]
    WrongClass(Class),
    /// The owner is not in the zone.
    #[error("not at or below the zone's name {0}")]
    OutOfZone(Name),
    /// No record can have the type.
    #[error("{0} is no type of records")]
    MetaType(Rtype),
    /// The data is not what the type says.
    #[error("bad {0} data: {1}")]
    BadRdata(Rtype, RdataError),
    /// Records that the server makes itself (warning).
    #[error("{0} is left out: the server makes its own")]
    ServerMade(Rtype),
    /// The records of an RRset have several TTLs (warning; RFC 2181 section 5.2).
    #[error("the {0} records have several TTLs, the lowest is taken")]
    TtlsDiffer(Rtype),
    /// There is no SOA at the apex.
    #[error("the zone has no SOA record")]
    NoSoa,
    /// There is more than one SOA.
    #[error("the zone has more than one SOA record")]
    SeveralSoas,
    /// There is no NS at the apex.
    #[error("the zone's name has no NS record")]
    NoNs,
    /// Something that belongs to the apex stands elsewhere.
    #[error("{0} can only stand at the zone's name")]
    NotAtApex(Rtype),
    /// Something that may not stand at the apex does.
    #[error("{0} cannot stand at the zone's name: it belongs to the parent zone")]
    AtApex(Rtype),
    /// An alias has other data beside it (RFC 2181 section 10.1).
    #[error("a CNAME and other data ({0}) at the same name")]
    CnameAndOtherData(Rtype),
    /// A name has several targets (RFC 2181 section 10.1, RFC 6672 section 2.4).
    #[error("more than one {0} at the same name")]
    Several(Rtype),
    /// A redirection at a delegation (RFC 6672 section 2.4).
    #[error("a DNAME and NS below the zone's name")]
    DnameAndNs,
    /// Data where everything is redirected (RFC 6672 section 2.4).
    #[error("data below the DNAME of {0}")]
    BelowDname(Name),
    /// A type that does not work at a wildcard (RFC 4592 section 4).
    #[error("{0} cannot stand at a wildcard")]
    AtWildcard(Rtype),
    /// A DS without a delegation.
    #[error("a DS where nothing is delegated (there is no NS)")]
    DsWithoutNs,
    /// No key can have this digest (warning; RFC 4034 section 5.1.4).
    #[error("the digest of DS {0} is not as long as its type says")]
    DigestLength(u16),
    /// Data at or below a delegation that the child has to serve (warning).
    #[error("{0} is left out: {1} is delegated, and this is no address of its name servers")]
    Occluded(Rtype, Name),
    /// A name server at or below its own delegation has no address (RFC 9471).
    #[error("name server {0} lies in what it serves and has no address here")]
    MissingGlue(Name),
    /// A name server in the zone has no address (warning).
    #[error("name server {0} lies in this zone and has no address")]
    NoAddress(Name),
    /// A name server has its name in no zone of the tree (warning).
    #[error(
        "name server {0} lies outside the tree {1}: whoever walks the tree alone cannot find its address"
    )]
    ServerOutside(Name, Name),
    /// An association where none can be.
    #[error(
        "no association can stand here: it takes 1 to 15 digits above \"msisdn\", or 56 hexadecimal \
         digits above \"_at\" or \"_id\""
    )]
    NoAssociationHere,
    /// A certificate where none can be.
    #[error("a VCERT can only stand below a label \"_verifier\"")]
    NoCertificateHere,
    /// Data that would never be told.
    #[error(
        "{0} cannot stand here: digit and person names hold nothing but an association or a \
         delegation"
    )]
    OnlyAssociations(Rtype),
}

impl Problem {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ServerMade(_)
            | Self::TtlsDiffer(_)
            | Self::DigestLength(_)
            | Self::Occluded(..)
            | Self::NoAddress(_)
            | Self::ServerOutside(..) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}
