//! What was found for one name and type, and how far it is proved.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Limits, Stored};
use crate::clock::Timestamp;
use crate::dnssec::{Algorithms, Security, TrustedKeys, Unsupported};
use crate::wire::rdata::{Nsec, Rrsig, Soa};
use crate::wire::{Class, Name, Rdata, Record, Rrset, Rtype, Ttl};

/// An RRset and the RRSIG records that cover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRrset {
    /// The set.
    pub rrset: Rrset,
    /// Data of the signatures.
    pub signatures: Vec<Rdata>,
}

impl SignedRrset {
    /// Sorts records into sets with their signatures. Signatures over nothing that is there are
    /// dropped.
    pub(super) fn group(records: Vec<Record>) -> Vec<Self> {
        let (signatures, data): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| record.rtype == Rtype::RRSIG);
        let covers = |signature: &&Record, rrset: &Rrset| {
            covered(signature) == rrset.rtype && signature.name == rrset.name
        };
        let with_signatures = |rrset| Self {
            signatures: signatures
                .iter()
                .filter(|signature| covers(signature, &rrset))
                .map(|signature| signature.rdata.clone())
                .collect(),
            rrset,
        };
        Rrset::group(data).into_iter().map(with_signatures).collect()
    }

    /// The signatures that can be read.
    pub(super) fn rrsigs(&self) -> Vec<Rrsig> {
        self.signatures.iter().filter_map(|rdata| Rrsig::parse(rdata).ok()).collect()
    }

    /// The zone that signed; one whose algorithm counts where there is a choice.
    pub(super) fn signer(&self, algorithms: Algorithms) -> Option<Name> {
        let rrsigs = self.rrsigs();
        let known = rrsigs.iter().find(|rrsig| algorithms.supports(rrsig.algorithm));
        known.or(rrsigs.first()).map(|rrsig| rrsig.signer.clone())
    }

    /// Whether it says of itself that a wildcard was expanded (RFC 4035 section 5.3.4).
    pub(super) fn is_expanded(&self) -> bool {
        let name = &self.rrset.name;
        let labels = name.label_count() - usize::from(name.is_wildcard());
        self.rrsigs().iter().any(|rrsig| usize::from(rrsig.labels) < labels)
    }

    /// Whether one zone signed both.
    pub(super) fn is_signed_as(&self, other: &Self) -> bool {
        let others = other.rrsigs();
        let signed = |signer: &Name| others.iter().any(|rrsig| rrsig.signer == *signer);
        self.rrsigs().iter().any(|rrsig| signed(&rrsig.signer))
    }

    /// Its records, with the signatures where `signed`, to live for `ttl` at most.
    pub(super) fn records(&self, signed: bool, ttl: Ttl) -> Vec<Record> {
        let ttl = self.rrset.ttl.min(ttl);
        let rrset = Rrset { ttl, ..self.rrset.clone() };
        let mut records: Vec<Record> = rrset.records().collect();
        let signatures = self.signatures.iter().filter(|_| signed);
        records.extend(signatures.map(|rdata| Record {
            name: self.rrset.name.clone(),
            rtype: Rtype::RRSIG,
            class: Class::IN,
            ttl,
            rdata: rdata.clone(),
        }));
        records
    }

    pub(super) fn weight(&self) -> usize {
        let rdata = self.rrset.rdata.iter().chain(&self.signatures);
        let octets: usize = rdata.map(|rdata| rdata.octets().len() + 64).sum();
        size_of::<Self>() + self.rrset.name.as_wire().len() + octets
    }
}

/// The outcomes of RFC 1034 section 4.3.2 and RFC 2308 section 2, as seen by whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The records asked for.
    Data,
    /// A CNAME, one made from a DNAME included, that leads to this name.
    Alias(Name),
    /// A DNAME whose redirection of the name gives one that is too long (RFC 6672 section 2.2).
    AliasTooLong,
    /// The name has no such records.
    NoData,
    /// The name does not exist (NXDOMAIN).
    NameError,
    /// The name does not exist, said in the compact way (RFC 9824): NOERROR with type NXNAME.
    CompactNameError,
}

/// What a zone says about one name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub kind: Kind,
    /// The sets of the answer section.
    pub answer: Vec<SignedRrset>,
    /// The SOA and the proofs of the authority section.
    pub authority: Vec<SignedRrset>,
    /// How far it is proved. [`Security::Indeterminate`] until someone wants it proved.
    pub security: Security,
    /// The zone that was asked.
    pub zone: Name,
    /// What it says about the trust in the zone that starts at its name, where it says something: a
    /// proved DNSKEY set, a proved denial of DS, anything insecure.
    pub trusted: Option<Trusted>,
}

/// How data of a zone is to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    /// By these keys.
    Keys(Arc<TrustedKeys>),
    /// Not at all: it is proved that the zone is unsigned, or signed in a way unknown here.
    Insecure(Option<Unsupported>),
    /// As that of the signed zone above: no zone starts here.
    NotACut,
}

impl Answer {
    /// An answer that nobody has validated yet.
    pub(super) fn unchecked(
        kind: Kind,
        zone: Name,
        answer: Vec<SignedRrset>,
        authority: Vec<SignedRrset>,
    ) -> Self {
        let security = Security::Indeterminate;
        Self { kind, answer, authority, security, zone, trusted: None }
    }

    /// Whether it is data or an alias, not a denial.
    pub fn is_positive(&self) -> bool {
        matches!(self.kind, Kind::Data | Kind::Alias(_) | Kind::AliasTooLong)
    }

    /// Whether it shows that the name exists, be it without records.
    pub(super) fn shows_name(&self) -> bool {
        !matches!(self.kind, Kind::NameError | Kind::CompactNameError)
    }

    /// Whether an association or a certificate is in it.
    pub(super) fn holds_statement(&self) -> bool {
        self.answer.iter().any(|set| set.rrset.rtype.is_statement())
    }

    /// Whether it is an alias that stands for what is asked for with type `asked`: for all but the types
    /// that live beside an alias.
    pub(super) fn redirects(&self, asked: Rtype) -> bool {
        let beside = [Rtype::NSEC, Rtype::RRSIG, Rtype::ANY];
        matches!(self.kind, Kind::Alias(_) | Kind::AliasTooLong) && !beside.contains(&asked)
    }

    /// The type that it is kept under in the cache when `rtype` was asked for. What came of a question
    /// for a DS set is the word of the zone above, which may lie in another tree: it says nothing of
    /// other types.
    pub(super) fn cached_as(&self, rtype: Rtype) -> Rtype {
        match self.kind {
            _ if rtype == Rtype::DS => rtype,
            Kind::Data | Kind::NoData => rtype,
            Kind::Alias(_) | Kind::AliasTooLong => Rtype::CNAME,
            Kind::NameError | Kind::CompactNameError => Rtype::NXNAME,
        }
    }

    /// The first SOA in the authority section.
    pub(super) fn soa(&self) -> Option<&SignedRrset> {
        self.authority.iter().find(|set| set.rrset.rtype == Rtype::SOA)
    }

    /// All its sets.
    pub(super) fn sets(&self) -> impl Iterator<Item = &SignedRrset> {
        self.answer.iter().chain(&self.authority)
    }

    /// All its sets, to be changed.
    pub(super) fn sets_mut(&mut self) -> impl Iterator<Item = &mut SignedRrset> {
        self.answer.iter_mut().chain(&mut self.authority)
    }

    /// How long it may be kept: the least TTL in it, that of a denial also bounded by its SOA
    /// (RFC 2308 section 5). A denial with nothing in it is not kept. What bounds the life of
    /// statements does so however they were asked for.
    pub(super) fn ttl(&self, limits: &Limits) -> Ttl {
        let least = self.sets().map(|set| set.rrset.ttl).min().unwrap_or_default();
        if !self.is_positive() {
            let most = self.soa_minimum().max(limits.least_ttl).min(limits.negative_ttl);
            return least.min(most).min(limits.answer_ttl);
        }
        let most = match self.holds_statement() {
            true => limits.statement_ttl,
            false => limits.answer_ttl,
        };
        least.min(most).min(limits.answer_ttl)
    }

    pub(super) fn soa_minimum(&self) -> Ttl {
        let soa = self.soa().and_then(|set| Soa::parse(set.rrset.rdata.first()?).ok());
        soa.map_or(Ttl::from_secs(u32::MAX), |soa| Ttl::from_secs(soa.minimum))
    }

    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.sets().map(SignedRrset::weight).sum::<usize>()
    }
}

impl Stored<Answer> {
    /// The answer with the TTLs left.
    pub(super) fn aged(&self, now: Timestamp) -> Answer {
        let left = self.remaining(now);
        let mut aged = self.value.clone();
        aged.sets_mut().for_each(|set| set.rrset.ttl = set.rrset.ttl.min(left));
        aged
    }
}

/// The type of a record; that of the set that it covers where it is a signature.
pub(super) fn covered(record: &Record) -> Rtype {
    match (record.rtype, record.rdata.octets().first_chunk()) {
        (Rtype::RRSIG, Some(covered)) => Rtype(u16::from_be_bytes(*covered)),
        (rtype, _) => rtype,
    }
}

/// Whether the NSEC sets among `sets` say in the compact way that `name` does not exist.
pub(super) fn says_nxname(sets: &[SignedRrset], name: &Name) -> bool {
    let own = sets.iter().filter(|set| set.rrset.rtype == Rtype::NSEC && set.rrset.name == *name);
    own.flat_map(|set| &set.rrset.rdata)
        .any(|rdata| Nsec::parse(rdata).is_ok_and(|nsec| nsec.types.contains(Rtype::NXNAME)))
}

/// The servers of a zone, as its parent names them or as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The zone.
    pub zone: Name,
    /// Addresses that came with the delegation.
    pub addresses: Vec<IpAddr>,
    /// Name servers whose addresses did not.
    pub targets: Vec<Name>,
}

impl Cut {
    pub(super) fn weight(&self) -> usize {
        let names: usize = self.targets.iter().map(|name| name.as_wire().len() + 64).sum();
        size_of::<Self>() + self.addresses.len() * size_of::<IpAddr>() + names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, rtype: Rtype, ttl: u32, rdata: Vec<u8>) -> Record {
        Record {
            name: name.parse().unwrap(),
            rtype,
            class: Class::IN,
            ttl: Ttl::from_secs(ttl),
            rdata: Rdata::new(rdata).unwrap(),
        }
    }

    #[test]
    fn signatures_go_to_their_set() {
        let rrsig =
            |name, covered: Rtype| record(name, Rtype::RRSIG, 60, covered.0.to_be_bytes().to_vec());
        let sets = SignedRrset::group(vec![
            rrsig("a.example", Rtype::TXT),
            record("A.example", Rtype::A, 60, vec![192, 0, 2, 1]),
            rrsig("a.example", Rtype::A),
            record("b.example", Rtype::TXT, 60, vec![0]),
        ]);
        assert_eq!(sets.len(), 2);
        assert_eq!(sets[0].signatures, [rrsig("a.example", Rtype::A).rdata]);
        assert_eq!(sets[1].signatures, []);
        assert_eq!(sets[0].records(true, Ttl::from_secs(5)).len(), 2);
        assert_eq!(sets[0].records(false, Ttl::from_secs(5))[0].ttl.as_secs(), 5);
    }

    #[test]
    fn what_is_kept_how_long() {
        let mut limits = Limits::default();
        let kept = |limits: &Limits, kind, sets: Vec<Record>| {
            let sets = SignedRrset::group(sets);
            let (answer, authority) = match kind {
                Kind::Data => (sets, Vec::new()),
                _ => (Vec::new(), sets),
            };
            Answer::unchecked(kind, Name::root(), answer, authority).ttl(limits).as_secs()
        };
        let long = |rtype| record("example", rtype, 1 << 20, vec![192, 0, 2, 1]);
        assert_eq!(kept(&limits, Kind::Data, vec![long(Rtype::A)]), 86_400);
        assert_eq!(kept(&limits, Kind::Data, vec![long(Rtype::ASSOC)]), 3600);
        let any = vec![long(Rtype::A), long(Rtype::VCERT)];
        assert_eq!(kept(&limits, Kind::Data, any), 3600, "a statement among others");
        assert_eq!(kept(&limits, Kind::NoData, Vec::new()), 0);
        let soa = [&[0; 2][..], &[0; 16], &30u32.to_be_bytes()].concat();
        let soa = record("example", Rtype::SOA, 900, soa);
        assert_eq!(kept(&limits, Kind::NoData, vec![soa.clone()]), 30);
        let nsec = record("example", Rtype::NSEC, 20, vec![0]);
        assert_eq!(kept(&limits, Kind::NameError, vec![soa.clone(), nsec]), 20);
        limits.answer_ttl = Ttl::from_secs(10);
        for (kind, record) in [(Kind::Data, long(Rtype::ASSOC)), (Kind::NoData, soa)] {
            assert_eq!(kept(&limits, kind, vec![record]), 10, "no longer than anything else");
        }
    }
}
