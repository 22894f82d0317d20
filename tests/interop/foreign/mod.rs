//! Our resolver walks and validates a tree of zones served by NSD, Knot, BIND, PowerDNS and us, by IPv4
//! and IPv6, signed by the tools of BIND and Knot, by PowerDNS and by us. Other resolvers do so through our `.` zone.

mod powerdns;
mod public;
mod servers;
mod signing;
pub(crate) mod tree;

use std::path::Path;
use std::process::Command;

use threepid::wire::{Class, EdeCode, Question, Rcode, Rtype};

use super::client::{Reply, ask};
use super::names;
use super::process::{Background, run, serve};
use super::{kresd, namespace, unbound};
use powerdns::Live;
pub(crate) use servers::Server;
use signing::{Denial, Signing};
use tree::{RING, Tree};

/// Where our resolver listens; that of the demo is another one.
pub(crate) const ADDRESS: &str = "127.0.0.56";

/// Our resolver, told where the server of `.` is and the DS record that proves it.
pub(crate) fn on_hints(folder: &Path, anchor: &Path) -> Background {
    resolver(folder, anchor, "")
}

/// Our resolver, with more settings.
fn resolver(folder: &Path, anchor: &Path, settings: &str) -> Background {
    let configuration = format!(
        "[resolver]\nlisten = [\"{ADDRESS}\"]\n{settings}\n[[resolver.root]]\napex = \".\"\n\
         servers = [\"{}\"]\nanchor_file = \"{}\"\n",
        Server::Ours.address(),
        anchor.display(),
    );
    let file = folder.join("resolver.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    serve(&file)
}

fn question(name: &str, rtype: Rtype) -> Question {
    Question { name: name.parse().expect("a name"), rtype, class: Class::IN }
}

/// What our resolver says.
fn look(name: &str, rtype: Rtype) -> Reply {
    ask(ADDRESS, &question(name, rtype), true)
}

/// How far a zone of the ring can be proved.
#[derive(Clone, Copy)]
struct Proof {
    /// What is there.
    held: bool,
    /// What is not there, and that nothing is closer than a wildcard.
    absent: bool,
    /// That a name is not there is told by the response code (not so in the compact way).
    rcode: Rcode,
}

impl Proof {
    fn of(signing: Signing) -> Self {
        let held = signing != Signing::Unsigned;
        let opt_out = matches!(
            signing,
            Signing::Bind(_, Denial::OptOut) | Signing::PowerDns(_, Live::OptOut)
        );
        let absent = held && !opt_out;
        let rcode = if signing == Signing::Ours { Rcode::NOERROR } else { Rcode::NXDOMAIN };
        Self { held, absent, rcode }
    }
}

/// Asks for a name of a zone and compares response code, AD and the number of records.
fn expect(name: &str, rtype: Rtype, expected: (Rcode, bool, usize)) {
    let reply = look(name, rtype);
    let found = (reply.rcode, reply.authentic, reply.data.len());
    assert_eq!(found, expected, "{name} {rtype}: {reply}");
}

#[test]
fn foreign_zones_are_walked_and_validated() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::grow(folder.path());
    let _resolver = on_hints(folder.path(), &tree.anchor);
    for (at, (zone, _, signing)) in RING.into_iter().enumerate() {
        let (own, next) = (Proof::of(signing), Proof::of(RING[(at + 1) % RING.len()].2));
        let ask = |name: &str, rtype, expected| expect(&format!("{name}.{zone}"), rtype, expected);
        ask("www", Rtype::A, (Rcode::NOERROR, own.held, 2));
        ask("WWW", Rtype::MX, (Rcode::NOERROR, own.held, 0));
        ask("long", Rtype::TXT, (Rcode::NOERROR, own.held, 1));
        ask("chain", Rtype::A, (Rcode::NOERROR, own.held, 4));
        ask("b.c.ent", Rtype::A, (Rcode::NOERROR, own.held, 0));
        ask("any.wild", Rtype::A, (Rcode::NOERROR, own.absent, 1));
        ask("any.wild", Rtype::MX, (Rcode::NOERROR, own.absent, 0));
        ask("any.ent.wild", Rtype::A, (own.rcode, own.absent, 0));
        ask("nothing", Rtype::A, (own.rcode, own.absent, 0));
        let both = own.held && next.held;
        ask("away", Rtype::A, (Rcode::NOERROR, both, 3));
        ask("www.moved", Rtype::A, (Rcode::NOERROR, both, 4));
        ask("absent", Rtype::A, (next.rcode, own.held && next.absent, 1));
        ask("any.turned", Rtype::A, (Rcode::NOERROR, own.absent && next.absent, 2));
        ask("sub", Rtype::DS, (Rcode::NOERROR, own.held, 1));
        ask("www.sub", Rtype::A, (Rcode::NOERROR, own.held, 2));
        ask("off", Rtype::DS, (Rcode::NOERROR, own.absent, 0));
        ask("www.off", Rtype::A, (Rcode::NOERROR, false, 2));
    }
}

/// Asks for a name; it must fail, for this reason.
fn expect_failure(name: &str, rtype: Rtype, reason: EdeCode) {
    let reply = look(name, rtype);
    assert_eq!(reply.rcode, Rcode::SERVFAIL, "{name}: {reply}");
    assert!(reply.reasons.contains(&reason), "{name}: {reply}");
}

#[test]
fn what_went_wrong_with_a_zone_is_told() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::grow(folder.path());
    let lenient = resolver(folder.path(), &tree.anchor, "rsasha1 = true");
    expect("www.sha1.example.", Rtype::A, (Rcode::NOERROR, true, 2));
    lenient.end();

    let _resolver = on_hints(folder.path(), &tree.anchor);
    expect_failure("www.expired.example.", Rtype::A, EdeCode::SIGNATURE_EXPIRED);
    expect_failure("nothing.expired.example.", Rtype::A, EdeCode::SIGNATURE_EXPIRED);
    expect_failure("www.early.example.", Rtype::A, EdeCode::SIGNATURE_NOT_YET_VALID);
    expect_failure("www.otherkey.example.", Rtype::A, EdeCode::DNSKEY_MISSING);
    expect_failure("www.stripped.example.", Rtype::A, EdeCode::RRSIGS_MISSING);
    expect("www.stripped.example.", Rtype::AAAA, (Rcode::NOERROR, true, 1));

    // Not wrong, but not proved either: a hash that is too dear, and an algorithm of the past.
    expect("www.iterated.example.", Rtype::A, (Rcode::NOERROR, true, 2));
    expect("nothing.iterated.example.", Rtype::A, (Rcode::NXDOMAIN, false, 0));
    let costly = look("nothing.iterated.example.", Rtype::A);
    assert!(costly.reasons.contains(&EdeCode::UNSUPPORTED_NSEC3_ITERATIONS), "{costly}");
    expect("www.sha1.example.", Rtype::A, (Rcode::NOERROR, false, 2));
    let old = look("text.sha1.example.", Rtype::TXT);
    assert!(old.reasons.contains(&EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM), "{old}");

    for (name, told) in [
        ("www.expired.example", "DNSKEY: the signature expired at 20240201000000, now is 20"),
        ("www.otherkey.example", " is not the one that the DS stands for\n"),
        ("www.stripped.example", "bogus  www.stripped.example. A: unsigned data in the signed"),
        ("nothing.optout.example", "not proved: the denial leaves out unsigned zones (opt-out)"),
        ("nothing.iterated.example", ": NSEC3 with 100 iterations\n"),
        ("www.sha1.example", "sha1.example. counts as not signed:"),
        ("www.off.nsec.example", "insecure  off.nsec.example. is not signed"),
        ("nothing.white.example", "white.example. A: no such name (NXDOMAIN), proved\n"),
    ] {
        let file = folder.path().join("resolver.toml");
        let mut trace = Command::new(env!("CARGO_BIN_EXE_threepid"));
        let ran = run(trace.args(["trace", name, "-c"]).arg(file));
        assert!(ran.stdout.contains(told), "{ran:?}");
    }
}

/// Unbound and Knot Resolver validate our zones, and through our `.` those of others.
#[test]
fn others_resolve_through_our_root() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::grow(folder.path());
    let root = Server::Ours.address();
    let _unbound = unbound::on_hints(folder.path(), &tree.anchor, root);
    let _kresd = kresd::on_hints(folder.path(), &tree.anchor, root);
    let questions = [
        (names::ALICE, Rtype::ASSOC, 1),
        (names::NOBODY, Rtype::ASSOC, 0),
        (names::STRAUSS, Rtype::ASSOC, 1),
        (names::TELCO, Rtype::VCERT, 1),
        (names::MISSING, Rtype::A, 0),
        ("4.4.msisdn.3pid.example.", Rtype::DS, 1),
        ("www.own.example.", Rtype::A, 2),
        ("any.wild.own.example.", Rtype::TXT, 1),
        ("nothing.own.example.", Rtype::TXT, 0),
        ("www.sub.own.example.", Rtype::AAAA, 1),
        ("www.nsec3.example.", Rtype::A, 2),
        (".", Rtype::DNSKEY, 1),
    ];
    for (name, rtype, count) in questions {
        for address in [unbound::ADDRESS, kresd::ADDRESS] {
            let reply = ask(address, &question(name, rtype), true);
            let found = (reply.rcode, reply.authentic, reply.data.len());
            assert_eq!(found, (Rcode::NOERROR, true, count), "{address}: {name} {rtype}: {reply}");
        }
    }
}
