//! Statements in any order: everywhere the same wins.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::world::{TREES, number, statement, world};
use crate::store::Held;

const NUMBER: &str = "447700900123";

/// Associations and withdrawals close to each other, and by several verifiers.
fn any_statement() -> impl Strategy<Value = Vec<u8>> {
    let user = proptest::option::of(prop_oneof![Just("a"), Just("b")]);
    let signers = prop_oneof![
        Just(vec!["root.example"]),
        Just(vec!["x.example", "root.example"]),
        Just(vec!["x.example"]),
    ];
    (user, -2_i64..2, signers)
        .prop_map(|(user, seconds, signers)| statement(NUMBER, user, seconds, &signers))
}

/// What a root holds in the end, if it gets all the statements at the same time, begun in this order.
fn end_of(order: &[Vec<u8>]) -> Option<Held> {
    let threads =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    threads.unwrap().block_on(async {
        let world = Arc::new(world([&[], &[]], &[]));
        let mut posts = JoinSet::new();
        for body in order.iter().cloned() {
            let world = world.clone();
            posts.spawn(async move { world.told(body).await });
        }
        for (status, _) in posts.join_all().await {
            assert!([200, 201, 403, 409].contains(&status), "{status}");
        }
        world.held(TREES[0], &number(NUMBER)).map(|entry| entry.held)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_of_arrival_ends_the_same(
        (statements, shuffled) in proptest::collection::vec(any_statement(), 1..6)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let (one, other) = (end_of(&statements), end_of(&shuffled));
        prop_assert_eq!(&one, &other);
        // What was there before comes to nothing.
        let replayed: Vec<_> = shuffled.iter().chain(&statements).cloned().collect();
        prop_assert_eq!(one, end_of(&replayed));
    }
}
