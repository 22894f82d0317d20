//! What is written down of trust points.

use proptest::prelude::*;

use super::*;

#[test]
fn a_flood_of_keys_is_bounded() {
    let old = key(1);
    let flood: Vec<ZoneKey> = (100..200).map(key).collect();
    let keys: Vec<&ZoneKey> = flood.iter().chain([&old]).collect();
    let mut story = Story::new(&[&old]);
    story.see(0, &keys, &[&old]);
    assert_eq!(story.point.ledger().keys.len(), MOST_KEYS + 1);
    story.see(1, &[&old, &key(2)], &[&old]);
    let states = (story.state(&old), story.state(&key(2)), story.point.ledger().keys.len());
    assert_eq!(states, (Valid, AddPend, 2));
}

#[test]
fn removed_keys_make_room() {
    let named = key(1);
    let mut story = Story::new(&[&named, &key(50)]);
    for seed in 1..=32 {
        let removed = AnchorKey::new(key(seed).dnskey(), Removed, START);
        story.point.ledger.keys.push(removed);
    }
    story.see(0, &[&key(50), &key(51)], &[&key(50)]);
    let states = [1, 2, 3, 4, 50, 51].map(|seed| story.state(&key(seed)));
    assert_eq!(states, [Removed, Start, Start, Removed, Valid, AddPend]);
}

const TEXT: &str = "; The keys of 3pid.example. as trust anchors (RFC 5011), kept by threepid.
; Without this file, those that the configuration names are trusted anew.
zone 3pid.example.
queried 20261123170000
next 20261123180000
retry 3600
; state, since when, until when it has to wait, and the DNSKEY
Valid 20261101000000 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4= ; key tag 3613
AddPend 20261123170000 20261223170000 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs= ; key tag 35217
";

#[test]
fn a_ledger_is_written_for_people() {
    let ledger = Ledger::parse(TEXT, &zone()).unwrap();
    assert_eq!((ledger.keys.len(), ledger.retry.as_secs()), (2, 3600));
    assert_eq!(ledger.next.since(ledger.queried).as_secs(), 3600);
    assert_eq!(ledger.to_string(), TEXT);
}

#[test]
fn mistakes_in_a_ledger_are_told() {
    let told = |from: &str, to: &str| {
        assert!(TEXT.contains(from), "{from}");
        Ledger::parse(&TEXT.replacen(from, to, 1), &zone()).unwrap_err().to_string()
    };
    let time = "a time (YYYYMMDDHHmmSS) expected";
    assert_eq!(told("zone 3pid.example.\n", ""), "1:1: the line `zone …` is missing");
    assert_eq!(told("retry 3600\n", ""), "1:1: the line `retry …` is missing");
    assert_eq!(told("next 20261123180000", "next 1"), format!("5:6: {time}, found \"1\""));
    assert_eq!(told("next", "queried"), "5:1: a second queried");
    assert_eq!(told("3600", "1h"), "6:7: a number of seconds expected, found \"1h\"");
    assert_eq!(
        told("zone 3pid.", "zone 4pid."),
        "3:6: this is the state of 4pid.example., that of 3pid.example. expected"
    );
    assert_eq!(
        told("Valid", "Start"),
        "8:1: zone, queried, next, retry, or the state of a key expected, found \"Start\""
    );
    assert_eq!(told("AddPend 20261123170000", "AddPend"), format!("9:24: {time}, found \"257\""));
    assert_eq!(
        told("20261223170000", "20261123165959"),
        "9:24: a time that is not before the one in front of it expected, found 20261123165959"
    );
    let flags = "8:22: flags without the REVOKE bit expected, found 385";
    assert_eq!(told("257 3", "385 3"), flags);
    let key = "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=";
    assert_eq!(
        told("zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=", key),
        "9:1: a second line for this key"
    );
    assert_eq!(told("3600", "3600 s"), "6:12: end of the entry expected, found \"s\"");
}

fn anchor_key() -> impl Strategy<Value = AnchorKey> {
    let states = [AddPend, Valid, Missing, Revoked, Removed];
    let state = proptest::sample::select(states.to_vec());
    let times = (0u64..200_000_000_000, 0u64..50_000_000_000);
    let key = (any::<u8>(), proptest::collection::vec(any::<u8>(), 1..300));
    (state, times, any::<u16>(), key).prop_map(|(state, times, flags, (algorithm, public_key))| {
        let wait = if state.waits() { times.1 } else { 0 };
        let flags = flags & !Dnskey::REVOKE;
        AnchorKey {
            dnskey: Dnskey { flags, protocol: 3, algorithm: Algorithm(algorithm), public_key },
            state,
            since: Timestamp::from_secs(times.0),
            until: Timestamp::from_secs(times.0 + wait),
        }
    })
}

proptest! {
    #[test]
    fn a_ledger_is_read_as_it_was_written(
        labels in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 0..5),
        times: (u32, u32, u32),
        keys in proptest::collection::vec(anchor_key(), 0..8),
    ) {
        let mut ledger = Ledger {
            zone: Name::from_labels(&labels).unwrap(),
            queried: Timestamp::from_secs(times.0.into()),
            next: Timestamp::from_secs(times.1.into()),
            retry: Duration::from_secs(times.2.into()),
            keys: Vec::new(),
        };
        for key in keys {
            if !ledger.keys.iter().any(|other| other.is(&key.dnskey)) {
                ledger.keys.push(key);
            }
        }
        let text = ledger.to_string();
        prop_assert_eq!(Ledger::parse(&text, &ledger.zone), Ok(ledger), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let _ = Ledger::parse(&text, &zone());
    }
}
