//! The servers that are configured for a tree, and those that its zone names.

use threepid::resolver::{Meaning, Note, Policy};
use threepid::wire::{Message, Rcode, Rdata, Rtype, Ttl};

use super::net::{Server, World, dead, name};
use super::tree::{self, NOW, authority, zone};

const HINT: &str = "192.0.2.1";
const OWN: &str = "192.0.2.7";
const PRIMING: &str = "1: 3pid.example. NS";

/// A tree whose zone names one server, which is not the one that is configured.
fn world() -> World {
    let mut world = World::new(Policy { priming: true, ..tree::policy() }, NOW);
    world.put(HINT, server());
    world.put(OWN, server());
    world
}

fn server() -> Server {
    authority(vec![zone(
        "3pid.example.",
        "7",
        true,
        "a TXT \"\"\nb TXT \"\"\nc TXT \"\"\nd TXT \"\"",
    )])
}

/// What is sent to find this name, without the keys.
fn sent(world: &mut World, label: &str) -> Vec<String> {
    let outcome = world.ask(&format!("{label}.3pid.example. TXT"));
    assert_eq!(outcome.data(Rtype::TXT).len(), 1, "{outcome:#?}");
    outcome.sent.into_iter().filter(|sent| !sent.ends_with("DNSKEY")).collect()
}

/// Has the servers say this of the zone's servers.
fn alter(world: &mut World, change: impl Fn(&mut Message) + Clone + 'static) {
    for server in [HINT, OWN] {
        let change = change.clone();
        world.alter(server, move |asked, message| {
            if asked == "3pid.example. NS" {
                change(message);
            }
        });
    }
}

#[test]
fn the_servers_that_the_zone_names_are_asked() {
    let mut world = world();
    assert_eq!(sent(&mut world, "a"), [PRIMING, "7: a.3pid.example. TXT"]);
    assert_eq!(sent(&mut world, "b"), ["7: b.3pid.example. TXT"]);
    world.pass(3600);
    assert_eq!(sent(&mut world, "c"), [PRIMING, "7: c.3pid.example. TXT"]);
}

#[test]
fn it_can_be_switched_off() {
    let mut world = world();
    world.policy().priming = false;
    assert_eq!(sent(&mut world, "a"), ["1: a.3pid.example. TXT"]);
}

#[test]
fn who_watches_is_told() {
    let (_, notes) = world().watch("a.3pid.example. TXT");
    let zone = name("3pid.example.");
    let told = |note: &Note| matches!(note, Note::Heard { meaning: Meaning::Servers(told), .. } if *told == zone);
    assert!(notes.iter().any(told), "{notes:#?}");
}

#[test]
fn what_leads_to_nothing_is_not_tried_again_at_once() {
    let changes: [fn(&mut Message); 3] = [
        |message| message.rcode = Rcode::SERVFAIL,
        |message| message.rcode = Rcode::REFUSED,
        |message| message.answer.clear(),
    ];
    for change in changes {
        let mut world = world();
        alter(&mut world, change);
        assert_eq!(sent(&mut world, "a"), [PRIMING, "1: a.3pid.example. TXT"]);
        assert_eq!(sent(&mut world, "b"), ["1: b.3pid.example. TXT"]);
        world.pass(60);
        assert_eq!(sent(&mut world, "c"), [PRIMING, "1: c.3pid.example. TXT"]);
    }
}

#[test]
fn silence_costs_one_try() {
    let mut world = world();
    let mut speaking = server();
    world.put(
        HINT,
        Box::new(move |incoming| match incoming.asked().as_str() {
            "3pid.example. NS" => Vec::new(),
            _ => speaking(incoming),
        }),
    );
    assert_eq!(sent(&mut world, "a"), [PRIMING, "1: a.3pid.example. TXT"]);
    world.put(HINT, dead());
    world.forget();
    assert_eq!(world.ask("b.3pid.example. TXT").sent.len(), 3, "three tries, this among them");
}

#[test]
fn addresses_that_do_not_come_along_are_looked_up() {
    let mut world = world();
    alter(&mut world, |message| message.additional.clear());
    let first = ["1: ns.3pid.example. A", "7: a.3pid.example. TXT"];
    assert_eq!(sent(&mut world, "a"), [[PRIMING].as_slice(), &first].concat());
    assert_eq!(sent(&mut world, "b"), ["7: b.3pid.example. TXT"]);
    world.forget();
    let itself = world.ask("ns.3pid.example. A");
    assert_eq!(itself.data(Rtype::A), ["c0000207"], "{itself:#?}");
}

/// The zone names this server.
fn rename(world: &mut World, server: &'static str) {
    alter(world, move |message| {
        message.additional.clear();
        message.answer[0].rdata = Rdata::new(name(server).as_wire().to_vec()).unwrap();
    });
}

/// The server is at an address of this machine.
fn move_in(world: &mut World) {
    for server in [HINT, OWN] {
        world.alter(server, |_, message| {
            let records = message.answer.iter_mut().chain(&mut message.additional);
            let addresses = records.filter(|record| record.rtype == Rtype::A);
            addresses.for_each(|record| record.rdata = Rdata::new(vec![127, 0, 0, 1]).unwrap());
        });
    }
    world.put("127.0.0.1", Box::new(|_| panic!("this machine is asked")));
}

/// The server knows nothing of the zone.
fn refuse(world: &mut World) {
    world.alter(OWN, |_, message| {
        (message.rcode, message.flags.authoritative) = (Rcode::REFUSED, false);
    });
}

/// None of this may take the tree away.
#[test]
fn servers_that_are_of_no_use_leave_the_hints() {
    let changes: [fn(&mut World); 5] = [
        |world| world.put(OWN, dead()),
        |world| rename(world, "nowhere.3pid.example."),
        |world| rename(world, "ns.example.net."),
        move_in,
        refuse,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut world = world();
        change(&mut world);
        let first = sent(&mut world, "a");
        assert_eq!(first[0], PRIMING, "{index}");
        assert_eq!(first.last().unwrap(), "1: a.3pid.example. TXT", "{index}");
        assert_eq!(sent(&mut world, "b"), ["1: b.3pid.example. TXT"], "{index}");
        world.pass(60);
        assert_eq!(sent(&mut world, "c")[0], PRIMING, "{index}");
    }
}

#[test]
fn servers_that_go_away_leave_the_hints() {
    let mut world = world();
    sent(&mut world, "a");
    world.put(OWN, dead());
    let second = sent(&mut world, "b");
    assert_eq!(second.last().unwrap(), "1: b.3pid.example. TXT");
    assert_eq!(sent(&mut world, "c"), ["1: c.3pid.example. TXT"]);
}

#[test]
fn a_short_life_does_not_make_each_request_pay() {
    let mut world = world();
    alter(&mut world, |message| {
        message.answer.iter_mut().for_each(|ns| ns.ttl = Ttl::from_secs(0))
    });
    sent(&mut world, "a");
    world.pass(58);
    assert_eq!(sent(&mut world, "b"), ["7: b.3pid.example. TXT"]);
}
