//! Sessions: opened, their messages sent, their tokens taken back.

use std::sync::Arc;

use super::bounds::Asker;
use super::work::to_the_end;
use super::{Caller, Refused, Verifier, Wanted};
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::crypto::OsRandom;
use crate::threepid::{Medium, Threepid};
use crate::verification::{
    ClientSecret, Delivery, Elsewhere, Errand, Message, Purpose, Refusal, Session, SessionId, State,
};

impl Verifier {
    /// Opens a session, or goes on with the one that this client opened for this identifier, and sends the
    /// message where one is due.
    ///
    /// Nobody is asked about the identifier: the answer does not tell whether anybody has it. The session is
    /// on disk before its message goes out, and whether that is due, too.
    ///
    /// # Errors
    /// [`Refused::OutOfScope`], [`Refused::TooOften`], [`Refused::Session`], [`Refused::Undeliverable`],
    /// [`Refused::NotSent`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn request_token(
        self: &Arc<Self>,
        wanted: Wanted,
        caller: &Caller,
    ) -> Result<SessionId, Refused> {
        self.permitted(&wanted.threepid)?;
        let purpose = self.purpose(&wanted.threepid)?;
        self.open(wanted, purpose, caller.clone()).await
    }

    /// Who verifies this identifier.
    fn purpose(&self, threepid: &Threepid) -> Result<Purpose, Refused> {
        if let Some(delegate) = self.delegate(threepid) {
            let secret = SessionId::draw(&mut OsRandom).as_str().parse();
            let client_secret = secret.expect("what is an id is a client secret, too");
            let server = delegate.url.clone();
            return Ok(Purpose::Elsewhere(Elsewhere { server, client_secret, id: None }));
        }
        self.can_send(threepid).map(|()| Purpose::Verify)
    }

    /// Whether there is somebody who brings messages there.
    pub(super) fn can_send(&self, threepid: &Threepid) -> Result<(), Refused> {
        match self.means.couriers.contains_key(threepid.medium()) {
            true => Ok(()),
            false => Err(Refused::OutOfScope),
        }
    }

    /// Opens a session, or goes on with it, and sends its message where one is due.
    pub(super) async fn open(
        self: &Arc<Self>,
        wanted: Wanted,
        purpose: Purpose,
        caller: Caller,
    ) -> Result<SessionId, Refused> {
        let verifier = self.clone();
        to_the_end(async move {
            let (id, due) = verifier.keep(wanted, purpose, &caller).await?;
            if let Some(session) = due {
                verifier.deliver(&id, &session, caller.mxid.as_ref()).await?;
            }
            Ok(id)
        })
        .await
    }

    /// Keeps the session, and gives it where its message is due.
    async fn keep(
        &self,
        wanted: Wanted,
        purpose: Purpose,
        caller: &Caller,
    ) -> Result<(SessionId, Option<Session>), Refused> {
        let _turn = self.openings.of(&wanted.threepid).await;
        let now = self.now();
        let asker = match &purpose {
            Purpose::Confirm { server, .. } => Asker::Server(server.clone()),
            _ => Asker::of(caller),
        };
        let asker = (&asker, caller.network);
        let Some((id, mut session)) = self.opened(&wanted, now).await? else {
            self.gates.message(&wanted.threepid, asker, now)?;
            return self.begin(wanted, purpose, now).await;
        };
        let Wanted { send_attempt, next_link, .. } = wanted;
        if !session.ask_again(send_attempt, next_link.clone(), &self.settings.sessions, now)? {
            return Ok((id, None));
        }
        self.gates.message(&session.threepid, asker, now)?;
        let (limits, of) = (self.settings.sessions.clone(), id.clone());
        let changed = self.ledger(move |ledger| {
            ledger.change_session(&of, |session| {
                session.ask_again(send_attempt, next_link, &limits, now).map(|_| session.clone())
            })
        });
        let session = changed.await?.ok_or(Refusal::Unknown)??;
        Ok((id, Some(session)))
    }

    async fn opened(
        &self,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Option<(SessionId, Session)>, Refused> {
        let (threepid, secret) = (wanted.threepid.clone(), wanted.client_secret.clone());
        let limits = self.settings.sessions.clone();
        self.ledger(move |ledger| ledger.opened((&threepid, &secret), (&limits, now))).await
    }

    async fn begin(
        &self,
        wanted: Wanted,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<(SessionId, Option<Session>), Refused> {
        let Wanted { threepid, client_secret, send_attempt, next_link } = wanted;
        let (limits, random) = (self.settings.sessions.clone(), &mut OsRandom);
        let session =
            Session::open(threepid, client_secret, send_attempt, next_link, &limits, random, now);
        let session = match purpose {
            Purpose::Verify => session,
            other => session.serving(other, random),
        };
        let (id, kept) = (SessionId::draw(random), session.clone());
        let of = id.clone();
        self.ledger(move |ledger| ledger.add_session(&of, &kept, &limits)).await?;
        Ok((id, Some(session)))
    }

    /// Sends the message of a session, which a user asked for where one is known, and keeps what became of it.
    async fn deliver(
        &self,
        id: &SessionId,
        session: &Session,
        user: Option<&Mxid>,
    ) -> Result<(), Refused> {
        let sent = match &session.purpose {
            Purpose::Elsewhere(elsewhere) => self.ask_elsewhere(id, session, elsewhere).await,
            _ => self.send(&self.message(id, session, user)).await,
        };
        let delivery = if sent.is_ok() { Delivery::Sent } else { Delivery::Failed };
        let (id, attempt) = (id.clone(), session.send_attempt);
        self.change(id, move |session| session.note(attempt, delivery)).await?;
        sent
    }

    /// Changes a session that may have been forgotten meanwhile.
    pub(super) async fn change(
        &self,
        id: SessionId,
        change: impl FnOnce(&mut Session) + Send + 'static,
    ) -> Result<(), Refused> {
        self.ledger(move |ledger| ledger.change_session(&id, change)).await.map(drop)
    }

    fn message(&self, id: &SessionId, session: &Session, user: Option<&Mxid>) -> Message {
        let (links, token) = (&self.settings.links, session.token().clone());
        let errand = match &session.purpose {
            Purpose::Confirm { server, statement } => Errand::Confirm {
                link: links.confirm(id, &token),
                server: server.to_string(),
                mxid: statement.claim().mxid().map(ToString::to_string).unwrap_or_default(),
            },
            _ => {
                let is_mail = *session.threepid.medium() == Medium::Email;
                let link = is_mail.then(|| links.submit(id, &session.client_secret, &token));
                Errand::Verify { token, link, user: user.map(ToString::to_string) }
            }
        };
        Message { to: session.threepid.clone(), errand }
    }

    /// Takes a token back. Gives where to send on whoever followed the link.
    ///
    /// Tokens are counted by who tries them. Those that people type are short: they are counted by whom they
    /// are for, too, whatever session they are for, where they are compared at all.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::TooOften`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn submit(
        &self,
        id: &SessionId,
        client_secret: &ClientSecret,
        token: &str,
        caller: &Caller,
    ) -> Result<Option<String>, Refused> {
        let now = self.now();
        let session = self.bearing_guess(id, client_secret, now).await;
        let guessed = session.as_ref().ok().filter(|session| is_guessed(session));
        self.gates.token(caller, guessed.map(|session| &session.threepid), now)?;
        let session = session?;
        if let Purpose::Elsewhere(elsewhere) = &session.purpose {
            self.submit_elsewhere(&session, elsewhere, token).await?;
            self.change(id.clone(), move |session| session.prove(now)).await?;
            return Ok(session.next_link);
        }
        self.take_back(id, client_secret, token, now).await?;
        Ok(session.next_link)
    }

    /// The session of a client, where it bears a guess.
    async fn bearing_guess(
        &self,
        id: &SessionId,
        client_secret: &ClientSecret,
        now: Timestamp,
    ) -> Result<Session, Refused> {
        let session = self.session(id, client_secret).await?;
        session.bears_guess(&self.settings.sessions, now)?;
        Ok(session)
    }

    /// Compares a token; what comes of it is on disk when this returns.
    pub(super) async fn take_back(
        &self,
        id: &SessionId,
        client_secret: &ClientSecret,
        token: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let (id, secret, token) = (id.clone(), client_secret.clone(), token.to_owned());
        let limits = self.settings.sessions.clone();
        let submitted = self.ledger(move |ledger| {
            ledger.change_session(&id, |session| session.submit(&secret, &token, &limits, now))
        });
        Ok(submitted.await?.ok_or(Refusal::Unknown)??)
    }

    /// What a session has proved, and when.
    ///
    /// # Errors
    /// [`Refused::Session`], [`Refused::Elsewhere`], [`Refused::Unavailable`].
    pub async fn validated(
        &self,
        id: &SessionId,
        client_secret: &ClientSecret,
    ) -> Result<(Threepid, Timestamp), Refused> {
        let (session, now) = (self.session(id, client_secret).await?, self.now());
        let validated = session.validated(client_secret, &self.settings.sessions, now);
        if let (Err(Refusal::NotValidated), Purpose::Elsewhere(elsewhere)) =
            (&validated, &session.purpose)
        {
            self.validated_elsewhere(&session, elsewhere).await?;
            self.change(id.clone(), move |session| session.prove(now)).await?;
            return Ok((session.threepid, now));
        }
        Ok((session.threepid, validated?))
    }

    /// The session of a client that knows its secret. To others there is none.
    async fn session(
        &self,
        id: &SessionId,
        client_secret: &ClientSecret,
    ) -> Result<Session, Refused> {
        let session = self.any_session(id).await?;
        let is_a_clients = !matches!(session.purpose, Purpose::Confirm { .. });
        if is_a_clients && session.client_secret == *client_secret {
            return Ok(session);
        }
        Err(Refusal::Unknown.into())
    }

    pub(super) async fn any_session(&self, id: &SessionId) -> Result<Session, Refused> {
        let id = id.clone();
        let found = self.ledger(move |ledger| ledger.session(&id)).await?;
        found.ok_or_else(|| Refusal::Unknown.into())
    }

    /// Sends the messages that were due when the process ended last. Whoever asked for them got no answer.
    pub(super) async fn send_what_is_due(&self) -> Result<(), Refused> {
        for (id, session) in self.ledger(|ledger| ledger.unsent_sessions(usize::MAX)).await? {
            let is_old = session.is_alive(&self.settings.sessions, self.now()).is_err();
            if is_old || session.state != State::Waiting {
                self.change(id, |session| session.delivery = Delivery::Failed).await?;
                continue;
            }
            // What fails is logged, and may be asked for again. Whose account was used is not kept.
            let _ = self.deliver(&id, &session, None).await;
        }
        Ok(())
    }
}

/// Whether what comes back for a session may have been guessed: it is short, or another server's.
fn is_guessed(session: &Session) -> bool {
    matches!(session.purpose, Purpose::Elsewhere(_)) || session.token().is_short()
}
