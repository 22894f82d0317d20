//! One flipped bit anywhere in a chain of trust is a failure: in our resolver, which says why, and in
//! Unbound.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use threepid::wire::Rtype;

use super::dig::names;
use super::namespace;
use super::process::{Background, demo, output};
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

fn serve(configuration: &Path) -> Background {
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command.args(["serve", "-c"]).arg(configuration);
    Background::start(&mut command, "ready")
}

/// Asks both resolvers, with empty caches, while one server lies.
fn ask(state: &Path, case: &Case, flip: Option<Flip>) -> (String, String, usize) {
    let stand_in = |server: &str, flip| {
        let at = |port| SocketAddr::new(server.parse().expect("an address"), port);
        Tamperer::start(at(53), at(ORIGIN_PORT), flip)
    };
    let honest = [names::ROOT_SERVER, names::UK_SERVER].into_iter().find(|it| *it != case.server);
    let _honest = stand_in(honest.expect("there are two"), None);
    let lying = stand_in(case.server, flip);
    let folder = tempfile::tempdir().expect("a folder");
    let _unbound = unbound::on_stub_zone(folder.path(), &state.join("root.anchor"));
    let _ours = serve(&state.join("resolver.toml"));
    let theirs = dig(unbound::ADDRESS, "53", case);
    let ours = dig(names::RESOLVER, names::RESOLVER_PORT, case);
    (ours, theirs, lying.hits())
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

    let (ours, theirs, _) = ask(state.path(), &CASES[0], None);
    for reply in [ours, theirs] {
        assert!(reply.contains("status: NOERROR") && reply.contains(" ad"), "{reply}");
    }
    for (number, case) in CASES.iter().enumerate() {
        for signature in [false, true] {
            // Every bit position costs two resolvers: they take turns.
            let bit_from_end = BITS[(number + usize::from(signature)) % BITS.len()];
            let flip = Flip { rtype: case.rtype, signature, bit_from_end };
            let (ours, theirs, hits) = ask(state.path(), case, Some(flip));
            let what = format!("{flip:?} at {} for {}", case.server, case.name);
            assert!(hits > 0, "nothing was damaged: {what}");
            assert!(theirs.contains("status: SERVFAIL"), "Unbound: {what}\n{theirs}");
            assert!(ours.contains("status: SERVFAIL"), "{what}\n{ours}");
            assert!(ours.contains("; EDE: "), "no reason is given: {what}\n{ours}");
        }
    }
}
