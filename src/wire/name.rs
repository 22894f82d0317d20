//! Domain names (RFC 1034 section 3.1, RFC 4343, canonical order of RFC 4034 section 6.1).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use bytes::Bytes;
use thiserror::Error;

/// The longest a name can be, in octets of its wire form (RFC 1035 section 2.3.4).
pub const MAX_NAME: usize = 255;
/// The longest a label can be, in octets (RFC 1035 section 2.3.4).
pub const MAX_LABEL: usize = 63;

/// Why something is not a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// A label of no octets inside the name.
    #[error("empty label")]
    EmptyLabel,
    /// A label of more than 63 octets.
    #[error("label of {0} octets, at most {MAX_LABEL} fit")]
    LabelTooLong(usize),
    /// More than 255 octets in all.
    #[error("name of {0} octets, at most {MAX_NAME} fit")]
    NameTooLong(usize),
    /// The text is empty; the root is written `.`.
    #[error("empty name (the root is written \".\")")]
    Empty,
    /// A name without its last dot where no origin is known.
    #[error("relative name, and no origin is known")]
    NoOrigin,
    /// A backslash that is followed neither by three digits up to 255 nor by a character.
    #[error("bad escape at position {0}")]
    BadEscape(usize),
    /// The wire form ends too early, or has a compression pointer where none may be.
    #[error("malformed wire form")]
    Malformed,
    /// A compression pointer, at this offset, to something other than an earlier name.
    #[error("compression pointer at offset {0} does not point backwards")]
    ForwardPointer(usize),
    /// More compression pointers to follow than a message may have.
    #[error("too many compression pointers")]
    TooManyPointers,
}

/// An absolute domain name. Keeps the case it was given; compares, hashes and sorts without it,
/// in the canonical order of DNSSEC (by labels from the root).
///
/// ```
/// use threepid::wire::Name;
/// let name: Name = "Alice.example.".parse()?;
/// assert_eq!(name, "alice.EXAMPLE".parse()?);
/// assert_eq!(name.parent().unwrap().to_string(), "example.");
/// # Ok::<(), threepid::wire::NameError>(())
/// ```
#[derive(Clone)]
pub struct Name(Bytes);

impl Name {
    /// The root.
    pub const fn root() -> Self {
        Self(Bytes::from_static(&[0]))
    }

    /// The name of these labels, leftmost first, the root's empty one left out.
    ///
    /// # Errors
    /// Where a label is empty or too long, or the whole too long.
    pub fn from_labels<L: AsRef<[u8]>>(
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(64);
        for label in labels {
            push_label(&mut wire, label.as_ref())?;
        }
        wire.push(0);
        Self::from_valid_wire(wire)
    }

    /// The name at the front of `wire`, uncompressed, and how many octets it takes.
    ///
    /// # Errors
    /// [`NameError::Malformed`] where it is cut off or compressed, or the limits' errors.
    pub fn from_wire(wire: &[u8]) -> Result<(Self, usize), NameError> {
        let length = Self::wire_length(wire)?;
        Ok((Self(Bytes::copy_from_slice(&wire[..length])), length))
    }

    /// Length of the uncompressed name at the front of `wire`.
    ///
    /// # Errors
    /// As for [`Name::from_wire`].
    pub fn wire_length(wire: &[u8]) -> Result<usize, NameError> {
        let mut at = 0;
        loop {
            let label = usize::from(*wire.get(at).ok_or(NameError::Malformed)?);
            at += label + 1;
            if label > MAX_LABEL {
                return Err(NameError::Malformed);
            }
            if at > MAX_NAME {
                return Err(NameError::NameTooLong(at));
            }
            if label == 0 {
                return Ok(at);
            }
        }
    }

    fn from_valid_wire(wire: Vec<u8>) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME {
            return Err(NameError::NameTooLong(wire.len()));
        }
        Ok(Self(wire.into()))
    }

    /// The uncompressed wire form, the root's octet included.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels, leftmost first, the root's empty one left out.
    pub fn labels(&self) -> Labels<'_> {
        Labels(&self.0)
    }

    /// How many labels there are, the root's not counted.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The name without its first label; none for the root. Costs no copy.
    pub fn parent(&self) -> Option<Self> {
        let first = usize::from(self.0[0]);
        (first != 0).then(|| Self(self.0.slice(first + 1..)))
    }

    /// The last `count` labels, all of them where there are no more. Costs no copy.
    #[must_use]
    pub fn suffix(&self, count: usize) -> Self {
        let mut at = 0;
        for _ in count..self.label_count() {
            at += usize::from(self.0[at]) + 1;
        }
        Self(self.0.slice(at..))
    }

    /// This name and each of its ancestors, the root last. Costs no copy.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::parent)
    }

    /// Whether this is `other` or lies below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.label_count(), other.label_count());
        mine >= theirs && self.suffix(theirs) == *other
    }

    /// Whether this lies below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.len() > other.0.len() && self.is_at_or_below(other)
    }

    /// The name with `label` put in front.
    ///
    /// # Errors
    /// Where the label or the whole is too long.
    pub fn prepend(&self, label: &[u8]) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(label.len() + 1 + self.0.len());
        push_label(&mut wire, label)?;
        wire.extend_from_slice(&self.0);
        Self::from_valid_wire(wire)
    }

    /// The wildcard directly below this name (RFC 4592).
    ///
    /// # Errors
    /// Where it would be too long.
    pub fn wildcard(&self) -> Result<Self, NameError> {
        self.prepend(b"*")
    }

    /// Whether the first label is `*` (RFC 4592 section 2.1.1).
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with(b"\x01*")
    }

    /// The name with the labels of `old` at its end replaced by `new`, as DNAME does (RFC 6672);
    /// none where this is not at or below `old`.
    ///
    /// # Errors
    /// Where the result would be too long.
    pub fn replace_suffix(&self, old: &Self, new: &Self) -> Option<Result<Self, NameError>> {
        self.is_at_or_below(old).then(|| {
            let mut wire = self.0[..self.0.len() - old.0.len()].to_vec();
            wire.extend_from_slice(&new.0);
            Self::from_valid_wire(wire)
        })
    }

    /// How many labels this and `other` share, counted from the root.
    pub fn common_labels(&self, other: &Self) -> usize {
        let (mine, theirs) = (Offsets::of(&self.0), Offsets::of(&other.0));
        let pairs = mine.labels_from_root(&self.0).zip(theirs.labels_from_root(&other.0));
        pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
    }

    /// The name in lower case, as DNSSEC signs it (RFC 4034 section 6.2).
    #[must_use]
    pub fn to_lowercase(&self) -> Self {
        if self.0.iter().any(u8::is_ascii_uppercase) {
            Self(self.0.to_ascii_lowercase().into())
        } else {
            self.clone()
        }
    }
}

fn push_label(wire: &mut Vec<u8>, label: &[u8]) -> Result<(), NameError> {
    match label.len() {
        0 => Err(NameError::EmptyLabel),
        length @ 1..=MAX_LABEL => {
            wire.push(u8::try_from(length).expect("a label's length is at most 63"));
            wire.extend_from_slice(label);
            Ok(())
        }
        length => Err(NameError::LabelTooLong(length)),
    }
}

/// The labels of a name, leftmost first.
#[derive(Debug, Clone)]
pub struct Labels<'a>(&'a [u8]);

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.0.split_first()?;
        let (label, rest) = rest.split_at(usize::from(length));
        self.0 = if length == 0 { &[] } else { rest };
        (length != 0).then_some(label)
    }
}

/// Where each label of a name starts: names are compared from the root, but read from the left.
struct Offsets {
    starts: [u8; MAX_NAME / 2 + 1],
    count: usize,
}

impl Offsets {
    fn of(wire: &[u8]) -> Self {
        let mut offsets = Self { starts: [0; MAX_NAME / 2 + 1], count: 0 };
        let mut at = 0;
        while wire[at] != 0 {
            offsets.starts[offsets.count] =
                u8::try_from(at).expect("a name has 255 octets at most");
            offsets.count += 1;
            at += usize::from(wire[at]) + 1;
        }
        offsets
    }

    fn labels_from_root<'a>(&'a self, wire: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.starts[..self.count].iter().rev().map(|&start| {
            let start = usize::from(start);
            &wire[start + 1..start + 1 + usize::from(wire[start])]
        })
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // A length octet is below `A`, so that comparing all octets without case is exact.
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut lower = [0; MAX_NAME];
        let lower = &mut lower[..self.0.len()];
        lower.copy_from_slice(&self.0);
        lower.make_ascii_lowercase();
        state.write(lower);
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (Offsets::of(&self.0), Offsets::of(&other.0));
        let mut theirs = theirs.labels_from_root(&other.0);
        for a in mine.labels_from_root(&self.0) {
            let Some(b) = theirs.next() else { return Ordering::Greater };
            let (a, b) = (a.iter(), b.iter());
            match a.map(u8::to_ascii_lowercase).cmp(b.map(u8::to_ascii_lowercase)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        if theirs.next().is_some() { Ordering::Less } else { Ordering::Equal }
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Name {
    /// Reads the presentation form (RFC 1035 section 5.1). A name without its last dot is continued
    /// with `origin`.
    ///
    /// # Errors
    /// [`NameError::NoOrigin`] where that is needed and not given, and where it is no name.
    pub fn from_text(text: &[u8], origin: Option<&Self>) -> Result<Self, NameError> {
        match text {
            b"" => return Err(NameError::Empty),
            b"." => return Ok(Self::root()),
            _ => {}
        }
        let (labels, absolute) = unescape(text)?;
        if absolute {
            return Self::from_labels(labels);
        }
        let origin = origin.ok_or(NameError::NoOrigin)?;
        Self::from_labels(labels.iter().map(Vec::as_slice).chain(origin.labels()))
    }
}

/// Reads the presentation form. The name is taken as absolute, with or without its last dot.
impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::from_text(text.as_bytes(), Some(&Self::root()))
    }
}

/// Splits presentation text at its dots and resolves `\.` and `\DDD`; tells whether a dot ends it.
fn unescape(octets: &[u8]) -> Result<(Vec<Vec<u8>>, bool), NameError> {
    let mut labels = vec![Vec::new()];
    let mut at = 0;
    while at < octets.len() {
        let last = labels.last_mut().expect("there is always a label being read");
        match octets[at] {
            b'.' if at + 1 == octets.len() => return Ok((labels, true)),
            b'.' => labels.push(Vec::new()),
            b'\\' => {
                let (octet, taken) = escape(&octets[at + 1..]).ok_or(NameError::BadEscape(at))?;
                last.push(octet);
                at += taken;
            }
            octet => last.push(octet),
        }
        at += 1;
    }
    Ok((labels, false))
}

/// The octet that the characters after a backslash stand for, and how many they are.
pub(super) fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'0'..=b'9', ..] => {
            let digits = std::str::from_utf8(rest.get(..3)?).ok()?;
            digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(())?;
            Some((digits.parse().ok()?, 3))
        }
        [octet, ..] => Some((*octet, 1)),
        [] => None,
    }
}

/// Writes the presentation form, always with its last dot.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(octet))?;
                    }
                    0x21..=0x7e => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn any_name() -> impl Strategy<Value = Name> {
        let label = proptest::collection::vec(any::<u8>(), 1..=20);
        proptest::collection::vec(label, 0..=10).prop_map(|l| Name::from_labels(l).unwrap())
    }

    /// The example of RFC 4034 section 6.1.
    #[test]
    fn canonical_order() {
        let sorted = [
            "example",
            "a.example",
            "yljkjljk.a.example",
            "Z.a.example",
            "zABC.a.EXAMPLE",
            "z.example",
            "\\001.z.example",
            "*.z.example",
            "\\200.z.example",
        ];
        let mut names: Vec<Name> = sorted.iter().map(|text| name(text)).collect();
        names.reverse();
        names.sort();
        assert_eq!(names, sorted.map(name));
    }

    #[test]
    fn limits() {
        let long = "a".repeat(64);
        assert_eq!(long.parse::<Name>(), Err(NameError::LabelTooLong(64)));
        let full = Name::from_labels(vec!["a".repeat(63); 3]).unwrap();
        assert_eq!(full.prepend(&[b'a'; 61]).unwrap().as_wire().len(), MAX_NAME);
        assert_eq!(full.prepend(&[b'a'; 62]), Err(NameError::NameTooLong(256)));
        assert_eq!("a..b".parse::<Name>(), Err(NameError::EmptyLabel));
        assert_eq!("a\\25".parse::<Name>(), Err(NameError::BadEscape(1)));
        assert_eq!("a\\256".parse::<Name>(), Err(NameError::BadEscape(1)));
        assert_eq!("".parse::<Name>(), Err(NameError::Empty));
        assert_eq!(Name::from_wire(&[0xc0, 0]), Err(NameError::Malformed));
        assert_eq!(Name::from_wire(&[3, b'a']), Err(NameError::Malformed));
    }

    #[test]
    fn relative_names() {
        let read = |text: &str, origin| Name::from_text(text.as_bytes(), origin);
        let origin = name("example.");
        assert_eq!(read("a.b", Some(&origin)), Ok(name("a.b.example")));
        assert_eq!(read("a.b.", Some(&origin)), Ok(name("a.b")));
        assert_eq!(read("a\\.", Some(&origin)).unwrap().label_count(), 2);
        assert_eq!(read("a.", None), Ok(name("a")));
        assert_eq!(read("a", None), Err(NameError::NoOrigin));
    }

    #[test]
    fn family() {
        let deep = name("a.B.c.");
        assert_eq!(deep.suffix(2), name("b.c"));
        assert_eq!(deep.suffix(9), deep);
        assert!(deep.is_at_or_below(&deep) && !deep.is_below(&deep));
        assert!(deep.is_below(&name("C")) && !deep.is_below(&name("xb.c")));
        assert!(deep.is_below(&Name::root()));
        assert_eq!(deep.ancestors().count(), 4);
        assert_eq!(deep.common_labels(&name("x.b.c")), 2);
        let moved = deep.replace_suffix(&name("b.c"), &name("d.")).unwrap().unwrap();
        assert_eq!(moved, name("a.d"));
        assert!(deep.replace_suffix(&name("x.c"), &name("d.")).is_none());
    }

    proptest! {
        #[test]
        fn text_and_wire_round_trip(name in any_name()) {
            let (read, length) = Name::from_wire(name.as_wire()).unwrap();
            prop_assert_eq!((read.as_wire(), length), (name.as_wire(), name.as_wire().len()));
            let again: Name = name.to_string().parse().unwrap();
            prop_assert_eq!(again.as_wire(), name.as_wire());
        }

        #[test]
        fn any_octets_are_read_or_refused(wire: Vec<u8>, text: String) {
            let _ = Name::from_wire(&wire);
            let _ = text.parse::<Name>();
        }

        #[test]
        fn order_agrees_with_equality(a in any_name(), b in any_name()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        }
    }
}
