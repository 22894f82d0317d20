//! Answers whose time is over, for when no other can be had (RFC 8767).

use std::sync::Arc;
use std::time::Duration;

use super::cache::{Cache, stored};
use super::task::Check;
use super::{Answer, AnswerKey, Checking, Kind, Limits, Response, SignedRrset, Stored};
use crate::clock::Timestamp;
use crate::dnssec::{Security, is_in_date};
use crate::wire::rdata::{Nsec, Nsec3};
use crate::wire::{EdeCode, ExtendedError, Question, Rdata, Rtype};

/// Which answers still do.
#[derive(Debug, Clone, Copy)]
pub struct Staleness<'a> {
    /// How long past its end an answer may be told.
    pub most: Duration,
    /// What the resolver's limits are.
    pub limits: &'a Limits,
    /// The time.
    pub now: Timestamp,
}

impl Staleness<'_> {
    /// The answer to `question` as the cache last had it; none where it had none, or not long enough
    /// ago. Associations and certificates are never told past their time, nor that there are none:
    /// what was withdrawn must be gone.
    pub fn response(
        &self,
        question: &Question,
        checking: Checking,
        cache: &dyn Cache,
    ) -> Option<Response> {
        if question.rtype.is_statement() {
            return None;
        }
        let links = self.links(question, &Check::of(checking), cache)?;
        if links.iter().all(|link| link.is_fresh(self.now)) {
            return Some(Response::new(&links, self.now, self.limits));
        }
        let links: Vec<_> = links.into_iter().map(|link| self.revived(link)).collect();
        Some(marked(Response::new(&links, self.now, self.limits)))
    }

    /// The chain of aliases from the question's name to the answer.
    fn links(
        &self,
        question: &Question,
        check: &Check,
        cache: &dyn Cache,
    ) -> Option<Vec<Arc<Stored<Answer>>>> {
        let mut key = AnswerKey { name: question.name.clone(), rtype: question.rtype };
        let mut links = Vec::new();
        while links.len() <= self.limits.aliases {
            let link = self.link(&key, check, cache)?;
            let target = match &link.value.kind {
                Kind::Alias(target) if key.rtype != Rtype::CNAME => Some(target.clone()),
                Kind::AliasTooLong => return None,
                _ => None,
            };
            links.push(link);
            match target {
                Some(target) => key.name = target,
                None => return Some(links),
            }
        }
        None
    }

    /// What is known of one name and type: what is fresh, or else what was learned last.
    fn link(
        &self,
        key: &AnswerKey,
        check: &Check,
        cache: &dyn Cache,
    ) -> Option<Arc<Stored<Answer>>> {
        let usable: Vec<_> = stored(cache, key)
            .filter(|entry| check.is_met_by(&entry.value) && !tells_of_statements(&entry.value))
            .filter(|entry| entry.stored <= self.now)
            .filter(|entry| self.now < entry.expires.saturating_add(self.most))
            .collect();
        let fresh = usable.iter().find(|entry| entry.is_fresh(self.now));
        fresh.or_else(|| usable.iter().max_by_key(|entry| entry.stored)).cloned()
    }

    /// What is stale gets a short life of its own. A signature proves nothing once its time is over,
    /// too.
    fn revived(&self, entry: Arc<Stored<Answer>>) -> Arc<Stored<Answer>> {
        if entry.is_fresh(self.now) {
            return entry;
        }
        let mut revived = Stored::new(entry.value.clone(), self.now, self.limits.stale_ttl);
        for set in revived.value.sets_mut() {
            set.rrset.ttl = self.limits.stale_ttl;
        }
        let holds = revived.value.sets().all(|set| is_signed_now(set, self.now));
        if revived.value.security == Security::Secure && !holds {
            revived.value.security = Security::Indeterminate;
        }
        Arc::new(revived)
    }
}

/// Has a stale response say what it is (RFC 8914 sections 4.4 and 4.20).
fn marked(response: Response) -> Response {
    let code = match response.kind {
        Some(Kind::NameError | Kind::CompactNameError) => EdeCode::STALE_NXDOMAIN_ANSWER,
        _ => EdeCode::STALE_ANSWER,
    };
    Response { extended_error: Some(ExtendedError { code, text: String::new() }), ..response }
}

/// Whether an association or a certificate is in it, or that there is one.
fn tells_of_statements(answer: &Answer) -> bool {
    let proves = |set: &SignedRrset, rdata: &Rdata| {
        let types = match set.rrset.rtype {
            Rtype::NSEC => Nsec::parse(rdata).map(|nsec| nsec.types).ok(),
            Rtype::NSEC3 => Nsec3::parse(rdata).map(|nsec3| nsec3.types).ok(),
            _ => None,
        };
        types.is_some_and(|types| types.iter().any(Rtype::is_statement))
    };
    answer.holds_statement()
        || answer.sets().any(|set| set.rrset.rdata.iter().any(|rdata| proves(set, rdata)))
}

/// Whether one of its signatures holds at `now`. A set without any was made here.
fn is_signed_now(set: &SignedRrset, now: Timestamp) -> bool {
    set.signatures.is_empty() || set.rrsigs().iter().any(|rrsig| is_in_date(rrsig, now))
}
