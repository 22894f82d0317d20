//! Times of signatures (RFC 4034 section 3.2).

use std::fmt;

use super::token::{SyntaxError, Tokens};

const DAY: u64 = 86_400;

/// Seconds since 1970, up to 2106. Written as `YYYYMMDDHHmmSS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) u32);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = u64::from(self.0);
        let (year, month, day) = date(secs / DAY);
        let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

/// A time as a date of 14 digits, or as seconds since 1970 of at most 10.
pub(super) fn read(tokens: &mut Tokens<'_, '_>) -> Result<Moment, SyntaxError> {
    const TIME: &str = "a time from 1970 to 2106 (YYYYMMDDHHmmSS)";
    let token = tokens.take(TIME)?;
    let number: u64 = token.number(TIME)?;
    let secs = if token.raw.len() == 14 { seconds(number) } else { Some(number) };
    let secs = secs.and_then(|secs| u32::try_from(secs).ok());
    secs.map(Moment).ok_or_else(|| token.unexpected(TIME))
}

/// What 14 digits of date and time stand for; none where there is no such moment.
fn seconds(digits: u64) -> Option<u64> {
    let part = |divisor: u64| digits / divisor % 100;
    let (year, month, day) = (digits / 10_000_000_000, part(100_000_000), part(1_000_000));
    let (hour, minute, second) = (part(10_000), part(100), part(1));
    if year < 1970 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(year, month, day);
    (date(days) == (year, month, day)).then_some(days * DAY + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a date, in years that start in March and so end with the leap day.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    (year * 365 + leap_days + (month * 153 + 2) / 5 + day).saturating_sub(719_469)
}

/// The date so many days after 1970-01-01.
const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    let month = (day_of_year * 5 + 2) / 153;
    let day = day_of_year - (month * 153 + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_dates() {
        assert_eq!(Moment(0).to_string(), "19700101000000");
        assert_eq!(Moment(951_782_400).to_string(), "20000229000000");
        assert_eq!(Moment(1_000_000_000).to_string(), "20010909014640");
        assert_eq!(Moment(u32::MAX).to_string(), "21060207062815");
        assert_eq!(seconds(20_000_229_000_000), Some(951_782_400));
        for none in [20_010_229_000_000, 20_010_009_000_000, 20_011_301_000_000, 0] {
            assert_eq!(seconds(none), None, "{none}");
        }
        assert_eq!(seconds(20_010_101_240_000), None);
    }

    proptest! {
        #[test]
        fn round_trips(secs: u32) {
            let digits = Moment(secs).to_string().parse().unwrap();
            prop_assert_eq!(seconds(digits), Some(secs.into()));
        }
    }
}
