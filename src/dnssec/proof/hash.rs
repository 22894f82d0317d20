//! Hashes of names (RFC 5155 section 5), and how many are computed.

use super::{Effort, ProofError};
use crate::crypto::sha1;
use crate::wire::Name;

/// The only hash there is, SHA-1 (RFC 5155 section 11).
pub(super) const SHA1: u8 = 1;

/// Octets of a hash.
const HASH: usize = 20;

/// A name's hash.
pub(super) type Hash = [u8; HASH];

/// How names are hashed (RFC 5155 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameters {
    /// How many times more the hash is taken.
    pub(super) iterations: u16,
    /// What is hashed behind each name.
    pub(super) salt: Vec<u8>,
}

impl Parameters {
    /// The hash of a name, in lower case.
    ///
    /// # Errors
    /// Where it is not to be computed: too many iterations, or too much work.
    pub(super) fn hash(&self, name: &Name, effort: &mut Effort) -> Result<Hash, ProofError> {
        if self.iterations > effort.limits().iterations {
            return Err(ProofError::Iterations(self.iterations));
        }
        effort.hash(self.blocks(name))?;
        let salted = |octets: &[u8]| sha1(&[octets, &self.salt].concat());
        let first = salted(name.to_lowercase().as_wire());
        Ok((0..self.iterations).fold(first, |hash, _| salted(&hash)))
    }

    /// How many blocks of SHA-1 the hash of a name takes.
    fn blocks(&self, name: &Name) -> u32 {
        // A block is 64 octets; what ends the message takes 9.
        let blocks = |octets: usize| (octets + self.salt.len() + 9).div_ceil(64);
        let all = blocks(name.as_wire().len()) + usize::from(self.iterations) * blocks(HASH);
        u32::try_from(all).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::base32hex;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    /// RFC 5155 appendix A.
    #[test]
    fn hashes_of_the_standard() {
        let parameters = Parameters { iterations: 12, salt: vec![0xaa, 0xbb, 0xcc, 0xdd] };
        for (owner, hash) in [
            ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
            ("A.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
            ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
            ("x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
        ] {
            let hashed = parameters.hash(&name(owner), &mut Effort::default()).unwrap();
            assert_eq!(base32hex(&hashed).to_lowercase(), hash, "{owner}");
        }
    }

    #[test]
    fn long_names_and_salts_take_more_blocks() {
        let blocks = |owner: &str, iterations, salt| {
            Parameters { iterations, salt: vec![0; salt] }.blocks(&name(owner))
        };
        assert_eq!(blocks("e", 0, 0), 1);
        assert_eq!(blocks("e", 50, 8), 51);
        assert_eq!(blocks(&"a.".repeat(100), 50, 8), 54);
        assert_eq!(blocks("e", 50, 255), 5 + 250);
    }
}
