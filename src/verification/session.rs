//! The session: from an address that somebody gave to one that is proved his.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::{ClientSecret, Delivery, Limits, Purpose, Token};
use crate::clock::Timestamp;
use crate::codec;
use crate::crypto::Random;
use crate::threepid::Threepid;

/// The longest session id (Matrix specification).
const MAX_ID: usize = 255;

/// The id of a session: 128 bits that cannot be guessed. It is told to clients and in links, and is worth
/// nothing without the client secret or the token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// Draws an id.
    pub fn draw(random: &mut dyn Random) -> Self {
        let mut octets = [0; 16];
        random.fill(&mut octets);
        Self(codec::hex(&octets).into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let known = |octet: u8| octet.is_ascii_alphanumeric() || b".=_-".contains(&octet);
        if (1..=MAX_ID).contains(&text.len()) && text.bytes().all(known) {
            return Ok(Self(text.into()));
        }
        Err(Refusal::Unknown)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A token is on its way.
    Waiting,
    /// The token came back at this moment.
    Validated(Timestamp),
}

/// Why a session does not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is none with this id and client secret: `M_NO_VALID_SESSION`.
    #[error("there is no such session, or the secret is not its own")]
    Unknown,
    /// The token is another one: `M_TOKEN_INCORRECT`.
    #[error("the token is not that of the session")]
    OtherToken,
    /// It is too old: `M_SESSION_EXPIRED`.
    #[error("the session has expired")]
    Expired,
    /// The token has not come back yet: `M_SESSION_NOT_VALIDATED`.
    #[error("the session is not validated")]
    NotValidated,
    /// Too many wrong tokens came: `M_TOKEN_INCORRECT`. A new session is needed.
    #[error("too many wrong tokens: ask for a new one")]
    NoGuessLeft,
    /// It has sent as many messages as it may.
    #[error("the session has sent {0} messages, and sends no more")]
    NoMessageLeft(u8),
}

/// One verification of one address.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is to be verified.
    pub threepid: Threepid,
    /// What its client proves with that it is its own.
    pub client_secret: ClientSecret,
    /// The greatest attempt that the client asked for a message with.
    pub send_attempt: u64,
    /// How many messages were sent.
    pub messages: u8,
    /// How many wrong tokens may still come.
    pub guesses: u8,
    /// Where whoever follows the link is sent on to.
    pub next_link: Option<String>,
    /// When it began.
    pub opened: Timestamp,
    /// How far it is.
    pub state: State,
    /// What has to come back.
    pub token: Token,
    /// Whether its message went out.
    pub delivery: Delivery,
    /// For whom it is.
    pub purpose: Purpose,
}

impl Session {
    /// Begins a session, whose first message is to be sent.
    pub fn open(
        threepid: Threepid,
        client_secret: ClientSecret,
        send_attempt: u64,
        next_link: Option<String>,
        limits: &Limits,
        random: &mut dyn Random,
        now: Timestamp,
    ) -> Self {
        let token = Token::draw(threepid.medium(), limits.digits, random);
        Self {
            threepid,
            client_secret,
            send_attempt,
            messages: 1,
            guesses: limits.guesses,
            next_link,
            opened: now,
            state: State::Waiting,
            token,
            delivery: Delivery::Due,
            purpose: Purpose::Verify,
        }
    }

    /// The same for another purpose, with a token that is in a link, or nowhere: none that can be guessed.
    #[must_use]
    pub fn serving(self, purpose: Purpose, random: &mut dyn Random) -> Self {
        Self { purpose, token: Token::draw_for_link(random), ..self }
    }

    /// The token that has to come back.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Asks for the message once more. It is to be sent where this is true: where `send_attempt` is greater
    /// than all before, or the last message failed. So a request that is repeated since its response was
    /// lost, or is late, sends nothing.
    ///
    /// # Errors
    /// [`Refusal::NoMessageLeft`] where it has sent enough of them, [`Refusal::NoGuessLeft`] where its token
    /// would be refused, [`Refusal::Expired`].
    pub fn ask_again(
        &mut self,
        send_attempt: u64,
        next_link: Option<String>,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        self.bears_guess(limits, now)?;
        let failed = self.delivery == Delivery::Failed;
        if send_attempt < self.send_attempt || send_attempt == self.send_attempt && !failed {
            return Ok(false);
        }
        if self.messages >= limits.messages {
            return Err(Refusal::NoMessageLeft(limits.messages));
        }
        self.send_attempt = send_attempt;
        self.messages += 1;
        self.next_link = next_link;
        self.delivery = Delivery::Due;
        Ok(true)
    }

    /// Takes note of what became of the message of this attempt.
    pub fn note(&mut self, send_attempt: u64, delivery: Delivery) {
        if send_attempt == self.send_attempt {
            self.delivery = delivery;
        }
    }

    /// Takes the token back. A wrong one costs a guess, which has to be kept before it is answered. What was
    /// validated stays so, whoever brings its token again.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for who does not know the client secret, [`Refusal::OtherToken`],
    /// [`Refusal::NoGuessLeft`], [`Refusal::Expired`].
    pub fn submit(
        &mut self,
        client_secret: &ClientSecret,
        token: &str,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if *client_secret != self.client_secret {
            return Err(Refusal::Unknown);
        }
        self.bears_guess(limits, now)?;
        if !self.token.is(token) {
            self.guesses -= 1;
            return Err(Refusal::OtherToken);
        }
        self.prove(now);
        Ok(())
    }

    /// Whether a token is compared at all.
    ///
    /// # Errors
    /// [`Refusal::NoGuessLeft`], [`Refusal::Expired`].
    pub fn bears_guess(&self, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        self.is_alive(limits, now)?;
        if self.guesses == 0 { Err(Refusal::NoGuessLeft) } else { Ok(()) }
    }

    /// When the address was proved.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for who does not know the client secret, [`Refusal::NotValidated`],
    /// [`Refusal::Expired`].
    pub fn validated(
        &self,
        client_secret: &ClientSecret,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        if *client_secret != self.client_secret {
            return Err(Refusal::Unknown);
        }
        self.is_alive(limits, now)?;
        match self.state {
            State::Validated(at) => Ok(at),
            State::Waiting => Err(Refusal::NotValidated),
        }
    }

    /// When it ends: a life after it was opened, or after it was validated.
    pub fn end(&self, limits: &Limits) -> Timestamp {
        let from = match self.state {
            State::Waiting => self.opened,
            State::Validated(at) => at,
        };
        from.saturating_add(limits.life)
    }

    /// Takes note that the token is back: here, or at the server that verifies in place of this one.
    pub fn prove(&mut self, now: Timestamp) {
        if self.state == State::Waiting {
            self.state = State::Validated(now);
        }
    }

    /// Whether it still lives. One that was opened later than now, as the clock was set back, does.
    ///
    /// # Errors
    /// [`Refusal::Expired`].
    pub fn is_alive(&self, limits: &Limits, now: Timestamp) -> Result<(), Refusal> {
        let left: Duration = self.end(limits).since(now);
        if left.is_zero() { Err(Refusal::Expired) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn start() -> Timestamp {
        Timestamp::from_secs(1_790_000_000)
    }

    fn secret(text: &str) -> ClientSecret {
        text.parse().unwrap()
    }

    fn open(address: &str) -> Session {
        let threepid = Threepid::parse_any(address, None).unwrap();
        let mut random = SeededRandom::new(7);
        Session::open(threepid, secret("s"), 1, None, &Limits::default(), &mut random, start())
    }

    #[test]
    fn the_token_that_comes_back_validates() {
        let (limits, mut session) = (Limits::default(), open("alice@example.com"));
        let later = start().saturating_add(Duration::from_secs(60));
        assert_eq!(session.validated(&secret("s"), &limits, later), Err(Refusal::NotValidated));
        let token = session.token().as_str().to_owned();
        assert_eq!(session.submit(&secret("t"), &token, &limits, later), Err(Refusal::Unknown));
        assert_eq!(session.submit(&secret("s"), &token, &limits, later), Ok(()));
        assert_eq!(session.validated(&secret("s"), &limits, later), Ok(later));
        assert_eq!(session.validated(&secret("t"), &limits, later), Err(Refusal::Unknown));
        let again = later.saturating_add(Duration::from_secs(60));
        assert_eq!(session.submit(&secret("s"), &token, &limits, again), Ok(()), "a second click");
        assert_eq!(session.validated(&secret("s"), &limits, again), Ok(later), "the first counts");
    }

    #[test]
    fn guesses_are_few() {
        let (limits, mut session) = (Limits::default(), open("+447700900123"));
        for _ in 0..limits.guesses {
            let submitted = session.submit(&secret("s"), "x", &limits, start());
            assert_eq!(submitted, Err(Refusal::OtherToken));
        }
        let token = session.token().as_str().to_owned();
        assert_eq!(
            session.submit(&secret("s"), &token, &limits, start()),
            Err(Refusal::NoGuessLeft),
            "the right one, too late"
        );
    }

    #[test]
    fn who_does_not_know_the_secret_costs_no_guess() {
        let (limits, mut session) = (Limits::default(), open("+447700900123"));
        for _ in 0..100 {
            assert!(session.submit(&secret("other"), "1", &limits, start()).is_err());
        }
        assert_eq!(session.guesses, limits.guesses);
    }

    #[test]
    fn a_life_is_a_day_from_each_beginning() {
        let (limits, mut session) = (Limits::default(), open("alice@example.com"));
        let token = session.token().as_str().to_owned();
        let last = start().saturating_add(DAY - Duration::from_millis(1));
        let mut late = session.clone();
        let over = start().saturating_add(DAY);
        assert_eq!(late.submit(&secret("s"), &token, &limits, over), Err(Refusal::Expired));
        assert_eq!(session.submit(&secret("s"), &token, &limits, last), Ok(()));
        assert_eq!(session.validated(&secret("s"), &limits, over), Ok(last));
        let end = last.saturating_add(DAY);
        assert_eq!(session.validated(&secret("s"), &limits, end), Err(Refusal::Expired));
    }

    #[test]
    fn messages_go_out_for_greater_attempts_alone() {
        let (limits, mut session) = (Limits::default(), open("alice@example.com"));
        let token = session.token().as_str().to_owned();
        let mut ask = |attempt| {
            session.note(session.send_attempt, Delivery::Sent);
            session.ask_again(attempt, None, &limits, start())
        };
        assert_eq!(
            [ask(1), ask(0), ask(2), ask(2), ask(9)].map(Result::unwrap),
            [false, false, true, false, true]
        );
        let sent = (10..30).filter(|attempt| ask(*attempt) == Ok(true)).count();
        assert_eq!(sent, usize::from(limits.messages) - 3);
        assert_eq!(ask(99), Err(Refusal::NoMessageLeft(limits.messages)));
        assert!(session.token().is(&token), "every message has the same token");
    }

    #[test]
    fn what_did_not_go_out_is_sent_for_the_same_attempt() {
        let (limits, mut session) = (Limits::default(), open("alice@example.com"));
        let mut ask = |noted: Option<(u64, Delivery)>, attempt| {
            if let Some((of, delivery)) = noted {
                session.note(of, delivery);
            }
            session.ask_again(attempt, None, &limits, start()).unwrap()
        };
        assert!(!ask(None, 1), "it is on its way");
        assert!(ask(Some((1, Delivery::Failed)), 1));
        assert!(!ask(Some((1, Delivery::Sent)), 1));
        assert!(ask(None, 2));
        assert!(!ask(Some((1, Delivery::Failed)), 2), "that was the one before");
        assert!(!ask(Some((2, Delivery::Sent)), 2));
    }

    proptest! {
        /// Whatever comes in whatever order: nothing but the right secret and token validates.
        #[test]
        fn only_the_token_validates(steps in prop::collection::vec((0..3u8, 0..4u8, 0..40_000u64), 0..40)) {
            let (limits, mut session) = (Limits::default(), open("+447700900123"));
            let token = session.token().as_str().to_owned();
            let (mut now, mut wrong, mut right) = (start(), 0, false);
            for (kind, which, pause) in steps {
                now = now.saturating_add(Duration::from_secs(pause));
                let alive = session.end(&limits) > now;
                let brought = if which == 0 { token.as_str() } else { "000" };
                match kind {
                    0 => {
                        let done = session.submit(&secret("s"), brought, &limits, now);
                        prop_assert_eq!(done.is_ok(), alive && wrong < limits.guesses && which == 0);
                        wrong += u8::from(alive && which != 0 && wrong < limits.guesses);
                        right |= done.is_ok();
                    }
                    1 => { let _ = session.ask_again(u64::from(which), None, &limits, now); }
                    _ => {
                        let told = session.validated(&secret("s"), &limits, now);
                        prop_assert_eq!(told.is_ok(), right && alive);
                    }
                }
            }
        }
    }
}
