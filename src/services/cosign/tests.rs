//! Two servers over HTTP that is made up.

use super::*;
use crate::certificate::Scope;
use crate::signed::SignedRequest;
use crate::threepid::Threepid;
use crate::transport::http::header::{CACHE_CONTROL, REFERRER_POLICY, RETRY_AFTER};
use crate::transport::http::testing::{ask as answer, request};
use crate::transport::http::{Handler, Incoming, Method, Outgoing};
use crate::trust::{Anchor, Anchors};
use crate::verifier::testing::{Roots, START, World, alice, key_of, statement_by};
use crate::verifier::{Cosigner, SigningKeys};

const ASKER: &str = "verify.example";
const ASKED: &str = "second.notary.example";

/// The server that is asked, by `verify.example` alone.
fn asked(roots: Roots) -> World {
    World::named(ASKED, roots, |settings| {
        let mut askers = Anchors::default();
        askers.insert(key_of(ASKER).name(), Anchor::from(key_of(ASKER).current().1));
        settings.askers = askers;
    })
}

fn router(world: &World) -> Router {
    on(Router::new(), &world.verifier)
}

/// A question, signed with these keys.
fn question_of(keys: &SigningKeys, content: &[u8]) -> Request {
    let object = Object::parse(content, &JsonLimits::default()).unwrap();
    let signed =
        SignedRequest { method: "POST", uri: ASK, destination: ASKED, content: Some(&object) };
    let authorization = keys.authorize(&signed).to_string();
    let mut question = request(Method::POST, ASK);
    question.headers.insert(AUTHORIZATION, authorization.parse().unwrap());
    Request { body: content.to_vec().into(), ..question }
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

#[tokio::test]
async fn two_servers_sign_what_somebody_confirms() {
    let roots = Roots::new();
    let asker = World::named(ASKER, roots.clone(), |settings| {
        let rules = vec!["email:*".parse().unwrap()];
        settings.cosigners.push(Cosigner {
            server: ASKED.parse().unwrap(),
            url: format!("https://{ASKED}/").parse().unwrap(),
            scope: Scope::new(rules),
        });
    });
    let asked = asked(roots);
    let served = Arc::new(router(&asked));
    let served_too = served.clone();
    asker.servers.set(ASKED, move |sent: Outgoing| {
        let served = served_too.clone();
        async move {
            let mut got = request(sent.method, sent.url.target());
            (got.headers, got.body) = (sent.headers, sent.body);
            let Response { status, headers, body } = answer(&*served, got).await;
            assert_eq!((status.as_u16(), &body[..]), (202, &b"{}"[..]));
            Some(Incoming { status, headers, body })
        }
    });
    asker.bind(&alice(), "@<i>:a").await.unwrap();
    asker.publish().await;
    asker.verifier.round().await;
    let sent = asked.post.sent();
    let crate::verification::Errand::Confirm { link, .. } = &sent[0].errand else { panic!() };
    let path = link.strip_prefix(&format!("https://{ASKED}")).unwrap();
    let page = answer(&*served, request(Method::GET, path)).await;
    assert_eq!(page.status, StatusCode::OK);
    let told = "<p>verify.example says that <b>alice@example.com</b> belongs to the Matrix user \
                <b>@&lt;i&gt;:a</b>.</p>";
    assert!(text(&page).contains(told), "{}", text(&page));
    assert_eq!(page.headers[REFERRER_POLICY], "no-referrer");
    assert_eq!(page.headers[CACHE_CONTROL], "no-store");
    asked.publish().await;
    assert_eq!(asked.roots.held(&alice())[1].clone().unwrap().signatures().len(), 1, "not yet");
    let page = answer(&*served, request(Method::POST, path)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", text(&page));
    asked.publish().await;
    for held in asked.roots.held(&alice()) {
        assert_eq!(held.unwrap().signatures().len(), 2);
    }
}

#[tokio::test]
async fn links_that_lead_nowhere_are_told_on_a_page() {
    let world = asked(Roots::new());
    let router = router(&world);
    for method in [Method::GET, Method::POST] {
        for path in ["/_threepid/v1/cosign/none/none", "/_threepid/v1/cosign/a%20b/c"] {
            let page = answer(&router, request(method.clone(), path)).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND);
            assert!(text(&page).starts_with("<!DOCTYPE html>"));
        }
    }
}

#[tokio::test]
async fn questions_that_are_refused() {
    let world = asked(Roots::new());
    let router = router(&world);
    let good = statement_by(ASKER, &alice(), "@alice:a", START).to_json(&alice());
    let ask = async |question: Request| {
        let response = answer(&router, question).await;
        let errcode = Object::parse(&response.body, &JsonLimits::default()).unwrap();
        (response.status.as_u16(), errcode.string("errcode").unwrap_or("").to_owned())
    };
    let refused = |status, errcode: &str| (status, errcode.to_owned());
    let keys = key_of(ASKER);
    let mut unsigned = question_of(&keys, &good);
    unsigned.headers.clear();
    assert_eq!(ask(unsigned.clone()).await, refused(401, "M_UNAUTHORIZED"));
    unsigned.headers.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_eq!(ask(unsigned).await, refused(401, "M_UNAUTHORIZED"));
    let stranger = key_of("stranger.example");
    assert_eq!(ask(question_of(&stranger, &good)).await, refused(403, "M_FORBIDDEN"));
    let other = Request { body: "{}".into(), ..question_of(&keys, &good) };
    assert_eq!(ask(other).await, refused(403, "M_FORBIDDEN"), "other content was signed");
    let no_json = Request { body: "x".into(), ..question_of(&keys, &good) };
    assert_eq!(ask(no_json).await, refused(400, "M_NOT_JSON"));
    assert_eq!(ask(question_of(&keys, b"{}")).await, refused(400, "M_BAD_JSON"));
    let long = question_of(&keys, &[b"{\"a\":\"", "x".repeat(CONTENT).as_bytes(), b"\"}"].concat());
    assert_eq!(ask(long).await, refused(413, "M_TOO_LARGE"));
    assert_eq!(ask(question_of(&keys, &good)).await, refused(202, ""));
}

/// It has no account, and is known all the same.
#[tokio::test]
async fn a_server_that_may_ask_is_not_anybody() {
    let world = asked(Roots::new());
    let router: &dyn Handler = &router(&world);
    for number in 0..30 {
        let of = Threepid::parse_any(&format!("u{number}@a.example"), None).unwrap();
        let statement = statement_by(ASKER, &of, &format!("@u{number}:a"), START);
        let response = answer(router, question_of(&key_of(ASKER), &statement.to_json(&of))).await;
        assert_eq!(response.status, StatusCode::ACCEPTED, "{number}");
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let world = asked(Roots::new());
    let router: &dyn Handler = &router(&world);
    for number in 0..4 {
        let statement = statement_by(ASKER, &alice(), &format!("@u{number}:a"), START);
        let question = question_of(&key_of(ASKER), &statement.to_json(&alice()));
        let response = answer(router, question).await;
        if number < 3 {
            assert_eq!(response.status, StatusCode::ACCEPTED);
            continue;
        }
        assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers[RETRY_AFTER], "1200");
        assert!(text(&response).contains(r#""retry_after_ms":1200000"#));
    }
}
