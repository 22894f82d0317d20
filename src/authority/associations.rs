//! Associations that stand in a zone's file.

use std::collections::HashMap;
use std::sync::Arc;

use super::answers::{Prepared, Signed};
use super::signer::Signer;
use crate::clock::Timestamp;
use crate::wire::{EncodedRef, Rrset};
use crate::zone::SearchName;

/// The associations of a zone file. Copies share what does not change.
#[derive(Debug, Clone)]
pub(super) struct FileAssociations {
    /// Places of the sets, by owner in lower-case wire form.
    places: Arc<HashMap<Box<[u8]>, usize>>,
    sets: Arc<[Rrset]>,
    prepared: Vec<Prepared>,
}

impl FileAssociations {
    pub(super) fn new(sets: Vec<Rrset>, signer: &Signer, now: Timestamp) -> Self {
        let owner = |set: &Rrset| SearchName::of(&set.name).wire().into();
        Self {
            places: Arc::new(sets.iter().map(owner).zip(0..).collect()),
            prepared: sets.iter().map(|set| signer.prepare(set, now)).collect(),
            sets: sets.into(),
        }
    }

    /// Signs all of them anew.
    pub(super) fn sign(&mut self, signer: &Signer, now: Timestamp) {
        self.prepared = self.sets.iter().map(|set| signer.prepare(set, now)).collect();
    }

    pub(super) fn find(&self, owner: &[u8]) -> Option<EncodedRef<'_>> {
        self.places.get(owner).map(|&place| self.prepared[place].encoded.view())
    }

    /// The signatures of all that has any.
    pub(super) fn signed(&self) -> impl Iterator<Item = Signed> {
        self.prepared.iter().filter_map(|prepared| prepared.signed)
    }

    pub(super) fn renew(&mut self, signer: &Signer, now: Timestamp) -> usize {
        let mut renewed = 0;
        for (prepared, set) in self.prepared.iter_mut().zip(&*self.sets) {
            if signer.is_due(prepared, now) {
                *prepared = signer.prepare(set, now);
                renewed += 1;
            }
        }
        renewed
    }
}
