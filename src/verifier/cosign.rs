//! Two verification servers, each of which has proved that an address is a user's, sign the same octets: who
//! trusts one of them then trusts the statement.
//!
//! What was bound here is offered to the cosigners. A server that is asked believes nothing: it takes the
//! question from servers that it knows alone, looks whether the statement says no more than that an
//! identifier is a user's, sends a message of its own, and signs when somebody at the address says that it is
//! true. It publishes what it signed itself; authorities put the signatures together.

use std::sync::Arc;

use super::chores::Tried;
use super::work::to_the_end;
use super::{Caller, Links, Refused, Verifier, Wanted};
use crate::association::{Association, Claim, Mxid, Statement};
use crate::clock::Timestamp;
use crate::codec::hex;
use crate::crypto::sha256;
use crate::signed::{Authorization, Limits as JsonLimits, Object, ServerName, SignedRequest};
use crate::store::ledger::Chore;
use crate::threepid::Threepid;
use crate::transport::http::{Outgoing, StatusCode, header};
use crate::verification::{ClientSecret, Purpose, Refusal, Session, SessionId};

/// The method of the question.
pub(super) const METHOD: &str = "POST";

/// What another server asks somebody to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The address that it was sent to.
    pub threepid: Threepid,
    /// Who asks.
    pub server: ServerName,
    /// The user that the address is said to belong to.
    pub mxid: Mxid,
}

impl Verifier {
    /// Takes a statement that another verification server asks to sign too, and sends a message to its
    /// address. Where that was asked before, nothing more is sent.
    ///
    /// # Errors
    /// [`Refused::Forbidden`] where it is no server that may ask, or the request is not signed by it;
    /// [`Refused::Malformed`] where the statement is none that is signed here; else as for
    /// [`Self::request_token`].
    pub async fn cosign(
        self: &Arc<Self>,
        authorization: &Authorization,
        content: &Object,
        caller: &Caller,
    ) -> Result<(), Refused> {
        let (threepid, statement) = self.offered(authorization, content)?;
        self.permitted(&threepid)?;
        self.can_send(&threepid)?;
        let server = authorization.key.server.clone();
        let client_secret = secret_for(&server, &threepid, &statement);
        let wanted = Wanted { threepid, client_secret, send_attempt: 1, next_link: None };
        let purpose = Purpose::Confirm { server, statement: statement.into() };
        self.open(wanted, purpose, caller.clone()).await.map(drop)
    }

    /// The statement that a server offers, with the signatures of that server alone.
    fn offered(
        &self,
        authorization: &Authorization,
        content: &Object,
    ) -> Result<(Threepid, Statement), Refused> {
        let asker = self.settings.askers.get(&authorization.key).ok_or(Refused::Forbidden)?;
        let keys = self.keys();
        let request = SignedRequest {
            method: METHOD,
            uri: Links::COSIGN,
            destination: keys.server().as_str(),
            content: Some(content),
        };
        request.verify(authorization, &asker.key).map_err(|_| Refused::Forbidden)?;
        let read = Statement::from_json(&content.to_octets());
        let (threepid, statement) =
            read.map_err(|_| Refused::Malformed("that is no signed association"))?;
        if !asker.permits(&threepid) {
            return Err(Refused::Forbidden);
        }
        self.worth_signing(statement.claim())?;
        let signed = self.signed_by(&authorization.key.server, &threepid, statement)?;
        Ok((threepid, signed))
    }

    /// Whether it is signed here that an identifier is a user's, and nothing else, and in time.
    fn worth_signing(&self, claim: &Claim) -> Result<(), Refused> {
        let Claim::Association(association) = claim else {
            return Err(Refused::Malformed("a withdrawal needs nobody else's signature"));
        };
        if !association.extra.is_empty() {
            return Err(Refused::Malformed("it says more than whose the address is"));
        }
        match self.is_timely(association) {
            true => Ok(()),
            false => Err(Refused::Malformed("it is not in force, or not of today")),
        }
    }

    fn is_timely(&self, association: &Association) -> bool {
        let (now, limits) = (self.now(), &self.settings.limits);
        let latest = now.saturating_add(limits.ahead);
        let earliest =
            now.saturating_sub(limits.asking.saturating_add(self.settings.sessions.life));
        let made = Timestamp::from(association.ts);
        let is_in_force = association.is_in_force(now) || association.is_in_force(latest);
        is_in_force && (earliest..=latest).contains(&made)
    }

    /// The statement with those of its signatures alone that `server` made, of which there has to be one.
    fn signed_by(
        &self,
        server: &ServerName,
        threepid: &Threepid,
        statement: Statement,
    ) -> Result<Statement, Refused> {
        let mut own = crate::signed::Signatures::default();
        for (name, signature) in statement.signatures().iter() {
            let key = self.settings.askers.get(name).filter(|_| name.server == *server);
            if key.is_some_and(|it| statement.verify(threepid, name, &it.key).is_ok()) {
                own.insert(name.clone(), *signature);
            }
        }
        Statement::new(statement.claim().clone(), own).map_err(|_| Refused::Forbidden)
    }

    /// What somebody is asked to confirm who has the token of the message.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::TooOften`], [`Refused::Unavailable`].
    pub async fn confirmation(
        &self,
        id: &SessionId,
        token: &str,
        caller: &Caller,
    ) -> Result<Confirmation, Refused> {
        let now = self.now();
        self.gates.token(caller, None, now)?;
        let (session, server, statement) = self.confirming(id).await?;
        session.is_alive(&self.settings.sessions, now)?;
        match statement.claim().mxid().cloned() {
            Some(mxid) if session.token().is(token) => {
                Ok(Confirmation { threepid: session.threepid, server, mxid })
            }
            _ => Err(Refusal::Unknown.into()),
        }
    }

    /// Signs what another server asked to have signed: whoever has the token of the message says that it is
    /// true. It is published in every tree, with the signature of the other server.
    ///
    /// # Errors
    /// [`Refused::NotBound`] where something newer was said of the address meanwhile;
    /// [`Refused::Session`], [`Refused::TooOften`], [`Refused::Undetermined`], [`Refused::Unavailable`].
    pub async fn confirm(
        self: &Arc<Self>,
        id: &SessionId,
        token: &str,
        caller: &Caller,
    ) -> Result<(), Refused> {
        let now = self.now();
        self.gates.token(caller, None, now)?;
        let (session, _, statement) = self.confirming(id).await?;
        self.take_back(id, &session.client_secret, token, now).await?;
        let verifier = self.clone();
        to_the_end(async move { verifier.sign_too(&session.threepid, *statement).await }).await
    }

    async fn sign_too(&self, threepid: &Threepid, mut statement: Statement) -> Result<(), Refused> {
        self.permitted(threepid)?;
        let _turn = self.statements.of(threepid).await;
        let standing = self.standing(threepid).await?;
        if standing.is_newer_than(&statement, threepid) {
            return Err(Refused::NotBound);
        }
        let own = self.sign(statement.claim().clone(), threepid)?;
        statement.merge(&own).map_err(|_| Refused::Unavailable)?;
        if !statement.has_all_of(&own) {
            return Err(Refused::Unavailable);
        }
        let chores = self.telling(threepid, &statement).await?.into_iter().collect();
        self.publish(threepid, &statement, chores).await
    }

    async fn confirming(
        &self,
        id: &SessionId,
    ) -> Result<(Session, ServerName, Box<Statement>), Refused> {
        let session = self.any_session(id).await?;
        match session.purpose.clone() {
            Purpose::Confirm { server, statement } => Ok((session, server, statement)),
            _ => Err(Refusal::Unknown.into()),
        }
    }

    /// Asks another server to sign a statement, too.
    pub(super) async fn ask_to_cosign(
        &self,
        chore: &Chore,
        server: &ServerName,
    ) -> Result<Tried, Refused> {
        let cosigner = self.settings.cosigners.iter().find(|it| it.server == *server);
        let Some(request) = cosigner.and_then(|cosigner| {
            let url = cosigner.url.with_target(Links::COSIGN).ok()?;
            let json = chore.statement.to_json(&chore.threepid);
            let content = Object::parse(&json, &JsonLimits::default()).ok()?;
            let keys = self.keys();
            let authorization = keys.authorize(&SignedRequest {
                method: METHOD,
                uri: Links::COSIGN,
                destination: server.as_str(),
                content: Some(&content),
            });
            let value = header::HeaderValue::from_str(&authorization.to_string()).ok()?;
            let mut request = Outgoing::post_json(url, content.to_octets());
            request.headers.insert(header::AUTHORIZATION, value);
            Some(request)
        }) else {
            return Ok(Tried::Done);
        };
        Ok(match self.means.web.send(request).await {
            Ok(answer) if answer.status.is_success() => Tried::Done,
            Ok(answer) => self.not_asked(server, answer.status),
            Err(error) => {
                tracing::warn!(%server, %error, "cannot be asked to sign");
                Tried::Later
            }
        })
    }

    fn not_asked(&self, server: &ServerName, status: StatusCode) -> Tried {
        tracing::warn!(%server, %status, "does not sign");
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Tried::Later,
            _ if status.is_server_error() => Tried::Later,
            _ => Tried::Done,
        }
    }
}

/// Under which secret the session of an offered statement is: the same for the same, so that it is not sent
/// twice. It is no client's, and opens nothing.
fn secret_for(server: &ServerName, threepid: &Threepid, statement: &Statement) -> ClientSecret {
    let signed = statement.claim().signed_octets(threepid);
    let hash = sha256(&[server.as_str().as_bytes(), b"\0", &signed].concat());
    hex(&hash).parse().expect("hexadecimal may stand in a secret")
}
