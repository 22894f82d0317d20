//! What stands for itself in a URL, and what is escaped (RFC 3986 section 2).

use std::fmt::Write;

/// Text as a part of a path, or as the value of a query, has it: all but the unreserved characters is
/// escaped.
pub fn percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(octet));
            }
            _ => write!(escaped, "%{octet:02X}").expect("a string takes all that is written"),
        }
    }
    escaped
}

/// The text that a part of a path, or the value of a query, stands for; none where that is not in UTF-8,
/// or `%` is without two digits. `+` is `+`, as addresses have it, and no space.
pub fn from_percent(escaped: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_reserved_is_escaped() {
        assert_eq!(percent("a b\\&é"), "a%20b%5C%26%C3%A9");
        assert_eq!(from_percent("3%70id%2eexample+x").as_deref(), Some("3pid.example+x"));
        for bad in ["%", "%4", "%zz", "%+1", "%FF", "a%"] {
            assert_eq!(from_percent(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text: String) {
            prop_assert_eq!(from_percent(&percent(&text)), Some(text));
        }

        #[test]
        fn anything_is_read_or_refused(text in "[a-z%0-9é]{0,12}") {
            let _ = from_percent(&text);
        }
    }
}
