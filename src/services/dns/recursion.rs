//! Questions that were put off, on their way through the recursor.
//!
//! Anyone can ask over UDP in the name of others. Many questions, held back and answered all at once,
//! would hit whoever is named with a pulse of answers (CVE-2024-33655, "DNSBomb"). So only so many
//! questions of one client wait, and over UDP what comes late is not sent: by then the client has
//! asked again, and finds the answer known. Over TCP a client that waits is there, and asks no
//! second time: it is answered however late, and told when too many of its questions wait.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::Served;
use super::tally::{Wait, count_response, count_wait, responses, waits};
use crate::recursor::{Begun, Follower, Recursor};
use crate::resolver::{Cause, Request, Response};
use crate::telemetry::{Shard, Telemetry};
use crate::transport::{Deferred, Exchange, Full, Peer, Slots};
use crate::wire::{EdnsPolicy, Query, Rcode, Transport};

/// What all clients of recursion may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions that wait for answers from elsewhere: 4096. Each takes a few kB. Further ones are
    /// told at once that there are too many; those whose answers are known are answered all the same.
    pub questions: NonZeroUsize,
    /// Questions that are looked at: 64. None of them waits for anything but a processor. While there
    /// are as many, others wait in the queue they come from.
    pub looks: NonZeroUsize,
}

/// What one client of recursion may take: an IPv4 address, or an IPv6 network of 64 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// Its questions that wait for answers from elsewhere: 1000, as in Unbound, a quarter of
    /// [`Limits::questions`]. One waits until its answer is there, or would be too late. For
    /// further ones nothing is looked up. Where nothing is known, they get no answer over UDP, where
    /// another may have asked in the client's name, and SERVFAIL over TCP.
    pub waiting: NonZeroUsize,
    /// How long after its question an answer may be given over UDP: 1.9 s. Stubs ask again after 2 s at
    /// the earliest, and what is served stale is so after 1.8 s (RFC 8767 section 5).
    pub lateness: Duration,
}

/// A count that is not zero.
const fn count(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("no default is zero")
}

impl Default for Limits {
    fn default() -> Self {
        Self { questions: count(4096), looks: count(64) }
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self { waiting: count(1000), lateness: Duration::from_millis(1900) }
    }
}

/// Answers the `questions` that were put off, each by the recursor of its time, until no more can
/// come and all are answered. Their OPT records offer the UDP size that `served` does at the time.
pub async fn recurse<E: Exchange + 'static>(
    mut questions: mpsc::Receiver<Deferred>,
    served: Arc<ArcSwap<Served>>,
    recursor: Arc<ArcSwap<Recursor<E>>>,
    limits: Limits,
    telemetry: &Telemetry,
) {
    let desk = Arc::new(Desk::new(&limits, telemetry));
    let looks = Arc::new(Semaphore::new(limits.looks.get()));
    let mut tasks = JoinSet::new();
    loop {
        let look = looks.clone().acquire_owned().await.expect("nobody closes it");
        tokio::select! {
            question = questions.recv() => {
                let Some(question) = question else { break };
                let (desk, served) = (desk.clone(), served.load_full());
                let recursor = Recursor::clone(&recursor.load());
                tasks.spawn(async move { desk.settle(question, &served, recursor, look).await });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// Where questions are taken, and wait. What all of them share.
#[derive(Debug)]
pub struct Desk {
    /// For questions that wait.
    places: Arc<Slots>,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    waits: Shard,
    responses: Shard,
}

impl Desk {
    /// Nobody waits yet. How waits end and what is responded is counted in `telemetry`.
    pub fn new(limits: &Limits, telemetry: &Telemetry) -> Self {
        let counts =
            Counts { waits: waits(telemetry).shard(), responses: responses(telemetry).shard() };
        Self { places: Slots::new(limits.questions), counts: Mutex::new(counts) }
    }

    /// Answers a question, or leaves it without answer.
    async fn settle<E: Exchange + 'static>(
        &self,
        question: Deferred,
        served: &Served,
        recursor: Recursor<E>,
        look: OwnedSemaphorePermit,
    ) {
        let Deferred { packet, peer, arrived, .. } = &question;
        let response = self.respond(packet, peer, *arrived, served, &recursor, look).await;
        if let Some(message) = response {
            question.reply(message);
        }
    }

    /// The response to the question in `packet`, which came when it `arrived`; none where it is to
    /// have none. What is known takes no place; `look`, which stands for the processor, is given back
    /// before any wait.
    pub async fn respond<E: Exchange + 'static>(
        &self,
        packet: &[u8],
        peer: &Peer,
        arrived: Instant,
        served: &Served,
        recursor: &Recursor<E>,
        look: impl Send,
    ) -> Option<Vec<u8>> {
        let transport = peer.transport;
        // What is no question was answered at once, and not put off.
        let query = Query::parse(packet).ok()?;
        let request = Request::of(&query);
        let mut place = None;
        let begun = begin(recursor, &query, &request, || {
            let taken = self.places.take(peer.remote.ip(), served.client.waiting);
            place.insert(taken).is_ok()
        });
        let response = match (begun, place) {
            (Begun::Known(busy), Some(Err(full))) if busy.failure.is_some() => {
                self.turn_away(full, transport).then_some(busy)
            }
            (Begun::Known(response), _) => Some(response),
            // The place is kept as long as it is waited.
            (Begun::Awaited(follower), _place) => {
                drop(look);
                self.wait(follower, transport, arrived + served.client.lateness).await
            }
        };
        let response = response?;
        let (rcode, message) = encode(&response, &query, &request, transport, &served.edns);
        self.count(|counts| count_response(&mut counts.responses, transport, rcode));
        Some(message)
    }

    /// Whether a question without a place is told so.
    fn turn_away(&self, full: Full, transport: Transport) -> bool {
        let (wait, told) = match full {
            Full::Client => (Wait::ClientFull, transport == Transport::Tcp),
            Full::All => (Wait::Full, true),
        };
        self.count(|counts| count_wait(&mut counts.waits, transport, wait));
        told
    }

    /// Waits for a response; over UDP until it would be `late`, and be given no more. The resolver goes
    /// on in any case: who asks next finds what it found.
    async fn wait(
        &self,
        follower: Follower,
        transport: Transport,
        late: Instant,
    ) -> Option<Arc<Response>> {
        let response = match transport {
            Transport::Udp => timeout_at(late, follower.response()).await.ok(),
            Transport::Tcp => Some(follower.response().await),
        };
        let wait = if response.is_some() { Wait::Answered } else { Wait::Late };
        self.count(|counts| count_wait(&mut counts.waits, transport, wait));
        response
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn begin<E: Exchange + 'static>(
    recursor: &Recursor<E>,
    query: &Query<'_>,
    request: &Request,
    admit: impl FnOnce() -> bool,
) -> Begun {
    if query.recursion_desired {
        recursor.begin_if(request.question.clone(), request.checking(), admit)
    } else {
        Begun::Known(Arc::new(Response::failure(Cause::NoRecursion)))
    }
}

fn encode(
    response: &Response,
    query: &Query<'_>,
    request: &Request,
    transport: Transport,
    edns: &EdnsPolicy,
) -> (Rcode, Vec<u8>) {
    let mut message = response.to_message(query, request);
    if let Some(opt) = &mut message.edns {
        opt.udp_size = edns.udp_size;
    }
    (message.rcode, message.encode_within(query.limit(transport, edns.udp_size)))
}
