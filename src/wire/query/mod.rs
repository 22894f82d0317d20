//! A question as it stands in its packet: the first look of every server, without allocation.

use crate::codec::{ReadError, Reader};
use crate::wire::message::{is_modest, options};
use crate::wire::{Class, Edns, EdnsCode, MAX_LABEL, MAX_NAME, Opcode, Rcode, Rtype, Transport};

/// QR: the packet is a response.
pub(in crate::wire) const QR: u16 = 0x8000;
/// The opcode's bits.
pub(in crate::wire) const OPCODE: u16 = 0x7800;
/// RD: recursion desired.
pub(in crate::wire) const RD: u16 = 0x0100;
/// AD: authentic data.
const AD: u16 = 0x0020;
/// CD: checking disabled.
pub(in crate::wire) const CD: u16 = 0x0010;
/// The lower bits of the response code.
const RCODE: u16 = 0x000f;
/// Octets of a question behind its name (RFC 1035 section 4.1.2).
const QUESTION: usize = 4;
/// The UDP message that every asker takes, and means where it says less (RFC 6891 section 6.2.3).
const MIN_UDP: u16 = 512;

/// A packet that asks one question.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Ties the response to it.
    pub id: u16,
    /// RD: the asker wants the whole way gone for it.
    pub recursion_desired: bool,
    /// CD: the asker validates by itself.
    pub checking_disabled: bool,
    /// AD: the asker understands the bit in the response (RFC 6840 section 5.7).
    pub authentic_data: bool,
    /// The name asked for, in wire form, uncompressed, case as it came.
    pub qname: &'a [u8],
    /// The type asked for.
    pub qtype: Rtype,
    /// The class asked for.
    pub qclass: Class,
    /// The OPT record.
    pub edns: Option<QueryEdns<'a>>,
    /// The question section, to be echoed.
    pub question: &'a [u8],
}

/// The OPT record of a query (RFC 6891).
#[derive(Debug, Clone, Copy)]
pub struct QueryEdns<'a> {
    /// The largest UDP response the asker takes, at least 512.
    pub udp_size: u16,
    /// DO: the asker wants DNSSEC records (RFC 3225).
    pub dnssec_ok: bool,
    /// CO: the asker takes NXDOMAIN with a compact denial (RFC 9824 section 5.1).
    pub compact_ok: bool,
    /// The options, well-formed.
    options: &'a [u8],
}

/// A packet without a question that could be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswerable {
    /// It deserves no response: too short to have an id, or a response itself. Answering those
    /// would let two servers be set to talk for ever.
    Silent,
    /// It deserves this response code: FORMERR, NOTIMP or BADVERS.
    Error(Rcode),
}

impl From<ReadError> for Unanswerable {
    fn from(_: ReadError) -> Self {
        Self::Error(Rcode::FORMERR)
    }
}

const FORMERR: Unanswerable = Unanswerable::Error(Rcode::FORMERR);

impl<'a> Query<'a> {
    /// Looks at a packet.
    ///
    /// # Errors
    /// Where it does not ask exactly one question (RFC 9619) in full and nothing behind it, where
    /// records stand where a query has none, or OPT is not as RFC 6891 has it. Names of records
    /// are skipped, not read: compression pointers cost nothing. More options than
    /// [`Edns::MOST_OPTIONS`] are refused, too.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Unanswerable> {
        let mut reader = Reader::new(packet);
        let (id, flags, counts) = header(&mut reader).map_err(|_| Unanswerable::Silent)?;
        if flags & QR != 0 {
            return Err(Unanswerable::Silent);
        }
        if opcode(flags) != Opcode::QUERY {
            return Err(Unanswerable::Error(Rcode::NOTIMP));
        }
        let asked = question(&mut reader, counts)?;
        // Authority may hold the SOA of an incremental transfer (RFC 1995 section 3), which is refused
        // later.
        if counts[1] != 0 {
            return Err(FORMERR);
        }
        let edns = records(&mut reader, counts)?;
        reader.finish()?;
        if edns.is_some_and(|(version, _)| version != 0) {
            return Err(Unanswerable::Error(Rcode::BADVERS));
        }
        Ok(Self {
            id,
            recursion_desired: flags & RD != 0,
            checking_disabled: flags & CD != 0,
            authentic_data: flags & AD != 0,
            qname: asked.name,
            qtype: asked.rtype,
            qclass: asked.class,
            edns: edns.map(|(_, edns)| edns),
            question: asked.octets,
        })
    }

    /// Whether the asker wants DNSSEC records.
    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec_ok)
    }

    /// Whether the asker takes NXDOMAIN with a compact denial.
    pub fn compact_ok(&self) -> bool {
        self.edns.is_some_and(|edns| edns.compact_ok)
    }

    /// How long a response may be, where the server sends `most` octets over UDP.
    pub fn limit(&self, transport: Transport, most: u16) -> usize {
        match transport {
            Transport::Udp => {
                self.edns.map_or(MIN_UDP, |edns| edns.udp_size).min(most).max(MIN_UDP).into()
            }
            Transport::Tcp => u16::MAX.into(),
        }
    }
}

impl QueryEdns<'_> {
    /// Whether there is an option of this kind.
    pub fn has(&self, code: EdnsCode) -> bool {
        options(self.options).any(|option| option.is_ok_and(|(found, _)| found == code))
    }
}

/// The name and type that a packet asks for, by its first question alone: for whoever wants to know them before
/// the packet is [read](Query::parse).
pub fn asked(packet: &[u8]) -> Option<(&[u8], Rtype)> {
    let mut reader = Reader::new(packet);
    let (_, _, counts) = header(&mut reader).ok()?;
    let asked = question(&mut reader, counts).ok()?;
    Some((asked.name, asked.rtype))
}

/// Whether `response` answers the query in `packet`, as far as a stranger would have to guess: same
/// id and opcode, same question (RFC 5452 section 9.1), the case of its name aside. A response with
/// an error may leave the question out.
pub fn is_response_to(response: &[u8], packet: &[u8]) -> bool {
    let (mut theirs, mut ours) = (Reader::new(response), Reader::new(packet));
    let (Ok((id, flags, counts)), Ok((our_id, our_flags, our_counts))) =
        (header(&mut theirs), header(&mut ours))
    else {
        return false;
    };
    if flags & QR == 0 || id != our_id || opcode(flags) != opcode(our_flags) {
        return false;
    }
    match (question(&mut theirs, counts), question(&mut ours, our_counts)) {
        (Ok(theirs), Ok(ours)) => {
            theirs.name.eq_ignore_ascii_case(ours.name)
                && (theirs.rtype, theirs.class) == (ours.rtype, ours.class)
        }
        (Err(_), Ok(_)) => counts[0] == 0 && flags & RCODE != 0,
        _ => false,
    }
}

/// Whether a packet is a response that says that it was cut off, be it in the middle of something.
pub fn says_truncated(packet: &[u8]) -> bool {
    const TC: u16 = 0x0200;
    header(&mut Reader::new(packet)).is_ok_and(|(_, flags, _)| flags & (QR | TC) == QR | TC)
}

/// Whether a packet says which question it is about.
pub fn says_question(packet: &[u8]) -> bool {
    header(&mut Reader::new(packet)).is_ok_and(|(_, _, counts)| counts[0] != 0)
}

/// Whether `response`, to the query in `packet`, repeats the question octet for octet. One without a
/// question, or to a question without capitals, which nobody mixed, need not.
pub fn repeats_question(response: &[u8], packet: &[u8]) -> bool {
    let read = |packet| {
        let mut reader = Reader::new(packet);
        let (_, _, counts) = header(&mut reader).ok()?;
        question(&mut reader, counts).ok()
    };
    match (read(response), read(packet)) {
        (Some(theirs), Some(ours)) => {
            theirs.name == ours.name || !ours.name.iter().any(u8::is_ascii_uppercase)
        }
        _ => true,
    }
}

/// The OPT record of a packet that may be no [`Query`]: of another opcode, say, or with two questions.
/// None where it has none, where OPT is not as RFC 6891 has it, or where the packet cannot be followed
/// to the end of its records.
pub(in crate::wire) fn edns_of(packet: &[u8]) -> Option<QueryEdns<'_>> {
    let mut reader = Reader::new(packet);
    let (_, _, counts) = header(&mut reader).ok()?;
    for _ in 0..counts[0] {
        skip_name(&mut reader).ok()?;
        reader.take(QUESTION).ok()?;
    }
    Some(records(&mut reader, counts).ok()??.1)
}

/// How many questions and records of each section the header claims.
type Counts = [u16; 4];

pub(in crate::wire) fn opcode(flags: u16) -> Opcode {
    let [high, _] = (flags & OPCODE).to_be_bytes();
    Opcode(high >> 3)
}

/// The id, the flags and the counts.
pub(in crate::wire) fn header(reader: &mut Reader<'_>) -> Result<(u16, u16, Counts), ReadError> {
    let (id, flags) = (reader.u16()?, reader.u16()?);
    Ok((id, flags, [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?]))
}

/// A question section.
pub(in crate::wire) struct Asked<'a> {
    /// All of it.
    pub(in crate::wire) octets: &'a [u8],
    name: &'a [u8],
    rtype: Rtype,
    class: Class,
}

/// Reads the question section.
pub(in crate::wire) fn question<'a>(
    reader: &mut Reader<'a>,
    counts: Counts,
) -> Result<Asked<'a>, Unanswerable> {
    if counts[0] != 1 {
        return Err(FORMERR);
    }
    let mut whole = reader.clone();
    let name = uncompressed_name(reader)?;
    let (rtype, class) = (Rtype(reader.u16()?), Class(reader.u16()?));
    Ok(Asked { octets: whole.take(name.len() + QUESTION)?, name, rtype, class })
}

/// There is nothing before a question that a pointer in it could mean.
fn uncompressed_name<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Unanswerable> {
    let mut whole = reader.clone();
    let start = reader.position();
    loop {
        let label = usize::from(reader.u8()?);
        reader.take(label)?;
        let length = reader.position() - start;
        if label > MAX_LABEL || length > MAX_NAME {
            return Err(FORMERR);
        }
        if label == 0 {
            return Ok(whole.take(length)?);
        }
    }
}

/// Goes over the records, and takes the OPT record's version and content.
fn records<'a>(
    reader: &mut Reader<'a>,
    [_, answers, authorities, additionals]: Counts,
) -> Result<Option<(u8, QueryEdns<'a>)>, Unanswerable> {
    for _ in 0..u32::from(answers) + u32::from(authorities) {
        skip_name(reader)?;
        let (rtype, ..) = record(reader)?;
        if rtype == Rtype::OPT {
            return Err(FORMERR);
        }
    }
    let mut edns = None;
    for _ in 0..additionals {
        let root = skip_name(reader)?;
        let record = record(reader)?;
        if record.0 != Rtype::OPT {
            continue;
        }
        if edns.is_some() || !root {
            return Err(FORMERR);
        }
        edns = Some(opt(record)?);
    }
    Ok(edns)
}

/// Takes an OPT record apart (RFC 6891 section 6.1.3).
fn opt((_, class, ttl, data): RawRecord<'_>) -> Result<(u8, QueryEdns<'_>), Unanswerable> {
    if !is_modest(data) || options(data).any(|option| option.is_err()) {
        return Err(FORMERR);
    }
    let [_, version, high, low] = ttl.to_be_bytes();
    let flags = u16::from_be_bytes([high, low]);
    let edns = QueryEdns {
        udp_size: class.max(MIN_UDP),
        dnssec_ok: flags & Edns::DNSSEC_OK != 0,
        compact_ok: flags & Edns::COMPACT_OK != 0,
        options: data,
    };
    Ok((version, edns))
}

/// What follows a record's name: type, class, TTL and data.
type RawRecord<'a> = (Rtype, u16, u32, &'a [u8]);

fn record<'a>(reader: &mut Reader<'a>) -> Result<RawRecord<'a>, ReadError> {
    let (rtype, class, ttl) = (Rtype(reader.u16()?), reader.u16()?, reader.u32()?);
    let length = reader.u16()?;
    Ok((rtype, class, ttl, reader.take(length.into())?))
}

/// Goes over a name that may end in a pointer; tells whether it is the root, written as such.
fn skip_name(reader: &mut Reader<'_>) -> Result<bool, Unanswerable> {
    let start = reader.position();
    loop {
        match usize::from(reader.u8()?) {
            0 => return Ok(reader.position() == start + 1),
            label @ 1..=MAX_LABEL => reader.take(label)?,
            0xc0.. => {
                reader.u8()?;
                return Ok(false);
            }
            _ => return Err(FORMERR),
        };
    }
}

#[cfg(test)]
mod tests;
