//! The fast path and the general one answer with the same octets, whatever comes.
//!
//! What serves looks ahead to what came at once, has associations in an index that was written to and emptied in
//! many places, and remembers what it signed. Beside it stands the same authority without any of this: its
//! associations stand in files, and it has never been asked before. Each packet goes to both.
//!
//! `THREEPID_PACKETS` sets the number of packets, `THREEPID_SEED` which ones; `tests/soak differential` does.

mod draw;
mod packets;
mod proof;
mod zones;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use threepid::authority::Authority;
use threepid::clock::{Clock, ManualClock, Timestamp};
use threepid::codec::hex;
use threepid::services::dns::{DnsService, Role, Served};
use threepid::telemetry::Telemetry;
use threepid::transport::{Peer, Reaction, Service};
use threepid::wire::{EdnsPolicy, Message, Query, Rcode, Transport, Unanswerable, write_error};
use threepid::zone::SearchName;

use draw::Draw;
use packets::{Packet, Packets};
use zones::{Arrangement, NOW};

/// How many packets are sent where nobody says.
const PACKETS: u64 = 100_000;

/// The most that come at once.
const AT_ONCE: u64 = 64;

/// One answer of this many has its signatures verified.
const VERIFIED: u64 = 50;

/// What serves.
struct Fast {
    served: Arc<ArcSwap<Served>>,
    service: DnsService,
    clock: ManualClock,
}

impl Fast {
    fn new(edns: &EdnsPolicy) -> Self {
        let served = Served::new(Role::Authority(zones::authority(Arrangement::Indexed)));
        let served = Arc::new(ArcSwap::from_pointee(Served { edns: edns.clone(), ..served }));
        let clock = ManualClock::at(NOW);
        let telemetry = Telemetry::new("differential");
        let service = DnsService::new(Arc::clone(&served), Arc::new(clock.clone()), &telemetry);
        Self { served, service, clock }
    }

    /// Answers packets that came at once; with nothing where there is no answer.
    fn answer(&mut self, packets: &[Packet]) -> Vec<Option<Vec<u8>>> {
        let octets: Vec<&[u8]> = packets.iter().map(|packet| &*packet.octets).collect();
        self.service.foresee(&octets);
        packets.iter().map(|packet| self.answer_one(packet)).collect()
    }

    fn answer_one(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        let remote = "192.0.2.1:4711".parse().expect("an address");
        let local = "192.0.2.53:53".parse().expect("an address");
        let peer = Peer { remote, local, transport: packet.transport };
        let mut out = Vec::new();
        match self.service.answer(&packet.octets, &peer, &mut out) {
            Reaction::Reply => Some(out),
            Reaction::Silent => None,
            Reaction::Later => panic!("an authority answers at once"),
        }
    }

    /// Serves the same zones as they are read anew: what was signed for questions is remembered.
    fn reload(&self) {
        let old = self.served.load_full();
        let Role::Authority(old_zones) = &old.role else { panic!("an authority") };
        let mut authority = zones::authority(Arrangement::Indexed);
        authority.share(old_zones);
        self.served.store(Arc::new(Served { role: Role::Authority(authority), ..(*old).clone() }));
    }
}

/// The general path.
struct General {
    in_files: Authority,
    /// For names that may be above a person's: zones with a store deny no such name.
    in_store: Authority,
    edns: EdnsPolicy,
}

impl General {
    fn new(edns: &EdnsPolicy) -> Self {
        let [in_files, in_store] = [Arrangement::Filed, Arrangement::Stored].map(zones::authority);
        Self { in_files, in_store, edns: edns.clone() }
    }

    fn answer(&self, packet: &Packet, now: Timestamp) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match Query::parse(&packet.octets) {
            Ok(query) => {
                let limit = query.limit(packet.transport, self.edns.udp_size);
                let zones = self.zones(&query).zones().cloned().collect();
                let authority = Authority::new(zones).expect("the same zones");
                authority.answer(&query, limit, &self.edns, now, &mut out);
                assert!(out.len() <= limit, "{} octets, {limit} fit", out.len());
            }
            Err(Unanswerable::Silent) => return None,
            Err(Unanswerable::Error(rcode)) => {
                write_error(&packet.octets, rcode, &self.edns, &mut out);
            }
        }
        Some(out)
    }

    fn zones(&self, query: &Query<'_>) -> &Authority {
        let is_above = |name: SearchName| {
            self.in_store.zones().any(|zone| name.can_be_above_person(zone.apex().label_count()))
        };
        match SearchName::new(query.qname).is_ok_and(is_above) {
            true => &self.in_store,
            false => &self.in_files,
        }
    }
}

/// What was answered, for the count.
fn kind(answer: Option<&[u8]>) -> String {
    let Some(answer) = answer else { return "silence".into() };
    let message =
        Message::decode(answer).unwrap_or_else(|error| panic!("{error}: {}", hex(answer)));
    let truncated = if message.flags.truncated { " cut off" } else { "" };
    let signed = if proof::is_signed(&message) { " signed" } else { "" };
    let about = match (message.rcode, message.answer.is_empty(), message.flags.authoritative) {
        (Rcode::NOERROR, false, _) => " with an answer",
        (Rcode::NOERROR, true, true) => " without data",
        (Rcode::NOERROR, true, false) => " from another zone",
        _ => "",
    };
    format!("{}{about}{signed}{truncated}", message.rcode)
}

/// What has to be among the answers, or the packets ask for too little.
const EXPECTED: [&str; 14] = [
    "BADVERS",
    "FORMERR",
    "NOERROR from another zone",
    "NOERROR from another zone signed",
    "NOERROR with an answer",
    "NOERROR with an answer cut off",
    "NOERROR with an answer signed",
    "NOERROR without data",
    "NOERROR without data signed",
    "NOTIMP",
    "NXDOMAIN",
    "NXDOMAIN signed",
    "REFUSED",
    "silence",
];

/// The number in an environment variable.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: a number")))
}

#[test]
fn the_fast_path_answers_as_the_general_one() {
    let (count, seed) = (setting("THREEPID_PACKETS", PACKETS), setting("THREEPID_SEED", 1));
    let edns = EdnsPolicy { nsid: b"ns1".to_vec(), ..EdnsPolicy::default() };
    let (mut fast, general) = (Fast::new(&edns), General::new(&edns));
    let (mut draw, mut packets) = (Draw::new(seed), Packets::new(seed));
    let (mut kinds, mut sent) = (BTreeMap::<String, u64>::new(), 0);
    while sent < count {
        let now = NOW.saturating_add(Duration::from_secs(draw.below(40 * 3600)));
        fast.clock.set(now);
        if draw.one_in(64) {
            fast.reload();
        }
        for _ in 0..16 {
            let size = 1 + draw.below(AT_ONCE);
            let batch: Vec<Packet> = (0..size).map(|_| packets.draw()).collect();
            for (packet, answer) in batch.iter().zip(fast.answer(&batch)) {
                let expected = general.answer(packet, fast.clock.now());
                assert!(answer == expected, "{}", differing(seed, packet, [answer, expected]));
                *kinds.entry(kind(answer.as_deref())).or_default() += 1;
                if let Some(answer) = answer.filter(|_| draw.one_in(VERIFIED)) {
                    proof::check(&general.in_files, &answer, now);
                }
            }
            sent += size;
        }
    }
    println!("{sent} packets of seed {seed}, each answered twice, all the same:");
    kinds.iter().for_each(|(kind, count)| println!("{count:>10}  {kind}"));
    let missing: Vec<_> = EXPECTED.iter().filter(|kind| !kinds.contains_key(**kind)).collect();
    assert!(missing.is_empty(), "no answer was {missing:?}");
}

fn differing(seed: u64, packet: &Packet, answers: [Option<Vec<u8>>; 2]) -> String {
    let [fast, general] =
        answers.map(|answer| answer.map_or("nothing".into(), |octets| hex(&octets)));
    let Packet { octets, transport } = packet;
    let over = if *transport == Transport::Udp { "UDP" } else { "TCP" };
    format!(
        "THREEPID_SEED={seed}, over {over}: {}\n   fast: {fast}\ngeneral: {general}",
        hex(octets)
    )
}
