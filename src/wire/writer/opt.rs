//! The OPT record of a response (RFC 6891 section 7), and responses to what is no question.

use super::{EdnsPolicy, HEADER, MIN_LIMIT};
use crate::codec::Reader;
use crate::wire::query::{self, OPCODE, QR, RD};
use crate::wire::{EdeCode, Edns, EdnsCode, QueryEdns, Rcode, Rtype};

/// Octets of an OPT record before its options (RFC 6891 section 6.1.2).
const FIXED: usize = 11;
/// Octets of an option before its data.
const OPTION: usize = 4;

/// The OPT record to be written.
#[derive(Debug)]
pub(super) struct Opt<'a> {
    udp_size: u16,
    flags: u16,
    nsid: &'a [u8],
    error: Option<(EdeCode, &'static str)>,
}

impl<'a> Opt<'a> {
    /// The answer to a query's OPT record, in at most `room` octets: DO (RFC 3225 section 3) and CO
    /// (RFC 9824 section 5.1) come back as they were, NSID is told to whoever asks and left out where it
    /// does not fit.
    pub(super) fn new(asked: &QueryEdns<'_>, policy: &'a EdnsPolicy, room: usize) -> Self {
        let dnssec_ok = if asked.dnssec_ok { Edns::DNSSEC_OK } else { 0 };
        let compact_ok = if asked.compact_ok { Edns::COMPACT_OK } else { 0 };
        let fits = FIXED + OPTION + policy.nsid.len() <= room;
        let nsid = if fits && asked.has(EdnsCode::NSID) { policy.nsid.as_slice() } else { &[] };
        Self { udp_size: policy.udp_size, flags: dnssec_ok | compact_ok, nsid, error: None }
    }

    /// Adds an extended error, in place of the one before.
    pub(super) fn set_error(&mut self, code: EdeCode, text: &'static str) {
        self.error = Some((code, text));
    }

    /// How long the record is without extended error.
    pub(super) fn least_length(&self) -> usize {
        FIXED + if self.nsid.is_empty() { 0 } else { OPTION + self.nsid.len() }
    }

    /// Writes the record in at most `room` octets, which is [`least_length`](Self::least_length) or
    /// more. The extended error is left out where it does not fit.
    pub(super) fn write(&self, rcode: Rcode, room: usize, out: &mut Vec<u8>) {
        let [_, extended_rcode] = (rcode.0 >> 4).to_be_bytes();
        out.push(0);
        out.extend(Rtype::OPT.0.to_be_bytes());
        out.extend(self.udp_size.to_be_bytes());
        out.extend([extended_rcode, 0]);
        out.extend(self.flags.to_be_bytes());
        let length_at = out.len();
        out.extend([0, 0]);
        if !self.nsid.is_empty() {
            option(out, EdnsCode::NSID, &[self.nsid]);
        }
        if let Some((code, text)) = self.error
            && self.least_length() + OPTION + 2 + text.len() <= room
        {
            option(out, EdnsCode::EDE, &[&code.0.to_be_bytes(), text.as_bytes()]);
        }
        let length = u16::try_from(out.len() - length_at - 2).expect("OPT fits a message");
        out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
    }
}

fn option(out: &mut Vec<u8>, code: EdnsCode, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend(code.0.to_be_bytes());
    out.extend(u16::try_from(length).expect("options fit a message").to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Writes the response to a packet that [`Query::parse`](crate::wire::Query::parse) found
/// [`Unanswerable`](crate::wire::Unanswerable): the header, the question where it can be read, and OPT
/// where the packet has one that can be (RFC 6891 section 6.1.1 demands it of every response).
/// It is not longer than the packet but for OPT.
pub fn write_error(packet: &[u8], rcode: Rcode, policy: &EdnsPolicy, out: &mut Vec<u8>) {
    out.clear();
    let mut reader = Reader::new(packet);
    let Ok((id, flags, counts)) = query::header(&mut reader) else { return };
    let question = query::question(&mut reader, counts).map(|asked| asked.octets);
    let asked = query::edns_of(packet);
    let flags = QR | flags & (OPCODE | RD) | rcode.0 & 0x0f;
    out.extend(id.to_be_bytes());
    out.extend(flags.to_be_bytes());
    out.extend([0, u8::from(question.is_ok()), 0, 0, 0, 0, 0, u8::from(asked.is_some())]);
    out.extend_from_slice(question.unwrap_or_default());
    debug_assert!(out.len() <= packet.len().max(HEADER));
    if let Some(asked) = asked {
        let room = MIN_LIMIT - out.len();
        Opt::new(&asked, policy, room).write(rcode, room, out);
    }
}
