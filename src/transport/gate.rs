//! How many questions may be on their way to other servers, in all and to one of them.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::Limits;

/// Lets questions out. Each server has a lane of its own, so that one that is slow or silent holds
/// up nobody who asks another.
#[derive(Debug)]
pub(super) struct Gate {
    all: Semaphore,
    lanes: Mutex<HashMap<SocketAddr, Lane>>,
    most_per_server: usize,
    most_per_resolver: usize,
    /// Who is asked as a resolver.
    resolvers: HashSet<SocketAddr>,
    most_waiting: usize,
    wait: Duration,
}

#[derive(Debug)]
struct Lane {
    permits: Arc<Semaphore>,
    /// Questions that are out or wait.
    taken: usize,
}

/// A question that is in a lane. Leaves it when dropped.
struct InLane<'g> {
    gate: &'g Gate,
    server: SocketAddr,
    permits: Arc<Semaphore>,
}

/// A question that may be out.
pub(super) struct Pass<'g> {
    _all: SemaphorePermit<'g>,
    // The lane's permit goes before its place is given back.
    _own: tokio::sync::OwnedSemaphorePermit,
    _lane: InLane<'g>,
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            all: Semaphore::new(limits.exchanges.get()),
            lanes: Mutex::default(),
            most_per_server: limits.exchanges_per_server.get(),
            most_per_resolver: limits.exchanges_per_resolver.get(),
            resolvers: HashSet::new(),
            most_waiting: limits.waiting_per_server,
            wait: limits.exchange_wait,
        }
    }

    /// The same, where these are resolvers.
    pub(super) fn towards(self, resolvers: HashSet<SocketAddr>) -> Self {
        Self { resolvers, ..self }
    }

    /// Waits until a question to `server` may go out; none where too many wait already, or for too
    /// long. Who waits for the server alone takes nothing from others.
    pub(super) async fn pass(&self, server: SocketAddr) -> Option<Pass<'_>> {
        let lane = self.enter(server)?;
        let both = async {
            let own = lane.permits.clone().acquire_owned().await;
            let all = self.all.acquire().await;
            (own.expect("nobody closes a lane"), all.expect("nobody closes the gate"))
        };
        let (own, all) = timeout(self.wait, both).await.ok()?;
        Some(Pass { _all: all, _own: own, _lane: lane })
    }

    fn enter(&self, server: SocketAddr) -> Option<InLane<'_>> {
        let most = match self.resolvers.contains(&server) {
            false => self.most_per_server,
            true => self.most_per_resolver,
        };
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Lane { permits: Arc::new(Semaphore::new(most)), taken: 0 };
        let lane = lanes.entry(server).or_insert_with(new);
        if lane.taken >= most + self.most_waiting {
            return None;
        }
        lane.taken += 1;
        Some(InLane { gate: self, server, permits: lane.permits.clone() })
    }
}

impl Drop for InLane<'_> {
    fn drop(&mut self) {
        let mut lanes = self.gate.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get_mut(&self.server) {
            lane.taken -= 1;
            if lane.taken == 0 {
                lanes.remove(&self.server);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(exchanges: usize, exchanges_per_server: usize, waiting_per_server: usize) -> Gate {
        Gate::new(&Limits {
            exchanges: exchanges.try_into().unwrap(),
            exchanges_per_server: exchanges_per_server.try_into().unwrap(),
            waiting_per_server,
            exchange_wait: Duration::from_millis(1),
            ..Limits::default()
        })
    }

    fn server(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 53).into()
    }

    #[tokio::test]
    async fn a_full_lane_leaves_the_others_free() {
        let gate = gate(3, 2, 0);
        let (first, second) = (gate.pass(server(1)).await, gate.pass(server(1)).await);
        assert!(first.is_some() && second.is_some());
        assert!(gate.pass(server(1)).await.is_none());
        assert!(gate.pass(server(2)).await.is_some());
        drop(first);
        assert!(gate.pass(server(1)).await.is_some());
        drop(second);
        assert!(gate.lanes.lock().unwrap().is_empty(), "nothing is left of servers not asked");
    }

    #[tokio::test]
    async fn the_lane_of_a_resolver_is_wider() {
        let gate = Gate { most_per_resolver: 2, ..gate(9, 1, 0) };
        let gate = gate.towards([server(1)].into_iter().collect());
        let _held = (gate.pass(server(1)).await.unwrap(), gate.pass(server(1)).await.unwrap());
        assert!(gate.pass(server(1)).await.is_none());
        let _other = gate.pass(server(2)).await.unwrap();
        assert!(gate.pass(server(2)).await.is_none());
    }

    #[tokio::test]
    async fn all_lanes_together_are_bounded() {
        let gate = gate(1, 1, 1);
        let held = gate.pass(server(1)).await;
        assert!(held.is_some() && gate.pass(server(2)).await.is_none());
        drop(held);
        assert!(gate.pass(server(2)).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_is_next() {
        let mut gate = gate(1, 1, 1);
        gate.wait = Duration::from_secs(20);
        let held = gate.pass(server(1)).await.unwrap();
        let ((), next, too_many) = tokio::join!(
            async {
                while gate.lanes.lock().unwrap()[&server(1)].taken < 2 {
                    tokio::task::yield_now().await;
                }
                drop(held);
            },
            async { gate.pass(server(1)).await.is_some() },
            async { gate.pass(server(1)).await.is_some() },
        );
        assert!(next && !too_many);
    }
}
