//! Each verdict of RFC 4033 section 5, and what a client is told of it.

use threepid::crypto::SigningKey;
use threepid::dnssec::{Security, Validity, ZoneKey, sign};
use threepid::resolver::{Checking, Kind, Root};
use threepid::wire::rdata::Nsec;
use threepid::wire::{DigestType, EdeCode, Message, Name, Rcode, Rdata, Record, Rrset, Rtype, Ttl};

use super::net::{Outcome, World, name, scripted};
use super::tree::{self, EMAIL, NOW, PHONE, UNSIGNED, authority, key, root_zone, world};

/// Both servers of the regional zone.
const UK: [&str; 2] = ["192.0.2.44", "192.0.2.45"];

/// Turns a bit of the data of every record of this type in replies to `question`.
fn flip(world: &mut World, servers: &[&str], question: &'static str, rtype: Rtype) {
    for server in servers {
        world.alter(server, move |asked, message| {
            let sections = [&mut message.answer, &mut message.authority];
            for record in sections.into_iter().flatten() {
                if asked == question && record.rtype == rtype {
                    let mut octets = record.rdata.octets().to_vec();
                    *octets.last_mut().unwrap() ^= 1;
                    record.rdata = Rdata::new(octets).unwrap();
                }
            }
        });
    }
}

/// Takes all records of a type out of replies to `question`.
fn strip(world: &mut World, servers: &[&str], question: &'static str, rtype: Rtype) {
    for server in servers {
        world.alter(server, move |asked, message| {
            if asked == question {
                message.answer.retain(|record| record.rtype != rtype);
                message.authority.retain(|record| record.rtype != rtype);
            }
        });
    }
}

fn assert_bogus(outcome: &Outcome, code: EdeCode) {
    assert_eq!(outcome.response.security, Security::Bogus, "{outcome:#?}");
    assert_eq!(outcome.cause().rcode(), Rcode::SERVFAIL);
    assert_eq!(outcome.cause().extended_error().code, code, "{}", outcome.cause());
    assert!(outcome.response.answer.is_empty() && outcome.response.authority.is_empty());
}

/// That one question could not be sent says nothing of the answer: that it is bogus does, whichever
/// came first.
#[test]
fn bogus_for_all_that_was_not_sent() {
    const QUESTION: &str = "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example. ASSOC";
    let bogus = |unsent: Option<usize>| {
        let mut world = world();
        flip(&mut world, &UK, QUESTION, Rtype::RRSIG);
        unsent.into_iter().for_each(|after| world.crowd_out(after));
        world.ask(QUESTION)
    };
    let sent = bogus(None).sent;
    let asked: Vec<_> = (0..sent.len()).filter(|&at| sent[at].ends_with(QUESTION)).collect();
    assert_eq!(asked.len(), 2, "{sent:#?}");
    for unsent in asked {
        let outcome = bogus(Some(unsent));
        assert_bogus(&outcome, EdeCode::DNSSEC_BOGUS);
        assert!(!outcome.cause().permits_stale());
    }
}

#[test]
fn insecure_by_a_proved_absence_of_ds() {
    let outcome = world().ask(&format!("{UNSIGNED} ASSOC"));
    assert_eq!(outcome.response.security, Security::Insecure);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
}

/// The parent's and the unsigned zone at the same server: nothing refers to it.
#[test]
fn insecure_beside_its_parent() {
    let mut world = world();
    let unsigned = tree::zone("example.org.email.3pid.example.", "1", false, "www A 192.0.2.3");
    world.put("192.0.2.1", authority(vec![root_zone(), unsigned]));
    let outcome = world.ask("www.example.org.email.3pid.example. A");
    assert_eq!(outcome.response.security, Security::Insecure, "{outcome:#?}");
    assert_eq!(outcome.data(Rtype::A), ["c0000203"]);
    let absent = world.ask("no.example.org.email.3pid.example. A");
    assert_eq!(absent.response.security, Security::Insecure);
    assert_eq!(absent.response.kind, Some(Kind::NameError));
}

#[test]
fn a_flipped_bit_in_a_signature() {
    for (question, rtype) in
        [(format!("{PHONE} ASSOC"), "data"), (format!("{PHONE} TXT"), "denial")]
    {
        let mut world = world();
        flip(&mut world, &UK, question.clone().leak(), Rtype::RRSIG);
        let outcome = world.ask(&question);
        assert_bogus(&outcome, EdeCode::DNSSEC_BOGUS);
        assert_eq!(
            outcome.sent.iter().filter(|sent| sent.ends_with(&question)).count(),
            2,
            "{rtype}"
        );
    }
}

#[test]
fn a_flipped_bit_in_data() {
    let mut world = world();
    flip(&mut world, &UK, format!("{PHONE} ASSOC").leak(), Rtype::ASSOC);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSSEC_BOGUS);
}

#[test]
fn a_flipped_bit_in_a_ds_set() {
    let mut world = world();
    flip(&mut world, &["192.0.2.1"], "4.4.msisdn.3pid.example. A", Rtype::DS);
    flip(&mut world, &["192.0.2.1"], "4.4.msisdn.3pid.example. DS", Rtype::DS);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSSEC_BOGUS);
}

/// What came with the referral is worth nothing, but asked again the server tells the truth.
#[test]
fn a_flipped_bit_on_the_way() {
    let mut world = world();
    flip(&mut world, &["192.0.2.1"], "4.4.msisdn.3pid.example. A", Rtype::DS);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert!(outcome.sent.contains(&"1: 4.4.msisdn.3pid.example. DS".to_owned()));
}

#[test]
fn a_flipped_bit_in_a_denial() {
    for question in [format!("{PHONE} TXT"), "4.4.msisdn.3pid.example. TXT".to_owned()] {
        let mut world = world();
        flip(&mut world, &UK, question.clone().leak(), Rtype::NSEC);
        assert_bogus(&world.ask(&question), EdeCode::DNSSEC_BOGUS);
    }
}

#[test]
fn a_flipped_bit_in_the_denial_of_ds() {
    let mut world = world();
    flip(&mut world, &["192.0.2.1"], "example.org.email.3pid.example. A", Rtype::NSEC);
    flip(&mut world, &["192.0.2.1"], "example.org.email.3pid.example. DS", Rtype::NSEC);
    assert_bogus(&world.ask(&format!("{UNSIGNED} ASSOC")), EdeCode::DNSSEC_BOGUS);
}

#[test]
fn a_flipped_bit_in_a_key() {
    let mut world = world();
    flip(&mut world, &UK, "4.4.msisdn.3pid.example. DNSKEY", Rtype::DNSKEY);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSKEY_MISSING);
}

#[test]
fn a_flipped_bit_in_the_signature_over_the_keys() {
    let mut world = world();
    flip(&mut world, &["192.0.2.1"], "3pid.example. DNSKEY", Rtype::RRSIG);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSSEC_BOGUS);
}

#[test]
fn signatures_have_their_time() {
    let mut world = world();
    world.pass(20 * 86_400);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::SIGNATURE_EXPIRED);
    world.now = NOW.saturating_sub(std::time::Duration::from_secs(86_400));
    world.forget();
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::SIGNATURE_NOT_YET_VALID);
}

#[test]
fn missing_signatures() {
    let mut world = world();
    strip(&mut world, &UK, format!("{PHONE} ASSOC").leak(), Rtype::RRSIG);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::RRSIGS_MISSING);
}

#[test]
fn missing_denials() {
    let mut world = world();
    let question = "nothing.4.4.msisdn.3pid.example. TXT";
    strip(&mut world, &UK, question, Rtype::NSEC);
    assert_bogus(&world.ask(question), EdeCode::NSEC_MISSING);
}

#[test]
fn missing_keys() {
    let mut world = world();
    strip(&mut world, &UK, "4.4.msisdn.3pid.example. DNSKEY", Rtype::DNSKEY);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSKEY_MISSING);
}

#[test]
fn another_server_may_do_better() {
    for server in UK {
        let mut world = world();
        flip(&mut world, &[server], format!("{PHONE} ASSOC").leak(), Rtype::RRSIG);
        flip(&mut world, &[server], "4.4.msisdn.3pid.example. DNSKEY", Rtype::RRSIG);
        let outcome = world.ask(&format!("{PHONE} ASSOC"));
        assert_eq!(outcome.response.security, Security::Secure);
    }
}

#[test]
fn checking_disabled_gives_what_there_is() {
    let mut world = world();
    flip(&mut world, &UK, format!("{PHONE} ASSOC").leak(), Rtype::RRSIG);
    assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSSEC_BOGUS);
    let outcome = world.resolve(&format!("{PHONE} ASSOC"), Checking::Disabled);
    assert_eq!(outcome.response.security, Security::Indeterminate);
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1);
    assert!(outcome.sent.iter().all(|sent| !sent.ends_with("DNSKEY")));
}

/// What was fetched unjudged is judged when someone wants it judged, without being fetched again.
#[test]
fn unjudged_data_is_judged_later() {
    let mut world = world();
    world.resolve(&format!("{PHONE} ASSOC"), Checking::Disabled);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    assert!(outcome.sent.iter().all(|sent| sent.ends_with("DNSKEY")), "{:#?}", outcome.sent);
}

/// Judging gives it no second life.
#[test]
fn what_is_judged_later_lives_no_longer() {
    let mut world = world();
    world.resolve(&format!("{PHONE} ASSOC"), Checking::Disabled);
    world.pass(3000);
    let outcome = world.ask(&format!("{PHONE} ASSOC"));
    assert_eq!(outcome.response.security, Security::Secure);
    let ttl = outcome.response.answer[0].rrset.ttl.as_secs();
    assert!(ttl <= 600, "{ttl}");
    world.pass(600);
    let again = world.ask(&format!("{PHONE} ASSOC"));
    assert!(again.sent.iter().any(|sent| sent.ends_with("ASSOC")), "{:#?}", again.sent);
}

#[test]
fn a_failure_is_remembered_for_seconds() {
    let mut world = world();
    flip(&mut world, &UK, format!("{PHONE} ASSOC").leak(), Rtype::RRSIG);
    assert!(!world.ask(&format!("{PHONE} ASSOC")).sent.is_empty());
    let again = world.ask(&format!("{PHONE} ASSOC"));
    assert_bogus(&again, EdeCode::DNSSEC_BOGUS);
    assert!(again.sent.is_empty());
    for server in UK {
        world.put(server, authority(vec![tree::uk_zone()]));
    }
    world.pass(6);
    assert_eq!(world.ask(&format!("{PHONE} ASSOC")).response.security, Security::Secure);
}

/// The region's apex.
const REGION: &str = "4.4.msisdn.3pid.example.";

/// The keys of the region after it changed them.
fn new_key() -> ZoneKey {
    ZoneKey::new(name(REGION), ZoneKey::KSK, SigningKey::from_seed(&[9; 32]))
}

/// The tree where the region's DS set, of this TTL, stands for these keys.
fn delegate_region(world: &mut World, ttl: u32, keys: &[ZoneKey]) {
    let mut records = "4.4.msisdn NS ns1.4.4.msisdn
ns1.4.4.msisdn A 192.0.2.44
"
    .to_owned();
    for key in keys {
        let ds = key.ds(DigestType::SHA256).unwrap();
        let digest = threepid::codec::hex(&ds.digest);
        records += &format!(
            "4.4.msisdn {ttl} DS {} 15 2 {digest}
",
            ds.key_tag
        );
    }
    world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
}

/// Keys are trusted no longer than the DS set that led to them.
#[test]
fn a_withdrawn_ds_takes_the_keys_along() {
    let mut world = world();
    delegate_region(&mut world, 60, &[key(REGION)]);
    assert_eq!(world.ask(&format!("{PHONE} ASSOC")).response.security, Security::Secure);
    delegate_region(&mut world, 60, &[new_key()]);
    world.pass(60);
    assert_bogus(&world.ask(&format!("{PHONE} TXT")), EdeCode::DNSKEY_MISSING);
}

/// The region changes its keys, and all its signatures.
fn rekey(world: &mut World) {
    for server in UK {
        world.alter(server, |asked, message| {
            for section in [&mut message.answer, &mut message.authority] {
                section.retain(|record| record.rtype != Rtype::RRSIG);
            }
            if asked == format!("{REGION} DNSKEY") {
                let dnskey = new_key().dnskey().to_rdata();
                message.answer = vec![record(REGION, Rtype::DNSKEY, dnskey)];
            }
            sign_sections(message, &new_key());
        });
    }
}

/// A zone has other keys while its old ones, or only its old DS set, are remembered.
#[test]
fn new_keys_are_noticed() {
    let both = [key(REGION), new_key()];
    for (before, known) in [
        (&both[..], format!("{PHONE} ASSOC")),
        (&both[..1], format!("{PHONE} ASSOC")),
        (&both[..1], format!("{REGION} DS")),
    ] {
        let mut world = world();
        delegate_region(&mut world, 3600, before);
        assert_eq!(world.ask(&known).response.security, Security::Secure);
        delegate_region(&mut world, 3600, &both[1..]);
        rekey(&mut world);
        world.pass(60);
        let outcome = world.ask(&format!("{PHONE} TXT"));
        assert_eq!(outcome.response.security, Security::Secure, "{known}: {outcome:#?}");
    }
}

#[test]
fn an_unknown_algorithm_or_digest_makes_a_zone_unsigned() {
    let algorithm = EdeCode::UNSUPPORTED_DNSKEY_ALGORITHM;
    let digest = EdeCode::UNSUPPORTED_DS_DIGEST_TYPE;
    for (numbers, code) in [("5 2", algorithm), ("12 2", algorithm), ("15 3", digest)] {
        let mut world = world();
        let records = format!(
            "example.org.email NS ns.example.org.email
            example.org.email DS 1 {numbers} {}
            ns.example.org.email A 192.0.2.20",
            "00".repeat(32)
        );
        world.put("192.0.2.1", authority(vec![tree::zone("3pid.example.", "1", true, &records)]));
        let outcome = world.ask(&format!("{UNSIGNED} ASSOC"));
        assert_eq!(outcome.response.security, Security::Insecure, "{numbers}");
        assert_eq!(outcome.response.extended_error.unwrap().code, code, "{numbers}");
    }
}

#[test]
fn a_tree_without_anchor_is_unsigned() {
    let mut policy = tree::policy();
    policy.roots[0].anchors.clear();
    let mut world = World::new(policy, NOW);
    world.put("192.0.2.1", authority(vec![root_zone()]));
    let outcome = world.ask("there.3pid.example. TXT");
    assert_eq!(outcome.response.security, Security::Insecure);
}

#[test]
fn another_anchor_proves_nothing() {
    let mut policy = tree::policy();
    let other = key("other.example.").ds(DigestType::SHA256).unwrap();
    policy.roots = vec![Root { anchors: vec![other], ..tree::root() }];
    let mut world = World::new(policy, NOW);
    world.put("192.0.2.1", authority(vec![root_zone()]));
    assert_bogus(&world.ask("there.3pid.example. TXT"), EdeCode::DNSKEY_MISSING);
}

/// A delegation that its parent denies: the digits below it do not become insecure by it.
#[test]
fn a_forged_delegation_makes_nothing_insecure() {
    let mut world = world();
    let cut = "3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";
    for server in UK {
        world.alter(server, move |asked, message| {
            if asked == format!("{cut} ASSOC") {
                let ns = Rdata::new(name("ns.evil.4.4.msisdn.3pid.example.").as_wire().to_vec());
                let glue = Rdata::new(vec![192, 0, 2, 66]).unwrap();
                message.flags.authoritative = false;
                message.answer.clear();
                message.authority = vec![record(cut, Rtype::NS, ns.unwrap())];
                message.additional =
                    vec![record("ns.evil.4.4.msisdn.3pid.example.", Rtype::A, glue)];
            }
        });
    }
    let forged = tree::zone(cut, "66", false, &format!("@ {}", tree::association("mallory")));
    world.put("192.0.2.66", authority(vec![forged]));
    let outcome = world.ask(&format!("{cut} ASSOC"));
    assert!(outcome.sent.contains(&format!("66: {cut} ASSOC")));
    assert_bogus(&outcome, EdeCode::RRSIGS_MISSING);
}

/// Data signed by a zone that does not enclose it, or that is none.
#[test]
fn only_enclosing_zones_sign() {
    for signer in ["example.com.email.3pid.example.", "example.", PHONE] {
        let mut world = world();
        for server in UK {
            world.alter(server, move |asked, message| {
                if asked == format!("{PHONE} ASSOC") {
                    message.answer.retain(|record| record.rtype == Rtype::ASSOC);
                    sign_sections(message, &key(signer));
                }
            });
        }
        assert_bogus(&world.ask(&format!("{PHONE} ASSOC")), EdeCode::DNSSEC_BOGUS);
    }
}

/// More sets than may be validated for one reply: a part of them is an answer.
#[test]
fn an_answer_to_any_may_be_a_part() {
    let mut world = world();
    world.alter("192.0.2.1", |asked, message| {
        if asked == "there.3pid.example. ANY" {
            let rdata = || Rdata::new(vec![1]).unwrap();
            let types = (65_400..65_430).map(Rtype);
            message.answer =
                types.map(|rtype| record("there.3pid.example.", rtype, rdata())).collect();
            sign_sections(message, &key("3pid.example."));
        }
    });
    let outcome = world.ask("there.3pid.example. ANY");
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert_eq!(outcome.response.answer.len(), 8);
}

fn record(owner: &str, rtype: Rtype, rdata: Rdata) -> Record {
    Rrset::single(name(owner), rtype, Ttl::from_secs(300), rdata).records().next().unwrap()
}

/// Signs each set of a message.
fn sign_sections(message: &mut Message, key: &threepid::dnssec::ZoneKey) {
    for section in [&mut message.answer, &mut message.authority] {
        for set in Rrset::group(section.clone()) {
            section.extend(signed(&set, key, &set.name));
        }
    }
}

/// The signature over a set as if it stood at `owner`.
fn signed(set: &Rrset, key: &threepid::dnssec::ZoneKey, owner: &Name) -> Vec<Record> {
    let day = std::time::Duration::from_secs(86_400);
    let validity =
        Validity { inception: NOW.saturating_sub(day), expiration: NOW.saturating_add(day) };
    let rdata = sign(&Rrset { name: owner.clone(), ..set.clone() }, key, validity).to_rdata();
    Rrset::single(set.name.clone(), Rtype::RRSIG, set.ttl, rdata).records().collect()
}

/// A zone that is signed in the classic way, with wildcards: it answers from a script.
fn classic(proofs: &'static [(&str, &str)]) -> World {
    let mut world = world();
    let zone_key = key("3pid.example.");
    let mut keys = authority(vec![root_zone()]);
    world.put(
        "192.0.2.1",
        Box::new(move |incoming| {
            if incoming.asked() == "3pid.example. DNSKEY" {
                return keys(incoming);
            }
            let zone_key = zone_key.clone();
            scripted(move |incoming, message| {
                let question = incoming.query.question.clone().unwrap();
                if question.rtype == Rtype::TXT {
                    let text = Rdata::new(b"\x03any".to_vec()).unwrap();
                    let set = Rrset::single(question.name, Rtype::TXT, Ttl::from_secs(300), text);
                    message.answer = set.records().collect();
                    message.answer.extend(signed(&set, &zone_key, &name("*.w.3pid.example.")));
                } else {
                    message.rcode = Rcode::NXDOMAIN;
                }
                for (owner, next) in proofs {
                    let types = [Rtype::TXT, Rtype::NSEC, Rtype::RRSIG].into_iter().collect();
                    let nsec = Nsec { next: name(next), types }.to_rdata();
                    let set = Rrset::single(name(owner), Rtype::NSEC, Ttl::from_secs(300), nsec);
                    message.authority.extend(set.records());
                    message.authority.extend(signed(&set, &zone_key, &set.name));
                }
            })(incoming)
        }),
    );
    world
}

#[test]
fn wildcards_need_a_proof_that_nothing_is_closer() {
    let question = "b.w.3pid.example. TXT";
    let outcome = classic(&[("a.w.3pid.example.", "c.w.3pid.example.")]).ask(question);
    assert_eq!(outcome.response.security, Security::Secure, "{outcome:#?}");
    assert_eq!(outcome.data(Rtype::TXT), ["03616e79"]);
    assert_bogus(&classic(&[]).ask(question), EdeCode::NSEC_MISSING);
    let elsewhere = classic(&[("c.w.3pid.example.", "d.w.3pid.example.")]).ask(question);
    assert_bogus(&elsewhere, EdeCode::NSEC_MISSING);
}

#[test]
fn absence_by_a_chain_of_names() {
    const GAPS: [(&str, &str); 2] =
        [("a.3pid.example.", "c.3pid.example."), ("3pid.example.", "a.3pid.example.")];
    let outcome = classic(&GAPS).ask("b.3pid.example. A");
    assert_eq!(outcome.response.kind, Some(Kind::NameError));
    assert_eq!(outcome.response.security, Security::Secure);
    let half = classic(&[("a.3pid.example.", "c.3pid.example.")]).ask("b.3pid.example. A");
    assert_bogus(&half, EdeCode::NSEC_MISSING);
}

/// The response code is not signed: a denial is what its proof says.
#[test]
fn a_forged_response_code_changes_nothing() {
    let mut world = world();
    for server in UK {
        world.alter(server, |asked, message| {
            if asked.ends_with("TXT") {
                message.rcode = Rcode::NXDOMAIN;
            }
        });
    }
    let outcome = world.ask(&format!("{PHONE} TXT"));
    assert_eq!(outcome.response.kind, Some(Kind::NoData));
    assert_eq!(outcome.response.security, Security::Secure);
}

/// Of a secure answer, no bit of data, signature, denial, DS or key can be turned without the
/// outcome being either the same or a failure.
#[test]
fn no_flipped_bit_passes() {
    let questions = [format!("{PHONE} ASSOC"), format!("{PHONE} TXT"), format!("{EMAIL} ASSOC")];
    for question in questions {
        let good = world().ask(&question);
        for number in 0..40u32 {
            let mut world = world();
            for server in ["192.0.2.1", "192.0.2.10", UK[0], UK[1]] {
                world.alter(server, move |_, message| turn(message, number));
            }
            let outcome = world.ask(&question);
            if outcome.response.failure.is_some() {
                // A bit of a length or a name can also make the message unreadable.
                assert_eq!(outcome.cause().rcode(), Rcode::SERVFAIL);
                assert_ne!(outcome.cause().extended_error().code, EdeCode::OTHER);
            } else {
                assert_eq!(outcome.response.security, Security::Secure, "{question}, {number}");
                assert_eq!(outcome.response.kind, good.response.kind);
                assert_eq!(outcome.data(Rtype::ASSOC), good.data(Rtype::ASSOC));
            }
        }
    }
}

/// Turns one bit in the data of one record of the message; which, depends on `number`.
fn turn(message: &mut Message, number: u32) {
    let mut records: Vec<&mut Record> = message
        .answer
        .iter_mut()
        .chain(&mut message.authority)
        .filter(|record| record.rtype != Rtype::NS)
        .collect();
    let count = u32::try_from(records.len()).unwrap();
    if count == 0 {
        return;
    }
    let record = &mut records[(number % count) as usize];
    let mut octets = record.rdata.octets().to_vec();
    let at = (number.wrapping_mul(2_654_435_761) >> 8) as usize % octets.len();
    octets[at] ^= 1 << (number % 8);
    record.rdata = Rdata::new(octets).unwrap();
}

#[test]
fn compact_denials_are_understood() {
    let outcome = world().ask("nothing.3pid.example. TXT");
    assert_eq!(outcome.response.kind, Some(Kind::CompactNameError));
    assert_eq!(outcome.response.security, Security::Secure);
}
