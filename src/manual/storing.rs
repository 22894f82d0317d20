//! Storing: what is in a store, and how it is kept safe.
//!
//! A server that takes statements has one store, the file that `store` in `[authority]` names. For each name it
//! holds the latest statement, with the signatures of those who vouch for it; a withdrawal is one, too. After 400
//! days (`keep_withdrawals`) only the time of a withdrawal is left, for good: that is a *mark*, and nothing older
//! is taken. So a store never forgets that something has ended, and that is what has to be kept safe about it.
//! [`store`](crate::store) tells its rules and layout.
//!
//! It also has the zones' serials and the DNSSEC signatures over each statement, which can be made anew. It does
//! not have zone files, keys, certificates and configuration: those are files, to be kept as others are. Nor does
//! it have addresses, but what names tell of them: the number of a phone, a hash of an email address.
//!
//! The server makes it at its first start, readable to its user alone, and is the only one that writes it: run
//! `threepid store` as that user. What was acknowledged is on disk, whatever becomes of the process or the
//! machine then. The file belongs on a local disk (no NFS) with room for twice its size: a million numbers take
//! 560 MiB.
//!
//! # Looking
//!
//! ```text
//! threepid store check associations.store
//! ```
//!
//! reads all of it, tells what is damaged (exit status 1), and counts what there is. It may run beside the
//! server, but then leaves out the checksums of pages, so have a copy checked. A server steps over a damaged
//! record, serves all others, and counts it in `threepid_store_skipped_total`.
//!
//! ```text
//! threepid store export associations.store > associations.lines
//! ```
//!
//! writes a JSON object a line: the name, and the statement as it was published. Where the address is not known,
//! as that of an email address mostly is not, it has the record data instead, which comes to the same when it is
//! imported.
//!
//! # Backups
//!
//! ```text
//! threepid store backup associations.store copy.store
//! ```
//!
//! copies it as it is at one moment, while the server goes on; the copy appears when it is whole. A plain `cp` of
//! a store that is being written may be of no use. For cron, as the server's user, each night and kept for two
//! weeks:
//!
//! ```text
//! 0 3 * * *  cd /var/backups/threepid && threepid store backup /var/lib/threepid/associations.store $(date +\%F).store
//! 30 3 * * *  find /var/backups/threepid -name '*.store' -mtime +14 -delete
//! ```
//!
//! # Restoring
//!
//! Stop the server, keep what is left of the old store, and put the copy in its place:
//!
//! ```text
//! mv associations.store lost.store
//! cp --preserve=ownership,mode /var/backups/threepid/2026-11-23.store associations.store
//! threepid store check associations.store
//! ```
//!
//! What was published since the copy is lost. New associations are missing until their servers publish them again.
//! Worse are withdrawals: who withdrew since is answered for again, proved. So before the server is started:
//!
//! - Take from the old store all that can still be read. Of each name the later statement stays, so that this
//!   can make nothing worse.
//!
//!   ```text
//!   threepid store export lost.store > lost.lines
//!   threepid store import associations.store lost.lines
//!   ```
//!
//! - Ask the verification servers for what they signed since the day of the copy. It can be imported before the
//!   start (below), or published once more after it: what is there already is answered by `unchanged`.
//!
//! The copy knows that it is one. The first that opens it to write, the server or `import`, moves the serials
//! of all zones ahead by 2^28 and says so: those that were served since the copy was made may have had other
//! content, and who copies a zone keeps the greater one (RFC 1982).
//!
//! # Moving
//!
//! To another machine a store goes as a file: stop the server, copy the file, start the other. While the server
//! is stopped nothing is taken, and statements wait in the outboxes of those who send them.
//!
//! Into another store it goes as lines, be it a part of it, or for a version of this program with another format:
//!
//! ```text
//! threepid store export old.store | threepid store import new.store -
//! ```
//!
//! The later statement counts, in whatever order and however often it is done. Lines that cannot be taken are
//! told with their numbers, and all others are in. Who signed is not checked: whoever imports answers for where
//! the lines come from. Statements of a verification server, a signed statement on each line, go in in the same
//! way; the tree has to be said:
//!
//! ```text
//! threepid store import associations.store statements.lines --apex 3pid.example
//! ```
//!
//! What lies below a new delegation goes to the child by `threepid store handover`: see
//! [`delegating`](super::delegating).
