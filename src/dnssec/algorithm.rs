//! What each algorithm and digest number stands for: the one place where another is added.

use super::SignatureError;
use crate::codec::{ReadError, Reader};
use crate::crypto::{
    self, BadPublicKey, BadSignature, EcdsaCurve, EcdsaPublicKey, Ed448PublicKey, PublicKey,
    RsaHash, RsaPublicKey,
};
use crate::wire::{Algorithm, DigestType};

/// Which algorithms count. A zone that is signed with others alone is insecure, not bogus
/// (RFC 4035 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Algorithms {
    /// RSA with SHA-1, numbers 5 and 7: off, for who runs a validator must treat them as
    /// unsupported (RFC 9905 section 2).
    pub rsasha1: bool,
}

impl Algorithms {
    /// Whether signatures of `algorithm` count.
    pub fn supports(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::RSASHA1 | Algorithm::RSASHA1_NSEC3_SHA1 => self.rsasha1,
            Algorithm::RSASHA256
            | Algorithm::RSASHA512
            | Algorithm::ECDSAP256SHA256
            | Algorithm::ECDSAP384SHA384
            | Algorithm::ED25519
            | Algorithm::ED448 => true,
            _ => false,
        }
    }
}

/// Checks `signature` over `message`. The octets of key and signature are as in DNSKEY and RRSIG.
pub(super) fn check(
    algorithm: Algorithm,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let rsa = |hash| rsa(public_key)?.verify(hash, message, signature).map_err(Into::into);
    let ecdsa = |curve| {
        let key = EcdsaPublicKey::from_octets(curve, public_key)?;
        key.verify(message, signature).map_err(Into::into)
    };
    match algorithm {
        Algorithm::RSASHA1 | Algorithm::RSASHA1_NSEC3_SHA1 => rsa(RsaHash::Sha1),
        Algorithm::RSASHA256 => rsa(RsaHash::Sha256),
        Algorithm::RSASHA512 => rsa(RsaHash::Sha512),
        Algorithm::ECDSAP256SHA256 => ecdsa(EcdsaCurve::P256),
        Algorithm::ECDSAP384SHA384 => ecdsa(EcdsaCurve::P384),
        Algorithm::ED25519 => ed25519(public_key, message, signature),
        Algorithm::ED448 => ed448(public_key, message, signature),
        _ => Err(SignatureError::UnsupportedAlgorithm(algorithm)),
    }
}

/// The key in a DNSKEY of RSA.
fn rsa(octets: &[u8]) -> Result<RsaPublicKey<'_>, SignatureError> {
    let (exponent, modulus) = rsa_numbers(octets).map_err(|_| SignatureError::BadKey)?;
    Ok(RsaPublicKey::new(exponent, modulus)?)
}

/// Exponent and modulus. The exponent's length stands before it, in one octet, or in two after a
/// zero (RFC 3110 section 2).
fn rsa_numbers(octets: &[u8]) -> Result<(&[u8], &[u8]), ReadError> {
    let mut reader = Reader::new(octets);
    let length = match reader.u8()? {
        0 => reader.u16()?,
        length => length.into(),
    };
    Ok((reader.take(length.into())?, reader.rest()))
}

/// RFC 8080: both stand as they are.
fn ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let key = public_key.try_into().map_err(|_| SignatureError::BadKey)?;
    let signature = signature.try_into().map_err(|_| SignatureError::Bogus)?;
    Ok(PublicKey::from_octets(key)?.verify(message, signature)?)
}

/// RFC 8080: both stand as they are.
fn ed448(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    Ok(Ed448PublicKey::from_octets(public_key)?.verify(message, signature)?)
}

impl From<BadPublicKey> for SignatureError {
    fn from(_: BadPublicKey) -> Self {
        Self::BadKey
    }
}

impl From<BadSignature> for SignatureError {
    fn from(_: BadSignature) -> Self {
        Self::Bogus
    }
}

/// The hash of `octets`, where the digest type is one that can be computed here.
pub(super) fn digest(digest_type: DigestType, octets: &[u8]) -> Option<Vec<u8>> {
    match digest_type {
        DigestType::SHA1 => Some(crypto::sha1(octets).to_vec()),
        DigestType::SHA256 => Some(crypto::sha256(octets).to_vec()),
        DigestType::SHA384 => Some(crypto::sha384(octets).to_vec()),
        _ => None,
    }
}

/// Whether DS records of `digest_type` can be compared here.
pub(super) fn supports_digest(digest_type: DigestType) -> bool {
    matches!(digest_type, DigestType::SHA1 | DigestType::SHA256 | DigestType::SHA384)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::codec::from_base64;
    use crate::dnssec::verify;
    use crate::wire::rdata::{Dnskey, Rrsig};
    use crate::wire::{Name, Rdata, Rrset, Rtype, Ttl};

    /// An example of a standard: what signed, and what was signed.
    struct Example {
        algorithm: Algorithm,
        flags: u16,
        public_key: &'static str,
        set: Rrset,
        /// Inception and expiration.
        times: [u32; 2],
        signature: &'static str,
    }

    impl Example {
        fn verify(&self) -> Result<(), SignatureError> {
            let public_key = from_base64(self.public_key).unwrap();
            let (flags, algorithm) = (self.flags, self.algorithm);
            let key = Dnskey { flags, protocol: 3, algorithm, public_key };
            let owner = &self.set.name;
            let rrsig = Rrsig {
                type_covered: self.set.rtype,
                algorithm,
                labels: owner.label_count().try_into().unwrap(),
                original_ttl: self.set.ttl,
                expiration: self.times[1],
                inception: self.times[0],
                key_tag: key.key_tag(),
                signer: owner.suffix(2),
                signature: from_base64(self.signature).unwrap(),
            };
            let now = Timestamp::from_secs(self.times[0].into());
            verify(&self.set, &rrsig, &key, now).map(drop)
        }
    }

    fn address(last: u8) -> Rrset {
        let rdata = Rdata::new(vec![192, 0, 2, last]).unwrap();
        let owner = "www.example.net".parse().unwrap();
        Rrset::single(owner, Rtype::A, Ttl::from_secs(3600), rdata)
    }

    fn exchange() -> Rrset {
        let mail: Name = "mail.example.com".parse().unwrap();
        let rdata = Rdata::new([&[0, 10], mail.as_wire()].concat()).unwrap();
        let owner = "example.com".parse().unwrap();
        Rrset::single(owner, Rtype::MX, Ttl::from_secs(3600), rdata)
    }

    /// RFC 5702 section 6.2.
    fn rsa() -> Example {
        Example {
            algorithm: Algorithm::RSASHA512,
            flags: 256,
            public_key: "AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFD\
                xj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY1\
                2ZTSncorffcGmhOL",
            set: address(91),
            times: [946_684_800, 1_893_456_000],
            signature: "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep9\
                4PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk\
                0fthPgxdDLw=",
        }
    }

    #[test]
    fn examples_of_the_standards_verify() {
        // RFC 6605 section 6.1.
        let p256 = Example {
            algorithm: Algorithm::ECDSAP256SHA256,
            flags: 257,
            public_key: "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9x\
                MWyQLc8NAA==",
            set: address(1),
            times: [1_281_607_479, 1_284_026_679],
            signature: "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7Zwm\
                wWep666VCw==",
        };
        // RFC 6605 section 6.2.
        let p384 = Example {
            algorithm: Algorithm::ECDSAP384SHA384,
            flags: 257,
            public_key: "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRS\
                EkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
            set: address(1),
            times: [1_281_608_425, 1_284_027_625],
            signature: "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbav\
                RKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
        };
        // RFC 8080 section 6.2, as corrected by erratum 4935.
        let ed448 = Example {
            algorithm: Algorithm::ED448,
            flags: 257,
            public_key: "3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
            set: exchange(),
            times: [1_438_207_200, 1_440_021_600],
            signature: "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSA\
                xGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
        };
        for example in [rsa(), p256, p384, ed448] {
            assert_eq!(example.verify(), Ok(()), "{}", example.algorithm);
        }
    }

    /// RFC 5702 section 6.1: its key of 512 bits is too short by now.
    #[test]
    fn a_short_key_proves_nothing() {
        let example = Example {
            algorithm: Algorithm::RSASHA256,
            flags: 256,
            public_key: "AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8Pk\
                xUdp6p/DlUmObdk=",
            set: address(91),
            times: [946_684_800, 1_893_456_000],
            signature: "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lP\
                tPiVYP4bwg==",
        };
        assert_eq!(example.verify(), Err(SignatureError::BadKey));
    }

    #[test]
    fn the_length_of_an_exponent_has_two_forms() {
        let octets = from_base64(rsa().public_key).unwrap();
        let numbers = rsa_numbers(&octets).unwrap();
        assert_eq!((numbers.0, numbers.1.len()), (&[1, 0, 1][..], 128));
        let long = [&[0, 0, 3], &octets[1..]].concat();
        assert_eq!(rsa_numbers(&long), Ok(numbers));
        for malformed in [&[][..], &[0], &[0, 0], &[0, 1, 0], &[3, 1, 0]] {
            assert!(rsa_numbers(malformed).is_err(), "{malformed:?}");
        }
    }

    const ALGORITHMS: [Algorithm; 8] = [
        Algorithm::RSASHA1,
        Algorithm::RSASHA1_NSEC3_SHA1,
        Algorithm::RSASHA256,
        Algorithm::RSASHA512,
        Algorithm::ECDSAP256SHA256,
        Algorithm::ECDSAP384SHA384,
        Algorithm::ED25519,
        Algorithm::ED448,
    ];

    #[test]
    fn what_counts_can_be_checked() {
        let all = Algorithms { rsasha1: true };
        for algorithm in (0..=255).map(Algorithm) {
            let unknown = check(algorithm, &[], &[], &[])
                == Err(SignatureError::UnsupportedAlgorithm(algorithm));
            assert_eq!(all.supports(algorithm), !unknown, "{algorithm}");
            assert_eq!(ALGORITHMS.contains(&algorithm), !unknown, "{algorithm}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_key_and_signature_are_refused(
            mut key in proptest::collection::vec(any::<u8>(), 0..600),
            length in prop_oneof![Just(64), Just(96), Just(114), Just(128), 0_usize..600],
            fill: [u8; 2],
        ) {
            let signature: Vec<u8> = fill.into_iter().cycle().take(length).collect();
            for length in [key.len(), 96, 64, 57, 32] {
                key.truncate(length);
                for algorithm in ALGORITHMS {
                    prop_assert!(check(algorithm, &key, b"message", &signature).is_err());
                }
            }
        }

        #[test]
        fn any_rsa_key_is_refused(
            exponent in proptest::collection::vec(any::<u8>(), 0..6),
            modulus in proptest::collection::vec(any::<u8>(), 120..520),
        ) {
            let length = u8::try_from(exponent.len()).unwrap();
            let key = [&[length], &exponent[..], &modulus].concat();
            let refused = check(Algorithm::RSASHA256, &key, b"message", &modulus).is_err();
            prop_assert!(refused);
        }
    }
}
