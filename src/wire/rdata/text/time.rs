//! Times of signatures (RFC 4034 section 3.2).

use std::fmt;

use super::token::{SyntaxError, Tokens};
use crate::codec::{date, from_date};

/// Seconds since 1970, up to 2106. Written as `YYYYMMDDHHmmSS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) u32);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&date(self.0.into()))
    }
}

/// A time as a date of 14 digits, or as seconds since 1970 of at most 10.
pub(super) fn read(tokens: &mut Tokens<'_, '_>) -> Result<Moment, SyntaxError> {
    const TIME: &str = "a time from 1970 to 2106 (YYYYMMDDHHmmSS)";
    let token = tokens.take(TIME)?;
    let number: u64 = token.number(TIME)?;
    let secs = if token.raw.len() == 14 { dated(token.raw) } else { Some(number) };
    let secs = secs.and_then(|secs| u32::try_from(secs).ok());
    secs.map(Moment).ok_or_else(|| token.unexpected(TIME))
}

/// What 14 digits of date and time stand for; none where there is no such moment.
fn dated(digits: &[u8]) -> Option<u64> {
    from_date(std::str::from_utf8(digits).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        assert_eq!(Moment(1_000_000_000).to_string(), "20010909014640");
        assert_eq!(dated(b"20010909014640"), Some(1_000_000_000));
        assert_eq!(dated(b"20010229000000"), None);
    }
}
