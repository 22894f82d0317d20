//! Which trees a statement goes to.

use std::time::Duration;

use tokio::time::Instant;

use super::world::{Cert, TREES, World, name, number, statement, word, world};

const NUMBER: &str = "447700900123";

async fn post(world: &World, query: &str, signer: &str) -> (u16, String) {
    let (status, body) = world.post(query, statement(NUMBER, Some("a"), 0, &[signer])).await;
    (status, word(&body))
}

fn held(world: &World) -> [bool; 2] {
    TREES.map(|tree| world.held(tree, &number(NUMBER)).is_some())
}

#[tokio::test]
async fn without_a_root_it_goes_to_all_trees_and_with_one_to_that() {
    let everywhere = world([&[], &[]], &[]);
    assert_eq!(post(&everywhere, "", "root.example").await, (201, "stored".into()));
    assert_eq!((held(&everywhere), everywhere.touched()), ([true, true], 1));
    let one = world([&[], &[]], &[]);
    assert_eq!(post(&one, "root=id.test.", "root.example").await.0, 201);
    assert_eq!(held(&one), [false, true]);
    assert_eq!(post(&one, "", "root.example").await, (201, "stored".into()), "new in the other");
    assert_eq!(post(&one, "", "root.example").await, (200, "unchanged".into()));
}

#[tokio::test]
async fn a_tree_judges_by_its_own_certificates() {
    let world = world([&[Cert::of("a.example")], &[]], &[]);
    assert_eq!(post(&world, "root=id.test.", "a.example").await.0, 403);
    assert_eq!(post(&world, "", "a.example").await.0, 201);
    assert_eq!(held(&world), [true, false]);
}

#[tokio::test]
async fn where_one_tree_cannot_be_asked_it_goes_to_none() {
    let world = world([&[Cert::of("a.example")], &[Cert::of("a.example")]], &[]);
    world.network.silent.lock().unwrap().push(name("id.test."));
    assert_eq!(post(&world, "", "a.example").await, (503, "THREEPID_UNDETERMINED".into()));
    assert_eq!((held(&world), world.touched()), ([false, false], 0));
    assert_eq!(post(&world, "root=3pid.example.", "a.example").await.0, 201);
}

/// Whoever sent it waits for 20 s, and does not care how many trees there are.
#[tokio::test(start_paused = true)]
async fn slow_trees_are_asked_at_the_same_time() {
    let world = world([&[], &[]], &[]);
    *world.network.delay.lock().unwrap() = Duration::from_secs(3);
    let begun = Instant::now();
    assert_eq!(post(&world, "", "a.example").await, (403, "M_FORBIDDEN".into()));
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn trees_that_are_not_here_are_not_found() {
    let world = world([&[], &[]], &[]);
    assert_eq!(
        post(&world, "root=other.example.", "root.example").await,
        (404, "M_NOT_FOUND".into())
    );
    assert_eq!(post(&world, "root=a..b", "root.example").await, (400, "M_INVALID_PARAM".into()));
    assert_eq!(world.touched(), 0);
}
