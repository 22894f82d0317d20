//! How many connections there may be, in all and for one client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use super::Limits;
use super::events::Event;

/// Hands out places for connections.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    most_per_client: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A place for a connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    client: IpAddr,
}

impl Slots {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections.get(),
            most_per_client: limits.connections_per_client.get(),
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from `address`, or which limit is reached.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Slot, Event> {
        let client = client(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.most {
            return Err(Event::ConnectionsFull);
        }
        let of_client = taken.by_client.get(&client).copied().unwrap_or(0);
        if of_client >= self.most_per_client {
            return Err(Event::ClientFull);
        }
        taken.by_client.insert(client, of_client + 1);
        taken.all += 1;
        Ok(Slot { slots: self.clone(), client })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        match taken.by_client.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.by_client.remove(&self.client);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// subscriber has at least.
fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[test]
    fn limits_are_kept_and_places_given_back() {
        let [connections, connections_per_client] = [3, 2].map(|n| NonZeroUsize::new(n).unwrap());
        let limits = Limits { connections, connections_per_client, ..Limits::default() };
        let slots = Slots::new(&limits);
        let take = |address: &str| slots.take(address.parse().unwrap());
        let first = take("192.0.2.1").unwrap();
        let _second = take("192.0.2.1").unwrap();
        assert_eq!(take("192.0.2.1").unwrap_err(), Event::ClientFull);
        let _third = take("192.0.2.2").unwrap();
        assert_eq!(take("192.0.2.3").unwrap_err(), Event::ConnectionsFull);
        drop(first);
        drop(take("192.0.2.1").unwrap());
        assert_eq!(slots.taken.lock().unwrap().by_client.len(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limits = Limits { connections_per_client: NonZeroUsize::MIN, ..Limits::default() };
        let slots = Slots::new(&limits);
        let take = |address: &str| slots.take(address.parse().unwrap());
        let _held = take("2001:db8:0:1::1").unwrap();
        assert_eq!(take("2001:db8:0:1:ffff::").unwrap_err(), Event::ClientFull);
        assert!(take("2001:db8:0:2::1").is_ok());
    }
}
