//! Every type from RDATA to text and back.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::schema::{Field, fields};
use super::super::{generic, parse, to_text, validate};
use crate::wire::{Name, Rdata, Rtype};

/// The types with a text of their own, all others being generic.
fn types() -> impl Iterator<Item = Rtype> {
    (1..=u16::MAX).map(Rtype).filter(|rtype| fields(*rtype) != [Field::Opaque])
}

fn octets(least: usize, most: usize) -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), least..=most).boxed()
}

fn name() -> BoxedStrategy<Vec<u8>> {
    let names = vec(vec(any::<u8>(), 1..=12), 0..=4);
    names.prop_map(|labels| Name::from_labels(labels).unwrap().as_wire().to_vec()).boxed()
}

/// A length that is known to be short.
fn length_of(part: &[u8]) -> u8 {
    part.len().try_into().unwrap()
}

fn prefixed(least: usize, most: usize) -> BoxedStrategy<Vec<u8>> {
    octets(least, most).prop_map(|part| [&[length_of(&part)], &part[..]].concat()).boxed()
}

/// Parts one behind the other.
fn all(parts: Vec<BoxedStrategy<Vec<u8>>>) -> BoxedStrategy<Vec<u8>> {
    parts.prop_map(|parts| parts.concat()).boxed()
}

fn some_of(part: BoxedStrategy<Vec<u8>>, least: usize) -> BoxedStrategy<Vec<u8>> {
    vec(part, least..4).prop_map(|parts| parts.concat()).boxed()
}

fn just(octets: &[u8]) -> BoxedStrategy<Vec<u8>> {
    Just(octets.to_vec()).boxed()
}

/// What stands behind the number of its kind: nothing, an address, a name, something unknown.
fn host(between: usize) -> BoxedStrategy<Vec<u8>> {
    let host = |kind: u8, host| all(vec![just(&[kind]), octets(between, between), host]);
    prop_oneof![
        host(0, just(b"")),
        host(1, octets(4, 4)),
        host(2, octets(16, 16)),
        host(3, name()),
        host(4, octets(0, 9)),
    ]
    .boxed()
}

fn length() -> BoxedStrategy<u8> {
    prop_oneof![Just(0), (1u8..=9, 0u8..=9).prop_map(|(digit, power)| digit << 4 | power)].boxed()
}

fn location() -> BoxedStrategy<Vec<u8>> {
    const POLE: u32 = 90 * 3_600_000;
    let middle = 1u32 << 31;
    let angle =
        |most: u32| (middle - most..=middle + most).prop_map(|at| at.to_be_bytes().to_vec());
    let lengths = vec(length(), 3).boxed();
    all(vec![just(&[0]), lengths, angle(POLE).boxed(), angle(2 * POLE).boxed(), octets(4, 4)])
}

fn prefix() -> BoxedStrategy<Vec<u8>> {
    let prefix = |family: u8, bits: u8| {
        (0..=bits, any::<bool>(), octets(0, usize::from(bits / 8))).prop_map(
            move |(prefix, not, mut address)| {
                if let Some(last) = address.last_mut() {
                    *last |= 1;
                }
                let first = u8::from(not) << 7 | length_of(&address);
                [&[0, family, prefix, first], &address[..]].concat()
            },
        )
    };
    prop_oneof![prefix(1, 32), prefix(2, 128)].boxed()
}

fn parameters() -> BoxedStrategy<Vec<u8>> {
    let keyed = |key: u16, value: BoxedStrategy<Vec<u8>>| {
        value
            .prop_map(move |value| {
                [&key.to_be_bytes(), &[0, length_of(&value)], &value[..]].concat()
            })
            .boxed()
    };
    let list = vec![
        keyed(0, just(&[0, 1, 0, 3])),
        keyed(1, some_of(prefixed(1, 9), 1)),
        keyed(2, just(b"")),
        keyed(3, octets(2, 2)),
        keyed(4, some_of(octets(4, 4), 1)),
        keyed(5, octets(1, 9)),
        keyed(6, some_of(octets(16, 16), 1)),
        keyed(7, octets(1, 9)),
        keyed(8, just(b"")),
        keyed(9, octets(0, 9)),
        keyed(u16::MAX, octets(0, 9)),
    ];
    proptest::sample::subsequence((0..list.len()).collect::<Vec<_>>(), 0..=list.len())
        .prop_flat_map(move |chosen| all(chosen.into_iter().map(|at| list[at].clone()).collect()))
        .boxed()
}

/// Octets of a field, mostly well-formed.
fn value(field: Field) -> BoxedStrategy<Vec<u8>> {
    match field {
        Field::Name(_) => name(),
        Field::Names => some_of(name(), 0),
        Field::U8 | Field::Algorithm => octets(1, 1),
        Field::U16 | Field::Type | Field::CertificateType => octets(2, 2),
        Field::U32 | Field::Period | Field::Time | Field::Ipv4 => octets(4, 4),
        Field::Ipv6 => octets(16, 16),
        Field::Text => prefixed(0, 255),
        Field::OptionalText => prop_oneof![just(b""), prefixed(0, 9)].boxed(),
        Field::Texts => some_of(prefixed(0, 40), 1),
        Field::LongText | Field::Hex | Field::Base64 | Field::Nsap => octets(1, 400),
        Field::OptionalLongText | Field::OptionalBase64 | Field::Opaque => octets(0, 40),
        Field::Tag => "[a-zA-Z0-9]{1,9}"
            .prop_map(|tag| [&[length_of(tag.as_bytes())], tag.as_bytes()].concat())
            .boxed(),
        Field::Salt => prefixed(0, 20),
        Field::Hash => prefixed(1, 40),
        Field::Bitmap => vec(any::<u16>(), 0..20)
            .prop_map(|types| {
                let types = types.into_iter().map(Rtype);
                types.collect::<crate::wire::rdata::TypeBitmap>().to_octets()
            })
            .boxed(),
        Field::Services => octets(1, 20),
        Field::Location => location(),
        Field::Prefixes => some_of(prefix(), 0),
        Field::Eui48 => octets(6, 6),
        Field::Eui64 | Field::Locator => octets(8, 8),
        Field::Gateway => host(1),
        Field::Relay => host(0),
        Field::HostIdentity => (octets(1, 20), any::<u8>(), octets(1, 40))
            .prop_map(|(tag, algorithm, key)| {
                [&[length_of(&tag), algorithm, 0, length_of(&key)], &tag[..], &key].concat()
            })
            .boxed(),
        Field::Parameters => parameters(),
    }
}

fn rdata(rtype: Rtype) -> BoxedStrategy<Rdata> {
    all(fields(rtype).iter().map(|field| value(*field)).collect())
        .prop_filter("well-formed data", move |octets| validate(rtype, octets).is_ok())
        .prop_map(|octets| Rdata::new(octets).unwrap())
        .boxed()
}

#[test]
fn every_standard_type_has_a_text() {
    assert!(types().all(|rtype| rtype.mnemonic().is_some()));
    let named = (1..=u16::MAX).map(Rtype).filter(|rtype| rtype.mnemonic().is_some());
    let without = named.filter(|rtype| !rtype.is_meta() && fields(*rtype) == [Field::Opaque]);
    assert!(without.eq([Rtype::NULL, Rtype::ASSOC, Rtype::VCERT]));
}

#[test]
fn every_type_round_trips() {
    for rtype in types() {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
        let outcome = runner.run(&rdata(rtype), |rdata| {
            let text = to_text(rtype, &rdata);
            prop_assert_eq!(parse(rtype, &text), Ok(rdata.clone()), "{}", text);
            prop_assert_eq!(parse(rtype, &generic(&rdata)), Ok(rdata));
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{rtype}: {error}"));
    }
}

#[test]
fn generic_form_goes_for_every_type() {
    let address = parse(Rtype::A, "\\# 4 7f00 0001").unwrap();
    assert_eq!(to_text(Rtype::A, &address), "127.0.0.1");
    assert_eq!(to_text(Rtype(65000), &address), "\\# 4 7f000001");
    assert_eq!(generic(&parse(Rtype::NULL, "\\# 0").unwrap()), "\\# 0");
    for bad in ["\\# 3 7f0000", "\\# 4 7f0000", "\\# x", "\\#", "\\# 4 7f00000g", "\"\\#\" 4"] {
        assert!(parse(Rtype::A, bad).is_err(), "{bad}");
    }
    assert!(parse(Rtype(65000), "127.0.0.1").is_err());
}

/// Text that other software writes, and how we write it.
#[test]
fn other_ways_to_write_the_same() {
    let same = [
        (Rtype::SOA, "a. b. 1 1h 1H30m 1w 60", "a. b. 1 3600 5400 604800 60"),
        (Rtype::TXT, "plain \"two words\" \\097\\\"", "\"plain\" \"two words\" \"a\\\"\""),
        (Rtype::DNSKEY, "257 3 ed25519 AQ ID", "257 3 15 AQID"),
        (Rtype::CERT, "pkix 0 0 AQID", "1 0 0 AQID"),
        (
            Rtype::RRSIG,
            "A 8 1 5 1000000000 0 1 . AQID",
            "A 8 1 5 20010909014640 19700101000000 1 . AQID",
        ),
        (Rtype::NSEC, "a. TYPE65301 A", "a. A ASSOC"),
        (Rtype::NSEC3PARAM, "1 0 0 -", "1 0 0 -"),
        (Rtype::WKS, "192.0.2.1 tcp 25 80", "192.0.2.1 6 25 80"),
        (Rtype::APL, "1:192.0.2.0/24 !2:2001:db8::/32", "1:192.0.2.0/24 !2:2001:db8::/32"),
        (Rtype::NSAP, "0x47.0005.80", "0x47000580"),
        (Rtype::CAA, "0 issue ca.example", "0 issue \"ca.example\""),
        (Rtype::IPSECKEY, "10 3 2 gw.example.", "10 3 2 gw.example."),
        (Rtype::AMTRELAY, "10 0 1 203.0.113.15", "10 0 1 203.0.113.15"),
        (Rtype::L64, "10 2001:db8:1140:1000", "10 2001:0db8:1140:1000"),
        (Rtype::EUI48, "00-00-5E-00-53-2a", "00-00-5e-00-53-2a"),
    ];
    for (rtype, text, ours) in same {
        let read = parse(rtype, text).unwrap_or_else(|error| panic!("{rtype} {text}: {error}"));
        assert_eq!(to_text(rtype, &read), ours);
    }
}

#[test]
fn an_address_that_is_too_long_has_the_generic_text() {
    let rdata = Rdata::new([&[0, 2, 128, 20][..], &[1; 20]].concat()).unwrap();
    assert!(to_text(Rtype::APL, &rdata).starts_with("\\# 24 "));
}

#[test]
fn mistakes_are_told_where_they_are() {
    let wrong = [
        (Rtype::A, "192.0.2", "1:1: an IPv4 address expected, found \"192.0.2\""),
        (Rtype::A, "192.0.2.1 x", "1:11: end of the entry expected, found \"x\""),
        (Rtype::MX, "10", "1:3: a domain name expected, the entry ends here"),
        (Rtype::MX, "70000 a.", "1:1: a number up to 65535 expected, found \"70000\""),
        (Rtype::TXT, "", "1:1: a string of at most 255 octets expected, the entry ends here"),
        (Rtype::DS, "1 8 2 0", "1:7: data in hex expected: wrong length"),
        (Rtype::NS, "(\n\"a\" )", "2:1: a domain name expected, found \"a\""),
        (Rtype::A, "192.0.2.1\n192.0.2.2", "1:10: end of the entry expected, found a second line"),
        (Rtype::SVCB, "1 . no-default-alpn", "1:1: bad record data: no-default-alpn needs alpn"),
    ];
    for (rtype, text, error) in wrong {
        assert_eq!(parse(rtype, text).unwrap_err().to_string(), error);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        rtype in proptest::sample::select(types().collect::<Vec<_>>()),
        text in prop_oneof![".*", "([0-9a-fA-F:.=,\"\\\\#N-]{0,12} ){0,9}"],
    ) {
        if let Ok(rdata) = parse(rtype, &text) {
            let text = to_text(rtype, &rdata);
            prop_assert_eq!(parse(rtype, &text), Ok(rdata));
        }
    }

    #[test]
    fn any_data_has_a_text(rtype in 0u16..300, octets: Vec<u8>) {
        let rdata = Rdata::new(octets).unwrap();
        prop_assert!(to_text(Rtype(rtype), &rdata).is_ascii());
    }
}
