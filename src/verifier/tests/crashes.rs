//! A process that ends at any moment loses nothing that it owes.

use super::*;
use crate::store::ledger::{Invitation, InvitationMessage};
use crate::stub::publish::EntryId;
use crate::verification::{Delivery, Session};

/// The session was kept, and the process ended before its message went out.
#[tokio::test]
async fn a_message_that_was_due_is_sent_when_the_process_starts_again() {
    let mut world = World::new();
    let limits = crate::verification::Limits::default();
    let session =
        Session::open(alice(), secret("s"), 1, None, &limits, &mut crate::crypto::OsRandom, START);
    let id: SessionId = "id".parse().unwrap();
    world.ledger().add_session(&id, &session, &limits).unwrap();
    world.restart();
    world.verifier.resume().await;
    let token = world.post.token();
    assert!(session.token().is(&token));
    assert_eq!(world.ledger().session(&id).unwrap().unwrap().delivery, Delivery::Sent);
    world.restart();
    world.verifier.resume().await;
    assert_eq!(world.post.sent().len(), 0, "once");
    world.verifier.submit(&id, &secret("s"), &token, &caller()).await.unwrap();
}

/// It was signed, and the process ended before it was in the outbox.
#[tokio::test]
async fn what_was_signed_is_published_when_the_process_starts_again() {
    let mut world = World::new();
    let statement = statement_by("verify.example", &alice(), "@alice:a", START);
    let until = START.saturating_add(HOUR);
    world.ledger().sign((&alice(), &statement), &[], until).unwrap();
    world.restart();
    world.verifier.resume().await;
    world.publish().await;
    assert_eq!(world.roots.held(&alice()), [Some(statement.clone()), Some(statement)]);
    world.verifier.resume().await;
    assert!(world.outbox.entries().unwrap().is_empty(), "once");
}

/// The disk of the outbox fails, and heals.
#[tokio::test]
async fn what_the_outbox_did_not_take_comes_there_later() {
    let world = World::new();
    let id = world.prove(&alice(), "s").await;
    let lock = world.folder().join("outbox/lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    let bound = world.verifier.bind(&id, &secret("s"), &mxid("@alice:a"), &caller()).await;
    assert_eq!(bound, Err(Refused::Unavailable));
    std::fs::remove_dir(&lock).unwrap();
    world.verifier.round().await;
    assert!(world.outbox.find(&EntryId::of(&alice())).unwrap().is_some());
}

#[tokio::test]
async fn an_invitation_that_was_due_is_told_of_when_the_process_starts_again() {
    let mut world = World::new();
    let message = InvitationMessage {
        sender_name: None,
        room_name: Some("Tea".to_owned()),
        room_type: None,
        room_avatar: None,
        secret_key: "key".to_owned(),
    };
    let invitation = Invitation {
        token: "token".to_owned(),
        sender: "@bob:a".to_owned(),
        room_id: "!room:a".to_owned(),
        ephemeral_key: "public".to_owned(),
        since: START.as_millis(),
        message: Some(message),
    };
    world.ledger().add_invitation(&alice(), &invitation).unwrap();
    world.restart();
    world.verifier.resume().await;
    let sent = world.post.sent();
    let Errand::Invite { sender, room, .. } = &sent[0].errand else { panic!() };
    assert_eq!((sender.as_str(), room.name.as_deref()), ("@bob:a", Some("Tea")));
    world.verifier.resume().await;
    assert_eq!(world.post.sent().len(), 0, "once");
}
