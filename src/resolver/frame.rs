//! The frames of the stack.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::follow::Follow;
use super::limits::Budget;
use super::lookup::Lookup;
use super::note::Journal;
use super::trust::Trust;
use super::{Answer, AnswerKey, Cache, Cause, Limits, Policy, Response, Stored, Trusted};
use crate::clock::Timestamp;
use crate::crypto::Random;
use crate::wire::Transport;

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
/// Lookup   fresh ──cached and judged──────────────────────────────────────► done
///          fresh ──cached, not judged──► judging
///          fresh ──not cached──► walking
///        walking ──server chosen──► asking             (minimised question, or the full one)
///        walking ──server without address──► addressing ──address, or none──► walking
///        walking ──nobody left to ask, delegation old──► walking             (from further up)
///        walking ──nobody left to ask──► failed
///         asking ──silence, error, lame, not sent──► walking      (next try, or next server)
///         asking ──truncated, or EDNS unknown──► asking         (same server, TCP or without)
///         asking ──referral──► walking                                     (one zone further)
///         asking ──answer to a minimised question──► walking             (some labels further)
///         asking ──answer──► judging
///        judging ──zone not trusted yet──► judging          (a Trust frame works, see below)
///        judging ──key not known, keys old──► judging        (a Trust frame learns them anew)
///        judging ──proved, or need not be──► done
///        judging ──bogus, tries left──► walking                               (other servers)
///        judging ──bogus, delegation old──► walking                         (from further up)
///        judging ──bogus──► failed
///
/// Trust    anchored, or DS found ──► DNSKEY ──► keys
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

/// What a frame is told.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// It is on top for the first time.
    Enter,
    /// A packet came for the question that it sent.
    Reply(&'a [u8]),
    /// No usable packet came for it.
    NoReply,
    /// So many came that are none that someone seems to be guessing the message id.
    Besieged,
    /// It was not sent.
    NotSent,
    /// What the Lookup that it waited for found.
    Found(Found),
    /// What the Trust that it waited for found.
    Trusted(Result<Trusted, Cause>),
}

/// What a Lookup finds.
pub(super) type Found = Result<Arc<Stored<Answer>>, Cause>;

/// What a frame does next.
#[derive(Debug)]
pub(super) enum Move {
    /// Waits for another frame.
    Push(Frame),
    /// Sends a question.
    Send(Outgoing),
    /// Goes on waiting for the reply to it.
    Wait,
    /// Is done: a Lookup.
    Found(Found),
    /// Is done: a Trust.
    Trusted(Result<Trusted, Cause>),
    /// Is done: a Follow.
    Answered(Box<Response>),
    /// Ends the request: there is no budget for another way.
    Abort(Cause),
}

/// A question to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// To whom.
    pub server: SocketAddr,
    /// How.
    pub via: Transport,
    /// The message.
    pub packet: Vec<u8>,
    /// How long to wait for the reply.
    pub timeout: Duration,
}

/// What frames work with.
pub(super) struct Env<'a> {
    pub(super) policy: &'a Policy,
    pub(super) cache: &'a dyn Cache,
    pub(super) now: Timestamp,
    pub(super) random: &'a mut dyn Random,
    pub(super) budget: &'a mut Budget,
    pub(super) journal: &'a mut Journal,
    /// The frames that wait.
    pub(super) waiting: &'a [Frame],
}

impl<'a> Env<'a> {
    pub(super) fn limits(&self) -> &'a Limits {
        &self.policy.limits
    }

    /// Whether a Lookup of this is under way below.
    pub(super) fn is_waited_for(&self, key: &AnswerKey) -> bool {
        self.waiting
            .iter()
            .any(|frame| matches!(frame, Frame::Lookup(lookup) if lookup.key() == key))
    }
}

impl Frame {
    pub(super) fn handle(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Move {
        match self {
            Self::Follow(follow) => follow.handle(event, env),
            Self::Lookup(lookup) => lookup.handle(event, env),
            Self::Trust(trust) => trust.handle(event, env),
        }
    }
}
