//! An identity service for tests, whose verifier works, and whose homeservers, couriers and trees are played.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use super::{Homeservers, IdentityApi, Lookups, Means, Policy, Settings, Terms, Text};
use crate::association::Mxid;
use crate::certificate::Scope;
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::crypto::{OsRandom, SeededRandom};
use crate::homeserver::Refused;
use crate::signed::{NamedKey, Object, ServerName};
use crate::store::ledger::{AccessToken, Ledger};
use crate::stub::publish::{self, Outbox};
use crate::stub::{Finding, Found, Proof};
use crate::telemetry::Telemetry;
use crate::threepid::{Medium, Threepid};
use crate::transport::http::testing::{ask, request};
use crate::transport::http::{
    BoxFuture, FetchError, Incoming, Method, Outgoing, Request, Response, Router, header,
};
use crate::verification::{self, Courier, CourierError, Errand, Message};
use crate::verifier::{self, Links, NotTold, SigningKeys, Tree, Verifier, Web};
use crate::wire::{Name, Ttl};

/// A user of the homeserver that is played.
pub(super) const ALICE: &str = "@alice:example.org";

/// The service with what it acts with.
pub(super) struct Desk {
    pub(super) clock: ManualClock,
    pub(super) ledger: Arc<Ledger>,
    pub(super) outbox: Outbox,
    pub(super) keys: SigningKeys,
    pub(super) world: Arc<World>,
    pub(super) api: Arc<IdentityApi>,
    pub(super) router: Router,
    pub(super) telemetry: Telemetry,
    _directory: tempfile::TempDir,
}

/// Everybody else.
#[derive(Debug, Default)]
pub(super) struct World {
    apexes: Vec<Name>,
    /// Messages that went out.
    sent: Mutex<Vec<Message>>,
    /// Who signed the next request, and to whom.
    pub(super) signer: Mutex<Option<(ServerName, String)>>,
}

impl Desk {
    /// One without terms.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// One with the terms of the specification's example.
    pub(super) fn with_terms() -> Self {
        Self::with(|settings| settings.terms = terms())
    }

    /// One whose settings are changed.
    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::finding(change, |_, _| Lookups::default())
    }

    /// One whose settings are changed, and who finds people for it.
    pub(super) fn finding(
        change: impl FnOnce(&mut Settings),
        lookups: impl FnOnce(&Arc<Ledger>, &ManualClock) -> Lookups,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(&directory.path().join("ledger")).unwrap());
        let limits = publish::Limits::default();
        let outbox = Outbox::open(&directory.path().join("outbox"), limits).unwrap();
        let clock = ManualClock::at(Timestamp::from_secs(1_790_000_000));
        let mut settings = Settings::new("https://id.example.org".parse().unwrap());
        change(&mut settings);
        let lookups = lookups(&ledger, &clock);
        let apexes = vec!["3pid.example.".parse().unwrap()];
        let world = Arc::new(World { apexes, ..World::default() });
        let (keys, telemetry) = (keys(), Telemetry::new("t"));
        let acting = verifier::Means {
            ledger: ledger.clone(),
            outbox: outbox.clone(),
            tree: world.clone(),
            couriers: [Medium::Email, Medium::Msisdn]
                .map(|medium| (medium, world.clone() as Arc<dyn Courier>))
                .into(),
            web: world.clone(),
            homeservers: world.clone(),
            clock: Arc::new(clock.clone()),
        };
        let means = Means {
            ledger: ledger.clone(),
            verifier: Arc::new(Verifier::new(keys.clone(), verifying(), acting, &telemetry)),
            homeservers: world.clone(),
            clock: Arc::new(clock.clone()),
            lookups,
        };
        let api = IdentityApi::new(settings, means, &telemetry);
        let router = api.router();
        Self { clock, ledger, outbox, keys, world, api, router, telemetry, _directory: directory }
    }

    /// Gives a user an access token.
    pub(super) fn register(&self, mxid: &str) -> String {
        let token = AccessToken::draw(&mut OsRandom);
        let mxid = mxid.parse().unwrap();
        self.ledger.add_account(&token, &mxid, self.clock.now(), 9).unwrap();
        token.as_str().to_owned()
    }

    /// What is answered to a request.
    pub(super) async fn ask(&self, mut request: Request, token: Option<&str>) -> Response {
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers.insert(header::AUTHORIZATION, value);
        }
        ask(&self.router, request).await
    }

    /// What is answered to GET.
    pub(super) async fn get(&self, target: &str, token: Option<&str>) -> (u16, String) {
        told(self.ask(request(Method::GET, target), token).await)
    }

    /// What is answered to POST.
    pub(super) async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        content: &str,
    ) -> (u16, String) {
        let request = request(Method::POST, path);
        told(self.ask(Request { body: content.to_owned().into(), ..request }, token).await)
    }

    /// Asks for a mail with a token, and tells the session's id.
    pub(super) async fn open_session(&self, token: &str, email: &str, secret: &str) -> String {
        let content = format!(
            r#"{{"client_secret":"{secret}","email":"{email}","send_attempt":1,"next_link":null}}"#
        );
        let path = "/_matrix/identity/v2/validate/email/requestToken";
        let (status, told) = self.post(path, Some(token), &content).await;
        assert_eq!(status, 200, "{told}");
        member(&told, "sid")
    }

    /// The content of a request of which a session is a part, where more may follow.
    pub(super) fn proof(sid: &str, secret: &str, more: &str) -> String {
        format!(r#"{{"sid":"{sid}","client_secret":"{secret}"{more}}}"#)
    }

    /// A session in which an address is proved.
    pub(super) async fn proved_session(&self, token: &str, email: &str, secret: &str) -> String {
        let sid = self.open_session(token, email, secret).await;
        let brought = format!(r#","token":"{}""#, self.last_token().0);
        let path = "/_matrix/identity/v2/validate/email/submitToken";
        let (status, told) =
            self.post(path, Some(token), &Self::proof(&sid, secret, &brought)).await;
        assert_eq!((status, told.as_str()), (200, r#"{"success":true}"#));
        sid
    }

    /// How many messages went out.
    pub(super) fn messages(&self) -> usize {
        self.world.sent.lock().unwrap().len()
    }

    /// What the last message that went out was about.
    pub(super) fn last_errand(&self) -> Option<Errand> {
        self.world.sent.lock().unwrap().last().map(|message| message.errand.clone())
    }

    /// The token and the link of the last message that went out for somebody to prove an address.
    pub(super) fn last_token(&self) -> (String, Option<String>) {
        match self.last_errand() {
            Some(Errand::Verify { token, link, .. }) => (token.as_str().to_owned(), link),
            other => panic!("{other:?}"),
        }
    }
}

/// The member of an answer that is an object.
pub(super) fn member(told: &str, name: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(told).unwrap();
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {told}")).to_owned()
}

fn told(response: Response) -> (u16, String) {
    (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
}

/// An older key, 0, and a current one, 1.
fn keys() -> SigningKeys {
    let named = |id: &str, seed| NamedKey {
        id: id.parse().unwrap(),
        ..NamedKey::generate(&mut SeededRandom::new(seed))
    };
    let server = "id.example.org".parse().unwrap();
    SigningKeys::new(server, named("ed25519:1", 1)).after(named("ed25519:0", 2))
}

/// A verifier for everybody but those elsewhere.
fn verifying() -> verifier::Settings {
    let rules = ["email:*", "!email:elsewhere.example", "msisdn:*"];
    let scope = Scope::new(rules.map(|rule| rule.parse().unwrap()).into());
    let policy = verification::Policy { scope, ..verification::Policy::default() };
    let base = "https://id.example.org".parse().unwrap();
    let web_client = Some("https://app.example.org".parse().unwrap());
    verifier::Settings::new(policy, Links { base, web_client })
}

impl Homeservers for World {
    /// An OpenID token is `openid-` and the localpart of its owner.
    fn owner<'a>(
        &'a self,
        server: &'a ServerName,
        openid_token: &'a str,
        _: IpAddr,
    ) -> BoxFuture<'a, Result<Mxid, Refused>> {
        let localpart = openid_token.strip_prefix("openid-");
        let mxid = localpart.and_then(|localpart| format!("@{localpart}:{server}").parse().ok());
        Box::pin(async move { mxid.ok_or_else(|| Refused::Token(server.clone())) })
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a Request,
        destinations: &'a [String],
    ) -> BoxFuture<'a, Result<ServerName, Refused>> {
        let signer = self.signer.lock().unwrap().take();
        let signed = signer.filter(|(_, to)| destinations.contains(to)).map(|(by, _)| by);
        Box::pin(async { signed.ok_or(Refused::Unsigned) })
    }
}

impl Tree for World {
    fn apexes(&self) -> Vec<Name> {
        self.apexes.to_vec()
    }

    /// Nobody has anything.
    fn ask<'a>(&'a self, threepid: &'a Threepid) -> BoxFuture<'a, Vec<Finding>> {
        let finding = |apex: &Name| {
            let owner = threepid.owner(apex).unwrap();
            let found =
                Found { owner, statement: None, ttl: Ttl::from_secs(60), proof: Proof::Proved };
            Finding { apex: apex.clone(), outcome: Ok(found), vouching: None }
        };
        let findings = self.apexes.iter().map(finding).collect();
        Box::pin(async { findings })
    }
}

/// Mail for postmasters does not go out.
impl Courier for World {
    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), CourierError>> {
        if message.to.address().starts_with("postmaster@") {
            return Box::pin(async { Err(CourierError::Failed("full".to_owned())) });
        }
        self.sent.lock().unwrap().push(message.clone());
        Box::pin(async { Ok(()) })
    }
}

impl Web for World {
    fn send(&self, request: Outgoing) -> BoxFuture<'_, Result<Incoming, FetchError>> {
        panic!("nobody else is asked: {}", request.url)
    }
}

impl verifier::Homeservers for World {
    fn onbind<'a>(
        &'a self,
        _: &'a ServerName,
        _: &'a Object,
    ) -> BoxFuture<'a, Result<(), NotTold>> {
        Box::pin(async { Ok(()) })
    }
}

/// The terms of the specification's example.
fn terms() -> Terms {
    let policy = |file: &str, version: &str, names: [(&str, &str); 2]| {
        let text = |(language, name): (&str, &str)| {
            let url = format!("https://example.org/somewhere/{file}-{version}-{language}.html");
            (language.to_owned(), Text { name: name.to_owned(), url })
        };
        let texts: BTreeMap<_, _> = names.into_iter().map(text).collect();
        Policy { version: version.to_owned(), texts }
    };
    let service = [("en", "Terms of Service"), ("fr", "Conditions d'utilisation")];
    let privacy = [("en", "Privacy Policy"), ("fr", "Politique de confidentialité")];
    Terms(BTreeMap::from([
        ("terms_of_service".to_owned(), policy("terms", "2.0", service)),
        ("privacy_policy".to_owned(), policy("privacy", "1.2", privacy)),
    ]))
}
