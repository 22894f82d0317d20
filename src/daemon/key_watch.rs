//! Key files that change while they are used: `threepid key roll` and `dnssec-settime` write into them.
//!
//! Whoever forgets to have the server reload would have a plan go wrong: keys would sign that nobody was
//! shown in time. So the server looks by itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, Keys};
use crate::dnssec::ZoneKey;
use crate::transport::Stamp;
use crate::trust::Purposes;
use crate::wire::Name;

use super::keys;
use super::renewal::Current;

/// The time from one look to the next. Plans allow for an hour.
const PAUSE: Duration = Duration::from_secs(30);

/// The keys of a zone, and what their files looked like when they were read.
#[derive(Debug)]
struct Watched {
    zone: Name,
    keys: Keys,
    stamp: Option<Stamp>,
}

impl Watched {
    /// The keys in its files, or why they are not taken.
    fn load(&self, purposes: &Purposes) -> Result<Vec<ZoneKey>, Vec<String>> {
        let keys = keys::load(&self.zone, &self.keys).map_err(|errors| {
            errors.into_iter().map(|error| error.value.to_string()).collect::<Vec<_>>()
        })?;
        let mut all = purposes.clone();
        keys.iter().for_each(|key| all.zone(&self.zone, &key.dnskey()));
        match &all.shared()[..] {
            [] => Ok(keys),
            shared => Err(shared.iter().map(ToString::to_string).collect()),
        }
    }
}

/// The zones whose keys are looked after.
#[derive(Debug, Default)]
pub(super) struct KeyWatch(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    zones: Vec<Watched>,
    /// What keys are for that no zone may have.
    purposes: Arc<Purposes>,
}

impl KeyWatch {
    /// Looks after the keys that `plan` names from here on. One that is for something else by `purposes` is not
    /// taken.
    pub(super) fn watch(&self, plan: &config::Authority, purposes: &Arc<Purposes>) {
        let with_keys = plan.zones.iter().filter(|zone| zone.keys != Keys::None);
        let watched = with_keys.map(|zone| Watched {
            zone: zone.name.value.clone(),
            keys: zone.keys.clone(),
            stamp: None,
        });
        *self.lock() = Plan { zones: watched.collect(), purposes: Arc::clone(purposes) };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys whose files were changed since the last look. What cannot be read is told, and looked at again
    /// when it was changed.
    fn changed(&self) -> Vec<(Name, Vec<ZoneKey>)> {
        let mut changed = Vec::new();
        let Plan { zones, purposes } = &mut *self.lock();
        for watched in zones {
            let stamp = Some(stamp(&watched.keys));
            if stamp == watched.stamp {
                continue;
            }
            watched.stamp = stamp;
            match watched.load(purposes) {
                Ok(keys) => changed.push((watched.zone.clone(), keys)),
                Err(errors) => {
                    for error in errors {
                        tracing::error!(zone = %watched.zone, "keys stay as they were: {error}");
                    }
                }
            }
        }
        changed
    }
}

/// What the files of keys look like now.
fn stamp(keys: &Keys) -> Stamp {
    match keys {
        Keys::None => Stamp::default(),
        Keys::Files(files) => {
            Stamp::in_directories(files.iter().filter_map(|file| file.value.parent()))
        }
        Keys::Directory(directory) => Stamp::in_directories([&directory.value]),
    }
}

/// Serves with the keys that were changed, and looks again, for good.
pub(super) async fn follow(watch: Arc<KeyWatch>, current: Arc<Current>, clock: Arc<dyn Clock>) {
    loop {
        look(&watch, &current, clock.as_ref()).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks once.
async fn look(watch: &Arc<KeyWatch>, current: &Current, clock: &dyn Clock) {
    let reading = Arc::clone(watch);
    let changed = tokio::task::spawn_blocking(move || reading.changed()).await;
    for (zone, keys) in changed.unwrap_or_default() {
        current.take_keys(zone, keys, clock.now()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Associated, Authority, Policy, ServedZone};
    use crate::clock::{ManualClock, Timestamp};
    use crate::crypto::{PublicKey, SeededRandom};
    use crate::dnssec::lifecycle::Timing;
    use crate::services::dns::{Role, Served};
    use crate::signed::KeyName;
    use crate::zone::testing;
    use std::fs;
    use std::path::Path;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn key(seed: u64) -> ZoneKey {
        let apex = "a.example.".parse().unwrap();
        let key = ZoneKey::generate(apex, ZoneKey::KSK, &mut SeededRandom::new(seed));
        key.with_timing(Timing::in_use(NOW))
    }

    /// A configuration with its keys in its own directory.
    fn plan(directory: &Path) -> config::Authority {
        let file = directory.join("a.toml");
        let zone = "name = \"a.example\"\nfile = \"a.zone\"\nkey_dir = \".\"\n";
        fs::write(&file, format!("[authority]\n[[authority.zone]]\n{zone}")).unwrap();
        config::Config::load(&file).unwrap().authority.unwrap()
    }

    /// How many keys sign, and how many are published.
    fn keys(current: &Current) -> [usize; 2] {
        let served = current.served().load();
        let Role::Authority(authority) = &served.role else { panic!("it serves zones") };
        let zone = authority.zones().next().unwrap();
        [zone.key_set().active().len(), zone.key_set().published().len()]
    }

    #[tokio::test]
    async fn changed_files_are_followed() {
        let directory = tempfile::tempdir().unwrap();
        let stem = keys::store(directory.path(), &key(1)).unwrap();
        let built = testing::build("a.example.", "@ SOA\n@ NS ns\nns A 192.0.2.1").unwrap();
        let associations = Associated::File(built.associations);
        let zone = ServedZone::new(built.zone, associations, vec![key(1)], Policy::default(), NOW)
            .unwrap();
        let authority = Authority::new(vec![zone]).unwrap();
        let current = Current::new(Served::new(Role::Authority(authority)));
        let (watch, clock) = (Arc::new(KeyWatch::default()), ManualClock::at(NOW));
        let mut purposes = Purposes::default();
        let verifier = KeyName::new("v".parse().unwrap(), "ed25519:0".parse().unwrap());
        let public = key(3).dnskey().public_key.as_slice().try_into().unwrap();
        purposes.verifier(&verifier, &PublicKey::from_octets(&public).unwrap());
        watch.watch(&plan(directory.path()), &Arc::new(purposes));
        look(&watch, &current, &clock).await;
        assert_eq!(keys(&current), [1, 1]);
        assert!(watch.changed().is_empty(), "nothing was changed since");

        let next = key(2).with_timing(Timing { publish: Some(NOW), ..Timing::created(NOW) });
        keys::store(directory.path(), &next).unwrap();
        look(&watch, &current, &clock).await;
        assert_eq!(keys(&current), [1, 2]);

        let shared = key(3).with_timing(Timing { publish: Some(NOW), ..Timing::created(NOW) });
        let shared = keys::store(directory.path(), &shared).unwrap();
        look(&watch, &current, &clock).await;
        assert_eq!(keys(&current), [1, 2], "a verification server has the third");
        for ending in ["key", "private"] {
            fs::remove_file(format!("{}.{ending}", shared.display())).unwrap();
        }

        fs::write(format!("{}.private", stem.display()), "no key").unwrap();
        look(&watch, &current, &clock).await;
        assert_eq!(keys(&current), [1, 2], "what cannot be read changes nothing");
    }
}
