//! What goes to an address and has to come back.

use std::fmt;

use zeroize::Zeroizing;

use crate::codec;
use crate::crypto::{self, Random};
use crate::threepid::Medium;

/// How much chance is in a token that goes into a link.
const LINK_OCTETS: usize = 16;

/// A token. What people type off a small screen has digits alone, and bears few guesses; what goes
/// into a link has 128 bits.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// Draws a token as it suits the medium: for phone numbers so many digits, else one for a link.
    pub fn draw(medium: &Medium, digits: u8, random: &mut dyn Random) -> Self {
        match medium {
            Medium::Msisdn => Self(Zeroizing::new((0..digits).map(|_| digit(random)).collect())),
            _ => Self::draw_for_link(random),
        }
    }

    /// Draws a token for a link.
    pub fn draw_for_link(random: &mut dyn Random) -> Self {
        let mut octets = Zeroizing::new([0; LINK_OCTETS]);
        random.fill(&mut *octets);
        Self(Zeroizing::new(codec::hex(&*octets)))
    }

    /// The token as it was kept.
    pub fn kept(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The token itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether people type it, and others may guess it.
    pub fn is_short(&self) -> bool {
        self.0.len() < 2 * LINK_OCTETS
    }

    /// Whether this is what was brought back. The time it takes tells nothing of the token.
    pub fn is(&self, brought: &str) -> bool {
        crypto::equal(self.0.as_bytes(), brought.trim().as_bytes())
    }
}

/// A digit, each as likely as the others: `below` is off by less than 2^-60.
fn digit(random: &mut dyn Random) -> char {
    let digit = u8::try_from(random.below(10)).expect("what is below 10 fits");
    char::from(b'0' + digit)
}

/// Tells nothing.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;

    #[test]
    fn tokens_suit_their_medium() {
        let mut random = SeededRandom::new(1);
        let typed = Token::draw(&Medium::Msisdn, 6, &mut random);
        assert!(typed.as_str().len() == 6 && typed.as_str().bytes().all(|o| o.is_ascii_digit()));
        let linked = Token::draw(&Medium::Email, 6, &mut random);
        assert_eq!(linked.as_str().len(), 32);
        assert!(!format!("{linked:?}").contains(linked.as_str()));
    }

    #[test]
    fn every_digit_comes() {
        let mut random = SeededRandom::new(2);
        let drawn: String = (0..50)
            .map(|_| Token::draw(&Medium::Msisdn, 6, &mut random).as_str().to_owned())
            .collect();
        assert!(('0'..='9').all(|digit| drawn.contains(digit)));
    }

    #[test]
    fn it_is_itself_alone() {
        let token = Token::kept("123456".to_owned());
        assert!(token.is("123456") && token.is(" 123456\n"));
        for other in ["", "12345", "1234567", "123457"] {
            assert!(!token.is(other), "{other:?}");
        }
    }
}
