//! RRsets encoded ahead of the responses they will stand in.

use bytes::Bytes;

use super::{AnswerWriter, RECORD, Section, fields};
use crate::wire::{Class, Rdata, Rrset, Rtype, Ttl};

/// An RRset of class IN with its signatures, encoded but for the owner. Cloning copies nothing.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The records, then their RRSIGs, each without its name.
    octets: Bytes,
    /// How many octets the records take.
    unsigned: usize,
}

/// What of an [`Encoded`] to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The records alone.
    Records,
    /// The records and their signatures.
    Signed,
    /// The signatures alone.
    Signatures,
}

impl Encoded {
    /// Encodes a set with this TTL, and the RRSIG records over it: none where it is not signed.
    pub fn of(set: &Rrset, ttl: Ttl, rrsigs: &[Rdata]) -> Self {
        let (rdata, rrsigs) = (set.rdata.iter(), rrsigs.iter());
        let (rdata, rrsigs) = (rdata.map(Rdata::octets), rrsigs.map(Rdata::octets));
        let mut octets = Vec::with_capacity(
            rdata.clone().chain(rrsigs.clone()).map(|data| RECORD + data.len()).sum(),
        );
        let unsigned = EncodedRef::write(&mut octets, set.rtype, ttl, rdata, rrsigs).unsigned;
        Self { octets: octets.into(), unsigned }
    }

    /// What is to be written.
    pub fn view(&self) -> EncodedRef<'_> {
        EncodedRef { octets: &self.octets, unsigned: self.unsigned }
    }
}

/// The same, wherever its octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodedRef<'a> {
    octets: &'a [u8],
    unsigned: usize,
}

impl<'a> EncodedRef<'a> {
    /// Takes octets that were made here before: [`Self::octets`], and how many the records took.
    pub fn new(octets: &'a [u8], unsigned: usize) -> Self {
        Self { octets, unsigned: unsigned.min(octets.len()) }
    }

    /// Encodes records and the RRSIGs over them into `octets`, whose content goes away.
    pub fn write<'d>(
        octets: &'a mut Vec<u8>,
        rtype: Rtype,
        ttl: Ttl,
        rdata: impl IntoIterator<Item = &'d [u8]>,
        rrsigs: impl IntoIterator<Item = &'d [u8]>,
    ) -> Self {
        octets.clear();
        rdata.into_iter().for_each(|data| push(octets, rtype, ttl, data));
        let unsigned = octets.len();
        rrsigs.into_iter().for_each(|data| push(octets, Rtype::RRSIG, ttl, data));
        Self { octets, unsigned }
    }

    /// The records, then their RRSIGs, each without its name.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// How many octets the records take.
    pub fn unsigned_length(&self) -> usize {
        self.unsigned
    }

    /// The data of the records of one part.
    pub fn rdata(&self, part: Part) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        records(self.part(part)).map(|record| &record[RECORD..])
    }

    fn part(&self, part: Part) -> &'a [u8] {
        match part {
            Part::Records => &self.octets[..self.unsigned],
            Part::Signed => self.octets,
            Part::Signatures => &self.octets[self.unsigned..],
        }
    }
}

fn push(octets: &mut Vec<u8>, rtype: Rtype, ttl: Ttl, data: &[u8]) {
    let length = u16::try_from(data.len()).expect("RDATA has 65535 octets at most");
    octets.extend(fields(rtype, Class::IN, ttl, length));
    octets.extend_from_slice(data);
}

/// Records that follow each other, one by one.
fn records(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (record, others) = split_record(rest)?;
        rest = others;
        Some(record)
    })
}

/// The first of the records that follow each other, and the others.
fn split_record(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = octets.get(RECORD - 2..RECORD)?;
    octets.split_at_checked(RECORD + usize::from(u16::from_be_bytes([length[0], length[1]])))
}

impl AnswerWriter<'_> {
    /// Writes records that belong in the response: as [`rrset`](Self::rrset), all or none of them.
    pub fn encoded(
        &mut self,
        section: Section,
        owner: &[u8],
        set: EncodedRef<'_>,
        part: Part,
    ) -> bool {
        let written = self.optional_encoded(section, owner, set, part);
        if !written {
            self.set_truncated();
        }
        written
    }

    /// Writes records that the response can do without: as [`optional_rrset`](Self::optional_rrset),
    /// all or none of them.
    pub fn optional_encoded(
        &mut self,
        section: Section,
        owner: &[u8],
        set: EncodedRef<'_>,
        part: Part,
    ) -> bool {
        self.records(section, owner, records(set.part(part)).map(|record| ([], record)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{EdnsPolicy, Message, Name, Query, Question};

    const DATA: [&[u8]; 2] = [b"one", b""];
    const SIGNATURE: &[u8] = &[0; 90];

    fn encoded(octets: &mut Vec<u8>) -> EncodedRef<'_> {
        EncodedRef::write(octets, Rtype(65280), Ttl::from_secs(60), DATA, [SIGNATURE])
    }

    /// The answers in a response to a question about `asked`, with one set of `owner` in it.
    fn answer(asked: &str, owner: &str, part: Part, room: usize) -> (Vec<(Name, Rtype)>, bool) {
        let name = asked.parse().unwrap();
        let question = Question { name, rtype: Rtype(65280), class: Class::IN };
        let packet = Message::query(7, question).encode();
        let query = Query::parse(&packet).unwrap();
        let (policy, mut out) = (EdnsPolicy::default(), Vec::new());
        let mut writer = AnswerWriter::new(&query, 512, &policy, &mut out);
        writer.limit = writer.out.len() + room;
        let owner: Name = owner.parse().unwrap();
        writer.encoded(Section::Answer, owner.as_wire(), encoded(&mut Vec::new()), part);
        writer.finish();
        let read = Message::decode(&out).unwrap();
        assert!(read.answer.iter().all(|record| record.ttl == Ttl::from_secs(60)));
        let shown = read.answer.iter().map(|record| (record.name.clone(), record.rtype));
        (shown.collect(), read.flags.truncated)
    }

    #[test]
    fn each_part_can_be_written() {
        for owner in ["a.example.", "example.", "b.a.example.", "other.", "."] {
            let name: Name = owner.parse().unwrap();
            let (data, rrsig) = ((name.clone(), Rtype(65280)), (name, Rtype::RRSIG));
            let answer = |part| answer("A.Example.", owner, part, 400).0;
            assert_eq!(answer(Part::Records), [data.clone(), data.clone()]);
            assert_eq!(answer(Part::Signed), [data.clone(), data, rrsig.clone()]);
            assert_eq!(answer(Part::Signatures), [rrsig]);
        }
    }

    #[test]
    fn the_data_can_be_read_again() {
        let mut octets = Vec::new();
        let set = encoded(&mut octets);
        assert!(set.rdata(Part::Records).eq(DATA));
        assert!(set.rdata(Part::Signatures).eq([SIGNATURE]));
        assert_eq!(EncodedRef::new(set.octets(), set.unsigned_length()), set);
    }

    #[test]
    fn all_or_nothing() {
        let exact = 3 * (2 + RECORD) + DATA[0].len() + SIGNATURE.len();
        let ask = |room| answer("a.example.", "a.example.", Part::Signed, room);
        assert_eq!((ask(exact).0.len(), ask(exact).1), (3, false));
        assert_eq!((ask(exact - 1).0.len(), ask(exact - 1).1), (0, true));
    }
}
