//! Claims with their signatures.

use super::{AssociationError, Claim};
use crate::crypto::{PublicKey, Signature, SigningKey, sha256};
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

    /// Takes in the signatures of a statement that says the same. Of all together those stay that fit,
    /// the shortest names first, those of equal length in their order; of two by one key the lesser. In
    /// whatever order statements are merged, the same comes of it: what is left out is no shorter than
    /// what stays, so that it has no room later either. Tells whether anything changed.
    ///
    /// # Errors
    /// [`AssociationError::OtherClaim`].
    pub fn merge(&mut self, other: &Self) -> Result<bool, AssociationError> {
        if self.claim != other.claim {
            return Err(AssociationError::OtherClaim);
        }
        let both = self.signatures.iter().chain(other.signatures.iter());
        let mut both: Vec<(&KeyName, &Signature)> = both.collect();
        both.sort_unstable_by_key(|(key, signature)| (length(key), *key, *signature));
        both.dedup_by_key(|(key, _)| *key);
        let mut merged = self.clone();
        let mut signatures = Signatures::default();
        for (key, signature) in both {
            signatures.insert(key.clone(), *signature);
            let Ok(more) = Self::new(self.claim.clone(), signatures.clone()) else { break };
            merged = more;
        }
        let changed = merged != *self;
        *self = merged;
        Ok(changed)
    }

    /// Whether each key that signed the other signed this, too.
    pub fn has_all_of(&self, other: &Self) -> bool {
        other.signatures.iter().all(|(key, _)| self.signatures.get(key).is_some())
    }
}

/// How much room a key's name takes in record data.
fn length(key: &KeyName) -> usize {
    key.server.as_str().len() + key.id.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::{Association, Extra, Ts, Withdrawal};
    use proptest::prelude::*;

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
            assert!(merged.has_all_of(&other));
        }
        assert_eq!(merged.signatures().len(), MAX_SIGNATURES);
        let last = signed(claim.clone(), "zz.example");
        assert_eq!((merged.merge(&last), merged.has_all_of(&last)), (Ok(false), false));
        assert_eq!(merged.merge(&signed(claim.clone(), "h.example")), Ok(true));
        let servers = merged.signatures().iter().map(|(key, _)| key.server.to_string());
        assert!(servers.eq(('a'..='h').map(|server| format!("{server}.example"))));
        let other = signed(association("@b:b", 2), "h.example");
        assert_eq!(merged.merge(&other), Err(AssociationError::OtherClaim));
    }

    #[test]
    fn of_two_signatures_by_one_key_the_lesser_stays() {
        let by = |octet| {
            let mut signatures = Signatures::default();
            let name = KeyName::new("a.example".parse().unwrap(), "ed25519:1".parse().unwrap());
            signatures.insert(name, [octet; 64]);
            Statement::new(association("@a:b", 2), signatures).unwrap()
        };
        let (mut one, mut other) = (by(1), by(2));
        assert_eq!((one.merge(&by(2)), other.merge(&by(1))), (Ok(false), Ok(true)));
        assert_eq!((&one, &other), (&by(1), &by(1)));
    }

    #[test]
    fn merging_keeps_to_the_length_of_record_data() {
        let server = |letter: &str| vec![letter.repeat(63); 3].join(".");
        let claim = association(&format!("@{}:b", "x".repeat(252)), 2);
        let mut merged = signed(claim.clone(), &server("y"));
        assert_eq!(merged.merge(&signed(claim.clone(), &server("a"))), Ok(true));
        assert_eq!(merged.merge(&signed(claim.clone(), &server("z"))), Ok(false));
        assert_eq!(merged.merge(&signed(claim, "c")), Ok(true));
        assert!(merged.to_octets().len() <= MAX_RDATA);
    }

    /// Statements that say the same, each signed by some of twelve servers with names of all lengths.
    fn any_statements() -> impl Strategy<Value = Vec<Statement>> {
        let server = |at: usize| {
            let length = [1, 200, 3, 150, 60, 2, 230, 20, 90, 5, 120, 30][at];
            let letters = "lkjihgfedcba"[at..=at].repeat(63);
            let labels: Vec<&str> =
                (0..length).step_by(63).map(|from| &letters[..63.min(length - from)]).collect();
            labels.join(".")
        };
        let claim = association(&format!("@{}:b", "x".repeat(200)), 2);
        let one = proptest::sample::subsequence((0..12).collect::<Vec<usize>>(), 1..=3);
        proptest::collection::vec(one, 1..8).prop_map(move |sets| {
            let merged = sets.iter().map(|set| {
                let mut signatures = Signatures::default();
                for at in set {
                    let id = format!("ed25519:{}", "k".repeat(1 + at % 4)).parse().unwrap();
                    signatures.insert(KeyName::new(server(*at).parse().unwrap(), id), [7; 64]);
                }
                Statement::new(claim.clone(), signatures)
            });
            // Three of the longest do not fit one statement.
            merged.filter_map(Result::ok).collect()
        })
    }

    proptest! {
        /// Two stores get the same statements in any order, some of them several times, one of them through a
        /// third store: both end with the same.
        #[test]
        fn whatever_the_order_the_same_comes_of_it(
            (statements, shuffled) in any_statements()
                .prop_flat_map(|all| (Just(all.clone()), Just([all.clone(), all].concat()).prop_shuffle())),
            split in any::<prop::sample::Index>(),
        ) {
            prop_assume!(!statements.is_empty());
            let together = |statements: &[Statement]| {
                let mut held = statements[0].clone();
                for statement in statements {
                    held.merge(statement).unwrap();
                }
                held
            };
            let all = together(&statements);
            prop_assert_eq!(&together(&shuffled), &all);
            let (left, right) = statements.split_at(split.index(statements.len()));
            if !left.is_empty() {
                prop_assert_eq!(together(&[together(right), together(left)]), all);
            }
        }
    }

    #[test]
    fn no_signatures_are_no_statement() {
        let claim = association("@a:b", 2);
        let none = Statement::new(claim, Signatures::default());
        assert_eq!(none, Err(AssociationError::SignatureCount(0)));
    }
}
