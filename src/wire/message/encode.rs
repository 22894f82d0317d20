//! [`Message`] to octets.

use hickory_proto::ProtoError;
use hickory_proto::op::{Header, HeaderCounts, MessageType, Metadata, OpCode};
use hickory_proto::rr::Name as WireName;
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable, BinEncoder};

use super::{Edns, Message, Question};
use crate::wire::rdata::names_in;
use crate::wire::{Record, Rtype};

/// The largest message TCP carries (RFC 1035 section 4.2.2).
const MAX_MESSAGE: usize = u16::MAX as usize;
/// The message everyone must take (RFC 1035 section 4.2.1, RFC 6891 section 6.2.3). Header, question
/// and bare OPT record always fit.
const MIN_MESSAGE: usize = 512;
/// Octets of an OPT record before its options.
const OPT_FIXED: usize = 11;

impl Message {
    /// Writes the message. What does not fit 65,535 octets is left out, as by
    /// [`encode_within`](Self::encode_within).
    pub fn encode(&self) -> Vec<u8> {
        self.encode_within(MAX_MESSAGE)
    }

    /// Writes the message in at most `limit` octets, or 512 where `limit` is less. From the first
    /// RRset on that does not fit, all are left out, and TC is set; OPT stays. Of options that do
    /// not fit, the last are left out.
    pub fn encode_within(&self, limit: usize) -> Vec<u8> {
        let limit = limit.clamp(MIN_MESSAGE, MAX_MESSAGE);
        let mut octets = Vec::with_capacity(MIN_MESSAGE);
        self.emit(&mut BinEncoder::new(&mut octets), limit)
            .expect("the message ends before its limit, at each step");
        octets
    }

    fn emit(&self, encoder: &mut BinEncoder<'_>, limit: usize) -> Result<(), ProtoError> {
        let header = encoder.place::<Header>()?;
        if let Some(question) = &self.question {
            question.emit(encoder)?;
        }
        let options = self.edns.as_ref().map(|edns| edns.options_within(limit - encoder.len()));
        let opt = options.as_ref().map_or(0, |options| OPT_FIXED + options.len());
        let mut writer = Sections { encoder, limit: limit - opt, truncated: false };
        let answers = writer.section(&self.answer)?;
        let authorities = writer.section(&self.authority)?;
        let mut additionals = writer.section(&self.additional)?;
        let truncated = writer.truncated;
        if let (Some(edns), Some(options)) = (&self.edns, options) {
            edns.emit(encoder, self.rcode.0, &options)?;
            additionals += 1;
        }
        let queries = u16::from(self.question.is_some());
        let counts = HeaderCounts { queries, answers, authorities, additionals };
        header.replace(encoder, Header { metadata: self.metadata(truncated), counts })
    }

    fn metadata(&self, truncated: bool) -> Metadata {
        let kind = if self.flags.response { MessageType::Response } else { MessageType::Query };
        let mut metadata = Metadata::new(self.id, kind, OpCode::from_u8(self.opcode.0 & 0x0f));
        metadata.authoritative = self.flags.authoritative;
        metadata.truncation = self.flags.truncated || truncated;
        metadata.recursion_desired = self.flags.recursion_desired;
        metadata.recursion_available = self.flags.recursion_available;
        metadata.authentic_data = self.flags.authentic_data;
        metadata.checking_disabled = self.flags.checking_disabled;
        metadata.response_code = self.rcode.0.into();
        metadata
    }
}

impl Question {
    fn emit(&self, encoder: &mut BinEncoder<'_>) -> Result<(), ProtoError> {
        emit_name(encoder, self.name.as_wire())?;
        encoder.emit_u16(self.rtype.0)?;
        encoder.emit_u16(self.class.0)
    }
}

impl Edns {
    /// The options in wire form, as many as fit together with the rest of the record.
    fn options_within(&self, room: usize) -> Vec<u8> {
        let mut octets = Vec::new();
        for option in &self.options {
            let Ok(length) = u16::try_from(option.data.len()) else { break };
            if OPT_FIXED + octets.len() + 4 + option.data.len() > room {
                break;
            }
            octets.extend(option.code.0.to_be_bytes());
            octets.extend(length.to_be_bytes());
            octets.extend_from_slice(&option.data);
        }
        octets
    }

    fn emit(
        &self,
        encoder: &mut BinEncoder<'_>,
        rcode: u16,
        options: &[u8],
    ) -> Result<(), ProtoError> {
        encoder.emit_u8(0)?;
        encoder.emit_u16(Rtype::OPT.0)?;
        encoder.emit_u16(self.udp_size)?;
        let [_, extended_rcode] = (rcode >> 4).to_be_bytes();
        encoder.emit_u8(extended_rcode)?;
        encoder.emit_u8(self.version)?;
        encoder.emit_u16(self.flags())?;
        encoder.emit_u16(u16::try_from(options.len()).expect("options fit a message"))?;
        encoder.emit_vec(options)
    }
}

/// Writes records up to a limit.
struct Sections<'e, 'a> {
    encoder: &'e mut BinEncoder<'a>,
    limit: usize,
    truncated: bool,
}

impl Sections<'_, '_> {
    /// Writes RRsets until one does not fit, and says how many records they are.
    fn section(&mut self, records: &[Record]) -> Result<u16, ProtoError> {
        let mut count = 0;
        let same =
            |a: &Record, b: &Record| a.rtype == b.rtype && a.class == b.class && a.name == b.name;
        for rrset in records.chunk_by(same) {
            if self.truncated || !self.rrset(rrset)? {
                self.truncated = true;
                break;
            }
            count += u16::try_from(rrset.len()).expect("records are more than one octet long");
        }
        Ok(count)
    }

    /// Writes the set, or nothing where it does not fit.
    fn rrset(&mut self, records: &[Record]) -> Result<bool, ProtoError> {
        let start = self.encoder.offset();
        for record in records {
            // What comes out is at most this long; the encoder itself cannot go beyond 65,535.
            let most = record.name.as_wire().len() + 10 + record.rdata.octets().len();
            let fits = self.encoder.offset() + most <= MAX_MESSAGE;
            if fits {
                emit_record(self.encoder, record)?;
            }
            if !fits || self.encoder.offset() > self.limit {
                self.encoder.set_offset(start);
                self.encoder.trim();
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn emit_record(encoder: &mut BinEncoder<'_>, record: &Record) -> Result<(), ProtoError> {
    emit_name(encoder, record.name.as_wire())?;
    encoder.emit_u16(record.rtype.0)?;
    encoder.emit_u16(record.class.0)?;
    encoder.emit_u32(record.ttl.as_secs())?;
    let length = encoder.place::<u16>()?;
    let octets = record.rdata.octets();
    let mut at = 0;
    for name in names_in(record.rtype, octets) {
        encoder.emit_vec(&octets[at..name.start])?;
        at = name.end;
        emit_name(encoder, &octets[name])?;
    }
    encoder.emit_vec(&octets[at..])?;
    let written = encoder.len_since_place(&length);
    length.replace(encoder, u16::try_from(written).expect("compressed data is not longer"))
}

/// Writes a name, compressed where the end of it has been written before.
fn emit_name(encoder: &mut BinEncoder<'_>, wire: &[u8]) -> Result<(), ProtoError> {
    WireName::from_bytes(wire)?.emit(encoder)
}
