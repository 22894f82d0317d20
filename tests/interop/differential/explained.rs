//! Why resolvers may differ: the classes of differences that are no mistakes of ours.
//!
//! | class | who | why |
//! |---|---|---|
//! | compact denial | both | We tell a client without DO that a name denied in the compact way does not exist (RFC 9824 section 5): others do not know that way of denial, and say NOERROR as the authority did. |
//! | iterations followed | Unbound | Follows up to 150 iterations of NSEC3, we follow 50 (RFC 9276 section 3.2) and prove nothing by more. |
//! | iterations distrusted | Knot | Now and then does not vouch for data of a zone whose denials have too many iterations; we do, the data is signed. |
//! | SHA-1 followed | both | Validate algorithm 7, which we do not (RFC 9905). |
//! | alias to nothing | Unbound | Asks for type A first, for the sake of QNAME minimisation, and where that meets an alias to a name that does not exist, it takes the NXDOMAIN for that of the alias and of all names below it. |
//! | alias made from DNAME | Unbound | Where CNAME or DNAME is asked for and a server makes a CNAME from a DNAME, it looks for the chain of trust at the CNAME and fails; where nothing is signed, it follows the CNAME. |
//! | asterisk taken for a wildcard | Unbound | Takes a name that begins with an asterisk for a wildcard's own, and fails where it is expanded from another one. |
//! | asterisk denied in part | Knot | Knot DNS takes a name that begins with an asterisk for a wildcard's own as well, and leaves proofs out when it denies or expands there; Knot Resolver does without them, not always. |
//! | denials of two kinds | Knot | A server follows an alias that is expanded from a wildcard into another zone of its own, and sends NSEC of the one zone and NSEC3 of the other; Knot Resolver looks for NSEC3 alone and fails. |
//! | denied by the parent | Knot | Denies a CNAME at an unsigned zone's apex by the NSEC3 of the delegation, which speaks of DS alone (RFC 6840 section 4.1), and calls that proved. |
//! | DNAME left out | both | Knot Resolver has a CNAME in its cache that a server made from a DNAME, and answers with it without the DNAME. PowerDNS sends a DNAME after the CNAME made from it; where nothing is signed, Unbound answers with the CNAME alone. |

use std::collections::BTreeSet;

use threepid::wire::{Rcode, Rtype};

use super::{Difference, Peer};
use crate::interop::client::Reply;
use crate::interop::foreign::tree;

/// What of two answers can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aspect {
    Rcode,
    Verdict,
    Data,
}

/// A class of differences.
pub(super) struct Class {
    pub(super) name: &'static str,
    /// What it makes differ. One answer can differ in several, each for a reason of its own.
    aspects: &'static [Aspect],
    /// Whether these aspects of a difference are of this class.
    holds: fn(&Difference<'_>) -> bool,
}

const ALL: &[Aspect] = &[Aspect::Rcode, Aspect::Verdict, Aspect::Data];

/// See the table above.
pub(super) const CLASSES: [Class; 11] = [
    Class { name: "compact denial", aspects: &[Aspect::Rcode], holds: compact_denial },
    Class { name: "iterations followed", aspects: &[Aspect::Verdict], holds: iterations_followed },
    Class {
        name: "iterations distrusted",
        aspects: &[Aspect::Verdict],
        holds: iterations_distrusted,
    },
    Class { name: "SHA-1 followed", aspects: &[Aspect::Verdict], holds: sha1_followed },
    Class { name: "alias to nothing", aspects: ALL, holds: alias_to_nothing },
    Class { name: "alias made from DNAME", aspects: ALL, holds: alias_made },
    Class { name: "asterisk taken for a wildcard", aspects: ALL, holds: asterisk_taken },
    Class { name: "asterisk denied in part", aspects: ALL, holds: asterisk_denied },
    Class { name: "denials of two kinds", aspects: ALL, holds: two_kinds },
    Class { name: "denied by the parent", aspects: &[Aspect::Verdict], holds: denied_by_parent },
    Class { name: "DNAME left out", aspects: &[Aspect::Data], holds: dname_left_out },
];

/// The classes that explain all of a difference; none where something is left.
pub(super) fn classes(it: &Difference<'_>) -> Option<BTreeSet<&'static str>> {
    let explains = |class: &&Class, aspect| class.aspects.contains(&aspect) && (class.holds)(it);
    let class = |aspect| CLASSES.iter().find(|class| explains(class, aspect));
    it.aspects().map(|aspect| class(aspect).map(|class| class.name)).collect()
}

impl Difference<'_> {
    fn aspects(&self) -> impl Iterator<Item = Aspect> {
        let (ours, theirs) = (self.ours, self.theirs);
        let differs = [
            (Aspect::Rcode, ours.rcode != theirs.rcode),
            (Aspect::Verdict, ours.authentic != theirs.authentic),
            (Aspect::Data, ours.data != theirs.data),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect)
    }

    fn rcodes(&self) -> (Rcode, Rcode) {
        (self.ours.rcode, self.theirs.rcode)
    }

    /// Whether the question or an alias on the way to its answer lies in a zone.
    fn touches(&self, zone: &str) -> bool {
        let below = format!(".{zone}");
        let is_in = |name: &str| name == zone || name.ends_with(&below);
        is_in(&self.asked.question.name.to_lowercase().to_string())
            || self.ours.data.iter().any(|line| line.split(' ').any(is_in))
    }

    /// The name that the chain of aliases from the question ends at.
    fn end(&self) -> String {
        let mut name = self.asked.question.name.to_lowercase().to_string();
        // No chain is longer than its records.
        for _ in &self.ours.data {
            let start = format!("{name} CNAME ");
            let target = self.ours.data.iter().find_map(|line| line.strip_prefix(&start));
            name = target.map_or(name, str::to_owned);
        }
        name
    }

    fn asks_for(&self, rtypes: &[Rtype]) -> bool {
        rtypes.contains(&self.asked.question.rtype)
    }
}

fn is_dname(line: &str) -> bool {
    line.split(' ').nth(1) == Some("DNAME")
}

fn compact_denial(it: &Difference<'_>) -> bool {
    !it.asked.dnssec_ok
        && it.rcodes() == (Rcode::NXDOMAIN, Rcode::NOERROR)
        && tree::is_ours(&it.end())
}

fn iterations_followed(it: &Difference<'_>) -> bool {
    it.peer == Peer::Unbound && it.theirs.authentic && it.touches("iterated.example.")
}

fn iterations_distrusted(it: &Difference<'_>) -> bool {
    it.peer == Peer::Knot && it.ours.authentic && it.touches("iterated.example.")
}

fn sha1_followed(it: &Difference<'_>) -> bool {
    it.theirs.authentic && it.touches("sha1.example.")
}

fn alias_to_nothing(it: &Difference<'_>) -> bool {
    let dangling = ["lost", "absent", "void"];
    let name = it.asked.question.name.to_lowercase().to_string();
    it.peer == Peer::Unbound
        && it.theirs.rcode == Rcode::NXDOMAIN
        && dangling.iter().any(|alias| name.contains(&format!("{alias}.")))
}

fn alias_made(it: &Difference<'_>) -> bool {
    it.peer == Peer::Unbound
        && it.asks_for(&[Rtype::CNAME, Rtype::DNAME])
        && it.ours.data.iter().any(|line| is_dname(line))
        && (it.theirs.rcode == Rcode::SERVFAIL || it.theirs.data.is_superset(&it.ours.data))
}

fn asterisk_taken(it: &Difference<'_>) -> bool {
    it.peer == Peer::Unbound
        && it.asked.question.name.is_wildcard()
        && it.theirs.rcode == Rcode::SERVFAIL
}

fn asterisk_denied(it: &Difference<'_>) -> bool {
    it.peer == Peer::Knot
        && it.asked.question.name.is_wildcard()
        && it.ours.rcode == Rcode::SERVFAIL
}

/// Where a wildcard's alias leads from one zone into another one of the same server that denies in
/// the other way.
const OF_TWO_KINDS: [(&str, &str); 2] =
    [("live.example.", "white.example."), ("sub.ed448.example.", "live.example.")];

fn two_kinds(it: &Difference<'_>) -> bool {
    let leads = |(from, to): (&str, &str)| it.touches(from) && it.touches(to);
    it.peer == Peer::Knot
        && it.theirs.rcode == Rcode::SERVFAIL
        && OF_TWO_KINDS.into_iter().any(leads)
}

fn denied_by_parent(it: &Difference<'_>) -> bool {
    let name = it.asked.question.name.to_lowercase().to_string();
    it.peer == Peer::Knot
        && it.theirs.authentic
        && it.asks_for(&[Rtype::CNAME])
        && name.starts_with("off.")
        && it.ours.data.is_empty()
}

fn dname_left_out(it: &Difference<'_>) -> bool {
    let others = |reply: &Reply| -> BTreeSet<String> {
        reply.data.iter().filter(|line| !is_dname(line)).cloned().collect()
    };
    it.ours.data.is_superset(&it.theirs.data)
        && !(it.peer == Peer::Unbound && it.ours.authentic)
        && others(it.ours) == others(it.theirs)
}
