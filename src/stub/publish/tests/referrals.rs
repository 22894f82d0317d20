//! Referrals that are followed, and those that are not.

use super::*;

#[tokio::test]
async fn two_referrals_lead_down_to_who_holds_it() {
    let mut scene = Scene::new();
    scene.web.refers("a", "4.4.msisdn.3pid.a.example.", &place("uk"));
    // Names compare without case, and a port is part of the place.
    scene.web.refers("uk", "7.7.4.4.MSISDN.3pid.a.example.", &place("mobile:8448"));
    scene.web.stores("mobile");
    scene.add(statement(1), &[A]);
    assert_eq!(scene.state().await, State::Done(Done::Stored));
    assert_eq!(scene.web.asked(), ["a", "uk", "mobile"]);
}

#[tokio::test]
async fn a_referral_may_lead_to_the_name_itself() {
    let mut scene = Scene::new();
    let own = alice().owner(&name(A)).unwrap().to_string();
    scene.web.refers("a", &own, &place("ported"));
    scene.web.refers("ported", &own, &place("ported"));
    scene.add(statement(1), &[A]);
    let state = scene.state().await;
    assert!(reason(&state).contains("which is not deeper"), "and no further: {state:?}");
}

#[tokio::test]
async fn loops_and_ways_up_and_aside_end() {
    for (zone, why) in [
        ("4.4.msisdn.3pid.a.example.", "which is not deeper"),
        ("msisdn.3pid.a.example.", "which is not deeper"),
        ("3pid.a.example.", "which is not deeper"),
        ("9.4.4.msisdn.3pid.a.example.", "which is not deeper"),
        ("7.7.4.4.msisdn.3pid.b.example.", "which is not deeper"),
        (".", "which is not deeper"),
        ("a..b", "the server answers 307"),
    ] {
        let mut scene = Scene::new();
        scene.web.refers("a", "4.4.msisdn.3pid.a.example.", &place("uk"));
        scene.web.refers("uk", zone, &place("next"));
        scene.web.stores("next");
        scene.add(statement(1), &[A]);
        let state = scene.state().await;
        assert!(reason(&state).contains(why), "{zone}: {state:?}");
        assert_eq!(scene.web.asked(), ["a", "uk"], "{zone}");
    }
}

#[tokio::test]
async fn only_where_statements_are_published_is_anything_sent() {
    let tree_b = place("uk").replace("3pid.a", "3pid.b");
    for (location, why) in [
        ("http://uk/_threepid/v1/associations?root=3pid.a.example.", "which is no HTTPS"),
        ("http://127.0.0.1/_threepid/v1/associations?root=3pid.a.example.", "which is no HTTPS"),
        (tree_b.as_str(), "for the tree 3pid.a.example."),
        ("https://uk/_threepid/v1/associations", "which is not /_threepid/"),
        ("https://uk/admin?root=3pid.a.example.", "which is not /_threepid/"),
        ("https://u:p@uk/_threepid/v1/associations?root=3pid.a.example.", "no user"),
        ("/_threepid/v1/associations?root=3pid.a.example.", "starts with"),
        ("", "starts with"),
    ] {
        let mut scene = Scene::new();
        scene.web.refers("a", "4.4.msisdn.3pid.a.example.", location);
        scene.web.stores("uk");
        scene.add(statement(1), &[A]);
        let state = scene.state().await;
        assert!(reason(&state).contains(why), "{location}: {state:?}");
        assert_eq!(scene.web.asked(), ["a"], "{location}");
    }
    let mut scene = Scene::new();
    scene.web.set("a", |_| {
        let mut nowhere = referral("4.4.msisdn.3pid.a.example.", "x");
        nowhere.headers.clear();
        Some(nowhere)
    });
    scene.add(statement(1), &[A]);
    assert!(reason(&scene.state().await).contains("without a `Location`"));
}

#[tokio::test]
async fn what_fails_behind_a_referral_is_told_with_it() {
    let down = |web: &Web| web.down("uk");
    let busy = |web: &Web| web.set("uk", |_| Some(refused(503, "M_UNKNOWN")));
    for (fails, told) in [
        (&down as &dyn Fn(&Web), "uk has no address to connect to"),
        (&busy, "the server answers 503 Service Unavailable: because"),
    ] {
        let mut scene = Scene::new();
        scene.web.refers("a", "4.4.msisdn.3pid.a.example.", &place("uk"));
        fails(&scene.web);
        scene.add(statement(1), &[A]);
        let expected = format!("referred to 4.4.msisdn.3pid.a.example.: {told}");
        assert_eq!(reason(&scene.state().await), expected);
    }
}

#[tokio::test]
async fn a_referral_leads_inside_only_from_inside() {
    const ZONE: &str = "4.4.msisdn.3pid.a.example.";
    let mut scene = Scene::new();
    scene.web.refers("a", ZONE, &place("uk.inside"));
    scene.web.stores("uk.inside");
    scene.add(statement(1), &[A]);
    let state = scene.state().await;
    assert!(reason(&state).contains("the addresses of uk.inside are not of the internet"));
    assert_eq!(scene.web.asked(), ["a"]);

    let mut scene = Scene::new();
    let root = vec!["root.inside".to_owned()];
    scene.web.starts.lock().unwrap().insert(name(A), root);
    scene.web.refers("root.inside", ZONE, &place("uk.inside"));
    scene.web.stores("uk.inside");
    scene.add(statement(1), &[A]);
    assert_eq!(scene.state().await, State::Done(Done::Stored));
    assert_eq!(scene.web.asked(), ["root.inside", "uk.inside"]);
}

#[tokio::test]
async fn there_is_an_end_to_referrals() {
    let owner = alice().owner(&name(A)).unwrap();
    let zones: Vec<Name> = owner.ancestors().take(12).collect();
    let scene = |hops| {
        let scene = Scene::with(Limits { hops, ..Limits::default() });
        for (depth, zone) in zones.iter().rev().enumerate() {
            let from = if depth == 0 { "a".to_owned() } else { format!("s{depth}") };
            scene.web.refers(&from, &zone.to_string(), &place(&format!("s{}", depth + 1)));
        }
        scene.web.stores("s12");
        scene.add(statement(1), &[A]);
        scene
    };
    assert_eq!(scene(12).state().await, State::Done(Done::Stored));
    assert_eq!(reason(&scene(11).state().await), "more than 11 referrals");
}
