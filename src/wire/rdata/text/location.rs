//! Locations: `51 30 12.748 N 0 7 39.611 W 0.00m 1m 10000m 10m` (RFC 1876 section 3).

use std::fmt;

use super::token::{SyntaxError, Token, Tokens};
use crate::codec::Reader;

/// Latitude 0 and longitude 0.
const MIDDLE: u32 = 1 << 31;
/// Depth of the point from which altitude counts, in centimetres.
const ALTITUDE_BASE: u32 = 10_000_000;
/// What is taken where size and precision are left out: 1 m, 10 km, 10 m.
const DEFAULTS: [u8; 3] = [0x12, 0x16, 0x13];

/// A location in version 0 of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Location {
    /// Size, horizontal and vertical precision: a digit, and a power of ten, of centimetres.
    lengths: [u8; 3],
    /// Thousandths of a second of arc, north from [`MIDDLE`].
    latitude: u32,
    /// Likewise, east.
    longitude: u32,
    /// Centimetres above [`ALTITUDE_BASE`].
    altitude: u32,
}

impl Location {
    /// Reads well-formed octets; none where their version is not 0.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(octets);
        (reader.u8().ok()? == 0).then_some(())?;
        Some(Self {
            lengths: reader.array().ok()?,
            latitude: reader.u32().ok()?,
            longitude: reader.u32().ok()?,
            altitude: reader.u32().ok()?,
        })
    }

    /// Puts the octets behind `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(0);
        out.extend(self.lengths);
        let numbers = [self.latitude, self.longitude, self.altitude];
        out.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    }

    /// Reads all tokens that are left.
    pub(super) fn parse(tokens: &mut Tokens<'_, '_>) -> Result<Self, SyntaxError> {
        const ALTITUDE: &str = "an altitude in metres from -100000.00 to 42849672.95";
        let latitude = angle(tokens, "degrees of latitude", 90, ["N", "S"])?;
        let longitude = angle(tokens, "degrees of longitude", 180, ["E", "W"])?;
        let token = tokens.take(ALTITUDE)?;
        let altitude = token.word().and_then(altitude).ok_or_else(|| token.unexpected(ALTITUDE))?;
        let mut lengths = DEFAULTS;
        for length in &mut lengths {
            if tokens.is_empty() {
                break;
            }
            *length = read_length(&tokens.take("a length")?)?;
        }
        Ok(Self { lengths, latitude, longitude, altitude })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_angle(f, self.latitude, ["N", "S"])?;
        write_angle(f, self.longitude, ["E", "W"])?;
        let metres = i64::from(self.altitude) - i64::from(ALTITUDE_BASE);
        let sign = if metres < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}m", metres.abs() / 100, metres.abs() % 100)?;
        for length in self.lengths {
            let length = u64::from(length >> 4) * 10u64.pow(u32::from(length & 0x0f));
            write!(f, " {}.{:02}m", length / 100, length % 100)?;
        }
        Ok(())
    }
}

fn write_angle(f: &mut fmt::Formatter<'_>, angle: u32, ends: [&str; 2]) -> fmt::Result {
    let end = if angle >= MIDDLE { ends[0] } else { ends[1] };
    let angle = angle.abs_diff(MIDDLE);
    let (degrees, minutes) = (angle / 3_600_000, angle / 60_000 % 60);
    let (seconds, thousandths) = (angle / 1_000 % 60, angle % 1_000);
    write!(f, "{degrees} {minutes} {seconds}.{thousandths:03} {end} ")
}

/// Degrees, perhaps minutes, perhaps seconds, then which way.
fn angle(
    tokens: &mut Tokens<'_, '_>,
    expected: &'static str,
    most: u32,
    ends: [&'static str; 2],
) -> Result<u32, SyntaxError> {
    const SIXTIETH: &str = "minutes or seconds below 60, or the hemisphere";
    let is =
        |token: &Token<'_>, end: &str| token.word().is_some_and(|w| w.eq_ignore_ascii_case(end));
    let hemisphere = |token: &Token<'_>| ends.iter().any(|end| is(token, end));
    let first = tokens.take(expected)?;
    let mut thousandths = first.number::<u32>(expected)?.saturating_mul(3_600_000);
    if !tokens.next_is(hemisphere) {
        let token = tokens.take(SIXTIETH)?;
        let minutes = token.number(SIXTIETH).ok().filter(|&minutes: &u32| minutes < 60);
        thousandths =
            thousandths.saturating_add(minutes.ok_or_else(|| token.unexpected(SIXTIETH))? * 60_000);
    }
    if !tokens.next_is(hemisphere) {
        let token = tokens.take(SIXTIETH)?;
        let seconds = token.word().and_then(|word| fixed(word, 3)).filter(|&part| part < 60_000);
        let seconds = seconds.ok_or_else(|| token.unexpected(SIXTIETH))?;
        thousandths = thousandths
            .saturating_add(u32::try_from(seconds).expect("60,000 thousandths fit 32 bits"));
    }
    if thousandths > most * 3_600_000 {
        return Err(first.unexpected(expected));
    }
    let end = tokens.take("the hemisphere: N, S, E or W")?;
    if is(&end, ends[0]) {
        Ok(MIDDLE + thousandths)
    } else if is(&end, ends[1]) {
        Ok(MIDDLE - thousandths)
    } else {
        Err(end.unexpected("the hemisphere: N, S, E or W"))
    }
}

/// A decimal number in units of its last place of `places`.
fn fixed(word: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || fraction.len() > places || !digits(whole) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// Metres to centimetres.
fn metres(word: &str) -> Option<u64> {
    fixed(word.strip_suffix(['m', 'M']).unwrap_or(word), 2)
}

fn altitude(word: &str) -> Option<u32> {
    let altitude = match word.strip_prefix('-') {
        Some(depth) => u64::from(ALTITUDE_BASE).checked_sub(metres(depth)?),
        None => metres(word)?.checked_add(ALTITUDE_BASE.into()),
    };
    altitude.and_then(|altitude| altitude.try_into().ok())
}

/// A size or precision: only its first digit is kept.
fn read_length(token: &Token<'_>) -> Result<u8, SyntaxError> {
    const LENGTH: &str = "a size or precision in metres up to 90000000.00";
    let length = token.word().and_then(metres).ok_or_else(|| token.unexpected(LENGTH))?;
    let power = length.checked_ilog10().unwrap_or(0);
    let digit = length / 10u64.pow(power);
    match u8::try_from(power) {
        Ok(power @ 0..=9) => {
            Ok(u8::try_from(digit).expect("what its highest power of ten leaves is one digit") << 4
                | power)
        }
        _ => Err(token.unexpected(LENGTH)),
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::Rtype;
    use crate::wire::rdata::{parse, to_text};

    #[test]
    fn examples_of_the_standard() {
        let examples = [
            (
                "42 21 54 N 71 06 18 W -24m 30m",
                "42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m",
            ),
            (
                "32 7 19 S 116 2 25 E 10m",
                "32 7 19.000 S 116 2 25.000 E 10.00m 1.00m 10000.00m 10.00m",
            ),
            (
                "42 N 71 06 w -0.5 1234m 0 0.09",
                "42 0 0.000 N 71 6 0.000 W -0.50m 1000.00m 0.00m 0.09m",
            ),
        ];
        for (text, whole) in examples {
            let rdata = parse(Rtype::LOC, text).unwrap();
            assert_eq!(to_text(Rtype::LOC, &rdata), whole);
            assert_eq!(parse(Rtype::LOC, whole), Ok(rdata));
        }
    }

    #[test]
    fn refuses_what_is_nowhere() {
        let bad = [
            "91 N 0 E 0m",
            "90 0 0.001 N 0 E 0m",
            "0 60 N 0 E 0m",
            "0 0 60 N 0 E 0m",
            "0 E 0 N 0m",
            "0 N 0 E -100000.01m",
            "0 N 0 E 42849672.96m",
            "0 N 0 E 0.001m",
            "0 N 0 E .5m",
            "0 N 0 E 0m 100000000m",
            "0 N 0 E 0m 99999999999999999999m",
            "4294967295 N 0 E 0m",
            "0 N 0 E",
        ];
        for text in bad {
            assert!(parse(Rtype::LOC, text).is_err(), "{text}");
        }
    }
}
