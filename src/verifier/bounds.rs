//! How often what may be asked.

use std::fmt;
use std::hash::Hash;

use crate::allowance::{Rate, Rates};
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::threepid::{Medium, Threepid};
use crate::transport::client;

use super::{Caller, Refused};

/// How many first digits of a phone number are its prefix: a country and the first of its ranges. Who is paid
/// for calls to a range has others send there, and moves on within it.
const PREFIX: usize = 5;

/// What there is a bound on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Messages to an address, to its like, or for a client.
    Messages,
    /// Tokens that come back.
    Guesses,
    /// Bindings and unbindings.
    Associations,
}

/// In words, for people.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::Guesses => "tokens",
            Self::Associations => "changes",
        })
    }
}

/// How often what may be asked, by whom. Homeservers ask in the name of their users: those in `network` are
/// for them, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Messages to one address: 5 an hour, so that nobody is flooded, whoever has it done.
    pub messages_per_address: Rate,
    /// Messages to one mail domain: 1000 an hour.
    pub messages_per_domain: Rate,
    /// Messages to one phone prefix, 5 digits: 60 an hour. It bounds what is paid for messages to ranges that
    /// earn from them.
    pub messages_per_prefix: Rate,
    /// Messages for one client network: 100 an hour.
    pub messages_per_network: Rate,
    /// Messages for one user: 20 an hour.
    pub messages_per_user: Rate,
    /// Short tokens tried for one address, over all its sessions: 20 an hour. One of 6 digits then takes years
    /// of guessing, and a message for each 5 guesses.
    pub guesses_per_address: Rate,
    /// Tokens tried by one client network: 200 an hour.
    pub guesses_per_network: Rate,
    /// Associations and withdrawals of one address: 10 an hour.
    pub associations_per_address: Rate,
    /// Associations with one user: 20 an hour.
    pub associations_per_user: Rate,
    /// Those for one client network: 100 an hour.
    pub associations_per_network: Rate,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            messages_per_address: Rate::per_hour(5),
            messages_per_domain: Rate::per_hour(1000),
            messages_per_prefix: Rate::per_hour(60),
            messages_per_network: Rate::per_hour(100),
            messages_per_user: Rate::per_hour(20),
            guesses_per_address: Rate::per_hour(20),
            guesses_per_network: Rate::per_hour(200),
            associations_per_address: Rate::per_hour(10),
            associations_per_user: Rate::per_hour(20),
            associations_per_network: Rate::per_hour(100),
        }
    }
}

/// Those who come too often are turned away here.
#[derive(Debug)]
struct Gate {
    bound: Bound,
    rates: Rates,
}

impl Gate {
    fn new(bound: Bound, rate: Rate) -> Self {
        Self { bound, rates: Rates::new(rate) }
    }

    fn pass(&self, key: impl Hash, now: Timestamp) -> Result<(), Refused> {
        let bound = self.bound;
        self.rates.admit(key, now).map_err(|wait| Refused::TooOften { bound, wait })
    }

    /// Whether it would be let pass. Nothing is counted.
    fn is_open(&self, key: impl Hash, now: Timestamp) -> Result<(), Refused> {
        let bound = self.bound;
        self.rates.would_admit(key, now).map_err(|wait| Refused::TooOften { bound, wait })
    }
}

/// What was asked lately, by whom. It is forgotten with the process; the guesses of a session are not.
#[derive(Debug)]
pub(super) struct Gates {
    messages_per_address: Gate,
    messages_per_domain: Gate,
    messages_per_prefix: Gate,
    messages_per_network: Gate,
    messages_per_user: Gate,
    guesses_per_address: Gate,
    guesses_per_network: Gate,
    associations_per_address: Gate,
    associations_per_user: Gate,
    associations_per_network: Gate,
}

impl Gates {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let messages = |rate| Gate::new(Bound::Messages, rate);
        let guesses = |rate| Gate::new(Bound::Guesses, rate);
        let associations = |rate| Gate::new(Bound::Associations, rate);
        Self {
            messages_per_address: messages(bounds.messages_per_address),
            messages_per_domain: messages(bounds.messages_per_domain),
            messages_per_prefix: messages(bounds.messages_per_prefix),
            messages_per_network: messages(bounds.messages_per_network),
            messages_per_user: messages(bounds.messages_per_user),
            guesses_per_address: guesses(bounds.guesses_per_address),
            guesses_per_network: guesses(bounds.guesses_per_network),
            associations_per_address: associations(bounds.associations_per_address),
            associations_per_user: associations(bounds.associations_per_user),
            associations_per_network: associations(bounds.associations_per_network),
        }
    }

    /// Lets a message go to `to`. Who asks is counted before whom it is for: who asks too often uses up
    /// nothing of what others may have sent there.
    pub(super) fn message(
        &self,
        to: &Threepid,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.messages_per_network.pass(client(caller.network), now)?;
        if let Some(user) = &caller.mxid {
            self.messages_per_user.pass(user, now)?;
        }
        self.messages_per_address.pass(to, now)?;
        match to.domain() {
            Some(domain) => self.messages_per_domain.pass(domain, now),
            None => self.messages_per_prefix.pass(prefix(to), now),
        }
    }

    /// Lets `caller` try a token.
    pub(super) fn token_of(&self, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
        self.guesses_per_network.pass(client(caller.network), now)
    }

    /// Lets a token be tried for `threepid`.
    pub(super) fn token_for(&self, threepid: &Threepid, now: Timestamp) -> Result<(), Refused> {
        self.guesses_per_address.pass(threepid, now)
    }

    /// Lets `caller` ask for a change.
    pub(super) fn association_by(&self, caller: &Caller, now: Timestamp) -> Result<(), Refused> {
        self.associations_per_network.pass(client(caller.network), now)
    }

    /// Lets `threepid` be associated with `mxid`, or counts for neither.
    pub(super) fn association_of(
        &self,
        (threepid, mxid): (&Threepid, &Mxid),
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.associations_per_address.is_open(threepid, now)?;
        self.associations_per_user.pass(mxid, now)?;
        self.withdrawal_of(threepid, now)
    }

    /// Lets what is said of `threepid` be withdrawn. It does not count for the user: who controls an address may
    /// have had it said of anybody.
    pub(super) fn withdrawal_of(&self, threepid: &Threepid, now: Timestamp) -> Result<(), Refused> {
        self.associations_per_address.pass(threepid, now)
    }
}

/// The first digits of a phone number, or of what else an address begins with.
fn prefix(threepid: &Threepid) -> (&Medium, String) {
    (threepid.medium(), threepid.address().chars().take(PREFIX).collect())
}
