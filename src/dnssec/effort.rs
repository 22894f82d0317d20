//! How much work a hostile answer can cause: many keys of one tag under many signatures make a
//! validator try them all (CVE-2023-50387, "KeyTrap").

use super::SignatureError;

/// Bounds on the work of one [`Effort`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Signatures checked: 16, which take 4 ms where the algorithm is the dearest, ECDSA on P-384.
    pub validations: u32,
    /// Signatures that did not verify: 2.
    pub failures: u32,
    /// Keys of a zone with the same tag and algorithm that are tried: 2.
    pub keys_of_one_tag: usize,
    /// Digests of keys computed to compare with a DS: 16.
    pub digests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { validations: 16, failures: 2, keys_of_one_tag: 2, digests: 16 }
    }
}

/// The work spent on one response and what it needs; when it is used up, nothing more verifies.
#[derive(Debug, Clone)]
pub struct Effort {
    limits: Limits,
    validations: u32,
    failures: u32,
    digests: u32,
}

impl Effort {
    /// Nothing spent yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, validations: 0, failures: 0, digests: 0 }
    }

    /// How many signatures were checked.
    pub fn validations(&self) -> u32 {
        self.validations
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Asks to check one more signature.
    pub(super) fn validate(&mut self) -> Result<(), SignatureError> {
        if self.validations >= self.limits.validations || self.failures >= self.limits.failures {
            return Err(SignatureError::TooMuchWork);
        }
        self.validations += 1;
        Ok(())
    }

    /// A signature did not verify.
    pub(super) fn failed(&mut self) {
        self.failures += 1;
    }

    /// Asks to compute one more digest of a key.
    pub(super) fn digest(&mut self) -> Result<(), SignatureError> {
        if self.digests >= self.limits.digests {
            return Err(SignatureError::TooMuchWork);
        }
        self.digests += 1;
        Ok(())
    }
}

impl Default for Effort {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}
