//! Rolls as they are planned, with caches: whoever has anything that was served before, from any server, as
//! long as its TTL lets them, can verify it with anything else they have or get.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::dnssec::lifecycle::{Intervals, Plan, Refusal, Role, Roll, Timing, Vouching};
use crate::dnssec::rollover::{Ledger, TrustPoint};
use crate::dnssec::{Algorithms, Effort, Limits, SupportedDs, TrustedKeys, is_in_date};
use crate::wire::rdata::Ds;

const DAY: Duration = Duration::from_secs(86_400);

/// The DNSKEY set first, then data that is signed at once, that stays long, and that is signed often.
const QUESTIONS: [&str; 4] =
    ["example. DNSKEY", "example. SOA", "a.example. A", "1.msisdn.example. ASSOC"];

/// Something that was to be had from one moment on up to another.
#[derive(Debug, Clone)]
struct Version<T> {
    what: T,
    from: Timestamp,
    until: Timestamp,
}

impl<T> Version<T> {
    fn meets<U>(&self, other: &Version<U>) -> bool {
        self.from < other.until && other.from < self.until
    }
}

type Signed = (Rrset, Vec<Rrsig>);

/// What a zone's operator does: the keys from each moment on.
struct Operator {
    intervals: Intervals,
    keys: Vec<ZoneKey>,
    orders: Vec<(Timestamp, Vec<ZoneKey>)>,
}

impl Operator {
    fn new(flags: &[u16], intervals: Intervals) -> Self {
        let timing = Timing::in_use(NOW.saturating_sub(DAY * 365));
        let keys: Vec<ZoneKey> =
            keys("example.", flags).into_iter().map(|key| key.with_timing(timing)).collect();
        let orders = vec![(NOW, keys.clone())];
        Self { intervals, keys, orders }
    }

    /// Follows a plan made at `now`, or at the moment that it is refused up to.
    fn follow(
        &mut self,
        now: Timestamp,
        step: impl Fn(Roll<'_>) -> Result<Plan, Refusal>,
    ) -> Timestamp {
        let roll = |now| step(Roll { keys: &self.keys, now, intervals: &self.intervals });
        let (now, plan) = match roll(now) {
            Err(refusal) => {
                let safe = refusal.safe().unwrap_or_else(|| panic!("{refusal}"));
                (safe, roll(safe).unwrap())
            }
            plan => (now, plan.unwrap()),
        };
        for (place, timing) in plan.changes {
            self.keys[place].timing = timing;
        }
        if let Some((flags, timing)) = plan.new {
            let random = &mut SeededRandom::new(100 + self.keys.len() as u64);
            self.keys.push(ZoneKey::generate(name("example."), flags, random).with_timing(timing));
        }
        self.orders.push((now, self.keys.clone()));
        now
    }

    /// When all is done.
    fn end(&self) -> Timestamp {
        let moments = self.keys.iter().flat_map(|key| key.timing.lines());
        let last = moments.filter_map(|(_, moment)| moment).max().unwrap_or(NOW);
        last.saturating_add(20 * DAY)
    }

    /// All that a server gives, which hears of everything this much later.
    fn served(&self, lag: Duration) -> [Vec<Version<Signed>>; 4] {
        let (key_ttl, data_ttl) = (self.intervals.key_ttl, self.intervals.data_ttl);
        let lines = format!(
            "example. {} SOA\n example. NS ns.example.org.\n a.example. {} A 192.0.2.1\n\
             1.msisdn.example. {} ASSOC alice",
            key_ttl.as_secs(),
            data_ttl.as_secs(),
            data_ttl.as_secs()
        );
        let built = build("example.", &lines).unwrap();
        let associated = Associated::File(built.associations);
        let first = self.orders[0].1.clone();
        let zone = ServedZone::new(built.zone, associated, first, Policy::default(), NOW);
        let mut server = Server::new(vec![zone.unwrap()]);
        let mut orders = self.orders[1..].iter().map(|(at, keys)| (at.saturating_add(lag), keys));
        let mut order = orders.next();
        let mut seen = <[Vec<Version<Signed>>; 4]>::default();
        loop {
            server.note(&mut seen, self.end());
            let renewal = server.authority.next_renewal();
            let next = renewal.into_iter().chain(order.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next < self.end()) else { return seen };
            server.now = next;
            if let Some((_, keys)) = order.take_if(|(at, _)| *at == next) {
                server.authority.take_keys(&name("example."), keys.clone(), next).unwrap();
                order = orders.next();
            }
            server.authority.renew(next);
        }
    }
}

impl Server {
    /// Notes what is served now and was not before.
    fn note(&self, seen: &mut [Vec<Version<Signed>>; 4], end: Timestamp) {
        for (seen, question) in seen.iter_mut().zip(QUESTIONS) {
            let answer = self.ask(&Ask::new(question).with_do()).answer;
            let (rrsigs, data): (Vec<Record>, Vec<Record>) =
                answer.into_iter().partition(|record| record.rtype == Rtype::RRSIG);
            let rrsigs = rrsigs.iter().map(|record| Rrsig::parse(&record.rdata).unwrap());
            let what = (Rrset::group(data).remove(0), rrsigs.collect());
            match seen.last_mut() {
                Some(last) if last.what == what => continue,
                Some(last) => last.until = self.now,
                None => {}
            }
            seen.push(Version { what, from: self.now, until: end });
        }
    }
}

/// As long as it is in caches: those that validate keep nothing past its signatures.
fn cached(version: Version<Signed>) -> Version<Signed> {
    let ttl = Duration::from_secs(version.what.0.ttl.as_secs().into());
    let until = version.until.saturating_add(ttl);
    let expiration = version.what.1.iter().map(|rrsig| rrsig.expiration).min().unwrap();
    let left = expiration.wrapping_sub(version.from.as_serial_secs());
    let expired = version.from.saturating_add(Duration::from_secs(left.into()));
    Version { until: until.min(expired), ..version }
}

/// Every DS set, DNSKEY set and data that somebody may hold at the same moment prove each other.
fn check(
    ds: &[Version<Vec<Ds>>],
    served: Vec<[Vec<Version<Signed>>; 4]>,
) -> Result<(), TestCaseError> {
    let mut caches = <[Vec<Version<Signed>>; 4]>::default();
    for (cache, version) in served
        .into_iter()
        .flat_map(|server| server.into_iter().enumerate())
        .flat_map(|(at, all)| all.into_iter().map(move |version| (at, version)))
    {
        caches[cache].push(cached(version));
    }
    let [keys, data @ ..] = &caches;
    let mut checked = 0;
    let mut proved: HashMap<(usize, usize, usize), bool> = HashMap::new();
    for anchor in ds {
        for (key_place, keys) in keys.iter().enumerate().filter(|(_, keys)| keys.meets(anchor)) {
            let (from, until) = (anchor.from.max(keys.from), anchor.until.min(keys.until));
            let both = Version { what: (), from, until };
            let trusted = establish(&anchor.what, keys, from);
            prop_assert!(trusted.is_ok(), "{anchor:?} does not prove {keys:?}: {trusted:?}");
            let trusted = trusted.unwrap();
            for (type_place, data) in data.iter().enumerate() {
                for (place, data) in data.iter().enumerate().filter(|(_, data)| data.meets(&both)) {
                    let at = data.from.max(from);
                    let verify = || {
                        let (set, rrsigs) = &data.what;
                        let effort = &mut Effort::new(Limits::default());
                        trusted.verify(set, rrsigs, at, effort).is_ok()
                    };
                    let ok = *proved.entry((key_place, type_place, place)).or_insert_with(verify);
                    prop_assert!(ok, "at {at} {:?} does not prove {:?}", keys, data);
                    checked += 1;
                }
            }
        }
    }
    prop_assert!(checked > 30, "only {checked}");
    Ok(())
}

fn establish(
    ds: &[Ds],
    keys: &Version<Signed>,
    now: Timestamp,
) -> Result<TrustedKeys, SignatureError> {
    let supported = SupportedDs::select(ds, Algorithms::default()).unwrap();
    let (set, rrsigs) = &keys.what;
    assert!(rrsigs.iter().all(|rrsig| is_in_date(rrsig, now)));
    TrustedKeys::establish(&supported, set, rrsigs, now, &mut Effort::new(Limits::default()))
}

/// The times of a tree, and those of its people in parts of what they may take.
#[derive(Debug, Clone)]
struct Times {
    intervals: Intervals,
    parts: Vec<u32>,
}

impl Times {
    /// A time of at most `most`.
    fn some(&mut self, most: Duration) -> Duration {
        most * self.parts.pop().unwrap_or(50) / 100
    }
}

fn times() -> impl Strategy<Value = Times> {
    let ttl = || prop_oneof![Just(60), 60u64..7200, 60u64..200_000];
    let parts = proptest::collection::vec(prop_oneof![Just(0), Just(100), 0u32..=100], 16);
    (ttl(), ttl(), ttl(), 0u64..20_000, parts).prop_map(|(key, data, parent, delay, parts)| {
        let secs = Duration::from_secs;
        let intervals = Intervals {
            key_ttl: secs(key),
            data_ttl: secs(data),
            parent_ttl: secs(parent),
            delay: secs(delay),
            ..Intervals::default()
        };
        Times { intervals, parts }
    })
}

const SPLIT: [u16; 2] = [ZoneKey::KSK, ZoneKey::ZSK];
const SINGLE: [u16; 1] = [ZoneKey::KSK];

/// Rolls below a parent, one after the other, and what DS sets there are meanwhile.
fn below_a_parent(
    flags: &[u16],
    rolls: &[Role],
    times: &mut Times,
) -> (Operator, Vec<Version<Vec<Ds>>>) {
    let intervals = times.intervals.clone();
    let mut operator = Operator::new(flags, intervals.clone());
    let mut held = vec![operator.keys[0].sha256_ds()];
    let (mut ds, mut since, mut now) = (Vec::new(), NOW, NOW);
    let mut put = |new: Vec<Ds>, at: Timestamp, lag: Duration| {
        // The last server has it later, and caches have it for its TTL.
        let until = at.saturating_add(lag + intervals.parent_ttl);
        let what = std::mem::replace(&mut held, new);
        ds.push(Version { what, from: since, until });
        since = at;
    };
    for role in rolls {
        now = now.saturating_add(times.some(20 * DAY));
        now = operator.follow(now, |roll| roll.start(*role, Vouching::Parent, roll.now));
        if *role == Role::Zsk {
            continue;
        }
        let signing = |operator: &Operator, now| -> Vec<usize> {
            let wanted = |place: &usize| operator.keys[*place].timing.is_for_parent(now);
            (0..operator.keys.len())
                .filter(|place| operator.keys[*place].is_sep() && wanted(place))
                .collect()
        };
        let records = |operator: &Operator, places: &[usize]| -> Vec<Ds> {
            places.iter().map(|place| operator.keys[*place].sha256_ds()).collect()
        };
        now = now.saturating_add(times.some(5 * DAY));
        let (all, lag) = (signing(&operator, now), times.some(operator.intervals.delay));
        put(records(&operator, &all), now, lag);
        // All servers of the parent have it.
        let seen = now.saturating_add(lag);
        now = seen.saturating_add(times.some(2 * DAY));
        now = operator.follow(now, |roll| roll.seen(seen));
        let new = operator.keys.len() - 1;
        let unneeded = operator.keys.iter().filter_map(|key| key.timing.sync_delete).max().unwrap();
        now = now.max(unneeded).saturating_add(times.some(DAY));
        let lag = times.some(operator.intervals.delay);
        put(records(&operator, &[new]), now, lag);
    }
    let end = operator.end();
    put(Vec::new(), end, Duration::ZERO);
    (operator, ds)
}

/// A resolver that looks at the keys of a root now and then (RFC 5011): the anchors that it has, and when. Each
/// look has to be at a set that it trusts.
fn anchors(
    start: Vec<Ds>,
    keys: &[Vec<Version<Signed>>],
    end: Timestamp,
    times: &mut Times,
) -> Vec<Version<Vec<Ds>>> {
    let every = times.some(14 * DAY) + DAY;
    let mut now = NOW.saturating_add(times.some(every));
    let mut point = TrustPoint::new(Ledger::new(name("example.")), start, Algorithms::default());
    let mut all = vec![Version { what: point.anchors(), from: NOW, until: end }];
    let mut look = 0;
    while now < end {
        let served = &keys[look % keys.len()];
        let version = served.iter().rfind(|version| version.from <= now).unwrap();
        let observed = point.observe(&version.what.0, &version.what.1, now);
        assert_eq!(observed.proved, Ok(()), "at {now}: {version:?}");
        all.last_mut().unwrap().until = now;
        all.push(Version { what: point.anchors(), from: now, until: end });
        now = now.saturating_add(every);
        look += 1;
    }
    all
}

/// Checks a root with its resolvers.
fn check_root(operator: &Operator, times: &mut Times, start: &[Ds]) -> Result<(), TestCaseError> {
    let lag = times.some(operator.intervals.delay);
    let served = vec![operator.served(Duration::ZERO), operator.served(lag)];
    let keys: Vec<_> = served.iter().map(|server| server[0].clone()).collect();
    let mut all = Vec::new();
    for _ in 0..2 {
        all.extend(anchors(start.to_vec(), &keys, operator.end(), times));
    }
    let last = all.last().unwrap();
    let gone = start.iter().filter(|ds| last.what.contains(ds)).count();
    prop_assert!(gone < start.len(), "the old key is revoked in the end");
    check(&all, served)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn keys_below_a_parent_are_rolled(
        mut times in times(),
        single: bool,
        first in 0usize..2,
        second in 0usize..2,
    ) {
        let rolls = match single {
            true => vec![Role::Csk; 2],
            false => [first, second].map(|role| [Role::Zsk, Role::Ksk][role]).to_vec(),
        };
        let flags = if single { &SINGLE[..] } else { &SPLIT };
        let (operator, ds) = below_a_parent(flags, &rolls, &mut times);
        let lag = times.some(operator.intervals.delay);
        check(&ds, vec![operator.served(Duration::ZERO), operator.served(lag)])?;
    }

    #[test]
    fn a_single_key_is_split_and_rolled(mut times in times()) {
        let rolls = [Role::Zsk, Role::Ksk, Role::Zsk];
        let (operator, ds) = below_a_parent(&SINGLE, &rolls, &mut times);
        let lag = times.some(operator.intervals.delay);
        check(&ds, vec![operator.served(Duration::ZERO), operator.served(lag)])?;
    }

    #[test]
    fn anchors_are_rolled(mut times in times(), single: bool) {
        let flags = if single { &SINGLE[..] } else { &SPLIT };
        let role = if single { Role::Csk } else { Role::Ksk };
        let mut operator = Operator::new(flags, times.intervals.clone());
        let start = [operator.keys[0].sha256_ds()];
        let now = NOW.saturating_add(times.some(20 * DAY));
        operator.follow(now, |roll| roll.start(role, Vouching::Anchor, roll.now));
        check_root(&operator, &mut times, &start)?;
    }

    /// A key that was stolen is revoked as soon as another is trusted.
    #[test]
    fn anchors_are_revoked(mut times in times(), single: bool) {
        let flags = if single { &SINGLE[..] } else { &SPLIT };
        let mut operator = Operator::new(flags, times.intervals.clone());
        let publish = Some(NOW.saturating_sub(100 * DAY));
        let random = &mut SeededRandom::new(9);
        let standby = ZoneKey::generate(name("example."), ZoneKey::KSK, random);
        operator.keys.push(standby.with_timing(Timing { publish, ..Timing::created(NOW) }));
        operator.orders[0].1 = operator.keys.clone();
        let entries = operator.keys.iter().filter(|key| key.is_sep());
        let start: Vec<Ds> = entries.map(ZoneKey::sha256_ds).collect();
        let now = NOW.saturating_add(times.some(20 * DAY));
        operator.follow(now, |roll| roll.revoke(None));
        check_root(&operator, &mut times, &start)?;
    }

    /// The second of two rolls is taken back, at whatever moment that is possible.
    #[test]
    fn rolls_are_taken_back(mut times in times(), single: bool, zsk: bool) {
        let (flags, role) = match (single, zsk) {
            (true, _) => (&SINGLE[..], Role::Csk),
            (false, true) => (&SPLIT[..], Role::Zsk),
            (false, false) => (&SPLIT[..], Role::Ksk),
        };
        let (mut operator, mut ds) = below_a_parent(flags, &[role], &mut times);
        let start = operator.end();
        operator.follow(start, |roll| roll.start(role, Vouching::Parent, roll.now));
        let mut from = start;
        if role != Role::Zsk {
            from = start.saturating_add(times.some(5 * DAY));
            operator.follow(from, |roll| roll.seen(from));
        }
        let switch = operator.keys.last().unwrap().timing.activate.unwrap();
        let last = switch.saturating_sub(times.intervals.delay + Duration::from_secs(1));
        let now = from.saturating_add(times.some(last.since(from)));
        operator.follow(now, |roll| roll.cancel(None));
        ds.last_mut().unwrap().until = operator.end();
        let lag = times.some(operator.intervals.delay);
        check(&ds, vec![operator.served(Duration::ZERO), operator.served(lag)])?;
    }
}
