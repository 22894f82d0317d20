//! What was proved once answers other questions, too (RFC 8198): a gap between two names says of all
//! names in it that they do not exist, and what a wildcard stands for is known once it was expanded.
//!
//! Nothing is proved here. What is remembered of a zone is put together to an answer, as one of its
//! servers would, and that is held against the same proof as if it had come from one. Only what was
//! verified is remembered for it; denials by hash are not.

use std::sync::Arc;

use super::answer::says_nxname;
use super::cache::stored;
use super::env::Env;
use super::judge::{Expanded, deny, holder};
use super::{Answer, AnswerKey, Kind, Limits, SignedRrset, Stored};
use crate::clock::Timestamp;
use crate::dnssec::proof::{Denials, ProofError};
use crate::dnssec::{Effort, Security, Verified};
use crate::wire::rdata::{Nsec, Soa};
use crate::wire::{Name, Rrset, Rtype, Ttl};

/// An NSEC set, and what was verified of it: a name, its types, and the gap up to the next name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    set: SignedRrset,
    verified: Verified,
}

impl Span {
    /// The span that an RRset is; none where it is no NSEC set of an owner's own.
    pub fn new(set: &SignedRrset, verified: &Verified) -> Option<Self> {
        let own = set.rrset.rtype == Rtype::NSEC && verified.wildcard.is_none();
        own.then(|| Self { set: set.clone(), verified: verified.clone() })
    }

    /// The zone whose gap it is.
    pub fn zone(&self) -> &Name {
        &self.verified.signer
    }

    /// The name that it starts at.
    pub fn owner(&self) -> &Name {
        &self.set.rrset.name
    }

    /// Octets of memory that it takes, roughly.
    pub fn weight(&self) -> usize {
        self.set.weight() + self.zone().as_wire().len()
    }

    /// Whether there is room for any name in it. What is denied online often leaves none
    /// (RFC 9824 section 3.1): the memory is better spent on others.
    fn is_wide(&self) -> bool {
        let is_next = |next: &Name| {
            next.parent().as_ref() == Some(self.owner()) && next.labels().next() == Some(&[0])
        };
        let rdata = &self.set.rrset.rdata;
        !rdata.iter().all(|rdata| Nsec::parse(rdata).is_ok_and(|nsec| is_next(&nsec.next)))
    }
}

/// What a proved answer says of more than its own name.
pub(super) struct Lesson<'a> {
    pub(super) answer: &'a Answer,
    /// The zone that signed.
    pub(super) zone: &'a Name,
    pub(super) spans: Vec<Span>,
    pub(super) expanded: Vec<Expanded>,
}

impl Lesson<'_> {
    /// Keeps it; its TTLs count from when it was `learned`.
    pub(super) fn learn(self, learned: Timestamp, env: &Env<'_>) {
        if !env.policy.aggressive_nsec || self.answer.security != Security::Secure {
            return;
        }
        for answer in [self.soa(), self.wildcard()].into_iter().flatten() {
            let [set] = answer.answer.as_slice() else { continue };
            let key = AnswerKey { name: set.rrset.name.clone(), rtype: set.rrset.rtype };
            let ttl = answer.ttl(env.limits());
            env.cache.put(key, Arc::new(Stored::new(answer, learned, ttl)));
        }
        for span in self.spans.into_iter().filter(Span::is_wide) {
            let Limits { negative_ttl, answer_ttl, .. } = *env.limits();
            let ttl = span.set.rrset.ttl.min(negative_ttl).min(answer_ttl);
            env.cache.insert(Arc::new(Stored::new(span, learned, ttl)));
        }
    }

    /// The SOA of a denial as an answer of its own.
    fn soa(&self) -> Option<Answer> {
        let soa = self.answer.soa().filter(|soa| soa.rrset.name == *self.zone)?.clone();
        let answer = Answer::unchecked(Kind::Data, self.zone.clone(), vec![soa], Vec::new());
        Some(Answer { security: Security::Secure, ..answer })
    }

    /// What a wildcard was expanded to, as the wildcard's own.
    fn wildcard(&self) -> Option<Answer> {
        let [set] = self.answer.answer.as_slice() else { return None };
        let Rrset { name, rtype, .. } = &set.rrset;
        let is_it = |expanded: &&Expanded| (&expanded.owner, expanded.rtype) == (name, *rtype);
        let Expanded { wildcard, .. } = self.expanded.iter().find(is_it)?;
        let (answer, authority) = (vec![moved(set, wildcard)], Vec::new());
        Some(Answer { answer, authority, ..self.answer.clone() })
    }
}

/// The set at another owner that its signature holds for, too: a wildcard, or its expansion.
fn moved(set: &SignedRrset, owner: &Name) -> SignedRrset {
    let rrset = Rrset { name: owner.clone(), ..set.rrset.clone() };
    SignedRrset { rrset, signatures: set.signatures.clone() }
}

/// The answer for `key` by a zone at or below `zone`, where what is remembered proves one.
pub(super) fn synthesise(
    key: &AnswerKey,
    zone: &Name,
    env: &Env<'_>,
) -> Option<Arc<Stored<Answer>>> {
    // What a negative trust anchor covers is not proved, by whatever is at hand.
    if !env.policy.aggressive_nsec || env.policy.distrusts(&holder(key)) {
        return None;
    }
    // A DS set is the parent's.
    let skipped = usize::from(key.rtype == Rtype::DS);
    let zones = key.name.ancestors().skip(skipped).take_while(|at| at.is_at_or_below(zone));
    let mut gaps = zones.filter_map(|zone| env.cache.at_or_before(&zone, &key.name));
    let gap = gaps.next().filter(|gap| gap.is_fresh(env.now))?;
    let answer = Synthesis { key, gap, env }.answer()?;
    let ttl = answer.ttl(env.limits());
    Some(Arc::new(Stored::new(answer, env.now, ttl)))
}

/// An answer in the making.
struct Synthesis<'a, 'e> {
    key: &'a AnswerKey,
    /// The span at the name, or around it.
    gap: Arc<Stored<Span>>,
    env: &'a Env<'e>,
}

impl Synthesis<'_, '_> {
    fn answer(&self) -> Option<Answer> {
        match self.denial(std::slice::from_ref(&self.gap)) {
            Err(ProofError::WildcardNotDenied | ProofError::TypeExists) => {}
            denial => return denial.ok().flatten(),
        }
        let enclosers = self.key.name.ancestors().skip(1);
        let enclosers = enclosers.take_while(|name| name.is_at_or_below(self.gap.value.zone()));
        enclosers.filter_map(|name| name.wildcard().ok()).find_map(|wildcard| {
            let other = || self.env.cache.at_or_before(self.gap.value.zone(), &wildcard);
            self.expansion(&wildcard).or_else(|| {
                let other = other().filter(|span| span.is_fresh(self.env.now))?;
                self.denial(&[self.gap.clone(), other]).ok().flatten()
            })
        })
    }

    /// A denial by these spans; none where they prove one, but there is no SOA to go with it, or by that
    /// it is over, however long the spans live (RFC 9077).
    fn denial(&self, spans: &[Arc<Stored<Span>>]) -> Result<Option<Answer>, ProofError> {
        let soa = self.soa();
        let minimum = soa.as_ref().and_then(|soa| Soa::parse(soa.rrset.rdata.first()?).ok());
        let most = Ttl::from_secs(minimum.map_or(0, |soa| soa.minimum));
        let mut authority: Vec<_> = spans.iter().map(|span| self.aged(span, most)).collect();
        let kind = match says_nxname(&authority, &self.key.name) {
            true => Kind::CompactNameError,
            false => Kind::NoData,
        };
        authority.extend(soa);
        let zone = self.gap.value.zone().clone();
        let mut answer = Answer::unchecked(kind, zone, Vec::new(), authority);
        deny(self.key, &mut answer, &self.denials(spans), &mut self.effort())?;
        let counts = answer.authority.iter().all(|set| set.rrset.ttl > Ttl::default());
        let whole = answer.soa().is_some() && answer.security == Security::Secure;
        Ok((whole && counts).then_some(answer))
    }

    /// What `wildcard` stands for, at the name; none where that is not known, or it does not stand for
    /// the name.
    fn expansion(&self, wildcard: &Name) -> Option<Answer> {
        // What lives beside all other types is not what was expanded; a DS set is never.
        let own = [Rtype::ANY, Rtype::RRSIG, Rtype::NSEC, Rtype::DS];
        if own.contains(&self.key.rtype) {
            return None;
        }
        let key = AnswerKey { name: wildcard.clone(), rtype: self.key.rtype };
        let entry = stored(self.env.cache, &key).find(|entry| {
            let Answer { security, kind, .. } = &entry.value;
            let has_data = matches!(kind, Kind::Data | Kind::Alias(_));
            has_data && *security == Security::Secure && entry.is_fresh(self.env.now)
        })?;
        let aged = entry.aged(self.env.now);
        let [set] = aged.answer.as_slice() else { return None };
        let denials = self.denials(std::slice::from_ref(&self.gap));
        let proved = denials.expanded(&self.key.name, wildcard, &mut self.effort()).ok()?;
        let (answer, authority) = (
            vec![moved(set, &self.key.name)],
            vec![self.aged(&self.gap, Ttl::from_secs(u32::MAX))],
        );
        (proved == Security::Secure).then_some(Answer { answer, authority, ..aged })
    }

    fn denials(&self, spans: &[Arc<Stored<Span>>]) -> Denials {
        let mut denials = Denials::new(self.gap.value.zone().clone());
        spans.iter().for_each(|span| denials.add(&span.value.set.rrset, &span.value.verified));
        denials
    }

    fn soa(&self) -> Option<SignedRrset> {
        let key = AnswerKey { name: self.gap.value.zone().clone(), rtype: Rtype::SOA };
        let entry = stored(self.env.cache, &key).find(|entry| {
            entry.is_fresh(self.env.now) && entry.value.security == Security::Secure
        })?;
        let found = entry.aged(self.env.now).answer.into_iter();
        found.into_iter().find(|set| set.rrset.rtype == Rtype::SOA)
    }

    /// The set of a span with the TTL left, where it lives for `most`.
    fn aged(&self, span: &Stored<Span>, most: Ttl) -> SignedRrset {
        let mut set = span.value.set.clone();
        let bounded = Stored::new((), span.stored, most);
        let left = span.remaining(self.env.now).min(bounded.remaining(self.env.now));
        set.rrset.ttl = set.rrset.ttl.min(left);
        set
    }

    fn effort(&self) -> Effort {
        Effort::new(self.env.limits().effort.clone())
    }
}
