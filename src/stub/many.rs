//! Many identifiers, some of them at once.

use std::fmt;
use std::iter::Enumerate;
use std::num::NonZeroUsize;

use tokio::task::JoinSet;

use super::{Answer, Client};
use crate::threepid::Threepid;
use crate::transport::Exchange;

/// How many identifiers are looked up at once where nothing speaks for another number: 32. With three
/// roots that is a hundred questions, a tenth of what our resolver lets a client have waiting; one that
/// answers in 20 ms is asked about a thousand identifiers in a second.
pub const AT_ONCE: NonZeroUsize = const { NonZeroUsize::new(32).expect("32 is not zero") };

/// Lookups of many identifiers, begun by [`Client::find_many`]. Dropped, it begins no more of them.
pub struct Many<E, I> {
    client: Client<E>,
    waiting: Enumerate<I>,
    under_way: JoinSet<Looked>,
    at_once: usize,
}

impl<E, I> fmt::Debug for Many<E, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many").field("under_way", &self.under_way.len()).finish_non_exhaustive()
    }
}

/// What was found for one of many identifiers.
#[derive(Debug)]
pub struct Looked {
    /// Which one it is, in the order in which they were given, from 0.
    pub index: usize,
    /// The identifier.
    pub threepid: Threepid,
    /// What is said about it, and what that is worth.
    pub answer: Answer,
}

impl<E: Exchange + 'static> Client<E> {
    /// Finds whose each of these identifiers is, `at_once` of them at a time: [`AT_ONCE`] is polite to the
    /// resolver. The next is taken when one is done, so that there may be any number.
    ///
    /// They share what is learned of the chain of trust; the same identifier twice is asked for twice.
    pub fn find_many<I>(&self, threepids: I, at_once: NonZeroUsize) -> Many<E, I::IntoIter>
    where
        I: IntoIterator<Item = Threepid>,
    {
        Many {
            client: self.clone(),
            waiting: threepids.into_iter().enumerate(),
            under_way: JoinSet::new(),
            at_once: at_once.get(),
        }
    }
}

impl<E: Exchange + 'static, I: Iterator<Item = Threepid>> Many<E, I> {
    /// The next that is found, in any order; none once all are. Each identifier is given once, also
    /// where nothing can be told about it.
    ///
    /// It can be broken off and called again: nothing is lost.
    pub async fn next(&mut self) -> Option<Looked> {
        while self.under_way.len() < self.at_once
            && let Some((index, threepid)) = self.waiting.next()
        {
            let client = self.client.clone();
            self.under_way.spawn(async move {
                let answer = client.find(&threepid).await;
                Looked { index, threepid, answer }
            });
        }
        let looked = self.under_way.join_next().await?;
        // What fails in a lookup is told in its answer: this is code that does nothing but wait.
        Some(looked.expect("nothing in it panics, and nobody breaks it off"))
    }
}
