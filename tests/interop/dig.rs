//! `dig`, `kdig` and `delv` ask our servers.

use std::fs;
use std::path::Path;

use super::process::{demo, output, serve};
use super::{names, namespace};

use super::names::{
    ALICE, APEX, MISSING, NOBODY, ROOT_SERVER, STRAUSS, TELCO, TOO_LONG, UK_SERVER,
};

/// What `dig` or `kdig` says to `@server` and more arguments.
fn dig(server: &str, arguments: &[&str]) -> String {
    let at = format!("@{server}");
    output("dig", &[&[at.as_str(), "+norecurse"], arguments].concat())
}

fn flags(reply: &str) -> Vec<&str> {
    let line = reply.lines().find_map(|line| line.strip_prefix(";; flags: ")).expect("flags");
    line.split(';').next().expect("a line").split_whitespace().collect()
}

fn assert_status(reply: &str, status: &str) {
    assert!(reply.contains(&format!("status: {status}")), "{status} expected:\n{reply}");
}

#[test]
fn dig_is_referred_and_answered() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());

    let referral = dig(ROOT_SERVER, &[ALICE, "TYPE65301", "+dnssec"]);
    assert_status(&referral, "NOERROR");
    assert!(!flags(&referral).contains(&"aa"), "{referral}");
    let squeezed = squeeze(&referral);
    for part in ["4.4.msisdn.3pid.example. 3600 IN NS ns.4.4", "IN DS ", "RRSIG DS 15", UK_SERVER] {
        assert!(squeezed.contains(part), "{part:?} expected:\n{referral}");
    }

    let answer = dig(UK_SERVER, &[ALICE, "TYPE65301", "+dnssec"]);
    assert!(flags(&answer).contains(&"aa"), "{answer}");
    assert!(answer.contains("TYPE65301 \\# 123 010301A0C4506C01"), "{answer}");
    assert!(answer.contains("TYPE65301 15 15"), "a signature was expected:\n{answer}");
    let over_tcp = dig(UK_SERVER, &[ALICE, "TYPE65301", "+dnssec", "+tcp"]);
    assert!(over_tcp.contains("TYPE65301 \\# 123 010301A0C4506C01"), "{over_tcp}");

    let refused = dig(UK_SERVER, &["www.example.org", "A"]);
    assert_status(&refused, "REFUSED");
    let soa = dig(ROOT_SERVER, &[APEX, "SOA"]);
    assert!(squeeze(&soa).contains("IN SOA") && !soa.contains("WARNING"), "{soa}");
}

/// RFC 5001: a server that has an identity tells it to whoever asks for it.
#[test]
fn dig_is_told_which_server_answers() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("root.toml");
    let zone = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/3pid.example.zone");
    let configuration = format!(
        "[authority]\nlisten = [\"{ROOT_SERVER}\"]\nnsid = \"ns1.3pid.example\"\n\
         [[authority.zone]]\nname = \"{APEX}\"\nfile = \"{}\"\n",
        zone.display()
    );
    fs::write(&file, configuration).expect("the folder is writable");
    let _server = serve(&file);
    let told = dig(ROOT_SERVER, &[APEX, "SOA", "+nsid"]);
    let identity = "NSID: 6e 73 31 2e 33 70 69 64 2e 65 78 61 6d 70 6c 65 (\"ns1.3pid.example\")";
    assert!(told.contains(identity) && !told.contains("WARNING"), "{told}");
    let unasked = dig(ROOT_SERVER, &[APEX, "SOA"]);
    assert!(!unasked.contains("NSID"), "{unasked}");
}

/// RFC 9824: with DO a missing name is NOERROR with NXNAME; with CO, or without DO, NXDOMAIN.
#[test]
fn a_missing_name_depends_on_what_the_asker_understands() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());

    let compact = dig(ROOT_SERVER, &[MISSING, "A", "+dnssec"]);
    assert_status(&compact, "NOERROR");
    let denial = format!("{MISSING}\t60\tIN\tNSEC\t\\000.{MISSING} RRSIG NSEC TYPE128");
    assert!(squeeze(&compact).contains(&squeeze(&denial)), "{compact}");
    let understood = dig(ROOT_SERVER, &[MISSING, "A", "+dnssec", "+coflag"]);
    assert_status(&understood, "NXDOMAIN");
    assert_status(&dig(ROOT_SERVER, &[MISSING, "A"]), "NXDOMAIN");
    let asked_for = dig(ROOT_SERVER, &[MISSING, "TYPE128", "+dnssec"]);
    assert_status(&asked_for, "FORMERR");

    for unheld in [NOBODY, "7.7.4.4.msisdn.3pid.example."] {
        assert_status(&dig(UK_SERVER, &[unheld, "TYPE65301"]), "NOERROR");
    }
    assert_status(&dig(UK_SERVER, &[TOO_LONG, "TYPE65301"]), "NXDOMAIN");
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn kdig_reads_what_we_write() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());
    let at = format!("@{UK_SERVER}");
    let answer = output("kdig", &[&at, ALICE, "TYPE65301", "+dnssec", "+norecurse"]);
    assert!(answer.contains("status: NOERROR") && !answer.contains("WARNING"), "{answer}");
    assert!(answer.contains("TYPE65301 15 15"), "{answer}");
    let denied = output("kdig", &[&at, NOBODY, "A", "+dnssec", "+norecurse"]);
    assert!(denied.contains("TYPE65301") && !denied.contains("WARNING"), "{denied}");
    let resolver = format!("@{}", names::RESOLVER);
    for (name, rtype, records) in
        [(ALICE, "TYPE65301", 2), (NOBODY, "TYPE65301", 0), (MISSING, "A", 0)]
    {
        let proved =
            output("kdig", &[&resolver, "-p", names::RESOLVER_PORT, name, rtype, "+dnssec"]);
        assert!(proved.contains("status: NOERROR") && !proved.contains("WARNING"), "{proved}");
        let flags = format!(";; Flags: qr rd ra ad; QUERY: 1; ANSWER: {records};");
        assert!(proved.contains(&flags), "{flags} expected:\n{proved}");
    }
}

/// `delv` validates by itself what our resolver gives it, with the root's key alone.
#[test]
fn delv_validates_through_our_resolver() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _demo = demo(state.path());
    let keys = state.path().join("root.keys").display().to_string();
    let at = format!("@{}", names::RESOLVER);
    let delv = |name: &str, rtype: &str| {
        let anchor = format!("+root={APEX}");
        let arguments =
            [at.as_str(), "-p", names::RESOLVER_PORT, "-a", &keys, &anchor, name, rtype];
        output("delv", &arguments)
    };
    for (name, rtype) in [(ALICE, "TYPE65301"), (STRAUSS, "TYPE65301"), (TELCO, "TYPE65302")] {
        let said = delv(name, rtype);
        assert!(said.starts_with("; fully validated"), "{name}: {said}");
    }
    for (name, rtype) in [(NOBODY, "TYPE65301"), (MISSING, "A"), (ALICE, "TXT")] {
        let said = delv(name, rtype);
        assert!(said.starts_with("; negative response, fully validated"), "{name}: {said}");
    }
}
