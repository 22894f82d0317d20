//! Which list follows another.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::{RootList, Terms};
use crate::clock::Timestamp;
use crate::codec::utc;
use crate::signed::KeyName;

/// Why a list is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is as old as the one that is held, or older.
    #[error("version {found} where version {held} is held: a list never goes back")]
    Rollback {
        /// The version that is held.
        held: u32,
        /// Its own version.
        found: u32,
    },
    /// There are lists between the one that is held and this one.
    #[error(
        "version {found} where version {held} is held: each version in between has to be followed"
    )]
    Ahead {
        /// The version that is held.
        held: u32,
        /// Its own version.
        found: u32,
    },
    /// Too few keys have signed it.
    #[error("version {version} is signed by {tally}")]
    TooFewSignatures {
        /// Its own version.
        version: u32,
        /// Who signed.
        tally: Box<Tally>,
    },
    /// It may not be used any more.
    #[error("version {version} expired at {}", utc(expires.as_secs()))]
    Expired {
        /// Its version.
        version: u32,
        /// Its last moment.
        expires: Timestamp,
    },
}

/// Which keys of a list have signed a list: the one after it, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The version of the list whose keys they are.
    pub of: u32,
    /// How many keys have to sign.
    pub needed: usize,
    /// How many different keys have signed.
    pub counted: usize,
    /// Those that signed.
    pub signed: Vec<KeyName>,
    /// Those whose signatures do not verify.
    pub bad: Vec<KeyName>,
    /// Those that did not sign.
    pub missing: Vec<KeyName>,
    /// Names of signatures that are not of this list's keys.
    pub strangers: Vec<KeyName>,
}

impl Tally {
    fn of(terms: &Terms, list: &RootList) -> Self {
        let octets = list.signed_octets();
        let mut counted = BTreeSet::new();
        let (mut signed, mut bad, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (name, key) in &terms.keys {
            let given = list.signatures().get(name);
            match given.map(|signature| key.verify(&octets, signature).is_ok()) {
                Some(true) => {
                    counted.insert(key.octets());
                    signed.push(name.clone());
                }
                Some(false) => bad.push(name.clone()),
                None => missing.push(name.clone()),
            }
        }
        let names = list.signatures().iter().map(|(name, _)| name);
        let strangers = names.filter(|name| !terms.keys.contains_key(name)).cloned().collect();
        let needed = terms.threshold as usize;
        Self { of: terms.version, needed, counted: counted.len(), signed, bad, missing, strangers }
    }

    /// Whether as many keys have signed as have to.
    pub fn is_enough(&self) -> bool {
        self.counted >= self.needed
    }
}

/// `1 of 2 keys of version 7: alice.example ed25519:1; not by bob.example ed25519:1`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, needed, counted, .. } = self;
        write!(f, "{counted} of {needed} needed keys of version {of}")?;
        let parts = [
            (": ", &self.signed),
            ("; not by ", &self.missing),
            ("; wrongly in the name of ", &self.bad),
            ("; not counted, as no key of that version is so called: ", &self.strangers),
        ];
        for (lead, names) in parts {
            for (at, name) in names.iter().enumerate() {
                write!(f, "{}{name}", if at == 0 { lead } else { ", " })?;
            }
        }
        Ok(())
    }
}

impl RootList {
    /// Which of this list's keys have signed `list`.
    pub fn tally(&self, list: &Self) -> Tally {
        Tally::of(&self.terms, list)
    }

    /// Checks that a threshold of its own keys has signed it.
    ///
    /// # Errors
    /// [`Refusal::TooFewSignatures`].
    pub fn verify(&self) -> Result<(), Refusal> {
        self.enough(self.tally(self))
    }

    /// Checks that `next` follows this list: its version, and who signed it. When they expire does not
    /// matter; see [`RootList::in_date`].
    ///
    /// # Errors
    /// With why it does not.
    pub fn succeeds(&self, next: &Self) -> Result<(), Refusal> {
        let (held, found) = (self.version(), next.version());
        if found <= held {
            return Err(Refusal::Rollback { held, found });
        }
        if found - held > 1 {
            return Err(Refusal::Ahead { held, found });
        }
        next.enough(self.tally(next))?;
        next.verify()
    }

    /// Checks that the list may be used at `now`.
    ///
    /// # Errors
    /// [`Refusal::Expired`].
    pub fn in_date(&self, now: Timestamp) -> Result<(), Refusal> {
        let (version, expires) = (self.version(), self.terms.expires);
        if now > expires { Err(Refusal::Expired { version, expires }) } else { Ok(()) }
    }

    fn enough(&self, tally: Tally) -> Result<(), Refusal> {
        let version = self.version();
        if tally.is_enough() {
            return Ok(());
        }
        Err(Refusal::TooFewSignatures { version, tally: Box::new(tally) })
    }
}
