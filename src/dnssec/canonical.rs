//! The canonical form of an RRset, and the octets that are signed (RFC 4034 sections 3.1.8.1 and 6).

use std::cmp::Ordering;

use crate::wire::rdata::{self, Rrsig};
use crate::wire::{Name, Rdata, Rrset};

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
        Ordering::Greater => None,
        Ordering::Equal => Some(owner.to_lowercase()),
        Ordering::Less => {
            let encloser = owner.suffix(labels.into()).to_lowercase();
            Some(encloser.wildcard().expect("a wildcard is no longer than what it expands to"))
        }
    }
}

/// The records' data in canonical form and order, each once (RFC 4034 sections 6.2 and 6.3).
fn sorted_rdata(rrset: &Rrset) -> Vec<Rdata> {
    let canonical = |rdata| rdata::canonical(rrset.rtype, rdata);
    let mut rdata: Vec<Rdata> = rrset.rdata.iter().map(canonical).collect();
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
    let sorted = sorted_rdata(rrset);
    octets.reserve(sorted.iter().map(|rdata| head.len() + 2 + rdata.octets().len()).sum());
    for rdata in sorted {
        octets.extend_from_slice(&head);
        octets.extend(rdata.length().to_be_bytes());
        octets.extend_from_slice(rdata.octets());
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::hex;
    use crate::wire::{Algorithm, Class, Rtype, Ttl};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_signed_owner_follows_the_labels() {
        let signed = |owner, labels| signed_owner(&name(owner), labels).map(|n| n.to_string());
        assert_eq!(signed("A.b.Example", 3).as_deref(), Some("a.b.example."));
        assert_eq!(signed("A.b.Example", 1).as_deref(), Some("*.example."));
        assert_eq!(signed("A.b.Example", 4), None);
        assert_eq!(signed("*.Example", 1).as_deref(), Some("*.example."));
        assert_eq!(signed("*.Example", 2), None);
        assert_eq!(signed("a", 0).as_deref(), Some("*."));
        assert_eq!(signed(".", 0).as_deref(), Some("."));
    }

    #[test]
    fn signed_octets_are_sorted_lowered_and_unique() {
        let mx = |text: &str| {
            let exchange = [&[0, 10], name(text).as_wire()].concat();
            Rdata::new(exchange).unwrap()
        };
        let rrset = Rrset {
            name: name("X.E"),
            rtype: Rtype::MX,
            class: Class::IN,
            ttl: Ttl::from_secs(5),
            rdata: vec![mx("bb"), mx("C"), mx("BB"), mx("a")],
        };
        let rrsig = Rrsig {
            type_covered: Rtype::MX,
            algorithm: Algorithm::ED25519,
            labels: 1,
            original_ttl: Ttl::from_secs(300),
            expiration: 2,
            inception: 1,
            key_tag: 7,
            signer: name("E"),
            signature: vec![9; 64],
        };
        let owner =
            "012a 0165 00".replace(' ', "") + "000f 0001 0000012c".replace(' ', "").as_str();
        let record = |rdata: &str| format!("{owner}{}", rdata.replace(' ', ""));
        let expected = [
            "000f0f010000012c000000020000000100070165".to_owned() + "00",
            record("0005 000a 016100"),
            record("0005 000a 016300"),
            record("0006 000a 02626200"),
        ];
        assert_eq!(hex(&signed_octets(&rrset, &rrsig).unwrap()), expected.concat());
    }
}
