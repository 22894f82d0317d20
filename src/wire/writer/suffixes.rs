//! Which names a response holds already, so that others can point to them.

use crate::wire::MAX_NAME;

/// The furthest that a compression pointer reaches (RFC 1035 section 4.1.4).
const FURTHEST: usize = 0x3fff;

/// A name's end that stands earlier in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suffix {
    /// Where it starts in the name; what is before has to be written.
    pub(super) at: usize,
    /// Where it stands in the message.
    pub(super) target: u16,
}

/// The names written so far, each by its length in full: of names equally long the last one is
/// remembered. Looking one up costs a step per label, and forgetting some costs a few octets.
#[derive(Debug)]
pub(super) struct Suffixes([u16; MAX_NAME + 1]);

impl Suffixes {
    pub(super) fn new() -> Self {
        Self([0; MAX_NAME + 1])
    }

    /// The longest end of `name`, in full wire form, that `message` holds. The root is not worth it.
    pub(super) fn find(&self, message: &[u8], name: &[u8]) -> Option<Suffix> {
        let mut at = 0;
        while name[at] != 0 {
            let target = self.0[name.len() - at];
            if target != 0 && stands_at(message, target.into(), &name[at..]) {
                return Some(Suffix { at, target });
            }
            at += usize::from(name[at]) + 1;
        }
        None
    }

    /// Remembers that the first `length` octets of `name` were written at `start`, and that the rest
    /// of it follows or is pointed to.
    pub(super) fn add(&mut self, name: &[u8], length: usize, start: usize) {
        let mut at = 0;
        while at < length && name[at] != 0 {
            let Some(target) = pointable(start + at) else { return };
            self.0[name.len() - at] = target;
            at += usize::from(name[at]) + 1;
        }
    }
}

/// The offset, where a pointer reaches it.
pub(super) fn pointable(offset: usize) -> Option<u16> {
    u16::try_from(offset).ok().filter(|_| offset <= FURTHEST)
}

/// Whether `name` stands at `offset` of a message that we wrote: its pointers go backwards and end.
fn stands_at(message: &[u8], offset: usize, name: &[u8]) -> bool {
    // A name that stands there in full, as the question's does, needs no walk.
    if message.get(offset..offset + name.len()).is_some_and(|full| full.eq_ignore_ascii_case(name))
    {
        return true;
    }
    let (mut offset, mut rest) = (offset, name);
    loop {
        let length = usize::from(message[offset]);
        if length >= 0xc0 {
            offset = (length & 0x3f) << 8 | usize::from(message[offset + 1]);
            continue;
        }
        let label = &message[offset..=offset + length];
        match rest.split_at_checked(length + 1) {
            Some((front, _)) if !front.eq_ignore_ascii_case(label) => return false,
            Some((_, [])) => return true,
            Some((_, back)) => rest = back,
            None => return false,
        }
        offset += length + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_longest_end() {
        let message = b"\x00\x01A\x01b\x00\x01c\xc0\x03";
        let mut suffixes = Suffixes::new();
        suffixes.add(b"\x01a\x01b\x00", 4, 1);
        suffixes.add(b"\x01c\x01b\x00", 2, 6);
        let find = |name: &[u8]| suffixes.find(message, name).map(|s| (s.at, s.target));
        assert_eq!(find(b"\x01C\x01B\x00"), Some((0, 6)));
        assert_eq!(find(b"\x01x\x01c\x01b\x00"), Some((2, 6)));
        assert_eq!(find(b"\x01x\x01b\x00"), Some((2, 3)));
        assert_eq!(find(b"\x01x\x00"), None);
        assert_eq!(find(b"\x00"), None);
    }

    #[test]
    fn remembers_what_pointers_reach() {
        let mut suffixes = Suffixes::new();
        suffixes.add(b"\x01a\x01b\x00", 4, FURTHEST - 1);
        assert_eq!(suffixes.0[5], 0x3ffe);
        assert_eq!(suffixes.0[3], 0);
    }
}
