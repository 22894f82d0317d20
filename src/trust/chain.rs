//! The walk from a signature up to an anchor.

use super::{Anchors, Collected, Found, Verdict};
use crate::association::Statement;
use crate::certificate::Certificate;
use crate::clock::Timestamp;
use crate::crypto::PublicKey;
use crate::signed::{KeyName, ServerName};
use crate::threepid::Threepid;

/// The longest chain, in certificates; the anchor is not counted.
pub const MAX_CHAIN: u32 = 4;

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
pub enum Step {
    /// The certificates of this server are needed.
    Need(ServerName),
    /// The verdict.
    Done(Verdict),
}

/// What was seen on the way up, where nothing was valid.
#[derive(Default)]
struct Seen {
    need: Option<ServerName>,
    undetermined: bool,
    failure: Option<Verdict>,
}

impl Seen {
    fn fail(&mut self, verdict: Verdict) {
        self.failure = Some(verdict);
    }

    /// What could still turn out well comes before what failed; of failures the highest counts.
    fn step(self) -> Step {
        match self {
            Self { need: Some(server), .. } => Step::Need(server),
            Self { undetermined: true, .. } => Step::Done(Verdict::Undetermined),
            Self { failure, .. } => Step::Done(failure.unwrap_or(Verdict::Untrusted)),
        }
    }
}

impl<'a> Judge<'a> {
    /// Judges each signature of a statement about the identifier. One that is valid is enough.
    pub fn statement(&self, statement: &Statement) -> Vec<(KeyName, Step)> {
        let octets = statement.claim().signed_octets(self.threepid);
        let judge = |(name, signature): (&KeyName, _)| {
            let step = self.chain(name, |key: &PublicKey| key.verify(&octets, signature).is_ok());
            (name.clone(), step)
        };
        statement.signatures().iter().map(judge).collect()
    }

    /// Judges the key `signer`. Of several keys of this name, those count for which `has_signed`
    /// tells that they signed what is to be believed.
    ///
    /// Level by level from the signer's certificates up, so that a certificate which several others
    /// lead to is looked at once.
    pub fn chain(&self, signer: &KeyName, has_signed: impl Fn(&PublicKey) -> bool) -> Step {
        if self.anchors.of(&signer.server).next().is_some() {
            let signed = self.anchors.get(signer).map(&has_signed);
            return Step::Done(match signed {
                Some(true) => Verdict::Valid,
                Some(false) => Verdict::BadSignature,
                None => Verdict::Untrusted,
            });
        }
        let mut seen = Seen::default();
        let mut level = self.certificates(&signer.server, &mut seen, |certificate| {
            let terms = certificate.terms();
            terms.subject == *signer && has_signed(&terms.public_key)
        });
        for below in 0..MAX_CHAIN {
            let mut above: Vec<&Certificate> = Vec::new();
            for certificate in level {
                if let Err(verdict) = self.check(certificate, below) {
                    seen.fail(verdict);
                } else if self.climb(certificate, &mut above, &mut seen) {
                    return Step::Done(Verdict::Valid);
                }
            }
            level = above;
        }
        if !level.is_empty() {
            seen.fail(Verdict::PathTooLong);
        }
        seen.step()
    }

    /// Whether a certificate with `below` others under it is good by itself.
    fn check(&self, certificate: &Certificate, below: u32) -> Result<(), Verdict> {
        let terms = certificate.terms();
        if self.now < terms.not_before {
            Err(Verdict::NotYetValid)
        } else if self.now > terms.not_after {
            Err(Verdict::Expired)
        } else if terms.max_path < below {
            Err(Verdict::PathTooLong)
        } else if !terms.scope.permits(self.threepid) {
            Err(Verdict::OutOfScope)
        } else {
            Ok(())
        }
    }

    /// Finds who signed a certificate: tells whether it is an anchor, or adds certificates of the
    /// keys that did to `above`.
    fn climb(
        &self,
        certificate: &Certificate,
        above: &mut Vec<&'a Certificate>,
        seen: &mut Seen,
    ) -> bool {
        let issuer = &certificate.terms().issuer;
        let mut anchors = self.anchors.of(issuer).peekable();
        if anchors.peek().is_some() {
            let signed = anchors.any(|(name, key)| certificate.verify(name, key).is_ok());
            if !signed {
                seen.fail(Verdict::BadSignature);
            }
            return signed;
        }
        let signers = self.certificates(issuer, seen, |upper| {
            let terms = upper.terms();
            terms.subject.server == *issuer
                && certificate.verify(&terms.subject, &terms.public_key).is_ok()
        });
        for signer in signers {
            if !above.iter().any(|known| std::ptr::eq(*known, signer)) {
                above.push(signer);
            }
        }
        false
    }

    /// The certificates of a server that `fit`; or a note why there are none.
    fn certificates(
        &self,
        server: &ServerName,
        seen: &mut Seen,
        fit: impl Fn(&Certificate) -> bool,
    ) -> Vec<&'a Certificate> {
        let records = match self.collected.get(server) {
            Some(Found::Records(records)) => records.as_slice(),
            Some(Found::Absent) => &[],
            Some(Found::Undetermined) => {
                seen.undetermined = true;
                return Vec::new();
            }
            None if self.collected.is_full() => {
                seen.undetermined = true;
                return Vec::new();
            }
            None => {
                seen.need.get_or_insert_with(|| server.clone());
                return Vec::new();
            }
        };
        let read = records.iter().filter_map(|record| record.as_ref().ok());
        let fitting: Vec<_> = read.filter(|certificate| fit(certificate)).collect();
        if fitting.is_empty() {
            seen.fail(match records {
                [] => Verdict::Untrusted,
                _ if records.iter().any(Result::is_err) => Verdict::Malformed,
                _ => Verdict::BadSignature,
            });
        }
        fitting
    }
}
