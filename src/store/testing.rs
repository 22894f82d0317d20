//! Damage, for the tests of those who read a store.

use std::path::Path;

use super::tables::NAMES;
use super::{Policy, file, key};
use crate::wire::Name;

/// Makes nonsense of what is held for a name, in a store that nobody has open.
pub fn spoil(path: &Path, name: &Name) {
    let database = file::open(path, &Policy::default()).unwrap();
    let transaction = file::begin(&database).unwrap();
    transaction.open_table(NAMES).unwrap().insert(&*key::key(name), &b"?"[..]).unwrap();
    transaction.commit().unwrap();
}
