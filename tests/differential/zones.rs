//! The zones that are asked, arranged in three ways.

use std::sync::{Arc, LazyLock};

use threepid::authority::{Associated, Authority, Index, Kept, Policy, ServedZone};
use threepid::clock::Timestamp;
use threepid::wire::{Name, Rrset};
use threepid::zone::master::{self, Text};

use super::draw::Draw;
use crate::scenarios::tree;

/// When the zones are signed.
pub(super) const NOW: Timestamp = tree::NOW;

/// How the associations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// In the zones' files.
    Filed,
    /// In a store, put into its index one after the other.
    Stored,
    /// In a store whose index has seen others come and go.
    Indexed,
}

/// A zone to be asked.
struct Described {
    apex: &'static str,
    is_signed: bool,
    records: String,
    /// Names of associations.
    held: Vec<String>,
}

/// The names of all associations.
pub(super) static HELD: LazyLock<Vec<String>> =
    LazyLock::new(|| described().into_iter().flat_map(|zone| zone.held).collect());

/// How many numbers a zone has.
const NUMBERS: u64 = 150;

/// Who holds the numbers: few statements, so that zones are soon made.
static USERS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..16).map(|number| tree::association(&format!("user{number}"))).collect());

/// Names below `suffix`, a digit for each label.
fn numbers(suffix: &str) -> Vec<String> {
    let mut draw = Draw::new(suffix.len() as u64);
    let number = |_| {
        let digits: String = (0..9).map(|_| format!("{}.", draw.below(10))).collect();
        format!("{digits}{suffix}")
    };
    (0..NUMBERS).map(number).collect()
}

/// Names of people at `domain`.
fn people(domain: &str) -> Vec<String> {
    (0..40).map(|number| format!("{number:056x}._at.{domain}")).collect()
}

fn described() -> [Described; 4] {
    let long = format!("\"{}\" ", "x".repeat(250)).repeat(5);
    let classic = format!(
        "a A 192.0.2.7
         www A 192.0.2.8
         www AAAA 2001:db8::8
         long TXT {long}
         alias CNAME www
         twice CNAME alias
         round CNAME round
         out CNAME elsewhere.invalid.
         found CNAME {held}
         *.wild TXT \"wild\"
         *.away CNAME any.wild
         moved DNAME wild
         down.here TXT \"deep\"
         bare NS ns.elsewhere.invalid.
         3pid NS ns.3pid
         3pid {ds}
         ns.3pid A 192.0.2.9",
        held = "0.0.0.0.0.0.0.0.0.7.7.4.4.msisdn.3pid",
        ds = tree::ds("3pid.example."),
    );
    let upper = format!(
        "9.4.msisdn NS ns.9.4.msisdn
         9.4.msisdn {ds}
         ns.9.4.msisdn A 192.0.2.10
         3.3.msisdn NS ns.elsewhere.invalid.
         example.net.email NS ns.elsewhere.invalid.
         telco TXT \"not a person\"
         telco.example._verifier TXT \"nor this\"",
        ds = tree::ds("9.4.msisdn.3pid.example."),
    );
    let zone = |apex, is_signed, records, held| Described { apex, is_signed, records, held };
    [
        zone("example.", true, classic, Vec::new()),
        zone("3pid.example.", true, upper, {
            let (numbers, people) =
                (numbers("7.7.4.4.msisdn.3pid.example."), "email.3pid.example.");
            [numbers, self::people(&format!("example.com.{people}"))].concat()
        }),
        zone("9.4.msisdn.3pid.example.", true, String::new(), numbers("9.4.msisdn.3pid.example.")),
        zone("unsigned.test.", false, String::new(), numbers("1.msisdn.unsigned.test.")),
    ]
}

/// The zones and their associations.
pub(super) fn authority(arrangement: Arrangement) -> Authority {
    let zones = described().iter().map(|described| serve(described, arrangement)).collect();
    Authority::new(zones).expect("each zone once")
}

fn serve(described: &Described, arrangement: Arrangement) -> ServedZone {
    let apex: Name = described.apex.parse().expect("a name");
    let people: String = described
        .held
        .iter()
        .zip(USERS.iter().cycle())
        .map(|(name, user)| format!("{name} {user}\n"))
        .collect();
    let records: Vec<&str> = described.records.lines().map(str::trim).collect();
    let text = format!(
        "$TTL 1h\n@ SOA ns hostmaster 1 1h 10m 2w 1m\n@ NS ns\nns A 192.0.2.1\n{}\n{people}",
        records.join("\n")
    );
    let limits = master::Limits::default();
    let built =
        master::read("zone", Some(&apex), &Text(text.as_bytes()), &limits).into_zone(Some(&apex));
    let built = built.unwrap_or_else(|flaws| panic!("{flaws}"));
    let keys = described.is_signed.then(|| tree::key(described.apex)).into_iter().collect();
    let new = |associated| ServedZone::new(built.zone, associated, keys, Policy::default(), NOW);
    if arrangement == Arrangement::Filed || built.associations.is_empty() {
        return new(Associated::File(built.associations)).expect("its own key");
    }
    let index = Arc::new(Index::new(&apex, 7));
    let served = new(Associated::Store(Arc::clone(&index))).expect("its own key");
    if arrangement == Arrangement::Indexed {
        crowd(&served, &index, &built.associations);
    }
    for (set, sequence) in built.associations.iter().zip(1 << 20..) {
        hold(&served, &index, set, sequence);
    }
    served
}

/// Has others come and go: names beside those that stay, and those themselves.
fn crowd(served: &ServedZone, index: &Index, stay: &[Rrset]) {
    let beside = |set: &Rrset| Rrset { name: beside(&set.name), ..set.clone() };
    let go: Vec<Rrset> = stay.iter().map(beside).collect();
    for (set, sequence) in stay.iter().rev().chain(&go).zip(1..) {
        hold(served, index, set, sequence);
    }
    for set in go.iter().chain(stay.iter().step_by(3)) {
        index.remove(set.name.to_lowercase().as_wire(), 1 << 19);
    }
}

/// Another name of as many labels.
fn beside(name: &Name) -> Name {
    let rest = name.parent().expect("a name below an apex");
    rest.prepend(b"x").expect("no longer than before")
}

fn hold(served: &ServedZone, index: &Index, set: &Rrset, sequence: u64) {
    let (owner, rdata) = (set.name.to_lowercase(), set.rdata[0].octets());
    let kept = Kept { owner: owner.as_wire(), sequence, rdata, rrsigs: [].into_iter() };
    served.hold(index, &kept, NOW, &mut Vec::new());
}
