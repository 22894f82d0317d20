//! Nobody comes more often than he may.

use super::*;
use crate::allowance::Rate;

fn too_often<T: std::fmt::Debug>(result: Result<T, Refused>, of: Bound) -> bool {
    matches!(result, Err(Refused::TooOften { bound, .. }) if bound == of)
}

fn from(network: &str) -> Caller {
    Caller { network: network.parse().unwrap(), mxid: None }
}

/// How many of so many pass before one is turned away.
async fn pass<A: Future<Output = bool>>(most: usize, one: impl Fn(usize) -> A) -> usize {
    for number in 0..most {
        if !one(number).await {
            return number;
        }
    }
    most
}

fn address(number: usize) -> Threepid {
    Threepid::parse_any(&format!("p{number}@d{number}.example"), None).unwrap()
}

#[tokio::test]
async fn messages_to_one_address_are_few_whoever_asks() {
    let world = World::new();
    let ask = async |number: usize| {
        let caller = from(&format!("198.51.100.{number}"));
        let wanted = wanted(&alice(), &format!("s{number}"), 1);
        !too_often(world.verifier.request_token(wanted, &caller).await, Bound::Messages)
    };
    assert_eq!(pass(99, ask).await, 5);
    assert_eq!(world.post.sent().len(), 5);
    world.clock.advance(HOUR / 5);
    assert!(ask(100).await);
}

#[tokio::test]
async fn a_refused_message_uses_up_no_attempt() {
    let world = World::new();
    let ask = async |attempt: u64, secret: &str| {
        world.verifier.request_token(wanted(&alice(), secret, attempt), &caller()).await
    };
    for number in 1..=5 {
        ask(number, "s").await.unwrap();
    }
    assert!(too_often(ask(6, "s").await, Bound::Messages));
    world.post.sent();
    world.clock.advance(HOUR);
    ask(6, "s").await.unwrap();
    assert_eq!(world.post.sent().len(), 1);
}

#[tokio::test]
async fn messages_for_one_client_are_few_whatever_the_address() {
    let world = World::new();
    let ask = async |number: usize| {
        let wanted = wanted(&address(number), "s", 1);
        !too_often(world.verifier.request_token(wanted, &caller()).await, Bound::Messages)
    };
    assert_eq!(pass(999, ask).await, 100);
    let user = Caller { mxid: Some(mxid("@a:b")), ..from("2001:db8::1") };
    let ask = async |number: usize| {
        let wanted = wanted(&address(1000 + number), "s", 1);
        !too_often(world.verifier.request_token(wanted, &user).await, Bound::Messages)
    };
    assert_eq!(pass(999, ask).await, 20);
}

#[tokio::test]
async fn messages_to_one_phone_prefix_are_few() {
    let world = World::new();
    let ask = async |number: usize| {
        let threepid = Threepid::parse_any(&format!("+447700900{number:03}"), None).unwrap();
        let caller = from(&format!("198.51.100.{number}"));
        let asked = world.verifier.request_token(wanted(&threepid, "s", 1), &caller).await;
        !too_often(asked, Bound::Messages)
    };
    assert_eq!(pass(200, ask).await, 60);
}

/// Five guesses a session, and a new session as soon as they are used up: of one address no more are looked
/// at in an hour than its bound, from wherever they come.
#[tokio::test]
async fn guesses_at_one_address_are_few_over_all_its_sessions() {
    let world = World::with(|settings| {
        settings.bounds.messages_per_address = Rate::per_hour(1000);
    });
    let mut looked_at = 0;
    for session in 0..30 {
        let caller = from(&format!("198.51.100.{session}"));
        let name = format!("s{session}");
        let wanted = wanted(&phone(), &name, 1);
        let id = world.verifier.request_token(wanted, &caller).await.unwrap();
        for _ in 0..5 {
            let guess = world.verifier.submit(&id, &secret(&name), "x", &caller).await;
            looked_at += usize::from(!too_often(guess, Bound::Guesses));
        }
    }
    assert_eq!(looked_at, 20);
}

/// Nobody guesses what is in a link, and what is not compared is no guess.
#[tokio::test]
async fn what_is_no_guess_uses_up_none_of_the_address() {
    let world = World::with(|settings| settings.bounds.guesses_per_address = Rate::per_hour(7));
    let submit = async |id: &SessionId, secret_: &str, token: &str| {
        world.verifier.submit(id, &secret(secret_), token, &caller()).await
    };
    for threepid in [alice(), phone()] {
        let ask = async |name| {
            world.verifier.request_token(wanted(&threepid, name, 1), &caller()).await.unwrap()
        };
        let of_another = ask("another").await;
        world.post.sent();
        for _ in 0..20 {
            let guess = submit(&of_another, "another", "x").await;
            assert!(matches!(guess, Err(Refused::Session(_))), "{guess:?}");
        }
        let id = ask("s").await;
        let token = world.post.token();
        assert_eq!(submit(&id, "s", "x").await, Err(Refusal::OtherToken.into()));
        assert_eq!(submit(&id, "s", &token).await, Ok(None));
    }
}

#[tokio::test]
async fn tokens_of_one_client_are_few() {
    let world = World::new();
    let id: SessionId = "none".parse().unwrap();
    let guess = async |_| {
        let guess = world.verifier.submit(&id, &secret("s"), "x", &caller()).await;
        !too_often(guess, Bound::Guesses)
    };
    assert_eq!(pass(999, guess).await, 200);
}

/// Neither who has nothing there, nor who is turned away.
#[tokio::test]
async fn nobody_uses_up_the_changes_of_others() {
    let world = World::with(|settings| {
        settings.bounds.associations_per_user = Rate::per_hour(2);
        settings.bounds.associations_per_address = Rate::per_hour(2);
    });
    let unbind = async |of: &str, network: usize| {
        let by = Proof::Homeserver(mxid(of).server());
        let caller = from(&format!("198.51.100.{network}"));
        world.verifier.unbind(&alice(), &mxid(of), &by, &caller).await
    };
    world.bind(&alice(), "@alice:a.example").await.unwrap();
    for number in 0..20 {
        let unbound = unbind(&format!("@x{number}:evil.example"), number).await;
        assert_eq!(unbound, Err(Refused::NotBound));
    }
    assert_eq!(unbind("@alice:a.example", 1).await, Ok(()));
    let id = world.prove(&alice(), "again").await;
    for number in 0..20 {
        let (to, network) = (mxid("@alice:a.example"), from(&format!("203.0.113.{number}")));
        let bound = world.verifier.bind(&id, &secret("again"), &to, &network).await;
        assert!(too_often(bound, Bound::Associations), "the address has had enough");
    }
    world.bind(&address(1), "@alice:a.example").await.unwrap();
}

#[tokio::test]
async fn associations_are_few_for_a_user_an_address_and_a_network() {
    let world = World::with(|settings| {
        settings.bounds.associations_per_user = Rate::per_hour(5);
        settings.bounds.associations_per_address = Rate::per_hour(4);
        settings.bounds.associations_per_network = Rate::per_hour(6);
    });
    let bind = async |threepid: Threepid, to: String, network: String| {
        let id = world.prove(&threepid, "s").await;
        let bound = world.verifier.bind(&id, &secret("s"), &mxid(&to), &from(&network)).await;
        !too_often(bound, Bound::Associations)
    };
    let of_user = async |number: usize| {
        bind(address(number), "@a:b".to_owned(), format!("198.51.100.{number}")).await
    };
    assert_eq!(pass(50, of_user).await, 5);
    let id = world.prove(&alice(), "s").await;
    let of_address = async |number: usize| {
        let (to, network) = (mxid(&format!("@u{number}:b")), from(&format!("203.0.113.{number}")));
        let bound = world.verifier.bind(&id, &secret("s"), &to, &network).await;
        !too_often(bound, Bound::Associations)
    };
    assert_eq!(pass(50, of_address).await, 4);
    let of_network = async |number: usize| {
        bind(address(100 + number), format!("@n{number}:b"), "192.0.2.99".to_owned()).await
    };
    assert_eq!(pass(50, of_network).await, 6);
}
