//! Who finds people in the trees.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::timeout;

use crate::association::{Claim, Mxid, Statement};
use crate::stub::{Client, Outcome};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::transport::http::BoxFuture;

/// Finds people in the trees.
pub trait People: Send + Sync {
    /// Whose these identifiers are, `at_once` of them at a time, as far as that is found in this `time`: the
    /// number of each, and its user. What is not proved or not trusted is not told.
    fn find(
        &self,
        threepids: Vec<Threepid>,
        at_once: NonZeroUsize,
        time: Duration,
    ) -> BoxFuture<'_, Vec<(usize, Mxid)>>;

    /// What is signed of an identifier that belongs to somebody, under the same conditions.
    fn signed(&self, threepid: Threepid, time: Duration) -> BoxFuture<'_, Option<Statement>>;
}

impl<E: Exchange + 'static> People for Client<E> {
    fn find(
        &self,
        threepids: Vec<Threepid>,
        at_once: NonZeroUsize,
        time: Duration,
    ) -> BoxFuture<'_, Vec<(usize, Mxid)>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let mut many = self.find_many(threepids, at_once);
            let all = async {
                while let Some(looked) = many.next().await {
                    let is_certain = looked.answer.is_certain();
                    if let (true, Outcome::User(user)) = (is_certain, looked.answer.outcome) {
                        found.push((looked.index, user.mxid));
                    }
                }
            };
            // What was found by then is told.
            let _ = timeout(time, all).await;
            found
        })
    }

    fn signed(&self, threepid: Threepid, time: Duration) -> BoxFuture<'_, Option<Statement>> {
        Box::pin(async move {
            let answer = timeout(time, self.find(&threepid)).await.ok()?;
            let Outcome::User(user) = &answer.outcome else { return None };
            let is_told = |it: &Statement| *it.claim() == Claim::Association(user.clone());
            let is_certain = answer.is_certain();
            let mut found = answer.findings.iter().filter_map(|it| it.outcome.as_ref().ok());
            found.find_map(|it| it.statement.clone().filter(is_told)).filter(|_| is_certain)
        })
    }
}
