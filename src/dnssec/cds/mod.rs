//! What a child asks its parent to publish: CDS and CDNSKEY (RFC 7344, RFC 8078).
//!
//! [`judge`] says what becomes of the parent's DS set. A wish counts where a key that the parent vouches
//! for today has signed it, where both types say the same, and where the child's keys as they are served
//! now are proved by what is wished for, each algorithm of it: else the child would be lost.

mod taken;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use thiserror::Error;

use super::algorithm::supports_digest;
use super::{
    Algorithms, Effort, Limits, SignatureError, SupportedDs, TrustedKeys, Unsupported, digest_fits,
    ds_matches, sha256_ds, verify,
};
use crate::clock::Timestamp;
use crate::codec::date;
use crate::wire::rdata::{Dnskey, Ds, Rrsig};
use crate::wire::{Algorithm, DigestType, Name, Rrset, Rtype, Serial};

pub use taken::{Taken, TakenError};

/// How many records a wish may have: those of three keys by two digests fit, and more serve nobody.
const MAX_RECORDS: usize = 8;

/// How many signatures of a set are looked at.
const MAX_SIGNATURES: usize = 8;

/// A set with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The set.
    pub rrset: Rrset,
    /// Its signatures.
    pub rrsigs: Vec<Rrsig>,
}

/// A child's records, as they are served, and what its parent publishes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The child zone.
    pub zone: Name,
    /// The parent's DS set.
    pub ds: Vec<Ds>,
    /// The child's CDS set.
    pub cds: Option<Signed>,
    /// The child's CDNSKEY set.
    pub cdnskey: Option<Signed>,
    /// The child's keys.
    pub dnskey: Option<Signed>,
}

/// What becomes of the parent's DS set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The child asks for nothing.
    Silent,
    /// It asks for what is there.
    Unchanged,
    /// It asks for another set.
    Change(Wish),
}

/// Another DS set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The set; empty where the child is to be unsigned (RFC 8078 section 4).
    pub ds: Vec<Ds>,
    /// What the child asked for besides, which is not used here.
    pub left_out: Vec<Ds>,
    /// When the signature starts to hold that proves the wish, in seconds as a serial number.
    pub inception: Serial,
}

/// Why a wish is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CdsError {
    /// The parent does not vouch for any key, and nothing proves the wish.
    #[error("the child is not signed: nothing proves that it asks for this")]
    Unproved,
    /// The parent vouches for keys that cannot be used here.
    #[error("nothing proves that the child asks for this: {0}")]
    Unsupported(Unsupported),
    /// There is no key to prove anything with.
    #[error("the child serves no DNSKEY records")]
    NoKeys,
    /// The keys are not those that the parent vouches for.
    #[error("the child's keys are not proved by its DS: {0}")]
    Keys(SignatureError),
    /// The set is not signed by a key that the parent vouches for (RFC 7344 section 4.1).
    #[error("the {0} records are not signed by a key that a DS stands for: {1}")]
    Signature(Rtype, SignatureError),
    /// A record is no CDS or CDNSKEY of a zone key.
    #[error("a malformed {0} record")]
    Malformed(Rtype),
    /// There are too many.
    #[error("{1} {0} records, at most {MAX_RECORDS} are taken")]
    TooMany(Rtype, usize),
    /// The wish to be unsigned stands beside others (RFC 8078 section 4).
    #[error("the child asks to be unsigned, and for keys, at once")]
    Mixed,
    /// Both types are there, and do not say the same (RFC 7344 section 4).
    #[error("the CDS and the CDNSKEY records do not say the same")]
    Inconsistent,
    /// Nothing of it can be used.
    #[error("of what the child asks for, nothing can be used: {0}")]
    Unusable(Unsupported),
    /// The child would be lost (RFC 7344 section 4.1).
    #[error("with these DS records the child's keys as served now would not verify: {0}: {1}")]
    Breaks(Algorithm, SignatureError),
    /// An older wish than the one granted last (RFC 7344 section 6.2).
    #[error(
        "an older wish than the one taken last: signed {}, that one {}",
        moment(*inception),
        moment(*taken)
    )]
    Replayed {
        /// When its signature starts to hold.
        inception: Serial,
        /// When that of the last one did.
        taken: Serial,
    },
}

/// A moment of a RRSIG, of this turn of the clock.
fn moment(secs: Serial) -> String {
    date(u64::from(secs.0))
}

/// What the parent of `child` is to do. `taken` is when the signature of the wish granted last starts to
/// hold. Where the parent vouches for no key, the wish is believed as it came if `believe` says so: who
/// asks has to know in another way that it came from the child (RFC 8078 section 3).
///
/// # Errors
/// Why the wish is not granted.
pub fn judge(
    child: &Child,
    taken: Option<Serial>,
    believe: bool,
    now: Timestamp,
) -> Result<Verdict, CdsError> {
    let cds = child.cds.as_ref().map(cds_of).transpose()?;
    let cdnskey = child.cdnskey.as_ref().map(cdnskey_of).transpose()?;
    let Some(Wished { ds, left_out }) = wished(&child.zone, cds, cdnskey)? else {
        return Ok(Verdict::Silent);
    };
    if is_same(&ds, &child.ds) {
        return Ok(Verdict::Unchanged);
    }
    let entry = match (child.ds.is_empty(), believe) {
        (false, _) => SupportedDs::select(&child.ds, Algorithms::default()),
        (true, true) => SupportedDs::select(&ds, Algorithms::default()),
        (true, false) => return Err(CdsError::Unproved),
    };
    let entry = entry.map_err(CdsError::Unsupported)?;
    let dnskey = child.dnskey.as_ref().ok_or(CdsError::NoKeys)?;
    let keys = prove(&entry, dnskey, now).map_err(CdsError::Keys)?;
    let mut inception = None;
    for set in child.cds.iter().chain(&child.cdnskey) {
        let one = signed_since(set, &keys, &entry, now)?;
        inception = inception.filter(|other| !is_later(*other, one)).or(Some(one));
    }
    check_continuity(&ds, dnskey, now)?;
    let inception = inception.ok_or(CdsError::Unproved)?;
    match taken.filter(|taken| is_later(*taken, inception)) {
        Some(taken) => Err(CdsError::Replayed { inception, taken }),
        None => Ok(Verdict::Change(Wish { ds, left_out, inception })),
    }
}

/// What a set of one type asks for.
enum Asked<T> {
    /// Nothing at all (RFC 8078 section 4).
    Unsigned,
    These(Vec<T>),
}

fn cds_of(set: &Signed) -> Result<Asked<Ds>, CdsError> {
    let rtype = Rtype::CDS;
    let read = |rdata: &_| Ds::parse(rdata).ok().filter(digest_fits);
    let is_none = |ds: &Ds| ds.algorithm == Algorithm(0);
    let none =
        Ds { key_tag: 0, algorithm: Algorithm(0), digest_type: DigestType(0), digest: vec![0] };
    asked(set, rtype, read, is_none, &none)
}

fn cdnskey_of(set: &Signed) -> Result<Asked<Dnskey>, CdsError> {
    let rtype = Rtype::CDNSKEY;
    let read = |rdata: &_| Dnskey::parse(rdata).ok();
    let is_none = |key: &Dnskey| key.algorithm == Algorithm(0);
    let none = Dnskey { flags: 0, protocol: 3, algorithm: Algorithm(0), public_key: vec![0] };
    asked(set, rtype, read, is_none, &none)
}

fn asked<T: PartialEq>(
    set: &Signed,
    rtype: Rtype,
    read: impl Fn(&crate::wire::Rdata) -> Option<T>,
    is_none: impl Fn(&T) -> bool,
    none: &T,
) -> Result<Asked<T>, CdsError> {
    let records = &set.rrset.rdata;
    if records.len() > MAX_RECORDS {
        return Err(CdsError::TooMany(rtype, records.len()));
    }
    let read: Option<Vec<T>> = records.iter().map(read).collect();
    let read = read.ok_or(CdsError::Malformed(rtype))?;
    match read.as_slice() {
        [one] if one == none => Ok(Asked::Unsigned),
        [one] if is_none(one) => Err(CdsError::Malformed(rtype)),
        several if several.iter().any(&is_none) => Err(CdsError::Mixed),
        _ => Ok(Asked::These(read)),
    }
}

/// The DS set that is asked for, and what of it is left out.
#[derive(Default)]
struct Wished {
    ds: Vec<Ds>,
    left_out: Vec<Ds>,
}

/// What is asked for, if anything is.
fn wished(
    zone: &Name,
    cds: Option<Asked<Ds>>,
    cdnskey: Option<Asked<Dnskey>>,
) -> Result<Option<Wished>, CdsError> {
    let ds = match (cds, cdnskey) {
        (None, None) => return Ok(None),
        (Some(Asked::Unsigned), None | Some(Asked::Unsigned)) | (None, Some(Asked::Unsigned)) => {
            return Ok(Some(Wished::default()));
        }
        (Some(Asked::Unsigned), _) | (_, Some(Asked::Unsigned)) => {
            return Err(CdsError::Inconsistent);
        }
        (Some(Asked::These(ds)), None) => ds,
        (Some(Asked::These(ds)), Some(Asked::These(keys))) if agree(zone, &ds, &keys) => ds,
        (Some(Asked::These(_)), Some(Asked::These(_))) => return Err(CdsError::Inconsistent),
        (None, Some(Asked::These(keys))) => keys.iter().map(|key| sha256_ds(zone, key)).collect(),
    };
    let is_usable = |ds: &Ds| {
        Algorithms::default().supports(ds.algorithm)
            && supports_digest(ds.digest_type)
            && ds.digest_type != DigestType::SHA1
    };
    let (ds, left_out): (Vec<Ds>, Vec<Ds>) = ds.into_iter().partition(is_usable);
    if ds.is_empty() {
        let why = SupportedDs::select(&left_out, Algorithms::default()).err();
        return Err(CdsError::Unusable(why.unwrap_or(Unsupported::Digest)));
    }
    Ok(Some(Wished { ds, left_out }))
}

/// Whether each CDS stands for one of the keys, and each key has a CDS.
fn agree(zone: &Name, ds: &[Ds], keys: &[Dnskey]) -> bool {
    let stands_for = |ds: &Ds, key: &Dnskey| match supports_digest(ds.digest_type) {
        true => ds_matches(ds, zone, key),
        false => ds.algorithm == key.algorithm && ds.key_tag == key.key_tag(),
    };
    ds.iter().all(|ds| keys.iter().any(|key| stands_for(ds, key)))
        && keys.iter().all(|key| ds.iter().any(|ds| stands_for(ds, key)))
}

fn is_same(one: &[Ds], other: &[Ds]) -> bool {
    one.iter().all(|ds| other.contains(ds)) && other.iter().all(|ds| one.contains(ds))
}

fn is_later(one: Serial, other: Serial) -> bool {
    one.partial_cmp(&other) == Some(Ordering::Greater)
}

/// The child's keys, as far as `ds` proves them.
fn prove(ds: &SupportedDs, dnskey: &Signed, now: Timestamp) -> Result<TrustedKeys, SignatureError> {
    let mut effort = Effort::new(Limits::default());
    TrustedKeys::establish(ds, &dnskey.rrset, &dnskey.rrsigs, now, &mut effort)
}

/// Since when a set is signed by a key that a DS stands for: what is proved last counts.
fn signed_since(
    set: &Signed,
    keys: &TrustedKeys,
    entry: &SupportedDs,
    now: Timestamp,
) -> Result<Serial, CdsError> {
    let rtype = set.rrset.rtype;
    let mut error = SignatureError::Missing;
    let mut since: Option<Serial> = None;
    for rrsig in set.rrsigs.iter().take(MAX_SIGNATURES) {
        let is_entry =
            |key: &Dnskey| entry.records().iter().any(|ds| ds_matches(ds, keys.zone(), key));
        let alike = keys.keys().filter(|(tag, key)| {
            *tag == rrsig.key_tag && key.algorithm == rrsig.algorithm && is_entry(key)
        });
        for (_, key) in alike {
            match verify(&set.rrset, rrsig, key, now) {
                Ok(_) => {
                    let one = Serial(rrsig.inception);
                    since = since.filter(|other| is_later(*other, one)).or(Some(one));
                }
                Err(cause) => error = error.max(cause),
            }
        }
    }
    since.ok_or(CdsError::Signature(rtype, error))
}

/// That the child's keys are proved by these DS records too, by those of each algorithm.
fn check_continuity(ds: &[Ds], dnskey: &Signed, now: Timestamp) -> Result<(), CdsError> {
    let algorithms: BTreeSet<Algorithm> = ds.iter().map(|ds| ds.algorithm).collect();
    for algorithm in algorithms {
        let of: Vec<Ds> = ds.iter().filter(|ds| ds.algorithm == algorithm).cloned().collect();
        let chosen = SupportedDs::select(&of, Algorithms::default());
        let chosen = chosen.map_err(CdsError::Unusable)?;
        prove(&chosen, dnskey, now).map_err(|error| CdsError::Breaks(algorithm, error))?;
    }
    Ok(())
}
