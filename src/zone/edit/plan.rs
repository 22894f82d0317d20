//! Which octets change.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layout::Item;
use super::splice::{Lines, Splice};
use super::{Addition, Change, EditError, Open};
use crate::wire::rdata::{name_target, to_text};
use crate::wire::{Name, Record, Rtype, Ttl};
use crate::zone::master::Place;

/// The splices of each file that changes.
pub(super) type Splices = BTreeMap<Arc<str>, Vec<Splice>>;

/// What makes `change`.
pub(super) fn plan(open: &Open, change: &Change) -> Result<Splices, EditError> {
    let mut by_file = BTreeMap::<&Arc<str>, Vec<&Item>>::new();
    for item in &open.items {
        by_file.entry(&item.file).or_default().push(item);
    }
    let mut splices = Splices::new();
    for (file, items) in by_file {
        let octets = open.files.octets(file);
        let mut draft = Draft {
            open,
            change,
            lines: Lines::new(&octets),
            splices: Vec::new(),
            owner_gone: false,
            ttl_gone: false,
        };
        let is_first = **file == *open.master.file;
        draft.go_through(&items, is_first)?;
        if draft.splices.is_empty() {
            continue;
        }
        if items.windows(2).any(|pair| pair[1].start <= pair[0].start) {
            return Err(EditError::Shared(Arc::clone(file)));
        }
        splices.insert(Arc::clone(file), draft.splices);
    }
    Ok(splices)
}

/// The changes of one file on their way.
struct Draft<'a> {
    open: &'a Open,
    change: &'a Change,
    lines: Lines<'a>,
    splices: Vec<Splice>,
    /// Whether a record that takes its owner from before would take another.
    owner_gone: bool,
    /// Whether a record that takes its TTL from before might take another.
    ttl_gone: bool,
}

impl Draft<'_> {
    fn go_through(&mut self, items: &[&Item], is_first: bool) -> Result<(), EditError> {
        let additions = &self.change.added;
        let points: Vec<_> = additions.iter().map(|one| (insertion(one, items), one)).collect();
        for (at, item) in items.iter().enumerate() {
            match item.record {
                Some(number) if self.change.removed.contains(&number) => self.remove(item),
                Some(number) => self.keep(item, &self.open.master.records[number])?,
                None => {}
            }
            for (_, addition) in points.iter().filter(|(point, _)| *point == Some(at)) {
                let at = self.lines.whole(item.start, item.end).end;
                self.insert(at, addition, Some(item));
            }
        }
        for addition in additions.iter().filter(|one| is_first && one.after.is_none()) {
            self.insert(self.lines.length(), addition, items.last().copied());
        }
        Ok(())
    }

    fn remove(&mut self, item: &Item) {
        self.owner_gone |= item.states_owner;
        self.ttl_gone |= item.states_ttl;
        let at = self.lines.whole(item.start, item.end);
        self.splices.push(Splice { at, text: Vec::new() });
    }

    fn keep(&mut self, item: &Item, (record, place): &(Record, Place)) -> Result<(), EditError> {
        if !item.states_owner && self.owner_gone {
            let owner = relative(&record.name, item.origin.as_ref());
            let at = self.lines.whole(item.start, item.start).start;
            self.put(at, owner);
        }
        self.owner_gone = false;
        if item.states_ttl {
            self.ttl_gone = false;
        } else if self.ttl_gone && item.default_ttl.is_none() {
            self.put(self.lines.offset(item.head), format!("{} ", record.ttl));
            self.ttl_gone = false;
        }
        if record.rtype == Rtype::SOA {
            let (start, length) = item.serial.ok_or_else(|| EditError::Serial(place.clone()))?;
            let start = self.lines.offset(start);
            let text = self.change.serial.0.to_string().into_bytes();
            self.splices.push(Splice { at: start..start + length, text });
        }
        Ok(())
    }

    fn put(&mut self, at: usize, text: String) {
        self.splices.push(Splice { at: at..at, text: text.into_bytes() });
    }

    /// Writes the records that come, in lines of their own.
    fn insert(&mut self, at: usize, addition: &Addition, context: Option<&Item>) {
        if addition.records.is_empty() {
            return;
        }
        let origin = context.map_or(self.open.origin.as_ref(), |item| item.origin.as_ref());
        let default_ttl = context.and_then(|item| item.default_ttl);
        let end = self.lines.end();
        let mut text = String::new();
        if !self.lines.is_boundary(at) {
            text.push_str(end);
        }
        // Groups stand apart where they are told apart by empty lines.
        if addition.is_group && (addition.after.is_none() || self.lines.is_blank_at(at)) {
            text.push_str(end);
        }
        for line in written(&addition.records, origin, default_ttl) {
            text.push_str(&line);
            text.push_str(end);
        }
        self.owner_gone = true;
        self.ttl_gone |= default_ttl.is_none();
        self.put(at, text);
    }
}

/// Behind which entry records come: never between one and those that take their owner from it.
fn insertion(addition: &Addition, items: &[&Item]) -> Option<usize> {
    let at =
        items.iter().position(|item| item.record.is_some() && item.record == addition.after)?;
    let leans = |item: &&&Item| item.record.is_some() && !item.states_owner;
    Some(at + items[at + 1..].iter().take_while(leans).count())
}

/// Records in lines, their columns below each other.
fn written(records: &[Record], origin: Option<&Name>, ttl: Option<Ttl>) -> Vec<String> {
    let owners: Vec<String> = records.iter().map(|record| relative(&record.name, origin)).collect();
    let width = owners.iter().map(String::len).max().unwrap_or_default();
    let lines = owners.iter().zip(records).map(|(owner, record)| {
        let own_ttl = (ttl != Some(record.ttl)).then(|| format!("{}  ", record.ttl));
        let own_ttl = own_ttl.unwrap_or_default();
        let rtype = record.rtype.to_string();
        format!("{owner:width$}  {own_ttl}{rtype:<4}  {}", data(record, origin))
    });
    lines.collect()
}

fn data(record: &Record, origin: Option<&Name>) -> String {
    match (record.rtype, name_target(&record.rdata)) {
        (Rtype::NS, Ok(target)) => relative(&target, origin),
        _ => to_text(record.rtype, &record.rdata),
    }
}

/// A name as it is written where names are continued with `origin`.
fn relative(name: &Name, origin: Option<&Name>) -> String {
    let Some(origin) = origin.filter(|origin| !origin.is_root() && name.is_at_or_below(origin))
    else {
        return name.to_string();
    };
    let own = name.label_count() - origin.label_count();
    match Name::from_labels(name.labels().take(own)) {
        Ok(own) if own.is_root() => "@".to_owned(),
        Ok(own) => {
            let text = own.to_string();
            text.strip_suffix('.').map_or(text.clone(), str::to_owned)
        }
        Err(_) => name.to_string(),
    }
}
