//! Who has an account with the identity service.

use std::fmt;
use std::str::FromStr;

use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Ledger, Octets};
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::codec;
use crate::crypto::{Random, sha256};
use crate::store::StoreError;

pub(super) const ACCOUNTS: Octets = TableDefinition::new("accounts");
pub(super) const AGREEMENTS: Octets = TableDefinition::new("agreements");

/// The longest text that is looked up as an access token, in octets.
const MAX_TOKEN: usize = 255;

/// What a client proves with whose account it uses (Matrix specification, Identity Service API,
/// "Authentication").
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// Draws a token of 256 bits.
    pub fn draw(random: &mut dyn Random) -> Self {
        let mut octets = Zeroizing::new([0; 32]);
        random.fill(&mut *octets);
        Self(Zeroizing::new(codec::hex(&*octets)))
    }

    /// The token itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for it in the ledger.
    fn key(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

/// Any text that may be one: it is looked up, never parsed.
impl FromStr for AccessToken {
    type Err = TooLong;

    fn from_str(text: &str) -> Result<Self, TooLong> {
        if text.len() <= MAX_TOKEN {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(TooLong)
        }
    }
}

/// A text longer than any access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("longer than an access token")]
pub struct TooLong;

/// Tells nothing.
impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Whose an access token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user, as a homeserver said by OpenID.
    pub mxid: Mxid,
    /// When the token was given out.
    pub since: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Row {
    mxid: String,
    since: u64,
}

impl Ledger {
    /// Keeps that `token` is `account`'s.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add_account(&self, token: &AccessToken, account: &Account) -> Result<(), StoreError> {
        let row = Row { mxid: account.mxid.to_string(), since: account.since.as_millis() };
        self.write(|pages| pages.put(ACCOUNTS, &token.key(), &row))
    }

    /// Whose `token` is.
    ///
    /// # Errors
    /// What the disk says.
    pub fn account(&self, token: &AccessToken) -> Result<Option<Account>, StoreError> {
        let damaged = |_| StoreError::Damaged("an account of nobody".to_owned());
        let Some(row) = self.get::<Row>(ACCOUNTS, &token.key())? else { return Ok(None) };
        let mxid = row.mxid.parse().map_err(damaged)?;
        Ok(Some(Account { mxid, since: Timestamp::from_millis(row.since) }))
    }

    /// Forgets `token`. False where it was nobody's.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove_account(&self, token: &AccessToken) -> Result<bool, StoreError> {
        self.write(|pages| pages.remove(ACCOUNTS, &token.key()))
    }

    /// The terms that a user agreed to, by their addresses.
    ///
    /// # Errors
    /// What the disk says.
    pub fn agreements(&self, mxid: &Mxid) -> Result<Vec<String>, StoreError> {
        Ok(self.get(AGREEMENTS, mxid.as_str().as_bytes())?.unwrap_or_default())
    }

    /// Keeps that a user agreed to these terms, beside those before.
    ///
    /// # Errors
    /// What the disk says.
    pub fn agree(&self, mxid: &Mxid, terms: &[String]) -> Result<(), StoreError> {
        let key = mxid.as_str().as_bytes();
        self.write(|pages| {
            let mut agreed: Vec<String> = pages.get(AGREEMENTS, key)?.unwrap_or_default();
            let new = terms.iter().filter(|one| !agreed.contains(one)).cloned();
            let new: Vec<String> = new.collect();
            agreed.extend(new);
            pages.put(AGREEMENTS, key, &agreed)
        })
    }
}
