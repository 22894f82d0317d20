//! Building compact denials of existence (RFC 9824): each is one NSEC at the name asked for, made for
//! this question and signed online, so that a zone cannot be walked.
//!
//! The next name is the successor of RFC 4471 section 3.1.2, so close that no name lies between.

use crate::wire::rdata::{Nsec, TypeBitmap};
use crate::wire::{MAX_LABEL, MAX_NAME, Name, Rrset, Rtype, Ttl};

/// Denies every type at `name` but `types`; with none it is an empty non-terminal's
/// (RFC 9824 section 3.2). NSEC and RRSIG are added.
pub fn no_data(
    name: &Name,
    apex: &Name,
    types: impl IntoIterator<Item = Rtype>,
    ttl: Ttl,
) -> Rrset {
    nsec(name, successor(name, apex), types, ttl)
}

/// Denies that `name` exists (RFC 9824 section 3.1).
pub fn name_error(name: &Name, apex: &Name, ttl: Ttl) -> Rrset {
    nsec(name, successor(name, apex), [Rtype::NXNAME], ttl)
}

/// Denies a DS at the delegation `cut` (RFC 9824 section 3.4). The next name lies behind everything
/// below the cut: there are validators that take a name directly below it as a sign that the
/// parent knows what is there.
pub fn no_ds(cut: &Name, apex: &Name, ttl: Ttl) -> Rrset {
    nsec(cut, successor_of_tree(cut, apex), [Rtype::NS], ttl)
}

/// The NSEC set at `owner`. Both names in lower case: validators disagree on the case of the next
/// one in the signed form (RFC 6840 section 5.1).
fn nsec(owner: &Name, next: Name, types: impl IntoIterator<Item = Rtype>, ttl: Ttl) -> Rrset {
    let types: TypeBitmap = types.into_iter().chain([Rtype::NSEC, Rtype::RRSIG]).collect();
    Rrset::single(owner.to_lowercase(), Rtype::NSEC, ttl, Nsec { next, types }.to_rdata())
}

/// The least name that sorts behind `name` in the zone at `apex`; the apex behind the last one.
pub fn successor(name: &Name, apex: &Name) -> Name {
    if name.as_wire().len() + 2 <= MAX_NAME {
        return name.to_lowercase().prepend(&[0]).expect("the name has room for two octets");
    }
    successor_of_tree(name, apex)
}

/// The least name that sorts behind `name` and all that is below it in the zone at `apex`; the apex
/// where there is none.
pub fn successor_of_tree(name: &Name, apex: &Name) -> Name {
    let name = name.to_lowercase();
    name.ancestors()
        .take_while(|name| name.is_below(apex))
        .find_map(|name| next_sibling(&name))
        .unwrap_or_else(|| apex.to_lowercase())
}

/// The name with the least greater first label; none where that label has only the greatest octets
/// and no room for another.
fn next_sibling(name: &Name) -> Option<Name> {
    let mut label = name.labels().next()?.to_vec();
    if label.len() < MAX_LABEL && name.as_wire().len() < MAX_NAME {
        label.push(0);
    } else {
        let last = label.iter().rposition(|&octet| octet != u8::MAX)?;
        label.truncate(last + 1);
        label[last] = next_octet(label[last]);
    }
    Some(name.parent()?.prepend(&label).expect("the label and the name have room"))
}

/// The octet that sorts behind one below 255. Upper case sorts as lower case, so it is left out.
fn next_octet(octet: u8) -> u8 {
    if octet == b'@' { b'[' } else { octet + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn denied(rrset: &Rrset) -> (String, String, Vec<Rtype>) {
        let nsec = Nsec::parse(&rrset.rdata[0]).unwrap();
        (rrset.name.to_string(), nsec.next.to_string(), nsec.types.iter().collect())
    }

    #[test]
    fn each_denial_has_its_form() {
        let (apex, ttl) = (name("Example"), Ttl::from_secs(60));
        let (owner, next, types) = denied(&no_data(&name("A.example"), &apex, [Rtype::A], ttl));
        assert_eq!((&*owner, &*next), ("a.example.", "\\000.a.example."));
        assert_eq!(types, [Rtype::A, Rtype::RRSIG, Rtype::NSEC]);
        let (_, next, types) = denied(&name_error(&name("x.a.example"), &apex, ttl));
        assert_eq!(next, "\\000.x.a.example.");
        assert_eq!(types, [Rtype::RRSIG, Rtype::NSEC, Rtype::NXNAME]);
        let (_, next, types) = denied(&no_ds(&name("4.4.example"), &apex, ttl));
        assert_eq!(next, "4\\000.4.example.");
        assert_eq!(types, [Rtype::NS, Rtype::RRSIG, Rtype::NSEC]);
    }

    #[test]
    fn full_labels_count_up() {
        let apex = name("example");
        let label = |end: &[u8]| [&vec![b'a'; MAX_LABEL - end.len()], end].concat();
        let next = |end: &[u8]| {
            let owner = apex.prepend(&label(end)).unwrap();
            successor_of_tree(&owner, &apex).labels().next().unwrap().to_vec()
        };
        assert_eq!(next(b"z"), label(b"{"));
        assert_eq!(next(b"@"), label(b"["));
        assert_eq!(next(b"b\xff\xff"), [&[b'a'; 60][..], b"c"].concat());
        let last = apex.prepend(&[0xff; MAX_LABEL]).unwrap();
        assert_eq!(successor_of_tree(&last, &apex), apex);
        assert_eq!(successor_of_tree(&apex, &apex), apex);
    }

    fn full_names() -> impl Strategy<Value = Name> {
        let octet = prop::sample::select(b"\0@AZ[az\xfe\xff".to_vec());
        let label = vec(octet, 1..=MAX_LABEL);
        (vec(label, 1..40), 200..=MAX_NAME).prop_map(|(labels, most)| {
            let mut name = name("example");
            for label in labels {
                let room = most.saturating_sub(name.as_wire().len() + 1).min(label.len());
                if room > 0 {
                    name = name.prepend(&label[..room]).unwrap();
                }
            }
            name
        })
    }

    /// Names that sort near `name`.
    fn neighbours(near: &Name, label: &[u8], octet: u8) -> Vec<Name> {
        let mut names = Vec::new();
        for name in near.ancestors().take_while(|name| name.label_count() > 1) {
            let (parent, first) = (name.parent().unwrap(), name.labels().next().unwrap());
            names.extend([Ok(name.clone()), name.prepend(label), name.prepend(&[octet])]);
            names.extend([parent.prepend(&[first, &[octet]].concat()), parent.prepend(label)]);
            names.push(parent.prepend(&[first, label].concat()));
            for end in 1..=first.len() {
                names.push(parent.prepend(&first[..end]));
                names.push(parent.prepend(&[&first[..end - 1], &[octet]].concat()));
                names.push(parent.prepend(&[&first[..end], &[octet]].concat()));
            }
        }
        names.into_iter().flatten().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_lies_before_the_successor(
            start in full_names(),
            label in vec(any::<u8>(), 1..=MAX_LABEL),
            octet: u8,
        ) {
            let apex = name("example");
            let (next, after) = (successor(&start, &apex), successor_of_tree(&start, &apex));
            for (end, whole) in [(&next, false), (&after, true)] {
                let last = *end == apex;
                prop_assert!(last || (*end > start && end.is_below(&apex)));
                prop_assert_eq!(end, &end.to_lowercase());
                let near = neighbours(&start, &label, octet).into_iter();
                for name in near.chain(neighbours(end, &label, octet)) {
                    let between = name > start && (last || name < *end);
                    prop_assert!(!between || (whole && name.is_below(&start)), "{}", name);
                }
            }
            prop_assert!(after == apex || !after.is_at_or_below(&start));
        }
    }
}
