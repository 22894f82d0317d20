//! Requests that a server sends in its own name (Matrix specification, Server-Server API, "Request
//! Authentication").

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{KeyName, Object, SignedError};
use crate::codec::{base64_unpadded, from_base64_unpadded};
use crate::crypto::{PublicKey, Signature, SigningKey};

/// The longest value of an `Authorization` field read, in octets: two server names, a key id and a
/// signature have 900 at most.
const LONGEST: usize = 2048;

/// What names the destination: homeservers sign `destination_is` for identity servers, and `destination`
/// for each other.
const DESTINATION: [&str; 2] = ["destination_is", "destination"];

/// What a server signs of a request.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// What to do.
    pub method: &'a str,
    /// With what: path and query.
    pub uri: &'a str,
    /// Who is asked, by the name that whoever asks knows him by.
    pub destination: &'a str,
    /// The content, where there is some.
    pub content: Option<&'a Object>,
}

/// Who signed a request: the value of an `Authorization` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// With which key: its server is the origin.
    pub key: KeyName,
    /// For whom; older servers do not tell.
    pub destination: Option<String>,
    /// The signature.
    pub signature: Signature,
}

impl SignedRequest<'_> {
    /// Signs the request, as one server does to another.
    pub fn sign(&self, name: KeyName, key: &SigningKey) -> Authorization {
        let signature = key.sign(&self.octets(&name, "destination"));
        Authorization { key: name, destination: Some(self.destination.to_owned()), signature }
    }

    /// Checks that the key, whose public part is `public`, signed this request, and for this
    /// destination.
    ///
    /// # Errors
    /// [`SignedError::Destination`] or [`SignedError::BadSignature`].
    pub fn verify(
        &self,
        authorization: &Authorization,
        public: &PublicKey,
    ) -> Result<(), SignedError> {
        let Authorization { key, destination, signature } = authorization;
        if let Some(other) = destination.as_ref().filter(|named| *named != self.destination) {
            return Err(SignedError::Destination(other.clone()));
        }
        let is_signed = |member| public.verify(&self.octets(key, member), signature).is_ok();
        match DESTINATION.into_iter().any(is_signed) {
            true => Ok(()),
            false => Err(SignedError::BadSignature(key.clone())),
        }
    }

    /// What is signed, where this member names the destination.
    fn octets(&self, key: &KeyName, member: &str) -> Vec<u8> {
        let mut object = Object::from_iter([
            ("method", self.method),
            ("uri", self.uri),
            ("origin", key.server.as_str()),
            (member, self.destination),
        ]);
        if let Some(content) = self.content {
            object.insert("content", content.clone());
        }
        object.to_octets()
    }
}

impl FromStr for Authorization {
    type Err = SignedError;

    fn from_str(text: &str) -> Result<Self, SignedError> {
        let malformed = SignedError::Authorization;
        if text.len() > LONGEST {
            return Err(malformed("it is too long"));
        }
        let is_scheme = |(scheme, _): &(&str, &str)| scheme.eq_ignore_ascii_case("X-Matrix");
        let (_, rest) = text.split_once(' ').filter(is_scheme).ok_or(malformed("no X-Matrix"))?;
        let mut parameters = parameters(rest).ok_or(malformed("no list of name=value"))?;
        let mut take = |name, missing| parameters.remove(name).ok_or(malformed(missing));
        let server = take("origin", "no origin")?.parse()?;
        let key = KeyName::new(server, take("key", "no key")?.parse()?);
        let signature = from_base64_unpadded(&take("sig", "no sig")?).ok();
        let signature = signature.and_then(|octets| octets.try_into().ok());
        let signature = signature.ok_or_else(|| SignedError::Signature(key.clone()))?;
        Ok(Self { key, destination: parameters.remove("destination"), signature })
    }
}

/// Parameters separated by commas (RFC 9110 section 11.2); their names are in lower case. None where
/// something else stands there, or one twice.
fn parameters(mut rest: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    loop {
        // A list may have empty places (RFC 9110 section 5.6.1.2).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(found);
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start_matches([' ', '\t']))?;
        rest = after.trim_start_matches([' ', '\t']);
        let is_whole = rest.is_empty() || rest.starts_with(',');
        let name = name.trim_end_matches([' ', '\t']).to_ascii_lowercase();
        let is_name = !name.is_empty() && name.bytes().all(is_token);
        if !is_name || !is_whole || found.insert(name, value).is_some() {
            return None;
        }
    }
}

/// A value, quoted or not, and what follows it. One without quotes may have all but what ends it: older
/// servers write `:` and `/` in them.
fn value(rest: &str) -> Option<(String, &str)> {
    if let Some(quoted) = rest.strip_prefix('"') {
        return until_quote(quoted);
    }
    let end = rest.find([' ', '\t', ',', '"', '\\']).unwrap_or(rest.len());
    (end > 0).then(|| (rest[..end].to_owned(), &rest[end..]))
}

/// What stands before the next quote, and what follows that. A backslash stands for the character after it.
fn until_quote(rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = rest.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, &rest[at + 1..])),
            (_, '\\') => value.push(characters.next()?.1),
            (_, character) => value.push(character),
        }
    }
}

/// Whether an octet may stand in a token (RFC 9110 section 5.6.2).
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeyName { server, id } = &self.key;
        write!(f, "X-Matrix origin=\"{server}\",")?;
        if let Some(destination) = &self.destination {
            write!(f, "destination=\"{}\",", escaped(destination))?;
        }
        let (id, signature) = (escaped(&id.to_string()), base64_unpadded(&self.signature));
        write!(f, "key=\"{id}\",sig=\"{signature}\"")
    }
}

/// Text as it stands between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed::Limits;
    use proptest::prelude::*;

    const SIG: &str = "\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/w";

    fn read(parameters: &str) -> Result<Authorization, SignedError> {
        format!("X-Matrix {}", parameters.replace("SIG", SIG)).parse()
    }

    fn name(server: &str, id: &str) -> KeyName {
        KeyName::new(server.parse().unwrap(), id.parse().unwrap())
    }

    fn of(destination: Option<&str>) -> Authorization {
        let key = name("a.example:8448", "ed25519:1");
        let signature = from_base64_unpadded(SIG).unwrap().try_into().unwrap();
        Authorization { key, destination: destination.map(ToOwned::to_owned), signature }
    }

    #[test]
    fn authorizations_as_servers_write_them() {
        for (text, destination) in [
            // Synapse.
            (r#"origin="a.example:8448",key="ed25519:1",sig="SIG",destination="b""#, Some("b")),
            (r#"origin="a.example:8448",key="ed25519:1",sig="SIG""#, None),
            // Older servers, without quotes.
            ("origin=a.example:8448,key=ed25519:1,sig=SIG", None),
            // Whatever RFC 9110 lets be written.
            (
                r#" , sig = "SIG" ,,KEY="ed\25519:\1"	, Origin="a.example:8448",destination="\"""#,
                Some("\""),
            ),
            ("key=ed25519:1,x=\"a,b=c\",sig=SIG,origin=a.example:8448,destination=\"\",", Some("")),
        ] {
            assert_eq!(read(text), Ok(of(destination)), "{text}");
        }
        let lower = format!("x-matrix origin=a.example:8448,key=ed25519:1,sig={SIG}");
        assert_eq!(lower.parse(), Ok(of(None)));
    }

    #[test]
    fn what_is_no_authorization_of_a_server() {
        let malformed = |why| Err(SignedError::Authorization(why));
        assert_eq!("Bearer abc".parse::<Authorization>(), malformed("no X-Matrix"));
        assert_eq!("X-Matrix".parse::<Authorization>(), malformed("no X-Matrix"));
        assert_eq!(read("key=ed25519:1,sig=SIG"), malformed("no origin"));
        assert_eq!(read("origin=a,sig=SIG"), malformed("no key"));
        assert_eq!(read("origin=a,key=ed25519:1"), malformed("no sig"));
        for bad in [
            "origin",
            "origin=",
            "=a",
            "origin=a origin=b",
            "origin=a,origin=a",
            "origin=a,Origin=a",
            "origin=\"a",
            "origin=\"a\\",
            "origin=\"a\"b",
            "or igin=a",
            "origin=a;key=b",
        ] {
            let text = format!("{bad},key=ed25519:1,sig=SIG");
            assert!(read(&text).is_err(), "{bad}");
            assert_ne!(read(bad).err(), None, "{bad}");
        }
        let key = name("a", "ed25519:1");
        assert_eq!(read("origin=a,key=ed25519:1,sig=AA"), Err(SignedError::Signature(key)));
        assert!(matches!(read("origin=a b,key=c,sig=SIG"), Err(SignedError::Authorization(_))));
        assert!(matches!(read("origin=\"a b\",key=c,sig=d"), Err(SignedError::ServerName(_))));
        assert!(matches!(read("origin=a,key=rsa:1,sig=d"), Err(SignedError::KeyId(_))));
        let long = format!("origin=a,key=ed25519:1,sig=SIG,x={}", "a".repeat(LONGEST));
        assert_eq!(read(&long), malformed("it is too long"));
    }

    fn request<'a>(destination: &'a str, content: Option<&'a Object>) -> SignedRequest<'a> {
        SignedRequest { method: "POST", uri: "/a?b", destination, content }
    }

    #[test]
    fn all_of_a_request_is_signed() {
        let content = Object::parse(br#"{"b":1,"a":[]}"#, &Limits::default()).unwrap();
        let key = SigningKey::from_seed(&[7; 32]);
        let signed = request("id.example:8090", Some(&content));
        let authorization = signed.sign(name("a", "ed25519:1"), &key);
        assert_eq!(signed.verify(&authorization, &key.public()), Ok(()));
        let bad = Err(SignedError::BadSignature(name("a", "ed25519:1")));
        let empty = Object::default();
        for other in [
            SignedRequest { method: "PUT", ..signed },
            SignedRequest { uri: "/a", ..signed },
            SignedRequest { content: None, ..signed },
            SignedRequest { content: Some(&empty), ..signed },
        ] {
            assert_eq!(other.verify(&authorization, &key.public()), bad, "{other:?}");
        }
        let elsewhere = request("id.example", Some(&content));
        let for_another = Err(SignedError::Destination("id.example:8090".to_owned()));
        assert_eq!(elsewhere.verify(&authorization, &key.public()), for_another);
        let untold = Authorization { destination: None, ..authorization.clone() };
        assert_eq!(elsewhere.verify(&untold, &key.public()), bad);
        assert_eq!(signed.verify(&untold, &key.public()), Ok(()));
        let another = Authorization { key: name("b", "ed25519:1"), ..authorization };
        let bad = Err(SignedError::BadSignature(name("b", "ed25519:1")));
        assert_eq!(signed.verify(&another, &key.public()), bad);
    }

    /// What Synapse signs for an identity server names it as `destination_is`.
    #[test]
    fn homeservers_sign_for_identity_servers() {
        let key = SigningKey::from_seed(&[7; 32]);
        let signed = request("id.example", None);
        let octets =
            br#"{"destination_is":"id.example","method":"POST","origin":"a","uri":"/a?b"}"#;
        let authorization = Authorization {
            key: name("a", "ed25519:1"),
            destination: Some("id.example".to_owned()),
            signature: key.sign(octets),
        };
        assert_eq!(signed.verify(&authorization, &key.public()), Ok(()));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(destination in proptest::option::of("[ -~]{0,20}"), id in "[!-~]{1,9}") {
            let key = KeyName::new("a.example".parse().unwrap(), super::super::KeyId::from_version(&id).unwrap());
            let written = Authorization { key, destination, signature: [7; 64] };
            prop_assert_eq!(written.to_string().parse(), Ok(written));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "([a-z]{0,3}[=,\"\\\\ \té]{0,3}){0,9}") {
            let _ = read(&text);
            let _ = text.parse::<Authorization>();
            let _ = read(&format!("origin=a,key=ed25519:1,sig=SIG,{text}"));
        }
    }
}
