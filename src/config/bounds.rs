//! How often what may be asked.

use crate::allowance::{Bound, Bounds};

use super::document::Table;

/// Reads how many there may be of each of `which`, at most `most`, into `bounds`. What is not given stays.
pub(super) fn read<B: Bound>(table: &Table<'_>, which: &[B], most: u64, bounds: &mut Bounds<B>) {
    for bound in which {
        let value = table.value(bound.name());
        let number = value.and_then(|value| value.number(bound.least().into(), most));
        if let Some(number) = number.and_then(|number| u32::try_from(number).ok()) {
            bounds[*bound] = bound.rate(number);
        }
    }
}
