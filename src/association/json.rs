//! Statements as JSON.

use super::{Association, AssociationError, Claim, Extra, Statement, Ts, Withdrawal};
use crate::signed::{Json, Limits, Object, Signatures, SignedError};
use crate::threepid::Threepid;

/// What is read of a statement in JSON. Record data is the tighter limit.
const LIMITS: Limits = Limits { octets: 8192, depth: 16 };

impl Claim {
    /// Reads an association or withdrawal without its signatures, and the identifier it is about.
    ///
    /// # Errors
    /// Where a member is missing or malformed, or the address is not in its normal form.
    pub fn from_json(octets: &[u8]) -> Result<(Threepid, Self), AssociationError> {
        read_claim(Object::parse(octets, &LIMITS)?)
    }
}

impl Statement {
    /// Reads a signed association or withdrawal, and the identifier it is about.
    ///
    /// # Errors
    /// Where a member is missing or malformed, or the address is not in its normal form.
    pub fn from_json(octets: &[u8]) -> Result<(Threepid, Self), AssociationError> {
        let mut object = Object::parse(octets, &LIMITS)?;
        let signatures = Signatures::from_json(&object.take("signatures")?)?;
        let (threepid, claim) = read_claim(object)?;
        Ok((threepid, Self::new(claim, signatures)?))
    }

    /// Writes the signed association or withdrawal about `threepid`, in canonical form.
    pub fn to_json(&self, threepid: &Threepid) -> Vec<u8> {
        let mut object = self.claim().to_object(threepid);
        object.insert("signatures", self.signatures().to_json());
        object.to_octets()
    }
}

fn read_claim(mut object: Object) -> Result<(Threepid, Claim), AssociationError> {
    let medium = object.take_string("medium")?.parse()?;
    let threepid = Threepid::from_normal(medium, &object.take_string("address")?)?;
    let ts = take_ts(&mut object, "ts")?;
    let claim = match object.take("mxid")? {
        Json::Null => {
            object.finish()?;
            Withdrawal { ts }.into()
        }
        Json::String(mxid) => read_association(ts, &mxid, object)?,
        _ => {
            let (name, expected) = ("mxid".to_owned(), "a string or null");
            return Err(SignedError::Member { name, expected }.into());
        }
    };
    Ok((threepid, claim))
}

fn read_association(ts: Ts, mxid: &str, mut rest: Object) -> Result<Claim, AssociationError> {
    let not_before = take_ts(&mut rest, "not_before")?;
    let not_after = take_ts(&mut rest, "not_after")?;
    // What is not signed is not kept.
    rest.remove("unsigned");
    let extra = Extra::new(rest)?;
    Ok(Association { mxid: mxid.parse()?, ts, not_before, not_after, extra }.into())
}

fn take_ts(object: &mut Object, name: &'static str) -> Result<Ts, AssociationError> {
    Ts::from_millis(object.take_unsigned(name)?)
}
