//! The names that are answered here, each with the RFC that says so.

use super::Form::{self, Addresses, Bare, Empty, Nowhere, Pointer};

/// A name, or a row of sibling names, and how questions at and below it are answered.
pub(super) struct Row {
    /// The name.
    pub(super) apex: &'static str,
    /// Where it is not the name itself but those with one more label, these numbers from first to last.
    pub(super) numbers: Option<(u8, u8)>,
    /// How questions are answered.
    pub(super) form: Form,
    /// The RFC that reserves it.
    pub(super) rfc: u16,
    /// It is one of the locally served zones, which can be switched off.
    pub(super) private: bool,
}

const fn special(apex: &'static str, rfc: u16, form: Form) -> Row {
    Row { apex, numbers: None, form, rfc, private: false }
}

const fn private(apex: &'static str, rfc: u16) -> Row {
    Row { apex, numbers: None, form: Empty, rfc, private: true }
}

const fn loopback(apex: &'static str, rfc: u16, host: &'static str) -> Row {
    Row { form: Pointer(host), ..private(apex, rfc) }
}

const fn each(apex: &'static str, first: u8, last: u8, rfc: u16) -> Row {
    Row { numbers: Some((first, last)), ..private(apex, rfc) }
}

/// The `1` of 127.0.0.1 and of `::1`.
const LOOPBACK4: &str = "1.0.0.127.in-addr.arpa.";
const LOOPBACK6: &str = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.";
const UNSPECIFIED6: &str =
    "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.";

/// All of them. Names whose RFC asks nothing of resolvers are not here: `example.` (RFC 6761 section
/// 6.5) and `ipv4only.arpa.` where there is no DNS64 (RFC 8880 section 7.1).
pub(super) const TABLE: [Row; 28] = [
    // Special-use names (the IANA registry of that name).
    special("localhost.", 6761, Addresses), // section 6.3
    special("invalid.", 6761, Nowhere),     // section 6.4
    special("test.", 6761, Nowhere),        // section 6.2
    special("local.", 6762, Nowhere),       // section 22.1: names of multicast DNS
    special("onion.", 7686, Nowhere),       // section 2: names of Tor
    special("alt.", 9476, Nowhere),         // section 2: names that are not of the DNS
    special("resolver.arpa.", 9462, Bare),  // section 4: no resolver is designated
    // Locally served zones (the IANA registry of that name).
    private("10.in-addr.arpa.", 6303), // section 4.1: the addresses of RFC 1918
    each("172.in-addr.arpa.", 16, 31, 6303),
    private("168.192.in-addr.arpa.", 6303),
    private("0.in-addr.arpa.", 6303), // section 4.2: addresses of RFC 5735 and RFC 5737
    loopback("127.in-addr.arpa.", 6303, LOOPBACK4), // and RFC 1912 section 4.1
    private("254.169.in-addr.arpa.", 6303),
    private("2.0.192.in-addr.arpa.", 6303),
    private("100.51.198.in-addr.arpa.", 6303),
    private("113.0.203.in-addr.arpa.", 6303),
    private("255.255.255.255.in-addr.arpa.", 6303),
    each("100.in-addr.arpa.", 64, 127, 7793), // the addresses of RFC 6598
    private(UNSPECIFIED6, 6303),              // section 4.3
    loopback(LOOPBACK6, 6303, LOOPBACK6),
    private("d.f.ip6.arpa.", 6303), // section 4.4: the addresses of RFC 4193
    private("8.e.f.ip6.arpa.", 6303), // section 4.5: link-local addresses
    private("9.e.f.ip6.arpa.", 6303),
    private("a.e.f.ip6.arpa.", 6303),
    private("b.e.f.ip6.arpa.", 6303),
    private("8.b.d.0.1.0.0.2.ip6.arpa.", 6303), // section 4.6: the addresses of RFC 3849
    private("home.arpa.", 8375),                // section 4
    private("service.arpa.", 9665),             // section 8.4
];
