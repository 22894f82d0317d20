//! Version 1 of the API, which knows no accounts (r0.3.0 of the Identity Service API).

mod bulk_lookup;
mod lookup;

use std::sync::Arc;

use super::{
    CONTENT, IdentityApi, People, Refusal, bind, email_request_token, get_validated_3pid,
    msisdn_request_token, open, pubkey, pubkey_ephemeral, pubkey_is_valid, sign_ed25519,
    store_invite, submit_token, unbind, versions,
};
use crate::transport::http::{Router, StatusCode};

/// How much of version 1 there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version1 {
    /// Nothing.
    Nothing,
    /// What homeservers ask who have phone numbers verified elsewhere (Synapse's
    /// `account_threepid_delegates`).
    #[default]
    Delegates,
    /// All of it: whoever controls an address binds it to anybody, consent or not, and whoever asks
    /// looks people up.
    All,
}

/// `router` with as much of it as there is.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    match api.settings.version1 {
        Version1::Nothing => router,
        Version1::Delegates => delegates(router, api),
        Version1::All => rest(delegates(router, api), api),
    }
}

/// Who finds people by their addresses, as version 1 has them looked up.
fn people(api: &IdentityApi) -> Result<&dyn People, Refusal> {
    let text = "this server does not look addresses up as they are";
    let none = || Refusal::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", text);
    api.means.lookups.people.as_deref().ok_or_else(none)
}

fn delegates(router: Router, api: &Arc<IdentityApi>) -> Router {
    let submit = "/_matrix/identity/api/v1/validate/msisdn/submitToken";
    let confirm = "/_matrix/identity/api/v1/validate/msisdn/submitToken/confirm";
    router
        .post(
            "/_matrix/identity/api/v1/validate/msisdn/requestToken",
            open(api, CONTENT, msisdn_request_token::request_token),
        )
        .post(submit, open(api, CONTENT, submit_token::post))
        .get(submit, open(api, 0, submit_token::get))
        .post(confirm, open(api, submit_token::FORM, submit_token::confirm))
        .get(
            "/_matrix/identity/api/v1/3pid/getValidated3pid",
            open(api, 0, get_validated_3pid::get_validated_3pid),
        )
}

fn rest(router: Router, api: &Arc<IdentityApi>) -> Router {
    let submit = "/_matrix/identity/api/v1/validate/email/submitToken";
    let confirm = "/_matrix/identity/api/v1/validate/email/submitToken/confirm";
    router
        .get("/_matrix/identity/api/v1", open(api, 0, versions::ping))
        .get("/_matrix/identity/api/v1/lookup", open(api, 0, lookup::lookup))
        .post("/_matrix/identity/api/v1/bulk_lookup", open(api, CONTENT, bulk_lookup::bulk_lookup))
        .get("/_matrix/identity/api/v1/pubkey/{keyId}", open(api, 0, pubkey::pubkey))
        .get("/_matrix/identity/api/v1/pubkey/isvalid", open(api, 0, pubkey_is_valid::is_valid))
        .get(
            "/_matrix/identity/api/v1/pubkey/ephemeral/isvalid",
            open(api, 0, pubkey_ephemeral::is_valid),
        )
        .post(
            "/_matrix/identity/api/v1/validate/email/requestToken",
            open(api, CONTENT, email_request_token::request_token),
        )
        .post(submit, open(api, CONTENT, submit_token::post))
        .get(submit, open(api, 0, submit_token::get))
        .post(confirm, open(api, submit_token::FORM, submit_token::confirm))
        .post("/_matrix/identity/api/v1/3pid/bind", open(api, CONTENT, bind::bind))
        .post("/_matrix/identity/api/v1/3pid/unbind", open(api, CONTENT, unbind::unbind))
        .post(
            "/_matrix/identity/api/v1/store-invite",
            open(api, CONTENT, store_invite::store_invite),
        )
        .post("/_matrix/identity/api/v1/sign-ed25519", open(api, CONTENT, sign_ed25519::for_all))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use super::super::{Lookups, Settings};
    use super::*;
    use crate::association::{Mxid, Statement};
    use crate::threepid::Threepid;
    use crate::transport::http::BoxFuture;
    use std::num::NonZeroUsize;
    use std::time::Duration;

    const DELEGATED: [&str; 3] =
        ["/validate/msisdn/requestToken", "/validate/msisdn/submitToken", "/3pid/getValidated3pid"];
    const REST: [&str; 10] = [
        "",
        "/pubkey/ed25519:0",
        "/pubkey/isvalid",
        "/pubkey/ephemeral/isvalid",
        "/validate/email/requestToken",
        "/validate/email/submitToken",
        "/3pid/bind",
        "/3pid/unbind",
        "/store-invite",
        "/sign-ed25519",
    ];

    /// Whether there is something at a path.
    async fn is_there(desk: &Desk, path: &str) -> bool {
        let (status, told) = desk.get(&format!("/_matrix/identity/api/v1{path}"), None).await;
        !(status == 404 && told.contains("M_UNRECOGNIZED"))
    }

    #[tokio::test]
    async fn there_is_as_much_of_it_as_is_set() {
        for (version1, delegated, rest) in [
            (Version1::Nothing, false, false),
            (Version1::Delegates, true, false),
            (Version1::All, true, true),
        ] {
            let desk = Desk::with(|settings| settings.version1 = version1);
            for path in DELEGATED {
                assert_eq!(is_there(&desk, path).await, delegated, "{version1:?} {path}");
            }
            for path in REST {
                assert_eq!(is_there(&desk, path).await, rest, "{version1:?} {path}");
            }
        }
        assert_eq!(Version1::default(), Version1::Delegates);
    }

    /// Alice has `alice@example.com`; nobody has anything else.
    struct Known(Statement);

    fn alice() -> Threepid {
        Threepid::parse_any("alice@example.com", None).unwrap()
    }

    impl People for Known {
        fn find(
            &self,
            threepids: Vec<Threepid>,
            _: NonZeroUsize,
            _: Duration,
        ) -> BoxFuture<'_, Vec<(usize, Mxid)>> {
            let mxid = self.0.claim().mxid().unwrap();
            let is_hers =
                move |(at, it): (usize, Threepid)| (it == alice()).then(|| (at, mxid.clone()));
            let found = threepids.into_iter().enumerate().filter_map(is_hers).collect();
            Box::pin(async { found })
        }

        fn signed(&self, threepid: Threepid, _: Duration) -> BoxFuture<'_, Option<Statement>> {
            let found = (threepid == alice()).then(|| self.0.clone());
            Box::pin(async { found })
        }
    }

    /// The specification's example of an association, of Alice.
    const SIGNED: &str = r#"{"address":"alice@example.com","medium":"email","mxid":"@alice:example.com","not_after":4582425849161,"not_before":1428825849161,"signatures":{"matrix.org":{"ed25519:0":"ENiU2YORYUJgE6WBMitU0mppbQjidDLanAusj8XS2nVRHPu+0t42OKA/r6zV6i2MzUbNQ3c3MiLScJuSsOiVDQ"}},"ts":1428825849161}"#;

    fn knowing() -> Desk {
        let (_, statement) = Statement::from_json(SIGNED.as_bytes()).unwrap();
        let everything = |settings: &mut Settings| settings.version1 = Version1::All;
        Desk::finding(everything, |_, _| Lookups {
            people: Some(Arc::new(Known(statement))),
            ..Lookups::default()
        })
    }

    #[tokio::test]
    async fn an_address_is_looked_up_as_it_was_signed() {
        let desk = knowing();
        let ask = async |address: &str| {
            let path = "/_matrix/identity/api/v1/lookup?medium=email&address=";
            desk.get(&format!("{path}{address}"), None).await
        };
        assert_eq!(ask("Alice%40example.com").await, (200, SIGNED.to_owned()));
        assert_eq!(ask("bob@example.com").await, (200, "{}".to_owned()));
        let (status, told) = ask("bob").await;
        assert!(status == 400 && told.contains("M_INVALID_PARAM"), "{told}");
    }

    #[tokio::test]
    async fn addresses_are_looked_up_at_once() {
        let desk = knowing();
        let path = "/_matrix/identity/api/v1/bulk_lookup";
        let content = r#"{"threepids":[["email","bob@example.com"],["email","bob"],["email","Alice@example.com"]]}"#;
        let told = r#"{"threepids":[["email","Alice@example.com","@alice:example.com"]]}"#;
        assert_eq!(desk.post(path, None, content).await, (200, told.to_owned()));
        let most = vec![r#"["email","bob@example.com"]"#; 101].join(",");
        let (status, told) = desk.post(path, None, &format!(r#"{{"threepids":[{most}]}}"#)).await;
        assert!(status == 413 && told.contains("M_TOO_LARGE"), "{told}");
        let hundred = vec![r#"["email","bob@example.com"]"#; 100].join(",");
        let ask_hundred =
            async || desk.post(path, None, &format!(r#"{{"threepids":[{hundred}]}}"#)).await;
        for _ in 0..4 {
            assert_eq!(ask_hundred().await.0, 200);
        }
        let (status, told) = ask_hundred().await;
        assert!(status == 429 && told.contains("M_LIMIT_EXCEEDED"), "{told}");
    }
}
