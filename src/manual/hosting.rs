//! Hosting: how a server answers for people.
//!
//! What an operator writes stands in zone files; what people's verification servers publish is in a store, one
//! for all zones of a server ([`crate::store`]). A zone with a store answers for people from it alone.
//! Associations in its file are taken into the store at each start and reload, by the rules of
//! [publication](crate::store#how-it-changes): so a file that is older than what was published since takes
//! nothing back, and what is removed from a file stays until it is withdrawn.
//!
//! Nothing is read from disk to answer. All that the store holds for the zones is in memory, in the form in
//! which it goes into answers, with its signatures ([`crate::authority::Index`]): some 350 octets for a number.
//! A change is signed and answered as soon as it is on disk. The signatures go into the store, so
//! that the next start finds them; what is lost with a crash is made anew.
//!
//! - Which zone a name is in is found by the name: the longest zone that encloses it. What lies below a
//!   delegation stays in the store, and is not answered: the referral goes first. What was handed over is not
//!   answered again, whatever becomes of the delegation ([`delegating`](super::delegating)).
//! - A withdrawal is answered, so that an older association elsewhere does not outlive it. The mark that is left
//!   of it after 400 days is not.
//! - Signatures last 3 days at most, and are made anew in the last quarter, some at a time. Where
//!   other keys sign, those of the keys before stay as long as these are published, and are made anew at once.
//!   With keys that nobody has seen before, a reload signs everything before it serves any of it.
//! - The serial of a zone goes up by one with each group of changes, and with each change of its file or keys.
//!   It is the greater of the file's and that (RFC 1982). The store has it, with the last change that it
//!   counts; after a crash it goes on beyond all that may have been served.
//! - A zone whose associations go back to its file answers for nobody in the store, which a start, a reload and
//!   `threepid config check` warn of, and goes on with its serial.
//!
//! # What to watch
//!
//! | in `/metrics` | |
//! |---|---|
//! | `threepid_feed_behind` | changes of the store that are not served yet; 0 but for moments |
//! | `threepid_zone_signatures_end_timestamp_seconds` | when the first signature of a zone ends |
//! | `threepid_association_signatures_end_timestamp_seconds` | the same of associations, a minute after the start |
//! | `threepid_store_skipped_total` | records that are damaged, each time that they are stepped over |
//! | `threepid_task_restarts_total` | tasks that a fault of the program ended, and that were begun again |
//!
//! `/health` answers 503 and says why where changes wait for more than 5 seconds, and where a task ends three times
//! in a row. The process goes on with what it has, and tries again: after a second, and later each time, up to
//! a minute.
