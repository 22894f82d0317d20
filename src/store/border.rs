//! What of a store is held for others, or was handed over to them.
//!
//! A border stands at a name, and is about all at and below it, up to the next border there:
//! - [`Stand::Held`]: it is about to be handed over. Nothing there changes.
//! - [`Stand::Away`]: others answer for it, and nothing there changes by publications.
//! - [`Stand::Here`]: it was handed over, and came back.
//!
//! Each has a number: what changed up to it was handed over, and is not served here any more, though others
//! may have given the names back. It stays for export, and so that nothing older comes in. What comes in
//! again, by import or publication, has a greater number, and is served.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::repeat;

use super::{Outcome, Refusal, Sequence, StoreError, key};
use crate::wire::Name;

/// Who answers for a part of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stand {
    /// The server of this store.
    #[default]
    Here,
    /// The same, until others have all that is held: nothing changes.
    Held,
    /// Others.
    Away,
}

impl Stand {
    const ALL: [Self; 3] = [Self::Here, Self::Held, Self::Away];

    /// Why nobody changes anything there.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Here => None,
            Self::Held => Some(Refusal::Held),
            Self::Away => Some(Refusal::Away),
        }
    }
}

/// What stands at a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Border {
    /// Who answers.
    pub stand: Stand,
    /// What changed up to this was handed over.
    pub handed: Sequence,
}

impl Border {
    pub(super) fn to_numbers(self) -> (u8, u64) {
        let place = Stand::ALL.iter().position(|stand| *stand == self.stand);
        (u8::try_from(place.expect("all are there")).expect("there are few"), self.handed.0)
    }

    pub(super) fn from_numbers((stand, handed): (u8, u64)) -> Result<Self, StoreError> {
        let stand = Stand::ALL.get(usize::from(stand)).copied();
        let stand =
            stand.ok_or_else(|| StoreError::Damaged(format!("a border of kind {stand:?}")))?;
        Ok(Self { stand, handed: Sequence(handed) })
    }
}

/// The borders that whoever serves a store wants. At one name a hold counts before a home, a home before a
/// cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Borders {
    /// What is held.
    pub holds: Vec<Name>,
    /// What is delegated to others.
    pub cuts: Vec<Name>,
    /// What is served here, though it lies below a cut.
    pub homes: Vec<Name>,
}

/// What came of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Nothing that is held goes away with it.
    Unchanged,
    /// What changed up to this went away with it.
    Handed(Sequence),
    /// Something that is held goes away with it, or would, and was not held.
    Unheld,
}

impl From<Outcome> for Settled {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stored(last) | Outcome::Merged(last) => Self::Handed(last),
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Refused(_) => Self::Unheld,
        }
    }
}

/// Borders by the keys of their names.
pub(super) type Keyed<V> = BTreeMap<Vec<u8>, V>;

impl Borders {
    /// Who answers where, by what they say alone.
    pub(super) fn stands(&self) -> Keyed<Stand> {
        let cuts = self.cuts.iter().zip(repeat(Stand::Away));
        let homes = self.homes.iter().zip(repeat(Stand::Here));
        let holds = self.holds.iter().zip(repeat(Stand::Held));
        let all = cuts.chain(homes).chain(holds);
        all.map(|(name, stand)| (key::key(name), stand)).collect()
    }

    /// The borders that take the place of `old`. What goes away is handed over up to `last`, where
    /// `is_there` tells that something is.
    pub(super) fn settle(
        &self,
        old: &Keyed<Border>,
        last: Sequence,
        mut is_there: impl FnMut(&[u8]) -> Result<bool, StoreError>,
    ) -> Result<Keyed<Border>, StoreError> {
        let (stands, mut new) = (self.stands(), Keyed::new());
        // Those above come first.
        let keys: BTreeSet<&Vec<u8>> = old.keys().chain(stands.keys()).collect();
        for key in keys {
            let (stand, before) = (nearest(&stands, key), nearest(old, key));
            let goes = stand == Stand::Away && before.stand != Stand::Away && is_there(key)?;
            let border = Border { stand, handed: if goes { last } else { before.handed } };
            if border != nearest(&new, key) {
                new.insert(key.clone(), border);
            }
        }
        Ok(new)
    }
}

/// What stands nearest at or above a key.
pub(super) fn nearest<V: Copy + Default>(borders: &Keyed<V>, key: &[u8]) -> V {
    match borders.is_empty() {
        true => V::default(),
        false => {
            key::upwards(key).find_map(|above| borders.get(above).copied()).unwrap_or_default()
        }
    }
}

/// Up to which changes names were handed over. Only names that differ from what is above them are in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Handed(Keyed<Sequence>);

impl Handed {
    pub(super) fn read(
        borders: impl Iterator<Item = Result<(Vec<u8>, Border), StoreError>>,
    ) -> Result<Self, StoreError> {
        let mut handed = Self::default();
        for border in borders {
            let (key, border) = border?;
            if border.handed != nearest(&handed.0, &key) {
                handed.0.insert(key, border.handed);
            }
        }
        Ok(handed)
    }

    /// Whether what this change made of the name was handed over.
    pub(super) fn has(&self, key: &[u8], sequence: Sequence) -> bool {
        sequence <= nearest(&self.0, key)
    }
}
