//! How many connections or questions there may be, in all and for one client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Hands out places to clients. Remembers those alone that hold one: no more than there are places.
#[derive(Debug)]
pub struct Slots {
    most: NonZeroUsize,
    taken: Mutex<Taken>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// This client has as many as it may.
    Client,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    client: IpAddr,
}

impl Slots {
    /// So many places, all of them free.
    pub fn new(most: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// A place for the client at `address`, which may have `most_per_client`. An IPv6 network of 64
    /// bits, which is what one subscriber has at least, is one client.
    ///
    /// # Errors
    /// Where one of the two limits is reached.
    pub fn take(
        self: &Arc<Self>,
        address: IpAddr,
        most_per_client: NonZeroUsize,
    ) -> Result<Slot, Full> {
        let client = client(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.most.get() {
            return Err(Full::All);
        }
        let of_client = taken.by_client.get(&client).copied().unwrap_or(0);
        if of_client >= most_per_client.get() {
            return Err(Full::Client);
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

/// What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, as its first address. An
/// IPv4 address mapped into IPv6 is the IPv4 address.
pub fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn limits_are_kept_and_places_given_back() {
        let slots = Slots::new(count(3));
        let take = |address: &str| slots.take(address.parse().unwrap(), count(2));
        let first = take("192.0.2.1").unwrap();
        let _second = take("192.0.2.1").unwrap();
        assert_eq!(take("192.0.2.1").unwrap_err(), Full::Client);
        let _third = take("192.0.2.2").unwrap();
        assert_eq!(take("192.0.2.3").unwrap_err(), Full::All);
        drop(first);
        drop(take("192.0.2.1").unwrap());
        assert_eq!(slots.taken.lock().unwrap().by_client.len(), 2);
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_mapped_addresses_are_many() {
        let slots = Slots::new(count(9));
        let take = |address: &str| slots.take(address.parse().unwrap(), count(1));
        let _held = take("2001:db8:0:1::1").unwrap();
        assert_eq!(take("2001:db8:0:1:ffff::").unwrap_err(), Full::Client);
        assert!(take("2001:db8:0:2::1").is_ok());
        let _mapped = take("::ffff:192.0.2.1").unwrap();
        assert_eq!(take("192.0.2.1").unwrap_err(), Full::Client);
        assert!(take("::ffff:192.0.2.2").is_ok());
    }
}
