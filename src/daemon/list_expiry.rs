//! What comes of a root list that expires under those who go by it: they do nothing in its trees.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::codec::utc;
use crate::config;
use crate::telemetry::Gauge;
use crate::trust::root_list::{Refusal, RootList};
use crate::wire::Name;

use super::admin::Status;
use super::renewal::seconds;

/// The longest time without a look at the clock: it may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How long before a list expires that is told: 7 days, in which those who keep it can be called.
const NOTICE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Has a part of the process do nothing in these trees.
type Suspend = Box<dyn Fn(&[Name]) + Send + Sync>;

/// A part of the process that goes by a root list.
pub(super) struct Reader {
    /// The list.
    pub(super) plan: config::RootList,
    /// What comes of it where the list has expired, as `nothing is answered in`.
    pub(super) loss: &'static str,
    /// Ends what it does in them.
    pub(super) suspend: Suspend,
}

/// Tells in `status` when the first of the lists expires that were read with the configuration, as long as what
/// this gives is there.
pub(super) fn tell(readers: &[Reader], status: &Status) -> Option<Arc<Gauge>> {
    let lists = readers.iter().filter_map(|reader| reader.plan.held.as_ref());
    let first = lists.map(|list| list.terms().expires).min()?;
    let help = "When the first root list expires that is gone by, in seconds since 1970";
    let gauge = status.telemetry.gauge("root_list_expiry_timestamp_seconds", help);
    gauge.set(seconds(first));
    Some(gauge)
}

impl Reader {
    /// Warns before the list expires that was read with the configuration, and suspends who goes by it when it
    /// does. This goes on for good: a newer list comes with another configuration.
    pub(super) async fn watch(self, clock: Arc<dyn Clock>, status: Arc<Status>) {
        let Some(list) = &self.plan.held else { return };
        let refusal = expired(list, clock.as_ref()).await;
        (self.suspend)(&self.plan.taken);
        let trees: Vec<String> = self.plan.taken.iter().map(ToString::to_string).collect();
        let told = format!("the root list: {refusal}: {} {}", self.loss, trees.join(", "));
        let _trouble = status.trouble(&told);
        tracing::error!("{told}");
        std::future::pending().await
    }
}

/// Waits until a list may not be used any more, whatever mirrors do, and warns of it before.
async fn expired(list: &RootList, clock: &dyn Clock) -> Refusal {
    let expires = list.terms().expires;
    let mut is_told = false;
    loop {
        let now = clock.now();
        if let Err(refusal) = list.in_date(now) {
            return refusal;
        }
        let left = expires.since(now);
        if left <= NOTICE && !is_told {
            is_told = true;
            let (version, expires) = (list.version(), utc(expires.as_secs()));
            tracing::warn!(version, "the root list expires at {expires}, if no newer one comes");
        }
        // A millisecond more, as it is good in the last one.
        tokio::time::sleep(LONGEST_SLEEP.min(left + Duration::from_millis(1))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};
    use crate::crypto::SigningKey;
    use crate::signed::{KeyName, Signatures};
    use crate::trust::root_list::{ListedRoot, Terms};
    use crate::wire::rdata::Ds;
    use crate::wire::{Algorithm, DigestType};

    const EXPIRES: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn list() -> RootList {
        let key = SigningKey::from_seed(&[1; 32]).public();
        let name = KeyName::new("k.example".parse().unwrap(), "ed25519:1".parse().unwrap());
        let (algorithm, digest_type) = (Algorithm::ED25519, DigestType::SHA256);
        let root = ListedRoot {
            apex: "a.example.".parse().unwrap(),
            servers: vec!["192.0.2.1".parse().unwrap()],
            ds: vec![Ds { key_tag: 7, algorithm, digest_type, digest: vec![7; 32] }],
            publish: "https://publish.example/".parse().unwrap(),
        };
        let (keys, roots) = ([(name, key)].into(), vec![root]);
        let terms = Terms { version: 1, expires: EXPIRES, keys, threshold: 1, roots };
        RootList::new(terms, Signatures::default()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_expires_under_a_resolver_at_work() {
        let clock = ManualClock::at(EXPIRES.saturating_sub(Duration::from_secs(3600)));
        let running = clock.clone();
        let expiring = tokio::spawn(async move { expired(&list(), &running).await });
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert!(!expiring.is_finished());
        clock.set(EXPIRES);
        tokio::time::sleep(LONGEST_SLEEP).await;
        assert!(!expiring.is_finished(), "it is good in its last moment");
        clock.advance(Duration::from_millis(1));
        let refusal = tokio::time::timeout(2 * LONGEST_SLEEP, expiring).await.unwrap().unwrap();
        assert_eq!(refusal, Refusal::Expired { version: 1, expires: EXPIRES });
    }
}
