//! The tables of a store, and how a change goes into them.

use redb::{ReadableTable, ReadableTableMetadata, Table, TableDefinition, WriteTransaction};

use super::border::{Border, Borders, Handed, Keyed, Stand, nearest};
use super::change::{Verdict, decide, is_ahead, read};
use super::record::{MAX_RRSIGS, Record, RecordRef, Said};
use super::{Change, Held, Outcome, Policy, Refusal, Sequence, Signed, StoreError, ZoneState, key};
use crate::association::Ts;
use crate::clock::Timestamp;
use crate::threepid::Threepid;

type Octets = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Numbers about the store itself.
pub(super) const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
/// What is held, by the key of its name.
pub(super) const NAMES: Octets = TableDefinition::new("names");
/// The key of the name that a change was about, unless another change was about it since.
pub(super) const CHANGES: TableDefinition<'static, u64, &'static [u8]> =
    TableDefinition::new("changes");
/// Nothing, by the time of a withdrawal that is held and the key of its name.
pub(super) const WITHDRAWALS: TableDefinition<'static, &'static [u8], ()> =
    TableDefinition::new("withdrawals");
/// Addresses that the name does not tell, by the key of their name.
pub(super) const ADDRESSES: Octets = TableDefinition::new("addresses");

/// What is known of zones, by the key of their apex.
pub(super) const ZONES: Octets = TableDefinition::new("zones");

/// What stands at a name: who answers at and below it, and up to which change it was handed over.
pub(super) const BORDERS: TableDefinition<'static, &'static [u8], (u8, u64)> =
    TableDefinition::new("borders");

/// In [`META`]: the format of the store.
pub(super) const META_FORMAT: &str = "format";
/// In [`META`]: 1 where addresses are kept.
pub(super) const META_ADDRESSES: &str = "addresses";
/// In [`META`]: 1 in a copy that was made by `backup`, until it is opened to be written.
pub(super) const META_COPY: &str = "copy";

/// The tables, open to be changed.
pub(super) struct Tables<'t> {
    names: Table<'t, &'static [u8], &'static [u8]>,
    changes: Table<'t, u64, &'static [u8]>,
    withdrawals: Table<'t, &'static [u8], ()>,
    addresses: Table<'t, &'static [u8], &'static [u8]>,
    zones: Table<'t, &'static [u8], &'static [u8]>,
    borders: Table<'t, &'static [u8], (u8, u64)>,
    keeps_addresses: bool,
    /// Whether what is held or away is left as it is.
    is_closed: bool,
    last: Sequence,
    is_changed: bool,
}

impl<'t> Tables<'t> {
    /// Opens them. Where `is_closed`, nothing changes in what is held or away.
    pub(super) fn open(
        transaction: &'t WriteTransaction,
        is_closed: bool,
    ) -> Result<Self, StoreError> {
        let meta = transaction.open_table(META)?;
        let keeps_addresses = meta.get(META_ADDRESSES)?.is_some_and(|kept| kept.value() == 1);
        let changes = transaction.open_table(CHANGES)?;
        let last = changes.last()?.map_or(0, |(number, _)| number.value());
        Ok(Self {
            names: transaction.open_table(NAMES)?,
            changes,
            withdrawals: transaction.open_table(WITHDRAWALS)?,
            addresses: transaction.open_table(ADDRESSES)?,
            zones: transaction.open_table(ZONES)?,
            borders: transaction.open_table(BORDERS)?,
            keeps_addresses,
            is_closed,
            last: Sequence(last),
            is_changed: false,
        })
    }

    /// The number of the last change.
    pub(super) fn last(&self) -> Sequence {
        self.last
    }

    /// Whether there is anything to commit.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Makes a change, or says why not.
    pub(super) fn apply(
        &mut self,
        change: &Change,
        now: Timestamp,
        policy: &Policy,
    ) -> Result<Outcome, StoreError> {
        if is_ahead(change.said.ts(), now, policy.ahead) {
            return Ok(Outcome::Refused(Refusal::Ahead));
        }
        let key = key::key(&change.name);
        let border = self.border(&key)?;
        if let Some(why) = border.stand.refusal().filter(|_| self.is_closed) {
            return Ok(Outcome::Refused(why));
        }
        let record = self.get(&key)?;
        let held = read(record.as_ref().map(|record| &record.held))?;
        let gone = record.map(|record| record.sequence).zip(held.as_ref().map(Said::withdrawal));
        let is_away = gone.is_some_and(|(sequence, _)| sequence <= border.handed);
        let outcome: fn(Sequence) -> Outcome = match decide(held.clone(), change.said.clone()) {
            Verdict::Refuse(why) => return Ok(Outcome::Refused(why)),
            // It was handed over, and comes back.
            Verdict::Leave if is_away => {
                self.put(&key, gone, &held.expect("it is away, so it is there"))?;
                Outcome::Stored
            }
            Verdict::Leave => |_| Outcome::Unchanged,
            Verdict::Store(said) => {
                self.put(&key, gone, &said)?;
                Outcome::Stored
            }
            Verdict::Merge(said) => {
                self.put(&key, gone, &said)?;
                Outcome::Merged
            }
        };
        // Also of what was there already: it may have come without its address.
        self.put_address(&key, &change.said, change.threepid.as_ref())?;
        Ok(outcome(self.last))
    }

    /// Keeps RRSIGs with what they sign; it may have been replaced meanwhile.
    pub(super) fn sign(&mut self, signed: &Signed) -> Result<Outcome, StoreError> {
        let key = key::key(&signed.name);
        match self.get(&key)? {
            Some(mut record)
                if record.sequence == signed.sequence
                    && matches!(record.held, Held::Statement(_)) =>
            {
                record.rrsigs = signed.rrsigs.iter().take(MAX_RRSIGS).cloned().collect();
                self.names.insert(&*key, &*record.to_octets())?;
                self.is_changed = true;
                Ok(Outcome::Stored(signed.sequence))
            }
            _ => Ok(Outcome::Refused(Refusal::Older)),
        }
    }

    /// Notes what is known of a zone.
    pub(super) fn note(&mut self, zone: &ZoneState) -> Result<(), StoreError> {
        self.zones.insert(&*key::key(&zone.apex), &zone.to_octets()[..])?;
        self.is_changed = true;
        Ok(())
    }

    /// What stands nearest at or above a key.
    fn border(&self, key: &[u8]) -> Result<Border, StoreError> {
        if self.borders.is_empty()? {
            return Ok(Border::default());
        }
        for above in key::upwards(key) {
            if let Some(border) = self.borders.get(above)? {
                return Border::from_numbers(border.value());
            }
        }
        Ok(Border::default())
    }

    /// Puts these borders in place of those that stand. Tells of each cut whether what is held there goes
    /// away with it. Where `must_be_held`, a cut that was not is refused, and all stays as it is.
    pub(super) fn settle(
        &mut self,
        borders: &Borders,
        must_be_held: bool,
    ) -> Result<Vec<Outcome>, StoreError> {
        let (old, stands) = (self.all_borders()?, borders.stands());
        let mut outcomes = Vec::new();
        for cut in &borders.cuts {
            let key = key::key(cut);
            let before = nearest(&old, &key).stand;
            let goes = |row: &[u8], record: &RecordRef<'_>| {
                nearest(&stands, row) == Stand::Away && record.sequence > nearest(&old, row).handed
            };
            outcomes.push(match before {
                Stand::Away => Outcome::Unchanged,
                _ if !self.has_any(&key, goes)? => Outcome::Unchanged,
                Stand::Here => Outcome::Refused(Refusal::Away),
                Stand::Held => Outcome::Stored(self.last),
            });
        }
        if must_be_held && outcomes.contains(&Outcome::Refused(Refusal::Away)) {
            return Ok(outcomes);
        }
        let new = borders.settle(&old, self.last, |key| self.has_any(key, |_, _| true))?;
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            self.borders.remove(&**key)?;
            self.is_changed = true;
        }
        for (key, border) in new.iter().filter(|(key, border)| old.get(*key) != Some(*border)) {
            self.borders.insert(&**key, border.to_numbers())?;
            self.is_changed = true;
        }
        Ok(outcomes)
    }

    /// Up to which changes names were handed over.
    pub(super) fn handed(&self) -> Result<Handed, StoreError> {
        Handed::read(self.all_borders()?.into_iter().map(Ok))
    }

    fn all_borders(&self) -> Result<Keyed<Border>, StoreError> {
        let read = self.borders.iter()?.map(|entry| {
            let (key, border) = entry?;
            Ok((key.value().to_vec(), Border::from_numbers(border.value())?))
        });
        read.collect()
    }

    /// Whether something at or below a key is like this.
    fn has_any(
        &self,
        first: &[u8],
        is_it: impl Fn(&[u8], &RecordRef<'_>) -> bool,
    ) -> Result<bool, StoreError> {
        for entry in self.names.range::<&[u8]>(first..)? {
            let (key, record) = entry?;
            if !key.value().starts_with(first) {
                break;
            }
            // Nobody can tell of what is damaged, and it is not served.
            if RecordRef::read(record.value()).is_ok_and(|record| is_it(key.value(), &record)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Drops withdrawals that were made before `end`, at most `most` of them; marks stay.
    pub(super) fn expire(
        &mut self,
        end: Timestamp,
        most: usize,
    ) -> Result<Vec<Outcome>, StoreError> {
        let end = withdrawal_key(end.as_millis(), &[]);
        let due = self.withdrawals.range::<&[u8]>(..&*end)?.take(most);
        let due: Vec<Vec<u8>> =
            due.map(|entry| entry.map(|(at, _)| at.value().to_vec())).collect::<Result<_, _>>()?;
        due.iter().map(|at| self.drop_withdrawal(at)).collect()
    }

    fn drop_withdrawal(&mut self, at: &[u8]) -> Result<Outcome, StoreError> {
        let (ts, key) = read_withdrawal_key(at)?;
        let record = self.get(key)?;
        let record = record.ok_or_else(|| damaged("a withdrawal of a name that holds nothing"))?;
        self.put(key, Some((record.sequence, Some(ts))), &Said::Mark(ts))?;
        Ok(Outcome::Stored(self.last))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        self.names.get(key)?.map(|value| Record::from_octets(value.value())).transpose()
    }

    /// Holds `said` under `key` from now on. `gone` is the change that made what was held before, and
    /// when that was withdrawn if it was a withdrawal.
    fn put(
        &mut self,
        key: &[u8],
        gone: Option<(Sequence, Option<Ts>)>,
        said: &Said,
    ) -> Result<(), StoreError> {
        if let Some((number, withdrawal)) = gone {
            self.changes.remove(number.0)?;
            if let Some(ts) = withdrawal {
                self.withdrawals.remove(&*withdrawal_key(ts.as_millis(), key))?;
            }
        }
        self.is_changed = true;
        self.last = self.last.next();
        self.changes.insert(self.last.0, key)?;
        if let Some(ts) = said.withdrawal() {
            self.withdrawals.insert(&*withdrawal_key(ts.as_millis(), key), ())?;
        }
        let record = Record { sequence: self.last, held: said.to_held(), rrsigs: Vec::new() };
        self.names.insert(key, &*record.to_octets())?;
        Ok(())
    }

    /// Keeps the address of an association where addresses are kept, and none of what is withdrawn.
    fn put_address(
        &mut self,
        key: &[u8],
        said: &Said,
        threepid: Option<&Threepid>,
    ) -> Result<(), StoreError> {
        if said.is_withdrawn() {
            self.addresses.remove(key)?;
            return Ok(());
        }
        let Some(threepid) = threepid.filter(|one| self.keeps_addresses && !is_told(one)) else {
            return Ok(());
        };
        // A name is one address's: that of another association was the same.
        if self.addresses.get(key)?.is_none() {
            self.addresses.insert(key, &*address_octets(threepid))?;
            self.is_changed = true;
        }
        Ok(())
    }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

/// Whether the identifier's name tells it in any tree.
fn is_told(threepid: &Threepid) -> bool {
    *threepid.medium() == crate::threepid::Medium::Msisdn
}

/// The place of a withdrawal in [`WITHDRAWALS`]: its time in milliseconds, then the key of its name.
pub(super) fn withdrawal_key(millis: u64, key: &[u8]) -> Vec<u8> {
    [&millis.to_be_bytes()[..], key].concat()
}

/// The time of a withdrawal and the key of its name.
pub(super) fn read_withdrawal_key(at: &[u8]) -> Result<(Ts, &[u8]), StoreError> {
    let parts = at.split_first_chunk::<8>();
    let parts = parts
        .and_then(|(millis, key)| Some((Ts::from_millis(u64::from_be_bytes(*millis)).ok()?, key)));
    parts.ok_or_else(|| damaged("a withdrawal without its time"))
}

/// An identifier in [`ADDRESSES`]: its medium, a zero octet, its address.
fn address_octets(threepid: &Threepid) -> Vec<u8> {
    [threepid.medium().as_str().as_bytes(), &[0], threepid.address().as_bytes()].concat()
}

/// The identifier that [`ADDRESSES`] has under a key.
pub(super) fn read_address(octets: &[u8]) -> Result<Threepid, StoreError> {
    let text = std::str::from_utf8(octets).ok();
    let parts = text.and_then(|text| text.split_once('\0'));
    let threepid = parts
        .and_then(|(medium, address)| Threepid::from_normal(medium.parse().ok()?, address).ok());
    threepid.ok_or_else(|| damaged("an address that is none"))
}
