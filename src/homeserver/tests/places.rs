//! Where names lead to.

use super::*;
use crate::homeserver::locate::Place;

/// Where a name leads to: whose certificate is expected, and where to connect to.
async fn place(world: &World, name: &str) -> Result<String, Refused> {
    let Place { authority, addresses } = world.homeservers().0.locate(&server(name)).await?;
    let told = |addresses: Vec<std::net::SocketAddr>| format!("{authority} at {addresses:?}");
    Ok(addresses.map_or(authority.clone(), told))
}

#[tokio::test]
async fn addresses_and_ports_tell_by_themselves() {
    let world = World::default();
    for (name, expected) in [
        ("192.0.2.1", "192.0.2.1 at [192.0.2.1:8448]"),
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("[2001:db8::1]", "[2001:db8::1] at [[2001:db8::1]:8448]"),
        ("[2001:db8::1]:1", "[2001:db8::1]:1"),
        ("a.example:8448", "a.example:8448"),
    ] {
        assert_eq!(place(&world, name).await.as_deref(), Ok(expected));
    }
    assert_eq!(world.asked(), [""; 0]);
}

#[tokio::test]
async fn a_document_names_another_and_its_name_is_the_one_that_counts() {
    let world = World::default();
    world.host("b.example", &["192.0.2.2"]);
    world.host("c.example", &["192.0.2.3"]);
    for (delegated, expected) in [
        ("192.0.2.1", "192.0.2.1 at [192.0.2.1:8448]"),
        ("192.0.2.1:1", "192.0.2.1:1"),
        ("b.example:443", "b.example:443"),
        ("b.example", "b.example at [192.0.2.2:8448]"),
    ] {
        world.delegates("a.example", delegated);
        assert_eq!(place(&world, "a.example").await.as_deref(), Ok(expected));
    }
    world.srv("_matrix-fed._tcp.b.example", &[("c.example", 9)]);
    assert_eq!(place(&world, "a.example").await.as_deref(), Ok("b.example at [192.0.2.3:9]"));
    world.delegates("b.example", "c.example:1");
    let once = place(&world, "a.example").await;
    assert_eq!(once.as_deref(), Ok("b.example at [192.0.2.3:9]"), "it is not followed twice");
}

#[tokio::test]
async fn services_come_in_order_and_the_new_ones_first() {
    let world = World::default();
    world.host("a.example", &["192.0.2.1", "2001:db8::1"]);
    world.host("b.example", &["192.0.2.2"]);
    world.host("c.example", &["192.0.2.3"]);
    let expect = async |expected: &str| {
        assert_eq!(place(&world, "a.example").await.as_deref(), Ok(expected));
    };
    expect("a.example at [192.0.2.1:8448, [2001:db8::1]:8448]").await;
    world.srv("_matrix._tcp.a.example", &[("c.example", 3)]);
    expect("a.example at [192.0.2.3:3]").await;
    world.host("d.example", &[]);
    world
        .srv("_matrix-fed._tcp.a.example", &[("b.example", 1), ("d.example", 5), ("c.example", 2)]);
    expect("a.example at [192.0.2.2:1, 192.0.2.3:2]").await;
    let many: Vec<_> = (1..9).map(|port| ("b.example", port)).collect();
    world.srv("_matrix-fed._tcp.a.example", &many);
    expect("a.example at [192.0.2.2:1, 192.0.2.2:2, 192.0.2.2:3, 192.0.2.2:4]").await;
}

#[tokio::test]
async fn what_cannot_be_looked_up_now_is_not_taken_for_nothing() {
    let world = World::default();
    world.host("a.example", &["192.0.2.1"]);
    let name = "_matrix-fed._tcp.a.example".parse().unwrap();
    world.services.lock().unwrap().insert(name, Err(LookupError::Silent));
    let unreachable = Refused::Unreachable(server("a.example"));
    assert_eq!(place(&world, "a.example").await, Err(unreachable));
    let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(50));
    assert!(place(&world, &long).await.is_err(), "it has no room for a service");
}
