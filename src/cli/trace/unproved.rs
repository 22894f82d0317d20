//! Why something is not proved although nothing is wrong with it.

use crate::dnssec::Unsupported;
use crate::resolver::{Kind, Policy, Response, Special};
use crate::wire::rdata::{Nsec3, name_target};
use crate::wire::{Name, Question, Rtype};

/// Why an answer is not proved: what is noted first here is the cause of what follows.
pub(super) fn answer(
    question: &Question,
    response: &Response,
    policy: &Policy,
    special: Option<&Special>,
) -> String {
    if let Some(zone) = special {
        return format!("it was answered here (RFC {}), and nobody was asked", zone.rfc);
    }
    if question.rtype == Rtype::RRSIG && response.kind == Some(Kind::Data) {
        return "signatures are not signed themselves".to_owned();
    }
    if let Some(why) = names(question, response).find_map(|name| zone(&name, None, policy)) {
        return why;
    }
    match &response.extended_error {
        Some(error) => error.to_string(),
        None if is_opt_out(response) => "the denial leaves out unsigned zones (opt-out)".to_owned(),
        None => "a zone on the way is not signed".to_owned(),
    }
}

/// Why a zone's data is taken as it is, where that is not because the zone is unsigned.
pub(super) fn zone(
    zone: &Name,
    unsupported: Option<Unsupported>,
    policy: &Policy,
) -> Option<String> {
    let is_anchored =
        |name: &Name| policy.root_of(name).is_some_and(|root| !root.anchors.is_empty());
    match (unsupported, policy.negative_anchor(zone)) {
        (Some(unsupported), _) => Some(unsupported.to_string()),
        (None, Some(anchor)) => Some(format!("the negative trust anchor {anchor} covers it")),
        (None, None) if !is_anchored(zone) => Some("it has no trust anchor".to_owned()),
        (None, None) => None,
    }
}

/// The names that an answer is about: what was asked for, and where aliases led.
fn names(question: &Question, response: &Response) -> impl Iterator<Item = Name> {
    let aliases = response.answer.iter().filter(|set| set.rrset.rtype == Rtype::CNAME);
    let targets =
        aliases.flat_map(|set| &set.rrset.rdata).filter_map(|data| name_target(data).ok());
    std::iter::once(question.name.clone()).chain(targets)
}

/// Whether a signed denial leaves room for what is not signed (RFC 5155 section 6).
fn is_opt_out(response: &Response) -> bool {
    response.authority.iter().filter(|set| !set.signatures.is_empty()).any(|set| {
        let mut records = set.rrset.rdata.iter().filter(|_| set.rrset.rtype == Rtype::NSEC3);
        records.any(|rdata| Nsec3::parse(rdata).is_ok_and(|it| it.flags & Nsec3::OPT_OUT != 0))
    })
}
