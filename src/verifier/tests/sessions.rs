//! Messages go out, and tokens come back.

use super::*;
use crate::verification::CourierError;

#[tokio::test]
async fn an_address_is_proved_by_what_is_sent_there() {
    let world = World::new();
    let mut wanted = wanted(&alice(), "s", 1);
    wanted.next_link = Some("https://next.example/".to_owned());
    let user = Caller { mxid: Some(mxid("@alice:a")), ..caller() };
    let id = world.verifier.request_token(wanted, &user).await.unwrap();
    let sent = world.post.sent();
    let [message] = sent.as_slice() else { panic!("{sent:?}") };
    let Errand::Verify { token, link: Some(link), user } = &message.errand else {
        panic!("{message:?}")
    };
    assert_eq!((&message.to, user), (&alice(), &Some("@alice:a".to_owned())));
    assert_eq!(
        *link,
        format!(
            "https://verify.example/_matrix/identity/v2/validate/email/submitToken\
             ?token={}&client_secret=s&sid={id}",
            token.as_str()
        )
    );
    let validated = async || world.verifier.validated(&id, &secret("s")).await;
    assert_eq!(validated().await, Err(Refusal::NotValidated.into()));
    let submit =
        async |secret_, token| world.verifier.submit(&id, &secret(secret_), token, &caller()).await;
    assert_eq!(submit("other", token.as_str()).await, Err(Refusal::Unknown.into()));
    assert_eq!(submit("s", "wrong").await, Err(Refusal::OtherToken.into()));
    let next = submit("s", token.as_str()).await;
    assert_eq!(next, Ok(Some("https://next.example/".to_owned())));
    assert_eq!(validated().await, Ok((alice(), START)));
    assert_eq!(
        world.verifier.validated(&id, &secret("t")).await,
        Err(Refusal::Unknown.into()),
        "it is nobody else's"
    );
}

#[tokio::test]
async fn a_message_goes_out_once_for_an_attempt() {
    let world = World::new();
    let ask = async |attempt| {
        let id = world.verifier.request_token(wanted(&phone(), "s", attempt), &caller()).await;
        (id.unwrap(), world.post.sent().len())
    };
    let (id, sent) = ask(3).await;
    assert_eq!(sent, 1);
    assert_eq!(ask(3).await, (id.clone(), 0));
    assert_eq!(ask(2).await, (id.clone(), 0));
    assert_eq!(ask(4).await, (id, 1));
}

/// Couriers are slow, and who waits for an answer is not patient.
#[tokio::test]
async fn a_request_that_is_repeated_meanwhile_sends_nothing() {
    let world = World::new();
    let ask = async || world.verifier.request_token(wanted(&alice(), "s", 1), &caller()).await;
    let (one, other) = tokio::join!(ask(), ask());
    assert_eq!((one.unwrap(), world.post.sent().len()), (other.unwrap(), 1));
}

#[tokio::test]
async fn who_has_no_guess_left_asks_for_a_token_that_is_good() {
    let world = World::new();
    let ask = async |attempt| {
        let wanted = wanted(&phone(), "s", attempt);
        world.verifier.request_token(wanted, &caller()).await.unwrap()
    };
    let submit = async |id: &SessionId, token: &str| {
        world.verifier.submit(id, &secret("s"), token, &caller()).await
    };
    let dead = ask(1).await;
    world.post.sent();
    for _ in 0..5 {
        assert_eq!(submit(&dead, "x").await, Err(Refusal::OtherToken.into()));
    }
    assert_eq!(submit(&dead, "x").await, Err(Refusal::NoGuessLeft.into()));
    let id = ask(2).await;
    assert_eq!(submit(&id, &world.post.token()).await, Ok(None));
}

#[tokio::test]
async fn digits_come_without_a_link() {
    let world = World::new();
    world.verifier.request_token(wanted(&phone(), "s", 1), &caller()).await.unwrap();
    let sent = world.post.sent();
    let Errand::Verify { token, link: None, .. } = &sent[0].errand else { panic!("{sent:?}") };
    assert_eq!(token.as_str().len(), 6);
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_and_may_be_asked_for_again() {
    let world = World::new();
    let ask = async || world.verifier.request_token(wanted(&alice(), "s", 1), &caller()).await;
    world.post.fail(Some(CourierError::Failed("down".to_owned())));
    assert_eq!(ask().await, Err(Refused::NotSent));
    world.post.fail(Some(CourierError::Refused("no such address".to_owned())));
    assert_eq!(ask().await, Err(Refused::Undeliverable));
    world.post.fail(None);
    assert!(ask().await.is_ok());
    assert_eq!(world.post.sent().len(), 1);
    assert!(ask().await.is_ok());
    assert_eq!(world.post.sent().len(), 0, "it went out");
}

#[tokio::test]
async fn nothing_is_sent_out_of_scope() {
    let world = World::new();
    for text in ["bob@not.example", "org.example.badge:7"] {
        let threepid = Threepid::parse_any(text, None).unwrap();
        let asked = world.verifier.request_token(wanted(&threepid, "s", 1), &caller()).await;
        assert_eq!(asked, Err(Refused::OutOfScope), "{text}");
    }
    assert_eq!(world.post.sent().len(), 0);
}

#[tokio::test]
async fn answers_do_not_tell_who_has_an_address() {
    let world = World::new();
    let bob = Threepid::parse_any("bob@example.com", None).unwrap();
    let held = statement_by("other.example", &alice(), "@alice:a", START);
    world.roots.take(0, &alice(), held);
    world.roots.set_down(0, true);
    world.roots.set_down(1, true);
    for threepid in [alice(), bob] {
        let asked = world.verifier.request_token(wanted(&threepid, "s", 1), &caller()).await;
        assert!(asked.is_ok(), "nobody is asked about it");
    }
}

#[tokio::test]
async fn sessions_end_after_a_day_and_are_forgotten() {
    let world = World::new();
    let id = world.prove(&alice(), "s").await;
    world.clock.advance(24 * HOUR);
    let validated = world.verifier.validated(&id, &secret("s")).await;
    assert_eq!(validated, Err(Refusal::Expired.into()));
    world.clock.advance(MINUTE);
    world.verifier.round().await;
    let validated = world.verifier.validated(&id, &secret("s")).await;
    assert_eq!(validated, Err(Refusal::Unknown.into()));
}
