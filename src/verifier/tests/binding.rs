//! What was proved is signed, published, and withdrawn.

use super::*;
use crate::signed::NamedKey;
use crate::stub::publish::EntryId;

fn owner(statement: Option<Statement>) -> Option<String> {
    statement?.claim().mxid().map(ToString::to_string)
}

impl World {
    /// Whose an identifier is, at each root.
    fn owners(&self, threepid: &Threepid) -> [Option<String>; 2] {
        self.roots.held(threepid).map(owner)
    }

    async fn unbind(&self, threepid: &Threepid, of: &str, by: &Proof) -> Result<(), Refused> {
        self.verifier.unbind(threepid, &mxid(of), by, &caller()).await
    }
}

fn both(owner: Option<&str>) -> [Option<String>; 2] {
    [owner, owner].map(|owner| owner.map(str::to_owned))
}

#[tokio::test]
async fn what_is_bound_is_published_at_every_root() {
    let world = World::new();
    let statement = world.bind(&alice(), "@alice:a").await.unwrap();
    let Claim::Association(association) = statement.claim() else { panic!() };
    assert_eq!(association.ts.as_millis(), START.as_millis());
    assert_eq!(association.not_before, association.ts);
    assert_eq!(association.not_after, association.ts.default_end().unwrap());
    let keys = world.verifier.keys();
    assert_eq!(statement.verify(&alice(), &keys.name(), &keys.current().1), Ok(()));
    assert_eq!(world.owners(&alice()), both(None), "it is on its way");
    world.publish().await;
    assert_eq!(world.roots.held(&alice()), [Some(statement.clone()), Some(statement)]);
}

#[tokio::test]
async fn nothing_is_bound_without_a_validated_session() {
    let world = World::new();
    let bind = async |id: &SessionId, secret_: &str| {
        world.verifier.bind(id, &secret(secret_), &mxid("@m:a"), &caller()).await
    };
    let none: SessionId = "none".parse().unwrap();
    assert_eq!(bind(&none, "s").await, Err(Refusal::Unknown.into()));
    let id = world.verifier.request_token(wanted(&alice(), "s", 1), &caller()).await.unwrap();
    assert_eq!(bind(&id, "s").await, Err(Refusal::NotValidated.into()));
    let token = world.post.token();
    world.verifier.submit(&id, &secret("s"), &token, &caller()).await.unwrap();
    assert_eq!(bind(&id, "other").await, Err(Refusal::Unknown.into()));
    world.clock.advance(24 * HOUR);
    assert_eq!(bind(&id, "s").await, Err(Refusal::Expired.into()));
    world.publish().await;
    assert_eq!(world.owners(&alice()), both(None));
}

/// What others have said comes before what is signed now, though their clock is fast; and what was signed here
/// does, whether the trees tell of it or not.
#[tokio::test]
async fn a_binding_comes_after_every_statement_there_is() {
    let world = World::new();
    let ahead = START.saturating_add(2 * MINUTE);
    world.roots.take(0, &alice(), statement_by("other.example", &alice(), "@other:a", ahead));
    let first = world.bind(&alice(), "@alice:a").await.unwrap();
    assert_eq!(first.claim().ts().as_millis(), ahead.as_millis() + 1);
    let second = world.bind(&alice(), "@alice:bb").await.unwrap();
    assert_eq!(second.claim().ts().as_millis(), ahead.as_millis() + 2, "one is in the outbox");
    world.outbox.take(&EntryId::of(&alice())).unwrap();
    let third = world.bind(&alice(), "@alice:ccc").await.unwrap();
    assert_eq!(third.claim().ts().as_millis(), ahead.as_millis() + 3, "one was signed here");
    world.publish().await;
    assert_eq!(world.owners(&alice()), both(Some("@alice:ccc")));
}

#[tokio::test]
async fn nothing_is_signed_that_no_root_would_take() {
    let world = World::new();
    let ahead = START.saturating_add(HOUR);
    world.roots.take(1, &alice(), statement_by("other.example", &alice(), "@other:a", ahead));
    assert_eq!(world.bind(&alice(), "@alice:a").await, Err(Refused::Undetermined));
    assert!(world.outbox.entries().unwrap().is_empty());
}

#[tokio::test]
async fn a_root_that_does_not_answer_gets_it_later() {
    let world = World::new();
    world.roots.set_down(0, true);
    world.bind(&alice(), "@alice:a").await.unwrap();
    world.publish().await;
    assert_eq!(world.owners(&alice()), [None, Some("@alice:a".to_owned())]);
    world.roots.set_down(0, false);
    world.publish().await;
    assert_eq!(world.owners(&alice()), both(Some("@alice:a")));
    world.roots.set_down(0, true);
    world.roots.set_down(1, true);
    assert_eq!(world.bind(&phone(), "@bob:bb").await, Err(Refused::Undetermined), "none does");
}

#[tokio::test]
async fn who_controls_an_address_replaces_what_was_there_unless_policy_refuses() {
    let held = statement_by("other.example", &alice(), "@other:a", START);
    let world = World::new();
    world.roots.take(0, &alice(), held.clone());
    assert!(world.bind(&alice(), "@alice:a").await.is_ok());
    let careful = World::with(|settings| settings.policy.existing = Existing::Refuse);
    careful.roots.take(0, &alice(), held.clone());
    let refused = careful.bind(&alice(), "@alice:a").await;
    assert_eq!(refused, Err(Refused::InUse(mxid("@other:a"))));
    assert!(careful.bind(&alice(), "@other:a").await.is_ok(), "his own may be renewed");
    careful.roots.set_down(0, true);
    let refused = careful.bind(&phone(), "@bob:bb").await;
    assert_eq!(refused, Err(Refused::Undetermined), "a root may know of somebody");
    careful.roots.set_down(0, false);
    careful.clock.advance(MINUTE);
    let withdrawn = withdrawal_by("other.example", &phone(), careful.now());
    careful.roots.take(1, &phone(), withdrawn);
    assert!(careful.bind(&phone(), "@bob:ccc").await.is_ok(), "it is nobody's any more");
}

#[tokio::test]
async fn who_controls_an_address_withdraws_it() {
    let world = World::new();
    let old = world.bind(&alice(), "@alice:a").await.unwrap();
    world.publish().await;
    world.clock.advance(MINUTE);
    let id = world.prove(&alice(), "again").await;
    let by = Proof::Session(id, secret("again"));
    assert_eq!(world.unbind(&alice(), "@mallory:a", &by).await, Err(Refused::NotBound));
    assert_eq!(world.unbind(&phone(), "@alice:a", &by).await, Err(Refused::Forbidden));
    assert_eq!(world.unbind(&alice(), "@alice:a", &by).await, Ok(()));
    assert_eq!(world.unbind(&alice(), "@alice:a", &by).await, Ok(()), "asked again");
    world.publish().await;
    for held in world.roots.held(&alice()) {
        assert!(held.unwrap().claim().is_withdrawal());
    }
    assert_eq!(world.roots.take(0, &alice(), old), 409, "the old one is refused");
}

#[tokio::test]
async fn the_homeserver_of_the_user_withdraws_it() {
    let world = World::new();
    world.bind(&alice(), "@alice:a.example").await.unwrap();
    let by = |server: &str| Proof::Homeserver(server.parse().unwrap());
    let unbind = async |of: &str, server: &str| world.unbind(&alice(), of, &by(server)).await;
    assert_eq!(unbind("@alice:a.example", "b.example").await, Err(Refused::Forbidden));
    assert_eq!(unbind("@alice:b.example", "b.example").await, Err(Refused::NotBound));
    assert_eq!(unbind("@bob:a.example", "a.example").await, Err(Refused::NotBound));
    assert_eq!(unbind("@alice:a.example", "a.example").await, Ok(()));
    world.publish().await;
    assert_eq!(world.owners(&alice()), both(None));
}

/// Whoever runs a part of a tree puts there what he likes.
#[tokio::test]
async fn what_nobody_signed_who_is_trusted_is_not_believed() {
    let by = Proof::Homeserver("a.example".parse().unwrap());
    let later = START.saturating_add(MINUTE);
    for bogus in [
        withdrawal_by("mallory.example", &alice(), later),
        statement_by("mallory.example", &alice(), "@mallory:b", later),
        statement_by("mallory.example", &alice(), "@mallory:b", START.saturating_add(HOUR)),
    ] {
        let world = World::with(|settings| settings.policy.existing = Existing::Refuse);
        let held = statement_by(TRUSTED, &alice(), "@alice:a.example", START);
        world.roots.take(0, &alice(), held);
        world.roots.take(1, &alice(), bogus.clone());
        assert!(world.bind(&alice(), "@alice:a.example").await.is_ok(), "his own is renewed");
        world.verifier.round().await;
        world.outbox.take(&EntryId::of(&alice())).unwrap();
        assert_eq!(world.unbind(&alice(), "@alice:a.example", &by).await, Ok(()));
        let waiting = world.outbox.find(&EntryId::of(&alice())).unwrap().unwrap();
        assert!(waiting.statement.claim().is_withdrawal(), "{bogus:?}");
    }
}

/// It is withdrawn for who controls the address: others may believe it. The homeserver of whoever made it up
/// has nothing withdrawn.
#[tokio::test]
async fn what_is_not_believed_is_withdrawn_for_who_controls_the_address() {
    let world = World::new();
    let bogus = statement_by("mallory.example", &alice(), "@mallory:b.example", START);
    world.roots.take(0, &alice(), bogus);
    let by = Proof::Homeserver("b.example".parse().unwrap());
    let unbound = world.unbind(&alice(), "@mallory:b.example", &by).await;
    assert_eq!(unbound, Err(Refused::NotBound));
    let by = Proof::Session(world.prove(&alice(), "s").await, secret("s"));
    assert_eq!(world.unbind(&alice(), "@mallory:b.example", &by).await, Ok(()));
    world.publish().await;
    assert_eq!(world.owners(&alice()), both(None));
}

#[tokio::test]
async fn what_was_signed_here_is_believed_long_after() {
    let world = World::new();
    world.roots.take(
        0,
        &alice(),
        statement_by("verify.example", &alice(), "@alice:a.example", START),
    );
    let by = Proof::Homeserver("a.example".parse().unwrap());
    assert_eq!(world.unbind(&alice(), "@alice:a.example", &by).await, Ok(()));
}

/// A root that is not heard may have it as the user's: then nobody may hear that it is done.
#[tokio::test]
async fn nothing_is_withdrawn_by_half() {
    let by = Proof::Homeserver("a.example".parse().unwrap());
    let old = START.saturating_sub(HOUR);
    for at_the_other in [
        None,
        Some(withdrawal_by(TRUSTED, &alice(), old)),
        Some(statement_by(TRUSTED, &alice(), "@bob:b.example", old)),
    ] {
        let world = World::new();
        if let Some(statement) = at_the_other {
            world.roots.take(0, &alice(), statement);
        }
        world.roots.take(1, &alice(), statement_by(TRUSTED, &alice(), "@alice:a.example", START));
        world.roots.set_down(1, true);
        let unbind = async || world.unbind(&alice(), "@alice:a.example", &by).await;
        assert_eq!(unbind().await, Err(Refused::Undetermined));
        world.roots.set_down(1, false);
        assert_eq!(unbind().await, Ok(()));
        world.publish().await;
        assert_eq!(world.owners(&alice()), both(None));
    }
    let world = World::new();
    world.roots.take(0, &alice(), statement_by(UNREACHABLE, &alice(), "@alice:a.example", START));
    let unbound = world.unbind(&alice(), "@alice:a.example", &by).await;
    assert_eq!(unbound, Err(Refused::Undetermined), "nobody knows who vouches for it");
}

#[tokio::test]
async fn what_is_out_of_scope_by_now_is_withdrawn() {
    let world = World::new();
    let bob = Threepid::parse_any("bob@not.example", None).unwrap();
    world.roots.take(0, &bob, statement_by("verify.example", &bob, "@bob:a.example", START));
    let by = Proof::Homeserver("a.example".parse().unwrap());
    assert_eq!(world.unbind(&bob, "@bob:a.example", &by).await, Ok(()));
}

/// A resolver tells of what was there before until its cache forgets.
#[tokio::test]
async fn what_was_just_published_is_withdrawn_though_the_trees_seem_not_to_know_it() {
    let world = World::new();
    let elsewhere = Roots::new();
    world.bind(&alice(), "@alice:a.example").await.unwrap();
    let waiting = world.outbox.take(&EntryId::of(&alice())).unwrap().unwrap();
    elsewhere.take(0, &alice(), waiting.statement);
    let by = Proof::Homeserver("a.example".parse().unwrap());
    assert_eq!(world.unbind(&alice(), "@alice:a.example", &by).await, Ok(()));
    let withdrawal = world.outbox.find(&EntryId::of(&alice())).unwrap().unwrap().statement;
    assert_eq!(elsewhere.take(0, &alice(), withdrawal), 201, "it is newer");
    world.verifier.round().await;
    world.clock.advance(3 * HOUR);
    world.verifier.round().await;
    assert_eq!(world.ledger().signed(&alice()), Ok(None), "it is not remembered for long");
}

#[tokio::test]
async fn two_at_a_time_are_one_after_the_other() {
    let world = World::new();
    let id = world.prove(&alice(), "s").await;
    let bind = async |to: &str| {
        let bound = world.verifier.bind(&id, &secret("s"), &mxid(to), &caller()).await.unwrap();
        Statement::from_json(&bound).unwrap().1
    };
    let (one, two) = tokio::join!(bind("@one:a"), bind("@two:a"));
    assert_ne!(one.claim().ts(), two.claim().ts());
    world.publish().await;
    let last = if one.claim().ts() > two.claim().ts() { one } else { two };
    assert_eq!(world.roots.held(&alice()), [Some(last.clone()), Some(last)]);
}

#[tokio::test]
async fn keys_roll_and_older_ones_stay_valid() {
    let world = World::new();
    let old = world.bind(&alice(), "@alice:a").await.unwrap();
    let before = world.verifier.keys();
    let (server, key) = (before.server().clone(), named_key("verify.example"));
    let next = NamedKey { id: "ed25519:1".parse().unwrap(), ..named_key("other") };
    world.verifier.sign_with(SigningKeys::new(server.clone(), next.clone()).after(key.clone()));
    let new = world.bind(&alice(), "@alice:bb").await.unwrap();
    let keys = world.verifier.keys();
    for statement in [&old, &new] {
        let (name, _) = statement.signatures().iter().next().unwrap();
        let public = keys.get(&name.id).unwrap();
        assert_eq!(statement.verify(&alice(), name, &public), Ok(()));
        assert!(keys.has(&public));
    }
    assert_eq!(keys.current().0.version(), "1");
    let retired = SigningKeys::new(server, next).after_retired(key.id.clone(), key.key.public());
    assert_eq!(retired.get(&key.id), Some(key.key.public()));
    assert!(!retired.has(&named_key("stranger").key.public()));
}
