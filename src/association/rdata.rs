//! Statements as record data.

use super::{
    Association, AssociationError, Claim, Extra, MAX_RDATA, MAX_SIGNATURES, Statement, Ts,
    Withdrawal,
};
use crate::codec::Reader;
use crate::signed::{KeyId, KeyName, Signatures};
use crate::wire::Rdata;

/// The version of the format.
const VERSION: u8 = 1;

/// The flag bits.
mod flag {
    pub(super) const NOT_BEFORE: u8 = 1;
    pub(super) const NOT_AFTER: u8 = 2;
    pub(super) const EXTRA: u8 = 4;
    pub(super) const WITHDRAWN: u8 = 8;
    pub(super) const ALL: u8 = NOT_BEFORE | NOT_AFTER | EXTRA | WITHDRAWN;
}

fn malformed(at: usize, expected: &'static str) -> AssociationError {
    AssociationError::Malformed { at, expected }
}

impl Statement {
    /// Reads record data.
    ///
    /// # Errors
    /// Where the octets are not exactly what [`Statement::to_rdata`] would have written.
    pub fn from_rdata(octets: &[u8]) -> Result<Self, AssociationError> {
        if octets.len() > MAX_RDATA {
            return Err(AssociationError::TooLong(octets.len()));
        }
        let mut reader = Reader::new(octets);
        if reader.u8()? != VERSION {
            return Err(malformed(0, "version 1"));
        }
        let flags = reader.u8()?;
        let (claim, signatures) = if flags == flag::WITHDRAWN {
            let ts = read_ts(&mut reader)?;
            if !reader.prefixed()?.is_empty() {
                return Err(malformed(8, "no mxid in a withdrawal"));
            }
            (Claim::from(Withdrawal { ts }), read_signatures(&mut reader)?)
        } else if flags & flag::ALL == flags && flags & flag::WITHDRAWN == 0 {
            read_association(flags, &mut reader)?
        } else {
            return Err(malformed(1, "flags 1, 2 and 4, or 8 alone"));
        };
        reader.finish()?;
        Self::new(claim, signatures)
    }

    /// Writes record data.
    pub fn to_rdata(&self) -> Rdata {
        Rdata::new(self.to_octets()).expect("a statement has at most 1024 octets")
    }

    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut out = vec![VERSION, 0];
        push_ts(self.claim().ts(), &mut out);
        match self.claim() {
            Claim::Withdrawal(_) => {
                out[1] = flag::WITHDRAWN;
                out.push(0);
                push_signatures(self.signatures(), &mut out);
            }
            Claim::Association(association) => {
                out[1] = push_association(association, self.signatures(), &mut out);
            }
        }
        out
    }
}

fn read_association(
    flags: u8,
    reader: &mut Reader<'_>,
) -> Result<(Claim, Signatures), AssociationError> {
    let ts = read_ts(reader)?;
    let not_before = match flags & flag::NOT_BEFORE {
        0 => ts,
        _ => read_other_ts(reader, Some(ts), "a not_before other than ts")?,
    };
    let not_after = match flags & flag::NOT_AFTER {
        0 => ts.default_end()?,
        _ => read_other_ts(reader, ts.default_end().ok(), "a not_after other than the default")?,
    };
    let at = reader.position();
    let mxid = std::str::from_utf8(reader.prefixed()?).map_err(|_| malformed(at, "UTF-8"))?;
    let mxid = mxid.parse()?;
    let signatures = read_signatures(reader)?;
    let extra = match flags & flag::EXTRA {
        0 => Extra::default(),
        _ => read_extra(reader)?,
    };
    let association = Association { mxid, ts, not_before, not_after, extra };
    Ok((association.into(), signatures))
}

fn push_association(association: &Association, signatures: &Signatures, out: &mut Vec<u8>) -> u8 {
    let mut flags = 0;
    if association.not_before != association.ts {
        flags |= flag::NOT_BEFORE;
        push_ts(association.not_before, out);
    }
    if association.ts.default_end() != Ok(association.not_after) {
        flags |= flag::NOT_AFTER;
        push_ts(association.not_after, out);
    }
    push_prefixed(association.mxid.as_str(), out);
    push_signatures(signatures, out);
    if !association.extra.is_empty() {
        flags |= flag::EXTRA;
        let octets = association.extra.members().to_octets();
        // What does not fit 16 bits does not fit a statement either: its length tells.
        out.extend(u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(octets);
    }
    flags
}

fn read_ts(reader: &mut Reader<'_>) -> Result<Ts, AssociationError> {
    Ts::from_millis(reader.u48()?)
}

fn push_ts(ts: Ts, out: &mut Vec<u8>) {
    out.extend_from_slice(&ts.as_millis().to_be_bytes()[2..]);
}

/// Reads a time that would have been left out were it `default`.
fn read_other_ts(
    reader: &mut Reader<'_>,
    default: Option<Ts>,
    expected: &'static str,
) -> Result<Ts, AssociationError> {
    let at = reader.position();
    let ts = read_ts(reader)?;
    if Some(ts) == default { Err(malformed(at, expected)) } else { Ok(ts) }
}

fn read_signatures(reader: &mut Reader<'_>) -> Result<Signatures, AssociationError> {
    let at = reader.position();
    let count = reader.u8()?;
    if !(1..=MAX_SIGNATURES).contains(&usize::from(count)) {
        return Err(malformed(at, "1 to 8 signatures"));
    }
    let mut signatures = Signatures::default();
    for _ in 0..count {
        let at = reader.position();
        let key = read_key_name(reader)?;
        if signatures.iter().next_back().is_some_and(|(last, _)| *last >= key) {
            return Err(malformed(at, "signatures in ascending order of their keys"));
        }
        signatures.insert(key, reader.array()?);
    }
    Ok(signatures)
}

fn read_key_name(reader: &mut Reader<'_>) -> Result<KeyName, AssociationError> {
    let at = reader.position();
    let server = std::str::from_utf8(reader.prefixed()?);
    let server = server.map_err(|_| malformed(at, "a server name"))?;
    let at = reader.position();
    let version = std::str::from_utf8(reader.prefixed()?);
    let version = version.map_err(|_| malformed(at, "a key id"))?;
    Ok(KeyName::new(server.parse()?, KeyId::from_version(version)?))
}

fn push_signatures(signatures: &Signatures, out: &mut Vec<u8>) {
    out.push(u8::try_from(signatures.len()).expect("a statement has at most 8 signatures"));
    for (key, signature) in signatures.iter() {
        push_prefixed(key.server.as_str(), out);
        push_prefixed(key.id.version(), out);
        out.extend_from_slice(signature);
    }
}

fn push_prefixed(text: &str, out: &mut Vec<u8>) {
    out.push(u8::try_from(text.len()).expect("names have at most 255 octets"));
    out.extend_from_slice(text.as_bytes());
}

fn read_extra(reader: &mut Reader<'_>) -> Result<Extra, AssociationError> {
    let length = usize::from(reader.u16()?);
    let at = reader.position();
    let octets = reader.take(length)?;
    let extra = Extra::parse(octets)?;
    if extra.is_empty() || extra.members().to_octets() != octets {
        return Err(malformed(at, "a canonical JSON object that is not empty"));
    }
    Ok(extra)
}
