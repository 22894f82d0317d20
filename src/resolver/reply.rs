//! Reading the reply of one server: what of it can be believed, and what it means
//! (RFC 1034 section 5.3.3, RFC 2181 section 5.4.1, RFC 2308).
//!
//! Only what bears on the question is taken, and only from names at or below the zone that was asked.
//! Of a chain of aliases only the first link is taken: where it leads to is asked for anew.

use std::net::IpAddr;

use super::answer::{covered, says_nxname};
use super::policy::may_hold;
use super::{Answer, Cut, Fault, Kind, Limits, Meaning, SignedRrset};
use crate::wire::rdata::{Soa, address, name_target};
use crate::wire::{Class, Message, Name, Question, Rcode, Record, Rrset, Rtype, Ttl};

/// What was asked, and of whom.
pub(super) struct Asked<'a> {
    /// The question as it was sent.
    pub(super) question: &'a Question,
    /// The zone whose servers were asked; in forwarding, the names that are forwarded.
    pub(super) zone: &'a Name,
    /// Where the names lie that the reply may speak of: in that zone. In forwarding they lie in the tree:
    /// what is forwarded need not be a zone, but may be a part of one.
    pub(super) bailiwick: &'a Name,
    /// A resolver was asked, not an authority.
    pub(super) forwarded: bool,
    /// The servers of the zone were asked for.
    pub(super) priming: bool,
    /// Bounds.
    pub(super) limits: &'a Limits,
    /// Whether a server of a delegation may be asked at this address.
    pub(super) may_ask: &'a dyn Fn(IpAddr) -> bool,
}

/// What a reply means.
#[derive(Debug)]
pub(super) enum Reading {
    /// Data, an alias, or a denial.
    Answer(Box<Answer>),
    /// The servers of the zone, which were asked for, and how long they hold.
    Servers(Cut, Ttl),
    /// The name lies in a zone below.
    Referral(Box<Referral>),
    /// The server is of no use here.
    Fault(Fault),
}

impl Reading {
    /// What it means where the question was, or was not, `minimised`.
    pub(super) fn meaning(&self, minimised: bool) -> Meaning {
        match self {
            Self::Answer(answer) if minimised => Meaning::NoCut { exists: answer.shows_name() },
            Self::Answer(answer) if answer.kind == Kind::AliasTooLong => Meaning::AliasTooLong,
            Self::Answer(answer) => Meaning::Answer(answer.kind.clone()),
            Self::Servers(cut, _) => Meaning::Servers(cut.zone.clone()),
            Self::Referral(referral) => Meaning::Referral(referral.cut.zone.clone()),
            Self::Fault(fault) => Meaning::Fault(*fault),
        }
    }
}

/// A delegation.
#[derive(Debug)]
pub(super) struct Referral {
    /// The zone below, and its servers.
    pub(super) cut: Cut,
    /// How long the delegation holds.
    pub(super) ttl: Ttl,
    /// The DS set of the zone below or the denial of one, where it came along.
    pub(super) ds: Option<Answer>,
}

impl Asked<'_> {
    /// Reads a reply whose id and question fit.
    pub(super) fn read(&self, message: &Message) -> Reading {
        match message.rcode {
            Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::YXDOMAIN => {}
            rcode => return Reading::Fault(Fault::Rcode(rcode)),
        }
        match self.sort(message).unwrap_or_else(Reading::Fault) {
            Reading::Answer(answer) if self.priming && answer.kind == Kind::Data => {
                self.servers(*answer, &message.additional)
            }
            reading => reading,
        }
    }

    /// The servers of the zone, by its own NS set.
    fn servers(&self, answer: Answer, additional: &[Record]) -> Reading {
        match answer.answer.first() {
            Some(ns) => {
                let Referral { cut, ttl, .. } = self.referral(&ns.rrset, Vec::new(), additional);
                Reading::Servers(cut, ttl)
            }
            None => Reading::Answer(Box::new(answer)),
        }
    }

    fn sort(&self, message: &Message) -> Result<Reading, Fault> {
        let answer = self.relevant(&message.answer, |record| self.bears_on_answer(record))?;
        if let Some(reading) = self.positive(message, answer)? {
            return Ok(reading);
        }
        if message.rcode == Rcode::YXDOMAIN {
            return Err(Fault::Rcode(Rcode::YXDOMAIN));
        }
        let authority = self.relevant(&message.authority, bears_on_denial)?;
        let authority = self.sets(authority)?;
        let of_type = |rtype| authority.iter().find(move |set| set.rrset.rtype == rtype);
        match (of_type(Rtype::SOA), of_type(Rtype::NS)) {
            (None, Some(ns)) if self.is_deeper(&ns.rrset.name) => {
                let ns = ns.rrset.clone();
                Ok(Reading::Referral(Box::new(self.referral(&ns, authority, &message.additional))))
            }
            (Some(soa), _) if !self.may_deny(&soa.rrset) => Err(Fault::Lame),
            (None, _) if message.authority.iter().any(|other| other.rtype == Rtype::SOA) => {
                Err(Fault::Lame)
            }
            _ if !message.flags.authoritative && !self.forwarded => Err(Fault::Lame),
            _ => Ok(self.negative(message, authority)),
        }
    }

    /// The records of this zone that bear on the question.
    fn relevant(
        &self,
        records: &[Record],
        bears: impl Fn(&Record) -> bool,
    ) -> Result<Vec<Record>, Fault> {
        let here = |record: &&Record| {
            record.class == Class::IN && bears(record) && record.name.is_at_or_below(self.bailiwick)
        };
        let most = self.limits.records;
        let relevant = records.iter().filter(here).take(most + 1);
        let relevant: Vec<Record> = relevant.map(|record| self.lifted(record)).collect();
        if relevant.len() > most { Err(Fault::Malformed("too many records")) } else { Ok(relevant) }
    }

    /// A record, with the least TTL that the operator wants. Statements live as long as they say: a
    /// withdrawn one has to go.
    fn lifted(&self, record: &Record) -> Record {
        let ttl = match covered(record).is_statement() {
            true => record.ttl,
            false => record.ttl.max(self.limits.least_ttl),
        };
        Record { ttl, ..record.clone() }
    }

    /// Sorts records into sets. Of their signatures some are enough.
    fn sets(&self, records: Vec<Record>) -> Result<Vec<SignedRrset>, Fault> {
        let mut sets = self.check_size(SignedRrset::group(records))?;
        sets.iter_mut().for_each(|set| set.signatures.truncate(self.limits.signatures_per_set));
        Ok(sets)
    }

    /// A set of more records than anyone needs is there to make work.
    fn check_size(&self, sets: Vec<SignedRrset>) -> Result<Vec<SignedRrset>, Fault> {
        let most = self.limits.records_per_set;
        let too_large = sets.iter().any(|set| set.rrset.rdata.len() > most);
        if too_large { Err(Fault::Malformed("too many records of one type")) } else { Ok(sets) }
    }

    fn bears_on_answer(&self, record: &Record) -> bool {
        let name = &self.question.name;
        record.name == *name || (covered(record) == Rtype::DNAME && name.is_below(&record.name))
    }

    /// The answer section's data or alias; nothing where it holds neither. Of the proofs beside it only
    /// those of its own zone concern it, and only where a wildcard was expanded: the others are of what
    /// an alias leads to.
    fn positive(&self, message: &Message, records: Vec<Record>) -> Result<Option<Reading>, Fault> {
        if records.is_empty() {
            return Ok(None);
        }
        if !message.flags.authoritative && !self.forwarded {
            return Err(Fault::Lame);
        }
        let found = match self.data(&records)? {
            data if !data.is_empty() => Some((Kind::Data, data)),
            _ => match self.alias(self.sets(records)?)? {
                Redirection::None => None,
                Redirection::TooLong(sets) => Some((Kind::AliasTooLong, sets)),
                Redirection::To(target, sets) => Some((Kind::Alias(target), sets)),
            },
        };
        let Some((kind, sets)) = found else { return Ok(None) };
        let mut proofs = self.sets(self.relevant(&message.authority, is_proof)?)?;
        proofs.retain(|proof| sets.iter().any(|set| set.is_expanded() && set.is_signed_as(proof)));
        Ok(Some(self.answer(kind, sets, proofs)))
    }

    /// The sets that were asked for. A CNAME counts as an alias even to whoever asks for it, and one made
    /// from a DNAME to whoever asks for all there is.
    fn data(&self, records: &[Record]) -> Result<Vec<SignedRrset>, Fault> {
        let Question { name, rtype, .. } = self.question;
        let redirects =
            |record: &Record| record.rtype == Rtype::DNAME && name.is_below(&record.name);
        if *rtype == Rtype::CNAME || (*rtype == Rtype::ANY && records.iter().any(redirects)) {
            return Ok(Vec::new());
        }
        let own = records.iter().filter(|record| record.name == *name).cloned();
        if *rtype == Rtype::RRSIG {
            let rrsigs = Rrset::group(own.filter(|record| record.rtype == Rtype::RRSIG));
            let unsigned = |rrset| SignedRrset { rrset, signatures: Vec::new() };
            return self.check_size(rrsigs.into_iter().map(unsigned).collect());
        }
        let mut sets = self.sets(own.collect())?;
        sets.retain(|set| *rtype == Rtype::ANY || set.rrset.rtype == *rtype);
        // A part of them all will do (RFC 8482 section 4.1).
        sets.truncate(self.limits.any_sets);
        Ok(sets)
    }

    /// The alias among `sets`: a DNAME above the name (RFC 6672), or else a CNAME at it.
    fn alias(&self, sets: Vec<SignedRrset>) -> Result<Redirection, Fault> {
        let name = &self.question.name;
        let is_dname = |set: &&SignedRrset| set.rrset.rtype == Rtype::DNAME;
        if let Some(dname) = sets.iter().filter(|set| name.is_below(&set.rrset.name)).find(is_dname)
        {
            return redirect(name, dname);
        }
        let is_cname =
            |set: &SignedRrset| set.rrset.rtype == Rtype::CNAME && set.rrset.name == *name;
        let Some(cname) = sets.into_iter().find(is_cname) else { return Ok(Redirection::None) };
        let target = only_target(&cname.rrset)?;
        Ok(Redirection::To(target, vec![cname]))
    }

    /// Whether `cut` lies below the zone asked and encloses the name. A DS set is the parent's: a
    /// server that points to the zone itself for it knows of none.
    fn is_deeper(&self, cut: &Name) -> bool {
        let Question { name, rtype, .. } = self.question;
        may_hold(cut, name, *rtype) && cut.is_below(self.zone) && !self.forwarded
    }

    /// Whether a zone with this SOA can deny the question. A DS set is denied by the parent.
    fn may_deny(&self, soa: &Rrset) -> bool {
        let Question { name, rtype, .. } = self.question;
        may_hold(&soa.name, name, *rtype)
    }

    fn negative(&self, message: &Message, mut sets: Vec<SignedRrset>) -> Reading {
        sets.retain(|set| !matches!(set.rrset.rtype, Rtype::NS | Rtype::DS));
        let kind = if says_nxname(&sets, &self.question.name) {
            Kind::CompactNameError
        } else if message.rcode == Rcode::NXDOMAIN {
            Kind::NameError
        } else {
            Kind::NoData
        };
        self.answer(kind, Vec::new(), sets)
    }

    fn answer(&self, kind: Kind, answer: Vec<SignedRrset>, authority: Vec<SignedRrset>) -> Reading {
        let soa = authority.iter().find(|set| set.rrset.rtype == Rtype::SOA);
        let zone = soa.map_or(self.zone, |soa| &soa.rrset.name).clone();
        Reading::Answer(Box::new(Answer::unchecked(kind, zone, answer, authority)))
    }

    /// A delegation by the NS set `ns`.
    fn referral(&self, ns: &Rrset, authority: Vec<SignedRrset>, glue: &[Record]) -> Referral {
        let most = self.limits.targets_per_cut;
        let named = ns.rdata.iter().filter_map(|rdata| name_target(rdata).ok()).take(most);
        let mut cut =
            Cut { zone: ns.name.clone(), addresses: Vec::new(), targets: named.collect() };
        let mut ttl = ns.ttl.min(self.limits.cut_ttl);
        cut.targets.retain(|target| {
            let found = self.glue_of(target, glue);
            ttl = found.iter().fold(ttl, |ttl, (_, glue_ttl)| ttl.min(*glue_ttl));
            cut.addresses.extend(found.iter().map(|(address, _)| *address));
            found.is_empty()
        });
        let ttl = ttl.max(self.limits.least_ttl);
        Referral { cut, ttl, ds: self.delegated_ds(&ns.name, authority) }
    }

    /// The addresses of `target` that came along. An authority may speak of names below its own zone
    /// only; what it says counts for this delegation and nothing else.
    fn glue_of(&self, target: &Name, glue: &[Record]) -> Vec<(IpAddr, Ttl)> {
        if !target.is_at_or_below(self.zone) {
            return Vec::new();
        }
        glue.iter()
            .filter(|record| record.class == Class::IN && record.name == *target)
            .filter_map(|record| Some((address(record.rtype, &record.rdata).ok()?, record.ttl)))
            .filter(|(address, _)| (self.may_ask)(*address))
            .take(self.limits.targets_per_cut)
            .collect()
    }

    /// What a referral says of the DS set at the cut.
    fn delegated_ds(&self, cut: &Name, authority: Vec<SignedRrset>) -> Option<Answer> {
        let is_ds = |set: &SignedRrset| set.rrset.rtype == Rtype::DS && set.rrset.name == *cut;
        let (ds, rest): (Vec<_>, Vec<_>) = authority.into_iter().partition(is_ds);
        let zone = self.zone.clone();
        if !ds.is_empty() {
            return Some(Answer::unchecked(Kind::Data, zone, ds, Vec::new()));
        }
        let proofs: Vec<_> =
            rest.into_iter().filter(|set| is_proof_type(set.rrset.rtype)).collect();
        (!proofs.is_empty()).then(|| Answer::unchecked(Kind::NoData, zone, Vec::new(), proofs))
    }
}

/// Where an alias leads.
enum Redirection {
    None,
    To(Name, Vec<SignedRrset>),
    TooLong(Vec<SignedRrset>),
}

/// Follows a DNAME; the CNAME is made here, whatever the server made (RFC 6672 section 3.1).
fn redirect(name: &Name, dname: &SignedRrset) -> Result<Redirection, Fault> {
    let new = only_target(&dname.rrset)?;
    let target = match name.replace_suffix(&dname.rrset.name, &new) {
        Some(Ok(target)) => target,
        _ => return Ok(Redirection::TooLong(vec![dname.clone()])),
    };
    let rdata = crate::wire::Rdata::new(target.as_wire().to_vec()).expect("a name fits RDATA");
    let rrset = Rrset::single(name.clone(), Rtype::CNAME, dname.rrset.ttl, rdata);
    let made = SignedRrset { rrset, signatures: Vec::new() };
    Ok(Redirection::To(target, vec![dname.clone(), made]))
}

/// The target of a CNAME or DNAME set: it has one record (RFC 2181 section 10.1).
fn only_target(rrset: &Rrset) -> Result<Name, Fault> {
    match rrset.rdata.as_slice() {
        [rdata] => name_target(rdata).map_err(|_| Fault::Malformed("bad alias")),
        _ => Err(Fault::Malformed("more than one alias")),
    }
}

fn is_proof_type(rtype: Rtype) -> bool {
    matches!(rtype, Rtype::NSEC | Rtype::NSEC3)
}

/// Whether a record is an NSEC, an NSEC3 or a signature over one.
fn is_proof(record: &Record) -> bool {
    is_proof_type(covered(record))
}

/// Whether a record of the authority section can matter to a denial or a referral.
fn bears_on_denial(record: &Record) -> bool {
    let rtype = covered(record);
    let readable =
        rtype != Rtype::SOA || record.rtype != rtype || Soa::parse(&record.rdata).is_ok();
    readable && (is_proof_type(rtype) || matches!(rtype, Rtype::SOA | Rtype::NS | Rtype::DS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Rdata;

    /// A small family of names, so that they meet.
    fn any_name() -> impl Strategy<Value = Name> {
        let label = prop_oneof![Just("a"), Just("b"), Just("z")];
        let names = proptest::collection::vec(label, 0..5);
        names.prop_map(|labels| Name::from_labels(labels).unwrap())
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let rtype = proptest::sample::select(vec![
            Rtype::A,
            Rtype::NS,
            Rtype::CNAME,
            Rtype::SOA,
            Rtype::DNAME,
            Rtype::DS,
            Rtype::NSEC,
            Rtype::RRSIG,
        ]);
        (any_name(), rtype, any_name(), 0u32..600).prop_map(|(name, rtype, target, ttl)| {
            let rdata = match rtype {
                Rtype::A => vec![192, 0, 2, 1],
                Rtype::SOA => [target.as_wire(), &[0], &[0; 20]].concat(),
                Rtype::RRSIG => Rtype::NSEC.0.to_be_bytes().to_vec(),
                _ => target.as_wire().to_vec(),
            };
            let rdata = Rdata::new(rdata).unwrap();
            Record { name, rtype, class: Class::IN, ttl: Ttl::from_secs(ttl), rdata }
        })
    }

    fn any_message(question: Question) -> impl Strategy<Value = Message> {
        let section = || proptest::collection::vec(any_record(), 0..6);
        let sections = (section(), section(), section(), any::<bool>(), 0u16..4);
        sections.prop_map(move |(answer, authority, additional, authoritative, rcode)| {
            let mut message = Message::query(0, question.clone());
            message.flags.authoritative = authoritative;
            message.rcode = Rcode(rcode);
            Message { answer, authority, additional, ..message }
        })
    }

    fn any_question() -> impl Strategy<Value = Question> {
        let rtype = proptest::sample::select(vec![
            Rtype::A,
            Rtype::DS,
            Rtype::CNAME,
            Rtype::ANY,
            Rtype::RRSIG,
            Rtype::NS,
        ]);
        (any_name(), rtype).prop_map(|(name, rtype)| Question { name, rtype, class: Class::IN })
    }

    fn any_exchange() -> impl Strategy<Value = (Question, Message)> {
        any_question().prop_flat_map(|question| (Just(question.clone()), any_message(question)))
    }

    proptest! {
        /// Whatever comes: nothing from outside the zone is taken, referrals lead down and towards
        /// the name, and what answers is about the name.
        #[test]
        fn what_is_taken_bears_on_the_question(
            (question, message) in any_exchange(),
            up in 0usize..4,
        ) {
            let zone = question.name.suffix(up);
            let (may_ask, limits) = (|_| true, Limits::default());
            let question = &question;
            let priming = question.rtype == Rtype::NS && question.name == zone;
            let asked = Asked {
                question,
                zone: &zone, bailiwick: &zone,
                forwarded: false,
                priming,
                limits: &limits,
                may_ask: &may_ask,
            };
            match asked.read(&message) {
                Reading::Answer(answer) => {
                    prop_assert!(answer.sets().all(|set| set.rrset.name.is_at_or_below(&zone)));
                    prop_assert!(question.name.is_at_or_below(&answer.zone));
                    prop_assert!(answer.zone.is_at_or_below(&zone));
                    let encloses = |set: &SignedRrset| question.name.is_at_or_below(&set.rrset.name);
                    prop_assert!(answer.answer.iter().all(encloses));
                    prop_assert_eq!(answer.is_positive(), !answer.answer.is_empty());
                    // A zone does not deny its own DS set, unless nothing stands above it.
                    let denier = answer.soa().map(|soa| &soa.rrset.name);
                    let own_ds = question.rtype == Rtype::DS && !question.name.is_root();
                    prop_assert!(!own_ds || denier != Some(&question.name));
                }
                Reading::Referral(referral) => {
                    prop_assert!(referral.cut.zone.is_below(&zone));
                    prop_assert!(question.name.is_at_or_below(&referral.cut.zone));
                    prop_assert!(question.rtype != Rtype::DS || question.name != referral.cut.zone);
                }
                Reading::Servers(cut, _) => prop_assert!(priming && cut.zone == zone),
                Reading::Fault(_) => {}
            }
        }
    }
}
