//! Signing again before signatures end.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

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
}

impl Current {
    pub(super) fn new(served: Served) -> Self {
        Self { served: Arc::new(ArcSwap::from_pointee(served)), changing: Mutex::default() }
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
        let edns = served.edns.clone();
        self.served.store(Arc::new(Served { edns, ..Served::new(Role::Authority(authority)) }));
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
                let edns = served.edns.clone();
                self.served
                    .store(Arc::new(Served { edns, ..Served::new(Role::Authority(authority)) }));
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

/// Keeps signatures fresh, for good.
pub(super) async fn keep_fresh(current: Arc<Current>, clock: Arc<dyn Clock>) {
    loop {
        let pause = current.renew(clock.as_ref()).await;
        tokio::time::sleep(pause.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)).await;
    }
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
