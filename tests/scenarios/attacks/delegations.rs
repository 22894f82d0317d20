//! Delegations that lead nowhere, or to others' servers.

use std::collections::{BTreeSet, HashMap};

use threepid::resolver::{Cause, Fault, Work};
use threepid::wire::{Message, Name};

use super::super::net::{Incoming, Server, scripted};
use super::forge::{EVIL, VICTIM, address, alias, besieged, deny, fresh, question, refer};
use super::{Cost, Scene, mount};

/// What is asked, and the name one label below the attacker's zone that it lies at or below; none
/// at the zone itself.
fn asked(incoming: &Incoming<'_>) -> (Name, Option<Name>) {
    let name = question(incoming).name;
    let cut = (name.label_count() > 3).then(|| name.suffix(4));
    (name, cut)
}

/// A server that refers whoever asks for something below its zone.
fn referring(mut refer: impl FnMut(&Name, &Name, &mut Message) + 'static) -> Server {
    scripted(move |incoming, message| match asked(incoming) {
        (name, Some(cut)) => refer(&name, &cut, message),
        (_, None) => deny(message, EVIL),
    })
}

fn to_victim(cost: &Cost) -> usize {
    cost.outcome.sent.iter().filter(|sent| sent.starts_with("77: ")).count()
}

/// "NXNSAttack" (CVE-2020-12662): a delegation to many servers of someone else, none of which exists.
#[test]
fn servers_that_do_not_exist() {
    let cost = mount("NXNSAttack: 100 name servers that do not exist", || {
        let server = referring(|name, cut, message| {
            let servers =
                (0..100).map(|number| format!("{}.{VICTIM}", fresh(&name.to_string(), number)));
            refer(message, cut, servers);
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert!(matches!(cost.outcome.cause(), Cause::Unreachable(_)));
    assert_eq!(to_victim(&cost), 5);
}

/// The same, by names that lie below further such delegations.
#[test]
fn servers_below_further_delegations() {
    let cost = mount("NXNSAttack, each name below another such delegation", || {
        let server = referring(|_, cut, message| {
            let text = cut.to_string();
            let servers = (0..100).map(|number| format!("{0}.{0}.{EVIL}", fresh(&text, number)));
            refer(message, cut, servers);
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Octets));
    assert!(cost.packets <= 70.0, "{}", cost.packets);
}

/// Servers that exist, but do not reply: of 100, 16 are asked. A third of the time goes by waiting.
#[test]
fn servers_that_are_silent() {
    let cost = mount("a delegation to 100 silent servers", || {
        let server = referring(|_, cut, message| {
            let named = |number: u8| format!("ns{number}.{cut}");
            refer(message, cut, (0..100).map(named));
            let glue = (0..100).map(|number| address(&named(number), [198, 51, 100, 100 + number]));
            message.additional = glue.collect();
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert!(matches!(cost.outcome.cause(), Cause::Unreachable(_)));
    assert!(cost.packets <= 51.0, "{}", cost.packets);
    let servers = cost.outcome.sent.iter().filter_map(|sent| sent.split(':').next()?.parse().ok());
    let silent: BTreeSet<u8> = servers.filter(|last| *last >= 100).collect();
    assert_eq!(silent.len(), 16);
}

/// Aliases, each in a zone of its own, whose server keeps silent at first; its other servers exist, but
/// have no addresses. Of all these, 64 addresses are looked up.
#[test]
fn servers_without_addresses_for_each_alias() {
    let cost = mount("aliases, each in a zone with 5 servers without addresses", || {
        let mut asked = HashMap::new();
        let mut server = referring(move |name, _, message| {
            let text = name.to_string();
            let times = asked.entry(name.clone()).or_insert(0);
            *times += 1;
            match *times {
                _ if text.starts_with('h') => deny(message, EVIL),
                1 => {
                    let own = format!("ns.{name}");
                    let idle = (0..5).map(|number| format!("h{}.{EVIL}", fresh(&text, number)));
                    message.additional = vec![address(&own, [192, 0, 2, 66])];
                    refer(message, name, idle.chain([own.clone()]));
                }
                2 => message.flags.truncated = true,
                _ => message.answer = vec![alias(name, &format!("l{}.{EVIL}", fresh(&text, 9)))],
            }
        });
        let silent = |reply: &Vec<u8>| Message::decode(reply).unwrap().flags.truncated;
        let server = Box::new(move |incoming: &Incoming<'_>| {
            let mut replies = server(incoming);
            replies.retain(|reply| !silent(reply));
            replies
        });
        Scene::new(besieged(server), &format!("l.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Aliases));
    let looked_up = cost.outcome.sent.iter().filter(|sent| sent.contains(": h"));
    assert_eq!(looked_up.count(), 64);
    assert!(cost.outcome.spent.targets > 64, "more would have been");
}

/// A zone whose only server lies in it, without an address.
#[test]
fn a_delegation_that_points_to_itself() {
    let cost = mount("a self-pointing delegation", || {
        let server = referring(|_, cut, message| refer(message, cut, [format!("ns.{cut}")]));
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert!(matches!(cost.outcome.cause(), Cause::Unreachable(_)));
    assert!(cost.packets <= 6.0, "{}", cost.packets);
}

/// "TsuNAME": two zones whose servers lie in each other, asked for by many names.
#[test]
fn zones_whose_servers_lie_in_each_other() {
    let cost = mount("TsuNAME: cyclic NS, 100 names asked for", || {
        let server = referring(|_, cut, message| {
            let other = if cut.to_string().starts_with("one") { "two" } else { "one" };
            refer(message, cut, [format!("ns.{other}.{EVIL}")]);
        });
        let questions = (0..100).map(|number| format!("{}.one.{EVIL} A", fresh("", number)));
        Scene { world: besieged(server), questions: questions.collect() }
    });
    assert!(matches!(cost.outcome.cause(), Cause::Unreachable(_)));
    assert!(cost.packets <= 2.0, "{}", cost.packets);
}

/// Each server refers one label further, for as many labels as a name has.
#[test]
fn a_tree_without_end() {
    let cost = mount("a delegation at each of 115 labels", || {
        let server = referring(|name, _, message| {
            let server = format!("ns.{name}");
            message.additional = vec![address(&server, [192, 0, 2, 66])];
            refer(message, name, [server]);
        });
        Scene::new(besieged(server), &format!("{}{EVIL} A", "a.".repeat(112)))
    });
    let Cause::Faulty { fault: Fault::Lame, .. } = cost.outcome.cause() else {
        panic!("the last refers to itself: {:?}", cost.outcome.response)
    };
    assert!(cost.packets <= 50.0, "{}", cost.packets);
}

/// Aliases, each below 40 delegations, so that no one RRset takes too many questions.
#[test]
fn trees_that_lead_to_trees() {
    let long = |text: &str| format!("{}{}.{EVIL}", "a.".repeat(50), fresh(text, 0));
    let cost = mount("aliases, each below 40 delegations", || {
        let mut asked = HashMap::new();
        let server = referring(move |name, _, message| {
            let depth = asked.entry(name.clone()).or_insert(3);
            *depth += 1;
            if *depth > 43 {
                message.answer = vec![alias(name, &long(&name.to_string()))];
                return;
            }
            let cut = name.suffix(*depth);
            let server = format!("ns.{cut}");
            message.additional = vec![address(&server, [192, 0, 2, 66])];
            refer(message, &cut, [server]);
        });
        let mut world = besieged(server);
        world.policy().minimise = false;
        world.policy().negative_anchors = vec![EVIL.parse().unwrap()];
        Scene::new(world, &format!("{} A", long("x")))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Referrals));
    assert_eq!(cost.outcome.spent.referrals, 131, "the last is not followed");
}

/// "iDNS": the server of each zone lies in another one, not seen before.
#[test]
fn servers_without_end() {
    let cost = mount("iDNS: each server in another zone, without end", || {
        let server = referring(|_, cut, message| {
            let next = fresh(&cut.to_string(), 0);
            refer(message, cut, [format!("ns.{next}.{EVIL}")]);
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Depth));
    assert!(cost.packets <= 66.0, "{}", cost.packets);
}
