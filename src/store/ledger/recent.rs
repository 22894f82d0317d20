//! The accounts that were used last: requests do not each read the disk.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Account;

/// How many accounts are kept at most: with some hundred octets each it is less than 2 MiB.
const MOST: usize = 8192;

/// By the SHA-256 of an access token.
type Accounts = HashMap<[u8; 32], Account>;

/// Accounts as the ledger has them. Whatever changes an account there has all of them forgotten.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Those that were used since the others were.
    young: Accounts,
    /// Those that are forgotten when half of all are younger.
    old: Accounts,
    /// How often they were forgotten.
    changes: u64,
}

impl Recent {
    /// The account of a token.
    pub(super) fn get(&self, token: &[u8; 32]) -> Option<Account> {
        let mut kept = self.lock();
        if let Some(account) = kept.young.get(token) {
            return Some(account.clone());
        }
        let account = kept.old.remove(token)?;
        kept.put(*token, account.clone());
        Some(account)
    }

    /// For [`Self::put`]: to be asked before the ledger is.
    pub(super) fn changes(&self) -> u64 {
        self.lock().changes
    }

    /// Keeps what the ledger said, unless that changed meanwhile.
    pub(super) fn put(&self, token: [u8; 32], account: Account, changes: u64) {
        let mut kept = self.lock();
        if kept.changes == changes {
            kept.put(token, account);
        }
    }

    /// Forgets all, after the ledger was changed.
    pub(super) fn forget(&self) {
        let mut kept = self.lock();
        *kept = Kept { changes: kept.changes + 1, ..Kept::default() };
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, token: [u8; 32], account: Account) {
        if self.young.len() == MOST / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(token, account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::crypto::sha256;

    fn token(number: usize) -> [u8; 32] {
        sha256(&number.to_be_bytes())
    }

    fn account() -> Account {
        let (since, seen) = (Timestamp::from_secs(1), Timestamp::from_secs(2));
        Account { mxid: "@a:b".parse().unwrap(), since, seen, agreed: Vec::new().into() }
    }

    #[test]
    fn those_that_are_used_stay() {
        let recent = Recent::default();
        for number in 0..3 * MOST {
            recent.put(token(number), account(), 0);
            assert_eq!(recent.get(&token(7)).is_some(), number >= 7, "{number}");
        }
        let kept = (0..3 * MOST).filter(|number| recent.get(&token(*number)).is_some()).count();
        assert!((MOST / 2..=MOST).contains(&kept), "{kept}");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let recent = Recent::default();
        recent.put(token(1), account(), 0);
        let before = recent.changes();
        recent.forget();
        recent.put(token(2), account(), before);
        assert_eq!((recent.get(&token(1)), recent.get(&token(2))), (None, None));
        recent.put(token(2), account(), recent.changes());
        assert_eq!(recent.get(&token(2)), Some(account()));
    }
}
