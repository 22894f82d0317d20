//! Statements in any order: everywhere the same wins.

use proptest::prelude::*;

use super::world::{TREES, number, statement, world};
use crate::store::Entry;

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

/// What each of two roots holds in the end, if they get the statements in these orders.
fn ends(orders: [&[Vec<u8>]; 2]) -> [Option<Entry>; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    orders.map(|order| {
        runtime.block_on(async {
            let world = world([&[], &[]], &[]);
            let posts = order.iter().map(|body| world.told(body.clone()));
            for (status, _) in all(posts).await {
                assert!([200, 201, 403, 409].contains(&status), "{status}");
            }
            world.held(TREES[0], &number(NUMBER))
        })
    })
}

/// All at once, begun in this order.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut ended = Vec::new();
    for future in futures {
        ended.push(future.await);
    }
    ended
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_of_arrival_ends_the_same(
        (statements, shuffled) in proptest::collection::vec(any_statement(), 1..6)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let [one, other] = ends([&statements, &shuffled]).map(|entry| entry.map(|entry| entry.held));
        prop_assert_eq!(&one, &other);
        // What was there before comes to nothing.
        let replayed: Vec<_> = shuffled.iter().chain(&statements).cloned().collect();
        let [again, _] = ends([&replayed, &[]]).map(|entry| entry.map(|entry| entry.held));
        prop_assert_eq!(one, again);
    }
}
