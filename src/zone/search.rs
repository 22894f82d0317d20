//! A name as a question asks for it, and what its labels say about it.

use crate::threepid::{MAX_DIGITS, labels};
use crate::wire::{MAX_LABEL, MAX_NAME, Name, NameError};

/// Above these labels stand people.
const PEOPLE: [&[u8]; 2] = [labels::AT.as_bytes(), labels::ID.as_bytes()];
/// A name of 255 octets has 127 labels at most, the root's not counted.
const MAX_LABELS: usize = MAX_NAME / 2;

/// A name to be looked up: in lower case, its labels found. Made once per question, on the stack.
///
/// ```
/// use threepid::zone::SearchName;
/// let name = SearchName::new(b"\x011\x06MSISDN\x07example\0")?;
/// assert_eq!(name.wire(), b"\x011\x06msisdn\x07example\0");
/// assert_eq!(name.label(0), b"example");
/// assert!(name.is_unwalkable());
/// # Ok::<(), threepid::wire::NameError>(())
/// ```
#[derive(Clone)]
pub struct SearchName {
    wire: [u8; MAX_NAME],
    length: usize,
    starts: [u8; MAX_LABELS],
    count: usize,
}

impl SearchName {
    /// Reads an uncompressed name that is all of `wire`.
    ///
    /// # Errors
    /// Where the octets are not exactly one name.
    pub fn new(wire: &[u8]) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME {
            return Err(NameError::NameTooLong(wire.len()));
        }
        let mut name =
            Self { wire: [0; MAX_NAME], length: wire.len(), starts: [0; MAX_LABELS], count: 0 };
        let mut at = 0;
        while let Some(&length) = wire.get(at) {
            let next = at + 1 + usize::from(length);
            if length == 0 && next == wire.len() {
                // A length octet is below `A`: folding all octets alike leaves it as it is.
                name.wire[..next].copy_from_slice(wire);
                name.wire[..next].make_ascii_lowercase();
                return Ok(name);
            }
            if length == 0 || usize::from(length) > MAX_LABEL || next >= wire.len() {
                break;
            }
            name.starts[name.count] = u8::try_from(at).expect("a name has 255 octets at most");
            name.count += 1;
            at = next;
        }
        Err(NameError::Malformed)
    }

    /// Takes a name.
    pub fn of(name: &Name) -> Self {
        Self::new(name.as_wire()).expect("the wire form of a name is one name")
    }

    /// The name in lower case, uncompressed.
    pub fn wire(&self) -> &[u8] {
        &self.wire[..self.length]
    }

    /// How many labels there are, the root's not counted.
    pub fn label_count(&self) -> usize {
        self.count
    }

    /// Label `number` counted from the root's side, from 0. There must be one.
    pub fn label(&self, number: usize) -> &[u8] {
        self.left_label(self.count - 1 - number)
    }

    /// The wire form of the last `labels` labels. There must be as many.
    pub fn suffix(&self, labels: usize) -> &[u8] {
        let skipped = self.count - labels;
        let root = self.length - 1;
        let start = self.starts[..self.count].get(skipped).map_or(root, |&at| usize::from(at));
        &self.wire[start..self.length]
    }

    fn left_label(&self, number: usize) -> &[u8] {
        let start = usize::from(self.starts[number]);
        &self.wire[start + 1..=start + usize::from(self.wire[start])]
    }

    fn labels_from_left(&self, skipped: usize) -> impl Iterator<Item = &[u8]> {
        (skipped..self.count).map(|number| self.left_label(number))
    }

    /// How many digits stand directly above a label `msisdn`, where nothing else stands above it.
    fn digits(&self, skipped: usize) -> Option<usize> {
        let is_digit = |label: &&[u8]| matches!(label, [b'0'..=b'9']);
        let digits = self.labels_from_left(skipped).take_while(is_digit).count();
        let below = skipped + digits;
        (below < self.count && self.left_label(below) == labels::MSISDN.as_bytes())
            .then_some(digits)
    }

    fn is_person(&self, skipped: usize) -> bool {
        self.labels_from_left(skipped).any(|label| PEOPLE.contains(&label))
    }

    /// Whether this is a digit name (1 to 15 digits above a label `msisdn`) or a person name (at or
    /// below a label `_at` or `_id`): what stands there is told to nobody who does not ask for the
    /// association itself.
    pub fn is_unwalkable(&self) -> bool {
        matches!(self.digits(0), Some(1..=MAX_DIGITS)) || self.is_person(0)
    }

    /// Whether the name without its first `skipped` labels counts as existing, whatever the zone
    /// holds: the unwalkable names, and `msisdn` which is above them.
    pub(super) fn always_exists(&self, skipped: usize) -> bool {
        matches!(self.digits(skipped), Some(0..=MAX_DIGITS)) || self.is_person(skipped)
    }

    /// Whether the name of a person can be below this one, which is no digit or person name itself, in a
    /// zone whose apex has `apex_labels`: `email` and all below it, and other media, of which one stands
    /// directly below the apex of a tree.
    pub fn can_be_above_person(&self, apex_labels: usize) -> bool {
        let has = |wanted: &str| self.labels_from_left(0).any(|label| label == wanted.as_bytes());
        has(labels::EMAIL) || self.count == apex_labels + 1 && !has(labels::MSISDN)
    }

    /// Whether an association can be held here: at 1 to 15 digits above `msisdn`, or at 56
    /// characters of lower-case hexadecimal above `_at` or `_id`.
    pub fn can_hold_association(&self) -> bool {
        let is_hash = |label: &[u8]| {
            label.len() == labels::PERSON
                && label.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
        };
        matches!(self.digits(0), Some(1..=MAX_DIGITS))
            || self.count > 1 && is_hash(self.left_label(0)) && PEOPLE.contains(&self.left_label(1))
    }

    /// Whether a verification certificate can be held here: below a label `_verifier`.
    pub fn can_hold_certificate(&self) -> bool {
        self.labels_from_left(0).skip(1).any(|label| label == labels::VERIFIER.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::owner;
    use crate::threepid::Threepid;
    use proptest::prelude::*;

    fn search(text: &str) -> SearchName {
        SearchName::of(&text.parse().unwrap())
    }

    #[test]
    fn labels_are_counted_from_the_root() {
        let name = search("A.bc.Example.");
        assert_eq!(name.label_count(), 3);
        assert_eq!((name.label(0), name.label(2)), (&b"example"[..], &b"a"[..]));
        assert_eq!(name.suffix(2), b"\x02bc\x07example\0");
        assert_eq!((name.suffix(0), search(".").suffix(0)), (&b"\0"[..], &b"\0"[..]));
    }

    #[test]
    fn unwalkable_names() {
        let hash = "0f".repeat(28);
        let cases = [
            ("1.msisdn.example.", true, true),
            ("5.4.3.2.1.0.9.8.7.6.5.4.3.2.1.Msisdn.example.", true, true),
            ("6.5.4.3.2.1.0.9.8.7.6.5.4.3.2.1.msisdn.example.", false, false),
            ("4.msisdn.", true, true),
            ("msisdn.example.", false, false),
            ("44.msisdn.example.", false, false),
            ("x.4.msisdn.example.", false, false),
            ("4.x.msisdn.example.", false, false),
            ("4.4.example.", false, false),
            (&format!("{hash}._at.example.com.email.example."), true, true),
            (&format!("{hash}._ID.example."), true, true),
            (&format!("x.{hash}._at.example."), true, false),
            (&format!("x{}._at.example.", &hash[1..]), true, false),
            ("_at.example.", true, false),
            ("x.y._at.example.", true, false),
            ("_id.", true, false),
            ("at.example.", false, false),
            (".", false, false),
        ];
        for (text, unwalkable, holds) in cases {
            assert_eq!(search(text).is_unwalkable(), unwalkable, "{text}");
            assert_eq!(search(text).can_hold_association(), holds, "{text}");
        }
    }

    /// What names identifiers and servers agrees with what is read off names.
    #[test]
    fn names_of_the_tree() {
        let apex = "example.".parse().unwrap();
        for text in ["+44 7700 900123", "alice@example.org", "org.example.badge:7"] {
            let owner = Threepid::parse_any(text, None).unwrap().owner(&apex).unwrap();
            let search = SearchName::of(&owner);
            assert!(search.can_hold_association() && search.is_unwalkable(), "{owner}");
        }
        for text in ["id.example.org", "id.example.org:8448"] {
            let owner = owner(&text.parse().unwrap(), &apex).unwrap().unwrap();
            assert!(SearchName::of(&owner).can_hold_certificate(), "{owner}");
        }
    }

    #[test]
    fn msisdn_exists_always() {
        assert!(search("msisdn.example.").always_exists(0));
        assert!(search("x.4.msisdn.example.").always_exists(1));
        assert!(!search("x.4.msisdn.example.").always_exists(0));
        assert!(!search("example.").always_exists(1));
    }

    #[test]
    fn certificates_stand_below_verifier() {
        assert!(search("id.example.org._verifier.example.").can_hold_certificate());
        assert!(!search("_verifier.example.").can_hold_certificate());
        assert!(!search("verifier.example.").can_hold_certificate());
    }

    proptest! {
        #[test]
        fn reads_what_a_name_reads(wire in proptest::collection::vec(0u8..70, 0..300)) {
            let whole = Name::from_wire(&wire).is_ok_and(|(_, length)| length == wire.len());
            prop_assert_eq!(SearchName::new(&wire).is_ok(), whole);
        }
    }
}
