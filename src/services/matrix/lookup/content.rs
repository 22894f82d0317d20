//! What is asked and what is answered, without an allocation for each address.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::{Refusal, parameters};
use crate::threepid::Threepid;
use crate::transport::http::{Request, Response, StatusCode};

/// The content of the request.
#[derive(Debug, Deserialize)]
pub(super) struct Asked<'a> {
    #[serde(borrow)]
    pub(super) addresses: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) algorithm: Text<'a>,
    #[serde(borrow)]
    pub(super) pepper: Text<'a>,
}

/// A text where it came; a copy where something in it was escaped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'a> Asked<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// As for [`parameters::content`].
    pub(super) fn read(request: &'a Request) -> Result<Self, Refusal> {
        parameters::content_in_place(request)
    }

    /// The addresses as `address medium`, each once, and what they are. Those that are not in normal
    /// form are none's: no hash of them would be found either.
    pub(super) fn threepids(&self) -> (Vec<&str>, Vec<Threepid>) {
        let texts = self.addresses.iter().map(|text| &*text.0);
        let each = texts.filter_map(|text| Some((threepid(text)?, text)));
        let each: BTreeMap<Threepid, &str> = each.collect();
        each.into_iter().map(|(threepid, text)| (text, threepid)).unzip()
    }
}

/// An address in its normal form, a space, and its medium, which has no space.
fn threepid(text: &str) -> Option<Threepid> {
    let (address, medium) = text.rsplit_once(' ')?;
    Threepid::from_normal(medium.parse().ok()?, address).ok()
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The content of the response, as it is written: `{"mappings":{address: user, …}}`.
pub(super) struct Mappings(Vec<u8>);

impl Mappings {
    /// Octets of a hash and a user id, about.
    const ONE: usize = 96;
    const START: &[u8] = b"{\"mappings\":{";

    /// One of nobody, with room for so many.
    pub(super) fn with_room(count: usize) -> Self {
        let mut octets = Vec::with_capacity(Self::START.len() + 2 + count * Self::ONE);
        octets.extend_from_slice(Self::START);
        Self(octets)
    }

    /// Adds whose an address is. It must not be there yet.
    pub(super) fn push(&mut self, address: &str, mxid: &str) {
        if self.0.len() > Self::START.len() {
            self.0.push(b',');
        }
        self.string(address);
        self.0.push(b':');
        self.string(mxid);
    }

    fn string(&mut self, text: &str) {
        serde_json::to_writer(&mut self.0, text).expect("a text is JSON, and memory takes it");
    }

    pub(super) fn finish(mut self) -> Response {
        self.0.extend_from_slice(b"}}");
        Response::json(StatusCode::OK, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::Method;
    use crate::transport::http::testing::request;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn asking(body: Vec<u8>) -> Request {
        Request { body: body.into(), ..request(Method::POST, "/") }
    }

    /// What a plain reader makes of it.
    fn plain(body: &[u8]) -> Option<(Vec<String>, String, String)> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let addresses = value.get("addresses")?.as_array()?.iter().map(text);
        let (algorithm, pepper) = (text(value.get("algorithm")?)?, text(value.get("pepper")?)?);
        Some((addresses.collect::<Option<_>>()?, algorithm, pepper))
    }

    fn ours(body: &[u8]) -> Option<(Vec<String>, String, String)> {
        let request = asking(body.to_vec());
        let asked = Asked::read(&request).ok()?;
        let addresses = asked.addresses.iter().map(|text| text.0.to_string()).collect();
        Some((addresses, asked.algorithm.0.to_string(), asked.pepper.0.to_string()))
    }

    #[test]
    fn what_is_not_escaped_is_not_copied() {
        let request =
            asking(br#"{"addresses":["a","\u0062"],"algorithm":"c","pepper":""}"#.to_vec());
        let asked = Asked::read(&request).unwrap();
        assert!(matches!(asked.addresses[0].0, Cow::Borrowed("a")));
        assert_eq!(asked.addresses[1].0, "b");
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let whole = r#"{"addresses":["a"],"algorithm":"c","pepper":"d"}"#;
        assert!(ours(whole.as_bytes()).is_some());
        for (from, to, errcode) in [
            (whole, r#"[["a"],"c","d"]"#, "M_NOT_JSON"),
            (whole, "", "M_NOT_JSON"),
            ("}", "}}", "M_NOT_JSON"),
            ("}", "", "M_NOT_JSON"),
            (r#","pepper":"d""#, "", "M_MISSING_PARAMS"),
            (r#""addresses":["a"],"#, "", "M_MISSING_PARAMS"),
            (r#"["a"]"#, r#""a""#, "M_INVALID_PARAM"),
            (r#"["a"]"#, "[1]", "M_INVALID_PARAM"),
            (r#""c""#, "null", "M_INVALID_PARAM"),
        ] {
            let request = asking(whole.replace(from, to).into_bytes());
            let response = Response::from(Asked::read(&request).unwrap_err());
            let told = String::from_utf8(response.body.to_vec()).unwrap();
            assert!(response.status == 400 && told.contains(errcode), "{to}: {told}");
        }
    }

    #[test]
    fn addresses_are_told_with_their_medium() {
        let told = |text: &str| threepid(text).map(|threepid| threepid.to_string());
        assert_eq!(told("alice@example.com email").as_deref(), Some("alice@example.com"));
        assert_eq!(told("447700900123 msisdn").as_deref(), Some("+447700900123"));
        assert_eq!(told("a b org.example.badge").as_deref(), Some("org.example.badge:a b"));
        for none in
            ["", " ", "alice@example.com", "Alice@example.com email", "email a@b", "+44 msisdn"]
        {
            assert_eq!(told(none), None, "{none}");
        }
    }

    /// A member, or something like one.
    fn any_member() -> impl Strategy<Value = (String, Value)> {
        let text = "[a-z\"\\\\é\u{1}]{0,6}";
        let name = prop_oneof!["addresses", "algorithm", "pepper", "[a-z]{0,3}"];
        let value = prop_oneof![
            3 => proptest::collection::vec(text, 0..4).prop_map(|texts| json!(texts)),
            3 => text.prop_map(|text| json!(text)),
            1 => Just(json!([1, {"a": null}])),
        ];
        (name, value)
    }

    proptest! {
        #[test]
        fn requests_are_read_as_a_plain_reader_does(
            mut members in proptest::collection::vec(any_member(), 0..3),
            texts in proptest::collection::vec("[a-z\"\\\\é\u{1}]{0,6}", 0..4),
            complete: bool,
            at: prop::sample::Index,
            octet: u8,
        ) {
            if complete {
                members.push(("addresses".to_owned(), json!(texts)));
                members.push(("algorithm".to_owned(), json!("none")));
                members.push(("pepper".to_owned(), json!("p")));
            }
            // A map has no member twice.
            let object = Value::Object(members.into_iter().collect());
            for mut body in [object.to_string().into_bytes(), format!(" {object:#}\n").into_bytes()] {
                prop_assert_eq!(ours(&body), plain(&body));
                // Of a member that stands there twice ours takes none, the plain reader the last.
                let at = at.index(body.len());
                body[at] = octet;
                if let Some(read) = ours(&body) {
                    prop_assert_eq!(Some(read), plain(&body));
                }
            }
        }

        #[test]
        fn responses_are_read_as_they_were_meant(
            pairs in proptest::collection::btree_map(".{0,9}", "@[\\PC\"\\\\\u{1}]{0,9}:b", 0..9),
        ) {
            let mut mappings = Mappings::with_room(1);
            pairs.iter().for_each(|(address, mxid)| mappings.push(address, mxid));
            let read: Value = serde_json::from_slice(&mappings.finish().body).unwrap();
            prop_assert_eq!(read, json!({"mappings": pairs}));
        }
    }
}
