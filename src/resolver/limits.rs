//! What one client request may cost.

use std::time::Duration;

use crate::dnssec;
use crate::wire::{Edns, Ttl};

/// Bounds on the work and the memory that one request can cause. Each has its reason. Those of the first
/// group are for the whole request, however many names and zones it leads through, and whatever of it
/// is begun anew; those of the second for one RRset, delegation, reply or server; those of the third are
/// times for which something is kept.
///
/// What a request relies on beside these:
///
/// | bound | where |
/// |---|---|
/// | compression pointers of a message: 256 more than it can need, one for every two octets; a fixed number would refuse honest messages of 64 kB | [`MessageLimits`](crate::wire::MessageLimits) |
/// | records of a message: 1024 | [`MessageLimits`](crate::wire::MessageLimits) |
/// | EDNS options of a message: 32, of 4096 octets | [`Edns::MOST_OPTIONS`], [`Edns::MOST_OCTETS`] |
/// | proving one reply: 16 signatures, of which 2 fail; 2 keys of one tag; 50 iterations of NSEC3's hash, 4096 blocks | [`dnssec::Limits`], here in [`effort`](Self::effort) |
/// | a signature of fewer labels than its signer has, or more than its owner: refused | [`dnssec::verify`] |
/// | a delegation given by servers of a delegation: ends with that one | where a referral is followed |
/// | packets that are no reply: 16, then TCP; exchanges at once | `transport::Limits` |
/// | requests at once; those that wait for the same resolution; how long a request takes; memory | `recursor::Limits` |
/// | questions of clients that wait, of one and of all; how late an answer is given, 1.9 s | `services::dns::ClientLimits`, `services::dns::Limits` |
///
/// How many types one name has needs no bound: what is remembered is found by name and type at once.
/// Of clients nothing is told to servers, by client subnets (RFC 7871) or otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions sent: 200. A phone number through a cold cache takes about 30.
    pub questions: u32,
    /// Octets of replies read: 256 kB. 200 replies by UDP have no more; by TCP each may have 64 kB, made
    /// to be slow to read.
    pub octets: usize,
    /// Referrals followed: 130, as in Unbound: more than a name has labels. Delegations without end
    /// ("iDNS") and servers that have to be found are counted together.
    pub referrals: u32,
    /// Frames that wait for one another: 64. Twelve zones, one for each digit, need two each.
    pub depth: usize,
    /// Frames begun: 1000. Bounds what is done from the cache alone.
    pub frames: u32,
    /// Aliases followed: 11, as in Unbound.
    pub aliases: usize,
    /// Addresses of name servers that are looked up, IPv4 and IPv6 apart: 64. Delegations that name
    /// many servers elsewhere multiply (CVE-2020-12662, "NXNSAttack").
    pub targets: u32,
    /// Signatures checked: 256. One reply has 16 at most, but a name may lie in twelve signed zones,
    /// with two or three to check in each, and eleven aliases may lead through others.
    pub validations: u32,
    /// Signatures that did not verify: 16. An attack makes each reply have some, in one zone after the
    /// other.
    pub failures: u32,
    /// Digests of keys compared with a DS: 64. A zone takes one or two.
    pub digests: u32,
    /// Blocks of SHA-1 to hash names for NSEC3: 16,384, which take 2 ms: four times what one reply may.
    pub hash_blocks: u32,

    /// Questions sent to find one RRset: 50. So one name server's address cannot use up all.
    pub questions_per_fetch: u32,
    /// Name servers of one delegation that are looked at, and addresses of each: 16.
    pub targets_per_cut: usize,
    /// Name servers of one delegation that turn out not to exist, or to have no address, before no
    /// more of it are looked up: 5. Who delegates in earnest knows their names.
    pub absent_per_cut: u32,
    /// What checking one reply may cost.
    pub effort: dnssec::Limits,
    /// Further servers asked for an RRset that did not validate: 2. One server may be out of step,
    /// or in someone's hands; where three agree, the zone is broken.
    pub bogus_retries: u32,
    /// How often one server is asked one thing: 3. One packet may be lost, or two, by chance.
    pub tries: u32,
    /// Records of a reply that concern the question: 256, two and a half of the largest sets. More are
    /// refused.
    pub records: usize,
    /// Records of one RRset: 100, as in BIND. The reply of a larger one is refused: work on sets grows
    /// with their square.
    pub records_per_set: usize,
    /// Signatures looked at of one RRset: 8. A zone that changes algorithm and key at once has four.
    pub signatures_per_set: usize,
    /// Questions in a row without a reply after which a server is left alone for a while: 4.
    pub silences: u32,
    /// For how long: a second (RFC 9520 section 3.2). Then one question probes it, and from probe to
    /// probe the time doubles.
    pub first_rest: Duration,
    /// How long a server is left alone at most: 30 s, so that one that is back is soon found.
    pub most_rest: Duration,
    /// RRsets taken of an answer to ANY: 8, so that they can be validated within what one reply may
    /// cost.
    pub any_sets: usize,
    /// The UDP size offered: 1232, what fits the least MTU of IPv6 and so is not cut in fragments, which
    /// can be forged (DNS Flag Day 2020).
    pub udp_size: u16,
    /// How long the first question to a server waits: 400 ms, more than the way round the
    /// earth takes.
    pub first_timeout: Duration,
    /// How short a wait for a reply can get: 200 ms. One that has been quick may have to look
    /// something up.
    pub least_timeout: Duration,
    /// How long it can get, and how long one by TCP always is: 3 s. That is enough for a connection
    /// whose first packet is lost, and leaves a request time for others.
    pub most_timeout: Duration,
    /// How long a question to a resolver waits at least: 2 s. However quick it is with what it knows, it
    /// may have to walk far for the rest.
    pub resolver_timeout: Duration,

    /// How long what comes is kept at least: as long as it says. Where an operator sets more, that does
    /// not hold for statements, and for what is signed no longer than its zone signed it for
    /// (RFC 4035 section 5.3.3).
    pub least_ttl: Ttl,
    /// How long data is kept at most: a day.
    pub answer_ttl: Ttl,
    /// How long associations and certificates are kept at most: an hour, so that a withdrawn one is
    /// gone by then.
    pub statement_ttl: Ttl,
    /// How long a denial is kept at most: an hour, so that what is new is soon found. RFC 2308 section 5
    /// has one to three hours.
    pub negative_ttl: Ttl,
    /// How long a delegation is kept at most: a day, after which the parent is asked again.
    pub cut_ttl: Ttl,
    /// How long the hints of a root are asked where its own servers cannot be had or are of no use, and
    /// these are kept at least: a minute, so that asking for them costs few requests something.
    pub priming_rest: Ttl,
    /// How old what is remembered of a zone, its delegation, DS set or keys, must be to be asked for
    /// again when it leads to nothing: a minute. The zone may have moved, or changed its keys.
    pub mistrust_after: Duration,
    /// The least life of answers that it is worth to look for anew in its last tenth: 10 s. Below, they
    /// would be looked for more often than they are asked for.
    pub least_prefetched: Duration,
    /// The TTL of what is told though its time is over: 30 s (RFC 8767 section 4).
    pub stale_ttl: Ttl,
    /// How long a failure is kept: 5 s (RFC 9520 section 3.2).
    pub failure_ttl: Ttl,
    /// How long the manners of a server are kept: 15 minutes, as in Unbound. A server may be mended.
    pub server_ttl: Ttl,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            questions: 200,
            octets: 256 << 10,
            referrals: 130,
            depth: 64,
            frames: 1000,
            aliases: 11,
            targets: 64,
            validations: 256,
            failures: 16,
            digests: 64,
            hash_blocks: 16_384,
            questions_per_fetch: 50,
            targets_per_cut: 16,
            absent_per_cut: 5,
            effort: dnssec::Limits::default(),
            bogus_retries: 2,
            tries: 3,
            records: 256,
            records_per_set: 100,
            signatures_per_set: 8,
            silences: 4,
            first_rest: Duration::from_secs(1),
            most_rest: Duration::from_secs(30),
            any_sets: 8,
            udp_size: Edns::UDP_SIZE,
            first_timeout: Duration::from_millis(400),
            least_timeout: Duration::from_millis(200),
            most_timeout: Duration::from_secs(3),
            resolver_timeout: Duration::from_secs(2),
            least_ttl: Ttl::from_secs(0),
            answer_ttl: Ttl::from_secs(86_400),
            statement_ttl: Ttl::from_secs(3600),
            negative_ttl: Ttl::from_secs(3600),
            cut_ttl: Ttl::from_secs(86_400),
            priming_rest: Ttl::from_secs(60),
            mistrust_after: Duration::from_secs(60),
            least_prefetched: Duration::from_secs(10),
            stale_ttl: Ttl::from_secs(30),
            failure_ttl: Ttl::from_secs(5),
            server_ttl: Ttl::from_secs(900),
        }
    }
}
