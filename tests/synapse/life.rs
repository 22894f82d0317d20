//! The whole life of an association, with a real homeserver and real mail.

use std::time::Duration;

use serde_json::json;
use threepid::association::{Claim, Statement};
use threepid::codec::hex;
use threepid::threepid::Threepid;
use tokio::time::{Instant, sleep};

use super::PATIENCE;
use super::gateway::Gateway;
use super::homeserver::{Synapse, User};
use super::identity::{Identity, SIGNER};
use super::sink::Sink;
use crate::interop::process::output;
use crate::publish::world::{TREES, World};

/// How long to wait before what did not come is asked for again: users may look up ten times a second.
const PAUSE: Duration = Duration::from_millis(100);

const ALICE: &str = "alice@example.com";
const CAROL: &str = "carol@example.com";

fn mail(address: &str) -> Threepid {
    Threepid::parse_any(address, None).expect("an identifier")
}

/// What is asked for until it comes: what is new takes a moment to be served, and resolvers remember for
/// another that there was nothing.
pub(super) async fn until<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        match ask().await {
            Some(it) => return it,
            None => sleep(PAUSE).await,
        }
    }
    panic!("{what} did not come");
}

/// What the authority of a tree, asked directly, says of an address once that is as wanted.
async fn served(
    world: &World,
    tree: usize,
    address: &str,
    is_wanted: impl Fn(&Claim) -> bool,
) -> Statement {
    let ask = async || match world.ask(tree, TREES[tree], &mail(address)).await {
        Some((statement, true)) if is_wanted(statement.claim()) => Some(statement),
        _ => None,
    };
    until(&format!("what is wanted of {address} in {}", TREES[tree]), ask).await
}

/// What lies in the tree about an address, once it belongs to somebody.
async fn published(world: &World, tree: usize, address: &str, mxid: &str) -> Statement {
    let is_it = |claim: &Claim| matches!(claim, Claim::Association(it) if it.mxid.as_str() == mxid);
    served(world, tree, address, is_it).await
}

/// What `dig` hears of an address from the resolver.
fn dig(world: &World, address: &str) -> String {
    let resolver = world.resolver();
    let (at, port) = (format!("@{}", resolver.ip()), resolver.port().to_string());
    let name = mail(address).owner(&TREES[0].parse().expect("a name")).expect("it has a name");
    output("dig", &[&at, "-p", &port, "+dnssec", &name.to_string(), "TYPE65301"])
}

/// Invites an address into a new room, which it gives.
pub(super) async fn invite(
    user: &User<'_>,
    identity: &Identity,
    token: &str,
    address: &str,
) -> String {
    let room = user.post("v3/createRoom", json!({"name": "Tea"})).await;
    let room = room["room_id"].as_str().expect("a room").to_owned();
    let whom = json!({
        "id_server": identity.name,
        "id_access_token": token,
        "medium": "email",
        "address": address,
    });
    user.post(&format!("v3/rooms/{}/invite", threepid::codec::percent(&room)), whom).await;
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proved_bound_found_invited_and_let_go() {
    let (world, mut sink) = (World::start("").await, Sink::start().await);
    let identity = Identity::start(&world, &sink, &Gateway::start().await).await;
    let synapse = Synapse::start(world.directory(), &identity.name, identity.http.clone());
    let [alice, bob, carol] = [
        synapse.register("alice").await,
        synapse.register("bob").await,
        synapse.register("carol").await,
    ];
    let [alices, bobs, carols] = [
        identity.account(&alice).await,
        identity.account(&bob).await,
        identity.account(&carol).await,
    ];

    // Verified by mail, bound, and published at both roots.
    let validated = identity.verify(&alices, ALICE, &mut sink).await;
    identity.bind(&alice, &alices, validated).await;
    let mut statements = Vec::new();
    for tree in [0, 1] {
        let statement = published(&world, tree, ALICE, &alice.mxid).await;
        let signers: Vec<&str> =
            statement.signatures().iter().map(|(key, _)| key.server.as_str()).collect();
        assert_eq!(signers, [SIGNER]);
        statements.push(statement);
    }
    assert_eq!(statements[0], statements[1]);

    // Found by the command line, by `dig` and by Matrix.
    let expected = format!("{ALICE}: {}, proved", alice.mxid);
    let found = async || {
        let ran = world.run(&["lookup", "-c", "client.toml", ALICE]).await;
        ran.stdout.starts_with(&expected).then_some(())
    };
    until("what is published, by the command line", found).await;
    let heard = tokio::task::block_in_place(|| dig(&world, ALICE));
    let data: String = heard.split_whitespace().collect();
    let mxid = hex(alice.mxid.as_bytes()).to_uppercase();
    assert!(heard.contains(" ad;") && data.contains(&mxid), "{heard}");
    let found = async || {
        let mxid = identity.find(&bobs, ALICE, "none").await;
        (!mxid.is_null()).then_some(mxid)
    };
    assert_eq!(until("what is published, by Matrix", found).await, alice.mxid.as_str());

    // Invited by an address that is somebody's, and by one that will be.
    let room = invite(&bob, &identity, &bobs, ALICE).await;
    alice.join_when_invited(&room).await;
    let room = invite(&bob, &identity, &bobs, CAROL).await;
    assert!(sink.next(CAROL).await.text.contains("Tea"));
    let validated = identity.verify(&carols, CAROL, &mut sink).await;
    identity.bind(&carol, &carols, validated).await;
    carol.join_when_invited(&room).await;

    // Let go by the homeserver: withdrawn at both roots, and what was said before is not taken again.
    let of = json!({"medium": "email", "address": ALICE, "id_server": identity.name});
    let unbound = alice.post("v3/account/3pid/unbind", of).await;
    assert_eq!(unbound["id_server_unbind_result"], "success");
    for tree in [0, 1] {
        served(&world, tree, ALICE, Claim::is_withdrawal).await;
        let old = statements[tree].to_json(&mail(ALICE));
        let (status, errcode, _) = world.post(tree, old).await;
        assert_eq!((status, errcode.as_str()), (409, "THREEPID_SUPERSEDED"));
        published(&world, tree, CAROL, &carol.mxid).await;
    }
    identity.stop().await;
    world.stop().await;
}
