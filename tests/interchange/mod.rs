//! What others agree on: the vectors that Matrix's own libraries made, and signatures that ruma checks.

#![expect(clippy::unwrap_used, reason = "what is not as the vectors say fails the test")]

mod ruma;
mod vectors;

use serde_json::{Map, Value};
use threepid::crypto::SigningKey;
use threepid::signed::KeyName;

/// An object that is taken apart: what nobody took is told in the end.
struct Parts {
    path: String,
    rest: Map<String, Value>,
}

impl Parts {
    /// The vectors.
    fn vectors() -> Self {
        let text = include_str!("../vectors/interchange.json");
        Self::of(String::new(), serde_json::from_str(text).expect("the vectors are JSON"))
    }

    fn of(path: String, value: Value) -> Self {
        match value {
            Value::Object(rest) => Self { path, rest },
            other => panic!("{path}: an object expected, not {other}"),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.rest.contains_key(name)
    }

    fn take(&mut self, name: &str) -> Value {
        let missing = || panic!("{}/{name} is missing", self.path);
        self.rest.remove(name).unwrap_or_else(missing)
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name).as_str().expect("a string").to_owned()
    }

    fn hex(&mut self, name: &str) -> Vec<u8> {
        threepid::codec::from_hex(&self.text(name)).expect("hex")
    }

    fn object(&mut self, name: &str) -> Self {
        Self::of(format!("{}/{name}", self.path), self.take(name))
    }

    /// The objects of a list, one at least.
    fn objects(&mut self, name: &str) -> Vec<Self> {
        let path = format!("{}/{name}", self.path);
        let Value::Array(items) = self.take(name) else { panic!("{path}: a list expected") };
        assert!(!items.is_empty(), "{path} is empty");
        let numbered = items.into_iter().enumerate();
        numbered.map(|(at, item)| Self::of(format!("{path}/{at}"), item)).collect()
    }

    /// Nothing may be left: it would be covered by no test.
    fn done(self) {
        let left: Vec<&String> = self.rest.keys().collect();
        assert!(left.is_empty(), "{}: no test looks at {left:?}", self.path);
    }
}

/// The keys of the vectors.
struct Keys(Vec<(KeyName, SigningKey)>);

impl Keys {
    fn take(vectors: &mut Parts) -> Self {
        let read = |mut key: Parts| {
            let server = key.text("server_name").parse().expect("a server name");
            let name = KeyName::new(server, key.text("key_id").parse().expect("a key id"));
            let seed = threepid::codec::from_base64_unpadded(&key.text("seed")).expect("base64");
            let secret = SigningKey::from_seed(&seed.try_into().expect("32 octets"));
            assert_eq!(secret.public().to_string(), key.text("public_key"));
            key.done();
            (name, secret)
        };
        Self(vectors.objects("keys").into_iter().map(read).collect())
    }

    fn get(&self, name: &KeyName) -> &SigningKey {
        let key = self.0.iter().find(|(own, _)| own == name);
        &key.unwrap_or_else(|| panic!("no key {name} in the vectors")).1
    }

    /// The key of a server that has one.
    fn of_server(&self, server: &str) -> &KeyName {
        let key = self.0.iter().find(|(name, _)| name.server.as_str() == server);
        &key.unwrap_or_else(|| panic!("no key of {server} in the vectors")).0
    }
}
