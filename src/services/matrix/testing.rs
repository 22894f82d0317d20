//! An identity service for tests.

use std::sync::Arc;

use super::{IdentityApi, Limits, Means, Policy, Settings, Terms, Text};
use crate::clock::{Clock, ManualClock, Timestamp};
use crate::crypto::OsRandom;
use crate::store::ledger::{AccessToken, Ledger};
use crate::transport::http::testing::{ask, request};
use crate::transport::http::{Method, Request, Response, Router, header};

/// The service with what it acts with.
pub(super) struct Desk {
    pub(super) clock: ManualClock,
    pub(super) ledger: Arc<Ledger>,
    pub(super) router: Router,
    _directory: tempfile::TempDir,
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
        let directory = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::open(&directory.path().join("ledger")).unwrap());
        let clock = ManualClock::at(Timestamp::from_secs(1_790_000_000));
        let mut settings = Settings {
            base_url: "https://id.example.org".parse().unwrap(),
            terms: Terms::default(),
            limits: Limits::default(),
        };
        change(&mut settings);
        let means = Means { ledger: ledger.clone(), clock: Arc::new(clock.clone()) };
        let router = IdentityApi::new(settings, means).router();
        Self { clock, ledger, router, _directory: directory }
    }

    /// Gives a user an access token.
    pub(super) fn register(&self, mxid: &str) -> String {
        let token = AccessToken::draw(&mut OsRandom);
        let mxid = mxid.parse().unwrap();
        self.ledger.add_account(&token, &mxid, self.clock.now(), 9).unwrap();
        token.as_str().to_owned()
    }

    /// What is answered to a request.
    pub(super) async fn ask(&self, request: Request) -> Response {
        ask(&self.router, request).await
    }

    /// What is answered to GET.
    pub(super) async fn get(&self, target: &str, token: Option<&str>) -> (u16, String) {
        self.told(request(Method::GET, target), token).await
    }

    /// What is answered to POST.
    pub(super) async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        content: &str,
    ) -> (u16, String) {
        let request = request(Method::POST, path);
        self.told(Request { body: content.to_owned().into(), ..request }, token).await
    }

    async fn told(&self, mut request: Request, token: Option<&str>) -> (u16, String) {
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers.insert(header::AUTHORIZATION, value);
        }
        let response = self.ask(request).await;
        (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
    }
}

/// The terms of the specification's example.
fn terms() -> Terms {
    let policy = |file: &str, version: &str, names: [(&str, &str); 2]| Policy {
        version: version.to_owned(),
        texts: names
            .into_iter()
            .map(|(language, name)| {
                let url = format!("https://example.org/somewhere/{file}-{version}-{language}.html");
                (language.to_owned(), Text { name: name.to_owned(), url })
            })
            .collect(),
    };
    let service = [("en", "Terms of Service"), ("fr", "Conditions d'utilisation")];
    let privacy = [("en", "Privacy Policy"), ("fr", "Politique de confidentialité")];
    Terms(
        [
            ("terms_of_service".to_owned(), policy("terms", "2.0", service)),
            ("privacy_policy".to_owned(), policy("privacy", "1.2", privacy)),
        ]
        .into(),
    )
}
