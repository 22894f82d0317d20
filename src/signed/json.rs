//! JSON that has a canonical form (Matrix specification, appendix on canonical JSON).

use std::collections::BTreeMap;

use super::SignedError;

/// The greatest integer, and its negative the least: what a double holds exactly.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A value of canonical JSON: no fractions, no integers beyond [`MAX_INTEGER`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// An object of canonical JSON. Its members are in the order of their names' code points, which is
/// the order of their octets in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(pub(super) BTreeMap<String, Json>);

impl Object {
    /// The canonical form.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut open = b'{';
        for (name, value) in &self.0 {
            out.push(open);
            open = b',';
            write_string(name, out);
            out.push(b':');
            value.write(out);
        }
        if self.0.is_empty() {
            out.push(open);
        }
        out.push(b'}');
    }

    /// A member.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// A member that is a string.
    pub fn string(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Sets a member.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) {
        self.0.insert(name.into(), value.into());
    }

    /// Takes a member out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        self.0.remove(name)
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out a member that must be there.
    ///
    /// # Errors
    /// [`SignedError::Missing`].
    pub fn take(&mut self, name: &'static str) -> Result<Json, SignedError> {
        self.remove(name).ok_or(SignedError::Missing(name))
    }

    /// Takes out a member that must be a string.
    ///
    /// # Errors
    /// [`SignedError::Missing`] or [`SignedError::Member`].
    pub fn take_string(&mut self, name: &'static str) -> Result<String, SignedError> {
        match self.take(name)? {
            Json::String(text) => Ok(text),
            _ => Err(SignedError::Member { name: name.to_owned(), expected: "a string" }),
        }
    }

    /// Takes out a member that must be an integer and not negative.
    ///
    /// # Errors
    /// [`SignedError::Missing`] or [`SignedError::Member`].
    pub fn take_unsigned(&mut self, name: &'static str) -> Result<u64, SignedError> {
        let expected = "an integer, not negative";
        match self.take(name)? {
            Json::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        }
        .ok_or(SignedError::Member { name: name.to_owned(), expected })
    }

    /// Errs unless every member was taken out.
    ///
    /// # Errors
    /// [`SignedError::Unexpected`] with the first that is left.
    pub fn finish(self) -> Result<(), SignedError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(SignedError::Unexpected(name)),
        }
    }
}

impl<N: Into<String>, V: Into<Json>> FromIterator<(N, V)> for Object {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(members: T) -> Self {
        Self(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl Json {
    /// An integer, at most the [greatest](MAX_INTEGER) there is.
    pub fn saturating(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(MAX_INTEGER).min(MAX_INTEGER))
    }

    /// The members of an object that has some; `name` is the member that it is in.
    ///
    /// # Errors
    /// [`SignedError::Member`] where it is anything else.
    pub fn members(&self, name: &str) -> Result<impl Iterator<Item = (&str, &Self)>, SignedError> {
        match self {
            Self::Object(object) if !object.is_empty() => Ok(object.iter()),
            _ => {
                let expected = "an object that is not empty";
                Err(SignedError::Member { name: name.to_owned(), expected })
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"null"),
            Self::Bool(true) => out.extend(b"true"),
            Self::Bool(false) => out.extend(b"false"),
            Self::Integer(number) => out.extend(number.to_string().bytes()),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(object) => object.write(out),
        }
    }
}

/// Writes a string with the escapes of canonical JSON, which are the shortest there are.
fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a Vec takes all that is written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signed::Limits;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Result<String, SignedError> {
        let object = Object::parse(text.as_bytes(), &Limits::default())?;
        Ok(String::from_utf8(object.to_octets()).unwrap())
    }

    /// The examples of the Matrix specification's appendix.
    #[test]
    fn the_examples_of_the_specification() {
        let cases = [
            ("{}", "{}"),
            (r#"{"one": 1, "two": "Two"}"#, r#"{"one":1,"two":"Two"}"#),
            (r#"{"b": "2", "a": "1"}"#, r#"{"a":"1","b":"2"}"#),
            (r#"{"a": "日本語"}"#, r#"{"a":"日本語"}"#),
            (r#"{"本": 2, "日": 1}"#, r#"{"日":1,"本":2}"#),
            (r#"{"a": "\u65E5"}"#, r#"{"a":"日"}"#),
            (r#"{"a": null}"#, r#"{"a":null}"#),
            (r#"{"a": [1, {"c": true, "b": []}]}"#, r#"{"a":[1,{"b":[],"c":true}]}"#),
        ];
        for (given, expected) in cases {
            assert_eq!(canonical(given).unwrap(), expected);
        }
    }

    /// Any dependency may turn on a feature of `serde_json` for all. `preserve_order` would change the
    /// order of members in what others write by it, `arbitrary_precision` how numbers come.
    #[test]
    fn no_dependency_changes_what_serde_json_hands_out() {
        let value: serde_json::Value = serde_json::from_str(r#"{"b":1e0,"a":2}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":2,"b":1.0}"#, "preserve_order is on, or its like");
    }

    /// Here it would change nothing: the order is that of [`Object`].
    #[test]
    fn members_are_in_code_point_order_whatever_order_they_come_in() {
        // UTF-16 would put U+10000 (a surrogate pair, 0xd800…) before U+ffff.
        let mut members =
            ["\"\u{10000}\":0", "\"\u{ffff}\":9007199254740991", "\"a\":-9007199254740991"];
        let sorted = format!("{{{},{},{}}}", members[2], members[1], members[0]);
        for _ in 0..members.len() {
            members.rotate_left(1);
            assert_eq!(canonical(&format!("{{{}}}", members.join(","))).unwrap(), sorted);
        }
        let value: Object = [("b", Json::Null), ("a", Json::Null)].into_iter().collect();
        assert_eq!(value.to_octets(), br#"{"a":null,"b":null}"#);
    }

    #[test]
    fn escapes() {
        let written = "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\\\u0000\\u001f/\u{7f}\u{2028}\"}";
        let given = r#"{"a":"\u0008\u0009\u000A\u000c\r\u0022\u005C\u0000\u001F\/\u007f\u2028"}"#;
        assert_eq!(canonical(given).unwrap(), written);
        assert_eq!(canonical(written).unwrap(), written);
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        for bad in [
            r#"{"a":1.0}"#,
            r#"{"a":1e2}"#,
            r#"{"a":-0}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":-9007199254740992}"#,
            r#"{"a":18446744073709551616}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"\u0062":2}}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":01}"#,
            r#"{"a":1} x"#,
            r#"{"a":1,}"#,
            "[]",
            "1",
            "",
            "{\"a\":\"\n\"}",
        ] {
            assert!(canonical(bad).is_err(), "{bad}");
        }
        let said = canonical("{\"a\":1,\n\"a\":2}").unwrap_err().to_string();
        assert_eq!(said, "not canonical JSON: member \"a\" twice at line 2 column 3");
    }

    #[test]
    fn limits() {
        let nested = |depth: usize| format!("{}{}", "{\"a\":[".repeat(depth), "]}".repeat(depth));
        assert!(canonical(&nested(8)).is_ok());
        assert!(canonical(&nested(9)).is_err());
        assert!(canonical(&"{\"a\":".repeat(10_000)).is_err());
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(65_536));
        assert_eq!(canonical(&long), Err(SignedError::TooLong { length: 65_544, limit: 65_536 }));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Json::Integer),
            any::<String>().prop_map(Json::String),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                proptest::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Json::Object(Object(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in any_json()) {
            let object: Object = [("a", value)].into_iter().collect();
            let octets = object.to_octets();
            prop_assert_eq!(Object::parse(&octets, &Limits::default()), Ok(object));
        }

        #[test]
        fn any_octets_are_read_or_refused(octets: Vec<u8>, text in r#"[{}\[\]",:a-c0-9.\\ -]{0,40}"#) {
            let _ = Object::parse(&octets, &Limits::default());
            let _ = Object::parse(text.as_bytes(), &Limits::default());
        }
    }
}
