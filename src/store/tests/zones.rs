//! What those who serve zones keep, and all of a store in one go.

use super::*;
use crate::store::{OwnerBuffer, Position, Rows, Signed, ZoneState, check};
use crate::wire::{Rdata, Serial};

fn state(serial: u32, sequence: u64) -> ZoneState {
    let sequence = Sequence(sequence);
    ZoneState { apex: apex(), serial: Serial(serial), sequence, digest: [7; 32] }
}

#[tokio::test]
async fn what_is_known_of_a_zone_is_kept() {
    let place = Place::new();
    let store = place.open();
    let known = |apex: &str| store.snapshot().unwrap().zone(&apex.parse().unwrap()).unwrap();
    assert_eq!(known("3pid.example."), None);
    for state in [state(5, 0), state(u32::MAX, 0)] {
        store.keep(Vec::new(), vec![state.clone()]).await.unwrap();
        assert_eq!(known("3PID.Example."), Some(state));
    }
    assert_eq!(known("example."), None);
    let copy = place.directory.path().join("b.store");
    store.snapshot().unwrap().backup(&copy, &place.policy, || {}).unwrap();
    let copied = Snapshot::of_file(&copy, &place.policy).unwrap();
    assert_eq!(copied.zone(&apex()).unwrap(), known("3pid.example."));
}

#[tokio::test]
async fn a_serial_of_changes_that_were_not_made_is_damage() {
    let place = Place::new();
    let store = place.open();
    let alice = change("+447700900123", association("@a:b", 1));
    store.apply(vec![alice], NOW).await.unwrap();
    for (sequence, is_good) in [(1, true), (2, false)] {
        store.keep(Vec::new(), vec![state(5, sequence)]).await.unwrap();
        let report = check(&place.path(), &place.policy, || {}).unwrap();
        assert_eq!(report.is_good(), is_good, "{report:?}");
    }
}

#[test]
fn all_rows_are_scanned_once() {
    let place = Place::new();
    let store = place.open();
    let mut changes: Vec<Change> = (0..50)
        .map(|number| change(&format!("+4477009001{number:02}"), association("@a:b", 1)))
        .collect();
    changes
        .push(Change::mark("1.msisdn.3pid.example.".parse().unwrap(), Ts::from_millis(7).unwrap()));
    apply(&store, changes.clone());
    let (name, sequence) = (changes[0].name().clone(), Sequence(1));
    let rrsigs = vec![Rdata::new(vec![1, 2]).unwrap(), Rdata::new(vec![]).unwrap()];
    let signed = Signed { name: name.clone(), sequence, rrsigs: rrsigs.clone() };
    store.submit_signed(vec![signed]).unwrap().wait().unwrap();

    let snapshot = store.snapshot().unwrap();
    let (mut found, mut rows, mut buffer) = (Vec::new(), Rows::default(), OwnerBuffer::default());
    let mut scan = snapshot.scan(&Position::default()).unwrap();
    loop {
        scan.next(7, &mut rows).unwrap();
        let Some(end) = rows.end() else { break };
        for row in rows.iter() {
            let (owner, _) = Name::from_wire(row.owner(&mut buffer).unwrap()).unwrap();
            let entry = snapshot.find(&owner).unwrap().unwrap();
            let (sequence, held) = row.held().unwrap();
            assert_eq!(sequence, entry.sequence);
            let kept: Option<Vec<Vec<u8>>> =
                held.map(|(_, rrsigs)| rrsigs.map(<[u8]>::to_vec).collect());
            let expected = entry.rrsigs.iter().map(|rdata| rdata.octets().to_vec()).collect();
            assert_eq!(
                kept,
                matches!(entry.held, crate::store::Held::Statement(_)).then_some(expected)
            );
            found.push(owner);
        }
        // Where it is broken off, it goes on behind the last row.
        scan = snapshot.scan(&end).unwrap();
    }
    let mut expected: Vec<Name> = changes.iter().map(|change| change.name().clone()).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(snapshot.last().unwrap(), Sequence(51));
}
