//! Proving that a person controls an address, by a token that is sent there.
//!
//! Who wants an address verified opens a [`Session`]: for one identifier, under a [`ClientSecret`] of the
//! client's own. A [`Token`] goes to the address, and whoever brings it back has shown that he reads what
//! arrives there. The session then is valid for whoever knows its id and the client secret, as long as a
//! session lives: the Matrix specification's 24 hours.
//!
//! ```text
//!            open                submit, right              24 h after it was validated
//!   (none) ────────▶ waiting ─────────────────▶ validated ──────────────────────────────▶ expired
//!                     │  ▲ ask again, greater send_attempt: a new message, the same token
//!                     │  submit, wrong: a guess less
//!                     └────────────────────────────────────────────────────────────────▶ expired
//!                       24 h after it was opened, or no guess left
//! ```
//!
//! The machine has neither clock nor randomness nor memory: time and chance are arguments, whoever drives it
//! keeps the sessions and sends the [`Message`]s. What it tells of a session it tells to who knows the client
//! secret alone; to everybody else, and of a session that is none, it says the same ([`Refusal::Unknown`]).
//!
//! ```
//! use threepid::clock::Timestamp;
//! use threepid::crypto::OsRandom;
//! use threepid::threepid::Threepid;
//! use threepid::verification::{Limits, Session};
//!
//! let (limits, now) = (Limits::default(), Timestamp::from_secs(1_790_000_000));
//! let secret = "a.client-secret".parse()?;
//! let alice = Threepid::parse_any("alice@example.com", None)?;
//! let mut session = Session::open(alice, secret, 1, None, &limits, &mut OsRandom, now);
//! let token = session.token().clone(); // goes out by mail, and comes back
//! let secret = "a.client-secret".parse()?;
//! session.submit(&secret, token.as_str(), &limits, now)?;
//! assert_eq!(session.validated(&secret, &limits, now)?, now);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod limits;
mod message;
mod policy;
mod purpose;
mod secret;
mod session;
mod token;

pub use limits::Limits;
pub use message::{Courier, CourierError, Errand, Message, Room};
pub use policy::{Existing, Policy};
pub use purpose::{Delivery, Elsewhere, Purpose};
pub use secret::{BadClientSecret, ClientSecret};
pub use session::{Refusal, Session, SessionId, State};
pub use token::Token;
