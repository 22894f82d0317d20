//! What serial a changed zone has.

use crate::clock::Timestamp;
use crate::codec::{date, from_date};
use crate::wire::Serial;

/// How many changes a day has in a serial of the form YYYYMMDDnn.
const A_DAY: u32 = 100;

/// The serial after `serial`: the next one (RFC 1982), or where it is of the form YYYYMMDDnn and of
/// an earlier day, today's first.
pub fn raise(serial: Serial, now: Timestamp) -> Serial {
    let today = date(now.as_secs()).get(..8).and_then(|day| day.parse::<u32>().ok());
    match (is_date(serial), today.and_then(|day| day.checked_mul(A_DAY))) {
        (true, Some(today)) if serial.0 < today => Serial(today + 1),
        _ => serial.next(),
    }
}

/// Whether it starts with a day of this century, or the one before.
fn is_date(serial: Serial) -> bool {
    let day = serial.0 / A_DAY;
    (19_700_101..21_000_101).contains(&day) && from_date(&format!("{day}000000")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_stay_dates_and_numbers_numbers() {
        // 20 February 2026.
        let now = Timestamp::from_secs(1_771_545_600);
        for (before, after) in [
            (2026021901, 2026022001),
            (2026021999, 2026022001),
            (2026022000, 2026022001),
            (2026022098, 2026022099),
            (2026022099, 2026022100),
            (2026023000, 2026023001),
            (2027010100, 2027010101),
            (1, 2),
            (0, 1),
            (4_294_967_295, 0),
            (1_771_545_600, 1_771_545_601),
            (2026139901, 2026139902),
        ] {
            let raised = raise(Serial(before), now);
            assert_eq!(raised, Serial(after), "{before}");
            assert!(raised > Serial(before), "{before}");
        }
    }
}
