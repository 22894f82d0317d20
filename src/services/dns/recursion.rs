//! Questions that were put off, on their way through the recursor.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Served;
use super::tally::{count_response, responses};
use crate::recursor::Recursor;
use crate::resolver::{Cause, Request, Response};
use crate::telemetry::{Shard, Telemetry};
use crate::transport::{Deferred, Exchange};
use crate::wire::{EdnsPolicy, Query, Rcode, Transport};

/// What the clients of recursion may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions at hand, those that wait for the same resolution counted each: 4096. Each takes a
    /// few kB. While there are as many, others wait in the queue they come from.
    pub questions: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { questions: const { NonZeroUsize::new(4096).expect("4096 is not zero") } }
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
    let shard = Arc::new(Mutex::new(responses(telemetry).shard()));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            question = questions.recv(), if tasks.len() < limits.questions.get() => {
                let Some(question) = question else { break };
                let recursor = Recursor::clone(&recursor.load());
                tasks.spawn(settle(question, served.load_full(), recursor, shard.clone()));
            }
            Some(_) = tasks.join_next() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn settle<E: Exchange + 'static>(
    question: Deferred,
    served: Arc<Served>,
    recursor: Recursor<E>,
    shard: Arc<Mutex<Shard>>,
) {
    let transport = question.peer.transport;
    // What is no question was answered at once, and not put off.
    let Ok(query) = Query::parse(&question.packet) else { return };
    let (rcode, message) = answer(&recursor, &query, transport, &served.edns).await;
    count_response(&mut shard.lock().unwrap_or_else(PoisonError::into_inner), transport, rcode);
    question.reply(message);
}

/// Has the recursor answer a query. Gives the code of the response, and its octets.
pub async fn answer<E: Exchange + 'static>(
    recursor: &Recursor<E>,
    query: &Query<'_>,
    transport: Transport,
    edns: &EdnsPolicy,
) -> (Rcode, Vec<u8>) {
    let request = Request::of(query);
    let response = if query.recursion_desired {
        recursor.resolve(request.question.clone(), request.checking_disabled).await
    } else {
        Arc::new(Response::failure(Cause::NoRecursion))
    };
    let mut message = response.to_message(query, &request);
    if let Some(opt) = &mut message.edns {
        opt.udp_size = edns.udp_size;
    }
    (message.rcode, message.encode_within(query.limit(transport, edns.udp_size)))
}
