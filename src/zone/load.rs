//! From master files to a zone, or to everything that is wrong with either.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::master::{Master, Mistake, Place};
use super::{Built, Finding, Zone};
use crate::wire::{Name, Rtype};

/// Why the records of master files are no zone, in the order in which it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Flaws(Vec<Flaw>);

/// One thing wrong with a zone or its files.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Flaw {
    /// An entry that cannot be read.
    #[error(transparent)]
    Mistake(Mistake),
    /// Something wrong with a record.
    #[error("{0}")]
    Finding(Finding),
    /// Something that the zone of a file lacks.
    #[error("{0}:1:1: {1}")]
    Zone(Arc<str>, Finding),
    /// Nobody says which zone this file holds.
    #[error("{0}:1:1: a SOA record expected, there is none")]
    NoSoa(Arc<str>),
    /// The file holds another zone: nothing else is worth telling.
    #[error("{place}: this is the SOA record of {found}, that of {expected} expected")]
    OtherZone {
        /// Where its SOA stands.
        place: Place,
        /// The zone it holds.
        found: Name,
        /// The zone it should hold.
        expected: Name,
    },
    /// The limit of mistakes is reached.
    #[error("{0}:1:1: there may be more mistakes: reading ended at the last of these")]
    More(Arc<str>),
}

impl IntoIterator for Flaws {
    type Item = Flaw;
    type IntoIter = std::vec::IntoIter<Flaw>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Flaws {
    /// What is wrong, with warnings among it.
    pub fn iter(&self) -> impl Iterator<Item = &Flaw> {
        self.0.iter()
    }
}

/// One flaw a line.
impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, flaw) in self.0.iter().enumerate() {
            write!(f, "{}{flaw}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Flaw {
    /// Where it is, what has no place being last.
    fn order(&self) -> (bool, Option<&Place>) {
        let place = match self {
            Self::Mistake(mistake) => Some(&mistake.place),
            Self::Finding(finding) => finding.place.as_ref(),
            Self::OtherZone { place, .. } => Some(place),
            Self::Zone(..) | Self::NoSoa(_) | Self::More(_) => None,
        };
        (place.is_none(), place)
    }
}

impl Master {
    /// The zone at `apex` that these records make up; where it is not given, the one whose SOA is
    /// among them.
    ///
    /// # Errors
    /// Every mistake of the files, and everything that is wrong with the zone as far as it could be
    /// read.
    pub fn into_zone(self, apex: Option<&Name>) -> Result<Built, Flaws> {
        let is_whole = self.mistakes.is_empty();
        let other = apex.and_then(|apex| self.other_zone(apex));
        let soa = self.records.iter().find(|(record, _)| record.rtype == Rtype::SOA);
        let apex = apex.or_else(|| soa.map(|(record, _)| &record.name)).cloned();
        let file = self.file;
        let mut flaws: Vec<Flaw> = self.mistakes.into_iter().map(Flaw::Mistake).collect();
        let build = |apex: Name| Zone::build(&apex, self.records);
        match apex.filter(|_| other.is_none()).map(build) {
            Some(Ok(built)) if is_whole => return Ok(built),
            Some(Ok(built)) => flaws.extend(built.warnings.into_iter().map(Flaw::Finding)),
            Some(Err(findings)) => {
                // What is missing may be what could not be read.
                let told = findings.into_iter().filter(|found| is_whole || found.place.is_some());
                flaws.extend(told.map(|found| match found.place {
                    Some(_) => Flaw::Finding(found),
                    None => Flaw::Zone(Arc::clone(&file), found),
                }));
            }
            None if is_whole && other.is_none() => flaws.push(Flaw::NoSoa(Arc::clone(&file))),
            None => {}
        }
        flaws.extend(other);
        flaws.sort_by(|a, b| a.order().cmp(&b.order()));
        if self.more {
            flaws.push(Flaw::More(file));
        }
        Err(Flaws(flaws))
    }

    /// That these records are those of another zone than `apex`: they have a SOA, and none there.
    fn other_zone(&self, apex: &Name) -> Option<Flaw> {
        let mut soas = self.records.iter().filter(|(record, _)| record.rtype == Rtype::SOA);
        let (soa, place) = soas.next()?;
        if soa.name == *apex || soas.any(|(record, _)| record.name == *apex) {
            return None;
        }
        let (place, found) = (place.clone(), soa.name.clone());
        Some(Flaw::OtherZone { place, found, expected: apex.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::master::{Limits, Text, read};

    fn load(text: &'static str, apex: Option<&str>) -> Result<Built, Vec<String>> {
        let apex: Option<Name> = apex.map(|apex| apex.parse().unwrap());
        let limits = Limits { mistakes: 3, ..Limits::default() };
        let master = read("f", apex.as_ref(), &Text(text.as_bytes()), &limits);
        let told = |flaws: Flaws| flaws.to_string().lines().map(str::to_owned).collect();
        master.into_zone(apex.as_ref()).map_err(told)
    }

    #[test]
    fn the_apex_is_given_or_that_of_the_soa() {
        let text = "a. 1 SOA a. a. 1 1 1 1 1\na. 1 NS b.\n";
        assert_eq!(load(text, None).unwrap().zone.apex(), &"a.".parse().unwrap());
        assert!(load(text, Some("a.")).is_ok());
        assert_eq!(
            load(text, Some("b.")).unwrap_err(),
            ["f:1:1: this is the SOA record of a., that of b. expected"],
            "once, not for every record"
        );
        assert_eq!(
            load("a. 1 NS b.\n", None).unwrap_err(),
            ["f:1:1: a SOA record expected, there is none"]
        );
    }

    #[test]
    fn mistakes_of_both_kinds_are_told_in_their_order() {
        let text = "a. 1 SOA a. a. 1 1 1 1 1\n\
            b. 1 A 192.0.2.1\n\
            a. 1 A x\n\
            a. 1 CNAME b.\n";
        let told = load(text, None).unwrap_err();
        let starts = ["f:1:1: a.: a CNAME", "f:2:1: b.: not at or below", "f:3:8: an IPv4 address"];
        assert_eq!(told.len(), 3, "that there is no NS is not told: {told:?}");
        assert!(told.iter().zip(starts).all(|(told, start)| told.starts_with(start)), "{told:?}");
        let told = load("x\nx\nx\nx\n", Some("a.")).unwrap_err();
        assert_eq!(
            told[3],
            "f:1:1: there may be more mistakes: reading ended at the last of these"
        );
    }
}
