//! Delegations made, changed, listed and taken back.

use std::collections::BTreeMap;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::crypto::SeededRandom;
use crate::dnssec::ZoneKey;
use crate::wire::rdata::to_text;
use crate::wire::{Algorithm, DigestType};
use crate::zone::edit::{Change, Open};
use crate::zone::master::{Limits, Text};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

const ZONE: &str = "\
$ORIGIN e.
$TTL 1h
@  SOA ns h 1 1h 1h 1h 1m
   NS ns
ns A 192.0.2.1

; numbers
4.4.msisdn     NS ns.4.4.msisdn ; +44
ns.4.4.msisdn  A  192.0.2.44

; one server of both
5.msisdn NS ns
6.msisdn NS ns.6.msisdn
         NS ns.4.4.msisdn
ns.6.msisdn A 192.0.2.6
";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn open(text: &str) -> Open {
    let open = Open::read("zone", None, &Text(text.as_bytes()), &Limits::default());
    assert_eq!(open.master.mistakes, []);
    open
}

/// The file after a change, which must hold a good zone.
fn changed(text: &str, change: &Change) -> String {
    let (edited, master) = open(text).edit(change).unwrap();
    let built = master.into_zone(None);
    assert!(built.is_ok(), "{}", built.unwrap_err());
    String::from_utf8(edited[0].after.clone()).unwrap()
}

fn server(text: &str) -> Server {
    let (server, addresses) = text.split_once('=').unwrap_or((text, ""));
    let addresses = addresses.split(',').filter(|one| !one.is_empty());
    Server { name: name(server), addresses: addresses.map(|one| one.parse().unwrap()).collect() }
}

fn order(how: How, child: &str, servers: &[&str]) -> Order {
    let servers = servers.iter().map(|one| server(one)).collect();
    Order {
        child: name(child),
        servers,
        ds: None,
        how,
        ttl: None,
        hide: false,
        unsupported_ds: false,
    }
}

fn ds(seed: u64, digest_type: DigestType) -> Ds {
    let key = ZoneKey::generate(name("x."), ZoneKey::KSK, &mut SeededRandom::new(seed));
    key.ds(digest_type).unwrap()
}

fn added(text: &str, order: &Order) -> Result<String, Refusal> {
    add(&open(text).master, order, NOW).map(|change| changed(text, &change))
}

fn refused(text: &str, order: &Order) -> String {
    added(text, order).unwrap_err().to_string()
}

/// The lines that are in one text only, those of the first behind `-`.
fn difference(before: &str, after: &str) -> Vec<String> {
    let only = |mark: &str, mine: &str, other: &str| -> Vec<String> {
        let lines = mine.lines().filter(|line| !other.lines().any(|found| found == *line));
        lines.map(|line| format!("{mark}{line}")).collect()
    };
    [only("-", before, after), only("+", after, before)].concat()
}

const SOA: [&str; 2] = ["-@  SOA ns h 1 1h 1h 1h 1m", "+@  SOA ns h 2 1h 1h 1h 1m"];

#[test]
fn a_delegation_comes_beside_those_nearest_to_it() {
    let mut wish =
        order(How::New, "9.4.msisdn.e.", &["ns.9.4.msisdn.e=192.0.2.9,2001:db8::9", "ns.e."]);
    wish.ds = Some(vec![ds(1, DigestType::SHA256)]);
    let text = added(ZONE, &wish).unwrap();
    let data = to_text(Rtype::DS, &ds(1, DigestType::SHA256).to_rdata());
    let expected = ZONE.replace("h 1 1h", "h 2 1h").replace(
        "192.0.2.44\n",
        &format!(
            "192.0.2.44\n\n\
             9.4.msisdn     NS    ns.9.4.msisdn\n\
             9.4.msisdn     NS    ns\n\
             9.4.msisdn     DS    {data}\n\
             ns.9.4.msisdn  A     192.0.2.9\n\
             ns.9.4.msisdn  AAAA  2001:db8::9\n"
        ),
    );
    assert_eq!(text, expected);
    let apart = added(ZONE, &order(How::New, "example.com.email.e.", &["ns.e."])).unwrap();
    assert!(apart.ends_with("192.0.2.6\n\nexample.com.email  NS    ns\n"), "{apart}");
}

#[test]
fn a_delegation_that_is_there_is_added_to_or_replaced() {
    let wish = order(How::New, "6.msisdn.e.", &["ns.e."]);
    assert!(
        refused(ZONE, &wish).starts_with("zone:13:1: 6.msisdn.e. is delegated already: --merge")
    );
    let merged = added(ZONE, &Order { how: How::Merge, ..wish.clone() }).unwrap();
    assert_eq!(difference(ZONE, &merged), [SOA[0], SOA[1], "+6.msisdn  NS    ns"]);
    let replaced = added(ZONE, &Order { how: How::Replace, ..wish.clone() }).unwrap();
    assert_eq!(
        difference(ZONE, &replaced),
        [
            SOA[0],
            "-6.msisdn NS ns.6.msisdn",
            "-         NS ns.4.4.msisdn",
            "-ns.6.msisdn A 192.0.2.6",
            SOA[1],
            "+6.msisdn  NS    ns",
        ],
        "the address of a server that serves another zone too stays"
    );
    let same = order(How::Replace, "6.msisdn.e.", &["ns.6.msisdn.e=192.0.2.6", "ns.4.4.msisdn.e"]);
    assert!(refused(ZONE, &same).ends_with("nothing to change"));
    let moved = order(How::Replace, "4.4.msisdn.e.", &["ns.4.4.msisdn.e=192.0.2.9"]);
    let told = refused(ZONE, &moved);
    assert!(
        told.starts_with(
            "zone:9:1: name server ns.4.4.msisdn.e. has other addresses here, and serves 6"
        ),
        "{told}"
    );
    let moved = order(How::Replace, "6.msisdn.e.", &["ns.6.msisdn.e=192.0.2.9", "ns.4.4.msisdn.e"]);
    let text = added(ZONE, &moved).unwrap();
    let lines = ["-ns.6.msisdn A 192.0.2.6", "+ns.6.msisdn  A     192.0.2.9"];
    assert_eq!(difference(ZONE, &text), [SOA[0], lines[0], SOA[1], lines[1]]);
}

#[test]
fn ds_records_are_added_replaced_and_taken_away() {
    let (one, two) = (ds(1, DigestType::SHA256), ds(2, DigestType::SHA384));
    let set = |text: &str, how, ds: &[&Ds]| {
        let ds = Some(ds.iter().copied().cloned().collect());
        added(text, &Order { ds, ..order(how, "4.4.msisdn.e.", &[]) }).unwrap()
    };
    let held =
        |text: &str| list(&open(text).master, Some(&name("4.4.msisdn.e."))).unwrap()[0].ds.clone();
    let signed = set(ZONE, How::Merge, &[&one]);
    let behind = signed.lines().skip_while(|line| !line.starts_with("4.4.msisdn ")).nth(1);
    assert!(behind.unwrap().starts_with("4.4.msisdn  DS    "), "{signed}");
    let both = set(&signed, How::Merge, &[&one, &two]);
    assert_eq!(held(&both), [one.clone(), two.clone()]);
    let rolled = set(&both, How::Replace, &[&two]);
    assert_eq!(held(&rolled), [two]);
    let unsigned = set(&rolled, How::Replace, &[]);
    assert_eq!(difference(&unsigned, ZONE).len(), 2, "all but the serial is as it was: {unsigned}");
    assert!(list(&open(ZONE).master, None).unwrap()[0].concerns.contains(&Concern::Unsigned));
}

#[test]
fn delegations_that_would_not_work_are_refused() {
    let new = |child: &str, servers: &[&str]| refused(ZONE, &order(How::New, child, servers));
    for (told, expected) in [
        (new("e.", &["ns.e."]), "e. cannot be delegated by e."),
        (new("*.e.", &["ns.e."]), "*.e. cannot be delegated by e."),
        (new("other.", &["ns.e."]), "other. cannot be delegated by e."),
        (
            new("7.4.4.msisdn.e.", &["ns.e."]),
            "zone:8:1: 7.4.4.msisdn.e. lies below 4.4.msisdn.e., which is",
        ),
        (new("7.msisdn.e.", &[]), "7.msisdn.e. needs a name server: --ns"),
        (
            new("7.msisdn.e.", &["ns.7.msisdn.e."]),
            "name server ns.7.msisdn.e. lies in what it serves",
        ),
        (new("7.msisdn.e.", &["ns.f.=192.0.2.7"]), "name server ns.f. lies outside the zone e."),
        (
            new("7.msisdn.e.", &["ns.e.=192.0.2.7"]),
            "zone:5:1: name server ns.e. has other addresses",
        ),
        (refused(ZONE, &order(How::Merge, "7.msisdn.e.", &[])), "7.msisdn.e. is not delegated"),
        (refused("a. 1 NS b.\n", &order(How::New, "b.a.", &[])), "a SOA record expected"),
    ] {
        assert!(told.starts_with(expected), "{told}");
    }
    let with = |ds: Ds| Order { ds: Some(vec![ds]), ..order(How::Merge, "5.msisdn.e.", &[]) };
    let good = ds(1, DigestType::SHA256);
    let cut = Ds { digest: good.digest[1..].to_vec(), ..good.clone() };
    assert!(refused(ZONE, &with(cut)).starts_with("the digest of DS "));
    let old = with(Ds { algorithm: Algorithm::RSAMD5, ..good });
    assert!(refused(ZONE, &old).starts_with("no DS is for a supported algorithm: "));
    assert!(added(ZONE, &Order { unsupported_ds: true, ..old }).is_ok());
}

#[test]
fn what_a_delegation_would_hide_keeps_it_from_being_made() {
    let text =
        format!("{ZONE}a.b TXT x\nx.a.b NS ns\nb TXT y\nns.b A 192.0.2.2\nadd.b A 192.0.2.3\n");
    let wish = order(How::New, "b.e.", &["ns.b.e.=192.0.2.2"]);
    assert_eq!(
        refused(&text, &wish),
        "4 records at or below b.e. would be hidden by its delegation:\n  zone:16:1: a.b.e. TXT\n  \
         zone:17:1: x.a.b.e. NS\n  zone:18:1: b.e. TXT\n  zone:20:1: add.b.e. A\n\
         Move them to the child's zone file first; --hide leaves them here, hidden"
    );
    let forced = added(&text, &Order { hide: true, ..wish }).unwrap();
    assert_eq!(difference(&text, &forced)[2..], ["+b  NS    ns.b"]);
    let removal = remove(&open(&forced).master, &name("b.e."), NOW).unwrap();
    assert_eq!(removal.shown.len(), 4);
}

#[test]
fn a_delegation_is_removed_with_what_nothing_else_uses() {
    let taken = |child: &str| {
        let removal = remove(&open(ZONE).master, &name(child), NOW).unwrap();
        assert_eq!(removal.shown, []);
        difference(ZONE, &changed(ZONE, &removal.change))[1..].to_vec()
    };
    let six =
        ["-6.msisdn NS ns.6.msisdn", "-         NS ns.4.4.msisdn", "-ns.6.msisdn A 192.0.2.6"];
    assert_eq!(taken("6.msisdn.e.")[..3], six);
    assert_eq!(taken("5.msisdn.e.")[..1], ["-5.msisdn NS ns"]);
    assert!(remove(&open(ZONE).master, &name("7.msisdn.e."), NOW).is_err());
    assert!(remove(&open(ZONE).master, &name("e."), NOW).is_err());
    // The address of a server that another zone has too is no glue any more, but stands at a digit name.
    assert_eq!(taken_apart("4.4.msisdn.e."), ["-4.4.msisdn     NS ns.4.4.msisdn ; +44"]);
}

/// What goes with a delegation, whether the zone is good then or not.
fn taken_apart(child: &str) -> Vec<String> {
    let open = open(ZONE);
    let removal = remove(&open.master, &name(child), NOW).unwrap();
    let gone = removal.change.removed.iter().map(|number| {
        let line = open.master.records[*number].1.position.line;
        format!("-{}", ZONE.lines().nth(line as usize - 1).unwrap())
    });
    gone.collect()
}

#[test]
fn delegations_are_listed_with_what_is_to_be_looked_at() {
    let key = to_text(Rtype::DS, &ds(1, DigestType::SHA1).to_rdata());
    let text = format!(
        "{ZONE}a NS ns.a\na DS {key}\nb NS ns.f.\nb DS 1 1 2 00\nc.b NS ns.c\nd DS 1 15 2 00\n\
         example.com.email NS ns.4.4.msisdn\n"
    );
    let told: Vec<String> = list(&open(&text).master, None)
        .unwrap()
        .iter()
        .map(|one| {
            let branch = one.branch.as_ref().map_or("-".to_owned(), ToString::to_string);
            let concerns: Vec<String> = one.concerns.iter().map(ToString::to_string).collect();
            format!("{branch} {} {}: {}", one.name, one.servers.len(), concerns.join("; "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "- a.e. 1: name server ns.a.e. lies in what it serves and has no address here; every DS is \
             by SHA-1, which is not to be used any more",
            "- b.e. 1: name server ns.f. lies outside the tree e.: whoever walks the tree alone cannot \
             find its address; the digest of DS 1 is not as long as its type says; counts as not signed: \
             no DS is for a supported algorithm",
            "- c.b.e. 1: hidden: b.e. is delegated; name server ns.c.e. lies in this zone and has no \
             address; not signed: there is no DS",
            "- d.e. 0: a DS where nothing is delegated (there is no NS); the digest of DS 1 is not as \
             long as its type says",
            "example.com 1: not signed: there is no DS",
            "+44 4.4.msisdn.e. 1: not signed: there is no DS",
            "+5 5.msisdn.e. 1: not signed: there is no DS",
            "+6 6.msisdn.e. 2: not signed: there is no DS",
        ]
        .map(|line| line.replace("example.com 1", "example.com example.com.email.e. 1"))
    );
}

proptest! {
    /// What is added and removed again leaves the records that were there.
    #[test]
    fn added_and_removed(
        digits in "[1-9]{1,4}",
        servers in btree_set(prop_oneof!["ns[1-3]", Just("ns.e.".to_owned()), Just("ns.f.".to_owned())], 1..4),
        addresses in vec(1..250u8, 1..3),
        seeds in vec(any::<u64>(), 0..3),
    ) {
        let child: String = digits.chars().map(|digit| format!("{digit}.")).collect::<String>() + "msisdn.e.";
        let servers: Vec<Server> = servers
            .iter()
            .map(|one| match one.ends_with('.') {
                true => server(one),
                false => {
                    let addresses: Vec<String> = addresses.iter().map(|last| format!("192.0.2.{last}")).collect();
                    server(&format!("{one}.{child}={}", addresses.join(",")))
                }
            })
            .collect();
        let ds = Some(seeds.iter().map(|seed| ds(*seed, DigestType::SHA256)).collect());
        let wish = Order { servers, ds, ..order(How::New, &child, &[]) };
        let before = open(ZONE);
        if let Ok(change) = add(&before.master, &wish, NOW) {
            let there = changed(ZONE, &change);
            let listed = list(&open(&there).master, Some(&wish.child)).unwrap().remove(0);
            prop_assert_eq!(listed.servers.len(), wish.servers.len());
            let removal = remove(&open(&there).master, &wish.child, NOW).unwrap();
            let back = open(&changed(&there, &removal.change));
            prop_assert_eq!(records(&back.master), records(&before.master));
        } else {
            let cuts = ["4.4.msisdn.e.", "5.msisdn.e.", "6.msisdn.e."];
            let touches = |cut: &str| child.ends_with(cut) || cut.ends_with(&child);
            prop_assert!(cuts.iter().any(|cut| touches(cut)), "{child}");
        }
    }
}

/// The records but the SOA, each with how often it is there.
fn records(master: &Master) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for (record, _) in master.records.iter().filter(|(record, _)| record.rtype != Rtype::SOA) {
        let line = crate::zone::master::line(record, crate::zone::master::Form::Readable);
        *found.entry(line).or_default() += 1;
    }
    found
}
