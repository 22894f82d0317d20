//! Version 1 of the API, which knows no accounts (r0.3.0 of the Identity Service API).

use std::sync::Arc;

use super::{
    CONTENT, IdentityApi, bind, email_request_token, get_validated_3pid, msisdn_request_token,
    open, pubkey, pubkey_ephemeral, pubkey_is_valid, sign_ed25519, store_invite, submit_token,
    unbind, versions,
};
use crate::transport::http::Router;

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

fn delegates(router: Router, api: &Arc<IdentityApi>) -> Router {
    let submit = "/_matrix/identity/api/v1/validate/msisdn/submitToken";
    router
        .post(
            "/_matrix/identity/api/v1/validate/msisdn/requestToken",
            open(api, CONTENT, msisdn_request_token::request_token),
        )
        .post(submit, open(api, CONTENT, submit_token::post))
        .get(submit, open(api, 0, submit_token::get))
        .get(
            "/_matrix/identity/api/v1/3pid/getValidated3pid",
            open(api, 0, get_validated_3pid::get_validated_3pid),
        )
}

fn rest(router: Router, api: &Arc<IdentityApi>) -> Router {
    let submit = "/_matrix/identity/api/v1/validate/email/submitToken";
    router
        .get("/_matrix/identity/api/v1", open(api, 0, versions::ping))
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
    use super::*;

    const DELEGATED: [&str; 3] =
        ["/validate/msisdn/requestToken", "/validate/msisdn/submitToken", "/3pid/getValidated3pid"];
    const REST: [&str; 9] = [
        "",
        "/pubkey/ed25519:0",
        "/pubkey/isvalid",
        "/pubkey/ephemeral/isvalid",
        "/validate/email/requestToken",
        "/validate/email/submitToken",
        "/3pid/bind",
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
}
