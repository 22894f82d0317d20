//! What a verification server is set to do, and what it does it with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::certificate::Scope;
use crate::clock::Clock;
use crate::codec::Url;
use crate::signed::ServerName;
use crate::store::ledger::{InvitationLimits, Ledger};
use crate::stub::publish::Outbox;
use crate::threepid::Medium;
use crate::trust::Anchors;
use crate::verification::{self, Courier, Policy};

use super::{Bounds, Homeservers, Links, Tree, Web};

/// What a verification server is set to do.
#[derive(Debug)]
pub struct Settings {
    /// For whom it verifies, and what it does where there is an association.
    pub policy: Policy,
    /// How long sessions live, and how many guesses they bear.
    pub sessions: verification::Limits,
    /// How often what may be asked.
    pub bounds: Bounds,
    /// What it keeps, and how long.
    pub limits: Limits,
    /// Where the links in its messages lead.
    pub links: Links,
    /// Who verifies in its place; the first whose scope has an identifier.
    pub delegates: Vec<Delegate>,
    /// Whom it asks to sign too.
    pub cosigners: Vec<Cosigner>,
    /// Who may ask it to sign too, and for which identifiers.
    pub askers: Anchors,
    /// Whether identifiers stand in the log as they are; else the start of a hash stands for them.
    pub log_addresses: bool,
}

impl Settings {
    /// A server that verifies for whom `policy` says, whose links lead to `links`, and all else as it is
    /// unless one says otherwise.
    pub fn new(policy: Policy, links: Links) -> Self {
        Self {
            policy,
            sessions: verification::Limits::default(),
            bounds: Bounds::default(),
            limits: Limits::default(),
            links,
            delegates: Vec::new(),
            cosigners: Vec::new(),
            askers: Anchors::default(),
            log_addresses: false,
        }
    }
}

/// Another server that verifies in place of this one: any with the Matrix Identity Service API. What it says
/// is proved is signed here, as if it were proved here.
#[derive(Clone)]
pub struct Delegate {
    /// The identifiers that it verifies.
    pub scope: Scope,
    /// Where it is, of which scheme, host and port count.
    pub url: Url,
    /// What it knows this server by, in version 2 of the API. Without, version 1 is spoken.
    pub access_token: Option<Zeroizing<String>>,
}

/// Without the token.
impl fmt::Debug for Delegate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, url, .. } = self;
        f.debug_struct("Delegate").field("scope", scope).field("url", url).finish_non_exhaustive()
    }
}

/// Another verification server that is asked to prove what was proved here, and to sign it too. It is told
/// who has which address, of those in its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name, for which requests to it are signed.
    pub server: ServerName,
    /// Where it is, of which scheme, host and port count.
    pub url: Url,
    /// The identifiers that it is asked about.
    pub scope: Scope,
}

/// What a verification server keeps, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long an association holds: 100 years, as homeservers expect it. A shorter one has to be renewed.
    pub life: Duration,
    /// How far ahead of the clock a statement may be that is signed here, to come after one that is there:
    /// 4 minutes. Roots take none that is 5 minutes ahead, and their clocks may be slow.
    pub ahead: Duration,
    /// How long what was signed here is remembered, whatever the trees say: 2 hours, until no resolver has
    /// what was there before.
    pub remembered: Duration,
    /// How many invitations wait at one address: 50, and 5 of one sender.
    pub invitations: InvitationLimits,
    /// How long invitations wait: 90 days. Addresses of who has not come by then are not kept.
    pub waiting: Duration,
    /// How long the key of an invitation is said to be valid: a year. Homeservers ask for it when the invited
    /// joins, which may be long after the invitation was told of.
    pub ephemeral: Duration,
    /// How long homeservers are told again and again what waited for their users: 30 days.
    pub telling: Duration,
    /// How long another server is asked again and again to sign: 24 hours.
    pub asking: Duration,
    /// How long to wait at most before one is told or asked again: 6 hours; after the first attempt 30 seconds.
    pub longest_wait: Duration,
    /// How many are told or asked at the same time: 16.
    pub together: usize,
    /// How often what has ended is forgotten, and looked what is due: every 30 seconds.
    pub look: Duration,
    /// Octets of what other servers answer: 16,384. It has a few members.
    pub reply_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            life: Duration::from_millis(crate::association::LIFETIME),
            ahead: Duration::from_secs(240),
            remembered: Duration::from_secs(2 * 3600),
            invitations: InvitationLimits::default(),
            waiting: Duration::from_secs(90 * 24 * 3600),
            ephemeral: Duration::from_secs(365 * 24 * 3600),
            telling: Duration::from_secs(30 * 24 * 3600),
            asking: Duration::from_secs(24 * 3600),
            longest_wait: Duration::from_secs(6 * 3600),
            together: 16,
            look: Duration::from_secs(30),
            reply_octets: 16_384,
        }
    }
}

/// What a verification server works with.
pub struct Means {
    /// What it must not forget.
    pub ledger: Arc<Ledger>,
    /// What it publishes waits here, to be sent by a [`Runner`](crate::stub::publish::Runner) of the same
    /// outbox, or a clone of it.
    pub outbox: Outbox,
    /// Where it looks whose an identifier is: a [`Client`](crate::stub::Client). It publishes to its roots.
    pub tree: Arc<dyn Tree>,
    /// Who brings messages, by medium. A medium without is not verified here.
    pub couriers: BTreeMap<Medium, Arc<dyn Courier>>,
    /// How it asks other servers: an [`HttpClient`](crate::transport::http::HttpClient).
    pub web: Arc<dyn Web>,
    /// Who tells homeservers of invitations.
    pub homeservers: Arc<dyn Homeservers>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Means").field("outbox", &self.outbox).finish_non_exhaustive()
    }
}
