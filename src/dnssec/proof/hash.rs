//! Hashes of names (RFC 5155 section 5), and how many are computed.

use super::ProofError;
use crate::crypto::sha1;
use crate::wire::Name;

/// A hash of more iterations is not followed: the zone counts as unsigned (RFC 9276 section 3.2).
pub(super) const MAX_ITERATIONS: u16 = 50;
/// How many blocks of SHA-1 one proof may take: 34 labels of an address at 50 iterations do.
const MAX_BLOCKS: usize = 2048;
/// The only hash there is, SHA-1 (RFC 5155 section 11).
pub(super) const SHA1: u8 = 1;

/// A name's hash.
pub(super) type Hash = [u8; 20];

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
    pub(super) fn hash(&self, name: &Name) -> Hash {
        let salted = |octets: &[u8]| sha1(&[octets, &self.salt].concat());
        let first = salted(name.to_lowercase().as_wire());
        (0..self.iterations).fold(first, |hash, _| salted(&hash))
    }

    /// Whether so many names may be hashed for one proof.
    pub(super) fn check_cost(&self, names: usize) -> Result<(), ProofError> {
        if self.iterations > MAX_ITERATIONS {
            return Err(ProofError::Iterations(self.iterations));
        }
        if names * self.blocks() > MAX_BLOCKS { Err(ProofError::TooMuchWork) } else { Ok(()) }
    }

    /// About how many blocks of SHA-1 the hash of a name takes.
    fn blocks(&self) -> usize {
        // A block is 64 octets; what ends the message takes 9.
        (usize::from(self.iterations) + 1) * (20 + self.salt.len() + 9).div_ceil(64)
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
            let hashed = parameters.hash(&name(owner));
            assert_eq!(base32hex(&hashed).to_lowercase(), hash, "{owner}");
        }
    }
}
