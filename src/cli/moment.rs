//! Moments as people write them.

use std::time::Duration;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::codec::{date, from_date};

/// Text that is no day.
#[derive(Debug, Error)]
#[error("expected a day as 2026-12-24")]
pub(super) struct NoDay;

/// The last second of a day in UTC, given as `2026-12-24`.
pub(super) fn end_of_day(text: &str) -> Result<Timestamp, NoDay> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else { return Err(NoDay) };
    if [year, month, day].map(str::len) != [4, 2, 2] {
        return Err(NoDay);
    }
    let end = from_date(&format!("{year}{month}{day}235959"));
    end.map(Timestamp::from_secs).map_err(|_| NoDay)
}

/// The day of a moment: `2026-11-23`.
pub(super) fn day(moment: Timestamp) -> String {
    in_full(moment).split(' ').next().unwrap_or_default().to_owned()
}

/// A moment to the second: `2026-11-23 20:14:36`, in UTC.
pub(super) fn in_full(moment: Timestamp) -> String {
    let date = date(moment.as_secs());
    let (year, rest) = date.split_at(date.len() - 10);
    let part = |at: usize| &rest[at..at + 2];
    format!("{year}-{}-{} {}:{}:{}", part(0), part(2), part(4), part(6), part(8))
}

/// A span of time, in the unit that fits.
pub(super) fn span(time: Duration) -> String {
    match time.as_secs() {
        secs @ 0..100 => format!("{} s", secs.max(1)),
        secs @ 100..6000 => format!("{} min", secs / 60),
        secs => format!("{} h", secs / 3600),
    }
}

/// What is added to an answer of this age, which a resolver had kept.
pub(super) fn kept(age: Duration) -> String {
    match age.as_secs() {
        0..5 => String::new(),
        _ => format!(" (the resolver has kept this for {})", span(age)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_do() {
        let moment = Timestamp::from_millis(1_790_000_000_000);
        assert_eq!(day(moment), "2026-09-21");
        assert_eq!(in_full(moment), "2026-09-21 14:13:20");
        assert_eq!(in_full(end_of_day("2026-09-21").unwrap()), "2026-09-21 23:59:59");
        assert_eq!(kept(Duration::from_secs(4)), "");
        let told = " (the resolver has kept this for 40 min)";
        assert_eq!(kept(Duration::from_secs(2430)), told);
        for bad in
            ["", "2026-13-01", "2026-02-30", "21-09-2026", "2026-9-21", "2026-09-21-", "é-é-é"]
        {
            assert!(end_of_day(bad).is_err(), "{bad}");
        }
    }
}
