//! Entries as lines of JSON, to be read by other programs, by other versions, and by the server that a
//! part of a tree is delegated to.
//!
//! ```text
//! {"name":"3.2.1.0.…","statement":{…}}                 the signed statement, where its address is known
//! {"name":"…","rdata":"base64","signed_hash":"base64"} a statement whose address is not
//! {"mark":1700000000000,"name":"…"}                    a mark, in milliseconds since 1970
//! ```
//! A line may also be a signed statement alone, as anybody publishes it: then somebody has to say in which
//! tree it is. RRSIGs and numbers of changes are the store's own, and stay behind.

use thiserror::Error;

use super::check::is_named;
use super::{Change, Entry, Held, Snapshot, StoreError};
use crate::association::{AssociationError, Statement, Ts};
use crate::codec::{TextError, base64, from_base64};
use crate::crypto::sha256;
use crate::signed::{Json, Limits, Object, SignedError};
use crate::threepid::{Threepid, ThreepidError};
use crate::wire::{Name, NameError};

/// The longest line that is read, in octets. A statement in JSON has at most 8,192.
pub const MAX_LINE: usize = 10_240;

/// Lines are as deep as a statement, in an object.
const LIMITS: Limits = Limits { octets: MAX_LINE, depth: 17 };

/// Why a line of JSON is no change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    /// Not a line of any kind.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Its statement is none.
    #[error(transparent)]
    Association(#[from] AssociationError),
    /// Its name is none.
    #[error("bad name: {0}")]
    Name(#[from] NameError),
    /// Its identifier has no name in the tree.
    #[error(transparent)]
    Threepid(#[from] ThreepidError),
    /// What should be base64 is not.
    #[error("bad base64: {0}")]
    Base64(#[from] TextError),
    /// What should be a SHA-256 has another length.
    #[error("signed_hash: expected 32 octets")]
    HashLength,
    /// The name is another identifier's, or the hash is another statement's.
    #[error("the statement is not about this name")]
    OtherName,
    /// A statement alone, and nobody said in which tree.
    #[error("a statement without its name: in which tree it is has to be given")]
    NoTree,
}

impl Entry {
    /// The entry as a line of JSON, without its end. `snapshot` is what it was read from.
    ///
    /// # Errors
    /// Where the store is damaged.
    pub fn to_line(&self, snapshot: &Snapshot) -> Result<Vec<u8>, StoreError> {
        let mut line = Object::default();
        line.insert("name", self.name.to_string());
        match &self.held {
            Held::Mark(ts) => {
                let millis = i64::try_from(ts.as_millis()).expect("48 bits fit 63");
                line.insert("mark", Json::Integer(millis));
            }
            Held::Statement(kept) => match snapshot.identifier(&self.name)? {
                Some(threepid) => {
                    let octets = kept.statement()?.to_json(&threepid);
                    let statement = Object::parse(&octets, &LIMITS);
                    line.insert("statement", statement.expect("written by the same code"));
                }
                None => {
                    line.insert("rdata", base64(kept.rdata.octets()));
                    line.insert("signed_hash", base64(&kept.signed_hash));
                }
            },
        }
        Ok(line.to_octets())
    }
}

impl Change {
    /// Reads a line of JSON, without its end. A signed statement that stands alone is in the tree of
    /// `apex`.
    ///
    /// # Errors
    /// Where it is no line of any kind, or a statement alone and there is no `apex`.
    pub fn from_line(line: &[u8], apex: Option<&Name>) -> Result<Self, LineError> {
        let mut object = Object::parse(line, &LIMITS)?;
        if object.get("signatures").is_some() {
            let (threepid, statement) = Statement::from_json(line)?;
            let apex = apex.ok_or(LineError::NoTree)?;
            return Ok(Self::publish(apex, threepid, statement)?);
        }
        let name = object.take_string("name")?.parse()?;
        let change = match object.remove("statement") {
            Some(statement) => named(name, statement)?,
            None if object.get("mark").is_some() => {
                Self::mark(name, Ts::from_millis(object.take_unsigned("mark")?)?)
            }
            None => unnamed(name, &mut object)?,
        };
        object.finish()?;
        Ok(change)
    }
}

/// A statement beside its name.
fn named(name: Name, statement: Json) -> Result<Change, LineError> {
    let Json::Object(statement) = statement else {
        let (name, expected) = ("statement".to_owned(), "an object");
        return Err(SignedError::Member { name, expected }.into());
    };
    let (threepid, statement) = Statement::from_json(&statement.to_octets())?;
    if !is_named(&threepid, &name) {
        return Err(LineError::OtherName);
    }
    let signed_hash = sha256(&statement.claim().signed_octets(&threepid));
    Ok(Change { threepid: Some(threepid), ..Change::unnamed(name, statement, signed_hash) })
}

/// A statement about nobody knows whom.
fn unnamed(name: Name, object: &mut Object) -> Result<Change, LineError> {
    let rdata = from_base64(&object.take_string("rdata")?)?;
    let statement = Statement::from_rdata(&rdata)?;
    let hash = from_base64(&object.take_string("signed_hash")?)?;
    let hash: [u8; 32] = hash.try_into().map_err(|_| LineError::HashLength)?;
    let told = Threepid::told_by(&name);
    let right = told.map(|threepid| sha256(&statement.claim().signed_octets(&threepid)));
    if right.is_some_and(|right| right != hash) {
        return Err(LineError::OtherName);
    }
    Ok(Change::unnamed(name, statement, hash))
}
