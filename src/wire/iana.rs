//! Numbers assigned by IANA, as open newtypes: a value nobody named yet passes through unharmed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Text that names no value of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {registry} {text:?}")]
pub struct UnknownMnemonic {
    /// What was to be named.
    pub registry: &'static str,
    /// The text given.
    pub text: String,
}

/// Declares a number with names for some of its values. `$generic` is written before the number
/// of a value without a name (RFC 3597 section 5).
macro_rules! registry {
    ($(#[$doc:meta])* $type:ident($int:ty), $registry:literal, $generic:literal;
     $($(#[$value_doc:meta])* $name:ident = $value:literal $text:literal,)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub $int);

        impl $type {
            $($(#[$value_doc])* pub const $name: Self = Self($value);)*

            /// The value's name, where it has one.
            pub const fn mnemonic(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.mnemonic() {
                    Some(text) => f.pad(text),
                    None => f.pad(&format!(concat!($generic, "{}"), self.0)),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = UnknownMnemonic;

            fn from_str(text: &str) -> Result<Self, UnknownMnemonic> {
                let upper = text.to_ascii_uppercase();
                match upper.as_str() {
                    $($text => return Ok(Self($value)),)*
                    _ => {}
                }
                upper
                    .strip_prefix($generic)
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| UnknownMnemonic { registry: $registry, text: text.to_owned() })
            }
        }
    };
}

registry! {
    /// A record or question type.
    Rtype(u16), "record type", "TYPE";
    /// Host address (RFC 1035 section 3.4.1).
    A = 1 "A",
    /// Name server (RFC 1035 section 3.3.11).
    NS = 2 "NS",
    /// Obsolete mail destination (RFC 1035 section 3.3.4).
    MD = 3 "MD",
    /// Obsolete mail forwarder (RFC 1035 section 3.3.5).
    MF = 4 "MF",
    /// Canonical name (RFC 1035 section 3.3.1).
    CNAME = 5 "CNAME",
    /// Start of authority (RFC 1035 section 3.3.13).
    SOA = 6 "SOA",
    /// Mailbox (RFC 1035 section 3.3.3).
    MB = 7 "MB",
    /// Mail group (RFC 1035 section 3.3.6).
    MG = 8 "MG",
    /// Mail rename (RFC 1035 section 3.3.8).
    MR = 9 "MR",
    /// Null record (RFC 1035 section 3.3.10).
    NULL = 10 "NULL",
    /// Well-known services (RFC 1035 section 3.4.2).
    WKS = 11 "WKS",
    /// Pointer (RFC 1035 section 3.3.12).
    PTR = 12 "PTR",
    /// Host information (RFC 1035 section 3.3.2).
    HINFO = 13 "HINFO",
    /// Mailbox information (RFC 1035 section 3.3.7).
    MINFO = 14 "MINFO",
    /// Mail exchange (RFC 1035 section 3.3.9).
    MX = 15 "MX",
    /// Text (RFC 1035 section 3.3.14).
    TXT = 16 "TXT",
    /// Responsible person (RFC 1183 section 2.2).
    RP = 17 "RP",
    /// AFS cell database (RFC 1183 section 1).
    AFSDB = 18 "AFSDB",
    /// X.25 address (RFC 1183 section 3.1).
    X25 = 19 "X25",
    /// ISDN address (RFC 1183 section 3.2).
    ISDN = 20 "ISDN",
    /// Route through (RFC 1183 section 3.3).
    RT = 21 "RT",
    /// NSAP address (RFC 1706).
    NSAP = 22 "NSAP",
    /// Pointer for NSAP addresses, historic (RFC 1348).
    NSAP_PTR = 23 "NSAP-PTR",
    /// Security signature (RFC 2535), as SIG(0) today (RFC 2931).
    SIG = 24 "SIG",
    /// Security key (RFC 2535).
    KEY = 25 "KEY",
    /// X.400 mapping (RFC 2163).
    PX = 26 "PX",
    /// Geographical position (RFC 1712).
    GPOS = 27 "GPOS",
    /// IPv6 address (RFC 3596).
    AAAA = 28 "AAAA",
    /// Location (RFC 1876).
    LOC = 29 "LOC",
    /// Next name and types of the first DNSSEC, obsolete (RFC 2535).
    NXT = 30 "NXT",
    /// Endpoint identifier of Nimrod, historic.
    EID = 31 "EID",
    /// Locator of Nimrod, historic.
    NIMLOC = 32 "NIMLOC",
    /// Service (RFC 2782).
    SRV = 33 "SRV",
    /// Naming authority pointer (RFC 3403).
    NAPTR = 35 "NAPTR",
    /// Key exchanger (RFC 2230).
    KX = 36 "KX",
    /// Certificate (RFC 4398).
    CERT = 37 "CERT",
    /// Name redirection of a subtree (RFC 6672).
    DNAME = 39 "DNAME",
    /// EDNS pseudo-record (RFC 6891).
    OPT = 41 "OPT",
    /// Address prefixes (RFC 3123).
    APL = 42 "APL",
    /// Delegation signer (RFC 4034 section 5).
    DS = 43 "DS",
    /// SSH key fingerprint (RFC 4255).
    SSHFP = 44 "SSHFP",
    /// IPsec key (RFC 4025).
    IPSECKEY = 45 "IPSECKEY",
    /// Signature over an RRset (RFC 4034 section 3).
    RRSIG = 46 "RRSIG",
    /// Next name and types (RFC 4034 section 4).
    NSEC = 47 "NSEC",
    /// Zone key (RFC 4034 section 2).
    DNSKEY = 48 "DNSKEY",
    /// DHCP identifier (RFC 4701).
    DHCID = 49 "DHCID",
    /// Hashed next name and types (RFC 5155 section 3).
    NSEC3 = 50 "NSEC3",
    /// Parameters of NSEC3 (RFC 5155 section 4).
    NSEC3PARAM = 51 "NSEC3PARAM",
    /// TLS certificate association (RFC 6698).
    TLSA = 52 "TLSA",
    /// S/MIME certificate association (RFC 8162).
    SMIMEA = 53 "SMIMEA",
    /// Host identity (RFC 8005).
    HIP = 55 "HIP",
    /// Status of a zone.
    NINFO = 56 "NINFO",
    /// Key that encrypts records.
    RKEY = 57 "RKEY",
    /// Link to a trust anchor's history.
    TALINK = 58 "TALINK",
    /// Child's DS for its parent (RFC 7344).
    CDS = 59 "CDS",
    /// Child's DNSKEY for its parent (RFC 7344).
    CDNSKEY = 60 "CDNSKEY",
    /// OpenPGP key (RFC 7929).
    OPENPGPKEY = 61 "OPENPGPKEY",
    /// Child-to-parent synchronisation (RFC 7477).
    CSYNC = 62 "CSYNC",
    /// Zone digest (RFC 8976).
    ZONEMD = 63 "ZONEMD",
    /// Service binding (RFC 9460).
    SVCB = 64 "SVCB",
    /// Service binding for HTTPS (RFC 9460).
    HTTPS = 65 "HTTPS",
    /// Sender policy, obsolete (RFC 7208 section 3.1).
    SPF = 99 "SPF",
    /// Node identifier (RFC 6742).
    NID = 104 "NID",
    /// Locator of 32 bits (RFC 6742).
    L32 = 105 "L32",
    /// Locator of 64 bits (RFC 6742).
    L64 = 106 "L64",
    /// Locator pointer (RFC 6742).
    LP = 107 "LP",
    /// MAC address of 48 bits (RFC 7043).
    EUI48 = 108 "EUI48",
    /// MAC address of 64 bits (RFC 7043).
    EUI64 = 109 "EUI64",
    /// Says in a denial that the name does not exist (RFC 9824 section 2).
    NXNAME = 128 "NXNAME",
    /// Transaction signature (RFC 8945).
    TSIG = 250 "TSIG",
    /// Incremental transfer (RFC 1995).
    IXFR = 251 "IXFR",
    /// Zone transfer (RFC 5936).
    AXFR = 252 "AXFR",
    /// All records of mailboxes, obsolete (RFC 1035 section 3.2.3).
    MAILB = 253 "MAILB",
    /// All records of mail agents, obsolete (RFC 1035 section 3.2.3).
    MAILA = 254 "MAILA",
    /// Any type (RFC 8482).
    ANY = 255 "ANY",
    /// Uniform resource identifier (RFC 7553).
    URI = 256 "URI",
    /// Certification authority authorisation (RFC 8659).
    CAA = 257 "CAA",
    /// Visibility and control of applications.
    AVC = 258 "AVC",
    /// Relay for automatic multicast tunnelling (RFC 8777).
    AMTRELAY = 260 "AMTRELAY",
    /// What a resolver can do (RFC 9606).
    RESINFO = 261 "RESINFO",
    /// Public address of a wallet.
    WALLET = 262 "WALLET",
    /// Trust anchor outside its parent, obsolete (RFC 4431).
    DLV = 32769 "DLV",
    /// A signed association of this system: private use.
    ASSOC = 65301 "ASSOC",
    /// A verification certificate of this system: private use.
    VCERT = 65302 "VCERT",
}

impl Rtype {
    /// Whether no record can have this type: the pseudo-types and those only asked for
    /// (RFC 6895 section 3.1).
    pub const fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }

    /// Whether records of this type are statements about identifiers, or about who may make them. What
    /// is withdrawn of these has to be gone in time.
    pub const fn is_statement(self) -> bool {
        matches!(self, Self::ASSOC | Self::VCERT)
    }
}

registry! {
    /// A class.
    Class(u16), "class", "CLASS";
    /// The Internet (RFC 1035 section 3.2.4).
    IN = 1 "IN",
    /// Chaosnet, today a server's own data (RFC 4892).
    CH = 3 "CH",
    /// Hesiod.
    HS = 4 "HS",
    /// No class, in updates (RFC 2136).
    NONE = 254 "NONE",
    /// Any class, in questions (RFC 1035 section 3.2.5).
    ANY = 255 "ANY",
}

registry! {
    /// A response code, with the upper bits that EDNS adds.
    Rcode(u16), "response code", "RCODE";
    /// No error (RFC 1035 section 4.1.1).
    NOERROR = 0 "NOERROR",
    /// The question could not be read.
    FORMERR = 1 "FORMERR",
    /// The server failed.
    SERVFAIL = 2 "SERVFAIL",
    /// The name does not exist.
    NXDOMAIN = 3 "NXDOMAIN",
    /// The server does not do that.
    NOTIMP = 4 "NOTIMP",
    /// The server will not do that.
    REFUSED = 5 "REFUSED",
    /// A name is there that should not be (RFC 2136, also RFC 6672 section 2.2).
    YXDOMAIN = 6 "YXDOMAIN",
    /// The server is not authoritative for the zone (RFC 2136).
    NOTAUTH = 9 "NOTAUTH",
    /// The EDNS version is not known (RFC 6891 section 6.1.3).
    BADVERS = 16 "BADVERS",
    /// The cookie is wrong (RFC 7873 section 8).
    BADCOOKIE = 23 "BADCOOKIE",
}

registry! {
    /// A kind of message.
    Opcode(u8), "opcode", "OPCODE";
    /// A question (RFC 1035 section 4.1.1).
    QUERY = 0 "QUERY",
    /// Obsolete server status.
    STATUS = 2 "STATUS",
    /// News of a zone's change (RFC 1996).
    NOTIFY = 4 "NOTIFY",
    /// A change to a zone (RFC 2136).
    UPDATE = 5 "UPDATE",
}

registry! {
    /// A DNSSEC algorithm.
    Algorithm(u8), "DNSSEC algorithm", "ALG";
    /// RSA with MD5, not to be used (RFC 4034 appendix A.1, as the next two).
    RSAMD5 = 1 "RSAMD5",
    /// Diffie-Hellman, not for signatures.
    DH = 2 "DH",
    /// DSA with SHA-1.
    DSA = 3 "DSA",
    /// RSA with SHA-1 (RFC 3110).
    RSASHA1 = 5 "RSASHA1",
    /// RSA with SHA-1, in zones with NSEC3 (RFC 5155).
    RSASHA1_NSEC3_SHA1 = 7 "NSEC3RSASHA1",
    /// RSA with SHA-256 (RFC 5702).
    RSASHA256 = 8 "RSASHA256",
    /// RSA with SHA-512 (RFC 5702).
    RSASHA512 = 10 "RSASHA512",
    /// ECDSA on P-256 with SHA-256 (RFC 6605).
    ECDSAP256SHA256 = 13 "ECDSAP256SHA256",
    /// ECDSA on P-384 with SHA-384 (RFC 6605).
    ECDSAP384SHA384 = 14 "ECDSAP384SHA384",
    /// Ed25519 (RFC 8080).
    ED25519 = 15 "ED25519",
    /// Ed448 (RFC 8080).
    ED448 = 16 "ED448",
    /// The key is elsewhere (RFC 4034 appendix A.1, as the next two).
    INDIRECT = 252 "INDIRECT",
    /// Private, told by a name.
    PRIVATEDNS = 253 "PRIVATEDNS",
    /// Private, told by an object identifier.
    PRIVATEOID = 254 "PRIVATEOID",
}

registry! {
    /// The hash in a DS record.
    DigestType(u8), "digest type", "DIGEST";
    /// SHA-1 (RFC 3658).
    SHA1 = 1 "SHA1",
    /// SHA-256 (RFC 4509).
    SHA256 = 2 "SHA256",
    /// SHA-384 (RFC 6605).
    SHA384 = 4 "SHA384",
}

registry! {
    /// An EDNS option.
    EdnsCode(u16), "EDNS option", "OPTION";
    /// Name server identifier (RFC 5001).
    NSID = 3 "NSID",
    /// Client subnet (RFC 7871).
    ECS = 8 "ECS",
    /// Cookie (RFC 7873).
    COOKIE = 10 "COOKIE",
    /// Idle timeout of a TCP connection (RFC 7828).
    TCP_KEEPALIVE = 11 "TCP-KEEPALIVE",
    /// Padding (RFC 7830).
    PADDING = 12 "PADDING",
    /// Extended error (RFC 8914).
    EDE = 15 "EDE",
}

registry! {
    /// The code of an extended DNS error (RFC 8914 section 4).
    EdeCode(u16), "extended error", "EDE";
    /// Something without a code of its own.
    OTHER = 0 "Other",
    /// No key of the zone has an algorithm the validator knows.
    UNSUPPORTED_DNSKEY_ALGORITHM = 1 "Unsupported DNSKEY Algorithm",
    /// No DS has a digest the validator knows.
    UNSUPPORTED_DS_DIGEST_TYPE = 2 "Unsupported DS Digest Type",
    /// The answer is stale (RFC 8767).
    STALE_ANSWER = 3 "Stale Answer",
    /// Validation ended without a verdict.
    DNSSEC_INDETERMINATE = 5 "DNSSEC Indeterminate",
    /// Validation failed.
    DNSSEC_BOGUS = 6 "DNSSEC Bogus",
    /// Every signature has expired.
    SIGNATURE_EXPIRED = 7 "Signature Expired",
    /// No signature is valid yet.
    SIGNATURE_NOT_YET_VALID = 8 "Signature Not Yet Valid",
    /// No key of the zone matches its DS.
    DNSKEY_MISSING = 9 "DNSKEY Missing",
    /// A signature should be there.
    RRSIGS_MISSING = 10 "RRSIGs Missing",
    /// No key of the zone has its zone bit set.
    NO_ZONE_KEY_BIT_SET = 11 "No Zone Key Bit Set",
    /// A denial should be there.
    NSEC_MISSING = 12 "NSEC Missing",
    /// The failure comes from the cache (RFC 9520).
    CACHED_ERROR = 13 "Cached Error",
    /// The server is not ready yet.
    NOT_READY = 14 "Not Ready",
    /// The asker is not allowed.
    PROHIBITED = 18 "Prohibited",
    /// The denial is stale (RFC 8767).
    STALE_NXDOMAIN_ANSWER = 19 "Stale NXDOMAIN Answer",
    /// The server is not authoritative for the name.
    NOT_AUTHORITATIVE = 20 "Not Authoritative",
    /// The server does not do that.
    NOT_SUPPORTED = 21 "Not Supported",
    /// No authority could be reached.
    NO_REACHABLE_AUTHORITY = 22 "No Reachable Authority",
    /// The network failed.
    NETWORK_ERROR = 23 "Network Error",
    /// An authority gave data that cannot be right.
    INVALID_DATA = 24 "Invalid Data",
    /// A denial's hash is iterated more often than the validator will (RFC 9276 section 3.2).
    UNSUPPORTED_NSEC3_ITERATIONS = 27 "Unsupported NSEC3 Iterations Value",
    /// Why NXNAME asked for as a type is refused (RFC 9824 section 3.5).
    INVALID_QUERY_TYPE = 30 "Invalid Query Type",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        assert_eq!("assoc".parse(), Ok(Rtype::ASSOC));
        assert_eq!("TYPE65301".parse(), Ok(Rtype::ASSOC));
        assert_eq!(Rtype(65000).to_string(), "TYPE65000");
        assert_eq!("type65000".parse(), Ok(Rtype(65000)));
        assert!("TYPE65536".parse::<Rtype>().is_err());
        assert!("TYPE+1".parse::<Rtype>().is_err());
        assert!("TYPE".parse::<Rtype>().is_err());
        assert_eq!("CLASS1".parse(), Ok(Class::IN));
    }

    #[test]
    fn meta_types_hold_no_data() {
        assert!(Rtype::ANY.is_meta() && Rtype::OPT.is_meta() && Rtype::NXNAME.is_meta());
        assert!(!Rtype::URI.is_meta() && !Rtype::ASSOC.is_meta());
    }
}
