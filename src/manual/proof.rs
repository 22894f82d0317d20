//! Proof: what an answer is worth.
//!
//! Every zone is signed, by this project with Ed25519 (algorithm 15, RFC 8080), by others as they like:
//! what counts is told by [`Algorithms`](crate::dnssec::Algorithms). From a root's trust anchor, a chain
//! of DNSKEY and DS records leads to the zone of the answer. What it proves: this is what the authority
//! for this name published, or it published nothing. What it does not prove: that the person has the
//! address. That is said by the signatures inside the association: see [`vouching`](super::vouching).
//!
//! The client computes the verdict itself, from the records and its own anchors. The AD bit of a
//! resolver is not asked: a resolver may be anybody's.
//!
//! Signatures over associations last three days at most, and the TTL of an association is an hour at
//! most. So an erased association is gone from honest caches in an hour, and cannot be replayed after
//! three days. Those are never served
//! past their time, whatever an operator allows for other answers.
