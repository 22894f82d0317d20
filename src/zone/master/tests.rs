//! Master files and their mistakes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Limits, Master, Source, SourceFile, read};
use crate::wire::rdata::to_text;
use crate::wire::{Name, Record};

/// Files that are only here.
struct Files(BTreeMap<&'static str, String>);

impl Source for Files {
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        assert!(from.is_none_or(|from| self.0.contains_key(from)));
        let text = self.0.get(file).ok_or("there is no such file")?;
        if text.len() > limit {
            return Err("too large".to_owned());
        }
        Ok(SourceFile { name: file.to_owned(), octets: text.clone().into_bytes() })
    }
}

fn files(files: &[(&'static str, &str)]) -> Files {
    Files(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect())
}

fn origin() -> Name {
    "example.".parse().unwrap()
}

fn read_all(source: &Files, limits: &Limits) -> Master {
    read("zone", Some(&origin()), source, limits)
}

fn read_text(text: &str) -> Master {
    read_all(&files(&[("zone", text)]), &Limits::default())
}

fn line(record: &Record) -> String {
    let Record { name, rtype, ttl, rdata, .. } = record;
    format!("{name} {ttl} {rtype} {}", to_text(*rtype, rdata))
}

/// The records of a text without mistakes.
fn records(text: &str) -> Vec<String> {
    let master = read_text(text);
    assert_eq!(master.mistakes, []);
    master.records.iter().map(|(record, _)| line(record)).collect()
}

fn mistakes(text: &str) -> Vec<String> {
    read_text(text).mistakes.iter().map(ToString::to_string).collect()
}

/// The example of RFC 1035 section 5.3, with its files as it has them.
#[test]
fn example_of_the_standard() {
    let zone = "\
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        MX      10      VENERA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

$INCLUDE <SUBSYS>ISI-MAILBOXES.TXT
";
    let boxes = "\
MOE     MB      A.ISI.EDU.
STOOGES MG      MOE
";
    let source = files(&[("zone", zone), ("<SUBSYS>ISI-MAILBOXES.TXT", boxes)]);
    let origin: Name = "ISI.EDU".parse().unwrap();
    let master = read("zone", Some(&origin), &source, &Limits::default());
    assert_eq!(master.mistakes, []);
    let lines: Vec<String> = master.records.iter().map(|(record, _)| line(record)).collect();
    assert_eq!(
        lines,
        [
            "ISI.EDU. 60 SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60",
            "ISI.EDU. 60 NS A.ISI.EDU.",
            "ISI.EDU. 60 NS VENERA.ISI.EDU.",
            "ISI.EDU. 60 MX 10 VENERA.ISI.EDU.",
            "A.ISI.EDU. 60 A 26.3.0.103",
            "VENERA.ISI.EDU. 60 A 10.1.0.52",
            "VENERA.ISI.EDU. 60 A 128.9.0.32",
            "MOE.ISI.EDU. 60 MB A.ISI.EDU.",
            "STOOGES.ISI.EDU. 60 MG MOE.ISI.EDU.",
        ]
    );
    let places: Vec<String> = master.records.iter().map(|(_, place)| place.to_string()).collect();
    assert_eq!(places[0], "zone:1:1");
    assert_eq!(places[1], "zone:8:9");
    assert_eq!(places[8], "<SUBSYS>ISI-MAILBOXES.TXT:2:1");
}

#[test]
fn ttl_and_class_stand_in_either_order_or_not_at_all() {
    let text = "\
$TTL 1h30m
a 1w IN A 192.0.2.1
a IN 2 A 192.0.2.2
a CLASS1 A 192.0.2.3
a TYPE1 \\# 4 c0000204
a 7 in a 192.0.2.5
";
    let ttls = ["604800", "2", "5400", "5400", "7"].iter().zip(1..);
    let expected: Vec<String> =
        ttls.map(|(ttl, last)| format!("a.example. {ttl} A 192.0.2.{last}")).collect();
    assert_eq!(records(text), expected);
    assert_eq!(records("a 5 A 192.0.2.1\nb A 192.0.2.1\n")[1], "b.example. 5 A 192.0.2.1");
}

#[test]
fn origins_change() {
    let text = "\
$TTL 0
$ORIGIN sub
@ NS @
$origin a.b.
x NS y ; comment
\\@ NS \\$.
";
    assert_eq!(
        records(text),
        ["sub.example. 0 NS sub.example.", "x.a.b. 0 NS y.a.b.", "\\@.a.b. 0 NS \\$."]
    );
    let source = files(&[("zone", "a 0 NS b.\n")]);
    let master = read("zone", None, &source, &Limits::default());
    assert!(master.mistakes[0].to_string().ends_with("relative name, and no origin is known"));
}

#[test]
fn nothing_comes_back_from_an_included_file() {
    let source = files(&[
        ("zone", "$TTL 1\na NS b\n$INCLUDE inner sub\n NS c\n"),
        ("inner", " NS d\n$TTL 2\n$ORIGIN x.\ne NS f\n"),
    ]);
    let master = read_all(&source, &Limits::default());
    let lines: Vec<String> = master.records.iter().map(|(record, _)| line(record)).collect();
    assert_eq!(
        lines,
        [
            "a.example. 1 NS b.example.",
            "a.example. 1 NS d.sub.example.",
            "e.x. 2 NS f.x.",
            "a.example. 1 NS c.example.",
        ]
    );
}

#[test]
fn every_mistake_has_its_place() {
    let text = "  A 192.0.2.1
a A 192.0.2.1
$TTL 3000000000
$TTL 1h x
$GENERATE 1-2 a A 192.0.2.$
a..b A 192.0.2.1
  A 192.0.2
b CH A 192.0.2.1
b NONSENSE x
b 1h ANY x
b ( A
  192.0.2.300 )
b TXT \"open
  AAAA 2001:db8::1
b A 192.0.2.1 )
b 1x A 192.0.2.1
b IN
b 1 2 A 192.0.2.1
$INCLUDE nowhere
$INCLUDE
c 5 A 192.0.2.1
";
    assert_eq!(
        mistakes(text),
        [
            "zone:1:3: a TTL expected: there is neither a $TTL nor a record with one before",
            "zone:2:3: a TTL expected: there is neither a $TTL nor a record with one before",
            "zone:3:6: a TTL from 0 to 2147483647 expected, found \"3000000000\"",
            "zone:4:9: end of the entry expected, found \"x\"",
            "zone:5:1: $ORIGIN, $TTL or $INCLUDE expected, found \"$GENERATE\"",
            "zone:6:1: a domain name expected, found \"a..b\": empty label",
            "zone:7:5: an IPv4 address expected, found \"192.0.2\"",
            "zone:8:3: class IN expected, found CH",
            "zone:9:3: a TTL, a class or a record type expected, found \"NONSENSE\"",
            "zone:10:6: the type of a record expected, found ANY",
            "zone:12:3: an IPv4 address expected, found \"192.0.2.300\"",
            "zone:13:7: the quotes opened here are not closed in this line",
            "zone:15:15: closing parenthesis without an opening one",
            "zone:16:3: a TTL from 0 to 2147483647 expected, found \"1x\"",
            "zone:17:5: a TTL or a record type expected, the entry ends here",
            "zone:18:5: a class or a record type expected, found \"2\"",
            "zone:19:10: cannot read \"nowhere\": there is no such file",
            "zone:20:9: the name of a file expected, the entry ends here",
        ]
    );
    let records = read_text(text).records;
    assert_eq!(
        records.iter().map(|(record, _)| line(record)).collect::<Vec<_>>(),
        ["c.example. 5 A 192.0.2.1"]
    );
    assert_eq!(mistakes(" 1 A 192.0.2.1\n").len(), 1, "no owner");
}

#[test]
fn limits_end_it() {
    let limits = Limits { octets: 60, depth: 3, mistakes: 2 };
    let read = |list: &[(&'static str, &str)]| {
        let master = read_all(&files(list), &limits);
        let told: Vec<String> = master.mistakes.iter().map(ToString::to_string).collect();
        (told, master.more, master.records.len())
    };
    let (told, more, _) = read(&[("zone", "x\nx\nx\nx\n")]);
    assert_eq!((told.len(), more), (2, true));
    let (told, ..) = read(&[("zone", "$INCLUDE a\n"), ("a", "$INCLUDE zone\n")]);
    assert_eq!(told, ["a:1:10: \"zone\" includes itself"]);
    let deep = [("zone", "$INCLUDE a\n"), ("a", "$INCLUDE b\n"), ("b", "$INCLUDE c\n"), ("c", "")];
    assert_eq!(read(&deep).0, ["b:1:10: files are included more than 3 deep"]);
    let (told, _, records) =
        read(&[("zone", "$INCLUDE a\n$INCLUDE a\n"), ("a", ". 1 A 192.0.2.1\n. 1 A 192.0.2.2\n")]);
    assert_eq!((told, records), (vec!["zone:2:10: cannot read \"a\": too large".to_owned()], 2));
    assert_eq!(read(&[]).0, ["zone:1:1: cannot read \"zone\": there is no such file"]);
}

proptest! {
    #[test]
    fn any_text_ends_with_places(
        text in prop_oneof![
            ".*",
            "([ ab.@]|\\$TTL |\\$INCLUDE zone|\\$ORIGIN | 1h | IN | A | NS | \\\\# |\"|[()\n;\\\\])*",
        ],
    ) {
        let master = read_text(&text);
        let lines = u32::try_from(text.split('\n').count()).unwrap();
        let places = master.records.iter().map(|(_, place)| place);
        for place in places.chain(master.mistakes.iter().map(|mistake| &mistake.place)) {
            prop_assert!((1..=lines).contains(&place.position.line) && place.position.column > 0);
        }
    }

    /// Files that include each other at will end all the same.
    #[test]
    fn any_files_end(texts in proptest::array::uniform3("(\\$INCLUDE [abz]\n|a 1 NS b\n){0,9}")) {
        let [zone, a, b] = &texts;
        let source = files(&[("z", zone), ("a", a), ("b", b)]);
        let limits = Limits { octets: 1000, ..Limits::default() };
        let master = read("z", Some(&origin()), &source, &limits);
        prop_assert!(master.mistakes.len() <= limits.mistakes);
    }
}
