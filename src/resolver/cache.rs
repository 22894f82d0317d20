//! What is remembered between requests.
//!
//! The machine decides what is kept and for how long; a [`Cache`] only keeps. Expiry is by the wall
//! clock: an entry from the future, after the clock was set back, is as good as gone.

use std::hash::Hash;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Cause, Checking, Cut, ServerState, Span, Standing};
use crate::clock::Timestamp;
use crate::wire::{Name, Question, Rtype, Ttl};

/// Something remembered, and from when until when it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<V> {
    /// What is remembered.
    pub value: V,
    /// When it was learned.
    pub stored: Timestamp,
    /// From when on it no longer counts.
    pub expires: Timestamp,
}

impl<V> Stored<V> {
    /// `value`, learned `now`, for `ttl`.
    pub fn new(value: V, now: Timestamp, ttl: Ttl) -> Self {
        Self { value, stored: now, expires: end(now, ttl) }
    }

    /// Whether it counts at `now`.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.stored <= now && now < self.expires
    }

    /// Whether it is in the last tenth of its life, which is `least` at least.
    pub(super) fn is_due(&self, now: Timestamp, least: Duration) -> bool {
        let life = self.expires.since(self.stored);
        self.is_fresh(now) && life >= least && self.expires.since(now) * 10 <= life
    }

    /// How long it still counts: its TTL less the whole seconds that have gone.
    pub fn remaining(&self, now: Timestamp) -> Ttl {
        let secs = self.expires.since(now).as_millis().div_ceil(1000);
        Ttl::from_secs(u32::try_from(secs).unwrap_or(u32::MAX))
    }
}

/// When something ends that lives from `now` on for `ttl`.
pub(super) fn end(now: Timestamp, ttl: Ttl) -> Timestamp {
    now.saturating_add(Duration::from_secs(ttl.as_secs().into()))
}

/// A kind of memory: what it is found by, and what is found.
pub trait Key: Clone + Eq + Hash + Send + Sync + 'static {
    /// What is found.
    type Value: Send + Sync + 'static;

    /// Octets of memory that an entry takes, roughly.
    fn weight(&self, value: &Self::Value) -> usize;
}

/// A store for one kind of memory.
pub trait Table<K: Key>: Send + Sync {
    /// What is stored, fresh or not.
    fn get(&self, key: &K) -> Option<Arc<Stored<K::Value>>>;

    /// Stores, in place of what was there.
    fn put(&self, key: K, entry: Arc<Stored<K::Value>>);
}

/// A store for proved gaps between names.
pub trait Spans: Send + Sync {
    /// Stores, in place of what was there at the same owner.
    fn insert(&self, span: Arc<Stored<Span>>);

    /// What is stored of `zone`, fresh or not, that starts at `name` or, of those before it in canonical
    /// order, last.
    fn at_or_before(&self, zone: &Name, name: &Name) -> Option<Arc<Stored<Span>>>;
}

/// All that a resolver remembers.
pub trait Cache: Tables + Spans {}

impl<T: Tables + Spans> Cache for T {}

/// A store for each kind of memory.
pub trait Tables:
    Table<AnswerKey> + Table<FailureKey> + Table<CutKey> + Table<ServerKey> + Table<StandingKey>
{
}

impl<T> Tables for T where
    T: Table<AnswerKey> + Table<FailureKey> + Table<CutKey> + Table<ServerKey> + Table<StandingKey>
{
}

/// Finds the RRset of this name and type, or its denial. An alias is found by type CNAME, the denial
/// of a whole name by type NXNAME.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// The name.
    pub name: Name,
    /// The type.
    pub rtype: Rtype,
}

impl Key for AnswerKey {
    type Value = Answer;

    fn weight(&self, value: &Answer) -> usize {
        self.name.as_wire().len() + value.weight()
    }
}

/// Finds why something could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FailureKey {
    /// The RRset of this name and type, whoever needs it.
    Set(AnswerKey),
    /// The answer to a client's request: it took too much, all in all.
    Request {
        /// What is asked.
        question: Question,
        /// Whether the answer is judged.
        checking: Checking,
        /// Whether it was looked for though it may be known.
        anew: bool,
    },
}

impl Key for FailureKey {
    type Value = Cause;

    fn weight(&self, _: &Cause) -> usize {
        let name = match self {
            Self::Set(key) => &key.name,
            Self::Request { question, .. } => &question.name,
        };
        name.as_wire().len() + 600
    }
}

/// Finds the servers of the zone at this name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CutKey(pub Name);

impl Key for CutKey {
    type Value = Cut;

    fn weight(&self, value: &Cut) -> usize {
        self.0.as_wire().len() + value.weight()
    }
}

/// Finds how a server behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerKey(pub SocketAddr);

impl Key for ServerKey {
    type Value = ServerState;

    fn weight(&self, _: &ServerState) -> usize {
        size_of::<Self>() + size_of::<ServerState>()
    }
}

/// Finds how a server does as one of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StandingKey {
    /// The server.
    pub server: SocketAddr,
    /// The zone it was asked about.
    pub zone: Name,
}

impl Key for StandingKey {
    type Value = Standing;

    fn weight(&self, _: &Standing) -> usize {
        size_of::<Self>() + size_of::<Standing>() + self.zone.as_wire().len()
    }
}

/// What is stored that answers `key`, fresh or not: data or a denial, an alias, or that there is no
/// such name. A DS set is the parent's: what the zone itself says of its name does not answer for it
/// (RFC 4035 section 3.1.4.1).
pub(super) fn stored<'a>(
    cache: &'a dyn Cache,
    key: &'a AnswerKey,
) -> impl Iterator<Item = Arc<Stored<Answer>>> + 'a {
    let all = [key.rtype, Rtype::CNAME, Rtype::NXNAME];
    let count = if key.rtype == Rtype::DS { 1 } else { all.len() };
    all.into_iter().take(count).filter_map(move |rtype| {
        let entry = cache.get(&AnswerKey { name: key.name.clone(), rtype })?;
        let answers =
            rtype == key.rtype || rtype != Rtype::CNAME || entry.value.redirects(key.rtype);
        answers.then_some(entry)
    })
}

/// What is stored and counts at `now`.
pub(super) fn fresh<K: Key, T: Table<K> + ?Sized>(
    table: &T,
    key: &K,
    now: Timestamp,
) -> Option<Arc<Stored<K::Value>>> {
    table.get(key).filter(|entry| entry.is_fresh(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_obeyed_both_ways() {
        let now = Timestamp::from_secs(1000);
        let entry = Stored::new((), now, Ttl::from_secs(10));
        assert!(entry.is_fresh(now) && entry.is_fresh(Timestamp::from_millis(1_009_999)));
        assert!(!entry.is_fresh(Timestamp::from_secs(1010)));
        assert!(!entry.is_fresh(Timestamp::from_secs(999)), "the clock was set back");
        assert_eq!(entry.remaining(Timestamp::from_millis(1_004_500)).as_secs(), 6);
        assert_eq!(entry.remaining(Timestamp::from_secs(1005)).as_secs(), 5);
        assert!(!Stored::new((), now, Ttl::from_secs(0)).is_fresh(now));
    }

    #[test]
    fn the_last_tenth_is_near_the_end() {
        let entry = Stored::new((), Timestamp::from_secs(1000), Ttl::from_secs(20));
        let is_due = |at, least| entry.is_due(Timestamp::from_secs(at), Duration::from_secs(least));
        assert!(!is_due(1017, 20) && is_due(1018, 20) && is_due(1019, 20));
        assert!(!is_due(1019, 21), "it is not worth it");
        assert!(!is_due(1020, 20) && !is_due(999, 20), "it does not count");
    }
}
