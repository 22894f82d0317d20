//! The frames of the stack.

use super::AnswerKey;
use super::env::{Env, Event, Move};
use super::follow::Follow;
use super::lookup::Lookup;
use super::task::Task;
use super::trust::Trust;

/// One thing to find out. The topmost frame of the stack works; the others wait for what the one
/// above them finds.
///
/// ```text
///                         question
///                            │
///                            ▼
///            ┌──────────► Follow ──────────► Response
///            │ answer        │ a name, a type            each link of a chain of aliases
///            │               ▼
///            ├──────────► Lookup ◄──────────────────┐
///            │ address       │ zone of the answer   │ DS set, then DNSKEY set
///            │ of a server   ▼                      │ of the zone
///            └─ Lookup     Trust ───────────────────┘
///
/// Follow   asking ──answer, alias──► asking ──answer, other──► done
///
/// Lookup   fresh ──cached and judged──► done
///          fresh ──failure known──► failed
///          fresh ──cached, not judged──► judging
///          fresh ──special──► done                            (see `special`)
///          fresh ──not cached──► walking
///        walking ──at a zone whose proofs say enough──► done  (RFC 8198)
///        walking ──server chosen──► asking                    (for a tree's servers, a part of the name,
///                                                              or all of it)
///        walking ──server without address──► addressing ──address, or none──► walking
///        walking ──nobody left, errors to a part of the name──► walking  (with all of it)
///        walking ──nobody left, delegation old──► walking     (from further up)
///        walking ──nobody left, primed──► walking             (with the hints)
///        walking ──nobody left──► failed
///         asking ──silence, error, lame, not sent──► walking  (next try, or next server)
///         asking ──truncated, or EDNS unknown──► asking       (same server, TCP or without)
///         asking ──garbled, then silence; besieged──► asking  (same server, TCP)
///         asking ──spelt otherwise──► asking                  (same server, TCP, or else in lower case)
///         asking ──another resolution asks the same──► asking (its reply stands for this one's)
///         asking ──too many questions──► failed
///         asking ──servers of a tree──► walking               (with these; else with the hints)
///         asking ──referral──► walking                        (one zone further)
///         asking ──answer to a minimised question──► walking  (some labels further)
///         asking ──answer──► judging
///        judging ──zone not trusted yet──► judging            (a Trust frame works, see below)
///        judging ──key not known, keys old──► judging         (a Trust frame learns them anew)
///        judging ──proved, or need not be──► done
///        judging ──bogus, tries left──► walking               (other servers)
///        judging ──bogus, delegation old──► walking           (from further up)
///        judging ──bogus──► failed
///
/// Trust    no anchor, or below a negative one ──► insecure
///          anchored, or DS found ──► DNSKEY ──► keys
///          DNSKEY bogus, DS old ──► DS anew
///          DS denied at a delegation, or of no known kind ──► insecure
///          DS denied elsewhere ──► not a cut
/// ```
///
/// A Trust frame at a name waits only for DS sets at it, which are judged by zones strictly above it:
/// the stack ends at an anchor. Addresses are found without judging them: what servers say is
/// judged, not who they are. A Lookup for the address of a server that is itself waited for is not
/// begun.
#[derive(Debug)]
pub(super) enum Frame {
    /// Answers a client's question, through aliases.
    Follow(Follow),
    /// Finds one RRset, or that there is none, and whether it is proved.
    Lookup(Box<Lookup>),
    /// Finds out how data of a zone is to be judged.
    Trust(Trust),
}

impl Frame {
    /// The frame that finds this out.
    pub(super) fn new(task: Task) -> Self {
        match task {
            Task::Lookup(wanted) => Self::Lookup(Box::new(Lookup::new(wanted))),
            Task::Trust(zone) => Self::Trust(Trust::new(zone)),
            Task::TrustAnew(zone) => Self::Trust(Trust::anew(zone)),
        }
    }

    /// What a Lookup looks up.
    pub(super) fn looks_up(&self) -> Option<&AnswerKey> {
        match self {
            Self::Lookup(lookup) => Some(lookup.key()),
            Self::Follow(_) | Self::Trust(_) => None,
        }
    }

    pub(super) fn is_lookup_of(&self, key: &AnswerKey) -> bool {
        self.looks_up() == Some(key)
    }

    pub(super) fn handle(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Move {
        match self {
            Self::Follow(follow) => follow.handle(event, env),
            Self::Lookup(lookup) => lookup.handle(event, env),
            Self::Trust(trust) => trust.handle(event, env),
        }
    }
}
