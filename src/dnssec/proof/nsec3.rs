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
mod tests {
    use super::super::{Denials, Effort};
    use super::ProofError::*;
    use super::*;
    use crate::codec::base32hex;
    use crate::dnssec::{Limits, Verified};
    use crate::wire::{Algorithm, Rrset, Ttl};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn parameters(iterations: u16) -> Parameters {
        Parameters { iterations, salt: vec![0xaa, 0xbb, 0xcc, 0xdd] }
    }

    fn hash(iterations: u16, owner: &str) -> Hash {
        let limits = Limits { iterations: u16::MAX, ..Limits::default() };
        parameters(iterations).hash(&name(owner), &mut Effort::new(limits)).unwrap()
    }

    /// All existing names, those without records included, and their types.
    const ZONE: [&str; 9] = [
        "e SOA NS DNSKEY",
        "alias.e CNAME",
        "cut.e NS",
        "dname.e DNAME",
        "safe.e NS DS",
        "ent.e",
        "x.ent.e A",
        "wild.e",
        "*.wild.e TXT",
    ];

    struct Signed {
        denials: Vec<(Hash, Rrset)>,
        iterations: u16,
    }

    impl Signed {
        fn new(iterations: u16, flags: u8) -> Self {
            let mut hashed: Vec<(Hash, &str)> = ZONE
                .iter()
                .map(|line| line.split_once(' ').unwrap_or((line, "")))
                .map(|(owner, types)| (hash(iterations, owner), types))
                .collect();
            hashed.sort_unstable();
            let next = hashed.iter().cycle().skip(1);
            let rrsets = hashed.iter().zip(next).map(|((hash, types), (next, _))| {
                (*hash, nsec3(iterations, flags, hash, next, types))
            });
            Self { denials: rrsets.collect(), iterations }
        }

        /// The records that match or cover these names, and what they prove together.
        fn denials(&self, names: &[&str]) -> Denials {
            let mut denials = Denials::new(name("e"));
            for owner in names {
                let hash = hash(self.iterations, owner);
                let at = self.denials.partition_point(|(owner, _)| *owner <= hash);
                let last = self.denials.len() - 1;
                add(&mut denials, &self.denials[at.checked_sub(1).unwrap_or(last)].1);
            }
            denials
        }
    }

    fn nsec3(iterations: u16, flags: u8, hash: &Hash, next: &Hash, types: &str) -> Rrset {
        let types: TypeBitmap = types.split_whitespace().map(|t| t.parse().unwrap()).collect();
        let [high, low] = iterations.to_be_bytes();
        let head = [SHA1, flags, high, low, 4, 0xaa, 0xbb, 0xcc, 0xdd, 20];
        let rdata = [&head, &next[..], &types.to_octets()].concat();
        let owner = name("e").prepend(base32hex(hash).as_bytes()).unwrap();
        Rrset::single(owner, Rtype::NSEC3, Ttl::from_secs(60), Rdata::new(rdata).unwrap())
    }

    fn add(denials: &mut Denials, rrset: &Rrset) {
        let (signer, ttl) = (name("e"), rrset.ttl);
        let (key_tag, algorithm) = (1, Algorithm::ED25519);
        denials.add(rrset, &Verified { signer, key_tag, algorithm, ttl, wildcard: None });
    }

    #[test]
    fn absence_in_a_chain() {
        let signed = Signed::new(12, 0);
        let absent = |names: &[&str], owner: &str, rtype| {
            let denied =
                signed.denials(names).absent(&name(owner), rtype, &mut Effort::default())?;
            assert_eq!(denied.security, Security::Secure);
            Ok(denied.absent)
        };
        let (no_name, no_type) = (Ok(Absent::Name), Ok(Absent::Type));
        for (names, owner, rtype, expected) in [
            (&["e"][..], "E", Rtype::A, no_type),
            (&["e"], "e", Rtype::NS, Err(TypeExists)),
            (&["e"], "e", Rtype::DS, Err(WrongSide)),
            (&["alias.e"], "alias.e", Rtype::A, Err(TypeExists)),
            (&["cut.e"], "cut.e", Rtype::DS, no_type),
            (&["cut.e"], "cut.e", Rtype::A, Err(WrongSide)),
            (&["ent.e"], "ent.e", Rtype::ANY, no_type),
            (&["e", "b.e", "*.e"], "b.e", Rtype::A, no_name),
            (&["e", "b.e", "*.e"], "c.b.e", Rtype::A, no_name),
            // Each of these names has another record, so that all three are needed.
            (&["alias.e", "c.alias.e", "*.alias.e"], "c.alias.e", Rtype::A, no_name),
            (&["alias.e", "c.alias.e"], "c.alias.e", Rtype::A, Err(WildcardNotDenied)),
            (&["c.alias.e", "*.alias.e"], "c.alias.e", Rtype::A, Err(NameNotDenied)),
            (&["alias.e", "*.alias.e"], "c.alias.e", Rtype::A, Err(NameNotDenied)),
            (&["wild.e", "b.wild.e", "*.wild.e"], "b.wild.e", Rtype::A, no_type),
            (&["wild.e", "b.wild.e", "*.wild.e"], "b.wild.e", Rtype::TXT, Err(TypeExists)),
            (&["cut.e", "b.cut.e", "*.cut.e"], "b.cut.e", Rtype::A, Err(WrongSide)),
            (&["dname.e", "b.dname.e", "*.dname.e"], "b.dname.e", Rtype::A, Err(WrongSide)),
            (&["e"], "f", Rtype::A, Err(OutOfZone)),
            (&[], "e", Rtype::A, Err(NameNotDenied)),
        ] {
            assert_eq!(absent(names, owner, rtype), expected, "{owner} {rtype} by {names:?}");
        }
    }

    #[test]
    fn cuts_and_expansions() {
        let signed = Signed::new(0, 0);
        let no_ds =
            |owner| signed.denials(&["e", owner]).no_ds(&name(owner), &mut Effort::default());
        assert_eq!(no_ds("cut.e"), Ok(NoDs::Insecure));
        assert_eq!(no_ds("safe.e"), Err(TypeExists));
        assert_eq!(no_ds("ent.e"), Ok(NoDs::NotACut));
        assert_eq!(no_ds("b.e"), Ok(NoDs::NotACut));
        assert_eq!(no_ds("e"), Err(WrongSide));
        let expanded = |names: &[&str], owner: &str| {
            signed.denials(names).expanded(&name(owner), &name("*.wild.e"), &mut Effort::default())
        };
        assert_eq!(expanded(&["b.wild.e"], "c.b.wild.e"), Ok(Security::Secure));
        assert_eq!(expanded(&["wild.e"], "b.wild.e"), Err(NameNotDenied));
        let closer = signed.denials(&["x.ent.e"]).expanded(
            &name("y.x.ent.e"),
            &name("*.ent.e"),
            &mut Effort::default(),
        );
        assert_eq!(closer, Err(CloserEncloser));
    }

    #[test]
    fn opt_out_leaves_room_for_unsigned_delegations() {
        let signed = Signed::new(0, Nsec3::OPT_OUT);
        let names = ["e", "b.e", "*.e"];
        let denied = |rtype| {
            signed.denials(&names).absent(&name("b.e"), rtype, &mut Effort::default()).unwrap()
        };
        let insecure = |absent| Denied { absent, security: Security::Insecure };
        assert_eq!(denied(Rtype::A), insecure(Absent::Name));
        assert_eq!(denied(Rtype::DS), insecure(Absent::Type));
        assert_eq!(
            signed.denials(&names).no_ds(&name("b.e"), &mut Effort::default()),
            Ok(NoDs::Insecure)
        );
        let expanded =
            signed.denials(&names).expanded(&name("b.e"), &name("*.e"), &mut Effort::default());
        assert_eq!(expanded, Ok(Security::Insecure));
        let own = signed
            .denials(&["ent.e"])
            .absent(&name("ent.e"), Rtype::A, &mut Effort::default())
            .unwrap();
        assert_eq!(own.security, Security::Secure);
        // Above an unsigned delegation, a name without records: nothing is said of a wildcard.
        let denied = signed.denials(&["wild.e", "b.wild.e"]).absent(
            &name("b.wild.e"),
            Rtype::A,
            &mut Effort::default(),
        );
        assert_eq!(denied, Ok(insecure(Absent::Type)));
    }

    #[test]
    fn compact_denials() {
        let hash = hash(0, "x.e");
        let mut next = hash;
        next[19] = next[19].wrapping_add(1);
        let mut denials = Denials::new(name("e"));
        add(&mut denials, &nsec3(0, 0, &hash, &next, "NXNAME"));
        let denied = denials.absent(&name("x.e"), Rtype::A, &mut Effort::default()).unwrap();
        assert_eq!(denied, Denied { absent: Absent::Name, security: Security::Secure });
        assert_eq!(denials.no_ds(&name("x.e"), &mut Effort::default()), Ok(NoDs::NotACut));
    }

    #[test]
    fn work_is_bounded() {
        let limits = Limits { hash_blocks: 2048, ..Limits::default() };
        let mut effort = Effort::new(limits.clone());
        let signed = Signed::new(limits.iterations + 1, 0);
        let refused = signed.denials(&["e"]).absent(&name("e"), Rtype::A, &mut effort);
        assert_eq!(refused, Err(Iterations(51)));
        assert_eq!(effort.spent().hash_blocks, 0);
        let signed = Signed::new(limits.iterations, 0);
        let deep = |labels| Name::from_labels(std::iter::repeat_n("1", labels).chain(["e"]));
        let denials = signed.denials(&["e", "1.e", "*.e"]);
        for (labels, expected) in [(34, Ok(())), (60, Err(TooMuchWork))] {
            let mut effort = Effort::new(limits.clone());
            let mut absent = || {
                let denied = denials.absent(&deep(labels).unwrap(), Rtype::A, &mut effort);
                denied.map(drop)
            };
            assert_eq!(absent(), expected);
            assert_eq!(absent(), Err(TooMuchWork), "the limit is on all that is proved together");
            assert!(effort.spent().hash_blocks <= 2048);
        }
    }

    #[test]
    fn what_can_prove_nothing_is_left_out() {
        let (hash, next) = ([1; 20], [2; 20]);
        let good = nsec3(0, 0, &hash, &next, "A");
        let with = |at: usize, octet: u8| {
            let mut octets = good.rdata[0].octets().to_vec();
            octets[at] = octet;
            Rrset { rdata: vec![Rdata::new(octets).unwrap()], ..good.clone() }
        };
        let elsewhere = Rrset { name: good.name.prepend(b"a").unwrap(), ..good.clone() };
        let unhashed = Rrset { name: name("a.e"), ..good.clone() };
        for bad in [with(0, 2), with(1, 2), with(9, 19), elsewhere, unhashed] {
            let mut denials = Denials::new(name("e"));
            add(&mut denials, &bad);
            assert!(denials.is_empty(), "{bad:?}");
        }
        let mut chain = Chain::new(&name("e"));
        for rrset in [&good, &with(5, 0), &good] {
            chain.add(&rrset.name, &rrset.rdata[0]);
        }
        assert_eq!(chain.spans.len(), 2);
    }
}
