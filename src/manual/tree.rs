//! The tree: from an identifier to a name.
//!
//! A *root* is an apex name, the addresses of its servers, and the key that signs it. There can be
//! several roots, each with an apex of its own: `3pid.example.` and `3pid.example.net.` in our examples.
//! Below an apex, every medium has its part of the tree.
//!
//! | identifier | name |
//! |---|---|
//! | `+44 7700 900123` | `3.2.1.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.` |
//! | `alice@example.com` | `<label>._at.example.com.email.3pid.example.` |
//! | of another medium | `<label>._id.<medium>.3pid.example.` |
//!
//! A phone number's digits stand in reverse, one label each, as in ENUM (RFC 6116), so that a
//! delegation can stand at any digit: at a country, at an operator, at a single number that was ported.
//! The label of an email address is made of the first 28 octets of the SHA-256 of its local part, as in
//! RFC 7929; `_at` keeps the people of a domain apart from its subdomains.
//!
//! Identifiers are normalised before anything else, so that one person's address has one name:
//! see [`crate::threepid`].
//!
//! Delegations are those of DNS, NS and DS records. Whoever holds `4.4.msisdn.3pid.example.` serves the
//! associations of all numbers that begin with +44, or delegates longer prefixes further.
//!
//! The name servers of a delegation have their names in the tree, too. A resolver that walks the tree
//! knows no other root, so it cannot find the address of a server that is named elsewhere;
//! `threepid zone check` warns of such. The servers of an apex may have any name: a resolver is told
//! their addresses.
//!
//! Digits and unsalted hashes can be guessed by whoever holds a zone file. They keep the caches and logs
//! of honest parties from being a directory; they do not stop a guesser.
