//! From a question to its answer: RFC 1034 section 4.3.2, across all zones.

use super::reply::{Next, Reply, Spot, Target};
use super::{Authority, ServedZone};
use crate::clock::Timestamp;
use crate::wire::{Class, EdeCode, EdnsPolicy, Query, Rcode};
use crate::zone::{Outcome, SearchName, SetId};

/// How many aliases are followed for one question. What is left is the asker's to follow.
const MAX_ALIASES: usize = 8;

/// Why a question gets no answer.
struct Refusal {
    rcode: Rcode,
    error: Option<(EdeCode, &'static str)>,
}

impl Authority {
    /// Writes the response to `query` into `out`, in at most `limit` octets. Gives its code.
    pub fn answer(
        &self,
        query: &Query<'_>,
        limit: usize,
        edns: &EdnsPolicy,
        now: Timestamp,
        out: &mut Vec<u8>,
    ) -> Rcode {
        let mut reply = Reply::new(query, limit, edns, now, &self.memo, out);
        let rcode = self.respond(query, &mut reply).unwrap_or_else(|refusal| {
            if let Some((code, text)) = refusal.error {
                reply.set_extended_error(code, text);
            }
            refusal.rcode
        });
        reply.finish(rcode);
        rcode
    }

    fn respond(&self, query: &Query<'_>, reply: &mut Reply<'_>) -> Result<Rcode, Refusal> {
        if let Some(unaskable) = query.qtype.unaskable() {
            let error = Some((unaskable.extended_error(), unaskable.text()));
            return Err(Refusal { rcode: unaskable.rcode(), error });
        }
        let malformed = |_| Refusal { rcode: Rcode::FORMERR, error: None };
        let name = SearchName::new(query.qname).map_err(malformed)?;
        match self.zones.answering(&name, query.qtype) {
            Some(found) if query.qclass == Class::IN => Ok(self.follow(query, found, name, reply)),
            _ => Err(Refusal {
                rcode: Rcode::REFUSED,
                error: Some((EdeCode::NOT_AUTHORITATIVE, "not served here")),
            }),
        }
    }

    /// Answers in one zone after the other, as long as aliases lead on.
    fn follow<'z>(
        &'z self,
        query: &Query<'_>,
        mut found: (usize, &'z ServedZone),
        mut name: SearchName,
        reply: &mut Reply<'_>,
    ) -> Rcode {
        let mut alias: Option<Target> = None;
        let mut seen: [Option<(usize, SetId)>; MAX_ALIASES] = [None; MAX_ALIASES];
        let mut aliases = 0;
        loop {
            let (number, zone) = found;
            let outcome = zone.lookup(&name, query.qtype);
            match outcome {
                Outcome::Referral(_) if aliases > 0 => return Rcode::NOERROR,
                Outcome::Referral(_) => {}
                _ => reply.set_authoritative(),
            }
            if let Outcome::Cname { set, .. } | Outcome::Dname(set) = outcome {
                let step = Some((number, set));
                if aliases == MAX_ALIASES || seen.contains(&step) {
                    return Rcode::NOERROR;
                }
                seen[aliases] = step;
                aliases += 1;
            }
            let owner = alias.as_ref().map_or(query.qname, Target::wire);
            let target = match reply.step(&Spot { zone, name: &name, owner }, outcome) {
                Next::Done(rcode) => return rcode,
                Next::Alias(target) => target,
            };
            let Ok(next) = SearchName::new(target.wire()) else { return Rcode::NOERROR };
            name = next;
            alias = Some(target);
            let Some(next) = self.zones.answering(&name, query.qtype) else {
                return Rcode::NOERROR;
            };
            found = next;
        }
    }
}
