//! Checking denials of existence: what a zone's verified NSEC or NSEC3 records prove
//! (RFC 4035 section 5.4, RFC 5155 section 8, RFC 6840 section 4, RFC 9824).

mod hash;
mod nsec;
mod nsec3;

use thiserror::Error;

use super::{Effort, Security, Unsupported, Verified};
use crate::wire::rdata::TypeBitmap;
use crate::wire::{EdeCode, Name, Rrset, Rtype};

/// What does not exist (RFC 2308 section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absent {
    /// The name: name error.
    Name,
    /// Only the type, at the name or at the wildcard that stands for it: no data.
    Type,
}

/// A proof of absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Denied {
    /// What is absent.
    pub absent: Absent,
    /// [`Security::Secure`], or [`Security::Insecure`] where an opt-out leaves room for an unsigned
    /// delegation (RFC 5155 section 9.2).
    pub security: Security,
}

/// What it means that a name has no DS (RFC 4035 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoDs {
    /// A delegation to an unsigned zone is there, or an opt-out leaves room for one: all from here
    /// on down is insecure.
    Insecure,
    /// No zone starts there, so that names below it are as secure as the zone they lie in.
    NotACut,
}

/// Why records do not prove what they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The name is not one of the zone.
    #[error("the name does not lie in the zone")]
    OutOfZone,
    /// No record matches or covers the name.
    #[error("no record denies the name")]
    NameNotDenied,
    /// No record matches or covers the wildcard that might stand for the name.
    #[error("no record denies the wildcard")]
    WildcardNotDenied,
    /// The record at the name says that the type is there, or that it is an alias.
    #[error("the type exists")]
    TypeExists,
    /// The record is of the other side of a zone cut, or above a redirection: it says nothing of
    /// this type or of what is below (RFC 6840 sections 4.1 and 4.3).
    #[error("the record is from the wrong side of a zone cut or redirection")]
    WrongSide,
    /// A wildcard's records were given for a name that has a closer encloser.
    #[error("the name is closer to another name than to the wildcard")]
    CloserEncloser,
    /// The hash is iterated more often than RFC 9276 section 3.2 lets a validator follow.
    #[error("NSEC3 with {0} iterations")]
    Iterations(u16),
    /// There is more to hash than may be.
    #[error("too much work to check")]
    TooMuchWork,
}

impl ProofError {
    /// The extended error that says this (RFC 8914).
    pub fn code(self) -> EdeCode {
        match self {
            Self::NameNotDenied | Self::WildcardNotDenied => EdeCode::NSEC_MISSING,
            Self::Iterations(_) => EdeCode::UNSUPPORTED_NSEC3_ITERATIONS,
            Self::OutOfZone
            | Self::TypeExists
            | Self::WrongSide
            | Self::CloserEncloser
            | Self::TooMuchWork => EdeCode::DNSSEC_BOGUS,
        }
    }

    /// Why the answer is insecure for want of the proof; none where it is bogus.
    pub fn unsupported(self) -> Option<Unsupported> {
        match self {
            Self::Iterations(count) => Some(Unsupported::Iterations(count)),
            _ => None,
        }
    }
}

/// The denials of one zone from one answer.
#[derive(Debug, Clone)]
pub struct Denials {
    zone: Name,
    nsec: nsec::Chain,
    nsec3: nsec3::Chain,
}

impl Denials {
    /// No denials of `zone` yet.
    pub fn new(zone: Name) -> Self {
        Self { nsec: nsec::Chain::new(&zone), nsec3: nsec3::Chain::new(&zone), zone }
    }

    /// Takes in an NSEC or NSEC3 set and what was verified of it. Left out is what can prove
    /// nothing here: sets of another zone, or expanded from a wildcard, or malformed.
    pub fn add(&mut self, rrset: &Rrset, verified: &Verified) {
        if verified.signer != self.zone || verified.wildcard.is_some() {
            return;
        }
        for rdata in &rrset.rdata {
            match rrset.rtype {
                Rtype::NSEC => self.nsec.add(&rrset.name, rdata),
                Rtype::NSEC3 => self.nsec3.add(&rrset.name, rdata),
                _ => {}
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nsec.is_empty() && self.nsec3.is_empty()
    }

    /// Proves that there are no records of `name` and `rtype`, wildcards included.
    ///
    /// # Errors
    /// Where nothing proves it, or only what takes more than `effort` has left.
    pub fn absent(
        &self,
        name: &Name,
        rtype: Rtype,
        effort: &mut Effort,
    ) -> Result<Denied, ProofError> {
        self.check_zone(name)?;
        if self.is_hashed() {
            return self.nsec3.absent(name, rtype, effort);
        }
        let absent = self.nsec.absent(name, rtype)?;
        Ok(Denied { absent, security: Security::Secure })
    }

    /// Proves that `name` has no DS, and tells whether it is a delegation.
    ///
    /// # Errors
    /// Where nothing proves it, or only what takes more than `effort` has left.
    pub fn no_ds(&self, name: &Name, effort: &mut Effort) -> Result<NoDs, ProofError> {
        self.check_zone(name)?;
        if self.is_hashed() { self.nsec3.no_ds(name, effort) } else { self.nsec.no_ds(name) }
    }

    /// Proves that records expanded from `wildcard` may stand for `name`: nothing closer exists
    /// (RFC 4035 section 5.3.4, RFC 5155 section 8.8).
    ///
    /// # Errors
    /// Where nothing proves it, or only what takes more than `effort` has left.
    pub fn expanded(
        &self,
        name: &Name,
        wildcard: &Name,
        effort: &mut Effort,
    ) -> Result<Security, ProofError> {
        self.check_zone(name)?;
        let encloser = wildcard.parent().unwrap_or_else(Name::root);
        if self.is_hashed() {
            return self.nsec3.expanded(name, &encloser, effort);
        }
        self.nsec.expanded(name, &encloser)?;
        Ok(Security::Secure)
    }

    /// A zone is denied in one way; on its change from one to the other NSEC is the surer.
    fn is_hashed(&self) -> bool {
        self.nsec.is_empty() && !self.nsec3.is_empty()
    }

    fn check_zone(&self, name: &Name) -> Result<(), ProofError> {
        if name.is_at_or_below(&self.zone) { Ok(()) } else { Err(ProofError::OutOfZone) }
    }
}

/// Whether a bitmap is that of a delegation seen from above.
fn is_delegation(types: &TypeBitmap) -> bool {
    types.contains(Rtype::NS) && !types.contains(Rtype::SOA)
}

/// Whether the record of an existing name, with these types, says nothing of what is below it.
fn is_end(types: &TypeBitmap) -> bool {
    is_delegation(types) || types.contains(Rtype::DNAME)
}

/// Whether a record with these types denies its own owner (RFC 9824 sections 3.1 and 4).
fn denies_owner(types: &TypeBitmap) -> bool {
    let others = |rtype| rtype != Rtype::NXNAME && !is_of_denial(rtype);
    types.contains(Rtype::NXNAME) && !types.iter().any(others)
}

/// Proves by the types at `owner` that `rtype` is not there.
fn no_type(owner: &Name, types: &TypeBitmap, rtype: Rtype) -> Result<(), ProofError> {
    // The parent's record speaks of DS alone, the child's never of DS; the root has no parent.
    let wrong_side = match rtype {
        Rtype::DS => types.contains(Rtype::SOA) && !owner.is_root(),
        _ => is_delegation(types),
    };
    if wrong_side {
        return Err(ProofError::WrongSide);
    }
    let exists = match rtype {
        Rtype::ANY => types.iter().any(|rtype| !is_of_denial(rtype)),
        _ => types.contains(rtype) || types.contains(Rtype::CNAME),
    };
    if exists { Err(ProofError::TypeExists) } else { Ok(()) }
}

/// Whether `rtype` is at a name only because the zone is signed.
fn is_of_denial(rtype: Rtype) -> bool {
    matches!(rtype, Rtype::NSEC | Rtype::RRSIG)
}

/// What the types at `owner`, which has no DS, say of a zone cut there.
fn cut(owner: &Name, types: &TypeBitmap) -> Result<NoDs, ProofError> {
    if types.contains(Rtype::DS) {
        return Err(ProofError::TypeExists);
    }
    if types.contains(Rtype::SOA) && !owner.is_root() {
        return Err(ProofError::WrongSide);
    }
    Ok(if types.contains(Rtype::NS) { NoDs::Insecure } else { NoDs::NotACut })
}
