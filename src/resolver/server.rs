//! How servers behave, and which of them to ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Limits;
use super::cache::{Cache, LameKey, ServerKey, Stored, end, fresh};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::wire::{Name, Ttl};

/// What was learned from the manners of a server: how fast it replies, by the estimator of RFC 6298,
/// whether it speaks EDNS, and whether it repeats questions as they are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerState {
    /// Smoothed round-trip time and its variation, in milliseconds; none before the first reply.
    round_trip: Option<(u32, u32)>,
    /// Questions in a row without a reply.
    timeouts: u32,
    /// Where it seems to be down.
    rest: Option<Rest>,
    /// It said that it does not know EDNS: until when that counts. Then it may have learned.
    plain_until: Timestamp,
    /// It does not repeat the case of a question: until when that counts.
    lower_case_until: Timestamp,
}

/// For how long a server is left alone. Its questions would only take from others what they wait
/// with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rest {
    until: Timestamp,
    length: Duration,
}

impl ServerState {
    const NEW: Self = Self {
        round_trip: None,
        timeouts: 0,
        rest: None,
        plain_until: Timestamp::from_secs(0),
        lower_case_until: Timestamp::from_secs(0),
    };

    /// What is known of `server`.
    pub(super) fn of(server: SocketAddr, cache: &dyn Cache, now: Timestamp) -> Self {
        fresh(cache, &ServerKey(server), now).map_or(Self::NEW, |entry| entry.value)
    }

    /// Whether it is asked without EDNS.
    pub(super) fn is_plain(&self, now: Timestamp) -> bool {
        now < self.plain_until
    }

    /// Whether it repeats the case of a question, so far as is known.
    pub(super) fn keeps_case(&self, now: Timestamp) -> bool {
        now >= self.lower_case_until
    }

    fn replied(&mut self, after: Duration) {
        let sample = u32::try_from(after.as_millis()).unwrap_or(u32::MAX).min(60_000);
        (self.timeouts, self.rest) = (0, None);
        self.round_trip = Some(match self.round_trip {
            None => (sample, sample / 2),
            Some((mean, variation)) => {
                ((7 * mean + sample) / 8, (3 * variation + mean.abs_diff(sample)) / 4)
            }
        });
    }

    /// Notes that no reply came. Questions that were out together before a rest do not make it longer.
    fn was_silent(&mut self, limits: &Limits, now: Timestamp) {
        self.timeouts = self.timeouts.saturating_add(1);
        if self.timeouts >= limits.silences && self.rest.is_none() {
            let length = limits.first_rest;
            self.rest = Some(Rest { until: now.saturating_add(length), length });
        }
    }

    /// Whether it is left alone.
    fn rests(&self, now: Timestamp) -> bool {
        self.rest.is_some_and(|rest| now < rest.until)
    }

    /// How long a reply may take; doubled for each question in a row without one.
    fn patience(&self, limits: &Limits) -> Duration {
        let base = self.round_trip.map_or(limits.first_timeout, |(mean, variation)| {
            Duration::from_millis((mean + 4 * variation).into()).max(limits.least_timeout)
        });
        base * (1 << self.timeouts.min(8))
    }

    /// How it ranks among others, lowest first. One that was never asked ranks with the fastest, so that
    /// each is tried.
    fn rank(&self, limits: &Limits) -> Duration {
        match (self.round_trip, self.timeouts) {
            (None, 0) => limits.least_timeout,
            _ => self.patience(limits),
        }
    }

    /// How long to wait for its next reply.
    pub(super) fn timeout(&self, limits: &Limits) -> Duration {
        self.patience(limits).min(limits.most_timeout)
    }
}

/// What happened to a question.
#[derive(Debug, Clone, Copy)]
pub(super) enum Experience {
    /// A reply came after this time.
    Replied(Duration),
    /// None came, to a question that every server of its kind has a reply to.
    Silence,
    /// None came. It may have been because of the question.
    Patience,
    /// The server does not know EDNS.
    NoEdns,
    /// The server does not repeat the case of a question.
    OtherCase,
}

/// Remembers an experience with `server`.
pub(super) fn remember(
    server: SocketAddr,
    experience: Experience,
    limits: &Limits,
    cache: &dyn Cache,
    now: Timestamp,
) {
    let mut state = ServerState::of(server, cache, now);
    match experience {
        Experience::Replied(after) => state.replied(after),
        Experience::Silence => state.was_silent(limits, now),
        Experience::Patience => state.timeouts = state.timeouts.saturating_add(1),
        Experience::NoEdns => state.plain_until = end(now, limits.server_ttl),
        Experience::OtherCase => state.lower_case_until = end(now, limits.server_ttl),
    }
    keep(server, state, limits, cache, now);
}

fn keep(
    server: SocketAddr,
    state: ServerState,
    limits: &Limits,
    cache: &dyn Cache,
    now: Timestamp,
) {
    // One that is down is given another chance sooner, beside others that are not.
    let ttl = if state.timeouts > 3 { Ttl::from_secs(60) } else { limits.server_ttl };
    cache.put(ServerKey(server), Arc::new(Stored::new(state, now, ttl)));
}

/// Where `server` seems to be down, the question that is sent now probes it: until it replies, it
/// is left alone, for twice as long after it was waited for.
fn probe(server: SocketAddr, limits: &Limits, cache: &dyn Cache, now: Timestamp) {
    let mut state = ServerState::of(server, cache, now);
    let patience = state.timeout(limits);
    if let Some(rest) = &mut state.rest {
        rest.length = (rest.length * 2).min(limits.most_rest);
        rest.until = now.saturating_add(patience).saturating_add(rest.length);
        keep(server, state, limits, cache, now);
    }
}

/// Servers that reply within this time of the fastest count as equally good, so that the questions
/// are spread.
const BAND: Duration = Duration::from_millis(100);

/// The servers of one zone, for one question after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Contest {
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone)]
struct Candidate {
    server: SocketAddr,
    tries: u32,
    barred: bool,
}

impl Contest {
    /// Lets `server` take part, once.
    pub(super) fn admit(&mut self, server: SocketAddr) {
        if self.candidates.iter().all(|known| known.server != server) {
            self.candidates.push(Candidate { server, tries: 0, barred: false });
        }
    }

    /// Whether a server is left that has not been asked yet, and is not left alone.
    pub(super) fn has_untried(&self, cache: &dyn Cache, now: Timestamp) -> bool {
        let untried = |candidate: &&Candidate| candidate.tries == 0 && !candidate.barred;
        let rests =
            |candidate: &Candidate| ServerState::of(candidate.server, cache, now).rests(now);
        self.candidates.iter().filter(untried).any(|candidate| !rests(candidate))
    }

    /// Asks this server no more.
    pub(super) fn bar(&mut self, server: SocketAddr) {
        if let Some(known) = self.candidates.iter_mut().find(|known| known.server == server) {
            known.barred = true;
        }
    }

    /// Begins anew for another question. Who is barred stays so.
    pub(super) fn renew(&mut self) {
        self.candidates.iter_mut().for_each(|candidate| candidate.tries = 0);
    }

    /// Lets all servers take part again.
    pub(super) fn reopen(&mut self) {
        for candidate in &mut self.candidates {
            (candidate.tries, candidate.barred) = (0, false);
        }
    }

    /// The server to ask next; none when each is barred, left alone or was asked often enough. One
    /// that is lame for `zone` comes last.
    pub(super) fn choose(
        &mut self,
        zone: &Name,
        limits: &Limits,
        cache: &dyn Cache,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Option<SocketAddr> {
        let left: Vec<_> = self
            .candidates
            .iter_mut()
            .filter(|candidate| !candidate.barred && candidate.tries < limits.tries)
            .filter_map(|candidate| {
                let server = candidate.server;
                let state = ServerState::of(server, cache, now);
                if state.rests(now) {
                    return None;
                }
                let lame = fresh(cache, &LameKey { server, zone: zone.clone() }, now).is_some();
                Some(((lame, state.rank(limits)), candidate))
            })
            .collect();
        let (lame, best) = left.iter().map(|(rank, _)| *rank).min()?;
        let mut good: Vec<_> = left
            .into_iter()
            .filter(|(rank, _)| rank.0 == lame && rank.1 <= best + BAND)
            .map(|(_, candidate)| candidate)
            .collect();
        let count = u64::try_from(good.len()).expect("a count fits 64 bits");
        let drawn = usize::try_from(random.below(count)).expect("below a count");
        let chosen = good.swap_remove(drawn);
        chosen.tries += 1;
        probe(chosen.server, limits, cache, now);
        Some(chosen.server)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::resolver::testing::MapCache;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn server(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 53).into()
    }

    fn choices(contest: &mut Contest, cache: &MapCache, count: usize) -> Vec<Option<SocketAddr>> {
        let (limits, mut random) = (Limits::default(), SeededRandom::new(1));
        let mut next = || contest.choose(&Name::root(), &limits, cache, NOW, &mut random);
        (0..count).map(|_| next()).collect()
    }

    fn contest(servers: &[u8]) -> Contest {
        let mut contest = Contest::default();
        servers.iter().for_each(|&last| contest.admit(server(last)));
        contest
    }

    fn learn(cache: &MapCache, last: u8, experience: Experience) {
        remember(server(last), experience, &Limits::default(), cache, NOW);
    }

    #[test]
    fn the_faster_server_is_asked() {
        let cache = MapCache::default();
        learn(&cache, 1, Experience::Replied(Duration::from_millis(900)));
        learn(&cache, 2, Experience::Replied(Duration::from_millis(20)));
        assert_eq!(choices(&mut contest(&[1, 2]), &cache, 1), [Some(server(2))]);
        for _ in 0..4 {
            learn(&cache, 2, Experience::Silence);
        }
        assert_eq!(choices(&mut contest(&[1, 2]), &cache, 1), [Some(server(1))]);
    }

    #[test]
    fn each_server_has_its_tries() {
        let mut contest = contest(&[1, 2, 2]);
        let drawn = choices(&mut contest, &MapCache::default(), 7);
        assert_eq!(drawn.iter().flatten().count(), 6);
        assert_eq!(drawn[6], None);
        contest.renew();
        assert_eq!(choices(&mut contest, &MapCache::default(), 7)[6], None);
        contest.reopen();
        contest.bar(server(1));
        let drawn = choices(&mut contest, &MapCache::default(), 4);
        assert_eq!(drawn, [Some(server(2)), Some(server(2)), Some(server(2)), None]);
    }

    #[test]
    fn a_lame_server_comes_last() {
        let cache = MapCache::default();
        learn(&cache, 2, Experience::Silence);
        let lame = LameKey { server: server(1), zone: Name::root() };
        cache.put(lame, Arc::new(Stored::new((), NOW, Ttl::from_secs(60))));
        let drawn = choices(&mut contest(&[1, 2]), &cache, 4);
        assert_eq!(drawn[..3], [Some(server(2)); 3]);
        assert_eq!(drawn[3], Some(server(1)));
    }

    /// Whether the only server is asked at this moment.
    fn is_asked(cache: &MapCache, at: Timestamp) -> bool {
        let (limits, mut random) = (Limits::default(), SeededRandom::new(1));
        contest(&[1]).choose(&Name::root(), &limits, cache, at, &mut random).is_some()
    }

    #[test]
    fn a_server_that_is_down_is_probed_now_and_then() {
        let cache = MapCache::default();
        (0..3).for_each(|_| learn(&cache, 1, Experience::Silence));
        assert!(is_asked(&cache, NOW));
        // However many questions were out at the time.
        (0..100).for_each(|_| learn(&cache, 1, Experience::Silence));
        assert!(!contest(&[1]).has_untried(&cache, NOW));
        let moments =
            (0..2000).map(|tenths| NOW.saturating_add(Duration::from_millis(100 * tenths)));
        let probes: Vec<u64> = moments
            .filter(|&moment| is_asked(&cache, moment))
            .map(|moment| moment.since(NOW).as_secs())
            .collect();
        assert_eq!(probes, [1, 6, 13, 24, 43, 76, 109, 142, 175]);
    }

    #[test]
    fn a_server_that_replies_is_back() {
        let cache = MapCache::default();
        (0..4).for_each(|_| learn(&cache, 1, Experience::Silence));
        assert!(!is_asked(&cache, NOW));
        learn(&cache, 1, Experience::Replied(Duration::from_millis(20)));
        assert!((0..10).all(|_| is_asked(&cache, NOW)));
    }

    #[test]
    fn silence_about_a_question_is_not_that_of_the_server() {
        let cache = MapCache::default();
        (0..10).for_each(|_| learn(&cache, 1, Experience::Patience));
        assert!(is_asked(&cache, NOW));
    }

    #[test]
    fn replies_do_not_prolong_that_edns_is_unknown() {
        let (cache, limits) = (MapCache::default(), Limits::default());
        learn(&cache, 1, Experience::NoEdns);
        let at = |secs: u64| Timestamp::from_secs(1000 + secs);
        for secs in [600, 800] {
            let replied = Experience::Replied(Duration::from_millis(20));
            remember(server(1), replied, &limits, &cache, at(secs));
            assert!(ServerState::of(server(1), &cache, at(secs)).is_plain(at(secs)));
        }
        assert!(!ServerState::of(server(1), &cache, at(900)).is_plain(at(900)));
    }

    #[test]
    fn patience_grows_with_silence_and_ends_with_a_reply() {
        let limits = Limits::default();
        let mut state = ServerState::NEW;
        assert_eq!(state.timeout(&limits), Duration::from_millis(400));
        state.timeouts = 1;
        assert_eq!(state.timeout(&limits), Duration::from_millis(800));
        state.timeouts = u32::MAX;
        assert_eq!(state.timeout(&limits), limits.most_timeout);
        state.replied(Duration::from_millis(100));
        assert_eq!(state.timeout(&limits), Duration::from_millis(300));
        (0..50).for_each(|_| state.replied(Duration::from_millis(1)));
        assert_eq!(state.timeout(&limits), limits.least_timeout);
    }
}
