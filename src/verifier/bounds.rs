//! How often what may be asked.

use std::fmt;
use std::net::IpAddr;

use crate::allowance::{self, Errand, Gates, TooOften};
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::signed::ServerName;
use crate::threepid::{Medium, Threepid};

use super::{Caller, Refused};

/// How many first digits of a phone number are its prefix: a country and the first of its ranges. Who is paid
/// for calls to a range has others send there, and moves on within it.
const PREFIX: usize = 5;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Messages.
    Messages,
    /// Tokens that come back.
    Guesses,
    /// Bindings and unbindings.
    Associations,
}

/// In words, for people.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Messages => "messages",
            Self::Guesses => "tokens",
            Self::Associations => "changes",
        })
    }
}

/// How often what may be asked, by whom: so many in any hour. Homeservers ask in the name of their users: those
/// of a network are for them, too. A network is an IPv4 address or an IPv6 network of 64 bits; wider ones of
/// IPv6 are bounded, too ([`networks`](crate::allowance::networks)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Messages to one address: 5, so that nobody is flooded, whoever has it done.
    MessagesPerAddress,
    /// Messages to one mail domain: 1000.
    MessagesPerDomain,
    /// Messages to one phone prefix, 5 digits: 60. It bounds what is paid for messages to ranges that earn from
    /// them.
    MessagesPerPrefix,
    /// Messages for one client network: 100.
    MessagesPerNetwork,
    /// Those for one client network that no account asks for: 30. Anybody may, as version 1 of the API needs none.
    MessagesPerNetworkWithoutAccount,
    /// Messages for one client network to one mail domain: 100, a tenth of the domain's, so that no network uses
    /// it up for all others.
    MessagesPerNetworkAndDomain,
    /// Messages for one client network to one phone prefix: 6, a tenth of the prefix's.
    MessagesPerNetworkAndPrefix,
    /// Messages for one user: 20.
    MessagesPerUser,
    /// Messages for all users of one homeserver, or for a verification server that asks to sign: 200. Whoever runs
    /// a homeserver has as many users as he likes.
    MessagesPerHomeserver,
    /// All mails: 10,000. Who sends more than others expect is taken for a sender of spam.
    Mails,
    /// All mails that no account asks for: 5000, so that there are some left for those with one.
    MailsWithoutAccount,
    /// All SMS: 600. It is the ceiling of what they cost.
    Sms,
    /// All SMS that no account asks for: 300.
    SmsWithoutAccount,
    /// Short tokens tried for one address, over all its sessions: 20. One of 6 digits then takes years of
    /// guessing, and a message for each 5 guesses.
    GuessesPerAddress,
    /// Tokens tried by one client network: 200.
    GuessesPerNetwork,
    /// Associations and withdrawals of one address: 10.
    AssociationsPerAddress,
    /// Associations with one user: 20.
    AssociationsPerUser,
    /// Associations and withdrawals that all users of one homeserver ask for, and itself: 200.
    AssociationsPerHomeserver,
    /// Those for one client network: 100.
    AssociationsPerNetwork,
}

impl Bound {
    /// What settings and counters call it, and how many an hour.
    const fn words(self) -> (&'static str, u32) {
        match self {
            Self::MessagesPerAddress => ("messages_per_address", 5),
            Self::MessagesPerDomain => ("messages_per_domain", 1000),
            Self::MessagesPerPrefix => ("messages_per_prefix", 60),
            Self::MessagesPerNetwork => ("messages_per_network", 100),
            Self::MessagesPerNetworkWithoutAccount => ("messages_per_network_without_account", 30),
            Self::MessagesPerNetworkAndDomain => ("messages_per_network_and_domain", 100),
            Self::MessagesPerNetworkAndPrefix => ("messages_per_network_and_prefix", 6),
            Self::MessagesPerUser => ("messages_per_user", 20),
            Self::MessagesPerHomeserver => ("messages_per_homeserver", 200),
            Self::Mails => ("mails", 10_000),
            Self::MailsWithoutAccount => ("mails_without_account", 5000),
            Self::Sms => ("sms", 600),
            Self::SmsWithoutAccount => ("sms_without_account", 300),
            Self::GuessesPerAddress => ("guesses_per_address", 20),
            Self::GuessesPerNetwork => ("guesses_per_network", 200),
            Self::AssociationsPerAddress => ("associations_per_address", 10),
            Self::AssociationsPerUser => ("associations_per_user", 20),
            Self::AssociationsPerHomeserver => ("associations_per_homeserver", 200),
            Self::AssociationsPerNetwork => ("associations_per_network", 100),
        }
    }

    /// What somebody asked for who meets it.
    const fn asked(self) -> Asked {
        match self {
            Self::GuessesPerAddress | Self::GuessesPerNetwork => Asked::Guesses,
            Self::AssociationsPerAddress
            | Self::AssociationsPerUser
            | Self::AssociationsPerHomeserver
            | Self::AssociationsPerNetwork => Asked::Associations,
            _ => Asked::Messages,
        }
    }
}

impl allowance::Bound for Bound {
    const ALL: &'static [Self] = &[
        Self::MessagesPerAddress,
        Self::MessagesPerDomain,
        Self::MessagesPerPrefix,
        Self::MessagesPerNetwork,
        Self::MessagesPerNetworkWithoutAccount,
        Self::MessagesPerNetworkAndDomain,
        Self::MessagesPerNetworkAndPrefix,
        Self::MessagesPerUser,
        Self::MessagesPerHomeserver,
        Self::Mails,
        Self::MailsWithoutAccount,
        Self::Sms,
        Self::SmsWithoutAccount,
        Self::GuessesPerAddress,
        Self::GuessesPerNetwork,
        Self::AssociationsPerAddress,
        Self::AssociationsPerUser,
        Self::AssociationsPerHomeserver,
        Self::AssociationsPerNetwork,
    ];

    fn name(self) -> &'static str {
        self.words().0
    }

    fn usual(self) -> u32 {
        self.words().1
    }
}

/// How often what may be asked.
pub type Bounds = allowance::Bounds<Bound>;

impl From<TooOften<Bound>> for Refused {
    fn from(TooOften { bound, wait }: TooOften<Bound>) -> Self {
        Self::TooOften { asked: bound.asked(), wait }
    }
}

/// Who asks for a message.
#[derive(Debug, Clone)]
pub(super) enum Asker {
    /// Nobody knows.
    Anybody,
    /// Who has an account.
    User(Mxid),
    /// Another verification server.
    Server(ServerName),
}

impl Asker {
    /// Who a caller is.
    pub(super) fn of(caller: &Caller) -> Self {
        caller.mxid.clone().map_or(Self::Anybody, Self::User)
    }
}

type Passing<'g> = Errand<'g, Bound>;

impl Gates<Bound> {
    /// Lets a message go to `to`, or counts it for nobody.
    pub(super) fn message(
        &self,
        to: &Threepid,
        (asker, network): (&Asker, IpAddr),
        now: Timestamp,
    ) -> Result<(), Refused> {
        let errand = self.errand().by(Bound::MessagesPerAddress, to);
        let errand = errand.by_networks(Bound::MessagesPerNetwork, network, ());
        let errand = of_kind(errand, to, network);
        Ok(of_asker(errand, to, asker, network).admit(now)?)
    }

    /// Lets `caller` try a token, of `threepid` where it is a short one.
    pub(super) fn token(
        &self,
        caller: &Caller,
        threepid: Option<&Threepid>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let errand = self.errand().by_networks(Bound::GuessesPerNetwork, caller.network, ());
        let errand = match threepid {
            Some(threepid) => errand.by(Bound::GuessesPerAddress, threepid),
            None => errand,
        };
        Ok(errand.admit(now)?)
    }

    /// Lets `threepid` be associated with `mxid`.
    pub(super) fn association(
        &self,
        (threepid, mxid): (&Threepid, &Mxid),
        caller: &Caller,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let server = caller.mxid.as_ref().map(Mxid::server);
        let errand = self.changing(caller, server.as_ref());
        let errand = errand.by(Bound::AssociationsPerUser, mxid);
        Ok(errand.by(Bound::AssociationsPerAddress, threepid).admit(now)?)
    }

    /// Lets `caller` ask for a withdrawal, in the name of a homeserver or of one of its users. It does not count
    /// for the user: who controls an address may have had it said of anybody.
    pub(super) fn asking_to_withdraw(
        &self,
        caller: &Caller,
        server: Option<&ServerName>,
        now: Timestamp,
    ) -> Result<(), Refused> {
        Ok(self.changing(caller, server).admit(now)?)
    }

    /// Lets what is said of `threepid` be withdrawn.
    pub(super) fn withdrawal(&self, threepid: &Threepid, now: Timestamp) -> Result<(), Refused> {
        Ok(self.errand().by(Bound::AssociationsPerAddress, threepid).admit(now)?)
    }

    fn changing(&self, caller: &Caller, server: Option<&ServerName>) -> Passing<'_> {
        let errand = self.errand().by_networks(Bound::AssociationsPerNetwork, caller.network, ());
        match server {
            Some(server) => errand.by(Bound::AssociationsPerHomeserver, server),
            None => errand,
        }
    }
}

/// What a message takes of what goes to where `to` is, and of all of its kind.
fn of_kind<'g>(errand: Passing<'g>, to: &Threepid, network: IpAddr) -> Passing<'g> {
    let errand = errand.by(if is_mail(to) { Bound::Mails } else { Bound::Sms }, ());
    match to.domain() {
        Some(domain) => errand.by(Bound::MessagesPerDomain, domain).by_networks(
            Bound::MessagesPerNetworkAndDomain,
            network,
            domain,
        ),
        None => errand.by(Bound::MessagesPerPrefix, prefix(to)).by_networks(
            Bound::MessagesPerNetworkAndPrefix,
            network,
            prefix(to),
        ),
    }
}

/// What a message takes of what is for whoever asks.
fn of_asker<'g>(errand: Passing<'g>, to: &Threepid, asker: &Asker, network: IpAddr) -> Passing<'g> {
    match asker {
        Asker::User(mxid) => {
            errand.by(Bound::MessagesPerUser, mxid).by(Bound::MessagesPerHomeserver, mxid.server())
        }
        Asker::Server(server) => errand.by(Bound::MessagesPerHomeserver, server),
        Asker::Anybody => {
            let all =
                if is_mail(to) { Bound::MailsWithoutAccount } else { Bound::SmsWithoutAccount };
            errand.by(all, ()).by_networks(Bound::MessagesPerNetworkWithoutAccount, network, ())
        }
    }
}

fn is_mail(threepid: &Threepid) -> bool {
    *threepid.medium() == Medium::Email
}

/// The first digits of a phone number, or of what else an address begins with.
fn prefix(threepid: &Threepid) -> (&Medium, String) {
    (threepid.medium(), threepid.address().chars().take(PREFIX).collect())
}
