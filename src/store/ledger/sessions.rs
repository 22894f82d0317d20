//! Sessions that are kept.

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::{Ledger, Octets, Pages};
use crate::clock::Timestamp;
use crate::crypto::{Random, sha256};
use crate::store::StoreError;
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, Limits, Session, SessionId, State, Token};

pub(super) const SESSIONS: Octets = TableDefinition::new("sessions");
pub(super) const OPENERS: Octets = TableDefinition::new("openers");
pub(super) const ENDS: Octets = TableDefinition::new("ends");

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
}

impl From<&Session> for Row {
    fn from(session: &Session) -> Self {
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
        }
    }
}

impl Row {
    fn into_session(self) -> Result<Session, StoreError> {
        let damaged = || StoreError::Damaged("a session of no identifier".to_owned());
        let medium = self.medium.parse().map_err(|_| damaged())?;
        Ok(Session {
            threepid: Threepid::from_normal(medium, &self.address).map_err(|_| damaged())?,
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
        })
    }
}

impl Ledger {
    /// The session of this id.
    ///
    /// # Errors
    /// What the disk says.
    pub fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.get(SESSIONS, id.as_str().as_bytes())?.map(Row::into_session).transpose()
    }

    /// Goes on with the session that `client_secret` opened for `threepid`, as long as it lives, or opens one
    /// with an id of its own. `go_on` is given the one that there is and says what comes of it, `open` makes a
    /// new one. What either did is on disk when this returns.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open_session<T>(
        &self,
        (threepid, client_secret): (&Threepid, &ClientSecret),
        (limits, now): (&Limits, Timestamp),
        random: &mut dyn Random,
        go_on: impl FnOnce(&mut Session) -> T,
        open: impl FnOnce(&mut dyn Random) -> (Session, T),
    ) -> Result<(SessionId, T), StoreError> {
        let opener = opener(threepid, client_secret);
        self.write(|pages| {
            if let Some((id, mut session)) = opened_by(pages, &opener)?
                && session.end(limits) > now
            {
                let done = go_on(&mut session);
                put(pages, &id, &session)?;
                return Ok((id, done));
            }
            let id = SessionId::draw(random);
            let (session, done) = open(random);
            put(pages, &id, &session)?;
            pages.put(OPENERS, &opener, &id.as_str())?;
            pages.put(ENDS, &end_key(session.end(limits), &id), &())?;
            Ok((id, done))
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
    pages.remove(SESSIONS, id)?;
    Ok(())
}

fn opened_by(pages: &Pages<'_>, opener: &[u8]) -> Result<Option<(SessionId, Session)>, StoreError> {
    let Some(id) = pages.get::<String>(OPENERS, opener)? else { return Ok(None) };
    let row = pages.get::<Row>(SESSIONS, id.as_bytes())?;
    let id: SessionId =
        id.parse().map_err(|_| StoreError::Damaged("a session without an id".to_owned()))?;
    Ok(row.map(Row::into_session).transpose()?.map(|session| (id, session)))
}

fn put(pages: &Pages<'_>, id: &SessionId, session: &Session) -> Result<(), StoreError> {
    pages.put(SESSIONS, id.as_str().as_bytes(), &Row::from(session))
}

fn opener(threepid: &Threepid, client_secret: &ClientSecret) -> [u8; 32] {
    let parts = [threepid.medium().as_str(), threepid.address(), client_secret.as_str()];
    sha256(parts.join("\0").as_bytes())
}

fn end_key(end: Timestamp, id: &SessionId) -> Vec<u8> {
    [&end.as_millis().to_be_bytes(), id.as_str().as_bytes()].concat()
}
