//! One flipped bit anywhere in a chain of trust is a failure: in our resolver, which says why, and in
//! Unbound.

use std::net::SocketAddr;
use std::path::Path;

use threepid::wire::Rtype;

use super::names;
use super::namespace;
use super::process::{Background, demo, output, serve};
use super::tamper::{Flip, Tamperer};
use super::unbound;

/// Where the true servers listen, on their own addresses.
const ORIGIN_PORT: u16 = 5353;

/// One question, and the record on the way to its answer that is damaged.
struct Case {
    server: &'static str,
    name: &'static str,
    qtype: &'static str,
    rtype: Rtype,
}

const CASES: [Case; 7] = [
    Case { server: names::UK_SERVER, name: names::ALICE, qtype: "TYPE65301", rtype: Rtype::ASSOC },
    Case { server: names::UK_SERVER, name: names::ALICE, qtype: "TYPE65301", rtype: Rtype::DNSKEY },
    Case { server: names::ROOT_SERVER, name: names::ALICE, qtype: "TYPE65301", rtype: Rtype::DS },
    Case {
        server: names::ROOT_SERVER,
        name: names::ALICE,
        qtype: "TYPE65301",
        rtype: Rtype::DNSKEY,
    },
    Case { server: names::UK_SERVER, name: names::NOBODY, qtype: "TYPE65301", rtype: Rtype::NSEC },
    Case { server: names::UK_SERVER, name: names::NOBODY, qtype: "TYPE65301", rtype: Rtype::SOA },
    Case { server: names::ROOT_SERVER, name: names::MISSING, qtype: "A", rtype: Rtype::NSEC },
];

/// Which bits, counted from the end of the data: its last, one in the middle of a signature or a
/// digest, and the first of a signature.
const BITS: [usize; 3] = [0, 200, 511];

/// The two servers on the way, moved to [`ORIGIN_PORT`], so that someone can stand in front of them.
fn origins(state: &Path) -> [Background; 2] {
    ["3pid.example", "4.4.msisdn.3pid.example"].map(|zone| {
        let file = state.join("servers").join(format!("{zone}.toml"));
        let text = std::fs::read_to_string(&file).expect("the demo writes a file per server");
        let moved = text.replace(":53\"", &format!(":{ORIGIN_PORT}\""));
        assert_ne!(moved, text, "the server was not moved:\n{text}");
        std::fs::write(&file, moved).expect("the state is writable");
        serve(&file)
    })
}

/// Stand-ins for both servers, in the order of [`origins`].
fn stand_ins() -> [(&'static str, Tamperer); 2] {
    [names::ROOT_SERVER, names::UK_SERVER].map(|server| {
        let at = |port| SocketAddr::new(server.parse().expect("an address"), port);
        (server, Tamperer::start(at(53), at(ORIGIN_PORT)))
    })
}

/// Asks our resolver and Unbound, with empty caches.
fn ask(state: &Path, case: &Case) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let _unbound = unbound::on_stub_zone(folder.path(), &state.join("root.anchor"));
    let _ours = serve(&state.join("resolver.toml"));
    let theirs = dig(unbound::ADDRESS, "53", case);
    (dig(names::RESOLVER, names::RESOLVER_PORT, case), theirs)
}

fn dig(server: &str, port: &str, case: &Case) -> String {
    let at = format!("@{server}");
    output("dig", &[&at, "-p", port, case.name, case.qtype, "+dnssec", "+tries=1", "+timeout=20"])
}

#[test]
fn a_flipped_bit_is_a_failure() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    demo(state.path()).end();
    let _origins = origins(state.path());
    let stand_ins = stand_ins();

    let (ours, theirs) = ask(state.path(), &CASES[0]);
    for reply in [ours, theirs] {
        assert!(reply.contains("status: NOERROR") && reply.contains(" ad"), "{reply}");
    }
    for (number, case) in CASES.iter().enumerate() {
        for signature in [false, true] {
            // Every bit position costs two resolvers: they take turns.
            let bit_from_end = BITS[(number + usize::from(signature)) % BITS.len()];
            let flip = Flip { rtype: case.rtype, signature, bit_from_end };
            for (server, stand_in) in &stand_ins {
                stand_in.set((*server == case.server).then_some(flip));
            }
            let (ours, theirs) = ask(state.path(), case);
            let hits: usize = stand_ins.iter().map(|(_, stand_in)| stand_in.hits()).sum();
            let what = format!("{flip:?} at {} for {}", case.server, case.name);
            assert!(hits > 0, "nothing was damaged: {what}");
            assert!(theirs.contains("status: SERVFAIL"), "Unbound: {what}\n{theirs}");
            assert!(ours.contains("status: SERVFAIL"), "{what}\n{ours}");
            assert!(ours.contains("; EDE: "), "no reason is given: {what}\n{ours}");
        }
    }
}
