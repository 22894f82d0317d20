//! What the RDATA of each type is made of: the one table behind validation, canonical form,
//! compression and text.

use crate::wire::Rtype;

/// One part of RDATA: how long it is, what it may hold and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A domain name.
    Name(NameUse),
    /// Domain names up to the end.
    Names,
    /// A decimal number of one octet.
    U8,
    /// A decimal number of two octets.
    U16,
    /// A decimal number of four octets.
    U32,
    /// Seconds in four octets, written with or without units.
    Period,
    /// A moment in four octets (RFC 4034 section 3.2).
    Time,
    /// A record type.
    Type,
    /// A DNSSEC algorithm.
    Algorithm,
    /// What a CERT record holds (RFC 4398 section 2.1).
    CertificateType,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A character-string (RFC 1035 section 3.3).
    Text,
    /// A character-string or nothing.
    OptionalText,
    /// Character-strings up to the end, at least one.
    Texts,
    /// One string without a length, up to the end, at least one octet.
    LongText,
    /// The same, which may be empty.
    OptionalLongText,
    /// Letters and digits after their length, without quotes (RFC 8659 section 4.1).
    Tag,
    /// Octets up to the end in hex, at least one.
    Hex,
    /// Octets up to the end in base64, at least one.
    Base64,
    /// The same, which may be none.
    OptionalBase64,
    /// Octets after their length in hex, `-` for none (RFC 5155 section 3.3).
    Salt,
    /// Octets after their length in base32hex, at least one (RFC 5155 section 3.3).
    Hash,
    /// Types in windows up to the end (RFC 4034 section 4.1.2).
    Bitmap,
    /// A protocol and its ports (RFC 1035 section 3.4.2).
    Services,
    /// A whole location (RFC 1876).
    Location,
    /// Address prefixes up to the end (RFC 3123).
    Prefixes,
    /// An NSAP address (RFC 1706).
    Nsap,
    /// A MAC address of six octets (RFC 7043).
    Eui48,
    /// A MAC address of eight octets (RFC 7043).
    Eui64,
    /// Eight octets in groups of two (RFC 6742).
    Locator,
    /// Type of the gateway, algorithm of the key, gateway (RFC 4025).
    Gateway,
    /// Discovery bit, type of the relay, relay (RFC 8777).
    Relay,
    /// Algorithm, host identity tag, public key (RFC 8005).
    HostIdentity,
    /// Service parameters up to the end (RFC 9460).
    Parameters,
    /// Anything up to the end, with no text but the generic one (RFC 3597).
    Opaque,
}

/// What may be done to a name in RDATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameUse {
    /// Of a type of RFC 1035: compressed at will, in lower case in canonical form.
    Compressed,
    /// Never sent compressed, but arrives so from old software (RFC 3597 section 4); in lower case
    /// in canonical form.
    Expanded,
    /// Never compressed; in lower case in canonical form (RFC 4034 section 6.2).
    Lowered,
    /// Never compressed, case kept: types younger than RFC 4034, and NSEC (RFC 6840 section 5.1).
    Kept,
}

impl Field {
    /// Whether it is a name that may arrive compressed.
    pub(super) const fn may_arrive_compressed(self) -> bool {
        matches!(self, Self::Name(NameUse::Compressed | NameUse::Expanded))
    }

    /// Whether it is a name that may be sent compressed.
    pub(super) const fn may_be_compressed(self) -> bool {
        matches!(self, Self::Name(NameUse::Compressed))
    }

    /// Whether it is a name that canonical form has in lower case.
    pub(super) const fn is_lowered(self) -> bool {
        matches!(self, Self::Name(NameUse::Compressed | NameUse::Expanded | NameUse::Lowered))
    }
}

/// The fields of `rtype`, in order. Unknown types, and those without a text of their own, are
/// [`Field::Opaque`].
pub(super) const fn fields(rtype: Rtype) -> &'static [Field] {
    use Field::*;
    const COMPRESSED: Field = Name(NameUse::Compressed);
    const EXPANDED: Field = Name(NameUse::Expanded);
    const LOWERED: Field = Name(NameUse::Lowered);
    const KEPT: Field = Name(NameUse::Kept);
    match rtype {
        Rtype::A => &[Ipv4],
        Rtype::NS | Rtype::MD | Rtype::MF | Rtype::CNAME => &[COMPRESSED],
        Rtype::MB | Rtype::MG | Rtype::MR | Rtype::PTR => &[COMPRESSED],
        Rtype::SOA => &[COMPRESSED, COMPRESSED, U32, Period, Period, Period, Period],
        Rtype::WKS => &[Ipv4, Services],
        Rtype::HINFO => &[Text, Text],
        Rtype::MINFO => &[COMPRESSED, COMPRESSED],
        Rtype::MX => &[U16, COMPRESSED],
        Rtype::TXT | Rtype::SPF | Rtype::NINFO | Rtype::AVC => &[Texts],
        Rtype::RESINFO | Rtype::WALLET => &[Texts],
        Rtype::RP => &[EXPANDED, EXPANDED],
        Rtype::AFSDB | Rtype::RT => &[U16, EXPANDED],
        Rtype::X25 => &[Text],
        Rtype::ISDN => &[Text, OptionalText],
        Rtype::NSAP => &[Nsap],
        Rtype::NSAP_PTR => &[KEPT],
        Rtype::SIG => &[Type, Algorithm, U8, U32, Time, Time, U16, EXPANDED, Base64],
        Rtype::KEY | Rtype::RKEY => &[U16, U8, Algorithm, OptionalBase64],
        Rtype::PX => &[U16, EXPANDED, EXPANDED],
        Rtype::GPOS => &[Text, Text, Text],
        Rtype::AAAA => &[Ipv6],
        Rtype::LOC => &[Location],
        Rtype::NXT => &[EXPANDED, Opaque],
        Rtype::EID | Rtype::NIMLOC => &[Hex],
        Rtype::SRV => &[U16, U16, U16, EXPANDED],
        Rtype::NAPTR => &[U16, U16, Text, Text, Text, EXPANDED],
        Rtype::KX => &[U16, LOWERED],
        Rtype::CERT => &[CertificateType, U16, Algorithm, Base64],
        Rtype::DNAME => &[LOWERED],
        Rtype::APL => &[Prefixes],
        Rtype::DS | Rtype::CDS | Rtype::DLV => &[U16, Algorithm, U8, Hex],
        Rtype::SSHFP => &[U8, U8, Hex],
        Rtype::IPSECKEY => &[U8, Gateway, OptionalBase64],
        Rtype::RRSIG => &[Type, Algorithm, U8, U32, Time, Time, U16, LOWERED, Base64],
        Rtype::NSEC => &[KEPT, Bitmap],
        Rtype::DNSKEY | Rtype::CDNSKEY => &[U16, U8, Algorithm, Base64],
        Rtype::DHCID | Rtype::OPENPGPKEY => &[Base64],
        Rtype::NSEC3 => &[U8, U8, U16, Salt, Hash, Bitmap],
        Rtype::NSEC3PARAM => &[U8, U8, U16, Salt],
        Rtype::TLSA | Rtype::SMIMEA => &[U8, U8, U8, Hex],
        Rtype::HIP => &[HostIdentity, Names],
        Rtype::TALINK => &[KEPT, KEPT],
        Rtype::CSYNC => &[U32, U16, Bitmap],
        Rtype::ZONEMD => &[U32, U8, U8, Hex],
        Rtype::SVCB | Rtype::HTTPS => &[U16, KEPT, Parameters],
        Rtype::NID | Rtype::L64 => &[U16, Locator],
        Rtype::L32 => &[U16, Ipv4],
        Rtype::LP => &[U16, KEPT],
        Rtype::EUI48 => &[Eui48],
        Rtype::EUI64 => &[Eui64],
        Rtype::URI => &[U16, U16, LongText],
        Rtype::CAA => &[U8, Tag, OptionalLongText],
        Rtype::AMTRELAY => &[U8, Relay],
        _ => &[Opaque],
    }
}
