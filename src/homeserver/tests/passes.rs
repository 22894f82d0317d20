//! Homeservers that do not answer, and those who name them.

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

/// Servers that take connections and say nothing: `b.example` is somewhere else than the others.
fn tarpits() -> World {
    let world = World::default();
    for host in ["a", "b", "c", "d"] {
        let host = format!("{host}.example");
        world.set(&format!("https://{host}:1/_matrix/federation/v1/openid/userinfo"), |_| None);
        world.host(&host, if host == "b.example" { &["192.0.2.2"] } else { &["192.0.2.1"] });
    }
    world
}

/// Bounds that are not met.
fn wide() -> Limits {
    Limits {
        at_once: 100,
        at_once_for_clients: 100,
        at_once_per_client: 100,
        at_once_per_server: 100,
        at_once_per_network: 100,
        ..Limits::default()
    }
}

/// Has servers asked, each by a client, all at once: those that were got no pass.
async fn turned_away(
    homeservers: &Arc<Homeservers<World>>,
    asked: &[(&'static str, u8)],
) -> Vec<(&'static str, u8)> {
    let mut asking = JoinSet::new();
    for &(host, client) in asked {
        let (homeservers, server) = (homeservers.clone(), server(&format!("{host}.example:1")));
        let at = Ipv4Addr::new(198, 51, 100, client).into();
        asking.spawn(async move { ((host, client), homeservers.owner(&server, "x", at).await) });
    }
    let is_busy = |owner: &Result<Mxid, Refused>| *owner == Err(Refused::Busy);
    let answers = asking.join_all().await;
    answers.into_iter().filter(|(_, owner)| is_busy(owner)).map(|(asked, _)| asked).collect()
}

#[tokio::test(start_paused = true)]
async fn who_names_those_who_do_not_answer_leaves_passes_for_others() {
    let clients = |most| Limits { at_once_for_clients: most, ..wide() };
    let per_client = |most| Limits { at_once_per_client: most, ..wide() };
    let per_server = |most| Limits { at_once_per_server: most, ..wide() };
    let per_network = |most| Limits { at_once_per_network: most, ..wide() };
    for (bound, limits, asked) in [
        ("at_once", Limits { at_once: 2, ..wide() }, [("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
        ("at_once_for_clients", clients(2), [("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
        ("at_once_per_client", per_client(1), [("a", 1), ("b", 2), ("c", 1), ("d", 2)]),
        ("at_once_per_server", per_server(1), [("a", 1), ("b", 2), ("A", 3), ("b", 4)]),
        ("at_once_per_network", per_network(1), [("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
    ] {
        let telemetry = Telemetry::new("t");
        let homeservers = Arc::new(tarpits().counting(limits, &telemetry).0);
        for round in 1..=2 {
            let away = turned_away(&homeservers, &asked).await;
            assert_eq!(away, asked[2..], "{bound}, round {round}: there is room again");
            let line =
                format!("t_homeservers_turned_away_total{{bound=\"{bound}\"}} {}\n", 2 * round);
            assert!(telemetry.render().contains(&line), "{}", telemetry.render());
        }
    }
}

#[test]
fn clients_of_a_proxy_on_this_machine_are_not_one() {
    let (passes, a) = (Passes::new(&Telemetry::new("t")), server("a.example"));
    let limits = Limits { at_once_per_client: 1, ..wide() };
    let ask = |client: &str| passes.ask(&a, By::Client(client.parse().unwrap()), &limits);
    let _held = ["::1", "::1", "127.0.0.1", "127.0.0.1", "192.0.2.1"].map(|by| ask(by).unwrap());
    assert_eq!(ask("192.0.2.1").err(), Some(Refused::Busy));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_is_not_waited_for() {
    let (homeservers, _) = tarpits().homeservers();
    let (start, a) = (Instant::now(), server("a.example:1"));
    let owner = homeservers.owner(&a, "x", CLIENT).await;
    assert_eq!(owner, Err(Refused::Unreachable(a)));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn clients_leave_passes_for_what_there_is_to_tell() {
    let world = tarpits();
    world.says("https://b.example:1/_matrix/federation/v1/3pid/onbind", 200, "{}");
    let limits = Limits { at_once: 3, at_once_for_clients: 2, ..wide() };
    let homeservers = Arc::new(world.within(limits).0);
    let (start, b) = (Instant::now(), server("b.example:1"));
    let clients = turned_away(&homeservers, &[("a", 1), ("b", 2), ("c", 3)]);
    let told = async {
        tokio::task::yield_now().await;
        let told = homeservers.onbind(&b, &Object::default()).await;
        (told, start.elapsed())
    };
    let (away, told) = tokio::join!(clients, told);
    assert_eq!((away, told), (vec![("c", 3)], (Ok(()), Duration::ZERO)));
}

#[tokio::test(start_paused = true)]
async fn that_too_many_are_asked_is_not_remembered_of_a_server() {
    let world = tarpits();
    world.delegates("c.example", "b.example:1");
    let limits = Limits { at_once_per_network: 1, ..wide() };
    let homeservers = Arc::new(world.within(limits).0);
    let key = |host: &str| KeyName::new(server(host), "ed25519:1".parse().unwrap());
    let others = turned_away(&homeservers, &[("a", 1)]);
    let meanwhile = async {
        tokio::task::yield_now().await;
        let by_document = homeservers.owner(&server("c.example"), "x", CLIENT).await;
        let key = homeservers.key(&key("d.example:1"), CLIENT).await;
        (by_document.err(), key.err())
    };
    let (_, refused) = tokio::join!(others, meanwhile);
    assert_eq!(refused, (Some(Refused::Busy), Some(Refused::Busy)));
    let delegated = homeservers.delegated("c.example").await;
    assert_eq!(delegated, Ok(Some(server("b.example:1"))));
    let key = homeservers.key(&key("d.example:1"), CLIENT).await;
    assert!(matches!(key, Err(Refused::Failed { .. })), "{key:?}");
}

#[tokio::test]
async fn the_first_address_that_takes_connections_is_asked() {
    let world = World::default();
    world.host("a.example", &["192.0.2.9", "192.0.2.1", "192.0.2.2"]);
    let (homeservers, _) = world.homeservers();
    homeservers.onbind(&server("a.example:1"), &Object::default()).await.unwrap_err();
    let url = "https://a.example:1/_matrix/federation/v1/3pid/onbind";
    let expected = ["192.0.2.9:1", "192.0.2.1:1"].map(|address| format!("{url} at {address}"));
    assert_eq!(world.asked(), expected);
}
