//! Octets to [`Message`].

use hickory_proto::op::{Header, MessageType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

use super::edns::decode_options;
use super::{Edns, Flags, Message, MessageError, MessageLimits, Question};
use crate::wire::compression::Pointers;
use crate::wire::rdata::{RdataError, expand};
use crate::wire::{Class, Name, Opcode, Rcode, Rdata, Record, Rtype, Ttl};

impl Message {
    /// Reads a message that fills `octets` exactly, within the default [`MessageLimits`].
    ///
    /// # Errors
    /// Where it is malformed or asks for too much work.
    pub fn decode(octets: &[u8]) -> Result<Self, MessageError> {
        Self::decode_within(octets, &MessageLimits::default())
    }

    /// Reads a message that fills `octets` exactly.
    ///
    /// # Errors
    /// Where it is malformed or goes beyond `limits`.
    pub fn decode_within(octets: &[u8], limits: &MessageLimits) -> Result<Self, MessageError> {
        let mut decoder = Decoder {
            octets,
            fields: BinDecoder::new(octets),
            pointers: Pointers::for_message(octets.len(), limits.extra_pointers),
        };
        let header = decoder.header()?;
        let counts = [header.counts.answers, header.counts.authorities, header.counts.additionals];
        let records = counts.map(u32::from).iter().sum();
        if records > limits.records {
            return Err(MessageError::Records(records));
        }
        let question = decoder.question(header.counts.queries)?;
        let answer = decoder.records(header.counts.answers)?;
        let authority = decoder.records(header.counts.authorities)?;
        let (additional, opt) = decoder.additional(header.counts.additionals)?;
        if !decoder.fields.is_empty() {
            return Err(MessageError::Trailing(decoder.fields.index()));
        }
        let (edns, extended) = opt.map_or((None, 0), |opt| (Some(opt.edns), opt.extended_rcode));
        Ok(Self {
            id: header.id,
            opcode: Opcode(header.op_code.into()),
            flags: flags(&header),
            rcode: Rcode(u16::from(extended) << 4 | u16::from(header.response_code.low())),
            question,
            answer,
            authority,
            additional,
            edns,
        })
    }
}

fn flags(header: &Header) -> Flags {
    Flags {
        response: header.message_type == MessageType::Response,
        authoritative: header.authoritative,
        truncated: header.truncation,
        recursion_desired: header.recursion_desired,
        recursion_available: header.recursion_available,
        authentic_data: header.authentic_data,
        checking_disabled: header.checking_disabled,
    }
}

/// An OPT record, taken apart.
struct Opt {
    edns: Edns,
    extended_rcode: u8,
}

/// A record as it comes: its TTL and data may yet turn out to be OPT's.
struct Raw<'a> {
    name: Name,
    rtype: Rtype,
    class: u16,
    ttl: u32,
    /// Where the data starts in the message.
    start: usize,
    data: &'a [u8],
}

struct Decoder<'a> {
    octets: &'a [u8],
    fields: BinDecoder<'a>,
    pointers: Pointers,
}

impl<'a> Decoder<'a> {
    fn header(&mut self) -> Result<Header, MessageError> {
        Header::read(&mut self.fields).map_err(|_| MessageError::Truncated(self.octets.len()))
    }

    fn question(&mut self, count: u16) -> Result<Option<Question>, MessageError> {
        match count {
            0 => Ok(None),
            1 => Ok(Some(Question {
                name: self.name()?,
                rtype: Rtype(self.u16()?),
                class: Class(self.u16()?),
            })),
            more => Err(MessageError::Questions(more)),
        }
    }

    fn records(&mut self, count: u16) -> Result<Vec<Record>, MessageError> {
        // Nothing is reserved: the count is only a claim.
        let mut records = Vec::new();
        for _ in 0..count {
            let raw = self.raw()?;
            if raw.rtype == Rtype::OPT {
                return Err(MessageError::MisplacedOpt);
            }
            records.push(self.record(raw)?);
        }
        Ok(records)
    }

    fn additional(&mut self, count: u16) -> Result<(Vec<Record>, Option<Opt>), MessageError> {
        let (mut records, mut opt) = (Vec::new(), None);
        for _ in 0..count {
            let raw = self.raw()?;
            if raw.rtype != Rtype::OPT {
                records.push(self.record(raw)?);
            } else if opt.is_some() {
                return Err(MessageError::SecondOpt);
            } else {
                opt = Some(Opt::read(&raw)?);
            }
        }
        Ok((records, opt))
    }

    fn raw(&mut self) -> Result<Raw<'a>, MessageError> {
        let name = self.name()?;
        let (rtype, class) = (Rtype(self.u16()?), self.u16()?);
        let ttl = self.field(|fields| fields.read_u32().map(|ttl| ttl.unverified()))?;
        let length = self.u16()?;
        let start = self.fields.index();
        let data = self.field(|fields| fields.read_slice(length.into()))?.unverified();
        Ok(Raw { name, rtype, class, ttl, start, data })
    }

    fn record(&mut self, raw: Raw<'_>) -> Result<Record, MessageError> {
        let rdata = self.rdata(raw.rtype, raw.start, raw.data.len());
        let rdata = rdata.map_err(|error| MessageError::Rdata {
            at: raw.start,
            rtype: raw.rtype,
            error,
        })?;
        let (class, ttl) = (Class(raw.class), Ttl::from_wire(raw.ttl));
        Ok(Record { name: raw.name, rtype: raw.rtype, class, ttl, rdata })
    }

    /// Data of no octets is that of a dynamic update (RFC 2136 section 2.4) and holds no names.
    fn rdata(&mut self, rtype: Rtype, start: usize, length: usize) -> Result<Rdata, RdataError> {
        if length == 0 {
            return Ok(Rdata::new(Vec::new()).expect("no octets fit"));
        }
        expand(rtype, self.octets, start, length, &mut self.pointers)
    }

    fn name(&mut self) -> Result<Name, MessageError> {
        let at = self.fields.index();
        let (name, end) = Name::from_message(self.octets, at, &mut self.pointers)
            .map_err(|error| MessageError::Name { at, error })?;
        self.field(|fields| fields.read_slice(end - at))?;
        Ok(name)
    }

    fn u16(&mut self) -> Result<u16, MessageError> {
        self.field(|fields| fields.read_u16().map(|number| number.unverified()))
    }

    fn field<T>(
        &mut self,
        read: impl FnOnce(&mut BinDecoder<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, MessageError> {
        read(&mut self.fields).map_err(|_| MessageError::Truncated(self.octets.len()))
    }
}

impl Opt {
    fn read(raw: &Raw<'_>) -> Result<Self, MessageError> {
        if !raw.name.is_root() {
            return Err(MessageError::MisplacedOpt);
        }
        let [extended_rcode, version, high, low] = raw.ttl.to_be_bytes();
        let flags = u16::from_be_bytes([high, low]);
        let edns = Edns {
            udp_size: raw.class,
            version,
            dnssec_ok: flags & Edns::DNSSEC_OK != 0,
            compact_ok: flags & Edns::COMPACT_OK != 0,
            options: decode_options(raw.data)?,
        };
        Ok(Self { edns, extended_rcode })
    }
}
