//! Claims with their signatures.

use super::{AssociationError, Claim};
use crate::crypto::{PublicKey, SigningKey, sha256};
use crate::signed::{KeyName, Signatures, SignedError};
use crate::threepid::Threepid;

/// How many signatures a statement may have.
pub const MAX_SIGNATURES: usize = 8;
/// How many octets of record data a statement may have.
pub const MAX_RDATA: usize = 1024;

/// A signed claim: an association or a withdrawal. It has 1 to [`MAX_SIGNATURES`] signatures, which
/// nobody has checked yet, and fits [`MAX_RDATA`] octets of record data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    claim: Claim,
    signatures: Signatures,
}

/// What decides between statements about the same identifier: the greatest wins, everywhere.
/// Statements of equal precedence say the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Precedence {
    ts: u64,
    withdrawn: bool,
    signed_hash: [u8; 32],
}

impl Statement {
    /// Puts a claim and its signatures together.
    ///
    /// # Errors
    /// [`AssociationError::SignatureCount`] or [`AssociationError::TooLong`].
    pub fn new(claim: Claim, signatures: Signatures) -> Result<Self, AssociationError> {
        if !(1..=MAX_SIGNATURES).contains(&signatures.len()) {
            return Err(AssociationError::SignatureCount(signatures.len()));
        }
        let statement = Self { claim, signatures };
        let length = statement.to_octets().len();
        if length > MAX_RDATA { Err(AssociationError::TooLong(length)) } else { Ok(statement) }
    }

    /// Signs a claim about `threepid`.
    ///
    /// # Errors
    /// [`AssociationError::TooLong`].
    pub fn sign(
        claim: Claim,
        threepid: &Threepid,
        name: KeyName,
        key: &SigningKey,
    ) -> Result<Self, AssociationError> {
        let mut signatures = Signatures::default();
        signatures.insert(name, key.sign(&claim.signed_octets(threepid)));
        Self::new(claim, signatures)
    }

    /// What it says.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Who signed it, checked by nobody yet.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// Checks one signature, made for a statement about `threepid`.
    ///
    /// # Errors
    /// Where the key did not sign, or signed something else.
    pub fn verify(
        &self,
        threepid: &Threepid,
        name: &KeyName,
        key: &PublicKey,
    ) -> Result<(), SignedError> {
        self.signatures.verify(name, key, &self.claim.signed_octets(threepid))
    }

    /// What decides between this and another statement about `threepid`: the later; at the same
    /// time a withdrawal; then the greater SHA-256 of the signed octets.
    pub fn precedence(&self, threepid: &Threepid) -> Precedence {
        self.precedence_of(sha256(&self.claim.signed_octets(threepid)))
    }

    /// The same, for whoever knows the SHA-256 of the signed octets and not the identifier.
    pub fn precedence_of(&self, signed_hash: [u8; 32]) -> Precedence {
        Precedence {
            ts: self.claim.ts().as_millis(),
            withdrawn: self.claim.is_withdrawal(),
            signed_hash,
        }
    }

    /// Adds the signatures of a statement that says the same, in their order, as far as there is
    /// room. Those that are here stay. Tells whether any were added.
    ///
    /// # Errors
    /// [`AssociationError::OtherClaim`].
    pub fn merge(&mut self, other: &Self) -> Result<bool, AssociationError> {
        if self.claim != other.claim {
            return Err(AssociationError::OtherClaim);
        }
        let before = self.signatures.len();
        for (key, signature) in other.signatures.iter() {
            if self.signatures.get(key).is_some() {
                continue;
            }
            let mut more = self.signatures.clone();
            more.insert(key.clone(), *signature);
            if let Ok(merged) = Self::new(self.claim.clone(), more) {
                *self = merged;
            }
        }
        Ok(self.signatures.len() > before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::{Association, Extra, Ts, Withdrawal};

    fn threepid() -> Threepid {
        Threepid::parse_any("alice@example.com", None).unwrap()
    }

    fn ts(millis: u64) -> Ts {
        Ts::from_millis(millis).unwrap()
    }

    fn association(mxid: &str, at: u64) -> Claim {
        Claim::from(Association {
            mxid: mxid.parse().unwrap(),
            ts: ts(at),
            not_before: ts(at),
            not_after: ts(at + 1),
            extra: Extra::default(),
        })
    }

    fn signed(claim: Claim, server: &str) -> Statement {
        let name = KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap());
        Statement::sign(claim, &threepid(), name, &SigningKey::from_seed(&[1; 32])).unwrap()
    }

    #[test]
    fn the_later_wins_then_the_withdrawal_then_the_greater_hash() {
        let rank = |claim| signed(claim, "a.example").precedence(&threepid());
        let withdrawal = |at| Claim::from(Withdrawal { ts: ts(at) });
        assert!(rank(association("@a:b", 2)) > rank(withdrawal(1)));
        assert!(rank(withdrawal(2)) > rank(association("@a:b", 2)));
        let (a, b) = (association("@a:b", 2), association("@b:b", 2));
        let hash = |claim: &Claim| sha256(&claim.signed_octets(&threepid()));
        assert_eq!(hash(&a) > hash(&b), rank(a.clone()) > rank(b));
        assert_eq!(rank(a.clone()), signed(a, "other.example").precedence(&threepid()));
    }

    #[test]
    fn signatures_merge_up_to_eight() {
        let claim = association("@a:b", 2);
        let mut merged = signed(claim.clone(), "z.example");
        for server in 'a'..='g' {
            let other = signed(claim.clone(), &format!("{server}.example"));
            assert_eq!(merged.merge(&other), Ok(true));
            assert_eq!(merged.merge(&other), Ok(false));
        }
        assert_eq!(merged.signatures().len(), MAX_SIGNATURES);
        assert_eq!(merged.merge(&signed(claim.clone(), "h.example")), Ok(false));
        let servers = merged.signatures().iter().map(|(key, _)| key.server.to_string());
        assert!(servers.eq(('a'..='g').chain(['z']).map(|server| format!("{server}.example"))));
        let other = signed(association("@b:b", 2), "h.example");
        assert_eq!(merged.merge(&other), Err(AssociationError::OtherClaim));
    }

    #[test]
    fn signatures_that_are_here_stay() {
        let mut mine = signed(association("@a:b", 2), "a.example");
        let before = mine.clone();
        let mut theirs = Signatures::default();
        let (key, _) = before.signatures().iter().next().unwrap();
        theirs.insert(key.clone(), [7; 64]);
        let theirs = Statement::new(before.claim().clone(), theirs).unwrap();
        assert_eq!(mine.merge(&theirs), Ok(false));
        assert_eq!(mine, before);
    }

    #[test]
    fn merging_keeps_to_the_length_of_record_data() {
        let server = |letter: &str| vec![letter.repeat(63); 3].join(".");
        let claim = association(&format!("@{}:b", "x".repeat(252)), 2);
        let mut merged = signed(claim.clone(), &server("z"));
        assert_eq!(merged.merge(&signed(claim.clone(), &server("a"))), Ok(true));
        assert_eq!(merged.merge(&signed(claim.clone(), &server("b"))), Ok(false));
        assert_eq!(merged.merge(&signed(claim, "c")), Ok(true));
    }

    #[test]
    fn no_signatures_are_no_statement() {
        let claim = association("@a:b", 2);
        let none = Statement::new(claim, Signatures::default());
        assert_eq!(none, Err(AssociationError::SignatureCount(0)));
    }
}
