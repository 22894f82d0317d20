//! The tree that the scenarios walk in: real zones, served by the project's own authority.

use threepid::association::{Claim, Statement};
use threepid::authority::{self, Associated, Authority, ServedZone};
use threepid::clock::Timestamp;
use threepid::codec::hex;
use threepid::crypto::SigningKey;
use threepid::dnssec::ZoneKey;
use threepid::resolver::{Policy, Root};
use threepid::signed::KeyName;
use threepid::wire::{DigestType, EdnsPolicy, Query};
use threepid::zone::master::{self, Text};

use super::net::{Server, World, name};

/// When the scenarios play.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// A phone number of the regional zone: 44 7700 900123.
pub(crate) const PHONE: &str = "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";
/// A number that was ported: it has a zone of its own.
pub(crate) const PORTED: &str = "9.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";
/// An email address.
pub(crate) const EMAIL: &str =
    "0123456789abcdef0123456789abcdef0123456789abcdef01234567._at.example.com.email.3pid.example.";
/// An email address in an unsigned zone.
pub(crate) const UNSIGNED: &str =
    "0123456789abcdef0123456789abcdef0123456789abcdef01234567._at.example.org.email.3pid.example.";

/// The label of a person.
pub(crate) const PERSON: &str = "0123456789abcdef0123456789abcdef0123456789abcdef01234567";

/// The key of the zone at `apex`: always the same.
pub(crate) fn key(apex: &str) -> ZoneKey {
    let seed = threepid::crypto::sha256(apex.as_bytes());
    ZoneKey::new(name(apex), ZoneKey::KSK, SigningKey::from_seed(&seed))
}

/// The DS record's type and data of the zone at `apex`.
pub(crate) fn ds(apex: &str) -> String {
    let ds = key(apex).ds(DigestType::SHA256).unwrap();
    format!("DS {} 15 2 {}", ds.key_tag, hex(&ds.digest))
}

/// The type and data of an ASSOC record.
pub(crate) fn association(user: &str) -> String {
    let json = format!(
        r#"{{"medium": "msisdn", "address": "447700900123", "mxid": "@{user}:matrix.example",
        "ts": 1789000000000, "not_before": 1789000000000, "not_after": 4943600000000}}"#
    );
    let (threepid, claim) = Claim::from_json(json.as_bytes()).unwrap();
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    let statement = Statement::sign(claim, &threepid, signer, &SigningKey::from_seed(&[7; 32]));
    let rdata = statement.unwrap().to_rdata();
    format!("ASSOC \\# {} {}", rdata.length(), hex(rdata.octets()))
}

/// The zone at `apex` with these records, its SOA and name server added; `server` ends its address.
pub(crate) fn zone(apex: &str, server: &str, signed: bool, records: &str) -> ServedZone {
    let text = format!(
        "$TTL 1h\n@ SOA ns hostmaster 1 1h 10m 2w 1m\n@ NS ns\nns A 192.0.2.{server}\n{}",
        records.lines().map(str::trim).collect::<Vec<_>>().join("\n")
    );
    let apex = name(apex);
    let limits = master::Limits::default();
    let built =
        master::read("zone", Some(&apex), &Text(text.as_bytes()), &limits).into_zone(Some(&apex));
    let built = built.unwrap_or_else(|flaws| panic!("{flaws}"));
    let keys = if signed { vec![key(&apex.to_string())] } else { Vec::new() };
    let associations = Associated::File(built.associations);
    ServedZone::new(built.zone, associations, keys, authority::Policy::default(), NOW).unwrap()
}

/// A server of these zones.
pub(crate) fn authority(zones: Vec<ServedZone>) -> Server {
    let authority = Authority::new(zones).unwrap();
    Box::new(move |incoming| {
        let query = Query::parse(incoming.octets).unwrap();
        let limit = query.limit(incoming.via, 1232);
        let mut out = Vec::new();
        authority.answer(&query, limit, &EdnsPolicy::default(), incoming.now, &mut out);
        vec![out]
    })
}

/// The apex zone.
pub(crate) fn root_zone() -> ServedZone {
    let records = format!(
        "4.4.msisdn NS ns1.4.4.msisdn
         4.4.msisdn NS ns2.4.4.msisdn
         4.4.msisdn {uk}
         ns1.4.4.msisdn A 192.0.2.44
         ns2.4.4.msisdn A 192.0.2.45
         example.com.email NS ns.example.com.email
         example.com.email {com}
         ns.example.com.email A 192.0.2.10
         example.org.email NS ns.example.org.email
         ns.example.org.email A 192.0.2.20
         hosted.email NS ns.example.com.email
         hosted.email {hosted}
         twisted NS ns.twisted
         ns.twisted A 192.0.2.66
         here CNAME there
         there TXT \"there\"
         far CNAME {EMAIL}
         weak CNAME {UNSIGNED}
         out CNAME www.example.net.
         loop CNAME pool
         pool CNAME loop
         moved DNAME example.com.email
         *.wild TXT \"any\"
         closer.wild TXT \"closer\"",
        uk = ds("4.4.msisdn.3pid.example."),
        com = ds("example.com.email.3pid.example."),
        hosted = ds("hosted.email.3pid.example."),
    );
    zone("3pid.example.", "1", true, &records)
}

/// The regional zone.
pub(crate) fn uk_zone() -> ServedZone {
    let records = format!(
        "3.2.1.0.0.9.0.0.7.7 {alice}
         9.9.9.0.0.9.0.0.7.7 NS ns.9.9.9.0.0.9.0.0.7.7
         9.9.9.0.0.9.0.0.7.7 {ported}
         ns.9.9.9.0.0.9.0.0.7.7 A 192.0.2.99",
        alice = association("alice"),
        ported = ds(PORTED),
    );
    zone("4.4.msisdn.3pid.example.", "44", true, &records)
}

/// The signed domains' zones, both at one server.
pub(crate) fn domain_zones() -> Vec<ServedZone> {
    let records = format!("{PERSON}._at {}\nwww A 192.0.2.200", association("bob"));
    vec![
        zone("example.com.email.3pid.example.", "10", true, &records),
        zone("hosted.email.3pid.example.", "10", true, "www TXT \"hosted\""),
    ]
}

/// A question, as `name type`, with the name below the apex of the tree.
pub(crate) fn full(question: &str) -> String {
    let (name, rtype) = question.split_once(' ').unwrap();
    format!("{name}.3pid.example. {rtype}")
}

/// The anchors of the tree.
pub(crate) fn root() -> Root {
    let anchors = vec![key("3pid.example.").ds(DigestType::SHA256).unwrap()];
    let servers = vec!["192.0.2.1".parse().unwrap()];
    Root { apex: name("3pid.example."), servers, anchors }
}

/// How the scenarios resolve. Servers of roots are asked what is of interest at once.
pub(crate) fn policy() -> Policy {
    Policy { roots: vec![root()], priming: false, ..Policy::default() }
}

/// The whole tree.
pub(crate) fn world() -> World {
    let mut world = World::new(policy(), NOW);
    world.put("192.0.2.1", authority(vec![root_zone()]));
    world.put("192.0.2.44", authority(vec![uk_zone()]));
    world.put("192.0.2.45", authority(vec![uk_zone()]));
    world.put(
        "192.0.2.99",
        authority(vec![zone(PORTED, "99", true, &format!("@ {}", association("carol")))]),
    );
    world.put("192.0.2.10", authority(domain_zones()));
    let unsigned = format!("{PERSON}._at {}", association("dora"));
    let unsigned = zone("example.org.email.3pid.example.", "20", false, &unsigned);
    world.put("192.0.2.20", authority(vec![unsigned]));
    world
}
