//! Signing again before signatures end.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, Notify};

use super::admin::Status;
use crate::authority::Authority;
use crate::clock::{Clock, Timestamp};
use crate::dnssec::ZoneKey;
use crate::services::dns::{Role, Served};
use crate::wire::Name;

/// The longest time without a look at the clock: it may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// The shortest time between two renewals.
const SHORTEST_SLEEP: Duration = Duration::from_secs(1);

/// What is served now, and the right to serve something else.
#[derive(Debug)]
pub(super) struct Current {
    served: Arc<ArcSwap<Served>>,
    /// Held by whoever makes something new from what is served, so that no change is lost.
    changing: Mutex<()>,
    /// Heard by whoever signs beside, when keys may have changed.
    signed_anew: Notify,
}

impl Current {
    pub(super) fn new(served: Served) -> Self {
        let served = Arc::new(ArcSwap::from_pointee(served));
        Self { served, changing: Mutex::default(), signed_anew: Notify::new() }
    }

    /// What services answer from.
    pub(super) fn served(&self) -> &Arc<ArcSwap<Served>> {
        &self.served
    }

    /// Serves something else from here on.
    pub(super) async fn replace(&self, served: Served) {
        let _changing = self.changing.lock().await;
        self.served.store(Arc::new(served));
    }

    /// The zones that are served.
    pub(super) fn authority(&self) -> Authority {
        match &self.served.load().role {
            Role::Authority(authority) => authority.clone(),
            Role::Resolver(_) => Authority::default(),
        }
    }

    /// Serves something else from here on, which is made from the zones that are served.
    pub(super) async fn replace_with(&self, make: impl FnOnce(&Authority) -> Served) {
        let _changing = self.changing.lock().await;
        self.served.store(Arc::new(make(&self.authority())));
    }

    /// Waits until signatures were renewed, or keys changed.
    pub(super) async fn signed_anew(&self) {
        self.signed_anew.notified().await;
    }

    /// Changes something of the zones that are served.
    pub(super) async fn change(&self, change: impl FnOnce(&mut Authority)) {
        let _changing = self.changing.lock().await;
        let mut authority = self.authority();
        change(&mut authority);
        self.put(authority);
    }

    /// Serves these zones, and all else as before. Whoever calls this holds the right to.
    fn put(&self, authority: Authority) {
        let edns = self.served.load().edns.clone();
        self.served.store(Arc::new(Served { edns, ..Served::new(Role::Authority(authority)) }));
    }

    /// Signs again what has to be; gives how long nothing will have to be.
    async fn renew(&self, clock: &dyn Clock) -> Duration {
        let _changing = self.changing.lock().await;
        let (served, now) = (self.served.load_full(), clock.now());
        let Role::Authority(authority) = &served.role else { return LONGEST_SLEEP };
        match authority.next_renewal() {
            None => return LONGEST_SLEEP,
            Some(due) if due > now => return due.since(now),
            Some(_) => {}
        }
        let authority = authority.clone();
        let Ok((authority, sets)) =
            tokio::task::spawn_blocking(move || renewed(authority, now)).await
        else {
            tracing::error!("signing again failed");
            return LONGEST_SLEEP;
        };
        tracing::info!(sets, "signed again before signatures end");
        for zone in authority.zones().filter(|zone| !zone.key_set().overdue().is_empty()) {
            let (zone, keys) = (zone.apex(), zone.key_set().overdue());
            tracing::warn!(%zone, ?keys, "keys sign past their end, as there are no others");
        }
        self.put(authority);
        self.signed_anew.notify_one();
        SHORTEST_SLEEP
    }

    /// Signs a zone with these keys from here on, if they are others than before.
    pub(super) async fn take_keys(&self, zone: Name, keys: Vec<ZoneKey>, now: Timestamp) {
        let _changing = self.changing.lock().await;
        let served = self.served.load_full();
        let Role::Authority(authority) = &served.role else { return };
        let before = authority.zones().find(|served| *served.apex() == zone);
        let same = |before: &[ZoneKey]| {
            before.len() == keys.len() && before.iter().zip(&keys).all(|(a, b)| a.is_same(b))
        };
        if before.is_none_or(|before| same(before.keys())) {
            return;
        }
        let mut authority = authority.clone();
        let told = zone.clone();
        let taking = move || authority.take_keys(&zone, keys, now).map(|()| authority);
        match tokio::task::spawn_blocking(taking).await {
            Ok(Ok(authority)) => {
                tracing::info!(zone = %told, "its keys were changed");
                self.put(authority);
                self.signed_anew.notify_one();
            }
            Ok(Err(error)) => tracing::error!(zone = %told, "keys stay as they were: {error}"),
            Err(_) => tracing::error!(zone = %told, "signing with other keys failed"),
        }
    }
}

fn renewed(mut authority: Authority, now: Timestamp) -> (Authority, usize) {
    let sets = authority.renew(now);
    (authority, sets)
}

/// Keeps signatures fresh, for good, and tells when the first of them ends.
pub(super) async fn keep_fresh(current: Arc<Current>, clock: Arc<dyn Clock>, status: Arc<Status>) {
    let help = "When the first signature of a zone ends, in seconds since 1970";
    let mut gauge = None;
    loop {
        let pause = current.renew(clock.as_ref()).await;
        if let Some(end) = current.authority().first_end() {
            let new = || status.telemetry.gauge("zone_signatures_end_timestamp_seconds", help);
            gauge.get_or_insert_with(new).set(seconds(end));
        }
        tokio::time::sleep(pause.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)).await;
    }
}

/// A time in seconds since 1970, as gauges tell it.
pub(super) fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Associated, Policy, ServedZone};
    use crate::clock::ManualClock;
    use crate::crypto::SeededRandom;
    use crate::zone::testing;

    /// The signed zone `a.example.`.
    fn signed(now: Timestamp) -> Authority {
        let built = testing::build("a.example.", "@ SOA\n@ NS ns\nns A 192.0.2.1").unwrap();
        let apex = built.zone.apex().clone();
        let key = ZoneKey::generate(apex, ZoneKey::KSK, &mut SeededRandom::new(1));
        let associations = Associated::File(built.associations);
        let zone = ServedZone::new(built.zone, associations, vec![key], Policy::default(), now);
        Authority::new(vec![zone.unwrap()]).unwrap()
    }

    #[tokio::test]
    async fn signatures_are_renewed_when_they_have_to_be() {
        let now = Timestamp::from_secs(1_790_000_000);
        let authority = signed(now);
        let due = authority.next_renewal().unwrap();
        let current = Current::new(Served::new(Role::Authority(authority)));
        let clock = ManualClock::at(now);
        assert_eq!(current.renew(&clock).await, due.since(now));
        clock.set(due);
        assert_eq!(current.renew(&clock).await, SHORTEST_SLEEP);
        let served = current.served().load();
        let Role::Authority(authority) = &served.role else { panic!("it serves zones") };
        assert!(authority.next_renewal().unwrap() > due);
    }
}
