//! Nobody comes more often than he may.

use super::*;
use crate::allowance::Rate;

fn too_often<T: std::fmt::Debug>(result: Result<T, Refused>, of: Asked) -> bool {
    matches!(result, Err(Refused::TooOften { asked, .. }) if asked == of)
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
        !too_often(world.verifier.request_token(wanted, &caller).await, Asked::Messages)
    };
    assert_eq!(pass(99, ask).await, 3);
    assert_eq!(world.post.sent().len(), 3);
    world.clock.advance(HOUR / 3);
    assert!(ask(100).await);
}

#[tokio::test]
async fn a_refused_message_uses_up_no_attempt() {
    let world = World::new();
    let ask = async |attempt: u64, secret: &str| {
        world.verifier.request_token(wanted(&alice(), secret, attempt), &caller()).await
    };
    for number in 1..=3 {
        ask(number, "s").await.unwrap();
    }
    assert!(too_often(ask(4, "s").await, Asked::Messages));
    world.post.sent();
    world.clock.advance(HOUR);
    ask(4, "s").await.unwrap();
    assert_eq!(world.post.sent().len(), 1);
}

/// Asks for a message to each of these, from where and by whom `caller` says. Tells how many went out before one
/// was refused, and by which bound.
async fn messages(
    world: &World,
    caller: impl Fn(usize) -> Caller,
    to: impl Fn(usize) -> Threepid,
) -> (usize, String) {
    let ask = async |number: usize| {
        let wanted = wanted(&to(number), &format!("m{number}"), 1);
        !too_often(world.verifier.request_token(wanted, &caller(number)).await, Asked::Messages)
    };
    let passed = pass(2000, ask).await;
    let told = world.telemetry.render();
    let met = told.lines().filter_map(|line| {
        line.strip_prefix("t_verification_turned_away_total{bound=\"")?.strip_suffix("\"} 1")
    });
    (passed, met.collect())
}

fn user(number: usize, server: &str, network: &str) -> Caller {
    Caller { mxid: Some(mxid(&format!("@u{number}:{server}"))), ..from(network) }
}

fn number_in(prefix: usize, number: usize) -> Threepid {
    Threepid::parse_any(&format!("+{prefix}00{number:04}"), None).unwrap()
}

/// Mails to many domains, each of a caller like these.
async fn mails(caller: impl Fn(usize) -> Caller) -> (usize, String) {
    messages(&World::new(), caller, address).await
}

#[tokio::test]
async fn messages_for_one_client_are_few_whatever_the_address() {
    let met = |passed: usize, bound: &str| (passed, bound.to_owned());
    let one = mails(|_| from("192.0.2.1")).await;
    assert_eq!(one, met(15, "messages_per_network_without_account"));
    let users = mails(|number| user(number, &format!("s{number}.example"), "192.0.2.1")).await;
    assert_eq!(users, met(50, "messages_per_network"));
    let one = mails(|number| user(1, "b", &format!("198.51.100.{number}"))).await;
    assert_eq!(one, met(10, "messages_per_user"));
    let homeserver = mails(|number| user(number, "b", &format!("198.51.100.{number}"))).await;
    assert_eq!(homeserver, met(100, "messages_per_homeserver"));
}

#[tokio::test]
async fn many_networks_of_ipv6_are_few_clients() {
    let in_56 = mails(|number| from(&format!("2001:db8:0:{number:x}::1"))).await;
    assert_eq!(in_56.0, 2 * 15 - 1);
    let in_48 = mails(|number| from(&format!("2001:db8:0:{number:02x}00::1"))).await;
    assert_eq!(in_48.0, 4 * 15 - 3);
}

/// A network has a tenth of what goes to a phone prefix or a mail domain.
#[tokio::test]
async fn no_network_uses_up_what_is_for_all() {
    let world = World::new();
    let own = |number| user(number, &format!("s{number}.example"), "192.0.2.1");
    let met = messages(&world, own, |number| number_in(49_151, number)).await;
    assert_eq!(met, (3, "messages_per_network_and_prefix".to_owned()));
    let of_others = messages(
        &world,
        |number| from(&format!("198.51.100.{number}")),
        |number| number_in(49_151, 1000 + number),
    );
    assert_eq!(of_others.await.0, 30 - 3);

    let world = World::with(|settings| {
        settings.bounds[Bound::MessagesPerNetworkAndDomain] = Rate::per_hour(20);
    });
    let to = |number| Threepid::parse_any(&format!("p{number}@example.org"), None).unwrap();
    let met = messages(&world, own, to).await;
    assert_eq!(met, (10, "messages_per_network_and_domain".to_owned()));
}

/// Who has an account still gets messages where those without have used up theirs.
#[tokio::test]
async fn all_messages_have_a_ceiling() {
    let number = |number: usize| number_in(49_151 + number / 10, number);
    for (to, without, all) in [
        (number as fn(usize) -> Threepid, ("sms_without_account", 150), ("sms", 300)),
        (address, ("mails_without_account", 20), ("mails", 30)),
    ] {
        let world = World::with(|settings| {
            settings.bounds[Bound::Mails] = Rate::per_hour(60);
            settings.bounds[Bound::MailsWithoutAccount] = Rate::per_hour(40);
        });
        let network = |number: usize| format!("10.0.{}.{}", number / 250, number % 250);
        let met = messages(&world, |number| from(&network(number)), to);
        assert_eq!(met.await, (without.1, without.0.to_owned()));
        let known = |number| user(number, &format!("s{number}.example"), &network(1000 + number));
        let (passed, met) = messages(&world, known, |number| to(300 + number)).await;
        assert_eq!(passed, all.1 - without.1);
        assert!(met.starts_with(all.0), "{met}");
    }
}

/// Who is refused has taken nothing from anybody else.
#[tokio::test]
async fn a_refused_message_costs_nobody() {
    let world = World::new();
    let caller = user(1, "b", "192.0.2.1");
    let met = messages(&world, |_| caller.clone(), address).await;
    assert_eq!(met, (10, "messages_per_user".to_owned()));
    for number in 0..50 {
        let wanted = wanted(&alice(), &format!("s{number}"), 1);
        let asked = world.verifier.request_token(wanted, &caller).await;
        assert!(too_often(asked, Asked::Messages));
    }
    let met = messages(&world, |number| user(2 + number, "b", "192.0.2.1"), |_| alice());
    assert_eq!(met.await.0, 3, "the address has all of its own");
}

#[tokio::test]
async fn messages_to_one_phone_prefix_are_few() {
    let world = World::new();
    let ask = async |number: usize| {
        let threepid = Threepid::parse_any(&format!("+447700900{number:03}"), None).unwrap();
        let caller = from(&format!("198.51.100.{number}"));
        let asked = world.verifier.request_token(wanted(&threepid, "s", 1), &caller).await;
        !too_often(asked, Asked::Messages)
    };
    assert_eq!(pass(200, ask).await, 30);
}

/// Five guesses a session, and a new session as soon as they are used up: of one address no more are looked
/// at in an hour than its bound, from wherever they come.
#[tokio::test]
async fn guesses_at_one_address_are_few_over_all_its_sessions() {
    let world = World::with(|settings| {
        settings.bounds[Bound::MessagesPerAddress] = Rate::per_hour(1000);
    });
    let mut looked_at = 0;
    for session in 0..30 {
        let caller = from(&format!("198.51.100.{session}"));
        let name = format!("s{session}");
        let wanted = wanted(&phone(), &name, 1);
        let id = world.verifier.request_token(wanted, &caller).await.unwrap();
        for _ in 0..5 {
            let guess = world.verifier.submit(&id, &secret(&name), "x", &caller).await;
            looked_at += usize::from(!too_often(guess, Asked::Guesses));
        }
    }
    assert_eq!(looked_at, 10);
}

/// Neither does who guesses at it use up what is for his network.
#[tokio::test]
async fn a_guess_that_is_refused_is_none_of_the_networks() {
    let world = World::with(|settings| {
        settings.bounds[Bound::GuessesPerAddress] = Rate::per_hour(2);
        settings.bounds[Bound::GuessesPerNetwork] = Rate::per_hour(6);
    });
    let ask = async |threepid: Threepid, name: &str| {
        world.verifier.request_token(wanted(&threepid, name, 1), &caller()).await.unwrap()
    };
    let id = ask(phone(), "s").await;
    let guess = async |id: &SessionId, name: &str| {
        !too_often(world.verifier.submit(id, &secret(name), "x", &caller()).await, Asked::Guesses)
    };
    assert!(guess(&id, "s").await);
    for _ in 0..9 {
        assert!(!guess(&id, "s").await, "the address has had enough");
    }
    let other = ask(number_in(49_151, 1), "t").await;
    assert!(guess(&other, "t").await && guess(&ask(alice(), "u").await, "u").await);
    assert!(!guess(&ask(address(1), "v").await, "v").await, "the network has had enough");
}

/// Nobody guesses what is in a link, and what is not compared is no guess.
#[tokio::test]
async fn what_is_no_guess_uses_up_none_of_the_address() {
    let world = World::with(|settings| {
        settings.bounds[Bound::GuessesPerAddress] = Rate::per_hour(14);
    });
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
        !too_often(guess, Asked::Guesses)
    };
    assert_eq!(pass(999, guess).await, 100);
}

/// Neither who has nothing there, nor who is turned away.
#[tokio::test]
async fn nobody_uses_up_the_changes_of_others() {
    let world = World::with(|settings| {
        settings.bounds[Bound::AssociationsPerUser] = Rate::per_hour(4);
        settings.bounds[Bound::AssociationsPerAddress] = Rate::per_hour(4);
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
        assert!(too_often(bound, Asked::Associations), "the address has had enough");
    }
    world.bind(&address(1), "@alice:a.example").await.unwrap();
}

/// Whoever runs a homeserver has as many users as he likes.
#[tokio::test]
async fn associations_are_few_for_all_users_of_a_homeserver() {
    let world = World::with(|settings| {
        settings.bounds[Bound::AssociationsPerHomeserver] = Rate::per_hour(6);
    });
    let bind = async |number: usize| {
        let id = world.prove(&address(number), "s").await;
        let caller = user(number, "b", &format!("198.51.100.{number}"));
        let to = caller.mxid.clone().unwrap();
        let bound = world.verifier.bind(&id, &secret("s"), &to, &caller).await;
        !too_often(bound, Asked::Associations)
    };
    assert_eq!(pass(9, bind).await, 3);
    let unbind = async |server: &str| {
        let by = Proof::Homeserver(mxid(&format!("@u1:{server}")).server());
        let (of, from) = (mxid(&format!("@u1:{server}")), from("203.0.113.1"));
        world.verifier.unbind(&address(1), &of, &by, &from).await
    };
    assert!(too_often(unbind("b").await, Asked::Associations), "as it is a homeserver that asks");
    assert_eq!(unbind("c").await, Err(Refused::NotBound));
}

#[tokio::test]
async fn associations_are_few_for_a_user_an_address_and_a_network() {
    let world = World::with(|settings| {
        settings.bounds[Bound::AssociationsPerUser] = Rate::per_hour(10);
        settings.bounds[Bound::AssociationsPerAddress] = Rate::per_hour(8);
        settings.bounds[Bound::AssociationsPerNetwork] = Rate::per_hour(12);
    });
    let bind = async |threepid: Threepid, to: String, network: String| {
        let id = world.prove(&threepid, "s").await;
        let bound = world.verifier.bind(&id, &secret("s"), &mxid(&to), &from(&network)).await;
        !too_often(bound, Asked::Associations)
    };
    let of_user = async |number: usize| {
        bind(address(number), "@a:b".to_owned(), format!("198.51.100.{number}")).await
    };
    assert_eq!(pass(50, of_user).await, 5);
    let id = world.prove(&alice(), "s").await;
    let of_address = async |number: usize| {
        let (to, network) = (mxid(&format!("@u{number}:b")), from(&format!("203.0.113.{number}")));
        let bound = world.verifier.bind(&id, &secret("s"), &to, &network).await;
        !too_often(bound, Asked::Associations)
    };
    assert_eq!(pass(50, of_address).await, 4);
    let of_network = async |number: usize| {
        bind(address(100 + number), format!("@n{number}:b"), "192.0.2.99".to_owned()).await
    };
    assert_eq!(pass(50, of_network).await, 6);
}
