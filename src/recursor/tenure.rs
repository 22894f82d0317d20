//! How many resolutions may be under way in one tree, and which of them gives way.
//!
//! Were places kept to the end, a zone whose servers take as long as they may would soon hold all of
//! a tree: anyone can ask for many names in it. So where all are taken, the resolution that has its
//! place for longest loses it to the next: the slow give way to the many that are quick.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// Places for resolutions of one kind.
#[derive(Debug)]
pub(super) struct Pool {
    most: usize,
    /// How long a place is safe.
    safe: Duration,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    /// By the order in which they were taken.
    places: BTreeMap<u64, Place>,
    next: u64,
}

#[derive(Debug)]
struct Place {
    since: Instant,
    _held: oneshot::Sender<()>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Tenure {
    all: Arc<Pool>,
    number: u64,
    lost: oneshot::Receiver<()>,
}

impl Pool {
    /// So many places, each of them safe for so long.
    pub(super) fn new(most: usize, safe: Duration) -> Arc<Self> {
        Arc::new(Self { most, safe, taken: Mutex::default() })
    }

    /// A place; where none is free, that of whoever has one for longest, if it is not safe any more.
    pub(super) fn take(self: &Arc<Self>) -> Option<Tenure> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.places.len() >= self.most {
            let oldest = taken.places.first_entry()?;
            if oldest.get().since.elapsed() < self.safe {
                return None;
            }
            oldest.remove();
        }
        let (held, lost) = oneshot::channel();
        let number = taken.next;
        taken.next += 1;
        taken.places.insert(number, Place { since: Instant::now(), _held: held });
        Some(Tenure { all: self.clone(), number, lost })
    }
}

impl Tenure {
    /// Returns once another has the place.
    pub(super) async fn lost(&mut self) {
        let _ = (&mut self.lost).await;
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        let mut taken = self.all.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.places.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_gives_way_when_its_time_is_over() {
        let pool = Pool::new(2, Duration::from_millis(500));
        let mut first = pool.take().unwrap();
        tokio::time::advance(Duration::from_millis(499)).await;
        let mut second = pool.take().unwrap();
        assert!(pool.take().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        let third = pool.take().unwrap();
        first.lost().await;
        assert!(pool.take().is_none(), "the others are safe");
        drop(first);
        assert!(pool.take().is_none(), "it had no place to give back");
        drop(third);
        let _fourth = pool.take().unwrap();
        assert!(
            second.lost.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        drop(second);
        assert_eq!(pool.taken.lock().unwrap().places.len(), 1);
    }
}
