//! JSON from octets, refused where it has no canonical form.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Json, MAX_INTEGER, Object, SignedError};

/// What is read of JSON from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in octets.
    pub octets: usize,
    /// How deep arrays and objects may stand in each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 65_536, depth: 16 }
    }
}

impl Object {
    /// Reads an object. Repeated members, fractions, integers out of range, and what goes beyond
    /// the limits are refused.
    ///
    /// # Errors
    /// [`SignedError::TooLong`] or [`SignedError::Json`].
    pub fn parse(octets: &[u8], limits: &Limits) -> Result<Self, SignedError> {
        if octets.len() > limits.octets {
            return Err(SignedError::TooLong { length: octets.len(), limit: limits.octets });
        }
        let malformed = |error: serde_json::Error| SignedError::Json(error.to_string());
        let mut deserializer = serde_json::Deserializer::from_slice(octets);
        let value = Node { depth: limits.depth }.deserialize(&mut deserializer);
        let value = value.map_err(malformed)?;
        deserializer.end().map_err(malformed)?;
        match value {
            Json::Object(object) => Ok(object),
            _ => Err(SignedError::Json("expected an object".to_owned())),
        }
    }
}

/// Reads one value, with `depth` levels of arrays and objects at most.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn below<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of canonical JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        if (-MAX_INTEGER..=MAX_INTEGER).contains(&value) {
            return Ok(Json::Integer(value));
        }
        Err(E::custom("integer out of range, expected at most 9007199254740991 on either side"))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Json, E> {
        Err(E::custom("number with a fraction or exponent, expected an integer"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let below = self.below()?;
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("member {name:?} twice")));
            }
            members.insert(name, map.next_value_seed(below)?);
        }
        Ok(Json::Object(Object(members)))
    }
}
