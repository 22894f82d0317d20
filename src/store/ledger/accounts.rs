//! Who has an account with the identity service.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Ledger, Octets, Pages};
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::codec;
use crate::crypto::{Random, sha256};
use crate::store::StoreError;

pub(super) const ACCOUNTS: Octets = TableDefinition::new("accounts");
pub(super) const HOLDERS: Octets = TableDefinition::new("holders");
pub(super) const IDLE: Octets = TableDefinition::new("idle");
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
    /// When it was used last; it may be noted late, by [a part](NOTED) of the time it may be idle.
    pub seen: Timestamp,
    /// The terms that the user agreed to, by their addresses.
    pub agreed: Arc<[String]>,
}

/// How much of the time that a token may be idle passes before it is noted that it was used: so uses do
/// not each cost a write.
const NOTED: u32 = 16;

#[derive(Serialize, Deserialize)]
struct Row {
    mxid: String,
    since: u64,
    seen: u64,
}

impl Row {
    fn seen(&self) -> Timestamp {
        Timestamp::from_millis(self.seen)
    }
}

impl Ledger {
    /// Gives `token` to `mxid`. Of more than `most`, the user loses those that were idle for longest.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add_account(
        &self,
        token: &AccessToken,
        mxid: &Mxid,
        now: Timestamp,
        most: usize,
    ) -> Result<(), StoreError> {
        let key = token.key();
        let row = Row { mxid: mxid.to_string(), since: now.as_millis(), seen: now.as_millis() };
        self.change_accounts(|pages| {
            make_room(pages, mxid, most)?;
            pages.put(ACCOUNTS, &key, &row)?;
            pages.put(HOLDERS, &holder_key(mxid.as_str(), &key), &())?;
            pages.put(IDLE, &idle_key(now, &key), &())
        })
    }

    /// Whose `token` is, which is used now. Nobody's, where it was idle for as long as `idle`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn account(
        &self,
        token: &AccessToken,
        now: Timestamp,
        idle: Duration,
    ) -> Result<Option<Account>, StoreError> {
        let (key, changes) = (token.key(), self.recent.changes());
        let Some(row) = self.get::<Row>(ACCOUNTS, &key)? else { return Ok(None) };
        let unused = now.since(row.seen());
        if unused >= idle {
            return Ok(None);
        }
        if unused >= idle / NOTED {
            self.change_accounts(|pages| note_use(pages, &key, now))?;
        }
        let account = self.read_account(&row)?;
        self.recent.put(key, account.clone(), changes);
        Ok(Some(account))
    }

    /// The same where it can be told without the disk; nothing tells nothing. It waits for nobody.
    pub fn account_at_hand(
        &self,
        token: &AccessToken,
        now: Timestamp,
        idle: Duration,
    ) -> Option<Account> {
        let is_fresh = |account: &Account| now.since(account.seen) < idle / NOTED;
        self.recent.get(&token.key()).filter(is_fresh)
    }

    fn read_account(&self, row: &Row) -> Result<Account, StoreError> {
        let damaged = |_| StoreError::Damaged("an account of nobody".to_owned());
        let mxid: Mxid = row.mxid.parse().map_err(damaged)?;
        let agreed: Option<Vec<String>> = self.get(AGREEMENTS, mxid.as_str().as_bytes())?;
        let (since, seen) = (Timestamp::from_millis(row.since), row.seen());
        Ok(Account { mxid, since, seen, agreed: agreed.unwrap_or_default().into() })
    }

    /// Changes accounts: what is known of them beside the disk is so no more.
    fn change_accounts<T>(
        &self,
        work: impl FnOnce(&Pages<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = self.write(work);
        self.recent.forget();
        done
    }

    /// Forgets `token`. False where it was nobody's.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove_account(&self, token: &AccessToken) -> Result<bool, StoreError> {
        self.change_accounts(|pages| remove(pages, &token.key()))
    }

    /// Forgets tokens that were idle for as long as `idle`, at most `most` of them. Gives how many it
    /// looked at: where that is `most`, there may be more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn expire_accounts(
        &self,
        idle: Duration,
        now: Timestamp,
        most: usize,
    ) -> Result<usize, StoreError> {
        let end = now.saturating_sub(idle).as_millis().saturating_add(1).to_be_bytes();
        self.change_accounts(|pages| {
            let due = pages.keys_before(IDLE, &end, most)?;
            for key in &due {
                pages.remove(IDLE, key)?;
                expire(pages, &key[8..], idle, now)?;
            }
            Ok(due.len())
        })
    }

    /// Keeps that a user agreed to these terms, beside those before.
    ///
    /// # Errors
    /// What the disk says.
    pub fn agree(&self, mxid: &Mxid, terms: &[String]) -> Result<(), StoreError> {
        let key = mxid.as_str().as_bytes();
        self.change_accounts(|pages| {
            let mut agreed: Vec<String> = pages.get(AGREEMENTS, key)?.unwrap_or_default();
            let new = terms.iter().filter(|one| !agreed.contains(one)).cloned();
            let new: Vec<String> = new.collect();
            agreed.extend(new);
            pages.put(AGREEMENTS, key, &agreed)
        })
    }
}

/// Takes tokens from a user until there are fewer than `most`.
fn make_room(pages: &Pages<'_>, mxid: &Mxid, most: usize) -> Result<(), StoreError> {
    let start = holder_key(mxid.as_str(), &[]);
    let mut held = Vec::new();
    for key in pages.keys_below(HOLDERS, &start)? {
        let token = key[start.len()..].to_vec();
        let row: Option<Row> = pages.get(ACCOUNTS, &token)?;
        held.push((row.map_or(0, |row| row.seen), token));
    }
    held.sort_unstable();
    let excess = (held.len() + 1).saturating_sub(most);
    for (_, token) in held.iter().take(excess) {
        remove(pages, token)?;
    }
    Ok(())
}

fn note_use(pages: &Pages<'_>, token: &[u8], now: Timestamp) -> Result<(), StoreError> {
    match pages.get::<Row>(ACCOUNTS, token)? {
        Some(row) => pages.put(ACCOUNTS, token, &Row { seen: now.as_millis(), ..row }),
        None => Ok(()),
    }
}

/// Forgets a token that is idle for too long; one that was used meanwhile is looked at later.
fn expire(
    pages: &Pages<'_>,
    token: &[u8],
    idle: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    match pages.get::<Row>(ACCOUNTS, token)? {
        Some(row) if now.since(row.seen()) < idle => {
            pages.put(IDLE, &idle_key(row.seen(), token), &())
        }
        _ => remove(pages, token).map(|_| ()),
    }
}

/// Forgets a token. What tells when it was used is forgotten when it would have been looked at.
fn remove(pages: &Pages<'_>, token: &[u8]) -> Result<bool, StoreError> {
    let Some(row) = pages.get::<Row>(ACCOUNTS, token)? else { return Ok(false) };
    pages.remove(HOLDERS, &holder_key(&row.mxid, token))?;
    pages.remove(ACCOUNTS, token)
}

/// No user id has an octet 0.
fn holder_key(mxid: &str, token: &[u8]) -> Vec<u8> {
    [mxid.as_bytes(), b"\0", token].concat()
}

fn idle_key(seen: Timestamp, token: &[u8]) -> Vec<u8> {
    [&seen.as_millis().to_be_bytes(), token].concat()
}
