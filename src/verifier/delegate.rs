//! Verification by another server with the Matrix Identity Service API. What it says is proved is signed here.
//!
//! The other server never sees a secret of the client's: it is asked under a secret of this server's own, and
//! by its bounds and ours. It is believed for the identifiers in its scope, and where it tells of another one
//! than it was asked about, it is not.

use std::time::Duration;

use super::{Asked, Delegate, Refused, Verifier};
use crate::codec::{Url, percent};
use crate::signed::{Json, Object};
use crate::threepid::{Medium, Threepid};
use crate::transport::http::{Incoming, Outgoing, StatusCode, header};
use crate::verification::{Elsewhere, Purpose, Refusal, Session, SessionId};

/// The longest that a server may ask to wait, of what is passed on: an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The country of a number that is told with its `+`: the API wants one, and nobody needs it.
const ANY_COUNTRY: &str = "US";

impl Verifier {
    /// Who verifies this identifier in place of this server.
    pub(super) fn delegate(&self, threepid: &Threepid) -> Option<&Delegate> {
        self.settings.delegates.iter().find(|delegate| delegate.scope.permits(threepid))
    }

    /// Has the other server send the message of a session.
    pub(super) async fn ask_elsewhere(
        &self,
        id: &SessionId,
        session: &Session,
        elsewhere: &Elsewhere,
    ) -> Result<(), Refused> {
        let (medium, body) = asking(session, elsewhere);
        let target = format!("/validate/{medium}/requestToken");
        let answer = self.call(elsewhere, &target, Some(&body)).await?;
        let sid = answer.string("sid").and_then(|sid| sid.parse::<SessionId>().ok());
        let sid = sid.ok_or(Refused::Elsewhere)?.to_string();
        self.change(id.clone(), |session| {
            if let Purpose::Elsewhere(elsewhere) = &mut session.purpose {
                elsewhere.id = Some(sid);
            }
        })
        .await
    }

    /// Brings a token back to the other server.
    pub(super) async fn submit_elsewhere(
        &self,
        session: &Session,
        elsewhere: &Elsewhere,
        token: &str,
    ) -> Result<(), Refused> {
        let sid = elsewhere.id.as_deref().ok_or(Refusal::OtherToken)?;
        let secret = elsewhere.client_secret.as_str();
        let body = Object::from_iter([("sid", sid), ("client_secret", secret), ("token", token)]);
        let target = format!("/validate/{}/submitToken", session.threepid.medium().as_str());
        let answer = self.call(elsewhere, &target, Some(&body)).await?;
        match answer.get("success") {
            Some(Json::Bool(true)) => Ok(()),
            _ => Err(Refusal::OtherToken.into()),
        }
    }

    /// Asks the other server whether its session is validated, for this very identifier.
    pub(super) async fn validated_elsewhere(
        &self,
        session: &Session,
        elsewhere: &Elsewhere,
    ) -> Result<(), Refused> {
        let sid = percent(elsewhere.id.as_deref().ok_or(Refusal::NotValidated)?);
        let secret = percent(elsewhere.client_secret.as_str());
        let target = format!("/3pid/getValidated3pid?sid={sid}&client_secret={secret}");
        let answer = self.call(elsewhere, &target, None).await?;
        let told = |name| answer.string(name).unwrap_or_default();
        let proved = told("medium").parse().ok().and_then(|medium: Medium| {
            let plus = if medium == Medium::Msisdn { "+" } else { "" };
            let address = told("address").trim_start_matches('+');
            Threepid::parse(medium, &format!("{plus}{address}"), None).ok()
        });
        match proved {
            Some(proved) if proved == session.threepid => Ok(()),
            _ => {
                let at = elsewhere.server.authority();
                tracing::warn!(
                    at,
                    "a delegate tells of another identifier than it was asked about"
                );
                Err(Refused::Elsewhere)
            }
        }
    }

    /// Asks the other server: with a POST where there is a body.
    async fn call(
        &self,
        elsewhere: &Elsewhere,
        target: &str,
        body: Option<&Object>,
    ) -> Result<Object, Refused> {
        let delegates = &self.settings.delegates;
        let delegate = delegates.iter().find(|delegate| delegate.url == elsewhere.server);
        let delegate = delegate.ok_or(Refused::Elsewhere)?;
        let failed = |why: &dyn std::fmt::Display| {
            tracing::warn!(at = delegate.url.authority(), "a delegate cannot be asked: {why}");
            Refused::Elsewhere
        };
        let url = delegate.endpoint(target).ok_or(Refused::Elsewhere)?;
        let request = delegate.request(url, body).ok_or(Refused::Elsewhere)?;
        let answer = self.means.web.send(request).await.map_err(|error| failed(&error))?;
        if answer.body.len() > self.settings.limits.reply_octets {
            return Err(failed(&"its answer is too long"));
        }
        if answer.status.is_success() {
            return object(&answer).ok_or_else(|| failed(&"it answers with something else"));
        }
        Err(refusal(&answer).unwrap_or_else(|| failed(&answer.status)))
    }
}

/// What the other server is asked for a message with.
fn asking(session: &Session, elsewhere: &Elsewhere) -> (&'static str, Object) {
    let address = session.threepid.address();
    let (medium, mut body) = match session.threepid.medium() {
        Medium::Msisdn => {
            let number = format!("+{address}");
            let phone = [("phone_number", number.as_str()), ("country", ANY_COUNTRY)];
            ("msisdn", Object::from_iter(phone))
        }
        _ => ("email", Object::from_iter([("email", address)])),
    };
    body.insert("client_secret", elsewhere.client_secret.as_str());
    body.insert("send_attempt", Json::saturating(session.send_attempt));
    if let Some(link) = &session.next_link {
        body.insert("next_link", link.as_str());
    }
    (medium, body)
}

impl Delegate {
    fn endpoint(&self, target: &str) -> Option<Url> {
        let version = if self.access_token.is_some() { "v2" } else { "api/v1" };
        self.url.with_target(&format!("/_matrix/identity/{version}{target}")).ok()
    }

    fn request(&self, url: Url, body: Option<&Object>) -> Option<Outgoing> {
        let mut request = match body {
            Some(body) => Outgoing::post_json(url, body.to_octets()),
            None => Outgoing::get(url),
        };
        if let Some(token) = &self.access_token {
            let bearer = format!("Bearer {}", token.as_str());
            let mut value = header::HeaderValue::from_str(&bearer).ok()?;
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        Some(request)
    }
}

fn object(answer: &Incoming) -> Option<Object> {
    Object::parse(&answer.body, &crate::signed::Limits::default()).ok()
}

/// What the other server's refusal is here; none where it is a failure of its own, or of ours.
fn refusal(answer: &Incoming) -> Option<Refused> {
    let told = object(answer)?;
    Some(match (answer.status, told.string("errcode")?) {
        (StatusCode::TOO_MANY_REQUESTS, _) => {
            let wait = match told.get("retry_after_ms") {
                Some(Json::Integer(millis)) => u64::try_from(*millis).unwrap_or_default(),
                _ => 0,
            };
            let wait = Duration::from_millis(wait).clamp(Duration::from_secs(1), LONGEST_WAIT);
            Refused::TooOften { asked: Asked::Messages, wait }
        }
        (_, "M_SESSION_EXPIRED") => Refusal::Expired.into(),
        (_, "M_SESSION_NOT_VALIDATED") => Refusal::NotValidated.into(),
        (_, "M_NO_VALID_SESSION") => Refusal::Unknown.into(),
        (_, "M_TOKEN_INCORRECT" | "M_INVALID_TOKEN") => Refusal::OtherToken.into(),
        (_, "M_INVALID_EMAIL" | "M_INVALID_ADDRESS" | "M_DESTINATION_REJECTED") => {
            Refused::Undeliverable
        }
        (_, "M_EMAIL_SEND_ERROR" | "M_SEND_ERROR") => Refused::NotSent,
        _ => return None,
    })
}
