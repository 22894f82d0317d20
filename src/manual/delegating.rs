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
//! What stands below a delegation is the child's to say. Records of the zone file there would be hidden, so
//! `add` refuses (`--hide` does it). People whom the parent's store holds there are handed over first.
//!
//! `--check` asks the child's servers before: a DS record that stands for none of the keys that they
//! serve makes the child vanish for everybody who validates.
//!
//! # Handing people over
//!
//! Nothing that was acknowledged may be lost with a delegation, and nothing withdrawn may come back with its
//! end. So whoever gives a part of the tree away first holds it: the store still answers for it, and whoever
//! publishes there is told to come again (503, `THREEPID_HANDING_OVER`), which outboxes do by themselves.
//! Each change of a store has a number: what was handed over up to a number is all, if nothing changed
//! after it. In this order:
//!
//! 1. Where there are many people, a first copy goes to the child while publications go on, and tells up to
//!    which change it is: `threepid store handover STORE +44777 --early > first.lines`, and at the child,
//!    before its server runs, `threepid store import STORE first.lines`.
//! 2. The parent holds: `handing_over = ["+44777"]` in the table of the zone, and SIGHUP.
//! 3. The parent hands over, what came since or all: `threepid store handover STORE +44777 --after CHANGE >
//!    rest.lines`. It refuses what is not held, and tells up to which change all is handed over.
//! 4. The child takes it in, `threepid store import STORE rest.lines`, and its server starts.
//! 5. The parent delegates: `threepid delegation add ZONEFILE +44777 --ns … --key … -c CONFIG --check
//!    --handed-over CHANGE`. It refuses what is not held, and what changed after that.
//! 6. SIGHUP. From here on statements are referred to the child. The store keeps what it handed over, and
//!    does not answer with it any more, whatever becomes of the delegation. `handing_over` can go.
//!
//! A reload that would delegate people who were not held is refused, and all is served as before. At a start
//! nobody else has served them meanwhile: it is told in the log, and they stay in the store for `threepid
//! store handover`, which gives what is held and what went away.
//!
//! # Taking a delegation back
//!
//! 1. The child holds all that it has: `handing_over = ["+44777"]`, the zone's own name, and SIGHUP. It goes
//!    on answering until nobody is referred to it any more, as long as the NS records' TTL after step 5.
//! 2. The child hands over, `threepid store handover STORE +44777 > back.lines`: its marks and withdrawals with
//!    its people.
//! 3. The parent takes it in, while its server is stopped: `threepid store import STORE back.lines`.
//! 4. `threepid delegation remove ZONEFILE +44777 -c CONFIG --handed-back back.lines` looks that the store has
//!    each line or something later, and that all it once handed over came back.
//! 5. The parent's server starts, or has SIGHUP if it was started before. What came back is answered, and takes
//!    what is published. Nothing older than what the child held comes in.
//!
//! Where the child is lost with all that it held, `--lost` takes the delegation back without. Whoever was
//! handed over stays away, until a verification server publishes the same again, or something later. What
//! the child withdrew then is not known here, so that it can be replayed.
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
