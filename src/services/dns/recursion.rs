//! Questions that were put off, on their way through the recursor.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Served;
use super::tally::{count_response, responses};
use crate::recursor::{Begun, Recursor};
use crate::resolver::{Cause, Request, Response};
use crate::telemetry::{Shard, Telemetry};
use crate::transport::{Deferred, Exchange};
use crate::wire::{EdnsPolicy, Query, Rcode, Transport};

/// What the clients of recursion may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions that wait for answers from elsewhere: 4096. Each takes a few kB. Further ones are
    /// told at once that there are too many; those whose answers are known are answered all the same.
    pub questions: NonZeroUsize,
    /// Questions that are looked at: 64. None of them waits for anything but a processor. While there
    /// are as many, others wait in the queue they come from.
    pub looks: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        let count = |count| NonZeroUsize::new(count).expect("no default is zero");
        Self { questions: count(4096), looks: count(64) }
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
    let desk = Arc::new(Desk {
        waiting: Semaphore::new(limits.questions.get()),
        responses: Mutex::new(responses(telemetry).shard()),
    });
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

/// What all questions share.
struct Desk {
    /// Places for questions that wait.
    waiting: Semaphore,
    responses: Mutex<Shard>,
}

impl Desk {
    /// Answers a question. What is known takes no place; `look` is given back before any wait.
    async fn settle<E: Exchange + 'static>(
        &self,
        question: Deferred,
        served: &Served,
        recursor: Recursor<E>,
        look: OwnedSemaphorePermit,
    ) {
        let transport = question.peer.transport;
        // What is no question was answered at once, and not put off.
        let Ok(query) = Query::parse(&question.packet) else { return };
        let request = Request::of(&query);
        let response = match begin(&recursor, &query, &request) {
            Begun::Known(response) => response,
            Begun::Awaited(landing) => {
                drop(look);
                match self.waiting.try_acquire() {
                    Ok(_place) => landing.wait().await,
                    // It is still looked for: the next who asks finds it.
                    Err(_) => Arc::new(Response::failure(Cause::Busy)),
                }
            }
        };
        let (rcode, message) = encode(&response, &query, &request, transport, &served.edns);
        let mut shard = self.responses.lock().unwrap_or_else(PoisonError::into_inner);
        count_response(&mut shard, transport, rcode);
        drop(shard);
        question.reply(message);
    }
}

/// Has the recursor answer a query, however long that takes. Gives the code of the response, and its
/// octets.
pub async fn answer<E: Exchange + 'static>(
    recursor: &Recursor<E>,
    query: &Query<'_>,
    transport: Transport,
    edns: &EdnsPolicy,
) -> (Rcode, Vec<u8>) {
    let request = Request::of(query);
    let response = match begin(recursor, query, &request) {
        Begun::Known(response) => response,
        Begun::Awaited(landing) => landing.wait().await,
    };
    encode(&response, query, &request, transport, edns)
}

fn begin<E: Exchange + 'static>(
    recursor: &Recursor<E>,
    query: &Query<'_>,
    request: &Request,
) -> Begun {
    if query.recursion_desired {
        recursor.begin(request.question.clone(), request.checking())
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
