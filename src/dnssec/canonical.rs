//! The canonical form of an RRset, and the octets that are signed (RFC 4034 sections 3.1.8.1 and 6).

use crate::wire::{Name, Rdata, Rrset, rdata::Rrsig};

/// The value of the RRSIG labels field for `owner`: its labels, a leading `*` not counted
/// (RFC 4034 section 3.1.3).
pub fn labels(owner: &Name) -> u8 {
    let count = owner.label_count() - usize::from(owner.is_wildcard());
    u8::try_from(count).expect("a name has 127 labels at most")
}

/// The name that was signed, in lower case: the owner, or the wildcard that it was expanded from
/// (RFC 4035 section 5.3.2). None where `labels` is more than the owner has.
pub fn signed_owner(owner: &Name, labels: u8) -> Option<Name> {
    let own = self::labels(owner);
    match labels.cmp(&own) {
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => Some(owner.to_lowercase()),
        std::cmp::Ordering::Less => {
            let encloser = owner.suffix(labels.into()).to_lowercase();
            Some(encloser.wildcard().expect("a wildcard is no longer than what it expands to"))
        }
    }
}

/// The records' data in canonical form and order, each once (RFC 4034 sections 6.2 and 6.3).
pub fn rdata(rrset: &Rrset) -> Vec<Rdata> {
    let mut rdata = rrset.rdata.clone();
    rdata.sort_unstable();
    rdata.dedup();
    rdata
}

/// The octets that `rrsig` signs (RFC 4034 section 3.1.8.1). None where its labels field is more
/// than the owner has.
pub fn signed_octets(rrset: &Rrset, rrsig: &Rrsig) -> Option<Vec<u8>> {
    let mut head = signed_owner(&rrset.name, rrsig.labels)?.as_wire().to_vec();
    head.extend(rrset.rtype.0.to_be_bytes());
    head.extend(rrset.class.0.to_be_bytes());
    head.extend(rrsig.original_ttl.as_secs().to_be_bytes());
    let mut octets = rrsig.signed_prefix();
    for rdata in rdata(rrset) {
        octets.extend_from_slice(&head);
        octets.extend(rdata.length().to_be_bytes());
        octets.extend_from_slice(rdata.octets());
    }
    Some(octets)
}
