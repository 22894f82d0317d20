//! How servers behave, and which of them to ask.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Limits;
use super::cache::{Cache, ServerKey, StandingKey, Stored, end, fresh};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::wire::{Name, Ttl};

/// What was learned from the manners of a server: how fast it replies, by the estimator of RFC 6298,
/// whether it speaks EDNS, and whether it repeats questions as they are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerState {
    /// Smoothed round-trip time and its variation, in milliseconds; none before the first reply.
    round_trip: Option<(u32, u32)>,
    /// It said that it does not know EDNS: until when that counts. Then it may have learned.
    plain_until: Timestamp,
    /// It does not repeat the case of a question: until when that counts.
    lower_case_until: Timestamp,
}

/// What was learned of a server as one of a zone. Of other zones it says nothing: a server may reply
/// nothing to questions about names that it does not know, and whoever has a zone can name any server
/// for it. Else he could take that from all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Questions in a row without a reply.
    silences: u32,
    /// Where it seems to be down.
    rest: Option<Rest>,
    /// It failed as an authority for the zone: until when that counts.
    lame_until: Timestamp,
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
        plain_until: Timestamp::from_secs(0),
        lower_case_until: Timestamp::from_secs(0),
    };

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
        self.round_trip = Some(match self.round_trip {
            None => (sample, sample / 2),
            Some((mean, variation)) => {
                ((7 * mean + sample) / 8, (3 * variation + mean.abs_diff(sample)) / 4)
            }
        });
    }
}

impl Standing {
    /// Notes that no reply came. Questions that were out together before a rest do not make it longer.
    fn was_silent(&mut self, limits: &Limits, now: Timestamp) {
        self.silences = self.silences.saturating_add(1);
        if self.silences >= limits.silences && self.rest.is_none() {
            let length = limits.first_rest;
            self.rest = Some(Rest { until: now.saturating_add(length), length });
        }
    }

    /// Whether it is left alone.
    fn rests(&self, now: Timestamp) -> bool {
        self.rest.is_some_and(|rest| now < rest.until)
    }
}

/// A server as one of a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post<'a> {
    pub(super) server: SocketAddr,
    pub(super) zone: &'a Name,
}

/// What is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repute {
    pub(super) state: ServerState,
    standing: Standing,
}

impl Repute {
    /// How long a reply may take; doubled for each question in a row without one.
    fn patience(&self, limits: &Limits) -> Duration {
        let base = self.state.round_trip.map_or(limits.first_timeout, |(mean, variation)| {
            Duration::from_millis((mean + 4 * variation).into()).max(limits.least_timeout)
        });
        base * (1 << self.standing.silences.min(8))
    }

    /// How it ranks among others, lowest first. One that was never asked ranks with the fastest, so that
    /// each is tried.
    fn rank(&self, limits: &Limits) -> Duration {
        match (self.state.round_trip, self.standing.silences) {
            (None, 0) => limits.least_timeout,
            _ => self.patience(limits),
        }
    }

    /// How long to wait for its next reply by UDP.
    pub(super) fn timeout(&self, limits: &Limits) -> Duration {
        self.patience(limits).min(limits.most_timeout)
    }
}

/// What happened to a question.
#[derive(Debug, Clone, Copy)]
pub(super) enum Experience {
    /// A reply came; after this time, where that is a measure of the way to the server.
    Replied(Option<Duration>),
    /// None came, to a question that every server of its kind has a reply to.
    Silence,
    /// None came. It may have been because of the question.
    Patience,
    /// The server does not serve the zone.
    Lame,
    /// The server does not know EDNS.
    NoEdns,
    /// The server does not repeat the case of a question.
    OtherCase,
}

impl Post<'_> {
    /// What is known of it.
    pub(super) fn repute(self, cache: &dyn Cache, now: Timestamp) -> Repute {
        let state = fresh(cache, &ServerKey(self.server), now);
        let standing = fresh(cache, &self.key(), now);
        Repute {
            state: state.map_or(ServerState::NEW, |entry| entry.value),
            standing: standing.map_or_else(Standing::default, |entry| entry.value),
        }
    }

    /// Remembers an experience with it.
    pub(super) fn learn(
        self,
        experience: Experience,
        limits: &Limits,
        cache: &dyn Cache,
        now: Timestamp,
    ) {
        let known = self.repute(cache, now);
        let Repute { mut state, mut standing } = known;
        match experience {
            Experience::Replied(after) => {
                (standing.silences, standing.rest) = (0, None);
                after.into_iter().for_each(|after| state.replied(after));
            }
            Experience::Silence => standing.was_silent(limits, now),
            Experience::Patience => standing.silences = standing.silences.saturating_add(1),
            Experience::Lame => standing.lame_until = end(now, limits.server_ttl),
            Experience::NoEdns => state.plain_until = end(now, limits.server_ttl),
            Experience::OtherCase => state.lower_case_until = end(now, limits.server_ttl),
        }
        if standing != known.standing {
            self.keep(standing, limits, cache, now);
        }
        let kept = Stored::new(state, now, limits.server_ttl);
        cache.put(ServerKey(self.server), Arc::new(kept));
    }

    fn keep(self, standing: Standing, limits: &Limits, cache: &dyn Cache, now: Timestamp) {
        // One that is down is given another chance sooner, beside others that are not.
        let ttl = if standing.silences > 3 { Ttl::from_secs(60) } else { limits.server_ttl };
        cache.put(self.key(), Arc::new(Stored::new(standing, now, ttl)));
    }

    fn key(self) -> StandingKey {
        StandingKey { server: self.server, zone: self.zone.clone() }
    }

    /// Where the server seems to be down, the question that is sent now probes it: until it replies, it
    /// is left alone, for twice as long after it was waited for.
    fn probe(self, limits: &Limits, cache: &dyn Cache, now: Timestamp) {
        let Repute { mut standing, state } = self.repute(cache, now);
        let patience = Repute { standing, state }.timeout(limits);
        if let Some(rest) = &mut standing.rest {
            rest.length = (rest.length * 2).min(limits.most_rest);
            rest.until = now.saturating_add(patience).saturating_add(rest.length);
            self.keep(standing, limits, cache, now);
        }
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
    pub(super) fn has_untried(&self, zone: &Name, cache: &dyn Cache, now: Timestamp) -> bool {
        let untried = |candidate: &&Candidate| candidate.tries == 0 && !candidate.barred;
        let rests = |candidate: &Candidate| {
            let post = Post { server: candidate.server, zone };
            post.repute(cache, now).standing.rests(now)
        };
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
                let repute = Post { server: candidate.server, zone }.repute(cache, now);
                if repute.standing.rests(now) {
                    return None;
                }
                let lame = now < repute.standing.lame_until;
                Some(((lame, repute.rank(limits)), candidate))
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
        Post { server: chosen.server, zone }.probe(limits, cache, now);
        Some(chosen.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::resolver::testing::MapCache;

    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn server(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 53).into()
    }

    fn post(last: u8, zone: &Name) -> Post<'_> {
        Post { server: server(last), zone }
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
        post(last, &Name::root()).learn(experience, &Limits::default(), cache, NOW);
    }

    fn replied(millis: u64) -> Experience {
        Experience::Replied(Some(Duration::from_millis(millis)))
    }

    #[test]
    fn the_faster_server_is_asked() {
        let cache = MapCache::default();
        learn(&cache, 1, replied(900));
        learn(&cache, 2, replied(20));
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
        learn(&cache, 1, Experience::Lame);
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
        assert!(!contest(&[1]).has_untried(&Name::root(), &cache, NOW));
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
        learn(&cache, 1, replied(20));
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
        let (cache, limits, apex) = (MapCache::default(), Limits::default(), Name::root());
        let root = post(1, &apex);
        learn(&cache, 1, Experience::NoEdns);
        let at = |secs: u64| Timestamp::from_secs(1000 + secs);
        for secs in [600, 800] {
            root.learn(replied(20), &limits, &cache, at(secs));
            assert!(root.repute(&cache, at(secs)).state.is_plain(at(secs)));
        }
        assert!(!root.repute(&cache, at(900)).state.is_plain(at(900)));
    }

    #[test]
    fn patience_grows_with_silence_and_ends_with_a_reply() {
        let limits = Limits::default();
        let cache = MapCache::default();
        let timeout = || post(1, &Name::root()).repute(&cache, NOW).timeout(&limits);
        assert_eq!(timeout(), Duration::from_millis(400));
        learn(&cache, 1, Experience::Silence);
        assert_eq!(timeout(), Duration::from_millis(800));
        (0..20).for_each(|_| learn(&cache, 1, Experience::Silence));
        assert_eq!(timeout(), limits.most_timeout);
        learn(&cache, 1, replied(100));
        assert_eq!(timeout(), Duration::from_millis(300));
        learn(&cache, 1, Experience::Replied(None));
        assert_eq!(timeout(), Duration::from_millis(300));
        (0..50).for_each(|_| learn(&cache, 1, replied(1)));
        assert_eq!(timeout(), limits.least_timeout);
    }
}
