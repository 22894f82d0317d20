//! How much work a hostile answer can cause: many keys of one tag under many signatures make a
//! validator try them all (CVE-2023-50387, "KeyTrap"), and a denial by NSEC3 has it hash a name and all
//! of its ancestors, many times over (CVE-2023-50868).

use super::SignatureError;
use super::proof::ProofError;

/// Bounds on the work of one [`Effort`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Signatures checked: 16, as in BIND, which take 4 ms where the algorithm is the dearest, ECDSA on
    /// P-384. A denial by NSEC3, the honest answer with most, has four. One that is padded with more
    /// sets, useful or not, is refused.
    pub validations: u32,
    /// Signatures that did not verify: 2. One may be of a key that is just being exchanged.
    pub failures: u32,
    /// Keys of a zone with the same tag and algorithm that are tried: 2. Honest ones meet once in
    /// 65,536 pairs.
    pub keys_of_one_tag: usize,
    /// Digests of keys computed to compare with a DS: 16.
    pub digests: u32,
    /// Iterations of NSEC3's hash that are followed: 50. A zone with more counts as unsigned (RFC 9276
    /// section 3.2), and nothing is hashed for it.
    pub iterations: u16,
    /// Blocks of SHA-1 that the names of a denial's proof take: 4096, half a millisecond. 34 labels of
    /// an address at 50 iterations take 1836 for the proof, and as many again where the type is DS.
    /// Long salts take more blocks for each hash.
    pub hash_blocks: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            validations: 16,
            failures: 2,
            keys_of_one_tag: 2,
            digests: 16,
            iterations: 50,
            hash_blocks: 4096,
        }
    }
}

/// Work that was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Signatures checked.
    pub validations: u32,
    /// Those of them that did not verify.
    pub failures: u32,
    /// Digests of keys.
    pub digests: u32,
    /// Blocks of SHA-1 for hashes of names.
    pub hash_blocks: u32,
}

/// The work spent on one response and what it needs; when it is used up, nothing more verifies.
#[derive(Debug, Clone)]
pub struct Effort {
    limits: Limits,
    spent: Spent,
}

impl Effort {
    /// Nothing spent yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, spent: Spent::default() }
    }

    /// What was done so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Asks to check one more signature.
    pub(super) fn validate(&mut self) -> Result<(), SignatureError> {
        if self.spent.failures >= self.limits.failures {
            return Err(SignatureError::TooMuchWork);
        }
        spend(&mut self.spent.validations, 1, self.limits.validations)
            .ok_or(SignatureError::TooMuchWork)
    }

    /// A signature did not verify.
    pub(super) fn failed(&mut self) {
        self.spent.failures += 1;
    }

    /// Asks to compute one more digest of a key.
    pub(super) fn digest(&mut self) -> Result<(), SignatureError> {
        spend(&mut self.spent.digests, 1, self.limits.digests).ok_or(SignatureError::TooMuchWork)
    }

    /// Asks to compute one more hash of a name, of so many blocks.
    pub(super) fn hash(&mut self, blocks: u32) -> Result<(), ProofError> {
        spend(&mut self.spent.hash_blocks, blocks, self.limits.hash_blocks)
            .ok_or(ProofError::TooMuchWork)
    }
}

/// Spends `more` where the limit lets it.
fn spend(spent: &mut u32, more: u32, limit: u32) -> Option<()> {
    *spent = spent.checked_add(more).filter(|sum| *sum <= limit)?;
    Some(())
}

impl Default for Effort {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}
