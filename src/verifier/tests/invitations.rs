//! Invitations wait for whoever binds the address.

use super::*;
use crate::allowance::Rate;
use crate::codec::from_base64_unpadded;
use crate::crypto::{PublicKey, SigningKey};
use crate::signed::{Json, KeyName, NamedKey, Object};
use crate::verification::{CourierError, Room};

fn invite(to: &Threepid) -> Invite {
    Invite {
        threepid: to.clone(),
        room_id: "!room:a".to_owned(),
        sender: mxid("@bob:a"),
        sender_name: Some("Bob & Co".to_owned()),
        room: Room { room_type: Some("m.space".to_owned()), ..Room::default() },
    }
}

impl World {
    pub(super) async fn invite(&self, to: &Threepid) -> Result<Invited, Refused> {
        self.verifier.invite(invite(to), &caller()).await
    }
}

/// The signed part of each invitation that a homeserver was told of.
fn signed(content: &Object) -> Vec<Object> {
    let Some(Json::Array(invites)) = content.get("invites") else { panic!("{content:?}") };
    let signed = |invite: &Json| match invite {
        Json::Object(invite) => match invite.get("signed") {
            Some(Json::Object(signed)) => signed.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    invites.iter().map(signed).collect()
}

fn verifies(signed: &Object, id: &str, key: &PublicKey) -> bool {
    let name = KeyName::new("verify.example".parse().unwrap(), id.parse().unwrap());
    signed.signatures().unwrap().verify(&name, key, &signed.signed_octets()).is_ok()
}

#[tokio::test]
async fn the_message_has_the_key_that_was_made_for_it() {
    let world = World::new();
    let invited = world.invite(&alice()).await.unwrap();
    assert_eq!(invited.display_name, "a...@e...");
    assert_eq!(invited.server_key, world.verifier.keys().current().1);
    let sent = world.post.sent();
    let Errand::Invite { sender, room, link: Some(link) } = &sent[0].errand else {
        panic!("{sent:?}")
    };
    assert_eq!((sender.as_str(), room), ("Bob & Co", &invite(&alice()).room));
    let start = "https://app.example/#/room/%21room%3Aa?email=alice%40example.com&signurl=\
                 https%3A%2F%2Fverify.example%2F_matrix%2Fidentity%2Fv2%2Fsign-ed25519%3Ftoken%3D";
    let rest = link.strip_prefix(start).unwrap();
    let (token, rest) = rest.split_once("%26private_key%3D").unwrap();
    let (key, rest) = rest.split_once('&').unwrap();
    assert_eq!(
        (token, rest),
        (invited.token.as_str(), "room_type=m.space&inviter_name=Bob%20%26%20Co")
    );
    let key = crate::codec::from_percent(&crate::codec::from_percent(key).unwrap()).unwrap();
    let seed = from_base64_unpadded(&key).unwrap().try_into().unwrap();
    assert_eq!(SigningKey::from_seed(&seed).public(), invited.ephemeral_key);
    let kept = world.ledger().invitation(&invited.token).unwrap().unwrap();
    assert_eq!(kept.message, None, "the secret key is in the message alone");
}

#[tokio::test]
async fn the_homeserver_of_who_binds_is_told() {
    let world = World::new();
    let tokens =
        [world.invite(&alice()).await.unwrap().token, world.invite(&alice()).await.unwrap().token];
    world.post.sent();
    world.bind(&alice(), "@alice:home.example").await.unwrap();
    world.verifier.round().await;
    let told = world.homes.told();
    let [(server, content)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(server.as_str(), "home.example");
    let members = ["medium", "address", "mxid"].map(|name| content.string(name).unwrap());
    assert_eq!(members, ["email", "alice@example.com", "@alice:home.example"]);
    assert!(verifies(content, "ed25519:0", &world.verifier.keys().current().1));
    let signed = signed(content);
    let mut told: Vec<_> = signed.iter().map(|it| it.string("token").unwrap()).collect();
    told.sort_unstable();
    let mut tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    tokens.sort_unstable();
    assert_eq!(told, tokens);
    for signed in &signed {
        assert_eq!(signed.string("mxid"), Some("@alice:home.example"));
        assert!(verifies(signed, "ed25519:0", &world.verifier.keys().current().1));
    }
    assert_eq!((world.verifier.round().await, world.homes.told().len()), (None, 0), "once");
    assert_eq!(world.ledger().invitations(&alice(), 9).unwrap(), []);
}

#[tokio::test]
async fn a_homeserver_is_told_again_until_it_knows() {
    let mut world = World::new();
    world.invite(&alice()).await.unwrap();
    world.post.sent();
    world.bind(&alice(), "@alice:home.example").await.unwrap();
    world.homes.fail(Some(NotTold::Later("down".to_owned())));
    let next = world.verifier.round().await.unwrap();
    assert!((15..=30).contains(&next.since(START).as_secs()));
    world.homes.fail(None);
    world.verifier.round().await;
    assert_eq!(world.homes.told().len(), 0, "it is not due");
    world.restart();
    world.clock.advance(MINUTE);
    world.verifier.round().await;
    assert_eq!(world.homes.told().len(), 1);
}

#[tokio::test]
async fn a_homeserver_that_is_gone_is_given_up() {
    let world = World::new();
    world.invite(&alice()).await.unwrap();
    world.post.sent();
    world.bind(&alice(), "@alice:home.example").await.unwrap();
    world.homes.fail(Some(NotTold::Later("down".to_owned())));
    let mut rounds = 0;
    while let Some(next) = world.verifier.round().await {
        world.clock.set(next.max(world.now().saturating_add(Duration::from_millis(1))));
        rounds += 1;
        assert!(rounds < 1000);
    }
    let days = world.now().since(START).as_secs() / (24 * 3600);
    assert!((29..=30).contains(&days), "{days} days, {rounds} rounds");
}

#[tokio::test]
async fn who_has_an_address_is_invited_directly() {
    let world = World::with(|settings| {
        settings.bounds[Bound::MessagesPerAddress] = Rate::per_hour(10);
    });
    let held = statement_by("other.example", &alice(), "@alice:a", START);
    world.roots.take(1, &alice(), held);
    assert_eq!(world.invite(&alice()).await, Err(Refused::InUse(mxid("@alice:a"))));
    world.clock.advance(MINUTE);
    world.roots.take(1, &alice(), withdrawal_by("other.example", &alice(), world.now()));
    assert!(world.invite(&alice()).await.is_ok());
    world.post.sent();
    world.bind(&alice(), "@alice:a").await.unwrap();
    assert_eq!(world.invite(&alice()).await, Err(Refused::InUse(mxid("@alice:a"))), "at once");
}

#[tokio::test]
async fn nobody_waits_who_was_not_told() {
    let world = World::new();
    world.post.fail(Some(CourierError::Refused("no such address".to_owned())));
    assert_eq!(world.invite(&alice()).await, Err(Refused::Undeliverable));
    assert_eq!(world.ledger().invitations(&alice(), 9).unwrap(), []);
    let out = Threepid::parse_any("bob@not.example", None).unwrap();
    assert_eq!(world.invite(&out).await, Err(Refused::OutOfScope));
}

#[tokio::test]
async fn another_one_gives_way_once_the_message_is_out() {
    let world = World::with(|settings| settings.limits.invitations.of_sender = 1);
    let first = world.invite(&alice()).await.unwrap();
    let waits = |token: &str| world.ledger().invitation(token).unwrap().is_some();
    world.post.fail(Some(CourierError::Refused("no such address".to_owned())));
    assert_eq!(world.invite(&alice()).await, Err(Refused::Undeliverable));
    assert!(waits(&first.token), "nobody was told of the other");
    world.post.fail(None);
    world.clock.advance(MINUTE);
    let second = world.invite(&alice()).await.unwrap();
    assert!(waits(&second.token) && !waits(&first.token));
}

#[tokio::test]
async fn invitations_do_not_wait_for_ever() {
    let world = World::with(|settings| settings.limits.invitations.at_address = 1);
    let invited = world.invite(&alice()).await.unwrap();
    let key = crate::codec::base64_unpadded(invited.ephemeral_key.octets());
    let day = Duration::from_secs(24 * 3600);
    for (days, waits, is_valid) in [(90, true, true), (1, false, true), (275, false, false)] {
        world.clock.advance(day * days);
        world.verifier.round().await;
        let waiting = world.ledger().invitation(&invited.token).unwrap();
        assert_eq!(waiting.is_some(), waits, "{days}");
        assert_eq!(world.ledger().is_ephemeral(&key), Ok(is_valid), "{days}");
    }
    assert!(world.invite(&alice()).await.is_ok(), "there is a place again");
}

/// The room knows the key of the time when the invitation was sent, and no other.
#[tokio::test]
async fn an_invitation_outlives_the_key_it_was_sent_under() {
    let world = World::new();
    let invited = world.invite(&alice()).await.unwrap();
    world.post.sent();
    let (server, old) = ("verify.example".parse().unwrap(), named_key("verify.example"));
    let next = NamedKey { id: "ed25519:1".parse().unwrap(), ..named_key("other") };
    world.verifier.sign_with(SigningKeys::new(server, next).after(old));
    world.bind(&alice(), "@alice:home.example").await.unwrap();
    world.verifier.round().await;
    let told = world.homes.told();
    let signed = signed(&told[0].1);
    assert!(verifies(&signed[0], "ed25519:0", &invited.server_key));
    assert!(verifies(&signed[0], "ed25519:1", &world.verifier.keys().current().1));
}

#[tokio::test]
async fn what_waited_is_not_told_after_the_address_was_given_up() {
    let world = World::new();
    world.invite(&alice()).await.unwrap();
    world.post.sent();
    world.bind(&alice(), "@alice:home.example").await.unwrap();
    let by = Proof::Homeserver("home.example".parse().unwrap());
    world.verifier.unbind(&alice(), &mxid("@alice:home.example"), &by, &caller()).await.unwrap();
    world.verifier.round().await;
    assert_eq!(world.homes.told().len(), 0);
    assert_eq!(world.ledger().invitations(&alice(), 9).unwrap().len(), 1, "it waits for the next");
}
