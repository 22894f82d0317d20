//! The walk from a signature up to the anchors.

use super::{
    Anchor, Anchors, Chain, Collected, Fetched, Judgement, Link, MAX_CERTIFICATES, Place, Verdict,
    Vouching,
};
use crate::association::Statement;
use crate::certificate::Certificate;
use crate::clock::Timestamp;
use crate::crypto::PublicKey;
use crate::signed::{KeyName, ServerName};
use crate::threepid::Threepid;

/// The longest chain, in certificates; the anchor is not counted.
pub const MAX_CHAIN: u32 = 4;

/// How many signatures are checked to judge one: 2 to 3 ms of work. A chain takes 5; only who floods
/// a tree with certificates takes more than a few dozen.
const MAX_CHECKS: u32 = 64;

/// What there is to judge by.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The identifier that was verified.
    pub threepid: &'a Threepid,
    /// The time.
    pub now: Timestamp,
    /// The keys that are trusted.
    pub anchors: &'a Anchors,
    /// The certificates found so far.
    pub collected: &'a Collected,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T = Judgement> {
    /// The certificates of these servers are needed. They can be looked up at the same time.
    Need(Vec<ServerName>),
    /// The verdict.
    Done(T),
}

/// A certificate on the way up, and the keys below it and its own.
struct Upward<'a> {
    certificate: &'a Certificate,
    keys: Vec<KeyName>,
}

/// What was seen on the way up.
#[derive(Default)]
struct Walk {
    needs: Vec<ServerName>,
    chains: Vec<Chain>,
    links: Vec<Link>,
    checks: u32,
}

impl Walk {
    fn note(&mut self, place: Place, verdict: Verdict) {
        self.links.push(Link { place, verdict });
    }

    fn note_certificate(&mut self, certificate: &Certificate, verdict: Verdict) {
        let terms = certificate.terms();
        let (issuer, subject) = (terms.issuer.clone(), terms.subject.clone());
        self.note(Place::Certificate { issuer, subject }, verdict);
    }

    fn need(&mut self, server: &ServerName) {
        if !self.needs.contains(server) {
            self.needs.push(server.clone());
        }
    }

    /// Notes a chain that holds, unless one as short is known that ends at the same server.
    fn hold(&mut self, keys: &[KeyName], root: &KeyName) {
        if self.chains.iter().all(|chain| chain.root().server != root.server) {
            self.chains.push(Chain::new(keys.to_vec(), root.clone()));
        }
    }

    /// Checks a signature, if there were not too many.
    fn check(&mut self, is_good: impl FnOnce() -> bool) -> bool {
        self.checks += 1;
        self.checks <= MAX_CHECKS && is_good()
    }

    /// What could still turn out well comes before what failed; of failures the highest counts.
    fn step(self) -> Step {
        if !self.needs.is_empty() {
            return Step::Need(self.needs);
        }
        let unclear = |link: &Link| link.verdict == Verdict::Undetermined;
        let failures = self.links.iter().map(|link| link.verdict);
        let verdict = if !self.chains.is_empty() {
            Verdict::Valid
        } else if self.checks > MAX_CHECKS || self.links.iter().any(unclear) {
            Verdict::Undetermined
        } else {
            failures.rev().find(|verdict| *verdict != Verdict::Valid).unwrap_or(Verdict::Untrusted)
        };
        Step::Done(Judgement { verdict, chains: self.chains, links: self.links })
    }
}

impl<'a> Judge<'a> {
    /// Judges each signature of a statement about the identifier.
    pub fn statement(&self, statement: &Statement) -> Step<Vouching> {
        let octets = statement.claim().signed_octets(self.threepid);
        let (mut needs, mut vouching) = (Vec::new(), Vouching::default());
        for (name, signature) in statement.signatures().iter() {
            match self.chain(name, |key: &PublicKey| key.verify(&octets, signature).is_ok()) {
                Step::Need(servers) => needs.extend(servers),
                Step::Done(judgement) => vouching.signatures.push((name.clone(), judgement)),
            }
        }
        needs.sort_unstable();
        needs.dedup();
        if needs.is_empty() { Step::Done(vouching) } else { Step::Need(needs) }
    }

    /// Judges the key `signer`. Of several keys of this name, those count for which `has_signed`
    /// tells that they signed what is to be believed.
    ///
    /// Level by level from the signer's certificates up, so that a certificate which several others
    /// lead to is looked at once. A chain that holds does not end the search: others may end at other
    /// anchors. Where nobody is trusted there is nothing to search for.
    pub fn chain(&self, signer: &KeyName, has_signed: impl Fn(&PublicKey) -> bool) -> Step {
        let mut walk = Walk::default();
        if self.anchors.is_empty() {
            return walk.step();
        }
        if self.anchors.of(&signer.server).next().is_some() {
            let verdict = self.anchors.get(signer).map_or(Verdict::Untrusted, |anchor| {
                self.signed_by(anchor, &mut walk, || has_signed(&anchor.key))
            });
            self.reach(signer, &[], verdict, &mut walk);
            return walk.step();
        }
        let own = self.certificates(&signer.server, &[signer], &mut walk, |own| {
            has_signed(&own.terms().public_key)
        });
        let first = |certificate| Upward { certificate, keys: vec![signer.clone()] };
        let mut level: Vec<Upward<'_>> = own.into_iter().map(first).collect();
        for below in 0..MAX_CHAIN {
            let mut above = Vec::new();
            for upward in &level {
                let verdict = self.check(upward.certificate, below);
                walk.note_certificate(upward.certificate, verdict);
                if verdict == Verdict::Valid {
                    self.climb(upward, &mut above, &mut walk);
                }
            }
            level = above;
        }
        for upward in level {
            walk.note_certificate(upward.certificate, Verdict::PathTooLong);
        }
        walk.step()
    }

    /// What a certificate with `below` others under it is worth by itself.
    fn check(&self, certificate: &Certificate, below: u32) -> Verdict {
        let terms = certificate.terms();
        if self.now < terms.not_before {
            Verdict::NotYetValid
        } else if self.now > terms.not_after {
            Verdict::Expired
        } else if terms.max_path < below {
            Verdict::PathTooLong
        } else if !terms.scope.permits(self.threepid) {
            Verdict::OutOfScope
        } else {
            Verdict::Valid
        }
    }

    /// Finds who signed a certificate: notes the anchor that did, or adds certificates of the keys
    /// that did to `above`.
    fn climb(&self, upward: &Upward<'a>, above: &mut Vec<Upward<'a>>, walk: &mut Walk) {
        let Upward { certificate, keys } = upward;
        let issuer = &certificate.terms().issuer;
        let mut judged: Vec<(&KeyName, Verdict)> = Vec::new();
        for (name, anchor) in self.anchors.of(issuer) {
            let is_good = || certificate.verify(name, &anchor.key).is_ok();
            judged.push((name, self.signed_by(anchor, walk, is_good)));
        }
        let best = judged.into_iter().max_by_key(|(_, verdict)| match verdict {
            Verdict::Valid => 2,
            Verdict::OutOfScope => 1,
            _ => 0,
        });
        if let Some((name, verdict)) = best {
            return self.reach(name, keys, verdict, walk);
        }
        let names = certificate.signatures().iter().map(|(name, _)| name);
        let keys_above: Vec<&KeyName> = names.filter(|name| name.server == *issuer).collect();
        let signers = self.certificates(issuer, &keys_above, walk, |upper| {
            let terms = upper.terms();
            certificate.verify(&terms.subject, &terms.public_key).is_ok()
        });
        for signer in signers {
            if !above.iter().any(|known| std::ptr::eq(known.certificate, signer)) {
                let mut keys = keys.clone();
                keys.push(signer.terms().subject.clone());
                above.push(Upward { certificate: signer, keys });
            }
        }
    }

    /// What an anchor's word is worth, if `is_good` tells that it signed.
    fn signed_by(
        &self,
        anchor: &Anchor,
        walk: &mut Walk,
        is_good: impl FnOnce() -> bool,
    ) -> Verdict {
        match walk.check(is_good) {
            false => Verdict::BadSignature,
            true if !anchor.permits(self.threepid) => Verdict::OutOfScope,
            true => Verdict::Valid,
        }
    }

    /// Notes what came of it at a trusted server.
    fn reach(&self, root: &KeyName, keys: &[KeyName], verdict: Verdict, walk: &mut Walk) {
        if verdict == Verdict::Valid {
            walk.hold(keys, root);
        }
        walk.note(Place::Root(root.clone()), verdict);
    }

    /// The certificates of a server for keys of these names, of which one `has_signed`; or a note why there
    /// are none. Those that would do by themselves come first, so that others take no place of
    /// theirs where there are many.
    fn certificates(
        &self,
        server: &ServerName,
        keys: &[&KeyName],
        walk: &mut Walk,
        has_signed: impl Fn(&Certificate) -> bool,
    ) -> Vec<&'a Certificate> {
        let records = match self.collected.get(server) {
            Some(Fetched::Records(records)) => records.as_slice(),
            Some(Fetched::Absent) => &[],
            None if !self.collected.is_full() => {
                walk.need(server);
                return Vec::new();
            }
            Some(Fetched::Undetermined) | None => {
                walk.note(Place::Server(server.clone()), Verdict::Undetermined);
                return Vec::new();
            }
        };
        let read = records.iter().filter_map(|record| record.as_ref().ok());
        let mut candidates: Vec<_> =
            read.filter(|certificate| keys.contains(&&certificate.terms().subject)).collect();
        candidates.sort_by_key(|candidate| self.check(candidate, 0) != Verdict::Valid);
        candidates.truncate(MAX_CERTIFICATES);
        let is_known = !candidates.is_empty();
        candidates.retain(|candidate| walk.check(|| has_signed(candidate)));
        if candidates.is_empty() {
            let here = || Place::Server(server.clone());
            let (place, verdict) = match (records, keys) {
                ([], _) => (here(), Verdict::Untrusted),
                _ if records.iter().any(Result::is_err) => (here(), Verdict::Malformed),
                (_, [key, ..]) if !is_known => (Place::Key((*key).clone()), Verdict::Untrusted),
                _ => (here(), Verdict::BadSignature),
            };
            walk.note(place, verdict);
        }
        candidates
    }
}
