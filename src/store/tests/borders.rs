//! What is held for others, handed over, and comes back.

use super::*;
use crate::store::{Border, Borders, Refusal, Settled, Stand, check};

fn name(digits: &str) -> Name {
    let labels: Vec<String> = digits.chars().rev().map(String::from).collect();
    format!("{}.msisdn.3pid.example.", labels.join(".")).parse().unwrap()
}

fn holds(digits: &str) -> Borders {
    Borders { holds: vec![name(digits)], ..Borders::default() }
}

fn cuts(digits: &[&str]) -> Borders {
    Borders { cuts: digits.iter().map(|digits| name(digits)).collect(), ..Borders::default() }
}

/// Who is here, of some numbers: those that are served.
fn here(store: &Store) -> Vec<String> {
    let snapshot = store.snapshot().unwrap();
    let here = all(&snapshot).into_iter().filter(|entry| !entry.is_away);
    let mut numbers: Vec<String> = here
        .map(|entry| snapshot.identifier(&entry.name).unwrap().unwrap().address().to_owned())
        .collect();
    numbers.sort();
    numbers
}

async fn publish(store: &Store, number: &str, at: u64) -> Outcome {
    let change = change(&format!("+{number}"), association("@a:b.example", at));
    store.apply(vec![change], NOW).await.unwrap()[0]
}

const HELD: Outcome = Outcome::Refused(Refusal::Held);
const AWAY: Outcome = Outcome::Refused(Refusal::Away);
const OLDER: Outcome = Outcome::Refused(Refusal::Older);

#[tokio::test]
async fn what_is_handed_over_comes_back_only_anew() {
    let place = Place::new();
    let store = place.open();
    for number in ["447770001", "447770002", "448880000"] {
        publish(&store, number, 10).await;
    }
    // Held: nothing changes below, whatever it is, and all else does.
    store.settle(holds("44777"), true).await.unwrap();
    for (number, at, outcome) in [
        ("447770001", 11, HELD),
        ("447770001", 10, HELD),
        ("447770001", 9, HELD),
        ("447770009", 10, HELD),
        ("448880000", 11, Outcome::Stored(Sequence(4))),
    ] {
        assert_eq!(publish(&store, number, at).await, outcome, "{number} {at}");
    }
    assert_eq!(here(&store), ["447770001", "447770002", "448880000"]);
    // Away.
    let settled = store.settle(cuts(&["44777"]), true).await.unwrap();
    assert_eq!(settled, [Settled::Handed(Sequence(4))]);
    assert_eq!(publish(&store, "447770001", 11).await, AWAY);
    assert_eq!(here(&store), ["448880000"]);
    assert_eq!(store.settle(cuts(&["44777"]), true).await.unwrap(), [Settled::Unchanged]);
    drop(store);
    // What the child gives back is taken in beside the server.
    let store = place.open();
    let withdrawn = change("+447770001", withdrawal(20));
    assert_eq!(store.apply(vec![withdrawn], NOW).await.unwrap(), [Outcome::Stored(Sequence(5))]);
    assert_eq!(store.settle(cuts(&["44777"]), false).await.unwrap(), [Settled::Unchanged]);
    assert_eq!(here(&store), ["447770001", "448880000"]);
    // Taken back: nothing old is here, nothing older comes in, and the same does.
    store.settle(Borders::default(), true).await.unwrap();
    assert_eq!(here(&store), ["447770001", "448880000"]);
    for (number, at, outcome) in [
        ("447770001", 10, OLDER),
        ("447770001", 20, OLDER),
        ("447770002", 9, OLDER),
        ("447770002", 10, Outcome::Stored(Sequence(6))),
        ("447770002", 10, Outcome::Unchanged),
    ] {
        assert_eq!(publish(&store, number, at).await, outcome, "{number} {at}");
    }
    assert_eq!(here(&store), ["447770001", "447770002", "448880000"]);
    let (last, copy) = (store.snapshot().unwrap(), place.directory.path().join("b.store"));
    last.backup(&copy, &place.policy, || {}).unwrap();
    for path in [place.path(), copy] {
        let report = check(&path, &place.policy, || {}).unwrap();
        assert!(report.is_good(), "{report:?}");
        let snapshot = Snapshot::of_file(&path, &place.policy).unwrap();
        let border = Border { stand: Stand::Here, handed: Sequence(4) };
        assert_eq!(snapshot.border(&name("447770001")).unwrap(), border);
    }
}

#[tokio::test]
async fn what_nobody_held_stays() {
    let place = Place::new();
    let store = place.open();
    publish(&store, "447770000", 10).await;
    let both = cuts(&["44", "49"]);
    let expected = [Settled::Unheld, Settled::Unchanged];
    assert_eq!(store.settle(both.clone(), true).await.unwrap(), expected);
    assert_eq!(here(&store), ["447770000"]);
    // A hold of less is not enough; one of more is.
    store.settle(holds("447"), true).await.unwrap();
    assert_eq!(store.settle(both.clone(), true).await.unwrap(), expected);
    assert_eq!(publish(&store, "447770000", 11).await, HELD, "all stays as it was");
    assert_eq!(store.settle(both, false).await.unwrap(), expected);
    assert!(here(&store).is_empty());
    // Where nobody was, nobody is taken either.
    assert_eq!(publish(&store, "491770000", 10).await, AWAY);
}

#[tokio::test]
async fn homes_below_a_delegation_stay_home() {
    let place = Place::new();
    let store = place.open();
    for number in ["447770000", "448880000"] {
        publish(&store, number, 10).await;
    }
    let borders = Borders { homes: vec![name("44777")], ..cuts(&["44", "44777"]) };
    let settled = store.settle(borders, false).await.unwrap();
    assert_eq!(settled, [Settled::Unheld, Settled::Unchanged]);
    assert_eq!(here(&store), ["447770000"]);
    assert_eq!(publish(&store, "447770000", 11).await, Outcome::Stored(Sequence(3)));
    assert_eq!(publish(&store, "448880000", 11).await, AWAY);
    // A zone can be held as a whole, to be handed back.
    store.settle(Borders { homes: vec![name("44777")], ..holds("44777") }, true).await.unwrap();
    assert_eq!(publish(&store, "447770000", 12).await, HELD);
}

#[tokio::test]
async fn what_came_back_is_handed_over_again_with_more() {
    let place = Place::new();
    let store = place.open();
    publish(&store, "447770000", 10).await;
    store.settle(cuts(&["44777"]), false).await.unwrap();
    store.settle(Borders::default(), true).await.unwrap();
    publish(&store, "447770000", 11).await;
    publish(&store, "447110000", 10).await;
    assert_eq!(here(&store), ["447110000", "447770000"]);
    store.settle(cuts(&["447"]), false).await.unwrap();
    assert!(here(&store).is_empty());
    drop(store);
    assert!(here(&place.open()).is_empty());
}
