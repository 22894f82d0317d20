//! Proofs by NSEC3 (RFC 5155 section 8), for zones of others and for zones signed ahead.

use super::hash::{Hash, Parameters, SHA1};
use super::{Absent, Denied, Effort, NoDs, ProofError, cut, denies_owner, is_end, no_type};
use crate::codec::from_base32hex;
use crate::dnssec::Security;
use crate::wire::rdata::{Nsec3, TypeBitmap};
use crate::wire::{Name, Rdata, Rtype};

/// One NSEC3 record: a hash, the types at its name, and the gap up to the next hash.
#[derive(Debug, Clone)]
struct Span {
    owner: Hash,
    next: Hash,
    types: TypeBitmap,
    opt_out: bool,
}

impl Span {
    /// Whether `hash` lies in the gap. The last gap goes round to the first hash.
    fn covers(&self, hash: &Hash) -> bool {
        if self.owner < self.next {
            self.owner < *hash && *hash < self.next
        } else {
            self.owner < *hash || *hash < self.next
        }
    }

    /// What a name in the gap is: with opt-out there may be an unsigned delegation.
    fn security(&self) -> Security {
        if self.opt_out { Security::Insecure } else { Security::Secure }
    }
}

/// What the records say of one name.
enum Found<'a> {
    /// This record is the name's own.
    Own(&'a Span),
    /// The name does not exist: its closest encloser does, and this record's gap holds the name one
    /// label longer (RFC 5155 section 8.3).
    Gap { encloser: Name, span: &'a Span },
}

/// NSEC3 records of a zone, all with the same parameters.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    zone: Name,
    parameters: Option<Parameters>,
    spans: Vec<Span>,
}

impl Chain {
    pub(super) fn new(zone: &Name) -> Self {
        Self { zone: zone.clone(), parameters: None, spans: Vec::new() }
    }

    /// Takes in a record. One that is malformed, has an unknown hash or flag, or other parameters
    /// than those before it is left out (RFC 5155 sections 8.1 and 8.2).
    pub(super) fn add(&mut self, owner: &Name, rdata: &Rdata) {
        let Ok(nsec3) = Nsec3::parse(rdata) else { return };
        let Some(owner) = self.hash_in(owner) else { return };
        let Ok(next) = nsec3.next.try_into() else { return };
        if nsec3.algorithm != SHA1 || nsec3.flags & !Nsec3::OPT_OUT != 0 {
            return;
        }
        let parameters = Parameters { iterations: nsec3.iterations, salt: nsec3.salt };
        if *self.parameters.get_or_insert(parameters.clone()) == parameters {
            let opt_out = nsec3.flags & Nsec3::OPT_OUT != 0;
            self.spans.push(Span { owner, next, types: nsec3.types, opt_out });
        }
    }

    /// The hash that the owner of a record is, directly below the zone.
    fn hash_in(&self, owner: &Name) -> Option<Hash> {
        let label = std::str::from_utf8(owner.labels().next()?).ok()?;
        let hash = from_base32hex(label).ok()?.try_into().ok()?;
        (owner.parent()? == self.zone).then_some(hash)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn own(&self, hash: &Hash) -> Option<&Span> {
        self.spans.iter().find(|span| span.owner == *hash)
    }

    fn gap(&self, hash: &Hash) -> Option<&Span> {
        self.spans.iter().find(|span| span.covers(hash))
    }

    fn parameters(&self) -> Result<&Parameters, ProofError> {
        self.parameters.as_ref().ok_or(ProofError::NameNotDenied)
    }

    fn find(&self, name: &Name, effort: &mut Effort) -> Result<Found<'_>, ProofError> {
        let parameters = self.parameters()?;
        let mut longer = parameters.hash(name, effort)?;
        if let Some(span) = self.own(&longer) {
            return Ok(Found::Own(span));
        }
        for encloser in name.ancestors().skip(1).take_while(|at| at.is_at_or_below(&self.zone)) {
            let hash = parameters.hash(&encloser, effort)?;
            match self.own(&hash) {
                Some(span) if is_end(&span.types) => return Err(ProofError::WrongSide),
                Some(_) => {
                    let span = self.gap(&longer).ok_or(ProofError::NameNotDenied)?;
                    return Ok(Found::Gap { encloser, span });
                }
                None => longer = hash,
            }
        }
        Err(ProofError::NameNotDenied)
    }

    pub(super) fn absent(
        &self,
        name: &Name,
        rtype: Rtype,
        effort: &mut Effort,
    ) -> Result<Denied, ProofError> {
        match self.find(name, effort)? {
            Found::Own(span) if denies_owner(&span.types) => {
                Ok(Denied { absent: Absent::Name, security: Security::Secure })
            }
            Found::Own(span) => {
                no_type(name, &span.types, rtype)?;
                Ok(Denied { absent: Absent::Type, security: Security::Secure })
            }
            // RFC 5155 section 8.6.
            Found::Gap { span, .. } if rtype == Rtype::DS && span.opt_out => {
                Ok(Denied { absent: Absent::Type, security: Security::Insecure })
            }
            Found::Gap { encloser, span } => {
                let absent = match self.absent_by_wildcard(&encloser, rtype, effort) {
                    // An opt-out leaves out the empty names above unsigned delegations, too; their
                    // denial speaks of no wildcard (RFC 5155 section 8.5, erratum 3441).
                    Err(ProofError::WildcardNotDenied) if span.opt_out => Absent::Type,
                    other => other?,
                };
                Ok(Denied { absent, security: span.security() })
            }
        }
    }

    /// The name does not exist, its closest encloser does: what of the wildcard there?
    fn absent_by_wildcard(
        &self,
        encloser: &Name,
        rtype: Rtype,
        effort: &mut Effort,
    ) -> Result<Absent, ProofError> {
        // A wildcard that would be too long cannot exist.
        let Ok(wildcard) = encloser.wildcard() else { return Ok(Absent::Name) };
        let hash = self.parameters()?.hash(&wildcard, effort)?;
        if let Some(span) = self.own(&hash) {
            no_type(&wildcard, &span.types, rtype)?;
            return Ok(Absent::Type);
        }
        self.gap(&hash).map(|_| Absent::Name).ok_or(ProofError::WildcardNotDenied)
    }

    pub(super) fn no_ds(&self, name: &Name, effort: &mut Effort) -> Result<NoDs, ProofError> {
        match self.find(name, effort)? {
            Found::Own(span) => cut(name, &span.types),
            Found::Gap { span, .. } if span.opt_out => Ok(NoDs::Insecure),
            Found::Gap { .. } => Ok(NoDs::NotACut),
        }
    }

    /// The wildcard's own existence shows its encloser: only the name one label longer is denied.
    pub(super) fn expanded(
        &self,
        name: &Name,
        encloser: &Name,
        effort: &mut Effort,
    ) -> Result<Security, ProofError> {
        let longer = name.suffix(encloser.label_count() + 1);
        let hash = self.parameters()?.hash(&longer, effort)?;
        if self.own(&hash).is_some() {
            return Err(ProofError::CloserEncloser);
        }
        self.gap(&hash).map(Span::security).ok_or(ProofError::NameNotDenied)
    }
}

#[cfg(test)]
mod tests;
