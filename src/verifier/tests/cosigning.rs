//! Two servers prove the same, and sign the same.

use std::sync::Mutex;

use super::*;
use crate::association::Extra;
use crate::certificate::Scope;
use crate::signed::{Authorization, Limits as JsonLimits, Object, SignedRequest};
use crate::transport::http::{Outgoing, header};
use crate::trust::{Anchor, Anchors};

const ASKER: &str = "verify.example";
const ASKED: &str = "second.notary.example";

fn scope() -> Scope {
    Scope::new(vec!["email:*".parse().unwrap(), "msisdn:44".parse().unwrap()])
}

/// A server that asks, and one that is asked; both publish to the same roots.
struct Two {
    asker: World,
    asked: World,
    /// With what the asked one answered.
    answers: Arc<Mutex<Vec<Result<(), Refused>>>>,
}

impl Two {
    fn new() -> Self {
        let roots = Roots::new();
        let asker = World::named(ASKER, roots.clone(), |settings| {
            let url = format!("https://{ASKED}/").parse().unwrap();
            let server = ASKED.parse().unwrap();
            settings.cosigners.push(Cosigner { server, url, scope: scope() });
        });
        let asked = World::named(ASKED, roots, |settings| {
            let mut askers = Anchors::default();
            let key = key_of(ASKER).current().1;
            askers.insert(key_of(ASKER).name(), Anchor { key, scope: Some(scope()) });
            settings.askers = askers;
        });
        let two = Self { asker, asked, answers: Arc::default() };
        two.connect();
        two
    }

    /// Has the one reach the other.
    fn connect(&self) {
        let (verifier, answers) = (self.asked.verifier.clone(), self.answers.clone());
        self.asker.servers.set(ASKED, move |request: Outgoing| {
            let (verifier, answers) = (verifier.clone(), answers.clone());
            async move {
                let authorization = request.headers[header::AUTHORIZATION].to_str().unwrap();
                let authorization: Authorization = authorization.parse().unwrap();
                let content = Object::parse(&request.body, &JsonLimits::default()).unwrap();
                let answer = verifier.cosign(&authorization, &content, &caller()).await;
                answers.lock().unwrap().push(answer.clone());
                Some(said(if answer.is_ok() { 202 } else { 403 }, "{}"))
            }
        });
    }

    fn answers(&self) -> Vec<Result<(), Refused>> {
        std::mem::take(&mut self.answers.lock().unwrap())
    }

    /// Binds at the one, which asks the other.
    async fn bind(&self, threepid: &Threepid) -> Statement {
        let statement = self.asker.bind(threepid, "@alice:a").await.unwrap();
        self.asker.publish().await;
        self.asker.verifier.round().await;
        statement
    }

    /// Offers a statement as somebody signs it who has the asker's key.
    async fn offer(&self, statement: &Statement) -> Result<(), Refused> {
        let json = statement.to_json(&alice());
        let content = Object::parse(&json, &JsonLimits::default()).unwrap();
        let (uri, content_) = (Links::COSIGN, Some(&content));
        let request = SignedRequest { method: "POST", uri, destination: ASKED, content: content_ };
        let authorization = key_of(ASKER).authorize(&request);
        self.asked.verifier.cosign(&authorization, &content, &caller()).await
    }
}

/// The link of the one message, as id and token.
fn link(world: &World) -> (SessionId, String) {
    let sent = world.post.sent();
    let [message] = sent.as_slice() else { panic!("{sent:?}") };
    let Errand::Confirm { link, server, mxid } = &message.errand else { panic!("{message:?}") };
    assert_eq!((server.as_str(), mxid.as_str()), (ASKER, "@alice:a"));
    let start = format!("https://{ASKED}/_threepid/v1/cosign/");
    let (id, token) = link.strip_prefix(&start).unwrap().split_once('/').unwrap();
    (id.parse().unwrap(), token.to_owned())
}

fn signers(statement: &Statement) -> Vec<&str> {
    statement.signatures().iter().map(|(key, _)| key.server.as_str()).collect()
}

#[tokio::test]
async fn what_the_address_confirms_is_signed_by_both_at_every_root() {
    for threepid in [alice(), phone()] {
        let two = Two::new();
        let statement = two.bind(&threepid).await;
        let (id, token) = link(&two.asked);
        let asked = two.asked.verifier.confirmation(&id, &token, &caller()).await.unwrap();
        assert_eq!((asked.threepid, asked.mxid), (threepid.clone(), mxid("@alice:a")));
        for held in two.asked.roots.held(&threepid) {
            assert_eq!(signers(&held.unwrap()), [ASKER], "nothing was confirmed");
        }
        two.asked.verifier.confirm(&id, &token, &caller()).await.unwrap();
        two.asked.publish().await;
        for held in two.asked.roots.held(&threepid) {
            let held = held.unwrap();
            assert_eq!(held.claim(), statement.claim());
            assert_eq!(signers(&held), [ASKED, ASKER]);
            for name in [ASKED, ASKER] {
                let keys = key_of(name);
                assert_eq!(held.verify(&threepid, &keys.name(), &keys.current().1), Ok(()));
            }
        }
        assert_eq!(two.asked.verifier.confirm(&id, &token, &caller()).await, Ok(()), "again");
    }
}

#[tokio::test]
async fn who_is_invited_where_it_is_signed_too_is_told() {
    let two = Two::new();
    two.asked.invite(&alice()).await.unwrap();
    two.asked.post.sent();
    two.bind(&alice()).await;
    let (id, token) = link(&two.asked);
    two.asked.verifier.confirm(&id, &token, &caller()).await.unwrap();
    two.asked.verifier.round().await;
    assert_eq!(two.asked.homes.told().len(), 1);
}

#[tokio::test]
async fn nobody_confirms_without_the_token() {
    let two = Two::new();
    two.bind(&alice()).await;
    let (id, token) = link(&two.asked);
    let verifier = &two.asked.verifier;
    let none: SessionId = "none".parse().unwrap();
    for (id, token) in [(&id, "wrong"), (&none, token.as_str())] {
        let shown = verifier.confirmation(id, token, &caller()).await;
        assert_eq!(shown, Err(Refusal::Unknown.into()));
        assert!(verifier.confirm(id, token, &caller()).await.is_err());
    }
    // Nor is it a session of a client, for whoever could guess its secret.
    let session = two.asked.ledger().session(&id).unwrap().unwrap();
    let submitted = verifier.submit(&id, &session.client_secret, &token, &caller()).await;
    assert_eq!(submitted, Err(Refusal::Unknown.into()));
    assert!(two.asked.outbox.entries().unwrap().is_empty());
}

#[tokio::test]
async fn one_question_is_asked_once() {
    let two = Two::new();
    let statement = two.bind(&alice()).await;
    assert_eq!(two.answers(), [Ok(())]);
    two.asked.post.sent();
    assert_eq!(two.offer(&statement).await, Ok(()));
    assert_eq!(two.asked.post.sent().len(), 0);
    two.asker.verifier.round().await;
    assert_eq!(two.answers(), [], "it is done");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_asked_again() {
    let two = Two::new();
    two.asker.servers.set(ASKED, |_| std::future::ready(None));
    two.bind(&alice()).await;
    two.connect();
    two.asker.clock.advance(MINUTE);
    two.asker.verifier.round().await;
    assert_eq!(two.answers(), [Ok(())]);
}

#[tokio::test]
async fn what_is_out_of_scope_is_told_to_nobody() {
    let two = Two::new();
    let threepid = Threepid::parse_any("+4930123456", None).unwrap();
    two.asker.bind(&threepid, "@alice:a").await.unwrap();
    assert_eq!(two.asker.verifier.round().await, None);
    assert_eq!(two.answers(), []);
}

/// It is signed that an identifier is a user's, made a moment ago, by who asks; and nothing else.
#[tokio::test]
async fn nothing_else_is_signed() {
    let two = Two::new();
    let good = statement_by(ASKER, &alice(), "@alice:a", START);
    let changed = |change: &dyn Fn(&mut crate::association::Association)| {
        let Claim::Association(mut association) = good.claim().clone() else { panic!() };
        change(&mut association);
        key_of(ASKER).sign(association.into(), &alice()).unwrap()
    };
    let withdrawal = withdrawal_by(ASKER, &alice(), START);
    let extra = Extra::parse(br#"{"role":"admin"}"#).unwrap();
    let extra = changed(&|association| association.extra = extra.clone());
    let ended = changed(&|association| association.not_after = association.ts);
    let ahead = statement_by(ASKER, &alice(), "@alice:a", START.saturating_add(HOUR));
    let old = statement_by(ASKER, &alice(), "@alice:a", START.saturating_sub(72 * HOUR));
    two.asked.clock.advance(Duration::from_millis(1));
    for bad in [&withdrawal, &extra, &ended, &ahead, &old] {
        let refused = two.offer(bad).await;
        assert!(matches!(refused, Err(Refused::Malformed(_))), "{bad:?}: {refused:?}");
    }
    let of_another = statement_by("third.example", &alice(), "@alice:a", START);
    assert_eq!(two.offer(&of_another).await, Err(Refused::Forbidden));
    assert_eq!(two.asked.post.sent().len(), 0);
    assert_eq!(two.offer(&good).await, Ok(()));
    let (id, token) = link(&two.asked);
    two.asked.roots.take(0, &alice(), withdrawal_by(ASKER, &alice(), START));
    let late = two.asked.verifier.confirm(&id, &token, &caller()).await;
    assert_eq!(late, Err(Refused::NotBound), "it was withdrawn meanwhile");
}

#[tokio::test]
async fn signatures_of_others_are_not_passed_on() {
    let two = Two::new();
    let mut statement = statement_by(ASKER, &alice(), "@alice:a", START);
    statement.merge(&statement_by("third.example", &alice(), "@alice:a", START)).unwrap();
    two.offer(&statement).await.unwrap();
    let (id, token) = link(&two.asked);
    two.asked.verifier.confirm(&id, &token, &caller()).await.unwrap();
    two.asked.publish().await;
    let [held, _] = two.asked.roots.held(&alice());
    assert_eq!(signers(&held.unwrap()), [ASKED, ASKER]);
}

#[tokio::test]
async fn only_known_servers_may_ask() {
    let two = Two::new();
    let statement = statement_by(ASKER, &alice(), "@alice:a", START);
    let content = Object::parse(&statement.to_json(&alice()), &JsonLimits::default()).unwrap();
    let sign = |destination, uri, keys: &SigningKeys| {
        let request = SignedRequest { method: "POST", uri, destination, content: Some(&content) };
        keys.authorize(&request)
    };
    let stranger = key_of("stranger.of.all.example");
    let impostor = SigningKeys::new(ASKER.parse().unwrap(), named_key("impostor"));
    let honest = key_of(ASKER);
    for bad in [
        sign(ASKED, Links::COSIGN, &stranger),
        sign(ASKED, Links::COSIGN, &impostor),
        sign("third.example", Links::COSIGN, &honest),
        sign(ASKED, "/other", &honest),
    ] {
        let refused = two.asked.verifier.cosign(&bad, &content, &caller()).await;
        assert_eq!(refused, Err(Refused::Forbidden), "{bad}");
    }
    assert_eq!(two.asked.post.sent().len(), 0);
}
