//! The states of a key (RFC 5011 section 4).

use std::fmt;
use std::str::FromStr;

/// What a key is to the resolver (section 4.2).
///
/// ```text
///           NewKey           AddTime          KeyRem
///   Start ─────────► AddPend ───────► Valid ◄───────► Missing
///     ▲                 │               │    KeyPres     │
///     └─KeyRem or RevBit┘               └──RevBit─┬──────┘
///                                                 ▼
///                                  Removed ◄── Revoked
///                                        RemTime
/// ```
///
/// The table of the RFC does not say what becomes of a key that revokes itself in AddPend. It was never
/// trusted: as with KeyRem it is not known any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not known, or not any more.
    Start,
    /// New, and in every set since. Not trusted before the add hold-down time is over.
    AddPend,
    /// A trust anchor.
    Valid,
    /// A trust anchor that was not in the last set. It should have been revoked.
    Missing,
    /// It has revoked itself, and is trusted never again.
    Revoked,
    /// Revoked, and gone from the zone for the remove hold-down time.
    Removed,
}

/// What a valid DNSKEY set shows of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is in it.
    Present,
    /// It is in it with its REVOKE bit, and has signed the set.
    Revoked,
    /// It is not in it.
    Absent,
}

impl State {
    const ALL: [(Self, &str); 6] = [
        (Self::Start, "Start"),
        (Self::AddPend, "AddPend"),
        (Self::Valid, "Valid"),
        (Self::Missing, "Missing"),
        (Self::Revoked, "Revoked"),
        (Self::Removed, "Removed"),
    ];

    /// The table of section 4. `elapsed` says whether the hold-down time of the state is over.
    #[must_use]
    pub fn next(self, sight: Sight, elapsed: bool) -> Self {
        match (self, sight) {
            // NewKey
            (Self::Start, Sight::Present) => Self::AddPend,
            // KeyRem
            (Self::AddPend, Sight::Absent | Sight::Revoked) => Self::Start,
            (Self::Valid, Sight::Absent) => Self::Missing,
            // AddTime
            (Self::AddPend, Sight::Present) if elapsed => Self::Valid,
            // KeyPres
            (Self::Missing, Sight::Present) => Self::Valid,
            // RevBit
            (Self::Valid | Self::Missing, Sight::Revoked) => Self::Revoked,
            // RemTime
            (Self::Revoked, Sight::Absent) if elapsed => Self::Removed,
            (state, _) => state,
        }
    }

    /// Whether a key in this state proves anything.
    pub fn is_trusted(self) -> bool {
        matches!(self, Self::Valid | Self::Missing)
    }

    /// Whether a hold-down time runs in it.
    pub(super) fn waits(self) -> bool {
        matches!(self, Self::AddPend | Self::Revoked)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::ALL.iter().find(|(state, _)| state == self).expect("all are there");
        f.write_str(name)
    }
}

impl FromStr for State {
    type Err = ();

    /// Reads the state of a key that is known, whatever the case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut known = Self::ALL.iter().skip(1);
        let found = known.find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(state, _)| *state).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of section 4, row by row: from, and to with nothing elapsed, and to after the hold-down
    /// time, for a key that is present, revoked, absent.
    #[test]
    fn the_table_is_followed() {
        use State::*;
        for (from, before, after) in [
            (Start, [AddPend, Start, Start], [AddPend, Start, Start]),
            (AddPend, [AddPend, Start, Start], [Valid, Start, Start]),
            (Valid, [Valid, Revoked, Missing], [Valid, Revoked, Missing]),
            (Missing, [Valid, Revoked, Missing], [Valid, Revoked, Missing]),
            (Revoked, [Revoked, Revoked, Revoked], [Revoked, Revoked, Removed]),
            (Removed, [Removed, Removed, Removed], [Removed, Removed, Removed]),
        ] {
            for (elapsed, row) in [(false, before), (true, after)] {
                let sights = [Sight::Present, Sight::Revoked, Sight::Absent];
                assert_eq!(sights.map(|sight| from.next(sight, elapsed)), row, "{from} {elapsed}");
            }
        }
    }

    #[test]
    fn only_valid_and_missing_keys_are_trusted() {
        let trusted: Vec<State> =
            State::ALL.iter().map(|(state, _)| *state).filter(|state| state.is_trusted()).collect();
        assert_eq!(trusted, [State::Valid, State::Missing]);
    }

    #[test]
    fn names_are_read_again() {
        for (state, name) in State::ALL {
            let read = name.to_lowercase().parse();
            assert_eq!(read, if state == State::Start { Err(()) } else { Ok(state) });
            assert_eq!(state.to_string(), name);
        }
    }
}
