//! Servers that lie. What they say is not believed, another server is asked, and nothing of it is left
//! once they are gone.

mod answers;
mod trust;

use threepid::crypto::SigningKey;
use threepid::dnssec::{Security, Validity, ZoneKey, sign};
use threepid::wire::{Class, Edns, Message, Question, Rdata, Record, Rrset, Rtype, Transport, Ttl};

use super::net::{Incoming, World, name};
use super::tree::{self, NOW, PHONE, authority};

/// The zone that holds the phone number, and its servers.
const REGION: &str = "4.4.msisdn.3pid.example.";
const SERVERS: [&str; 2] = ["192.0.2.44", "192.0.2.45"];

/// A number beside that, which nobody has.
const SIBLING: &str = "4.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.";

/// The server of the apex.
const ROOT: &str = "192.0.2.1";

/// What a lie makes of a true reply.
type Tell = fn(&mut Message);

fn record(owner: &str, rtype: Rtype, rdata: Vec<u8>) -> Record {
    let (name, rdata) = (name(owner), Rdata::new(rdata).unwrap());
    Record { name, rtype, class: Class::IN, ttl: Ttl::from_secs(300), rdata }
}

fn target(owner: &str, rtype: Rtype, target: &str) -> Record {
    record(owner, rtype, name(target).as_wire().to_vec())
}

/// What our authority says to `question` of the region's zone.
fn truth(name: &str, rtype: Rtype) -> Message {
    let question = Question { name: name.parse().unwrap(), rtype, class: Class::IN };
    let mut query = Message::query(1, question);
    query.edns = Some(Edns { dnssec_ok: true, ..Default::default() });
    let (octets, via) = (query.encode(), Transport::Tcp);
    let mut server = authority(vec![tree::root_zone(), tree::uk_zone()]);
    let replies = server(&Incoming { octets: &octets, query, via, now: NOW });
    Message::decode(&replies[0]).unwrap()
}

/// Signs the sets of a section with a key.
fn signed(records: Vec<Record>, key: &ZoneKey) -> Vec<Record> {
    let hour = std::time::Duration::from_secs(3600);
    let validity =
        Validity { inception: NOW.saturating_sub(hour), expiration: NOW.saturating_add(hour) };
    let sets = Rrset::group(records.clone());
    let signature = |set: &Rrset| Record {
        name: set.name.clone(),
        rtype: Rtype::RRSIG,
        class: Class::IN,
        ttl: set.ttl,
        rdata: sign(set, key, validity).to_rdata(),
    };
    records.into_iter().chain(sets.iter().map(signature)).collect()
}

fn is_signature(record: &Record) -> bool {
    record.rtype == Rtype::RRSIG
}

/// Puts what was said to another question into it.
fn replay(message: &mut Message, name: &str, rtype: Rtype) {
    let other = truth(name, rtype);
    (message.rcode, message.answer, message.authority) =
        (other.rcode, other.answer, other.authority);
}

/// Someone's key.
fn stranger(zone: &str) -> ZoneKey {
    ZoneKey::new(name(zone), ZoneKey::KSK, SigningKey::from_seed(&[66; 32]))
}

/// The question for the association.
fn question() -> String {
    format!("{PHONE} ASSOC")
}

/// Makes a server lie when it is asked this.
fn lie(world: &mut World, server: &str, about: &str, tell: Tell) {
    let about = about.to_owned();
    world.alter(server, move |asked, message| {
        if asked == about {
            tell(message);
        }
    });
}

fn assert_true(world: &mut World, what: &str) {
    let outcome = world.ask(&question());
    assert_eq!(outcome.response.security, Security::Secure, "{what}: {outcome:#?}");
    assert_eq!(outcome.data(Rtype::ASSOC).len(), 1, "{what}");
}
