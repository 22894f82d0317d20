//! Delegating: how a parent gives a part of its zone to others, and follows their keys.
//!
//! A delegation is NS records in the parent's zone file, addresses of those name servers that are named in
//! the child itself, and DS records that stand for the child's keys. `threepid delegation` edits them:
//! `add` and `remove` change the file in place, and nothing else in it, neither comments nor order. What is
//! written is read again first. Where it would say anything but what was meant, or would not pass
//! `threepid zone check`, nothing is written. The file is replaced as a whole, with its mode and owner; a
//! link stays one. Where records stand in an included file, that file is changed, and the one with the SOA
//! record last, since its serial is what tells secondaries. The change is printed as a difference: `patch -R`
//! takes it back, the serial too, and so is for what was not served yet. No copy of the old file is kept. The
//! serial is raised by one, or to today's
//! first where it has the form YYYYMMDDnn and is of an earlier day.
//!
//! What stands below a delegation is the child's to say. Records there would be hidden, so `add` refuses:
//! first the child gets them, associations by `threepid store handover` where the parent keeps them in a
//! store (`--store`). `--force` is for when that is done.
//!
//! `--check` asks the child's servers before: a DS record that stands for none of the keys that they
//! serve makes the child vanish for everybody who validates.
//!
//! # The child's keys
//!
//! A child that changes its key publishes CDS and CDNSKEY records (RFC 7344), as all servers of this
//! program do. `threepid delegation sync` takes them over into the parent's file, if
//!
//! - they are proved from the root's anchor, and signed by a key that one of the DS records in the file
//!   stands for;
//! - both types, where both are there, say the same;
//! - the child's keys as they are served now verify by the new DS records, by those of each algorithm;
//! - the signature is not older than that of the wish taken last, which is kept in a file beside the
//!   zone file (RFC 7344 section 6.2): an old wish cannot be replayed to bring a lost key back.
//!
//! What is not to be used any more, or is not known here, is left out: digests by SHA-1, unknown
//! algorithms. A child may ask to be unsigned (RFC 8078 section 4). One without DS records is believed
//! only where the operator says so (`--accept-insecure`): nothing proves what it asks for. The bootstrapping of
//! RFC 9615, which would, is not there. That all servers of a child say the same is not checked either: the
//! resolver asks one of them.
