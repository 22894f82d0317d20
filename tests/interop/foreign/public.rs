//! A tree of identifiers with an anchor of its own. Its regions are served by anyone, at hosts that have
//! their names in the public tree, whatever becomes of those.

use std::path::Path;
use std::process::Command;

use threepid::wire::{EdeCode, Rcode, Rtype};

use super::powerdns::Live;
use super::servers::Server;
use super::signing::{Denial, Harm, Signing};
use super::tree::{Tree, Zone, host};
use super::{ADDRESS, expect, expect_failure, resolver};
use crate::interop::namespace;
use crate::interop::process::{output, run};

/// The apex of the identifiers. `.` knows nothing of it.
const APEX: &str = "3pid.identity.";

/// The top-level domains. The servers of a region have their names in each.
const DOMAINS: [(&str, Server, Signing); 8] = [
    ("rsa.", Server::Bind, Signing::Bind("RSASHA256", Denial::Nsec)),
    ("p256.", Server::PowerDns, Signing::PowerDns("ecdsa256", Live::Narrow)),
    ("p384.", Server::Nsd, Signing::Bind("ECDSAP384SHA384", Denial::Nsec3)),
    ("edwards.", Server::Knot, Signing::Knot("ed25519")),
    ("ed448.", Server::Bind, Signing::Bind("ED448", Denial::OptOut)),
    ("plain.", Server::Nsd, Signing::Unsigned),
    ("sha1.", Server::Bind, Signing::Bind("NSEC3RSASHA1", Denial::Nsec)),
    ("bogus.", Server::Knot, Signing::Harmed(Harm::OtherKey)),
];

/// A top-level domain whose server is not there.
const GONE: &str = "gone. NS ns.gone.\nns.gone. A 127.53.9.99\n";

/// A region of the United Kingdom, and one of nobody.
const UK: &str = "4.4.msisdn.3pid.identity.";
const LOST: &str = "0.1.msisdn.3pid.identity.";

/// The region whose server has its name in the domain of this number.
fn region(number: usize) -> String {
    format!("{}.1.msisdn.{APEX}", number + 1)
}

/// The associations of the sample zone, in a form that any server reads.
fn associations() -> String {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/zones/4.4.msisdn.3pid.example.zone");
    let printed = output(env!("CARGO_BIN_EXE_threepid"), &["zone", "print", "--generic", sample]);
    let lines = printed.lines().filter(|line| line.contains(" TYPE65301 "));
    lines.map(|line| line.replace(".3pid.example.", ".3pid.identity.") + "\n").collect()
}

fn zones() -> Vec<Zone> {
    let associations = associations();
    let (_, first) = associations.lines().next().expect("some").split_once("IN").expect("a class");
    let held = format!("3.2 {first}\n");
    let identifiers = Zone::new(APEX, Server::Ours, Signing::Ours, String::new());
    let mut zones = vec![
        Zone::new(".", Server::Ours, Signing::Ours, GONE.to_owned()),
        Zone { delegated: false, ..identifiers },
    ];
    let mut serve = |apex: &str, server, text: &str, hosts: &[&str]| {
        let hosts = hosts.iter().map(|domain| host(domain)).collect();
        let zone = Zone::new(apex, server, Signing::usual(server), text.to_owned());
        zones.push(Zone { hosts, ..zone });
    };
    for (number, (domain, server, _)) in DOMAINS.into_iter().enumerate() {
        serve(&region(number), server, &held, &[domain]);
    }
    serve(UK, Server::PowerDns, &associations, &["gone.", "p256."]);
    serve(LOST, Server::Nsd, &held, &["gone."]);
    let domain = |(apex, server, signing)| Zone::new(apex, server, signing, String::new());
    zones.extend(DOMAINS.map(domain));
    zones
}

/// A client that asks our resolver, and validates what it says from the tree's own anchor.
fn client(folder: &Path, anchor: &Path) -> String {
    let configuration = format!(
        "[client]\nresolver = \"{ADDRESS}:53\"\n[[client.root]]\napex = \"{APEX}\"\n\
         anchor_file = \"{}\"\n[[client.verifier]]\nname = \"verify.example\"\n\
         key_id = \"ed25519:0\"\nkey = \"MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM\"\n",
        anchor.display()
    );
    let file = folder.join("client.toml");
    std::fs::write(&file, configuration).expect("the folder is writable");
    file.display().to_string()
}

#[test]
fn identifiers_are_found_where_public_names_lead() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let tree = Tree::of(&zones(), folder.path());
    let anchor = folder.path().join("identifiers.anchor");
    std::fs::write(&anchor, &tree.ds[APEX]).expect("the folder is writable");
    let identifiers = format!(
        "[[resolver.root]]\napex = \"{APEX}\"\nservers = [\"{}\"]\nanchor_file = \"{}\"\n",
        Server::Ours.address(),
        anchor.display()
    );
    let _resolver = resolver(folder.path(), &tree.anchor, &identifiers);

    for (number, (domain, server, _)) in DOMAINS.into_iter().enumerate() {
        let region = region(number);
        if domain == "bogus." {
            // That it is known to be does not matter: what a server says is judged, not its name.
            expect_failure("ns.bogus.", Rtype::A, EdeCode::DNSKEY_MISSING);
        }
        expect(&format!("3.2.{region}"), Rtype::ASSOC, (Rcode::NOERROR, true, 1));
        expect(&region, Rtype::NS, (Rcode::NOERROR, true, 1));
        let proved = server != Server::Bind;
        expect(&format!("9.{region}"), Rtype::ASSOC, (Rcode::NXDOMAIN, proved, 0));
    }
    expect_failure(&format!("3.2.{LOST}"), Rtype::ASSOC, EdeCode::NO_REACHABLE_AUTHORITY);

    let client = client(folder.path(), &anchor);
    let lookup = |number: &str| {
        let program = env!("CARGO_BIN_EXE_threepid");
        run(Command::new(program).args(["lookup", "-c", &client, number]))
    };
    let (held, absent) = (lookup("+447700900124"), lookup("+447700900000"));
    assert!(
        held.stdout.starts_with("+447700900124: @bob:matrix.example, proved, trusted\n"),
        "{held:?}"
    );
    assert!(absent.stdout.starts_with("+447700900000: unknown, proved\n"), "{absent:?}");
    let file = folder.path().join("resolver.toml");
    let mut trace = Command::new(env!("CARGO_BIN_EXE_threepid"));
    let traced = run(trace.args(["trace", "+447700900124", "-c"]).arg(file));
    assert_eq!(traced.code, 0, "{traced:?}");
    assert!(traced.stdout.contains("ns.gone. A\n"), "{traced:?}");
    assert!(traced.stdout.contains("ms  no reply: connection refused\n"), "{traced:?}");
    // The public tree is asked for hosts, and not for the number.
    assert!(!traced.stdout.contains("msisdn. A\n"), "{traced:?}");
    let lost = lookup("+10555550100");
    assert!(lost.stdout.starts_with("+10555550100: unanswered by "), "{lost:?}");
}
