//! Responses written straight into a packet: the authority's way, without allocation.

mod encoded;
mod opt;
mod suffixes;

use super::query::{QR, RD};
use super::{Class, EdeCode, Edns, Query, Rcode, Rtype, Ttl};

pub use encoded::{Encoded, EncodedRef, Part};
pub use opt::write_error;

use opt::Opt;
use suffixes::{Suffix, Suffixes, pointable};

/// AA: the answer comes from an authority.
const AA: u16 = 0x0400;
/// TC: not all of the answer is there.
const TC: u16 = 0x0200;
/// Octets of a message's header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;
/// Octets of a record between its name and its data (RFC 1035 section 3.2.1).
const RECORD: usize = 10;
/// The message that everyone must take: header, question and OPT always fit.
const MIN_LIMIT: usize = 512;
/// The longest message there is.
const MAX_LIMIT: usize = u16::MAX as usize;

/// What a server says about itself in OPT records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdnsPolicy {
    /// The largest UDP message the server takes, in octets.
    pub udp_size: u16,
    /// The server's identifier for whoever asks for it (RFC 5001); none where empty.
    pub nsid: Vec<u8>,
}

impl Default for EdnsPolicy {
    fn default() -> Self {
        Self { udp_size: Edns::UDP_SIZE, nsid: Vec::new() }
    }
}

/// The sections a record can stand in, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Referrals and denials.
    Authority,
    /// What helps with the rest.
    Additional,
}

/// Writes the response to a [`Query`].
///
/// Owner names are compressed against each other and the question; names in RDATA are left as they
/// are. What is written never goes beyond the limit: an RRset that does not fit is left out whole.
///
/// ```
/// use threepid::wire::{
///     AnswerWriter, Class, EdnsPolicy, Message, Query, Question, Rtype, Section, Ttl,
/// };
/// let question = Question { name: "a.example.".parse()?, rtype: Rtype::A, class: Class::IN };
/// let packet = Message::query(7, question).encode();
/// let query = Query::parse(&packet).expect("that is a question");
///
/// let (policy, mut out) = (EdnsPolicy::default(), Vec::new());
/// let mut writer = AnswerWriter::new(&query, 512, &policy, &mut out);
/// writer.set_authoritative();
/// let address = [192, 0, 2, 1];
/// writer.rrset(Section::Answer, query.qname, Rtype::A, Ttl::from_secs(60), [&address[..]]);
/// writer.finish();
/// assert_eq!(Message::decode(&out)?.answer.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a response is complete after `finish`"]
pub struct AnswerWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where records have to end, so that OPT fits behind them.
    limit: usize,
    class: Class,
    flags: u16,
    rcode: Rcode,
    counts: [u16; 3],
    section: Section,
    suffixes: Suffixes,
    opt: Option<Opt<'a>>,
}

impl<'a> AnswerWriter<'a> {
    /// Starts the response to `query` in `out`, whose content goes away: NOERROR, RD as in the
    /// query, no other bit set. It will have at most `limit` octets, or 512 where that is less.
    pub fn new(
        query: &Query<'_>,
        limit: usize,
        policy: &'a EdnsPolicy,
        out: &'a mut Vec<u8>,
    ) -> Self {
        let limit = limit.clamp(MIN_LIMIT, MAX_LIMIT);
        let flags = QR | if query.recursion_desired { RD } else { 0 };
        out.clear();
        out.extend(query.id.to_be_bytes());
        out.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(query.question);
        let mut suffixes = Suffixes::new();
        suffixes.add(query.qname, query.qname.len(), HEADER);
        let opt = query.edns.map(|edns| Opt::new(&edns, policy, MIN_LIMIT - out.len()));
        let reserved = opt.as_ref().map_or(0, Opt::least_length);
        Self {
            out,
            limit: limit - reserved,
            class: query.qclass,
            flags,
            rcode: Rcode::NOERROR,
            counts: [0; 3],
            section: Section::Answer,
            suffixes,
            opt,
        }
    }

    /// Sets the response code. Of one above 15, an asker that sent no OPT record sees the 4 lower
    /// bits alone.
    pub fn set_rcode(&mut self, rcode: Rcode) {
        self.rcode = rcode;
    }

    /// Sets AA.
    pub fn set_authoritative(&mut self) {
        self.flags |= AA;
    }

    /// Sets TC. No further RRset is written.
    pub fn set_truncated(&mut self) {
        self.flags |= TC;
    }

    /// Whether TC is set.
    pub fn is_truncated(&self) -> bool {
        self.flags & TC != 0
    }

    /// Adds an extended error (RFC 8914), in place of the one before. It is left out where the asker
    /// sent no OPT record, or where it does not fit.
    pub fn set_extended_error(&mut self, code: EdeCode, text: &'static str) {
        if let Some(opt) = &mut self.opt {
            opt.set_error(code, text);
        }
    }

    /// Writes an RRset that belongs in the response, of the question's class. Where it does not
    /// fit, TC is set, and nothing more is written. Tells whether it was written.
    ///
    /// `owner` is a whole name in uncompressed wire form; sections come in their order.
    pub fn rrset<'d>(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: Rtype,
        ttl: Ttl,
        rdata: impl IntoIterator<Item = &'d [u8]>,
    ) -> bool {
        let written = self.optional_rrset(section, owner, rtype, ttl, rdata);
        if !written {
            self.set_truncated();
        }
        written
    }

    /// Writes an RRset that the response can do without (RFC 2181 section 9): where it does not fit,
    /// TC stays as it is.
    pub fn optional_rrset<'d>(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: Rtype,
        ttl: Ttl,
        rdata: impl IntoIterator<Item = &'d [u8]>,
    ) -> bool {
        let class = self.class;
        self.records(
            section,
            owner,
            rdata.into_iter().map(|data| {
                // Longer data fits no message: its length is not looked at.
                let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
                (fields(rtype, class, ttl, length), data)
            }),
        )
    }

    /// Writes the records of one owner, all or none. Each comes as what follows its name, in two parts.
    fn records<'d, F: AsRef<[u8]>>(
        &mut self,
        section: Section,
        owner: &[u8],
        records: impl Iterator<Item = (F, &'d [u8])>,
    ) -> bool {
        debug_assert!(section >= self.section, "sections come in their order");
        if self.is_truncated() {
            return false;
        }
        let start = self.out.len();
        let first = self.suffixes.find(self.out, owner);
        let mut name = first;
        let mut count = 0;
        for (front, back) in records {
            let front = front.as_ref();
            if !self.owner(owner, name, front.len() + back.len()) {
                self.out.truncate(start);
                return false;
            }
            self.out.extend_from_slice(front);
            self.out.extend_from_slice(back);
            name = again(first, start, owner);
            count += 1;
        }
        if count > 0 {
            let written = first.map_or(owner.len(), |suffix| suffix.at);
            self.suffixes.add(owner, written, start);
        }
        self.section = section;
        self.counts[section as usize] += count;
        true
    }

    /// Writes the owner of a record, or nothing where it does not fit with the `rest` of the record.
    fn owner(&mut self, owner: &[u8], name: Option<Suffix>, rest: usize) -> bool {
        let front = name.map_or(owner, |suffix| &owner[..suffix.at]);
        let pointer = if name.is_some() { 2 } else { 0 };
        if self.out.len() + front.len() + pointer + rest > self.limit {
            return false;
        }
        self.out.extend_from_slice(front);
        if let Some(suffix) = name {
            self.out.extend((0xc000 | suffix.target).to_be_bytes());
        }
        true
    }

    /// Completes the response: OPT, flags and counts.
    pub fn finish(mut self) {
        if let Some(opt) = self.opt.take() {
            let room = self.limit + opt.least_length() - self.out.len();
            opt.write(self.rcode, room, self.out);
            self.counts[Section::Additional as usize] += 1;
        }
        let flags = self.flags | self.rcode.0 & 0x0f;
        self.out[2..4].copy_from_slice(&flags.to_be_bytes());
        for (place, count) in self.out[6..HEADER].chunks_exact_mut(2).zip(self.counts) {
            place.copy_from_slice(&count.to_be_bytes());
        }
    }
}

/// What stands between a record's name and its data (RFC 1035 section 3.2.1).
fn fields(rtype: Rtype, class: Class, ttl: Ttl, length: u16) -> [u8; RECORD] {
    let mut fields = [0; RECORD];
    fields[..2].copy_from_slice(&rtype.0.to_be_bytes());
    fields[2..4].copy_from_slice(&class.0.to_be_bytes());
    fields[4..8].copy_from_slice(&ttl.as_secs().to_be_bytes());
    fields[8..].copy_from_slice(&length.to_be_bytes());
    fields
}

/// How a set's second and further records name their owner: they point to where the first one wrote
/// it, or to where the first one points itself. The root is shorter than a pointer.
fn again(first: Option<Suffix>, start: usize, owner: &[u8]) -> Option<Suffix> {
    match (first, pointable(start)) {
        (Some(Suffix { at: 0, .. }), _) | (_, None) => first,
        _ if owner.len() == 1 => None,
        (_, Some(target)) => Some(Suffix { at: 0, target }),
    }
}

#[cfg(test)]
mod tests;
