//! The names of a zone, empty non-terminals included.
//!
//! A node knows its parent and its own label; children are found through one hash table over
//! (parent, label).

use super::{DelegationId, SearchName, SetId};

/// A name of the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// The apex.
    pub const APEX: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a lookup has to do when it comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes on.
    Plain,
    /// Ends in a referral.
    Delegation(DelegationId),
    /// Ends in a redirection of what is below.
    Dname(SetId),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Where its sets begin, and how many they are.
    pub(super) first: u32,
    pub(super) count: u32,
    parent: NodeId,
    /// Where its label begins among all labels: a length octet, then the label.
    label: u32,
}

/// A slot of the table that is free.
const FREE: u32 = u32::MAX;

#[derive(Debug, Clone)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    labels: Vec<u8>,
    /// Numbers of nodes, found by hash and linear probing; at least half of the slots are free.
    slots: Vec<u32>,
    apex_labels: usize,
}

impl Tree {
    /// A tree of the apex alone, which has as many labels.
    pub(super) fn new(apex_labels: usize) -> Self {
        let mut tree =
            Self { nodes: Vec::new(), labels: Vec::new(), slots: vec![FREE; 16], apex_labels };
        tree.append(NodeId::APEX, b"");
        tree
    }

    pub(super) fn apex_labels(&self) -> usize {
        self.apex_labels
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.index()]
    }

    pub(super) fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.nodes.iter_mut()
    }

    /// The child of `parent` with `label`, which is in lower case.
    pub(super) fn child(&self, parent: NodeId, label: &[u8]) -> Option<NodeId> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(parent, label) & mask;
        loop {
            let id = NodeId(self.slots[slot]);
            if id.0 == FREE {
                return None;
            }
            if self.node(id).parent == parent && self.label(id) == label {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Puts the first `labels` labels of `name`, counted from the root, into the tree, with all
    /// that lies between them and the apex. They must be at or below the apex.
    pub(super) fn insert(&mut self, name: &SearchName, labels: usize) -> NodeId {
        let mut node = NodeId::APEX;
        for number in self.apex_labels..labels {
            let label = name.label(number);
            node = match self.child(node, label) {
                Some(child) => child,
                None => self.append_child(node, label),
            };
        }
        node
    }

    fn label(&self, id: NodeId) -> &[u8] {
        let start = self.node(id).label as usize;
        &self.labels[start + 1..=start + usize::from(self.labels[start])]
    }

    fn append_child(&mut self, parent: NodeId, label: &[u8]) -> NodeId {
        if (self.nodes.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let id = self.append(parent, label);
        self.fill_slot(id);
        id
    }

    fn append(&mut self, parent: NodeId, label: &[u8]) -> NodeId {
        let id = NodeId(to_u32(self.nodes.len()));
        let start = to_u32(self.labels.len());
        self.labels.push(u8::try_from(label.len()).expect("a label has 63 octets at most"));
        self.labels.extend_from_slice(label);
        self.nodes.push(Node { kind: Kind::Plain, first: 0, count: 0, parent, label: start });
        id
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        for id in 1..self.nodes.len() {
            self.fill_slot(NodeId(to_u32(id)));
        }
    }

    fn fill_slot(&mut self, id: NodeId) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(self.node(id).parent, self.label(id)) & mask;
        while self.slots[slot] != FREE {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = id.0;
    }
}

pub(super) fn to_u32(number: usize) -> u32 {
    u32::try_from(number)
        .expect("a zone that fits in memory has fewer than 2^32 names, sets, labels")
}

/// Mixes eight octets at a time. Whoever writes the zone chooses the labels, so that nothing has to
/// be kept from them.
#[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
fn hash(parent: NodeId, label: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| {
        let product = (state ^ word).wrapping_mul(FACTOR);
        product ^ (product >> 29)
    };
    let (words, rest) = label.as_chunks::<8>();
    let mut state = mix(u64::from(parent.0), label.len() as u64);
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(state, u64::from_le_bytes(last)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn search(text: &str) -> SearchName {
        SearchName::of(&text.parse().unwrap())
    }

    #[test]
    fn names_in_between_are_made() {
        let mut tree = Tree::new(1);
        let deep = search("a.b.c.example.");
        let node = tree.insert(&deep, 4);
        assert_eq!(tree.insert(&deep, 4), node);
        assert_eq!(tree.nodes.len(), 4);
        let c = tree.child(NodeId::APEX, b"c").unwrap();
        assert_eq!(tree.child(tree.child(c, b"b").unwrap(), b"a"), Some(node));
        assert_eq!(tree.child(c, b"a"), None);
        assert_eq!(tree.insert(&deep, 1), NodeId::APEX);
    }

    proptest! {
        #[test]
        fn finds_what_was_put_in_and_nothing_else(
            held: BTreeSet<u16>,
            asked in proptest::collection::vec(any::<u16>(), 20),
        ) {
            let name = |number: u16| search(&format!("l{}.{}.example.", number % 100, number / 100));
            let mut tree = Tree::new(1);
            let nodes: Vec<_> = held.iter().map(|&n| (n, tree.insert(&name(n), 3))).collect();
            let find = |number: u16| {
                let name = name(number);
                tree.child(tree.child(NodeId::APEX, name.label(1))?, name.label(2))
            };
            for (number, node) in nodes {
                prop_assert_eq!(find(number), Some(node));
            }
            for number in asked {
                prop_assert_eq!(find(number).is_some(), held.contains(&number));
            }
        }
    }
}
