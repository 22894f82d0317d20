//! The account that a resolution gives of itself.

use threepid::resolver::{Meaning, Note, Trusted};
use threepid::wire::{Rcode, Rdata, Rtype};

use super::net::{World, dead, scripted};
use super::tree::{self, EMAIL, NOW, PHONE, UNSIGNED, key, world};

/// An address in the domain's zone.
const WWW: &str = "www.example.com.email.3pid.example. A";

/// A note in a line, without the apex.
fn line(note: &Note) -> String {
    let line = match note {
        Note::Asks { zone, question, server, via } => {
            let (name, rtype, ip) = (&question.name, question.rtype, server.ip());
            format!("{via:?} {ip} of {zone}: {name} {rtype}")
        }
        Note::Heard { meaning: Meaning::Referral(zone), .. } => format!("  Referral({zone})"),
        Note::Heard { meaning, .. } => format!("  {meaning:?}"),
        Note::Proved { name, rtype, by } => {
            format!("proved {name} {rtype} by {} of {}", by.key_tag, by.signer)
        }
        Note::Trusts { zone, trusted: Ok(Trusted::Keys(keys)) } => {
            format!("{zone} is signed by {}", keys.verified().key_tag)
        }
        Note::Trusts { zone, trusted: Ok(trusted) } => format!("{zone} {trusted:?}"),
        Note::Trusts { zone, trusted: Err(cause) } => format!("{zone} is not trusted: {cause}"),
        Note::Special { name, zone, .. } => format!("special: {name} of {}", zone.apex),
        Note::Rejects(cause) => format!("rejected: {cause}"),
    };
    line.replace("3pid.example.", "@")
}

/// The account of a resolution, whose sequence of questions and replies is as it must be.
fn account(world: &mut World, question: &str) -> Vec<String> {
    let (outcome, notes) = world.watch(question);
    let is_exchange = |note: &&Note| matches!(note, Note::Asks { .. } | Note::Heard { .. });
    let exchanges: Vec<&Note> = notes.iter().filter(is_exchange).collect();
    assert_eq!(exchanges.len(), 2 * outcome.sent.len());
    for exchange in exchanges.chunks(2) {
        assert!(matches!(exchange, [Note::Asks { .. }, Note::Heard { .. }]), "{exchange:#?}");
    }
    notes.iter().map(line).collect()
}

fn tag(apex: &str) -> u16 {
    key(apex).key_tag()
}

#[test]
fn every_step_is_told() {
    let (root, domain) = (tag("3pid.example."), tag("example.com.email.3pid.example."));
    let expected = [
        "Udp 192.0.2.1 of @: email.@ A".to_owned(),
        "  NoCut { exists: true }".into(),
        "Udp 192.0.2.1 of @: com.email.@ A".into(),
        "  NoCut { exists: true }".into(),
        "Udp 192.0.2.1 of @: example.com.email.@ A".into(),
        "  Referral(example.com.email.@)".into(),
        "Udp 192.0.2.10 of example.com.email.@: www.example.com.email.@ A".into(),
        "  Answer(Data)".into(),
        "Udp 192.0.2.1 of @: @ DNSKEY".into(),
        "  Answer(Data)".into(),
        format!("proved @ DNSKEY by {root} of @"),
        format!("@ is signed by {root}"),
        format!("proved example.com.email.@ DS by {root} of @"),
        "Udp 192.0.2.10 of example.com.email.@: example.com.email.@ DNSKEY".into(),
        "  Answer(Data)".into(),
        format!("proved example.com.email.@ DNSKEY by {domain} of example.com.email.@"),
        format!("example.com.email.@ is signed by {domain}"),
        format!("proved www.example.com.email.@ A by {domain} of example.com.email.@"),
    ];
    let mut world = world();
    assert_eq!(account(&mut world, WWW), expected);
    assert_eq!(account(&mut world, WWW), [""; 0], "the cache is not told of");
}

#[test]
fn whole_names_are_shown_where_that_is_wanted() {
    let mut world = world();
    world.policy().minimise = false;
    let account = account(&mut world, WWW);
    assert_eq!(account[0], "Udp 192.0.2.1 of @: www.example.com.email.@ A");
    assert_eq!(account[1], "  Referral(example.com.email.@)");
}

#[test]
fn why_a_zone_is_not_signed_is_told() {
    let account = account(&mut world(), &format!("{UNSIGNED} ASSOC"));
    let told = |text: &str| account.iter().any(|line| line == text);
    assert!(told("example.org.email.@ Insecure(None)"), "{account:#?}");
    let proof = format!("proved example.org.email.@ NSEC by {} of @", tag("3pid.example."));
    assert!(told(&proof), "{account:#?}");
}

#[test]
fn what_goes_wrong_is_told() {
    let told = |world: &mut World, question: &str, text: &str| {
        let account = account(world, question);
        assert!(account.iter().any(|line| line == text), "{text}: {account:#?}");
    };
    let phone = format!("{PHONE} ASSOC");

    let mut silent = world();
    silent.put("192.0.2.44", dead());
    silent.put("192.0.2.45", dead());
    told(&mut silent, &phone, "  Silence");

    let mut refusing = world();
    refusing.put("192.0.2.10", scripted(|_, message| message.rcode = Rcode::REFUSED));
    told(&mut refusing, &format!("{EMAIL} ASSOC"), "  Fault(Rcode(REFUSED))");

    let mut lame = world();
    lame.put("192.0.2.10", scripted(|_, message| message.flags.authoritative = false));
    told(&mut lame, &format!("{EMAIL} ASSOC"), "  Fault(Lame)");

    let mut tight = world();
    tight.alter("192.0.2.10", |_, message| message.flags.truncated = true);
    told(&mut tight, WWW, "  Truncated");

    let mut unsigned = tree::policy();
    unsigned.roots[0].anchors.clear();
    let mut old = World::new(unsigned, NOW);
    old.put(
        "192.0.2.1",
        scripted(|_, message| {
            message.rcode = Rcode::FORMERR;
            message.edns = None;
        }),
    );
    told(&mut old, WWW, "  NoEdns");

    let mut forged = world();
    forged.alter("192.0.2.10", |_, message| {
        for record in message.answer.iter_mut().filter(|record| record.rtype == Rtype::A) {
            record.rdata = Rdata::new(vec![192, 0, 2, 66]).unwrap();
        }
    });
    let name = "www.example.com.email.@";
    let flaw = format!("rejected: {name} A: the signature does not verify");
    told(&mut forged, WWW, &flaw);
}
