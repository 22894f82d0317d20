//! Vouching: why a client believes that a person has an address.
//!
//! DNSSEC proves [what the tree says](super::proof). Whether it is true is told by the signatures inside
//! the association, of servers that had the person show control of the address. A client trusts some of these
//! servers and names them in its configuration, each with its key and maybe with a scope; how many of them
//! have to vouch is for the client to say, one where it says nothing.
//!
//! A server that is trusted can vouch for others by certificates: signed JSON that stands in the tree at the
//! other's name, says which identifiers it may verify, and lives 90 days at most. From a signature the
//! client climbs by certificates to the servers it trusts, over four at most ([`trust`](crate::trust)). It
//! looks in the tree that gave the association, and in no other: who runs a tree decides whose word counts
//! there, and takes a certificate back by taking it out, which is proved as everything is. Where
//! certificates cannot be looked up, or are not proved, nothing is known and nobody is trusted.
//!
//! Of all roots' statements the newest that is trusted counts, even where it is that the association has
//! ended, or was withdrawn, or was found in a zone that is not signed: a signature is genuine
//! wherever it is found, and an old statement shown by one root must not outlive a newer one at
//! another. A statement that nobody vouches for counts only where there is no other, and is told as what it
//! is. What is newer, and cannot be judged now, leaves the answer open.
//!
//! # For who verifies
//!
//! `threepid cert key --new` makes a key, in a file like those of Matrix servers. It is for statements
//! and certificates alone: a key that also signs a zone or a root list would let a mistake in one be used in
//! the other. `threepid cert issue` signs for another server's key, and prints the line for the zone file
//! of a tree. Issue the next certificate before the last one ends; both can stand there. `threepid cert
//! verify` tells each link of a chain, as clients see it, before or after it is published. How signed statements
//! get to the roots is told by [`publishing`](super::publishing).
