//! Resolving: how an answer is found, and what is done for those who are asked.
//!
//! A [`Resolver`](crate::resolver) walks from the root of a tree down its delegations, and judges what it
//! finds by the root's trust anchor. Trees can lie in one another: the servers of identifiers have names
//! in the public tree, which is a root like the others, and whose servers and keys are built in. The
//! longest apex that encloses a name counts, or the longest zone that other resolvers are asked for.
//!
//! What it does so that answers are right:
//!
//! - judges everything that is not asked for with CD set, and tells why an answer is bogus (RFC 4035,
//!   RFC 8914); what a negative trust anchor covers is not judged (RFC 7646);
//! - follows a root's keys as they roll over, where it has a place to write them down (RFC 5011);
//! - asks with an id, a port and a case of letters that nobody can guess (RFC 5452), the same question to
//!   the same server once, and by TCP where somebody seems to be guessing;
//! - asks another server where one lies, and the parent again where a delegation leads to nothing.
//!
//! So that they are quick, and there when servers are not:
//!
//! - starts from what the servers of a root say of themselves (priming, RFC 8109), and asks the quickest;
//! - remembers answers, denials (RFC 2308), and failures for a short while (RFC 9520);
//! - answers from the denials it has proved, where they cover more than was asked (RFC 8198);
//! - looks again for names that are asked for when their time is nearly over;
//! - tells answers past their time where no others can be had, if the operator wants that (RFC 8767), but
//!   never associations and certificates, whose withdrawal must not be hidden.
//!
//! And so that nobody learns or suffers more than need be:
//!
//! - shows servers no more of a name than they need (RFC 9156), and nothing of the client: no subnet
//!   (RFC 7871);
//! - answers itself for names that mean this machine or this network (RFC 6761, RFC 6303);
//! - bounds what one request may cost, in questions, referrals, signatures and hashes, however hostile
//!   the servers it meets ([`resolver::Limits`](crate::resolver::Limits)), and what all may together
//!   ([`recursor::Limits`](crate::recursor::Limits)), of which each root has its share;
//! - lets each client have so many questions waiting, and sends no answers over UDP that come so late
//!   that the client has asked again ([`ClientLimits`](crate::services::dns::ClientLimits)): gathered and
//!   let loose at once, they would be a weapon.
//!
//! Not done: classes other than IN, DNS64, and cookies towards servers (RFC 7873).
