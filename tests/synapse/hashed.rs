//! A homeserver that looks people up by hashes of their addresses, as it does wherever these are offered.

use super::gateway::Gateway;
use super::homeserver::Synapse;
use super::identity::Identity;
use super::life::{invite, until};
use super::sink::Sink;
use crate::publish::world::World;

const ALICE: &str = "alice@example.com";

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invited_by_mail_is_found_by_hash() {
    let (mut world, mut sink) = (World::start("").await, Sink::start().await);
    let identity = Identity::start_within(&mut world, &sink, &Gateway::start().await).await;
    let synapse = Synapse::start(world.directory(), &identity.name, identity.http.clone());
    let (alice, bob) = (synapse.register("alice").await, synapse.register("bob").await);
    let (alices, bobs) = (identity.account(&alice).await, identity.account(&bob).await);
    let validated = identity.verify(&alices, ALICE, &mut sink).await;
    identity.bind(&alice, &alices, validated).await;
    let found = async || {
        let mxid = identity.find(&bobs, ALICE, "sha256").await;
        (!mxid.is_null()).then_some(mxid)
    };
    assert_eq!(until("what is published, by its hash", found).await, alice.mxid.as_str());
    // No mail tells of it: the invitation is hers, and waits for nobody.
    let room = invite(&bob, &identity, &bobs, ALICE).await;
    alice.join_when_invited(&room).await;
    sink.is_empty();
    world.stop().await;
}
