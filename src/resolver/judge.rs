//! Judging an answer (RFC 4035 section 5, RFC 6840 section 5, RFC 9824): which zone has to vouch for
//! it, and whether that zone does.

use std::sync::Arc;

use super::aggressive::Lesson;
use super::env::Env;
use super::policy::may_hold;
use super::task::Check;
use super::{Answer, AnswerKey, Flaw, Kind, Note, SignedRrset, Span, Trusted, Work};
use crate::clock::Timestamp;
use crate::dnssec::proof::{Absent, Denials, NoDs, ProofError};
use crate::dnssec::{Effort, Security, SignatureError, SupportedDs, TrustedKeys, Verified};
use crate::wire::{Name, Rrset, Rtype};

/// What judging comes to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It counts, as far as its `security` says.
    Done(Box<Answer>),
    /// First it must be known how data of the zone at this name is to be judged.
    Needs(Name, Box<Judgement>),
    /// It is signed by a key that the zone at this name had not when its keys were learned.
    Doubts(Name, Box<Judgement>),
    /// It should be signed and is not as it should be.
    Bogus(Flaw),
    /// The request has no budget for it.
    TooMuch(Work),
}

/// An answer that waits to be judged.
#[derive(Debug)]
pub(super) struct Judgement {
    answer: Answer,
    stage: Stage,
    /// The signer's keys were learned anew for it.
    renewed: bool,
    /// From when on its TTLs count.
    learned: Timestamp,
}

/// Whom the judgement waits for.
#[derive(Debug)]
enum Stage {
    /// The zone that signed.
    Signer(Name),
    /// Nothing is signed: the zone that answered, if that is signed something is missing, unless...
    Zone,
    /// ...an unsigned zone starts between that zone and the owner, at the same servers.
    Owner,
}

impl Check {
    /// Begins to judge `answer`, found for `key`.
    pub(super) fn begin(&self, key: &AnswerKey, answer: Answer, env: &mut Env<'_>) -> Verdict {
        match self {
            Self::Skip => Verdict::Done(Box::new(answer)),
            Self::Keys(ds) => prove_keys(ds, answer, env),
            Self::Chain if key.rtype == Rtype::RRSIG && answer.kind == Kind::Data => {
                // Signatures are not signed.
                Verdict::Done(Box::new(Answer { security: Security::Insecure, ..answer }))
            }
            Self::Chain if env.policy.distrusts(&holder(key)) => {
                let trusted = Some(Trusted::Insecure(None));
                Verdict::Done(Box::new(Answer { security: Security::Insecure, trusted, ..answer }))
            }
            Self::Chain => {
                let algorithms = env.policy.algorithms;
                let (stage, zone) = match answer.sets().find_map(|set| set.signer(algorithms)) {
                    Some(signer) if may_sign(&signer, key, env) => {
                        (Stage::Signer(signer.clone()), signer)
                    }
                    Some(signer) => return Verdict::Bogus(Flaw::Signer(signer)),
                    None => (Stage::Zone, answer.zone.clone()),
                };
                Verdict::Needs(
                    zone,
                    Box::new(Judgement { answer, stage, renewed: false, learned: env.now }),
                )
            }
        }
    }
}

/// Whether a zone can vouch for the answer: one that encloses the name, of the same tree where it lies
/// in one. A DS set is never signed by the zone that it stands for.
fn may_sign(signer: &Name, key: &AnswerKey, env: &Env<'_>) -> bool {
    let root = env.policy.root_for(&key.name, key.rtype);
    may_hold(signer, &key.name, key.rtype)
        && root.is_none_or(|root| signer.is_at_or_below(&root.apex))
}

/// The name whose zone holds what is asked for: for a DS set the parent's.
pub(super) fn holder(key: &AnswerKey) -> Name {
    match key.rtype {
        Rtype::DS => key.name.parent().unwrap_or_else(Name::root),
        _ => key.name.clone(),
    }
}

/// The name where unsigned data must lie in an unsigned zone for it to be as it should be.
fn point(key: &AnswerKey, answer: &Answer) -> Name {
    let owner = answer.answer.first().filter(|_| key.rtype != Rtype::DS);
    owner.map_or_else(|| holder(key), |set| set.rrset.name.clone())
}

impl Judgement {
    /// Goes on, now that it is known how data of the zone is to be judged.
    pub(super) fn settle(
        mut self,
        key: &AnswerKey,
        trusted: Trusted,
        env: &mut Env<'_>,
    ) -> Verdict {
        match (&self.stage, trusted) {
            (_, Trusted::Insecure(why)) => {
                self.answer.security = Security::Insecure;
                self.answer.trusted = Some(Trusted::Insecure(why));
                Verdict::Done(Box::new(self.answer))
            }
            (Stage::Signer(_), Trusted::Keys(keys)) => self.prove(key, &keys, env),
            (Stage::Signer(signer), Trusted::NotACut) => {
                Verdict::Bogus(Flaw::Signer(signer.clone()))
            }
            (Stage::Zone, _) if point(key, &self.answer).is_below(&self.answer.zone) => {
                let judgement = Self { stage: Stage::Owner, ..self };
                Verdict::Needs(point(key, &judgement.answer), Box::new(judgement))
            }
            (Stage::Zone | Stage::Owner, _) => Verdict::Bogus(Flaw::Unsigned(self.answer.zone)),
        }
    }

    /// Proves the answer by the keys of the zone that signed it.
    fn prove(mut self, key: &AnswerKey, keys: &Arc<TrustedKeys>, env: &mut Env<'_>) -> Verdict {
        let mut effort = Effort::new(env.limits().effort.clone());
        let verified = verify_sets(&mut self.answer, keys, env, &mut effort);
        let proved = verified.and_then(|evidence| {
            conclude(key, &mut self.answer, &evidence, keys, &mut effort)?;
            let Evidence { spans, expanded, .. } = evidence;
            let lesson = Lesson { answer: &self.answer, zone: keys.zone(), spans, expanded };
            lesson.learn(self.learned, env);
            Ok(())
        });
        if let Err(work) = env.budget.proof(effort.spent(), env.limits()) {
            return Verdict::TooMuch(work);
        }
        match proved {
            Ok(()) => Verdict::Done(Box::new(self.answer)),
            Err(flaw) if flaw.is_no_key() && !self.renewed => {
                let again =
                    Self { stage: Stage::Signer(keys.zone().clone()), renewed: true, ..self };
                Verdict::Doubts(keys.zone().clone(), Box::new(again))
            }
            Err(flaw) => Verdict::Bogus(flaw),
        }
    }
}

/// Proves a DNSKEY set by the DS records that stand for its keys.
fn prove_keys(ds: &SupportedDs, mut answer: Answer, env: &mut Env<'_>) -> Verdict {
    let mut effort = Effort::new(env.limits().effort.clone());
    let established = match answer.answer.as_mut_slice() {
        [set] if answer.kind == Kind::Data => {
            let keys = TrustedKeys::establish(ds, &set.rrset, &set.rrsigs(), env.now, &mut effort);
            keys.map_err(|error| flaw(set, error)).inspect(|keys| {
                note_proof(set, keys.verified(), env);
                set.rrset.ttl = keys.verified().ttl;
            })
        }
        _ => Err(Flaw::NoKeys(answer.zone.clone())),
    };
    if let Err(work) = env.budget.proof(effort.spent(), env.limits()) {
        return Verdict::TooMuch(work);
    }
    match established {
        Err(flaw) => Verdict::Bogus(flaw),
        Ok(keys) => {
            answer.security = Security::Secure;
            answer.trusted = Some(Trusted::Keys(Arc::new(keys)));
            Verdict::Done(Box::new(answer))
        }
    }
}

/// What the verified sets of an answer prove.
struct Evidence {
    denials: Denials,
    /// The NSEC sets among them.
    spans: Vec<Span>,
    expanded: Vec<Expanded>,
}

/// A set that a wildcard was expanded to.
pub(super) struct Expanded {
    pub(super) owner: Name,
    pub(super) rtype: Rtype,
    pub(super) wildcard: Name,
}

/// Verifies each set of an answer, and shortens its TTL to what its signature allows.
fn verify_sets(
    answer: &mut Answer,
    keys: &TrustedKeys,
    env: &mut Env<'_>,
    effort: &mut Effort,
) -> Result<Evidence, Flaw> {
    let mut evidence = Evidence {
        denials: Denials::new(keys.zone().clone()),
        spans: Vec::new(),
        expanded: Vec::new(),
    };
    let redirected = answer.answer.first().is_some_and(|set| set.rrset.rtype == Rtype::DNAME)
        && matches!(answer.kind, Kind::Alias(_));
    let mut made_ttl = None;
    for set in answer.sets_mut() {
        if redirected && set.rrset.rtype == Rtype::CNAME {
            // Made here from the DNAME before it: as proved as that one.
            set.rrset.ttl = made_ttl.unwrap_or(set.rrset.ttl);
            continue;
        }
        let verified = keys
            .verify(&set.rrset, &set.rrsigs(), env.now, effort)
            .map_err(|error| flaw(set, error))?;
        note_proof(set, &verified, env);
        set.rrset.ttl = verified.ttl;
        made_ttl = Some(verified.ttl);
        evidence.add(set, verified);
    }
    Ok(evidence)
}

fn note_proof(set: &SignedRrset, by: &Verified, env: &mut Env<'_>) {
    let Rrset { name, rtype, .. } = &set.rrset;
    let note = || Note::Proved { name: name.clone(), rtype: *rtype, by: by.clone() };
    env.journal.note(note);
}

impl Evidence {
    fn add(&mut self, set: &SignedRrset, verified: Verified) {
        if matches!(set.rrset.rtype, Rtype::NSEC | Rtype::NSEC3) {
            self.denials.add(&set.rrset, &verified);
        }
        self.spans.extend(Span::new(set, &verified));
        if let Some(wildcard) = verified.wildcard {
            let Rrset { name, rtype, .. } = &set.rrset;
            self.expanded.push(Expanded { owner: name.clone(), rtype: *rtype, wildcard });
        }
    }
}

/// Draws the conclusion from what was verified: what the answer is, and how far it is proved.
fn conclude(
    key: &AnswerKey,
    answer: &mut Answer,
    evidence: &Evidence,
    keys: &Arc<TrustedKeys>,
    effort: &mut Effort,
) -> Result<(), Flaw> {
    answer.security = Security::Secure;
    if answer.is_positive() {
        for Expanded { owner, wildcard, .. } in &evidence.expanded {
            match evidence.denials.expanded(owner, wildcard, effort) {
                Ok(security) => answer.security = answer.security.min(security),
                Err(error) => tolerate(answer, error)?,
            }
        }
        if matches!(answer.kind, Kind::Alias(_) | Kind::AliasTooLong) {
            answer.trusted = Some(Trusted::NotACut);
        } else if key.rtype == Rtype::DNSKEY && key.name == *keys.zone() {
            answer.trusted = Some(Trusted::Keys(keys.clone()));
        }
        return Ok(());
    }
    match deny(key, answer, &evidence.denials, effort) {
        Ok(()) => Ok(()),
        Err(error) => tolerate(answer, error),
    }
}

/// A hash that is iterated too often makes an answer insecure (RFC 9276 section 3.2), what else its
/// denial lacks makes it bogus.
fn tolerate(answer: &mut Answer, error: ProofError) -> Result<(), Flaw> {
    let why = error.unsupported().ok_or(Flaw::Denial(error))?;
    answer.security = Security::Insecure;
    answer.trusted = Some(Trusted::Insecure(Some(why)));
    Ok(())
}

/// Holds a denial against its proof. The response code is not signed: what counts is what is proved.
/// An opt-out proves neither that a name is there nor that it is not: then the code is all there is.
pub(super) fn deny(
    key: &AnswerKey,
    answer: &mut Answer,
    denials: &Denials,
    effort: &mut Effort,
) -> Result<(), ProofError> {
    let denied = denials.absent(&key.name, key.rtype, effort)?;
    answer.security = denied.security;
    match (denied.absent, &answer.kind) {
        _ if denied.security == Security::Insecure => {}
        (Absent::Type, _) => answer.kind = Kind::NoData,
        (Absent::Name, Kind::CompactNameError) => {}
        (Absent::Name, _) => answer.kind = Kind::NameError,
    }
    if key.rtype == Rtype::DS {
        answer.trusted = Some(match denials.no_ds(&key.name, effort)? {
            NoDs::Insecure => Trusted::Insecure(None),
            NoDs::NotACut => Trusted::NotACut,
        });
    }
    Ok(())
}

fn flaw(set: &SignedRrset, error: SignatureError) -> Flaw {
    Flaw::Signature { name: set.rrset.name.clone(), rtype: set.rrset.rtype, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dnssec::Unsupported;

    #[test]
    fn only_too_many_iterations_are_tolerated() {
        let mut answer = Answer::unchecked(Kind::NoData, Name::root(), Vec::new(), Vec::new());
        let missing = ProofError::NameNotDenied;
        assert_eq!(tolerate(&mut answer, missing), Err(Flaw::Denial(missing)));
        assert_eq!((answer.security, &answer.trusted), (Security::Indeterminate, &None));
        assert_eq!(tolerate(&mut answer, ProofError::Iterations(51)), Ok(()));
        let why = Unsupported::Iterations(51);
        assert_eq!(answer.security, Security::Insecure);
        assert_eq!(answer.trusted, Some(Trusted::Insecure(Some(why))));
    }
}
