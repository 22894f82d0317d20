//! Aliases that lead on and on.

use threepid::resolver::{Cause, Work};
use threepid::wire::{Question, Rtype, Transport};

use super::super::net::scripted;
use super::forge::{EVIL, address, alias, besieged, deny, fresh, question, record, refer};
use super::{Scene, mount};

/// Each to a name not seen before; and all the rest of the chain comes along, unasked.
#[test]
fn a_chain_without_end() {
    let cost = mount("CNAME chain without end", || {
        let server = scripted(|incoming, message| {
            let mut owner = question(incoming).name;
            for _ in 0..200 {
                let target = format!("{}.{EVIL}", fresh(&owner.to_string(), 0));
                message.answer.push(alias(&owner, &target));
                owner = target.parse().unwrap();
            }
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Aliases));
    assert!(cost.packets <= 15.0, "{}", cost.packets);
}

#[test]
fn a_loop() {
    let cost = mount("CNAME loop", || {
        let server = scripted(|incoming, message| {
            let owner = question(incoming).name;
            let other =
                if question(incoming).name.to_string().starts_with('x') { "y" } else { "x" };
            message.answer.push(alias(&owner, &format!("{other}.{EVIL}")));
        });
        Scene::new(besieged(server), &format!("x.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Aliases));
    assert!(cost.packets <= 6.0, "{}", cost.packets);
}

/// A redirection into what it redirects: each step makes the name longer.
#[test]
fn a_redirection_into_itself() {
    let cost = mount("DNAME into itself", || {
        let server = scripted(|_, message| {
            let owner = format!("d.{EVIL}").parse().unwrap();
            let target: threepid::wire::Name = format!("a.a.a.a.a.a.a.a.d.{EVIL}").parse().unwrap();
            message.answer = vec![record(&owner, Rtype::DNAME, target.as_wire().to_vec())];
        });
        Scene::new(besieged(server), &format!("x.d.{EVIL} A"))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Aliases));
    // Eleven aliases, and each time some labels more.
    assert!(cost.packets <= 120.0, "{}", cost.packets);
}

/// "Unchained", "CAMP": each link has many labels, of which as many as may be are asked for apart, in
/// a zone of its own, most of whose servers are to be found in further zones. Each question is asked
/// twice: over UDP all replies are cut off.
#[test]
fn aliases_times_minimisation_times_servers() {
    let long = |text: &str| format!("{}{}.{EVIL}", "a.".repeat(60), fresh(text, 1));
    let cost = mount("CAMP: aliases × minimisation × name servers × TCP", || {
        let server = scripted(move |incoming, message| {
            let Question { name, rtype, .. } = question(incoming);
            message.flags.truncated = incoming.via == Transport::Udp;
            match (name.label_count(), rtype) {
                (..4, _) | (4, Rtype::DS) => deny(message, EVIL),
                (4, _) => {
                    let cut = name.to_string();
                    let far = (0..16).map(|number| format!("ns.{}.{EVIL}", fresh(&cut, number)));
                    let own = format!("ns.{cut}");
                    message.additional = vec![address(&own, [192, 0, 2, 66])];
                    refer(message, &name, far.take(15).chain([own]));
                }
                (5..64, _) => deny(message, &name.suffix(4).to_string()),
                _ => message.answer = vec![alias(&name, &long(&name.to_string()))],
            }
        });
        Scene::new(besieged(server), &format!("{} A", long("x")))
    });
    assert_eq!(*cost.outcome.cause(), Cause::Exhausted(Work::Questions));
    assert_eq!(cost.outcome.sent.len(), 200);
}
