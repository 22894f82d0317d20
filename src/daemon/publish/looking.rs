//! Whether the resolver of `[publish]` tells of its trees.

use std::net::SocketAddr;

use crate::stub::Client;
use crate::transport::Exchange;
use crate::wire::{Name, Rtype};

/// Asks for each tree, and warns of those that are not told of: no statement can be judged there.
pub(super) async fn look<E: Exchange + 'static>(
    client: Client<E>,
    resolver: SocketAddr,
    apexes: Vec<Name>,
) {
    for apex in apexes {
        if let Some(why) = trouble(&client, &apex).await {
            tracing::warn!(%apex, %resolver, "nothing can be published in this tree now: {why}");
        }
    }
}

/// Why nothing can be looked up in a tree; nothing where it can.
async fn trouble<E: Exchange + 'static>(client: &Client<E>, apex: &Name) -> Option<String> {
    match client.resolve(apex, Rtype::SOA).await {
        Ok(found) => {
            let why = found.proved().err()?;
            Some(format!("what the resolver tells of it is {why}"))
        }
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Associated, Authority, Policy, ServedZone};
    use crate::clock::{ManualClock, Timestamp};
    use crate::crypto::SeededRandom;
    use crate::dnssec::ZoneKey;
    use crate::resolver::Root;
    use crate::stub::Limits;
    use crate::transport::{ExchangeError, Transport};
    use crate::wire::{EdnsPolicy, Query};
    use crate::zone::testing;
    use std::sync::Arc;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    /// Who serves the tree, or nobody.
    struct Memory(Option<Authority>);

    impl Exchange for Memory {
        async fn exchange(
            &self,
            _: SocketAddr,
            _: Transport,
            packet: &[u8],
            _: Duration,
        ) -> Result<Vec<u8>, ExchangeError> {
            let (query, mut out) = (Query::parse(packet).unwrap(), Vec::new());
            let authority = self.0.as_ref().ok_or(ExchangeError::Timeout)?;
            authority.answer(&query, 1232, &EdnsPolicy::default(), NOW, &mut out);
            Ok(out)
        }
    }

    /// What is wrong with a tree that is served with this key, or not at all, and anchored in key 1.
    async fn told(seed: Option<u64>) -> Option<String> {
        let apex: Name = "a.example.".parse().unwrap();
        let key =
            |seed| ZoneKey::generate(apex.clone(), ZoneKey::KSK, &mut SeededRandom::new(seed));
        let authority = seed.map(|seed| {
            let built = testing::build("a.example.", "@ SOA\n@ NS ns\nns A 192.0.2.1").unwrap();
            let associations = Associated::File(built.associations);
            let (zone, policy) = (built.zone, Policy::default());
            let zone = ServedZone::new(zone, associations, vec![key(seed)], policy, NOW).unwrap();
            Authority::new(vec![zone]).unwrap()
        });
        let anchors = vec![key(1).sha256_ds()];
        let roots = vec![Root { apex: apex.clone(), servers: Vec::new(), anchors }];
        let resolver = "192.0.2.53:53".parse().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let client = Client::over(Memory(authority), clock, resolver, roots, Limits::default());
        trouble(&client, &apex).await
    }

    #[tokio::test(start_paused = true)]
    async fn trees_that_are_not_told_of_are_seen() {
        assert_eq!(told(Some(1)).await, None);
        assert!(told(None).await.is_some(), "the resolver is silent");
        assert!(told(Some(2)).await.is_some(), "another key signs");
    }
}
