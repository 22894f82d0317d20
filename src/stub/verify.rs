//! Who vouches for a statement, without a network.

use crate::association::Statement;
use crate::certificate::Certificate;
use crate::clock::Timestamp;
use crate::threepid::Threepid;
use crate::trust::{Anchors, Judge, Vouching, settle};

/// Who vouches for a statement about `threepid` at the time `now`, by these certificates and no others.
/// [`Vouching::is_trusted`] tells whether they are enough.
///
/// That a certificate was withdrawn is seen in the tree alone: whoever has a network asks
/// [`Client::vouch`](super::Client::vouch). A server without a certificate among these counts as one
/// without any.
///
/// ```
/// use threepid::association::Statement;
/// use threepid::clock::Timestamp;
/// use threepid::codec::from_base64_unpadded;
/// use threepid::crypto::PublicKey;
/// use threepid::signed::KeyName;
/// use threepid::stub::verify;
/// use threepid::trust::Anchors;
///
/// let json = br#"{"address": "447700900124", "medium": "msisdn", "mxid": "@bob:matrix.example",
///     "not_after": 4943600000000, "not_before": 1790000000000, "ts": 1790000000000,
///     "signatures": {"verify.example": {"ed25519:0":
///     "t3J8m6qnba6zetrbOMlzKUQK1ivVQRY9nFN3iDnaqZZBmbdo4JjN/D7ypYL8JwP+f7tWUtCoLM13H4ux8sceBA"}}}"#;
/// let (threepid, statement) = Statement::from_json(json)?;
///
/// let key = from_base64_unpadded("MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM")?;
/// let mut anchors = Anchors::default();
/// anchors.insert(
///     KeyName::new("verify.example".parse()?, "ed25519:0".parse()?),
///     PublicKey::from_octets(key.as_slice().try_into()?)?,
/// );
/// let now = Timestamp::from_secs(1_800_000_000);
/// let vouching = verify(&threepid, &statement, &anchors, [], now);
/// assert!(vouching.is_trusted(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    threepid: &Threepid,
    statement: &Statement,
    anchors: &Anchors,
    certificates: impl IntoIterator<Item = Certificate>,
    now: Timestamp,
) -> Vouching {
    settle(certificates, |collected| {
        Judge { threepid, now, anchors, collected }.statement(statement)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::Claim;
    use crate::certificate::{Scope, Terms};
    use crate::crypto::SigningKey;
    use crate::signed::KeyName;
    use crate::trust::Verdict;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn name(server: &str) -> KeyName {
        KeyName::new(server.parse().unwrap(), "ed25519:0".parse().unwrap())
    }

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    /// The certificate of `telco.example`, whose key has the seed 2, by `verify.example` with this key.
    fn certificate(signer: u8, scope: &str) -> Certificate {
        let terms = Terms {
            issuer: name("verify.example").server,
            subject: name("telco.example"),
            public_key: key(2).public(),
            scope: Scope::new(vec![scope.parse().unwrap()]),
            max_path: 0,
            not_before: NOW,
            not_after: Timestamp::from_secs(NOW.as_secs() + 1),
        };
        Certificate::sign(terms, name("verify.example"), &key(signer)).unwrap()
    }

    fn verdict(certificates: &[Certificate], now: Timestamp) -> Verdict {
        let json = br#"{"medium": "msisdn", "address": "447700900123", "mxid": "@a:m.example",
            "ts": 1789000000000, "not_before": 1789000000000, "not_after": 4943600000000}"#;
        let (threepid, claim) = Claim::from_json(json).unwrap();
        let statement = Statement::sign(claim, &threepid, name("telco.example"), &key(2)).unwrap();
        let mut anchors = Anchors::default();
        anchors.insert(name("verify.example"), key(1).public());
        let vouching = verify(&threepid, &statement, &anchors, certificates.iter().cloned(), now);
        let [(_, judgement)] = vouching.signatures.as_slice() else { panic!("one signature") };
        assert_eq!(vouching.is_trusted(1), judgement.verdict == Verdict::Valid);
        judgement.verdict
    }

    #[test]
    fn the_certificates_at_hand_decide() {
        assert_eq!(verdict(&[], NOW), Verdict::Untrusted);
        let good = certificate(1, "msisdn:44");
        assert_eq!(verdict(std::slice::from_ref(&good), NOW), Verdict::Valid);
        let later = Timestamp::from_secs(NOW.as_secs() + 2);
        assert_eq!(verdict(std::slice::from_ref(&good), later), Verdict::Expired);
        assert_eq!(verdict(&[certificate(1, "msisdn:49")], NOW), Verdict::OutOfScope);
        let forged = certificate(3, "msisdn:44");
        assert_eq!(verdict(std::slice::from_ref(&forged), NOW), Verdict::BadSignature);
        assert_eq!(verdict(&[forged, good], NOW), Verdict::Valid);
    }
}
