//! Files changed: what they say then, and what they still look like.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::wire::Class;
use crate::wire::rdata::parse;
use crate::zone::master::SourceFile;

struct Texts(BTreeMap<&'static str, String>);

impl Source for Texts {
    fn read(&self, file: &str, _: Option<&str>, _: usize) -> Result<SourceFile, String> {
        let text = self.0.get(file).ok_or("there is no such file")?;
        Ok(SourceFile { name: file.to_owned(), octets: text.clone().into_bytes() })
    }
}

fn open(files: &[(&'static str, &str)]) -> Open {
    let texts = Texts(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect());
    let open = Open::read("zone", Some(&name("e.")), &texts, &Limits::default());
    assert_eq!(open.master.mistakes, []);
    open
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn record(owner: &str, ttl: u32, rtype: Rtype, data: &str) -> Record {
    let rdata = parse(rtype, data).unwrap();
    Record { name: name(owner), rtype, class: Class::IN, ttl: Ttl::from_secs(ttl), rdata }
}

/// Every record of these owner and type.
fn all(open: &Open, owner: &str, rtype: Rtype) -> BTreeSet<usize> {
    let records = open.master.records.iter().enumerate();
    let fits = |record: &Record| record.name == name(owner) && record.rtype == rtype;
    records.filter(|(_, (record, _))| fits(record)).map(|(number, _)| number).collect()
}

/// The text of each changed file.
fn texts(open: &Open, change: &Change) -> Vec<(String, String)> {
    let (edited, _) = open.edit(change).unwrap();
    let text = |edited: Edited| (edited.name, String::from_utf8(edited.after).unwrap());
    edited.into_iter().map(text).collect()
}

const ZONE: &str = "\
; The zone of e.
$TTL 1h
@  SOA ns h ( 7 ; serial
   1h 1h 1h 1m )
   NS ns
ns A 192.0.2.1

; people
a  NS ns.a  ; first
   NS ns.b
   TXT \"hidden; not a comment\"
ns.a A 192.0.2.2

; the end";

#[test]
fn what_stays_is_not_touched() {
    let open = open(&[("zone", ZONE)]);
    let change = Change {
        removed: all(&open, "a.e.", Rtype::NS),
        added: vec![Addition {
            records: vec![
                record("b.e.", 3600, Rtype::NS, "ns.b.e."),
                record("ns.b.e.", 60, Rtype::AAAA, "2001:db8::1"),
            ],
            after: all(&open, "ns.a.e.", Rtype::A).first().copied(),
            is_group: true,
        }],
        serial: Serial(10),
    };
    let expected = ZONE
        .replace("( 7 ;", "( 10 ;")
        .replace("a  NS ns.a  ; first\n   NS ns.b\n   TXT", "a   TXT")
        .replace("192.0.2.2\n", "192.0.2.2\n\nb     NS    ns.b\nns.b  60  AAAA  2001:db8::1\n");
    assert_eq!(texts(&open, &change), [("zone".to_owned(), expected)]);
}

#[test]
fn what_is_put_at_the_end_has_lines_of_its_own() {
    let records = vec![record("b.e.", 3600, Rtype::NS, "ns.x.")];
    let added = vec![Addition { records, after: None, is_group: true }];
    let change = Change { added, serial: Serial(8), ..Change::default() };
    let expected = format!("{}\n\nb  NS    ns.x.\n", ZONE.replace("( 7 ;", "( 8 ;"));
    assert_eq!(texts(&open(&[("zone", ZONE)]), &change)[0].1, expected);
    let windows = ZONE.replace('\n', "\r\n");
    let text = &texts(&open(&[("zone", &windows)]), &change)[0].1;
    assert_eq!(*text, expected.replace('\n', "\r\n"));
}

#[test]
fn owners_and_ttls_are_stated_where_they_were_taken_from_what_goes() {
    let text = "\
@ 60 SOA ns h 1 1h 1h 1h 1m
@ NS ns.x.
a 30 NS ns.x.
  DS 1 15 2 0000000000000000000000000000000000000000000000000000000000000000
$ORIGIN b.e.
  TXT x
c TXT y
d 9 TXT z
f TXT z
";
    let open = open(&[("zone", text)]);
    let change = Change {
        removed: &all(&open, "a.e.", Rtype::NS) | &all(&open, "a.e.", Rtype::DS),
        serial: Serial(2),
        ..Change::default()
    };
    let lines: Vec<String> = texts(&open, &change)[0].1.lines().map(str::to_owned).collect();
    assert_eq!(lines[0], "@ 60 SOA ns h 2 1h 1h 1h 1m");
    assert_eq!(lines[2..5], ["$ORIGIN b.e.", "a.e.  30 TXT x", "c TXT y"]);
}

#[test]
fn included_files_are_changed_where_records_stand_there() {
    let main = "$TTL 1\n@ SOA ns.x. h 1 1 1 1 1\n@ NS ns.x.\n$INCLUDE cuts sub\nx TXT x\n";
    let open = open(&[("zone", main), ("cuts", "a NS ns.x.\nb NS ns.x.\n")]);
    let change = Change {
        removed: all(&open, "a.sub.e.", Rtype::NS),
        added: vec![Addition {
            records: vec![record("c.sub.e.", 1, Rtype::NS, "ns.x.")],
            after: all(&open, "b.sub.e.", Rtype::NS).first().copied(),
            is_group: false,
        }],
        serial: Serial(2),
    };
    let texts = texts(&open, &change);
    assert_eq!(texts[0], ("cuts".to_owned(), "b NS ns.x.\nc  NS    ns.x.\n".to_owned()));
    assert_eq!(texts[1].0, "zone", "the serial comes last");
    assert!(texts[1].1.contains("h 2 1 1"), "{texts:?}");
}

#[test]
fn what_cannot_be_changed_safely_is_refused() {
    let head = "$TTL 1\n@ SOA ns.x. h 1 1 1 1 1\n@ NS ns.x.\n";
    let twice = format!("{head}$INCLUDE cuts a\n$INCLUDE cuts b\n");
    let open_twice = open(&[("zone", &twice), ("cuts", "c NS ns.x.\n")]);
    let removed = all(&open_twice, "c.b.e.", Rtype::NS);
    let change = Change { removed, serial: Serial(2), ..Change::default() };
    assert_eq!(open_twice.edit(&change).unwrap_err(), EditError::Shared("cuts".into()));

    let leaning = format!("{head}c NS ns.x.\n$INCLUDE more\n");
    let open_leaning = open(&[("zone", &leaning), ("more", " TXT leans\n")]);
    let removed = all(&open_leaning, "c.e.", Rtype::NS);
    let change = Change { removed, serial: Serial(2), ..Change::default() };
    let error = open_leaning.edit(&change).unwrap_err();
    assert!(error.to_string().starts_with("more:1:2: the files cannot be changed"), "{error}");

    let generic = head.replace(
        "SOA ns.x. h 1 1 1 1 1",
        "SOA \\# 22 0000 00000001 00000001 00000001 00000001 00000001",
    );
    let error = open(&[("zone", &generic)]).edit(&Change::default()).unwrap_err();
    assert!(error.to_string().starts_with("zone:2:1: the SOA record has no serial"), "{error}");
}

#[test]
fn differences_are_shown_as_patch_takes_them() {
    let open = open(&[("zone", ZONE)]);
    let change =
        Change { removed: all(&open, "ns.a.e.", Rtype::A), serial: Serial(8), ..Change::default() };
    let (edited, _) = open.edit(&change).unwrap();
    assert_eq!(
        edited[0].diff,
        "--- zone\n+++ zone\n\
         @@ -1,6 +1,6 @@\n ; The zone of e.\n $TTL 1h\n-@  SOA ns h ( 7 ; serial\n\
         +@  SOA ns h ( 8 ; serial\n    1h 1h 1h 1m )\n    NS ns\n ns A 192.0.2.1\n\
         @@ -9,6 +9,5 @@\n a  NS ns.a  ; first\n    NS ns.b\n    TXT \"hidden; not a comment\"\n\
         -ns.a A 192.0.2.2\n \n ; the end\n\\ No newline at end of file\n"
    );
}

/// An entry as one could write it: owner, TTL, data, how it is broken into lines, what stands behind.
fn entry() -> impl Strategy<Value = String> {
    let owner =
        prop_oneof!["[abc]", "[ab]\\.c", "[ab]\\.e\\.", Just(String::new()), Just("@".into())];
    let head = prop_oneof![
        Just(" "),
        Just("\t5 "),
        Just(" IN "),
        Just(" 7 IN "),
        Just(" IN 9 "),
        Just("  1h\t")
    ];
    let data = prop_oneof![
        Just("NS ns.x."),
        Just("A 192.0.2.1"),
        Just("TXT \"a ; ( b\""),
        Just("NS ( ; why\n n\n )"),
        Just("TXT (\n\"x\" ) y"),
        Just("DS 1 15 2 (\n 00 ; half\n 11 )")
    ];
    let tail = prop_oneof![Just(""), Just(" ; note"), Just("\t")];
    (owner, head, data, tail)
        .prop_map(|(owner, head, data, tail)| format!("{owner}{head}{data}{tail}"))
}

/// Entries, directives, comments and empty lines behind a SOA with a TTL.
fn zone() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        6 => entry(),
        1 => Just(String::new()),
        1 => Just("; a comment (".to_owned()),
        1 => Just("$ORIGIN c.e.".to_owned()),
        1 => Just("$TTL 3".to_owned()),
    ];
    vec(line, 0..12)
        .prop_map(|lines| [vec!["@ 60 SOA ns h ( 7 1 1 ; t\n 1 1 )".to_owned()], lines].concat())
}

/// The text as a difference makes it: every line of it must stand where it says.
fn patched(text: &str, diff: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut out, mut at) = (String::new(), 0);
    let mut rest = diff.split_inclusive('\n').skip(2).peekable();
    while let Some(line) = rest.next() {
        if let Some(head) = line.strip_prefix("@@ -") {
            let (start, _) = head.split_once(',').unwrap();
            let empty = usize::from(!head.split(' ').next().unwrap().ends_with(",0"));
            let start = start.parse::<usize>().unwrap() - empty;
            lines[at..start].iter().for_each(|line| out.push_str(line));
            at = start;
            continue;
        }
        let ends = rest.next_if(|next| next.starts_with('\\')).is_some();
        let said = if ends { line.strip_suffix('\n').unwrap() } else { line };
        if !said.starts_with('+') {
            assert_eq!(lines[at], &said[1..], "{diff}");
            at += 1;
        }
        if !said.starts_with('-') {
            out.push_str(&said[1..]);
        }
    }
    lines[at..].iter().for_each(|line| out.push_str(line));
    out
}

proptest! {
    /// What comes out says what was meant, and has every line of what was not to change.
    #[test]
    fn any_zone_can_be_changed(
        lines in zone(),
        removed in vec(any::<Index>(), 0..4),
        added in vec((any::<Option<Index>>(), 0..3u32), 0..3),
        newline: bool,
    ) {
        let text = lines.join("\n") + if newline { "\n" } else { "" };
        let open = open(&[("zone", &text)]);
        let count = open.master.records.len();
        let removed: BTreeSet<usize> =
            removed.iter().map(|index| index.index(count)).filter(|&number| number > 0).collect();
        let comes = |n| record(&format!("n{n}.c.e."), n, Rtype::A, "192.0.2.9");
        let added: Vec<Addition> = added
            .iter()
            .map(|(after, records)| Addition {
                records: (0..*records).map(comes).collect(),
                after: after.map(|index| index.index(count)),
                is_group: newline,
            })
            .collect();
        let change = Change { removed: removed.clone(), added: added.clone(), serial: Serial(8) };
        let (edited, master) = open.edit(&change).unwrap();
        prop_assert_eq!(&master.mistakes, &[]);

        let mut meant: Vec<Said> = open.master.records.iter().enumerate()
            .filter(|(number, _)| !removed.contains(number))
            .map(|(_, (record, _))| said(record, Some(Serial(8))))
            .chain(added.iter().flat_map(|one| &one.records).map(|record| said(record, None)))
            .collect();
        let mut told: Vec<Said> = master.records.iter().map(|(record, _)| said(record, None)).collect();
        meant.sort_by(order);
        told.sort_by(order);
        prop_assert_eq!(told, meant);

        let after = String::from_utf8(edited[0].after.clone()).unwrap();
        prop_assert_eq!(patched(&text, &edited[0].diff), after.clone());
        // Only an entry that follows what goes or comes may be told its owner or TTL.
        let mut left = after.lines();
        for line in text.lines().filter(|line| line.starts_with([';', '$'])) {
            prop_assert!(left.any(|found| found == line), "{line:?} is missing:\n{after}");
        }
        if removed.is_empty() && added.iter().all(|one| one.records.is_empty()) {
            prop_assert_eq!(after, text.replace("( 7 1", "( 8 1"));
        }
    }

    /// Whatever a file holds, it is changed or refused.
    #[test]
    fn any_text_is_changed_or_refused(
        text in "([ ab.@]|\\$TTL 1\n|\\$INCLUDE zone|\\$ORIGIN a.| SOA a b 1 1 1 1 1\n| A 192.0.2.1\n|NS |\"|[()\n;\\\\])*",
        number: Index,
    ) {
        let open = Open::read("zone", Some(&name("e.")), &Texts([("zone", text)].into()), &Limits::default());
        let count = open.master.records.len();
        if count > 0 {
            let removed = [number.index(count)].into();
            let records = vec![record("x.e.", 1, Rtype::NS, "a.")];
            let added = vec![Addition { records, after: Some(number.index(count)), is_group: true }];
            let _ = open.edit(&Change { removed, added, serial: Serial(2) });
        }
    }

    /// Taking out what was put in gives the file back, but for the serial.
    #[test]
    fn back_and_forth(lines in zone(), after in any::<Index>(), newline: bool) {
        let text = lines.join("\n") + "\n";
        let first = open(&[("zone", &text)]);
        let after = after.index(first.master.records.len());
        let records = vec![record("new.e.", 77, Rtype::NS, "ns.new.e.")];
        let added = vec![Addition { records, after: Some(after), is_group: newline }];
        let change = Change { added, serial: Serial(7), ..Change::default() };
        let there = texts(&first, &change)[0].1.clone();
        let second = open(&[("zone", &there)]);
        let removed = all(&second, "new.e.", Rtype::NS);
        prop_assert_eq!(removed.len(), 1);
        let change = Change { removed, serial: Serial(7), ..Change::default() };
        let (_, master) = second.edit(&change).unwrap();
        let told = |master: &Master| -> Vec<Said> {
            master.records.iter().map(|(record, _)| said(record, None)).collect()
        };
        prop_assert_eq!(told(&master), told(&first.master));
    }
}

fn order(a: &Said, b: &Said) -> std::cmp::Ordering {
    let key = |said: &Said| (said.0.clone(), said.1, said.2, said.3.octets().to_vec());
    key(a).cmp(&key(b))
}
