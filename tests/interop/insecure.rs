//! Delegations without DS below our signed tree: what lies below them is answered, and not proved;
//! that there is no DS is proved, and so is everything beside them.
//!
//! Unbound keeps each denial and answers from it what it covers (RFC 8198), so that one that covers
//! too much shows in what is asked after it.

use std::fs;
use std::path::Path;

use threepid::crypto::{Random, SeededRandom};
use threepid::wire::{Class, Question, Rcode};

use super::client::ask;
use super::names;
use super::namespace;
use super::process::{Background, demo, serve};
use super::unbound;

/// The server of the unsigned zones.
const SERVER: &str = "127.53.0.20";

/// Where our resolver listens.
const RESOLVER: &str = "127.0.0.56";

/// Unsigned zones: an email domain and a region, delegated by the root, and a ported number, delegated
/// by +44 at its last digit.
const UNSIGNED: [&str; 3] = [
    "example.org.email.3pid.example.",
    "3.3.msisdn.3pid.example.",
    "8.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.",
];

/// What is asked, and what comes of it: the rcode, whether it is proved, and how many records.
const QUESTIONS: [(&str, &str, Rcode, bool, usize); 20] = [
    // Below the cuts.
    ("example.org.email.3pid.example.", "SOA", Rcode::NOERROR, false, 1),
    ("www.example.org.email.3pid.example.", "TXT", Rcode::NOERROR, false, 1),
    ("www.example.org.email.3pid.example.", "A", Rcode::NOERROR, false, 0),
    ("no.example.org.email.3pid.example.", "A", Rcode::NXDOMAIN, false, 0),
    ("7.6.5.4.3.2.1.6.3.3.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, false, 1),
    ("8.6.5.4.3.2.1.6.3.3.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, false, 0),
    ("8.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, false, 1),
    ("8.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "TXT", Rcode::NOERROR, false, 0),
    // At the cuts, of the parent.
    ("example.org.email.3pid.example.", "DS", Rcode::NOERROR, true, 0),
    ("3.3.msisdn.3pid.example.", "DS", Rcode::NOERROR, true, 0),
    ("8.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "DS", Rcode::NOERROR, true, 0),
    // Beside them and above.
    ("email.3pid.example.", "A", Rcode::NOERROR, true, 0),
    ("msisdn.3pid.example.", "A", Rcode::NOERROR, true, 0),
    ("2.3.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, true, 0),
    ("3.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, true, 0),
    ("9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, true, 0),
    ("7.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, true, 0),
    ("9.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.", "TYPE65301", Rcode::NOERROR, true, 1),
    (names::ALICE, "TYPE65301", Rcode::NOERROR, true, 1),
    (names::STRAUSS, "TYPE65301", Rcode::NOERROR, true, 1),
];

/// Writes one of the sample zones into the demo's state, with more at its end.
fn extend(state: &Path, zone: &str, more: &str) {
    let file = format!("zones/{zone}.zone");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let text = fs::read_to_string(sample).expect("there is such a zone") + more;
    fs::create_dir_all(state.join("zones")).expect("the state is writable");
    fs::write(state.join(file), text).expect("the state is writable");
}

/// A delegation to [`SERVER`] without DS.
fn delegation(relative: &str) -> String {
    format!("{relative} NS ns.{relative}\nns.{relative} A {SERVER}\n")
}

/// The demo with the delegations, and a server of the unsigned zones.
fn tree(state: &Path) -> [Background; 2] {
    extend(state, "3pid.example", &["example.org.email", "3.3.msisdn"].map(delegation).concat());
    extend(state, "4.4.msisdn.3pid.example", &delegation("8.9.9.0.0.9.0.0.7.7"));
    let ported = include_str!("../../zones/9.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.zone");
    let (_, statement) = ported.split_once("ASSOC (").expect("it has one");
    let association = |owner: &str| format!("{owner} ASSOC ({statement}");
    let records = ["www TXT there".to_owned(), association("7.6.5.4.3.2.1.6"), association("@")];
    let mut configuration = format!("[authority]\nlisten = [\"{SERVER}\"]\n");
    for (zone, record) in UNSIGNED.into_iter().zip(records) {
        let text = format!("$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A {SERVER}\n{record}\n");
        fs::write(state.join(format!("{zone}zone")), text).expect("the state is writable");
        let entry = format!("[[authority.zone]]\nname = \"{zone}\"\nfile = \"{zone}zone\"\n");
        configuration.push_str(&entry);
    }
    fs::write(state.join("unsigned.toml"), configuration).expect("the state is writable");
    let demo = demo(state);
    [demo, serve(&state.join("unsigned.toml"))]
}

/// Our resolver, with an empty cache.
fn resolver(state: &Path) -> Background {
    let configuration = format!(
        "[resolver]\nlisten = [\"{RESOLVER}\"]\n[[resolver.root]]\napex = \"{apex}\"\n\
         servers = [\"{server}\"]\nanchor_file = \"root.anchor\"\n",
        apex = names::APEX,
        server = names::ROOT_SERVER,
    );
    let file = state.join("fresh.toml");
    fs::write(&file, configuration).expect("the state is writable");
    serve(&file)
}

/// Numbers below `count`, in an order of `random`'s.
fn shuffled(count: usize, random: &mut SeededRandom) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_cached_key(|_| random.u16());
    order
}

#[test]
fn insecure_delegations_are_so_in_any_order() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _tree = tree(state.path());
    let as_written: Vec<usize> = (0..QUESTIONS.len()).collect();
    let backwards = as_written.iter().rev().copied().collect();
    let shuffled = (1..=4).map(|seed| shuffled(QUESTIONS.len(), &mut SeededRandom::new(seed)));
    for order in [as_written, backwards].into_iter().chain(shuffled) {
        let folder = tempfile::tempdir().expect("a folder");
        let _unbound = unbound::on_stub_zone(folder.path(), &state.path().join("root.anchor"));
        let _ours = resolver(state.path());
        for (at, (name, rtype, rcode, authentic, records)) in
            order.iter().map(|number| QUESTIONS[*number]).enumerate()
        {
            let (qname, qtype) = (name.parse().expect("a name"), rtype.parse().expect("a type"));
            let question = Question { name: qname, rtype: qtype, class: Class::IN };
            for server in [unbound::ADDRESS, RESOLVER] {
                let reply = ask(server, &question, true);
                let got = (reply.rcode, reply.authentic, reply.data.len());
                let after = &order[..at];
                assert_eq!(
                    got,
                    (rcode, authentic, records),
                    "{server} on {question} after {after:?}: {reply}"
                );
            }
        }
    }
}
