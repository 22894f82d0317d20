//! Verification certificates: one server's word that another verifies identifiers of some scope.
//!
//! A certificate is signed JSON with exactly these members, and stands in the tree at its subject's
//! name ([`owner`]) as a record of type [`VCERT`](crate::wire::Rtype::VCERT), whose data are the
//! JSON in canonical form with its signatures:
//!
//! ```json
//! {"type": "threepid.certificate", "issuer": "verify.example", "subject": "telco.example",
//!  "key_id": "ed25519:2", "public_key": "…", "scope": ["msisdn:44"], "max_path": 0,
//!  "not_before": 1790000000000, "not_after": 1797776000000,
//!  "signatures": {"verify.example": {"ed25519:0": "…"}}}
//! ```
//! What a certificate says is here; whether to believe it is judged elsewhere.

mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

use thiserror::Error;

pub use scope::{Rule, Scope};

use crate::clock::Timestamp;
use crate::crypto::{PublicKey, SigningKey};
use crate::signed::{
    Host, Json, KeyName, Limits, MAX_INTEGER, Object, ServerName, Signatures, SignedError,
};
use crate::threepid::labels::VERIFIER;
use crate::wire::{Name, NameError, Rdata};

/// The member `type` of every certificate.
const TYPE: &str = "threepid.certificate";

/// The longest life of a certificate.
pub const MAX_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long before it is issued a certificate begins: the clock of whoever checks it may be behind by as
/// much.
pub const SKEW: Duration = Duration::from_secs(60 * 60);

/// The last moment that JSON can tell.
const LAST_MOMENT: Timestamp = Timestamp::from_millis(MAX_INTEGER.unsigned_abs());

/// How many signatures a certificate may have.
pub const MAX_SIGNATURES: usize = 8;

/// The longest certificate, in octets of its canonical form.
pub const MAX_OCTETS: usize = 4096;

/// What is read of a certificate.
const LIMITS: Limits = Limits { octets: MAX_OCTETS, depth: 4 };

/// Why something is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// The JSON, or a name in it, is malformed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The record data is not in canonical form.
    #[error("record data is not canonical JSON")]
    NotCanonical,
    /// The JSON is something else.
    #[error("type {0:?}, expected {TYPE:?}")]
    Type(String),
    /// The public key is none.
    #[error("bad public key {0:?}: expected an Ed25519 key in unpadded base64")]
    PublicKey(String),
    /// A rule of the scope is unknown.
    #[error(
        "unknown rule {0:?}: expected email:*, email:<domain>, email:*.<domain>, msisdn:*, \
         msisdn:<prefix> or <medium>:*, maybe with \"!\" in front, in normal form"
    )]
    Rule(String),
    /// It ends before it starts, or lives longer than [`MAX_LIFE`].
    #[error("life from {not_before} to {not_after} seconds, expected at most 90 days")]
    Life {
        /// Its start.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
    },
    /// No signature, or too many.
    #[error("{0} signatures, expected 1 to {MAX_SIGNATURES}")]
    SignatureCount(usize),
}

/// What a certificate says, apart from who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The server whose word it is.
    pub issuer: ServerName,
    /// The key it is about.
    pub subject: KeyName,
    /// The public part of that key.
    pub public_key: PublicKey,
    /// The identifiers that the subject verifies.
    pub scope: Scope,
    /// How many certificates may stand below it in a chain.
    pub max_path: u32,
    /// The first moment at which it holds.
    pub not_before: Timestamp,
    /// The last moment at which it holds.
    pub not_after: Timestamp,
}

impl Terms {
    /// What is signed, as a JSON object.
    fn to_object(&self) -> Object {
        let scope = self.scope.rules().iter().map(|rule| rule.as_str().into()).collect();
        let members: [(&str, Json); 9] = [
            ("type", TYPE.into()),
            ("issuer", self.issuer.as_str().into()),
            ("subject", self.subject.server.as_str().into()),
            ("key_id", self.subject.id.to_string().into()),
            ("public_key", self.public_key.to_string().into()),
            ("scope", Json::Array(scope)),
            ("max_path", Json::Integer(self.max_path.into())),
            ("not_before", time(self.not_before)),
            ("not_after", time(self.not_after)),
        ];
        members.into_iter().collect()
    }
}

/// A moment as JSON; the last one there is where it is too late, which [`Certificate::new`] refuses.
fn time(moment: Timestamp) -> Json {
    Json::saturating(moment.as_millis())
}

/// A signed certificate. Nobody has checked its signatures yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    terms: Terms,
    signatures: Signatures,
}

impl Certificate {
    /// Puts terms and signatures together.
    ///
    /// # Errors
    /// [`CertificateError::Life`], [`CertificateError::SignatureCount`], or
    /// [`SignedError::TooLong`].
    pub fn new(terms: Terms, signatures: Signatures) -> Result<Self, CertificateError> {
        let Terms { not_before, not_after, .. } = terms;
        let too_long = not_after.since(not_before) > MAX_LIFE || not_after > LAST_MOMENT;
        if not_after < not_before || too_long {
            return Err(CertificateError::Life { not_before, not_after });
        }
        if !(1..=MAX_SIGNATURES).contains(&signatures.len()) {
            return Err(CertificateError::SignatureCount(signatures.len()));
        }
        let certificate = Self { terms, signatures };
        let length = certificate.to_octets().len();
        if length > MAX_OCTETS {
            return Err(SignedError::TooLong { length, limit: MAX_OCTETS }.into());
        }
        Ok(certificate)
    }

    /// Signs terms with `key`, whose name is `signer`.
    ///
    /// # Errors
    /// What [`Certificate::new`] says.
    pub fn sign(terms: Terms, signer: KeyName, key: &SigningKey) -> Result<Self, CertificateError> {
        let mut signatures = Signatures::default();
        signatures.insert(signer, key.sign(&terms.to_object().to_octets()));
        Self::new(terms, signatures)
    }

    /// Reads a certificate in any JSON.
    ///
    /// # Errors
    /// Where a member is missing, malformed or one too many.
    pub fn from_json(octets: &[u8]) -> Result<Self, CertificateError> {
        let mut object = Object::parse(octets, &LIMITS)?;
        let signatures = Signatures::from_json(&object.take("signatures")?)?;
        let terms = read_terms(&mut object)?;
        object.finish()?;
        Self::new(terms, signatures)
    }

    /// Reads record data.
    ///
    /// # Errors
    /// Where the octets are not exactly what [`Certificate::to_rdata`] would have written.
    pub fn from_rdata(octets: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Self::from_json(octets)?;
        if certificate.to_octets() == octets {
            Ok(certificate)
        } else {
            Err(CertificateError::NotCanonical)
        }
    }

    /// The canonical JSON, signatures included.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut object = self.terms.to_object();
        object.insert("signatures", self.signatures.to_json());
        object.to_octets()
    }

    /// Writes record data.
    pub fn to_rdata(&self) -> Rdata {
        Rdata::new(self.to_octets()).expect("a certificate has at most 4096 octets")
    }

    /// What it says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Who signed it, checked by nobody yet.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// The octets that are signed.
    pub fn signed_octets(&self) -> Vec<u8> {
        self.terms.to_object().to_octets()
    }

    /// Checks one signature.
    ///
    /// # Errors
    /// Where the key did not sign, or signed something else.
    pub fn verify(&self, name: &KeyName, key: &PublicKey) -> Result<(), SignedError> {
        self.signatures.verify(name, key, &self.signed_octets())
    }
}

fn read_terms(object: &mut Object) -> Result<Terms, CertificateError> {
    let kind = object.take_string("type")?;
    if kind != TYPE {
        return Err(CertificateError::Type(kind));
    }
    let subject = object.take_string("subject")?.parse()?;
    let moment = |millis| Timestamp::from_millis(millis);
    Ok(Terms {
        issuer: object.take_string("issuer")?.parse()?,
        subject: KeyName::new(subject, object.take_string("key_id")?.parse()?),
        public_key: read_public_key(object.take_string("public_key")?)?,
        scope: read_scope(object.take("scope")?)?,
        max_path: object.take_unsigned("max_path")?.try_into().map_err(|_| {
            SignedError::Member { name: "max_path".to_owned(), expected: "less than 2^32" }
        })?,
        not_before: moment(object.take_unsigned("not_before")?),
        not_after: moment(object.take_unsigned("not_after")?),
    })
}

fn read_public_key(text: String) -> Result<PublicKey, CertificateError> {
    text.parse().map_err(|_| CertificateError::PublicKey(text))
}

fn read_scope(json: Json) -> Result<Scope, CertificateError> {
    let expected =
        || SignedError::Member { name: "scope".to_owned(), expected: "an array of strings" };
    let Json::Array(rules) = json else { return Err(expected().into()) };
    let rules = rules.into_iter().map(|rule| match rule {
        Json::String(text) => text.parse(),
        _ => Err(expected().into()),
    });
    Ok(Scope::new(rules.collect::<Result<_, CertificateError>>()?))
}

/// Where the certificates of a server stand in the tree below `apex`:
/// `<host>._verifier.<apex>`, or `_<port>.<host>._verifier.<apex>` where its name has a port.
/// A server named by its address has no such name.
///
/// # Errors
/// Where the name would be too long.
pub fn owner(server: &ServerName, apex: &Name) -> Result<Option<Name>, NameError> {
    let Host::Dns(host) = server.host() else { return Ok(None) };
    let port = server.port().map(|port| format!("_{port}"));
    let labels = port.iter().map(String::as_str).chain(host.split('.')).chain([VERIFIER]);
    Name::from_labels(labels.map(str::as_bytes).chain(apex.labels())).map(Some)
}
