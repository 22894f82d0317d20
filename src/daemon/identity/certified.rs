//! The certificates that this verification server has of others in the trees, and whether they are for what it
//! signs.
//!
//! One that is trusted by itself has none, and nothing is said of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::time::sleep;

use crate::certificate::{Certificate, Scope, Terms};
use crate::clock::{Clock, Timestamp};
use crate::codec::utc;
use crate::crypto::PublicKey;
use crate::daemon::admin::Status;
use crate::daemon::renewal::seconds;
use crate::signed::KeyName;
use crate::stub::Client;
use crate::telemetry::Gauge;
use crate::trust::Fetched;
use crate::verifier::Verifier;
use crate::wire::Name;

/// How often it is looked for them.
const LOOK: Duration = Duration::from_secs(3600);

/// How soon again, where a tree does not tell.
const AGAIN: Duration = Duration::from_secs(60);

/// How long before its end a certificate should have a successor: 7 days, in which its issuer can be called.
/// Of a short one it is the last third.
const NOTICE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is wrong with the certificates of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
enum Doubt {
    #[error("none is for {0}, which it signs with")]
    Key(KeyName),
    #[error("it begins to hold at {0} only")]
    Early(String),
    #[error("it ended at {0}")]
    Ended(String),
    #[error("it is not for `{0}`, which is in `scope`: what is signed there is not believed by it")]
    Scope(String),
    #[error("it ends at {0}, and there is no other")]
    EndsSoon(String),
}

/// Looks for the certificates of a verification server.
pub(super) struct Certified {
    pub(super) client: Client,
    pub(super) verifier: Arc<Verifier>,
    pub(super) scope: Scope,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) status: Arc<Status>,
}

impl Certified {
    /// Warns of what is wrong with them, of each thing once. This goes on for good.
    pub(super) async fn watch(self) {
        let (mut told, mut _gauge) = (Told::default(), None);
        loop {
            let (mut ends, mut is_all) = (Vec::new(), true);
            for apex in self.client.apexes() {
                let Some(Held { end, doubt }) = self.look(apex).await else {
                    is_all = false;
                    continue;
                };
                ends.extend(end);
                if let Some(doubt) = told.is_news(apex, doubt) {
                    tracing::warn!(%apex, "the certificate of this verification server: {doubt}");
                }
            }
            if is_all {
                _gauge = ends.into_iter().min().map(|first| self.tell(first));
            }
            sleep(if is_all { LOOK } else { AGAIN }).await;
        }
    }

    /// What a tree has of them; nothing where it does not tell.
    async fn look(&self, apex: &Name) -> Option<Held> {
        let keys = self.verifier.keys();
        let records = match self.client.certificates(keys.server(), apex).await {
            Fetched::Records(records) => records,
            Fetched::Absent => return Some(Held::default()),
            Fetched::Undetermined => return None,
        };
        let certificates: Vec<Certificate> = records.into_iter().flatten().collect();
        let key = (keys.name(), keys.current().1);
        Some(Held::of(&certificates, &key, &self.scope, self.clock.now()))
    }

    /// Tells when the first of them ends, as long as what this gives is there.
    fn tell(&self, first: Timestamp) -> Arc<Gauge> {
        let help =
            "When the first certificate of the verification server ends, in seconds since 1970";
        let gauge = self.status.telemetry.gauge("certificate_end_timestamp_seconds", help);
        gauge.set(seconds(first));
        gauge
    }
}

/// What a tree has of certificates.
#[derive(Debug, Default)]
struct Held {
    /// The end of the best.
    end: Option<Timestamp>,
    doubt: Option<Doubt>,
}

impl Held {
    /// What these are worth to a server that signs with this key, for this scope.
    fn of(
        certificates: &[Certificate],
        (name, key): &(KeyName, PublicKey),
        scope: &Scope,
        now: Timestamp,
    ) -> Self {
        let is_its = |terms: &&Terms| terms.subject == *name && terms.public_key == *key;
        let own = certificates.iter().map(Certificate::terms).filter(is_its);
        let best = own.max_by_key(|terms| {
            let is_in_date = (terms.not_before..=terms.not_after).contains(&now);
            (is_in_date, scope.beyond(&terms.scope).is_none(), terms.not_after)
        });
        match best {
            None => Self { end: None, doubt: Some(Doubt::Key(name.clone())) },
            Some(terms) => Self { end: Some(terms.not_after), doubt: Doubt::of(terms, scope, now) },
        }
    }
}

impl Doubt {
    /// What is wrong where this is the best certificate there is.
    fn of(terms: &Terms, scope: &Scope, now: Timestamp) -> Option<Self> {
        let (from, to) = (terms.not_before, terms.not_after);
        let notice = NOTICE.min(to.since(from) / 3);
        let date = |moment: Timestamp| utc(moment.as_secs());
        if now < from {
            Some(Self::Early(date(from)))
        } else if now > to {
            Some(Self::Ended(date(to)))
        } else if let Some(rule) = scope.beyond(&terms.scope) {
            Some(Self::Scope(rule.as_str().to_owned()))
        } else {
            (to.since(now) <= notice).then(|| Self::EndsSoon(date(to)))
        }
    }
}

/// What was told last, of each tree.
#[derive(Default)]
struct Told(BTreeMap<Name, Doubt>);

impl Told {
    /// The doubt, where it is another one than before.
    fn is_news(&mut self, apex: &Name, doubt: Option<Doubt>) -> Option<Doubt> {
        let before = self.0.remove(apex);
        let doubt = doubt?;
        self.0.insert(apex.clone(), doubt.clone());
        (before.as_ref() != Some(&doubt)).then_some(doubt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKey;

    const DAY: u64 = 24 * 3600;

    fn scope(rules: &[&str]) -> Scope {
        Scope::new(rules.iter().map(|rule| rule.parse().unwrap()).collect())
    }

    fn name(id: &str) -> KeyName {
        KeyName::new("telco.example".parse().unwrap(), id.parse().unwrap())
    }

    /// A certificate that is good from one day to another.
    fn certificate(id: &str, rules: &[&str], days: (u64, u64)) -> Certificate {
        let parent = SigningKey::from_seed(&[1; 32]);
        let issuer = "verify.example".parse().unwrap();
        let terms = Terms {
            issuer,
            subject: name(id),
            public_key: SigningKey::from_seed(&[2; 32]).public(),
            scope: scope(rules),
            max_path: 0,
            not_before: Timestamp::from_secs(days.0 * DAY),
            not_after: Timestamp::from_secs(days.1 * DAY),
        };
        let signer = KeyName::new(terms.issuer.clone(), "ed25519:0".parse().unwrap());
        Certificate::sign(terms, signer, &parent).unwrap()
    }

    /// What is said of these on a day.
    fn said(certificates: &[Certificate], day: u64) -> Option<String> {
        let (own, now) = (scope(&["msisdn:44"]), Timestamp::from_secs(day * DAY));
        let key = (name("ed25519:1"), SigningKey::from_seed(&[2; 32]).public());
        Held::of(certificates, &key, &own, now).doubt.map(|doubt| doubt.to_string())
    }

    #[test]
    fn what_is_wrong_with_certificates_is_said() {
        let long = || certificate("ed25519:1", &["msisdn:44"], (10, 40));
        let says = |certificates: &[Certificate], day, expected: &str| {
            let said = said(certificates, day).unwrap();
            assert!(said.contains(expected), "day {day}: {said}");
        };
        assert_eq!(said(&[long()], 20), None);
        says(&[certificate("ed25519:2", &["msisdn:44"], (10, 40))], 20, "none is for");
        says(&[long()], 9, "begins to hold at 1970-01-11");
        says(&[long()], 41, "ended at 1970-02-10");
        says(&[long()], 34, "ends at 1970-02-10");
        let narrow = || certificate("ed25519:1", &["msisdn:447"], (10, 50));
        says(&[narrow()], 20, "not for `msisdn:44`");
        assert_eq!(said(&[narrow(), long()], 20), None, "one that is good is enough");
        let next = certificate("ed25519:1", &["msisdn:*"], (30, 60));
        assert_eq!(said(&[long(), next], 34), None, "it has a successor");
        let short = certificate("ed25519:1", &["msisdn:44"], (10, 13));
        assert_eq!(
            said(std::slice::from_ref(&short), 11),
            None,
            "those of a short life end soon all the time"
        );
        says(&[short], 12, "ends at");
    }

    #[test]
    fn each_thing_is_told_once() {
        let mut told = Told::default();
        let apexes: [Name; 2] = ["a.example.", "b.example."].map(|apex| apex.parse().unwrap());
        let ended = || Some(Doubt::Ended("1970-02-10".to_owned()));
        assert_eq!(told.is_news(&apexes[0], ended()), ended());
        assert_eq!(told.is_news(&apexes[0], ended()), None);
        assert_eq!(told.is_news(&apexes[1], ended()), ended());
        assert_eq!(told.is_news(&apexes[0], None), None);
        assert_eq!(told.is_news(&apexes[0], ended()), ended(), "it is so again");
    }
}
