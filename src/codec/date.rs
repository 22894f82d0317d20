//! Moments as `YYYYMMDDHHmmSS` in UTC (RFC 4034 section 3.2).

use super::TextError;

const DAY: u64 = 86_400;

/// The days of each month, February's in a common year.
const DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A moment given in seconds since 1970. Years after 9999 take more digits.
pub fn date(secs: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(secs);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// A moment given in seconds since 1970, for people: `2026-11-23T20:15:06Z` (RFC 3339).
pub fn utc(secs: u64) -> String {
    let [year, month, day, hour, minute, second] = parts(secs);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month, day, hour, minute and second.
fn parts(secs: u64) -> [u64; 6] {
    let (year, month, day) = day_to_date(secs / DAY);
    let time = secs % DAY;
    [year, month, day, time / 3600, time / 60 % 60, time % 60]
}

/// The seconds since 1970 of a moment from [`date`], of 14 digits.
///
/// # Errors
/// Where it is something else, has a part out of range, or lies before 1970.
pub fn from_date(text: &str) -> Result<u64, TextError> {
    if text.len() != 14 {
        return Err(TextError::Length);
    }
    if let Some(at) = text.bytes().position(|octet| !octet.is_ascii_digit()) {
        return Err(TextError::Character { at });
    }
    let part = |at: usize, length, least, most| {
        let number = text[at..at + length].parse().expect("all are digits");
        if (least..=most).contains(&number) { Ok(number) } else { Err(TextError::Character { at }) }
    };
    let (year, month) = (part(0, 4, 1970, 9999)?, part(4, 2, 1, 12)?);
    let day = part(6, 2, 1, days_in(year, month))?;
    let time = part(8, 2, 0, 23)? * 3600 + part(10, 2, 0, 59)? * 60 + part(12, 2, 0, 59)?;
    let months: u64 = (1..month).map(|month| days_in(year, month)).sum();
    Ok((days_before(year) + months + day - 1) * DAY + time)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The seconds since 1970 of a moment as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section
/// 5.6.7). The day of the week is not looked at; the forms that nobody shall write any more are none.
pub fn from_http_date(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    from_date(&format!("{year}{month:02}{day}{}", time.replace(':', ""))).ok()
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u64, month: u64) -> u64 {
    let index = usize::try_from(month - 1).expect("a month is 1 to 12");
    DAYS[index] + u64::from(month == 2 && is_leap(year))
}

/// Days from 1970 to the start of `year`.
fn days_before(year: u64) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
}

fn day_to_date(day: u64) -> (u64, u64, u64) {
    // 146,097 days are 400 years; the guess is at most one year off.
    let guess = 1970 + day * 400 / 146_097;
    let year = if days_before(guess) > day { guess - 1 } else { guess };
    let year = if days_before(year + 1) <= day { year + 1 } else { year };
    let mut left = day - days_before(year);
    let mut month = 1;
    while left >= days_in(year, month) {
        left -= days_in(year, month);
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments_of_http() {
        assert_eq!(from_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for bad in ["0", "", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT"] {
            assert_eq!(from_http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn known_moments() {
        for (secs, text) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (1_700_000_000, "20231114221320"),
            (u64::from(u32::MAX), "21060207062815"),
            (253_402_300_799, "99991231235959"),
        ] {
            assert_eq!((date(secs), from_date(text)), (text.to_owned(), Ok(secs)));
        }
    }

    #[test]
    fn for_people() {
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_700_000_000), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn parts_have_ranges() {
        for (text, at) in [
            ("19691231235959", 0),
            ("20231314221320", 4),
            ("20230229000000", 6),
            ("20231114241320", 8),
            ("20231114226020", 10),
            ("20231114221360", 12),
            ("2023111422132x", 13),
        ] {
            assert_eq!(from_date(text), Err(TextError::Character { at }), "{text}");
        }
        assert_eq!(from_date("2023"), Err(TextError::Length));
    }

    proptest! {
        #[test]
        fn round_trips(secs in 0u64..253_402_300_800) {
            prop_assert_eq!(from_date(&date(secs)), Ok(secs));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = from_date(&text);
        }
    }
}
