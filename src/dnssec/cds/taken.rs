//! When the wishes were signed that were granted last: older ones are replayed (RFC 7344 section 6.2).

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use crate::codec::{date, from_date};
use crate::wire::{Name, Serial};

/// What stands at the start of the text.
const HEAD: &str =
    "; When the CDS and CDNSKEY records were signed that were taken last from each child.\n";

/// For each child since when the wish granted last is signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken(pub BTreeMap<Name, Serial>);

/// Text that does not say this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:1: a zone and a time (YYYYMMDDHHmmSS) expected")]
pub struct TakenError {
    /// Which line, from 1.
    line: usize,
}

impl Taken {
    /// Reads what `Display` writes.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn parse(text: &str) -> Result<Self, TakenError> {
        let mut taken = BTreeMap::new();
        for (line, entry) in (1..).zip(text.lines()).filter(|(_, entry)| !entry.starts_with(';')) {
            let (zone, moment) = read(entry).ok_or(TakenError { line })?;
            taken.insert(zone, moment);
        }
        Ok(Self(taken))
    }
}

fn read(entry: &str) -> Option<(Name, Serial)> {
    let (zone, moment) = entry.split_once(' ')?;
    let secs = from_date(moment).ok()?;
    Some((zone.parse().ok()?, Serial(u32::try_from(secs).ok()?)))
}

/// A comment, then one child a line.
impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        let mut entries = self.0.iter();
        entries.try_for_each(|(zone, moment)| writeln!(f, "{zone} {}", date(moment.0.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for wrong in ["a.", "a. 2026", "a. 20261123201535 x", "", "a..b 20261123201535"] {
            let error = Taken::parse(&format!("{HEAD}{wrong}\n")).unwrap_err();
            assert_eq!(error.to_string(), "2:1: a zone and a time (YYYYMMDDHHmmSS) expected");
        }
    }

    proptest! {
        #[test]
        fn round_trip(taken in btree_map("([a-z0-9_]{1,9}\\.){1,5}", any::<u32>(), 0..5)) {
            let entries = taken.iter().map(|(zone, moment)| (zone.parse().unwrap(), Serial(*moment)));
            let taken = Taken(entries.collect());
            prop_assert_eq!(Taken::parse(&taken.to_string()), Ok(taken));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = Taken::parse(&text);
        }
    }
}
