//! Names in packets, where a pointer may stand for what came before (RFC 1035 section 4.1.4).

use super::{MAX_LABEL, MAX_NAME, Name, NameError};

/// How many compression pointers may still be followed in one message.
///
/// An honest packet follows about one for each it holds; a hostile one has every name walk a long
/// chain. The budget grows with the packet, so that reading stays linear in its length.
#[derive(Debug, Clone)]
pub struct Pointers(usize);

impl Pointers {
    /// The budget of a message of `length` octets: one pointer for every two octets, which is all
    /// the pointers it can hold, and `extra` more.
    pub const fn for_message(length: usize, extra: usize) -> Self {
        Self(extra.saturating_add(length / 2))
    }

    fn follow(&mut self) -> Result<(), NameError> {
        self.0 = self.0.checked_sub(1).ok_or(NameError::TooManyPointers)?;
        Ok(())
    }
}

impl Name {
    /// The name at offset `start` of `message`, and the offset behind it.
    ///
    /// # Errors
    /// Where it is cut off or too long, where a pointer does not point strictly backwards, and
    /// where `pointers` are used up.
    pub fn from_message(
        message: &[u8],
        start: usize,
        pointers: &mut Pointers,
    ) -> Result<(Self, usize), NameError> {
        let mut wire = [0; MAX_NAME];
        let mut length = 0;
        let mut run = Run { message, start, at: start };
        let mut end = None;
        loop {
            match run.step()? {
                Step::Pointer(target) => {
                    pointers.follow()?;
                    end = end.or(Some(run.at));
                    // What a pointer leads to ends before the labels that hold the pointer.
                    run = Run { message: &message[..run.start], start: target, at: target };
                }
                Step::Label(label) => {
                    let room = wire.get_mut(length..length + label.len());
                    length += label.len();
                    room.ok_or(NameError::NameTooLong(length))?.copy_from_slice(label);
                    if label == [0] {
                        let (name, _) = Self::from_wire(&wire[..length])?;
                        return Ok((name, end.unwrap_or(run.at)));
                    }
                }
            }
        }
    }
}

/// Labels that follow each other in a message, up to a pointer or the root.
struct Run<'a> {
    message: &'a [u8],
    start: usize,
    at: usize,
}

enum Step<'a> {
    /// A label with its length.
    Label(&'a [u8]),
    /// The name goes on at an earlier offset.
    Pointer(usize),
}

impl<'a> Run<'a> {
    fn step(&mut self) -> Result<Step<'a>, NameError> {
        let length = usize::from(*self.message.get(self.at).ok_or(NameError::Malformed)?);
        match length {
            0..=MAX_LABEL => {
                let label = self.message.get(self.at..=self.at + length);
                self.at += length + 1;
                label.map(Step::Label).ok_or(NameError::Malformed)
            }
            0xc0.. => {
                let low = *self.message.get(self.at + 1).ok_or(NameError::Malformed)?;
                let target = (length & 0x3f) << 8 | usize::from(low);
                if target >= self.start {
                    return Err(NameError::ForwardPointer(self.at));
                }
                self.at += 2;
                Ok(Step::Pointer(target))
            }
            _ => Err(NameError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
    use proptest::prelude::*;

    fn read(message: &[u8], start: usize) -> Result<(Name, usize), NameError> {
        Name::from_message(message, start, &mut Pointers::for_message(message.len(), 8))
    }

    #[test]
    fn follows_pointers_backwards() {
        let message = b"\x01b\x01C\x00\x01a\xc0\x00\xc0\x05";
        assert_eq!(read(message, 5), Ok(("a.b.c".parse().unwrap(), 9)));
        assert_eq!(read(message, 9), Ok(("a.b.c".parse().unwrap(), 11)));
        assert_eq!(read(message, 9).unwrap().0.to_string(), "a.b.C.");
    }

    #[test]
    fn refuses_other_pointers() {
        assert_eq!(read(b"\x01a\xc0\x00", 0), Err(NameError::ForwardPointer(2)));
        assert_eq!(read(b"\xc0\x02\x00", 0), Err(NameError::ForwardPointer(0)));
        assert_eq!(read(b"\x01a\xc0", 0), Err(NameError::Malformed));
        assert_eq!(read(b"\x40a\x00", 0), Err(NameError::Malformed));
        assert_eq!(read(b"\x02a", 0), Err(NameError::Malformed));
        // The labels the pointer leads to run into the pointer itself.
        assert_eq!(read(b"\x01a\xc0\x00", 2), Err(NameError::Malformed));
        assert_eq!(read(b"", 0), Err(NameError::Malformed));
    }

    #[test]
    fn pointers_run_out() {
        let chain: Vec<u8> = std::iter::once(0)
            .chain((0..20u8).flat_map(|at| [0xc0, if at == 0 { 0 } else { at * 2 - 1 }]))
            .collect();
        let read = |budget| Name::from_message(&chain, 39, &mut Pointers(budget));
        assert_eq!(read(20), Ok((Name::root(), 41)));
        assert_eq!(read(19), Err(NameError::TooManyPointers));
    }

    #[test]
    fn too_long_a_name() {
        let message = [&[63; 64 * 4][..], &[0]].concat();
        assert_eq!(read(&message, 0), Err(NameError::NameTooLong(256)));
    }

    proptest! {
        /// Biased to short labels and pointers, so that many inputs are names.
        #[test]
        fn agrees_with_hickory(
            message in proptest::collection::vec(
                prop_oneof![0u8..4, Just(0xc0), 0u8..64, any::<u8>()], 0..80),
            start in 0usize..80,
        ) {
            let start = start.min(message.len());
            let ours = read(&message, start);
            let mut decoder = BinDecoder::new(&message).clone(u16::try_from(start).unwrap());
            if let Ok((name, end)) = ours {
                let theirs = hickory_proto::rr::Name::read(&mut decoder).unwrap();
                prop_assert!(name.labels().eq(theirs.iter()));
                prop_assert_eq!(end, decoder.index());
            }
        }
    }
}
