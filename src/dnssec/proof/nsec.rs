//! Proofs by NSEC (RFC 4035 section 5.4), the compact ones of RFC 9824 section 3 included.

use super::{Absent, NoDs, ProofError, cut, denies_owner, is_end, no_type};
use crate::wire::rdata::{Nsec, TypeBitmap};
use crate::wire::{Name, Rdata, Rtype};

/// One NSEC record: a name, its types, and the gap up to the next name.
#[derive(Debug, Clone)]
struct Span {
    owner: Name,
    next: Name,
    types: TypeBitmap,
}

impl Span {
    /// Whether `name` lies in the gap. The last gap of a zone ends at its apex.
    fn covers(&self, name: &Name, zone: &Name) -> bool {
        self.owner < *name && (*name < self.next || self.next == *zone)
    }

    /// Whether `name`, in the gap, is below a cut or redirection at the owner: then the record says
    /// nothing of it (RFC 6840 section 4.1).
    fn is_blind_to(&self, name: &Name) -> bool {
        name.is_below(&self.owner) && is_end(&self.types)
    }

    /// Whether `name`, in the gap, exists without records: something is below it.
    fn shows_below(&self, name: &Name) -> bool {
        self.next.is_below(name)
    }

    /// How many labels the closest encloser of `name`, in the gap, has: of all existing names the
    /// two ends share most with it.
    fn encloser_labels(&self, name: &Name) -> usize {
        name.common_labels(&self.owner).max(name.common_labels(&self.next))
    }
}

/// What the records say of one name.
enum Found<'a> {
    /// This record is the name's own.
    Own(&'a Span),
    /// The name lies in this record's gap.
    Gap(&'a Span),
}

/// NSEC records of a zone.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    zone: Name,
    spans: Vec<Span>,
}

impl Chain {
    pub(super) fn new(zone: &Name) -> Self {
        Self { zone: zone.clone(), spans: Vec::new() }
    }

    /// Takes in a record; one that is malformed is left out.
    pub(super) fn add(&mut self, owner: &Name, rdata: &Rdata) {
        if let Ok(Nsec { next, types }) = Nsec::parse(rdata) {
            self.spans.push(Span { owner: owner.clone(), next, types });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn find(&self, name: &Name, missing: ProofError) -> Result<Found<'_>, ProofError> {
        if let Some(span) = self.spans.iter().find(|span| span.owner == *name) {
            return Ok(Found::Own(span));
        }
        let gap = self.spans.iter().find(|span| span.covers(name, &self.zone)).ok_or(missing)?;
        if gap.is_blind_to(name) { Err(ProofError::WrongSide) } else { Ok(Found::Gap(gap)) }
    }

    pub(super) fn absent(&self, name: &Name, rtype: Rtype) -> Result<Absent, ProofError> {
        match self.find(name, ProofError::NameNotDenied)? {
            Found::Own(span) if denies_owner(&span.types) => Ok(Absent::Name),
            Found::Own(span) => {
                no_type(name, &span.types, rtype)?;
                Ok(Absent::Type)
            }
            Found::Gap(span) if span.shows_below(name) => Ok(Absent::Type),
            Found::Gap(span) => {
                self.absent_by_wildcard(&name.suffix(span.encloser_labels(name)), rtype)
            }
        }
    }

    /// The name does not exist, its closest encloser does: what of the wildcard there?
    fn absent_by_wildcard(&self, encloser: &Name, rtype: Rtype) -> Result<Absent, ProofError> {
        // A wildcard that would be too long cannot exist.
        let Ok(wildcard) = encloser.wildcard() else { return Ok(Absent::Name) };
        match self.find(&wildcard, ProofError::WildcardNotDenied)? {
            Found::Own(span) => {
                no_type(&wildcard, &span.types, rtype)?;
                Ok(Absent::Type)
            }
            Found::Gap(span) if span.shows_below(&wildcard) => Ok(Absent::Type),
            Found::Gap(_) => Ok(Absent::Name),
        }
    }

    pub(super) fn no_ds(&self, name: &Name) -> Result<NoDs, ProofError> {
        match self.find(name, ProofError::NameNotDenied)? {
            Found::Own(span) => cut(name, &span.types),
            Found::Gap(_) => Ok(NoDs::NotACut),
        }
    }

    pub(super) fn expanded(&self, name: &Name, encloser: &Name) -> Result<(), ProofError> {
        match self.find(name, ProofError::NameNotDenied)? {
            Found::Gap(span)
                if !span.shows_below(name)
                    && span.encloser_labels(name) <= encloser.label_count() =>
            {
                Ok(())
            }
            _ => Err(ProofError::CloserEncloser),
        }
    }
}

#[cfg(test)]
mod tests {
    use ProofError::*;

    use super::super::{Denials, Denied, Effort, Verified};
    use super::*;
    use crate::dnssec::{Security, denial};
    use crate::wire::{Algorithm, Rrset, Ttl};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// The record of a line: owner, next name, types.
    fn nsec(line: &str) -> Rrset {
        let mut words = line.split_whitespace();
        let (owner, next) = (name(words.next().unwrap()), name(words.next().unwrap()));
        let types = words.map(|word| word.parse().unwrap()).chain([Rtype::NSEC, Rtype::RRSIG]);
        let rdata = Nsec { next, types: types.collect() }.to_rdata();
        Rrset::single(owner, Rtype::NSEC, Ttl::from_secs(60), rdata)
    }

    fn verified(rrset: &Rrset) -> Verified {
        let (key_tag, algorithm) = (1, Algorithm::ED25519);
        Verified { signer: name("e"), key_tag, algorithm, ttl: rrset.ttl, wildcard: None }
    }

    fn denials(rrsets: impl IntoIterator<Item = Rrset>) -> Denials {
        let mut denials = Denials::new(name("e"));
        for rrset in rrsets {
            denials.add(&rrset, &verified(&rrset));
        }
        denials
    }

    const ZONE: [&str; 8] = [
        "e         alias.e    SOA NS DNSKEY",
        "alias.e   cut.e      CNAME",
        "cut.e     dname.e    NS",
        "dname.e   safe.e     DNAME",
        "safe.e    x.ent.tree.e NS DS",
        "x.ent.tree.e *.wild.e A",
        "*.wild.e  a.b.wild.e TXT",
        "a.b.wild.e E         A",
    ];

    fn absent(lines: &[usize], question: &str) -> Result<Absent, ProofError> {
        let (owner, rtype) = question.split_once(' ').unwrap();
        let denials = denials(lines.iter().map(|&line| nsec(ZONE[line])));
        let denied =
            denials.absent(&name(owner), rtype.parse().unwrap(), &mut Effort::default())?;
        assert_eq!(denied.security, Security::Secure);
        Ok(denied.absent)
    }

    #[test]
    fn absence_in_a_chain() {
        let (no_name, no_type) = (Ok(Absent::Name), Ok(Absent::Type));
        for (lines, question, expected) in [
            // The name's own record.
            (&[0][..], "E A", no_type),
            (&[0], "e NS", Err(TypeExists)),
            (&[0], "e ANY", Err(TypeExists)),
            (&[0], "e DS", Err(WrongSide)),
            (&[1], "alias.e A", Err(TypeExists)),
            (&[1], "alias.e CNAME", Err(TypeExists)),
            (&[2], "cut.e DS", no_type),
            (&[2], "cut.e A", Err(WrongSide)),
            (&[4], "safe.e DS", Err(TypeExists)),
            (&[5], "x.ent.tree.e AAAA", no_type),
            (&[5], "x.ent.tree.e NSEC", Err(TypeExists)),
            // A gap, and the wildcard.
            (&[1], "aaa.e A", Err(NameNotDenied)),
            (&[0], "aaa.e A", no_name),
            (&[1], "b.e A", Err(WildcardNotDenied)),
            (&[0, 1], "b.e A", no_name),
            (&[1], "x.alias.e A", no_name),
            (&[7], "zzz.e A", Err(WildcardNotDenied)),
            (&[7, 0], "zzz.e A", no_name),
            (&[7, 6], "zzz.wild.e TXT", Err(TypeExists)),
            (&[7, 6], "zzz.wild.e A", no_type),
            (&[6], "0.b.wild.e A", no_name),
            (&[7], "b.b.wild.e A", Err(WildcardNotDenied)),
            (&[7, 6], "b.b.wild.e A", no_name),
            // Empty non-terminals.
            (&[4], "tree.e A", no_type),
            (&[4], "ent.tree.e ANY", no_type),
            (&[4], "enz.tree.e A", Err(NameNotDenied)),
            (&[6], "b.wild.e A", no_type),
            // Below cuts and redirections.
            (&[0, 2], "x.cut.e A", Err(WrongSide)),
            (&[0, 3], "x.dname.e A", Err(WrongSide)),
            (&[0, 4], "x.safe.e A", Err(WrongSide)),
            // Elsewhere.
            (&[0, 1, 7], "f A", Err(OutOfZone)),
            (&[], "a.e A", Err(NameNotDenied)),
        ] {
            assert_eq!(absent(lines, question), expected, "{question} by {lines:?}");
        }
    }

    #[test]
    fn wildcards_that_only_have_names_below_stand_for_names_without_data() {
        let zone = ["e x.*.w.e SOA NS", "x.*.w.e e A"].map(nsec);
        assert_eq!(
            denials(zone).absent(&name("zz.w.e"), Rtype::A, &mut Effort::default()).unwrap().absent,
            Absent::Type
        );
    }

    #[test]
    fn cuts() {
        for (lines, owner, expected) in [
            (&[2][..], "Cut.e", Ok(NoDs::Insecure)),
            (&[4], "safe.e", Err(TypeExists)),
            (&[5], "x.ent.tree.e", Ok(NoDs::NotACut)),
            (&[4], "tree.e", Ok(NoDs::NotACut)),
            (&[1], "b.e", Ok(NoDs::NotACut)),
            (&[2], "x.cut.e", Err(WrongSide)),
            (&[3], "x.dname.e", Err(WrongSide)),
            (&[0], "e", Err(WrongSide)),
            (&[0], "cut.e", Err(NameNotDenied)),
            (&[0], "cut.f", Err(OutOfZone)),
        ] {
            let denials = denials(lines.iter().map(|&line| nsec(ZONE[line])));
            assert_eq!(
                denials.no_ds(&name(owner), &mut Effort::default()),
                expected,
                "{owner} by {lines:?}"
            );
        }
    }

    #[test]
    fn expansions() {
        for (lines, owner, expected) in [
            (&[7][..], "zz.wild.e", Ok(Security::Secure)),
            (&[6], "aa.aa.wild.e", Ok(Security::Secure)),
            (&[6], "b.wild.e", Err(CloserEncloser)),
            (&[7], "b.b.wild.e", Err(CloserEncloser)),
            (&[6], "0.b.wild.e", Err(CloserEncloser)),
            (&[7], "a.b.wild.e", Err(CloserEncloser)),
            (&[5], "zz.wild.e", Err(NameNotDenied)),
        ] {
            let denials = denials(lines.iter().map(|&line| nsec(ZONE[line])));
            let proved = denials.expanded(&name(owner), &name("*.wild.e"), &mut Effort::default());
            assert_eq!(proved, expected, "{owner} by {lines:?}");
        }
    }

    #[test]
    fn compact_denials() {
        let (apex, ttl) = (name("e"), Ttl::from_secs(60));
        let x = name("X.e");
        let absent = |rrset, rtype| {
            denials([rrset]).absent(&x, rtype, &mut Effort::default()).map(|denied| denied.absent)
        };
        let missing = denial::name_error(&x, &apex, ttl);
        assert_eq!(absent(missing.clone(), Rtype::A), Ok(Absent::Name));
        assert_eq!(denials([missing.clone()]).no_ds(&x, &mut Effort::default()), Ok(NoDs::NotACut));
        assert_eq!(
            denials([missing]).expanded(&x, &name("*.e"), &mut Effort::default()),
            Err(CloserEncloser)
        );
        let held = denial::no_data(&x, &apex, [Rtype::ASSOC], ttl);
        assert_eq!(absent(held.clone(), Rtype::A), Ok(Absent::Type));
        assert_eq!(absent(held, Rtype::ASSOC), Err(TypeExists));
        let between = denial::no_data(&x, &apex, [], ttl);
        assert_eq!(absent(between, Rtype::ANY), Ok(Absent::Type));
        let cut = denials([denial::no_ds(&x, &apex, ttl)]);
        assert_eq!(cut.no_ds(&x, &mut Effort::default()), Ok(NoDs::Insecure));
        assert_eq!(cut.absent(&name("a.x.e"), Rtype::A, &mut Effort::default()), Err(WrongSide));
        assert_eq!(cut.absent(&x, Rtype::A, &mut Effort::default()), Err(WrongSide));
        let mixed = denial::no_data(&x, &apex, [Rtype::NXNAME, Rtype::A], ttl);
        assert_eq!(absent(mixed, Rtype::TXT), Ok(Absent::Type));
    }

    #[test]
    fn the_root_has_no_parent() {
        let root = ". com. SOA NS DNSKEY";
        let mut denials = Denials::new(Name::root());
        let rrset = nsec(root);
        denials.add(&rrset, &Verified { signer: Name::root(), ..verified(&rrset) });
        let expected = Denied { absent: Absent::Type, security: Security::Secure };
        assert_eq!(denials.absent(&Name::root(), Rtype::DS, &mut Effort::default()), Ok(expected));
    }

    #[test]
    fn what_can_prove_nothing_is_left_out() {
        let rrset = nsec(ZONE[0]);
        let mut denials = Denials::new(name("e"));
        denials.add(&rrset, &Verified { signer: name("f"), ..verified(&rrset) });
        denials.add(&rrset, &Verified { wildcard: Some(name("*.e")), ..verified(&rrset) });
        let malformed = Rrset { rdata: vec![Rdata::new(vec![9]).unwrap()], ..rrset };
        denials.add(&malformed, &verified(&malformed));
        assert!(denials.is_empty());
    }
}
