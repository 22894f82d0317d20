//! Questions that were put off, on their way through the recursor.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::tally::{count_response, responses};
use crate::recursor::Recursor;
use crate::telemetry::{Shard, Telemetry};
use crate::transport::{Deferred, Exchange};
use crate::wire::rcode_of;

/// What the clients of recursion may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions at hand, those that wait for the same resolution counted each: 4096. Each takes a
    /// few kB. While there are as many, others wait in the queue they come from.
    pub questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { questions: 4096 }
    }
}

/// Answers the `questions` that were put off, each by the recursor of its time, until no more can
/// come and all are answered.
pub async fn recurse<E: Exchange + 'static>(
    mut questions: mpsc::Receiver<Deferred>,
    recursor: Arc<ArcSwap<Recursor<E>>>,
    limits: Limits,
    telemetry: &Telemetry,
) {
    let shard = Arc::new(Mutex::new(responses(telemetry).shard()));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            question = questions.recv(), if tasks.len() < limits.questions.max(1) => {
                let Some(question) = question else { break };
                tasks.spawn(answer(question, Recursor::clone(&recursor.load()), shard.clone()));
            }
            Some(_) = tasks.join_next() => {}
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn answer<E: Exchange + 'static>(
    question: Deferred,
    recursor: Recursor<E>,
    shard: Arc<Mutex<Shard>>,
) {
    let transport = question.peer.transport;
    let Some(message) = recursor.answer(&question.packet, transport).await else { return };
    if let Some(rcode) = rcode_of(&message) {
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        count_response(&mut shard, transport, rcode);
    }
    question.reply(message);
}
