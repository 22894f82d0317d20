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
        let rrsets = hashed
            .iter()
            .zip(next)
            .map(|((hash, types), (next, _))| (*hash, nsec3(iterations, flags, hash, next, types)));
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
        let denied = signed.denials(names).absent(&name(owner), rtype, &mut Effort::default())?;
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
    let no_ds = |owner| signed.denials(&["e", owner]).no_ds(&name(owner), &mut Effort::default());
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
    let denied =
        |rtype| signed.denials(&names).absent(&name("b.e"), rtype, &mut Effort::default()).unwrap();
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
