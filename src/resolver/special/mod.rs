//! Names that no server is asked about: special-use names (RFC 6761) and the locally served zones
//! (RFC 6303). Questions about them would tell strangers what goes on here, and load servers that
//! know nothing of it.
//!
//! A configured root or forward zone that encloses a question counts for it unless the special name is
//! longer: who serves `10.in-addr.arpa.` or `3pid.test.` says so by it, but a root `.` says nothing.
//!
//! Answers are not signed, and so never proved. For whoever validates behind this resolver the public
//! tree has insecure delegations of the locally served zones (RFC 6303 section 7, RFC 8375 section 4):
//! the DS sets of these zones are their parents', which are asked for them. The other names do not
//! exist there, which the root proves: what is said of them here counts as bogus to such a client, who
//! should know these names itself.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::policy::may_hold;
use super::{Answer, AnswerKey, Kind, Policy, SignedRrset};
use crate::dnssec::Security;
use crate::wire::rdata::Soa;
use crate::wire::{Name, Rdata, Rrset, Rtype, Serial, Ttl};
use table::{Row, TABLE};

/// How long answers, negative ones too, may be kept (RFC 6303 section 3).
pub(super) const TTL: Ttl = Ttl::from_secs(10_800);

/// A zone that is answered for here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Special {
    /// Its apex.
    pub apex: Name,
    /// The RFC that reserves it.
    pub rfc: u16,
    form: Form,
    private: bool,
}

/// What a special zone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The addresses of loopback, at each name.
    Addresses,
    /// The name of loopback at this owner; else as [`Form::Empty`].
    Pointer(&'static str),
    /// Nothing but its apex.
    Empty,
    /// Each name, but nothing at any.
    Bare,
    /// No name, not even its apex.
    Nowhere,
}

static ZONES: LazyLock<HashMap<Name, Special>> = LazyLock::new(|| {
    let zones = TABLE.iter().flat_map(Row::zones);
    zones.map(|zone| (zone.apex.clone(), zone)).collect()
});

impl Row {
    fn zones(&self) -> impl Iterator<Item = Special> {
        let apex = name(self.apex);
        let each = self.numbers.map(|(first, last)| first..=last).into_iter().flatten();
        let numbered = each.map(|number| name(&format!("{number}.{}", self.apex)));
        let single = self.numbers.is_none().then_some(apex);
        let (rfc, form, private) = (self.rfc, self.form, self.private);
        numbered.chain(single).map(move |apex| Special { apex, rfc, form, private })
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("the table holds names")
}

impl Policy {
    /// The special zone that holds the records of this type at `name`, where there is one. To all
    /// other names it costs one look at the last label.
    pub fn special(&self, name: &Name, rtype: Rtype) -> Option<&'static Special> {
        let top = name.suffix(1);
        let zone = match top.as_wire().eq_ignore_ascii_case(b"\x04arpa\0") {
            true => name.ancestors().find_map(|name| ZONES.get(&name))?,
            false => ZONES.get(&top)?,
        };
        let own = if zone.private { self.private_zones } else { true };
        let parents = zone.is_delegated() && !may_hold(&zone.apex, name, rtype);
        let configured = self.way_to(name, rtype).map(|way| way.apex().label_count());
        let beaten = configured.is_some_and(|labels| labels >= zone.apex.label_count());
        (own && !parents && !beaten).then_some(zone)
    }
}

impl Special {
    /// Whether the public tree delegates it. Its DS set is that of its parent then.
    fn is_delegated(&self) -> bool {
        matches!(self.form, Form::Pointer(_) | Form::Empty | Form::Bare)
    }

    /// The answer for a name of this zone.
    pub(super) fn answer(&self, key: &AnswerKey) -> Answer {
        let mut sets = self.sets(&key.name);
        sets.retain(|set| key.rtype == Rtype::ANY || set.rtype == key.rtype);
        let kind = match sets.as_slice() {
            [] if self.exists(&key.name) => Kind::NoData,
            [] => Kind::NameError,
            _ => Kind::Data,
        };
        let unsigned = |rrset| SignedRrset { rrset, signatures: Vec::new() };
        let authority = match kind {
            Kind::Data => Vec::new(),
            _ => vec![unsigned(self.soa())],
        };
        let answer = sets.into_iter().map(unsigned).collect();
        let unchecked = Answer::unchecked(kind, self.apex.clone(), answer, authority);
        Answer { security: Security::Insecure, ..unchecked }
    }

    fn exists(&self, name: &Name) -> bool {
        match self.form {
            Form::Addresses | Form::Bare => true,
            Form::Pointer(owner) => self::name(owner).is_at_or_below(name),
            Form::Empty => *name == self.apex,
            Form::Nowhere => false,
        }
    }

    /// All that is at `name`.
    fn sets(&self, name: &Name) -> Vec<Rrset> {
        let set = |rtype, octets: &[u8]| Rrset::single(name.clone(), rtype, TTL, rdata(octets));
        let mut sets = Vec::new();
        if *name == self.apex && self.form != Form::Nowhere {
            sets.push(self.soa());
            sets.push(set(Rtype::NS, self.apex.as_wire()));
        }
        match self.form {
            Form::Addresses => {
                sets.push(set(Rtype::A, &std::net::Ipv4Addr::LOCALHOST.octets()));
                sets.push(set(Rtype::AAAA, &std::net::Ipv6Addr::LOCALHOST.octets()));
            }
            Form::Pointer(owner) if *name == self::name(owner) => {
                sets.push(set(Rtype::PTR, self::name("localhost.").as_wire()));
            }
            _ => {}
        }
        sets
    }

    /// The SOA of RFC 6303 section 3: it names no server and no mailbox that could be reached.
    fn soa(&self) -> Rrset {
        let soa = Soa {
            mname: self.apex.clone(),
            rname: name("nobody.invalid."),
            serial: Serial(1),
            refresh: 3600,
            retry: 1200,
            expire: 604_800,
            minimum: TTL.as_secs(),
        };
        Rrset::single(self.apex.clone(), Rtype::SOA, TTL, soa.to_rdata())
    }
}

fn rdata(octets: &[u8]) -> Rdata {
    Rdata::new(octets.to_vec()).expect("a name or an address fits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolver::{Forward, Root};

    fn root(apex: &str) -> Root {
        Root { apex: name(apex), servers: Vec::new(), anchors: Vec::new() }
    }

    fn public() -> Policy {
        Policy { roots: vec![root(".")], ..Policy::default() }
    }

    fn zone_of(policy: &Policy, question: &str) -> Option<String> {
        let (owner, rtype) = question.split_once(' ').unwrap();
        policy.special(&name(owner), rtype.parse().unwrap()).map(|zone| zone.apex.to_string())
    }

    fn answer(question: &str) -> Answer {
        let (owner, rtype) = question.split_once(' ').unwrap();
        let key = AnswerKey { name: name(owner), rtype: rtype.parse().unwrap() };
        public().special(&key.name, key.rtype).unwrap().answer(&key)
    }

    #[test]
    fn the_table_holds_what_is_registered() {
        let names = |rfc| ZONES.values().filter(|zone| zone.rfc == rfc).count();
        assert_eq!([6303, 7793, 6761].map(names), [33, 64, 3]);
        assert_eq!(ZONES.len(), TABLE.iter().flat_map(Row::zones).count(), "each once");
        let arpa = name("arpa.");
        for zone in ZONES.values() {
            assert!(zone.apex.label_count() == 1 || zone.apex.is_below(&arpa), "{}", zone.apex);
        }
    }

    #[test]
    fn special_names_are_told_from_others() {
        let of = |question| zone_of(&public(), question);
        assert_eq!(of("a.LocalHost. A").as_deref(), Some("localhost."));
        assert_eq!(of("4.3.2.10.IN-ADDR.arpa. PTR").as_deref(), Some("10.in-addr.arpa."));
        assert_eq!(of("1.31.172.in-addr.arpa. PTR").as_deref(), Some("31.172.in-addr.arpa."));
        assert_eq!(of("1.127.100.in-addr.arpa. PTR").as_deref(), Some("127.100.in-addr.arpa."));
        assert_eq!(of("_dns.resolver.arpa. SVCB").as_deref(), Some("resolver.arpa."));
        for other in [
            ". NS",
            "arpa. NS",
            "example. A",
            "test.example. A",
            "localhost.example. A",
            "15.172.in-addr.arpa. PTR",
            "32.172.in-addr.arpa. PTR",
            "128.100.in-addr.arpa. PTR",
            "172.in-addr.arpa. NS",
            "1.192.in-addr.arpa. PTR",
            "ipv4only.arpa. A",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn ds_sets_of_delegated_zones_are_their_parents() {
        let of = |question| zone_of(&public(), question);
        assert_eq!(of("home.arpa. DS"), None);
        assert_eq!(of("10.in-addr.arpa. DS"), None);
        assert_eq!(of("1.10.in-addr.arpa. DS").as_deref(), Some("10.in-addr.arpa."));
        assert_eq!(of("test. DS").as_deref(), Some("test."));
        assert_eq!(of("localhost. DS").as_deref(), Some("localhost."));
    }

    #[test]
    fn what_is_configured_wins_where_it_is_as_long() {
        let forward = |zone| Forward { zone: name(zone), resolvers: Vec::new() };
        let policy = Policy {
            roots: vec![root("."), root("3pid.test."), root("onion.")],
            forwards: vec![forward("10.in-addr.arpa."), forward("in-addr.arpa.")],
            ..Policy::default()
        };
        assert_eq!(zone_of(&policy, "a.3pid.test. A"), None);
        assert_eq!(zone_of(&policy, "b.test. A").as_deref(), Some("test."));
        assert_eq!(zone_of(&policy, "a.onion. A"), None);
        assert_eq!(zone_of(&policy, "1.10.in-addr.arpa. PTR"), None);
        assert!(zone_of(&policy, "1.168.192.in-addr.arpa. PTR").is_some());
    }

    #[test]
    fn private_zones_can_be_switched_off() {
        let policy = Policy { private_zones: false, ..public() };
        assert_eq!(zone_of(&policy, "1.10.in-addr.arpa. PTR"), None);
        assert_eq!(zone_of(&policy, "home.arpa. A"), None);
        assert!(zone_of(&policy, "localhost. A").is_some());
        assert!(zone_of(&policy, "_dns.resolver.arpa. SVCB").is_some());
    }

    #[test]
    fn loopback_has_addresses_and_a_name() {
        let data = |question| {
            let found = answer(question);
            assert_eq!((found.kind, found.security), (Kind::Data, Security::Insecure));
            let sets = found.answer.iter().flat_map(|set| set.rrset.records());
            let told = |record: &crate::wire::Record| {
                crate::wire::rdata::to_text(record.rtype, &record.rdata)
            };
            sets.map(|record| told(&record)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(data("localhost. A"), "127.0.0.1");
        assert_eq!(data("any.localhost. AAAA"), "::1");
        assert_eq!(data("any.localhost. ANY"), "127.0.0.1 ::1");
        assert_eq!(data("1.0.0.127.in-addr.arpa. PTR"), "localhost.");
        assert_eq!(data("10.in-addr.arpa. NS"), "10.in-addr.arpa.");
        let soa = "10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 10800";
        assert_eq!(data("10.in-addr.arpa. SOA"), soa);
    }

    #[test]
    fn absence_comes_with_the_zone() {
        for (question, kind, apex) in [
            ("localhost. MX", Kind::NoData, "localhost."),
            ("a.localhost. SOA", Kind::NoData, "localhost."),
            ("test. A", Kind::NameError, "test."),
            ("a.b.test. SOA", Kind::NameError, "test."),
            ("invalid. NS", Kind::NameError, "invalid."),
            ("10.in-addr.arpa. A", Kind::NoData, "10.in-addr.arpa."),
            ("1.10.in-addr.arpa. PTR", Kind::NameError, "10.in-addr.arpa."),
            ("0.127.in-addr.arpa. PTR", Kind::NoData, "127.in-addr.arpa."),
            ("2.0.0.127.in-addr.arpa. PTR", Kind::NameError, "127.in-addr.arpa."),
            ("_dns.resolver.arpa. SVCB", Kind::NoData, "resolver.arpa."),
        ] {
            let found = answer(question);
            assert_eq!(found.kind, kind, "{question}");
            let [soa] = found.authority.as_slice() else { panic!("{question}") };
            assert_eq!((soa.rrset.name.clone(), soa.rrset.ttl), (name(apex), TTL));
        }
    }
}
