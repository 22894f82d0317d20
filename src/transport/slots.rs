//! How many connections or questions there may be, in all and for one client.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::allowance::{Crowd, Presence, networks};
use crate::wire::Prefix;

/// Hands out places to clients. Remembers those alone that hold one: no more than there are places.
#[derive(Debug)]
pub struct Slots {
    most: NonZeroUsize,
    taken: Arc<Crowd<Share>>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// This client, or the network that it is in, has as many as it may.
    Client,
}

/// What a place counts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Share {
    All,
    Network(Prefix),
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    _taken: Presence<Share>,
}

impl Slots {
    /// So many places, all of them free.
    pub fn new(most: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self { most, taken: Crowd::new() })
    }

    /// A place for the client at `address`, which may have `most_per_client`. An IPv6 network of 64
    /// bits, which is what one subscriber has at least, is one client. One of 56 bits, which many have, may
    /// take a quarter of all places, and one of 48, which whoever asks for it has, half of them; or those
    /// of one client where that is more.
    ///
    /// # Errors
    /// Where one of the limits is reached.
    pub fn take(&self, address: IpAddr, most_per_client: NonZeroUsize) -> Result<Slot, Full> {
        let of_network = |network: Prefix| {
            let share = match network.length() {
                48 => self.most.get() / 2,
                56 => self.most.get() / 4,
                _ => 0,
            };
            (Share::Network(network), share.max(most_per_client.get()))
        };
        let mut shares = vec![(Share::All, self.most.get())];
        shares.extend(networks(address).map(|(network, _)| of_network(network)));
        match self.taken.enter(shares) {
            Ok(taken) => Ok(Slot { _taken: taken }),
            Err(Share::All) => Err(Full::All),
            Err(Share::Network(_)) => Err(Full::Client),
        }
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
    }

    #[test]
    fn whoever_has_many_ipv6_networks_leaves_places_for_others() {
        let slots = Slots::new(count(16));
        let take = |address: String| slots.take(address.parse().unwrap(), count(2));
        // Eight networks of 64 bits are one of 61.
        let in_56 = |at: u8| (0..8).map(move |low| format!("2001:db8:0:{at}0{low}::1"));
        let mut held: Vec<Slot> = in_56(1).filter_map(|address| take(address).ok()).collect();
        assert_eq!(held.len(), 4, "a quarter");
        held.extend((2..9).flat_map(in_56).filter_map(|address| take(address).ok()));
        assert_eq!(held.len(), 8, "half, of a network of 48 bits");
        assert!(take("2001:db8:1::1".to_owned()).is_ok());
        drop(held);
        assert!(in_56(1).any(|address| take(address).is_ok()), "places are given back");
        let few = Slots::new(count(2));
        let own: Vec<_> =
            (0..2).map(|_| few.take("::1".parse().unwrap(), count(2)).unwrap()).collect();
        assert_eq!(own.len(), 2, "one client has what it may");
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
