//! Root lists as JSON.

use std::collections::BTreeMap;

use super::{LIMITS, ListedRoot, RootList, RootListError, TYPE, Terms};
use crate::clock::Timestamp;
use crate::codec::Url;
use crate::crypto::PublicKey;
use crate::signed::{Json, KeyName, MAX_INTEGER, Object, Signatures, SignedError};
use crate::wire::rdata::{Ds, parse, to_text};
use crate::wire::{DigestType, Name, Rtype};

impl RootList {
    /// Reads a signed list in any JSON.
    ///
    /// # Errors
    /// Where a member is missing, malformed or one too many.
    pub fn from_json(octets: &[u8]) -> Result<Self, RootListError> {
        let mut object = Object::parse(octets, &LIMITS)?;
        let signatures = Signatures::from_json(&object.take("signatures")?)?;
        Self::read(object, signatures)
    }

    /// Reads a list that is being drawn up, whose signatures may be missing or empty.
    ///
    /// # Errors
    /// As for [`RootList::from_json`].
    pub fn from_draft(octets: &[u8]) -> Result<Self, RootListError> {
        let mut object = Object::parse(octets, &LIMITS)?;
        let signatures = match object.remove("signatures") {
            None => Signatures::default(),
            Some(Json::Object(none)) if none.is_empty() => Signatures::default(),
            Some(some) => Signatures::from_json(&some)?,
        };
        Self::read(object, signatures)
    }

    fn read(mut object: Object, signatures: Signatures) -> Result<Self, RootListError> {
        let terms = read_terms(&mut object)?;
        object.finish()?;
        Self::new(terms, signatures)
    }

    /// The canonical JSON, signatures included where there are any.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut object = to_object(self.terms());
        if !self.signatures().is_empty() {
            object.insert("signatures", self.signatures().to_json());
        }
        object.to_octets()
    }

    /// The octets that are signed.
    pub fn signed_octets(&self) -> Vec<u8> {
        to_object(self.terms()).to_octets()
    }
}

fn read_terms(object: &mut Object) -> Result<Terms, RootListError> {
    let kind = object.take_string("type")?;
    if kind != TYPE {
        return Err(RootListError::Type(kind));
    }
    let version = object.take_unsigned("version")?;
    let threshold = object.take_unsigned("threshold")?;
    let keys = read_keys(&object.take("keys")?)?;
    Ok(Terms {
        version: version.try_into().map_err(|_| RootListError::Version(version))?,
        expires: Timestamp::from_millis(object.take_unsigned("expires")?),
        threshold: threshold
            .try_into()
            .map_err(|_| RootListError::Threshold { threshold, keys: keys.len() })?,
        keys,
        roots: read_roots(object.take("roots")?)?,
    })
}

fn read_keys(json: &Json) -> Result<BTreeMap<KeyName, PublicKey>, RootListError> {
    let mut keys = BTreeMap::new();
    for (server, own) in json.members("keys")? {
        for (id, key) in own.members(server)? {
            let name = KeyName::new(server.parse()?, id.parse()?);
            let key = match key {
                Json::String(text) => text.parse().ok(),
                _ => None,
            };
            let key = key.ok_or_else(|| RootListError::PublicKey(name.clone()))?;
            keys.insert(name, key);
        }
    }
    Ok(keys)
}

fn read_roots(json: Json) -> Result<Vec<ListedRoot>, RootListError> {
    let roots = items("roots", json, "an array of objects")?;
    let roots = roots.into_iter().enumerate().map(|(at, root)| match root {
        Json::Object(object) => read_root(&format!("roots[{at}]"), object),
        _ => Err(member(&format!("roots[{at}]"), "an object")),
    });
    roots.collect()
}

/// Reads the root that stands at this place in the list.
fn read_root(at: &str, mut object: Object) -> Result<ListedRoot, RootListError> {
    let apex = "a domain name in lower case with a dot at its end";
    let server = "an IP address in its shortest form, without a port";
    let ds = "a DS record without owner and type: <tag> <algorithm> <digest type> <digest in \
              lower-case hex>";
    let publish = "https:// and a host, maybe with a port, and / (http:// for loopback alone)";
    let in_root = |cause| RootListError::In { at: at.to_owned(), cause };
    let place = |member: &str| format!("{at}.{member}");
    let mut take = |member| object.take(member).map_err(in_root);
    let root = ListedRoot {
        apex: value(&place("apex"), take("apex")?, apex, |text| text.parse().ok(), name_text)?,
        servers: values(&place("servers"), take("servers")?, |at, item| {
            value(at, item, server, |text| text.parse().ok(), ToString::to_string)
        })?,
        ds: values(&place("ds"), take("ds")?, |at, item| value(at, item, ds, read_ds, ds_text))?,
        publish: value(
            &place("publish"),
            take("publish")?,
            publish,
            |text| text.parse().ok().filter(is_for_publishing),
            ToString::to_string,
        )?,
    };
    object.finish().map_err(in_root)?;
    Ok(root)
}

/// Reads each item of an array by its place.
fn values<T>(
    at: &str,
    json: Json,
    read: impl Fn(&str, Json) -> Result<T, RootListError>,
) -> Result<Vec<T>, RootListError> {
    let items = items(at, json, "an array of strings")?.into_iter().enumerate();
    items.map(|(nth, item)| read(&format!("{at}[{nth}]"), item)).collect()
}

/// A value in a string, which is as it would be written here.
fn value<T>(
    at: &str,
    json: Json,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
    write: impl Fn(&T) -> String,
) -> Result<T, RootListError> {
    let Json::String(text) = json else { return Err(member(at, "a string")) };
    let value = read(&text).filter(|value| write(value) == text);
    value.ok_or_else(|| RootListError::Value { at: at.to_owned(), text, expected })
}

fn items(at: &str, json: Json, expected: &'static str) -> Result<Vec<Json>, RootListError> {
    match json {
        Json::Array(items) => Ok(items),
        _ => Err(member(at, expected)),
    }
}

fn member(at: &str, expected: &'static str) -> RootListError {
    SignedError::Member { name: at.to_owned(), expected }.into()
}

/// A DS record whose digest is as long as its type says, where that is known here.
fn read_ds(text: &str) -> Option<Ds> {
    let ds = Ds::parse(&parse(Rtype::DS, text).ok()?).ok()?;
    let length = match ds.digest_type {
        DigestType::SHA1 => 20,
        DigestType::SHA256 => 32,
        DigestType::SHA384 => 48,
        _ => ds.digest.len(),
    };
    (ds.digest.len() == length).then_some(ds)
}

fn is_for_publishing(url: &Url) -> bool {
    url.target() == "/" && (url.is_secure() || url.is_loopback())
}

fn ds_text(ds: &Ds) -> String {
    to_text(Rtype::DS, &ds.to_rdata())
}

fn name_text(name: &Name) -> String {
    name.to_lowercase().to_string()
}

fn to_object(terms: &Terms) -> Object {
    let mut keys: BTreeMap<&str, Object> = BTreeMap::new();
    for (name, key) in &terms.keys {
        let own = keys.entry(name.server.as_str()).or_default();
        own.insert(name.id.to_string(), key.to_string());
    }
    let keys: Object = keys.into_iter().collect();
    let expires = i64::try_from(terms.expires.as_millis()).unwrap_or(MAX_INTEGER);
    let members: [(&str, Json); 6] = [
        ("type", TYPE.into()),
        ("version", Json::Integer(terms.version.into())),
        ("expires", Json::Integer(expires)),
        ("keys", keys.into()),
        ("threshold", Json::Integer(terms.threshold.into())),
        ("roots", Json::Array(terms.roots.iter().map(root_object).collect())),
    ];
    members.into_iter().collect()
}

fn root_object(root: &ListedRoot) -> Json {
    let servers = root.servers.iter().map(|server| server.to_string().into()).collect();
    let members: [(&str, Json); 4] = [
        ("apex", name_text(&root.apex).into()),
        ("servers", Json::Array(servers)),
        ("ds", Json::Array(root.ds.iter().map(|ds| ds_text(ds).into()).collect())),
        ("publish", root.publish.to_string().into()),
    ];
    members.into_iter().collect::<Object>().into()
}
