//! Aliases that lead on and on.

use threepid::resolver::{Cause, Work};
use threepid::wire::Rtype;

use super::super::net::scripted;
use super::forge::{EVIL, alias, besieged, deny, fresh, record, refer};
use super::{Scene, mount};

/// Each to a name not seen before; and all the rest of the chain comes along, unasked.
#[test]
fn a_chain_without_end() {
    let cost = mount("CNAME chain without end", || {
        let server = scripted(|incoming, message| {
            let mut owner = incoming.query.question.clone().unwrap().name;
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
            let owner = incoming.query.question.clone().unwrap().name;
            let other = if incoming.asked().starts_with('x') { "y" } else { "x" };
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
    assert!(cost.outcome.response.failure.is_some());
    // Eleven aliases, and each time some labels more.
    assert!(cost.packets <= 120.0, "{}", cost.packets);
}

/// "Unchained", "CAMP": each link has many labels, of which each is asked for, in a zone of its own,
/// whose servers are to be found in further zones.
#[test]
fn aliases_times_minimisation_times_servers() {
    let cost = mount("CAMP: aliases × minimisation × name servers", || {
        let server = scripted(|incoming, message| {
            let name = incoming.query.question.clone().unwrap().name;
            match name.label_count() {
                ..4 => deny(message, EVIL),
                4 => {
                    let cut = name.to_string();
                    let glueless =
                        (0..16).map(|number| format!("ns.{0}.{EVIL}", fresh(&cut, number)));
                    let own = format!("ns.{cut}");
                    message.additional = vec![super::forge::address(&own, [192, 0, 2, 66])];
                    refer(message, &name, glueless.chain([own]));
                }
                5..15 => deny(message, &name.suffix(4).to_string()),
                _ => {
                    let next = fresh(&name.to_string(), 0);
                    let labels = "a.".repeat(11);
                    message.answer = vec![alias(&name, &format!("{labels}{next}.{EVIL}"))];
                }
            }
        });
        Scene::new(besieged(server), &format!("{}x.{EVIL} A", "a.".repeat(11)))
    });
    assert!(cost.outcome.response.failure.is_some());
}
