//! `POST /v2/3pid/unbind`: an address belongs to a user no more, as who controls it says, or the user's
//! homeserver.

use std::sync::Arc;

use serde::Deserialize;

use super::{CONTENT, IdentityApi, Refusal, done, open, parameters};
use crate::association::Mxid;
use crate::signed::ServerName;
use crate::transport::http::{Request, Response, Router, StatusCode};
use crate::verifier::{Caller, Proof, Refused};

/// What is asked. Without `sid` and `client_secret` a homeserver has to sign it.
#[derive(Deserialize)]
struct Asked {
    sid: Option<String>,
    client_secret: Option<String>,
    mxid: String,
    threepid: Identifier,
}

#[derive(Deserialize)]
struct Identifier {
    medium: String,
    address: String,
}

/// `router` with the endpoint. It takes no access token: what counts is the proof.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    router.post("/_matrix/identity/v2/3pid/unbind", open(api, CONTENT, unbind))
}

/// Where it is not the user's anyway there is nothing to do, and that is done.
pub(super) async fn unbind(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked: Asked = parameters::content(&request)?;
    let mxid = parameters::mxid(&asked.mxid)?;
    let threepid = parameters::threepid(&asked.threepid.medium, &asked.threepid.address)?;
    let proof = match (asked.sid, asked.client_secret) {
        (Some(sid), Some(secret)) => {
            Proof::Session(sid.parse().map_err(forbidden)?, secret.parse()?)
        }
        _ => Proof::Homeserver(homeserver_of(&api, &caller, &request, &mxid).await?),
    };
    match api.means.verifier.unbind(&threepid, &mxid, &proof, &caller).await {
        Ok(()) | Err(Refused::NotBound) => Ok(done()),
        Err(Refused::Session(refusal)) => Err(forbidden(refusal)),
        Err(other) => Err(other.into()),
    }
}

/// A session that proves nothing is no proof (403).
fn forbidden(refusal: crate::verification::Refusal) -> Refusal {
    Refusal::from(refusal).with_status(StatusCode::FORBIDDEN)
}

/// The user's homeserver, where it signed the request.
async fn homeserver_of(
    api: &IdentityApi,
    caller: &Caller,
    request: &Request,
    mxid: &Mxid,
) -> Result<ServerName, Refusal> {
    api.admit_asking(caller)?;
    let destinations = api.settings.destinations();
    let origin = api.means.homeservers.authenticate(request, &destinations).await?;
    match origin == mxid.server() {
        true => Ok(origin),
        false => Err(Refusal::forbidden("the homeserver that signed this is not the user's")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bound;
    use super::super::testing::{ALICE, Desk};
    use crate::allowance::Rate;
    use crate::stub::publish::EntryId;
    use crate::threepid::Threepid;

    const PATH: &str = "/_matrix/identity/v2/3pid/unbind";
    const BY_HOMESERVER: &str = r#"{"mxid":"@alice:example.org","threepid":{"medium":"email","address":"Alice@example.org"}}"#;

    #[tokio::test]
    async fn who_proves_nothing_unbinds_nothing() {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let refused = async |by: Option<(&str, &str)>| {
            let signer = by.map(|(by, to)| (by.parse().unwrap(), to.to_owned()));
            *desk.world.signer.lock().unwrap() = signer;
            let (status, told) = desk.post(PATH, Some(&alice), BY_HOMESERVER).await;
            assert!(status == 403 && told.contains("M_FORBIDDEN"), "{told}");
        };
        refused(None).await;
        refused(Some(("other.example", "id.example.org"))).await;
        refused(Some(("example.org", "other.example"))).await;
    }

    #[tokio::test]
    async fn a_network_has_homeservers_asked_so_often() {
        let desk = Desk::with(|settings| {
            settings.limits.bounds[Bound::HomeserversPerNetwork] = Rate::per_hour(3);
        });
        let unbind = async || desk.post(PATH, None, BY_HOMESERVER).await.0;
        assert_eq!([unbind().await, unbind().await, unbind().await], [403, 403, 429]);
    }

    #[tokio::test]
    async fn what_is_asked_has_a_form() {
        let desk = Desk::new();
        for (content, errcode) in [
            (r#"{"mxid":"@alice:example.org"}"#.to_owned(), "M_MISSING_PARAMS"),
            (BY_HOMESERVER.replace("@alice", "alice"), "M_INVALID_PARAM"),
            (BY_HOMESERVER.replace("Alice@", "@"), "M_INVALID_PARAM"),
            (BY_HOMESERVER.replace("\"email\"", "\"mail\""), "M_INVALID_PARAM"),
        ] {
            let (status, told) = desk.post(PATH, None, &content).await;
            assert!(status == 400 && told.contains(errcode), "{content}: {told}");
        }
    }

    /// A service where Alice has `alice@example.org`, her access token, and the session that proved it.
    async fn bound() -> (Desk, String, String) {
        let desk = Desk::new();
        let alice = desk.register(ALICE);
        let sid = desk.proved_session(&alice, "alice@example.org", "monkeys").await;
        let content = Desk::proof(&sid, "monkeys", r#","mxid":"@alice:example.org""#);
        let path = PATH.replace("unbind", "bind");
        assert_eq!(desk.post(&path, Some(&alice), &content).await.0, 200);
        (desk, alice, sid)
    }

    /// Whether it is on its way that the address is nobody's.
    fn is_withdrawn(desk: &Desk) -> bool {
        let address = Threepid::parse_any("alice@example.org", None).unwrap();
        let waiting = desk.outbox.find(&EntryId::of(&address)).unwrap().unwrap();
        waiting.statement.claim().is_withdrawal()
    }

    #[tokio::test]
    async fn the_homeserver_unbinds_its_user() {
        let (desk, ..) = bound().await;
        let signer = ("example.org".parse().unwrap(), "id.example.org".to_owned());
        *desk.world.signer.lock().unwrap() = Some(signer.clone());
        assert_eq!(desk.post(PATH, None, BY_HOMESERVER).await, (200, "{}".to_owned()));
        assert!(is_withdrawn(&desk));
        *desk.world.signer.lock().unwrap() = Some(signer);
        let again = desk.post(PATH, None, BY_HOMESERVER).await;
        assert_eq!(again, (200, "{}".to_owned()), "it is not his anyway");
    }

    /// A client may write the port where it needs not, and so may the configuration.
    #[tokio::test]
    async fn the_port_of_https_may_be_written_or_not() {
        for (base_url, destination, status) in [
            ("https://id.example.org", "id.example.org:443", 200),
            ("https://id.example.org:443", "id.example.org", 200),
            ("https://id.example.org:443/", "id.example.org:443", 200),
            ("https://id.example.org", "id.example.org:8443", 403),
            ("https://id.example.org:8443", "id.example.org:8443", 200),
            ("https://id.example.org:8443", "id.example.org", 403),
            ("http://localhost", "localhost:80", 403),
        ] {
            let desk = Desk::with(|settings| settings.base_url = base_url.parse().unwrap());
            let signer = ("example.org".parse().unwrap(), destination.to_owned());
            *desk.world.signer.lock().unwrap() = Some(signer);
            let unbound = desk.post(PATH, None, BY_HOMESERVER).await.0;
            assert_eq!(unbound, status, "{base_url}, {destination}");
        }
    }

    #[tokio::test]
    async fn who_proved_the_address_unbinds_it() {
        let (desk, alice, sid) = bound().await;
        let unbind = async |sid: &str, secret: &str, address: &str| {
            let more = format!(
                r#","mxid":"@alice:example.org","threepid":{{"medium":"email","address":"{address}"}}"#
            );
            desk.post(PATH, None, &Desk::proof(sid, secret, &more)).await
        };
        let open = desk.open_session(&alice, "alice@example.org", "open").await;
        for (sid, secret, address) in [
            (sid.as_str(), "other", "alice@example.org"),
            ("1234", "monkeys", "alice@example.org"),
            (&open, "open", "alice@example.org"),
            (&sid, "monkeys", "bob@example.org"),
        ] {
            let (status, told) = unbind(sid, secret, address).await;
            assert_eq!(status, 403, "{secret} {address}: {told}");
        }
        assert!(!is_withdrawn(&desk));
        assert_eq!(unbind(&sid, "monkeys", "Alice@example.org").await, (200, "{}".to_owned()));
        assert!(is_withdrawn(&desk));
    }
}
