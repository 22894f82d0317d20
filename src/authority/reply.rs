//! What one name contributes to a response.

use super::denial::{Denied, nsec};
use super::{Memo, ServedZone};
use crate::clock::Timestamp;
use crate::wire::{
    AnswerWriter, EdeCode, EdnsPolicy, Encoded, MAX_NAME, Name, Part, Query, Rcode, Rrset, Rtype,
    Section,
};
use crate::zone::{Address, DelegationId, Existing, NodeId, Outcome, SearchName, SetId};

/// Where a step of the algorithm leads.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment, on the stack")]
pub(super) enum Next {
    /// The response is complete, with this code.
    Done(Rcode),
    /// The name is an alias of this one.
    Alias(Target),
}

/// A name as the asker or an alias writes it.
pub(super) struct Target {
    wire: [u8; MAX_NAME],
    length: usize,
}

impl Target {
    /// An uncompressed name.
    fn of(wire: &[u8]) -> Self {
        Self::join(wire, &[]).expect("a name has 255 octets at most")
    }

    /// The name of these parts; none where it is too long.
    fn join(front: &[u8], back: &[u8]) -> Option<Self> {
        let length = front.len() + back.len();
        let mut wire = [0; MAX_NAME];
        wire.get_mut(..front.len())?.copy_from_slice(front);
        wire.get_mut(front.len()..length)?.copy_from_slice(back);
        Some(Self { wire, length })
    }

    pub(super) fn wire(&self) -> &[u8] {
        &self.wire[..self.length]
    }
}

/// A name, and the zone that answers for it.
pub(super) struct Spot<'a> {
    pub(super) zone: &'a ServedZone,
    pub(super) name: &'a SearchName,
    pub(super) owner: &'a [u8],
}

/// A response being written.
pub(super) struct Reply<'a> {
    qtype: Rtype,
    dnssec_ok: bool,
    compact_ok: bool,
    now: Timestamp,
    memo: &'a Memo,
    writer: AnswerWriter<'a>,
}

impl<'a> Reply<'a> {
    pub(super) fn new(
        query: &Query<'_>,
        limit: usize,
        edns: &'a EdnsPolicy,
        now: Timestamp,
        memo: &'a Memo,
        out: &'a mut Vec<u8>,
    ) -> Self {
        Self {
            qtype: query.qtype,
            dnssec_ok: query.dnssec_ok(),
            compact_ok: query.compact_ok(),
            now,
            memo,
            writer: AnswerWriter::new(query, limit, edns, out),
        }
    }

    pub(super) fn set_authoritative(&mut self) {
        self.writer.set_authoritative();
    }

    pub(super) fn set_extended_error(&mut self, code: EdeCode, text: &'static str) {
        self.writer.set_extended_error(code, text);
    }

    pub(super) fn finish(mut self, rcode: Rcode) {
        self.writer.set_rcode(rcode);
        self.writer.finish();
    }

    /// Writes what was found at `spot`.
    pub(super) fn step(&mut self, spot: &Spot<'_>, outcome: Outcome) -> Next {
        let rcode = match outcome {
            Outcome::Answer { set, wildcard } => self.answer(spot, set, wildcard),
            Outcome::Cname { set, wildcard } => {
                self.positive(spot, set, wildcard);
                return Next::Alias(Target::of(only_name(spot.zone.zone().set(set))));
            }
            Outcome::Dname(set) => return self.redirection(spot, set),
            Outcome::Referral(id) => self.referral(spot.zone, id),
            Outcome::Association => self.association(spot),
            Outcome::NoData(existing) => self.negative(spot, Denied::Type(existing)),
            Outcome::NxDomain => self.negative(spot, Denied::Name),
        };
        Next::Done(rcode)
    }

    fn answer(&mut self, spot: &Spot<'_>, set: SetId, wildcard: bool) -> Rcode {
        self.positive(spot, set, wildcard);
        if self.qtype == Rtype::NS {
            // Only the apex answers for its NS: others are delegations.
            self.addresses(spot.zone, spot.zone.zone().apex_addresses());
        }
        Rcode::NOERROR
    }

    /// Signatures go where they are wanted; an unsigned set has none.
    fn part(&self) -> Part {
        if self.dnssec_ok { Part::Signed } else { Part::Records }
    }

    fn positive(&mut self, spot: &Spot<'_>, set: SetId, wildcard: bool) {
        if wildcard && self.dnssec_ok && spot.zone.signer().signs() {
            return self.expand(spot, spot.zone.zone().set(set));
        }
        let part = self.part();
        self.writer.encoded(Section::Answer, spot.owner, spot.zone.set(set), part);
    }

    /// Answers from a wildcard as if the name existed (RFC 9824 section 3.3).
    fn expand(&mut self, spot: &Spot<'_>, wildcard: &Rrset) {
        let (name, _) = Name::from_wire(spot.owner).expect("an owner is a name");
        let ttl = spot.zone.signer().ttl(wildcard);
        let set = Rrset { name, ttl, ..wildcard.clone() };
        self.made(Section::Answer, spot, &set, Part::Signed);
    }

    /// Writes a set made for this question, signed for it.
    fn made(&mut self, section: Section, spot: &Spot<'_>, set: &Rrset, part: Part) {
        let rrsigs = match part {
            Part::Records => Vec::new(),
            Part::Signed | Part::Signatures => {
                spot.zone.signer().sign_for_question(set, self.now, self.memo)
            }
        };
        let encoded = Encoded::of(set, set.ttl, &rrsigs);
        self.writer.encoded(section, spot.owner, encoded.view(), part);
    }

    /// A DNAME, and the CNAME that it makes (RFC 6672 section 3.2).
    fn redirection(&mut self, spot: &Spot<'_>, set: SetId) -> Next {
        let dname = spot.zone.zone().set(set);
        let part = self.part();
        let encoded = spot.zone.set(set);
        self.writer.encoded(Section::Answer, dname.name.as_wire(), encoded, part);
        let front = &spot.owner[..spot.owner.len() - dname.name.as_wire().len()];
        let Some(target) = Target::join(front, only_name(dname)) else {
            return Next::Done(Rcode::YXDOMAIN);
        };
        let (section, rdata) = (Section::Answer, [target.wire()]);
        self.writer.rrset(section, spot.owner, Rtype::CNAME, dname.ttl, rdata);
        if self.qtype == Rtype::CNAME { Next::Done(Rcode::NOERROR) } else { Next::Alias(target) }
    }

    fn referral(&mut self, zone: &ServedZone, id: DelegationId) -> Rcode {
        let cut = &zone.zone().delegations()[id.index()];
        let owner = zone.zone().set(cut.ns).name.as_wire();
        let answers = zone.answers();
        self.writer.encoded(Section::Authority, owner, answers.set(cut.ns), Part::Records);
        let security = cut.ds.map(|ds| answers.set(ds)).or_else(|| answers.no_ds(id));
        if let Some(security) = security.filter(|_| self.dnssec_ok) {
            self.writer.encoded(Section::Authority, owner, security, Part::Signed);
        }
        self.addresses(zone, &cut.addresses);
        Rcode::NOERROR
    }

    fn addresses(&mut self, zone: &ServedZone, addresses: &[Address]) {
        for address in addresses {
            let owner = zone.zone().set(address.set).name.as_wire();
            let (section, encoded) = (Section::Additional, zone.set(address.set));
            let part = self.part();
            if address.required {
                self.writer.encoded(section, owner, encoded, part);
            } else {
                self.writer.optional_encoded(section, owner, encoded, part);
            }
        }
    }

    fn association(&mut self, spot: &Spot<'_>) -> Rcode {
        let (part, writer) = (self.part(), &mut self.writer);
        let is_held = spot.zone.association(spot.name.wire(), &mut |held| {
            writer.encoded(Section::Answer, spot.owner, held, part);
        });
        if is_held { Rcode::NOERROR } else { self.deny(spot, Denied::Association) }
    }

    fn negative(&mut self, spot: &Spot<'_>, denied: Denied) -> Rcode {
        match self.qtype {
            Rtype::ANY | Rtype::NSEC | Rtype::RRSIG => self.whole_name(spot, denied),
            _ => self.deny(spot, denied),
        }
    }

    /// Answers whoever asks about all of a name: with one of its sets (RFC 8482 section 4.1), or, where
    /// it has none that it shows, with the NSEC that would deny the rest. To deny these three types
    /// would be bogus: a compact denial lists two of them.
    fn whole_name(&mut self, spot: &Spot<'_>, denied: Denied) -> Rcode {
        let signed = spot.zone.signer().signs();
        match (self.qtype, shown(spot.zone, denied)) {
            (Rtype::ANY, Some((set, wildcard))) => self.positive(spot, set, wildcard),
            (Rtype::RRSIG, Some((set, _))) if signed => {
                let encoded = spot.zone.set(set);
                self.writer.encoded(Section::Answer, spot.owner, encoded, Part::Signatures);
            }
            _ if !signed || self.name_error(spot.zone, denied) == Rcode::NXDOMAIN => {
                return self.deny(spot, denied);
            }
            _ => {
                let nsec = nsec(spot.zone, spot.name, denied);
                let part = if self.qtype == Rtype::RRSIG { Part::Signatures } else { self.part() };
                self.made(Section::Answer, spot, &nsec, part);
            }
        }
        Rcode::NOERROR
    }

    /// The code of a denial. With a compact one, a name that does not exist is only called so to whoever
    /// takes it (RFC 9824 section 5).
    fn name_error(&self, zone: &ServedZone, denied: Denied) -> Rcode {
        let compact = self.dnssec_ok && zone.signer().signs() && !self.compact_ok;
        if denied == Denied::Name && !compact { Rcode::NXDOMAIN } else { Rcode::NOERROR }
    }

    fn deny(&mut self, spot: &Spot<'_>, denied: Denied) -> Rcode {
        let zone = spot.zone;
        let (section, part) = (Section::Authority, self.part());
        self.writer.encoded(section, zone.apex().as_wire(), zone.start().denial(), part);
        if let Denied::Type(Existing::Delegation(id)) = denied {
            if let Some(proof) = zone.answers().no_ds(id).filter(|_| self.dnssec_ok) {
                self.writer.encoded(section, spot.owner, proof, part);
            }
        } else if self.dnssec_ok && zone.signer().signs() {
            let nsec = nsec(zone, spot.name, denied);
            self.made(section, spot, &nsec, part);
        }
        self.name_error(zone, denied)
    }
}

/// The name that is all of the data of a CNAME or DNAME set, of which there is one.
fn only_name(set: &Rrset) -> &[u8] {
    set.rdata.first().expect("an alias leads to one name").octets()
}

/// The first set of a name that shows what it has, and whether a wildcard stands for the name. In a
/// signed zone, a wildcard's name has nothing but what was asked for.
fn shown(zone: &ServedZone, denied: Denied) -> Option<(SetId, bool)> {
    let Denied::Type(Existing::Node { node, wildcard }) = denied else { return None };
    let hides = node == NodeId::APEX && zone.zone().apex_is_unwalkable();
    if zone.signer().signs() && (wildcard || hides) {
        return None;
    }
    zone.zone().sets_at(node).next().map(|(set, _)| (set, wildcard))
}
