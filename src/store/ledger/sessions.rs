//! Sessions that are kept.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::{Ledger, Octets, Pages, threepid, written};
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::store::StoreError;
use crate::threepid::Threepid;
use crate::verification::{
    ClientSecret, Delivery, Elsewhere, Limits, Purpose, Session, SessionId, State, Token,
};

pub(super) const SESSIONS: Octets = TableDefinition::new("sessions");
pub(super) const OPENERS: Octets = TableDefinition::new("openers");
pub(super) const ENDS: Octets = TableDefinition::new("ends");
pub(super) const UNSENT: Octets = TableDefinition::new("unsent");

/// A [`Session`] as it stands in the ledger.
#[derive(Serialize, Deserialize)]
struct Row {
    medium: String,
    address: String,
    client_secret: String,
    send_attempt: u64,
    messages: u8,
    guesses: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
    opened: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validated: Option<u64>,
    token: String,
    /// Whether the message failed; where it neither did nor is due, it went out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    failed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    due: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elsewhere: Option<ElsewhereRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirm: Option<ConfirmRow>,
}

#[derive(Serialize, Deserialize)]
struct ElsewhereRow {
    server: String,
    client_secret: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ConfirmRow {
    server: String,
    statement: String,
}

impl From<&Session> for Row {
    fn from(session: &Session) -> Self {
        let (elsewhere, confirm) = match &session.purpose {
            Purpose::Verify => (None, None),
            Purpose::Elsewhere(elsewhere) => (Some(elsewhere.into()), None),
            Purpose::Confirm { server, statement } => {
                let (server, statement) =
                    (server.to_string(), written(statement, &session.threepid));
                (None, Some(ConfirmRow { server, statement }))
            }
        };
        Self {
            medium: session.threepid.medium().as_str().to_owned(),
            address: session.threepid.address().to_owned(),
            client_secret: session.client_secret.as_str().to_owned(),
            send_attempt: session.send_attempt,
            messages: session.messages,
            guesses: session.guesses,
            next_link: session.next_link.clone(),
            opened: session.opened.as_millis(),
            validated: match session.state {
                State::Waiting => None,
                State::Validated(at) => Some(at.as_millis()),
            },
            token: session.token.as_str().to_owned(),
            failed: session.delivery == Delivery::Failed,
            due: session.delivery == Delivery::Due,
            elsewhere,
            confirm,
        }
    }
}

impl From<&Elsewhere> for ElsewhereRow {
    fn from(elsewhere: &Elsewhere) -> Self {
        Self {
            server: elsewhere.server.to_string(),
            client_secret: elsewhere.client_secret.as_str().to_owned(),
            id: elsewhere.id.clone(),
        }
    }
}

impl Row {
    fn into_session(self) -> Result<Session, StoreError> {
        let threepid = threepid(&self.medium, &self.address)?;
        let purpose = purpose(self.elsewhere, self.confirm).ok_or_else(damaged)?;
        Ok(Session {
            threepid,
            client_secret: self.client_secret.parse().map_err(|_| damaged())?,
            send_attempt: self.send_attempt,
            messages: self.messages,
            guesses: self.guesses,
            next_link: self.next_link,
            opened: Timestamp::from_millis(self.opened),
            state: match self.validated {
                None => State::Waiting,
                Some(at) => State::Validated(Timestamp::from_millis(at)),
            },
            token: Token::kept(self.token),
            delivery: match (self.due, self.failed) {
                (true, _) => Delivery::Due,
                (false, true) => Delivery::Failed,
                (false, false) => Delivery::Sent,
            },
            purpose,
        })
    }
}

fn purpose(elsewhere: Option<ElsewhereRow>, confirm: Option<ConfirmRow>) -> Option<Purpose> {
    if let Some(ElsewhereRow { server, client_secret, id }) = elsewhere {
        let (server, client_secret) = (server.parse().ok()?, client_secret.parse().ok()?);
        return Some(Purpose::Elsewhere(Elsewhere { server, client_secret, id }));
    }
    let Some(ConfirmRow { server, statement }) = confirm else { return Some(Purpose::Verify) };
    let (_, statement) = Statement::from_json(statement.as_bytes()).ok()?;
    Some(Purpose::Confirm { server: server.parse().ok()?, statement: statement.into() })
}

fn damaged() -> StoreError {
    StoreError::Damaged("a session that is none".to_owned())
}

impl Ledger {
    /// The session of this id.
    ///
    /// # Errors
    /// What the disk says.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.get(SESSIONS, id.as_str().as_bytes())?.map(Row::into_session).transpose()
    }

    /// The session that `client_secret` opened last for `threepid`, with its id, as long as a token is
    /// compared in it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn opened(
        &self,
        (threepid, client_secret): (&Threepid, &ClientSecret),
        (limits, now): (&Limits, Timestamp),
    ) -> Result<Option<(SessionId, Session)>, StoreError> {
        let opener = opener(threepid, client_secret);
        let Some(id) = self.get::<String>(OPENERS, &opener)? else { return Ok(None) };
        let id: SessionId = id.parse().map_err(|_| damaged())?;
        let session = self.session(&id)?.filter(|session| session.bears_guess(limits, now).is_ok());
        Ok(session.map(|session| (id, session)))
    }

    /// Keeps a new session under an id of its own: the one that its client has opened last.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add_session(
        &self,
        id: &SessionId,
        session: &Session,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        let opener = opener(&session.threepid, &session.client_secret);
        self.write(|pages| {
            put(pages, id, session)?;
            pages.put(OPENERS, &opener, &id.as_str())?;
            pages.put(ENDS, &end_key(session.end(limits), id), &())
        })
    }

    /// Has `change` change a session, and keeps what it made of it. Nothing where there is none.
    ///
    /// # Errors
    /// What the disk says; the session is as before then.
    pub fn change_session<T>(
        &self,
        id: &SessionId,
        change: impl FnOnce(&mut Session) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.write(|pages| {
            let Some(row) = pages.get::<Row>(SESSIONS, id.as_str().as_bytes())? else {
                return Ok(None);
            };
            let mut session = row.into_session()?;
            let done = change(&mut session);
            put(pages, id, &session)?;
            Ok(Some(done))
        })
    }

    /// Sessions whose message is due: it had not gone out when the process ended. At most `most` of them.
    ///
    /// # Errors
    /// What the disk says.
    pub fn unsent_sessions(&self, most: usize) -> Result<Vec<(SessionId, Session)>, StoreError> {
        let ids = self.below::<()>(UNSENT, b"", most)?;
        let id = |(key, ()): (Vec<u8>, ())| String::from_utf8(key).ok()?.parse::<SessionId>().ok();
        let session = |id: SessionId| self.session(&id).map(|found| Some((id, found?)));
        ids.into_iter().filter_map(id).map(session).filter_map(Result::transpose).collect()
    }

    /// Forgets sessions that have ended, at most `most` of them. Gives how many it looked at: where that is
    /// `most`, there may be more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn expire_sessions(
        &self,
        limits: &Limits,
        now: Timestamp,
        most: usize,
    ) -> Result<usize, StoreError> {
        self.write(|pages| {
            let due = pages.keys_before(ENDS, &now.as_millis().to_be_bytes(), most)?;
            for key in &due {
                pages.remove(ENDS, key)?;
                expire(pages, &key[8..], limits, now)?;
            }
            Ok(due.len())
        })
    }
}

/// Forgets a session whose end has come; one that was validated meanwhile ends later.
fn expire(pages: &Pages<'_>, id: &[u8], limits: &Limits, now: Timestamp) -> Result<(), StoreError> {
    let Some(row) = pages.get::<Row>(SESSIONS, id)? else { return Ok(()) };
    let session = row.into_session()?;
    if session.end(limits) > now {
        let key = [&session.end(limits).as_millis().to_be_bytes(), id].concat();
        return pages.put(ENDS, &key, &());
    }
    let opener = opener(&session.threepid, &session.client_secret);
    // It may have been followed by another of the same client.
    if pages.get::<String>(OPENERS, &opener)?.is_some_and(|last| last.as_bytes() == id) {
        pages.remove(OPENERS, &opener)?;
    }
    pages.remove(UNSENT, id)?;
    pages.remove(SESSIONS, id)?;
    Ok(())
}

fn put(pages: &Pages<'_>, id: &SessionId, session: &Session) -> Result<(), StoreError> {
    let key = id.as_str().as_bytes();
    match session.delivery {
        Delivery::Due => pages.put(UNSENT, key, &())?,
        Delivery::Sent | Delivery::Failed => drop(pages.remove(UNSENT, key)?),
    }
    pages.put(SESSIONS, key, &Row::from(session))
}

fn opener(threepid: &Threepid, client_secret: &ClientSecret) -> [u8; 32] {
    let parts = [threepid.medium().as_str(), threepid.address(), client_secret.as_str()];
    sha256(parts.join("\0").as_bytes())
}

fn end_key(end: Timestamp, id: &SessionId) -> Vec<u8> {
    [&end.as_millis().to_be_bytes(), id.as_str().as_bytes()].concat()
}
