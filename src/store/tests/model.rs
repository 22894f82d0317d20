//! The store against a model of it in memory.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::store::{Held, Kept};

const PEOPLE: [&str; 4] = ["+447700900123", "+447700900124", "a@example.com", "a.b:c"];
const USERS: [&str; 3] = ["@a:b", "@b:b", "@c:b"];
const SERVERS: [&str; 3] = ["a.example", "b.example", "c.example:8448"];
const DAY: u64 = 86_400_000;
/// Times of statements count days from here, which is more than 400 days ago.
const START: u64 = NOW.as_millis() - 405 * DAY;

/// Something that is sent to the store.
#[derive(Debug, Clone)]
enum Sent {
    Association { person: usize, user: usize, day: u64, servers: Vec<bool> },
    Withdrawal { person: usize, day: u64, servers: Vec<bool> },
    Mark { person: usize, day: u64 },
}

#[derive(Debug, Clone)]
enum Step {
    /// Sends these as one.
    Send(Vec<Sent>),
    /// Drops old withdrawals, as many as there are.
    Expire { now: u64 },
    /// Closes the store and opens it again.
    Reopen,
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let person = 0..PEOPLE.len();
    let day = 0..6u64;
    let servers = || proptest::collection::vec(any::<bool>(), SERVERS.len());
    prop_oneof![
        4 => (person.clone(), 0..USERS.len(), day.clone(), servers()).prop_map(
            |(person, user, day, servers)| Sent::Association { person, user, day, servers }
        ),
        3 => (person.clone(), day.clone(), servers())
            .prop_map(|(person, day, servers)| Sent::Withdrawal { person, day, servers }),
        1 => (person, day).prop_map(|(person, day)| Sent::Mark { person, day }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => proptest::collection::vec(any_sent(), 1..6).prop_map(Step::Send),
        1 => (0..6u64).prop_map(|days| Step::Expire { now: NOW.as_millis() + days * DAY }),
        1 => Just(Step::Reopen),
    ]
}

fn servers_of(chosen: &[bool]) -> Vec<&'static str> {
    let chosen: Vec<&str> =
        SERVERS.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(name, _)| *name).collect();
    if chosen.is_empty() { SERVERS[..1].to_vec() } else { chosen }
}

impl Sent {
    fn to_change(&self) -> Change {
        let publish = |person: usize, claim, servers: &[bool]| {
            let statement = signed(claim, &servers_of(servers));
            Change::publish(&apex(), threepid(PEOPLE[person]), statement).unwrap()
        };
        match self {
            Self::Association { person, user, day, servers } => {
                publish(*person, association(USERS[*user], START + day * DAY), servers)
            }
            Self::Withdrawal { person, day, servers } => {
                publish(*person, withdrawal(START + day * DAY), servers)
            }
            Self::Mark { person, day } => {
                let name = threepid(PEOPLE[*person]).owner(&apex()).unwrap();
                Change::mark(name, ts(START + day * DAY))
            }
        }
    }
}

/// What the model knows of a name.
#[derive(Debug, Clone)]
struct Known {
    sequence: u64,
    ts: u64,
    withdrawn: bool,
    /// What was signed, by which servers; none for a mark.
    signed: Option<(Claim, [u8; 32], Vec<&'static str>)>,
}

#[derive(Debug, Default)]
struct Model {
    names: BTreeMap<Name, Known>,
    last: u64,
}

impl Model {
    fn put(&mut self, name: &Name, mut known: Known) {
        self.last += 1;
        known.sequence = self.last;
        self.names.insert(name.clone(), known);
    }

    fn send(&mut self, sent: &Sent) {
        let change = sent.to_change();
        let new = match sent {
            Sent::Mark { day, .. } => {
                Known { sequence: 0, ts: START + day * DAY, withdrawn: true, signed: None }
            }
            Sent::Association { person, day, servers, .. }
            | Sent::Withdrawal { person, day, servers } => {
                let withdrawn = matches!(sent, Sent::Withdrawal { .. });
                let claim = match sent {
                    Sent::Association { user, .. } => association(USERS[*user], START + day * DAY),
                    _ => withdrawal(START + day * DAY),
                };
                let hash = crate::crypto::sha256(&claim.signed_octets(&threepid(PEOPLE[*person])));
                let signed = Some((claim, hash, servers_of(servers)));
                Known { sequence: 0, ts: START + day * DAY, withdrawn, signed }
            }
        };
        let Some(old) = self.names.get(change.name()).cloned() else {
            return self.put(change.name(), new);
        };
        let hash = |known: &Known| known.signed.as_ref().map(|(_, hash, _)| *hash);
        let order = (new.ts, new.withdrawn).cmp(&(old.ts, old.withdrawn));
        match (order, hash(&old), hash(&new)) {
            (std::cmp::Ordering::Greater, ..) => self.put(change.name(), new),
            (std::cmp::Ordering::Equal, Some(held), Some(come)) if come > held => {
                self.put(change.name(), new);
            }
            (std::cmp::Ordering::Equal, Some(held), Some(come)) if come == held => {
                self.merge(change.name(), old, &new);
            }
            _ => {}
        }
    }

    fn merge(&mut self, name: &Name, mut old: Known, new: &Known) {
        let (_, _, mine) = old.signed.as_mut().unwrap();
        let (_, _, theirs) = new.signed.as_ref().unwrap();
        let before = mine.len();
        mine.extend(theirs.clone());
        mine.sort_unstable();
        mine.dedup();
        if mine.len() > before {
            self.put(name, old);
        }
    }

    fn expire(&mut self, now: u64) {
        let is_due =
            |known: &Known| known.withdrawn && known.signed.is_some() && known.ts < now - 400 * DAY;
        let mut due: Vec<(u64, Name)> = self
            .names
            .iter()
            .filter(|(_, known)| is_due(known))
            .map(|(name, known)| (known.ts, name.clone()))
            .collect();
        due.sort();
        for (_, name) in due {
            let known = Known { signed: None, ..self.names[&name].clone() };
            self.put(&name, known);
        }
    }

    /// What the store should have.
    fn entries(&self) -> Vec<Entry> {
        let entries = self.names.iter().map(|(name, known)| Entry {
            name: name.clone(),
            sequence: Sequence(known.sequence),
            held: match &known.signed {
                None => Held::Mark(ts(known.ts)),
                Some((claim, signed_hash, servers)) => Held::Statement(Kept {
                    rdata: signed(claim.clone(), servers).to_rdata(),
                    signed_hash: *signed_hash,
                }),
            },
            is_away: false,
            rrsigs: Vec::new(),
        });
        entries.collect()
    }
}

fn compare(snapshot: &Snapshot, model: &Model) {
    let mut expected = model.entries();
    assert_eq!(all(snapshot), expected);
    for entry in &expected {
        assert_eq!(snapshot.find(&entry.name).unwrap().as_ref(), Some(entry));
    }
    expected.sort_by_key(|entry| entry.sequence);
    for last in [0, model.last / 2, model.last] {
        let since: Vec<Entry> =
            snapshot.since(Sequence(last)).unwrap().map(Result::unwrap).collect();
        let behind = expected.iter().filter(|entry| entry.sequence.0 > last);
        assert!(since.iter().eq(behind), "after {last}: {since:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_as_its_model(steps in proptest::collection::vec(any_step(), 1..16)) {
        let place = Place::new();
        let mut store = place.open();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Send(sent) => {
                    apply(&store, sent.iter().map(Sent::to_change).collect());
                    sent.iter().for_each(|sent| model.send(sent));
                }
                Step::Expire { now } => {
                    let expire = store.expire(Timestamp::from_millis(now));
                    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(expire).unwrap();
                    model.expire(now);
                }
                Step::Reopen => {
                    drop(store);
                    store = place.open();
                }
            }
            compare(&store.snapshot().unwrap(), &model);
        }
        drop(store);
        let report = crate::store::check(&place.path(), &place.policy, || {}).unwrap();
        prop_assert!(report.is_good(), "{:?}", report);
    }
}
