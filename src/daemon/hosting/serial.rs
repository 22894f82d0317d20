//! Serials that never go back (RFC 1982).

use std::cmp::Ordering;

use super::fill::Filled;
use crate::authority::{Authority, ServedZone};
use crate::clock::Timestamp;
use crate::store::ZoneState;
use crate::wire::{Name, Serial};

/// Gives zones with a store, or that had one, as they begin to be served, the serials that they go on with.
pub(super) fn begin(authority: &mut Authority, filled: &Filled, now: Timestamp) {
    let zones = authority.zones().zip(&filled.known);
    let counted = zones.filter(|(zone, (known, _))| zone.has_store() || known.is_some());
    let serials = counted.map(|(zone, (known, is_changed))| {
        let at_least = known.as_ref().map(|known| after(known, zone, *is_changed, filled));
        (zone.apex().clone(), greater(zone.serial(), at_least))
    });
    set(authority, serials.collect(), now);
}

/// What a zone had, or more: each change since may have been served with a serial of its own.
fn after(known: &ZoneState, zone: &ServedZone, is_changed: bool, filled: &Filled) -> Serial {
    let changes = if is_changed { filled.last.0 - known.sequence.0 } else { 0 };
    #[expect(clippy::cast_possible_truncation, reason = "serials are numbers modulo 2^32")]
    let counted = Serial(known.serial.0.wrapping_add(changes as u32));
    if known.digest == zone.digest() { counted } else { counted.next() }
}

/// Gives zones that take the place of others, which are served, the serials that they go on with. `changed`
/// are those with something of the store that the others did not have.
pub(super) fn succeed(
    authority: &mut Authority,
    served: &Authority,
    changed: &[Name],
    now: Timestamp,
) {
    let serials = authority.zones().filter_map(|zone| {
        let old = served.zones().find(|old| old.apex() == zone.apex());
        if !zone.has_store() && !old.is_some_and(is_counted) {
            return None;
        }
        let at_least = old.map(|old| {
            let is_other = old.digest() != zone.digest()
                || old.has_store() != zone.has_store()
                || changed.contains(zone.apex());
            if is_other { old.serial().next() } else { old.serial() }
        });
        // One that is new here has what it had when it began.
        Some((zone.apex().clone(), greater(zone.serial(), at_least)))
    });
    let serials = serials.collect();
    set(authority, serials, now);
}

/// Whether a zone's serial is counted here, now or before its associations went back to its file.
pub(in crate::daemon) fn is_counted(zone: &ServedZone) -> bool {
    zone.has_store() || zone.serial() != zone.zone().soa().serial
}

/// The greater of the two; the second where neither is.
fn greater(of_file: Serial, at_least: Option<Serial>) -> Serial {
    match at_least {
        Some(least) if of_file.partial_cmp(&least) != Some(Ordering::Greater) => least,
        _ => of_file,
    }
}

/// Gives each of the zones the next serial.
pub(super) fn advance(authority: &mut Authority, changed: &[Name], now: Timestamp) {
    let zones = authority.zones().filter(|zone| changed.contains(zone.apex()));
    let serials = zones.map(|zone| (zone.apex().clone(), zone.serial().next()));
    set(authority, serials.collect(), now);
}

fn set(authority: &mut Authority, serials: Vec<(Name, Serial)>, now: Timestamp) {
    for (zone, serial) in serials {
        authority.set_serial(&zone, serial, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_serial_counts() {
        let greater = |a, b| greater(Serial(a), Some(Serial(b))).0;
        assert_eq!((greater(5, 7), greater(7, 5), greater(5, 5)), (7, 7, 5));
        // Modulo 2^32; where neither is greater, what was served stays.
        assert_eq!((greater(2, u32::MAX), greater(u32::MAX, 2)), (2, 2));
        assert_eq!((greater(0, 1 << 31), greater(1 << 31, 0)), (1 << 31, 0));
    }
}
