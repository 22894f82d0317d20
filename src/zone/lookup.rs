//! What a question finds in a zone (RFC 1034 section 4.3.2 step 3).

use super::{DelegationId, Kind, NodeId, SearchName, SetId, Zone};
use crate::wire::Rtype;

/// What the zone says to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Data of the type asked for.
    Answer {
        /// The data.
        set: SetId,
        /// It stands at a wildcard, and answers for the name asked for (RFC 4592).
        wildcard: bool,
    },
    /// The name is an alias, and goes on elsewhere.
    Cname {
        /// Where to.
        set: SetId,
        /// It stands at a wildcard, and answers for the name asked for (RFC 4592).
        wildcard: bool,
    },
    /// The name lies below one that is redirected with everything below it (RFC 6672).
    Dname(SetId),
    /// The name is delegated to another zone.
    Referral(DelegationId),
    /// An association was asked for, where one can be: who keeps associations knows.
    Association,
    /// The name exists, and has nothing of the type asked for (RFC 2308 section 2.2).
    NoData(Existing),
    /// The name does not exist (RFC 2308 section 2.1).
    NxDomain,
}

/// A name that exists, for the list of its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// A name of the zone. Empty non-terminals have no types.
    Node {
        /// The name.
        node: NodeId,
        /// It is a wildcard, and stands for the name asked for (RFC 4592).
        wildcard: bool,
    },
    /// A name that is delegated, asked for its DS.
    Delegation(DelegationId),
    /// A digit or person name other than the zone's own: it does not show what is there.
    Unwalkable,
    /// A name that exists without data, whatever is below it: `msisdn`, and what else digit or person
    /// names can be below.
    Empty,
}

impl Zone {
    /// Finds what the zone has for `name`, which must be at or below the apex.
    ///
    /// [`Rtype::ANY`], NSEC and RRSIG find [`Outcome::NoData`], an alias's too: what is told of a
    /// name as a whole is for the server to choose.
    pub fn lookup(&self, name: &SearchName, qtype: Rtype) -> Outcome {
        let mut node = NodeId::APEX;
        for number in self.tree.apex_labels()..name.label_count() {
            match self.tree.node(node).kind {
                Kind::Plain => {}
                Kind::Delegation(id) => return Outcome::Referral(id),
                Kind::Dname(set) => return Outcome::Dname(set),
            }
            match self.tree.child(node, name.label(number)) {
                Some(child) => node = child,
                None => return self.absent(node, number + 1, name, qtype),
            }
        }
        self.present(node, name, qtype)
    }

    /// The name is in the tree.
    fn present(&self, node: NodeId, name: &SearchName, qtype: Rtype) -> Outcome {
        if let Kind::Delegation(id) = self.tree.node(node).kind {
            return self.delegated(id, qtype);
        }
        if name.is_unwalkable() {
            if qtype == Rtype::ASSOC {
                return Outcome::Association;
            }
            if node != NodeId::APEX {
                return Outcome::NoData(Existing::Unwalkable);
            }
        }
        self.at(node, qtype, false)
    }

    /// The parent answers for the DS of a delegation (RFC 4035 section 3.1.4.1).
    fn delegated(&self, id: DelegationId, qtype: Rtype) -> Outcome {
        match (qtype, self.delegations[id.index()].ds) {
            (Rtype::DS, Some(set)) => Outcome::Answer { set, wildcard: false },
            (Rtype::DS, None) => Outcome::NoData(Existing::Delegation(id)),
            _ => Outcome::Referral(id),
        }
    }

    /// The name is not in the tree, which ends at `encloser`; it would go on with a name of
    /// `labels` labels.
    fn absent(&self, encloser: NodeId, labels: usize, name: &SearchName, qtype: Rtype) -> Outcome {
        if name.is_unwalkable() {
            return match qtype {
                Rtype::ASSOC => Outcome::Association,
                _ => Outcome::NoData(Existing::Unwalkable),
            };
        }
        if name.always_exists(0) {
            return Outcome::NoData(Existing::Empty);
        }
        let Some(wildcard) = self.tree.child(encloser, b"*") else { return Outcome::NxDomain };
        // A name that exists without being in the tree is a closer encloser (RFC 4592 section 3.3.1).
        if (1..=name.label_count() - labels).any(|skipped| name.always_exists(skipped)) {
            return Outcome::NxDomain;
        }
        self.at(wildcard, qtype, true)
    }

    /// Steps 3a and 3c at a name with data.
    fn at(&self, node: NodeId, qtype: Rtype, wildcard: bool) -> Outcome {
        if let Some(set) = self.set_at(node, qtype) {
            return Outcome::Answer { set, wildcard };
        }
        match self.set_at(node, Rtype::CNAME) {
            Some(set) if !asks_about_name(qtype) => Outcome::Cname { set, wildcard },
            _ => Outcome::NoData(Existing::Node { node, wildcard }),
        }
    }
}

/// Whether the question is about the name itself, so that an alias is not followed: the types that
/// stand beside a CNAME (RFC 4034 section 3), and all of them.
fn asks_about_name(qtype: Rtype) -> bool {
    matches!(qtype, Rtype::ANY | Rtype::NSEC | Rtype::RRSIG)
}
