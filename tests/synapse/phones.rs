//! A homeserver that has no SMS of its own leaves phones to us (`account_threepid_delegates`).

use serde_json::json;
use threepid::transport::http::{Method, StatusCode};

use super::gateway::Gateway;
use super::homeserver::Synapse;
use super::identity::Identity;
use super::sink::Sink;
use crate::publish::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_proved_here_is_added_to_an_account_there() {
    let (world, sink, mut gateway) =
        (World::start("").await, Sink::start().await, Gateway::start().await);
    let identity = Identity::start(&world, &sink, &gateway).await;
    let synapse = Synapse::start(world.directory(), &identity.name, identity.http.clone());
    let alice = synapse.register("alice").await;
    let wanted = json!({
        "client_secret": "secret",
        "country": "GB",
        "phone_number": "07700 900123",
        "send_attempt": 1,
    });
    let session = alice.post("v3/account/3pid/msisdn/requestToken", wanted).await;
    assert_eq!(session["msisdn"], "447700900123");
    let text = gateway.next("447700900123").await;
    let token = text.split_whitespace().next().expect("a code");
    let given =
        |token: &str| json!({"client_secret": "secret", "sid": session["sid"], "token": token});
    let submit = "unstable/add_threepid/msisdn/submit_token";
    let (status, wrong) = alice.ask(Method::POST, submit, Some(&given("0"))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    let right = alice.post(submit, given(token)).await;
    assert_eq!(right["success"], true);
    let added = json!({"client_secret": "secret", "sid": session["sid"]});
    alice.post_with_password("v3/account/3pid/add", added).await;
    let own = alice.get("v3/account/3pid").await;
    assert_eq!(own["threepids"][0]["address"], "447700900123");
    identity.stop().await;
    world.stop().await;
}
