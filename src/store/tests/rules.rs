//! What is held after what was sent.

use super::*;
use crate::store::{Held, Refusal, Signed};
use crate::wire::Rdata;

const OLDER: Outcome = Outcome::Refused(Refusal::Older);

fn stored(number: u64) -> Outcome {
    Outcome::Stored(Sequence(number))
}

#[test]
fn the_later_wins_and_the_older_is_refused() {
    let store = Place::new().open();
    let alice = |claim| change("alice@example.com", claim);
    let outcomes = apply(
        &store,
        vec![
            alice(association("@a:b", 5)),
            alice(association("@a:b", 4)),
            alice(association("@a:b", 5)),
            alice(withdrawal(5)),
            alice(association("@a:b", 5)),
            alice(association("@a:b", 6)),
            alice(withdrawal(5)),
        ],
    );
    let expected = [stored(1), OLDER, Outcome::Unchanged, stored(2), OLDER, stored(3), OLDER];
    assert_eq!(outcomes, expected);
}

/// Whatever comes first, the same is held.
#[test]
fn at_the_same_time_the_greater_hash_wins() {
    let racing = [association("@a:b", 5), association("@b:b", 5)];
    let held = |order: [usize; 2]| {
        let store = Place::new().open();
        let changes = order.map(|at| change("alice@example.com", racing[at].clone()));
        let outcomes = apply(&store, changes.into());
        let held = all(&store.snapshot().unwrap()).remove(0).held;
        (held, outcomes[1])
    };
    let ((one, first), (other, second)) = (held([0, 1]), held([1, 0]));
    assert_eq!(one, other);
    assert!([first, second].contains(&OLDER) && [first, second].contains(&stored(2)));
}

#[test]
fn signatures_are_merged() {
    let store = Place::new().open();
    let by = |servers: &[&str]| {
        let statement = signed(association("@a:b", 5), servers);
        Change::publish(&apex(), threepid("+447700900123"), statement).unwrap()
    };
    let both = by(&["a.example", "b.example"]);
    let outcomes = apply(&store, vec![by(&["a.example"]), by(&["b.example"]), both.clone()]);
    assert_eq!(outcomes, [stored(1), Outcome::Merged(Sequence(2)), Outcome::Unchanged]);
    let entry = store.snapshot().unwrap().find(both.name()).unwrap().unwrap();
    assert_eq!(entry.held, both.said.to_held());
}

#[test]
fn signatures_without_room_are_no_change_and_told() {
    let store = Place::new().open();
    let by = |servers: &[&str]| {
        let statement = signed(association("@a:b", 5), servers);
        Change::publish(&apex(), threepid("+447700900123"), statement).unwrap()
    };
    let outcomes = apply(
        &store,
        vec![by(&["b", "c", "d", "e", "f", "g", "h", "i"]), by(&["j"]), by(&["b"]), by(&["a"])],
    );
    let no_room = Outcome::Refused(Refusal::NoRoom);
    let expected = [stored(1), no_room, Outcome::Unchanged, Outcome::Merged(Sequence(2))];
    assert_eq!(outcomes, expected);
}

#[test]
fn what_is_ahead_of_the_clock_is_refused() {
    let store = Place::new().open();
    let edge = NOW.as_millis() + 300_000;
    let changes = [edge + 1, edge].map(|at| change("+447700900123", association("@a:b", at)));
    let ahead = Outcome::Refused(Refusal::Ahead);
    assert_eq!(apply(&store, changes.into()), [ahead, stored(1)]);
    let name = "x._at.example.com.email.3pid.example.".parse().unwrap();
    assert_eq!(apply(&store, vec![Change::mark(name, ts(edge + 1))]), [ahead]);
}

#[test]
fn a_hash_that_is_anothers_is_refused() {
    let store = Place::new().open();
    let name: Name = "x._at.example.com.email.3pid.example.".parse().unwrap();
    let by = |mxid| Change::unnamed(name.clone(), signed(association(mxid, 5), &["a"]), [1; 32]);
    let outcomes = apply(&store, vec![by("@a:b"), by("@b:b")]);
    assert_eq!(outcomes, [stored(1), Outcome::Refused(Refusal::OtherHash)]);
}

#[test]
fn a_mark_counts_as_the_withdrawal_it_stands_for() {
    let store = Place::new().open();
    let alice = |claim| change("alice@example.com", claim);
    let name = alice(withdrawal(1)).name;
    let mark = |at| Change::mark(name.clone(), ts(at));
    let outcomes = apply(
        &store,
        vec![
            alice(association("@a:b", 5)),
            mark(4),
            mark(5),
            mark(5),
            alice(withdrawal(5)),
            alice(association("@a:b", 5)),
            mark(6),
            alice(withdrawal(7)),
            mark(7),
        ],
    );
    let unchanged = Outcome::Unchanged;
    let expected =
        [stored(1), OLDER, stored(2), unchanged, OLDER, OLDER, stored(3), stored(4), unchanged];
    assert_eq!(outcomes, expected);
    let held = store.snapshot().unwrap().find(&name).unwrap().unwrap().held;
    assert_eq!(held, alice(withdrawal(7)).said.to_held(), "a mark does not replace its withdrawal");
}

#[tokio::test]
async fn withdrawals_are_dropped_and_their_marks_stay() {
    let mut place = Place::new();
    place.policy.batch = 2;
    let store = place.open();
    let at = |days: u64| NOW.as_millis() - days * 86_400_000;
    let alice = |number: u8, claim| change(&format!("alice{number}@example.com"), claim);
    let changes = vec![
        alice(1, withdrawal(at(401))),
        alice(2, withdrawal(at(402))),
        alice(3, withdrawal(at(403))),
        alice(4, withdrawal(at(400))),
        alice(5, association("@a:b", at(500))),
        alice(6, withdrawal(at(600))),
        alice(6, association("@a:b", at(500))),
    ];
    store.apply(changes, NOW).await.unwrap();
    let steps = [store.expire(NOW).await, store.expire(NOW).await, store.expire(NOW).await];
    assert_eq!(steps, [Ok(2), Ok(1), Ok(0)]);
    let snapshot = store.snapshot().unwrap();
    let is_mark = |number: u8| {
        let name = alice(number, withdrawal(1)).name;
        matches!(snapshot.find(&name).unwrap().unwrap().held, Held::Mark(_))
    };
    assert_eq!([1, 2, 3, 4, 5, 6].map(is_mark), [true, true, true, false, false, false]);
    let late = store.apply(vec![alice(1, association("@a:b", at(401)))], NOW).await;
    assert_eq!(late, Ok(vec![OLDER]));
    let later = store.apply(vec![alice(1, association("@a:b", at(400)))], NOW).await;
    assert_eq!(later, Ok(vec![stored(11)]), "seven changes and three marks came before");
}

#[tokio::test]
async fn rrsigs_stay_with_what_they_sign() {
    let store = Place::new().open();
    let alice = |at| change("+447700900123", association("@a:b", at));
    store.apply(vec![alice(1)], NOW).await.unwrap();
    let name = alice(1).name;
    let rrsigs = |count: u8| -> Vec<Rdata> {
        (0..count).map(|at| Rdata::new(vec![at; 100]).unwrap()).collect()
    };
    let sign = |sequence, count| {
        let signed =
            Signed { name: name.clone(), sequence: Sequence(sequence), rrsigs: rrsigs(count) };
        store.keep(vec![signed], Vec::new())
    };
    let kept = || store.snapshot().unwrap().find(&name).unwrap().unwrap().rrsigs;
    assert_eq!((sign(1, 2).await, kept()), (Ok(1), rrsigs(2)));
    assert_eq!((sign(1, 17).await, kept()), (Ok(1), rrsigs(16)));
    store.apply(vec![alice(2)], NOW).await.unwrap();
    assert_eq!(kept(), [], "they are over the statement before");
    assert_eq!((sign(1, 2).await, kept()), (Ok(0), vec![]));
    let last = store.snapshot().unwrap();
    assert_eq!(feed(&last, Sequence(1)), [(name.clone(), Sequence(2))], "RRSIGs are no change");
}

#[test]
fn addresses_are_kept_where_asked_for_and_only_of_associations() {
    let mut place = Place::new();
    let alice = |claim| change("alice@example.com", claim);
    let bob = change("org.example.badge:Bob 1", association("@b:b", 1));
    let phone = change("+447700900123", association("@c:b", 1));
    place.fill(vec![alice(association("@a:b", 1)), bob.clone(), phone.clone()]);
    let known = |name: &Name| place.snapshot().identifier(name).unwrap();
    assert_eq!(known(&bob.name), None);
    assert_eq!(known(&phone.name), Some(threepid("+447700900123")), "the name tells it");

    let place = {
        place.policy.keep_addresses = true;
        place.fill(vec![bob.clone(), phone.clone()]);
        place.policy.keep_addresses = false;
        place.fill(vec![alice(association("@a:b", 2))]);
        place
    };
    let known = |name: &Name| place.snapshot().identifier(name).unwrap();
    assert_eq!(known(&bob.name), bob.threepid, "it was there already, without its address");
    let name = alice(withdrawal(1)).name;
    assert_eq!(known(&name), Some(threepid("alice@example.com")), "the store goes on");
    let rows = |place: &Place| {
        let report = crate::store::check(&place.path(), &place.policy, || {}).unwrap();
        assert!(report.is_good(), "{report:?}");
        report.addresses
    };
    assert_eq!(rows(&place), 2, "none of phones");
    place.fill(vec![alice(withdrawal(3)), Change::mark(bob.name.clone(), ts(2))]);
    assert_eq!((rows(&place), known(&name), known(&bob.name)), (0, None, None));
}
