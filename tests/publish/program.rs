//! `threepid publish`, to servers that it finds through the trees.

use super::world::{World, statement};
use super::{mail, number};

#[tokio::test(flavor = "multi_thread")]
async fn statements_find_their_way_to_both_trees_and_below_a_delegation() {
    let world = World::start("").await;
    let all = [
        statement(&mail(), Some("a"), 0, "telco.example"),
        statement(&number(), Some("a"), 0, "telco.example"),
    ];
    world.write("all.lines", &all.join(&b"\n"[..]));
    for word in ["stored", "unchanged: it was there"] {
        let ran = world.run(&["publish", "-c", "client.toml", "all.lines"]).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        for who in [mail(), number()] {
            for apex in ["3pid.example.", "id.test."] {
                let line = format!("{who} at {apex}: {word}");
                assert!(ran.stdout.contains(&line), "{line}: {ran:?}");
            }
        }
    }
    assert_eq!([0, 1, 2].map(|server| world.changes(server)), [1, 2, 1]);
    let ran = world.run(&["lookup", "-c", "client.toml", "+447700900123"]).await;
    assert!(ran.stdout.starts_with("+447700900123: @a:m.example, proved"), "{ran:?}");

    world.write("late.json", &statement(&mail(), Some("b"), -9000, "telco.example"));
    let ran = world.run(&["publish", "-c", "client.toml", "late.json"]).await;
    assert_eq!((ran.code, ran.stdout.matches("superseded").count()), (1, 2), "{ran:?}");
    world.write("strange.json", &statement(&mail(), Some("c"), 9000, "stranger.example"));
    let ran = world.run(&["publish", "-c", "client.toml", "strange.json"]).await;
    assert_eq!((ran.code, ran.stdout.matches("(M_FORBIDDEN)").count()), (1, 2), "{ran:?}");
    world.stop().await;
}
