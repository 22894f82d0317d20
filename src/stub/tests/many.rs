//! Many identifiers at once.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::SystemClock;
use crate::resolver::Root;
use crate::stub::{Client, Limits, Outcome};
use crate::threepid::Threepid;
use crate::transport::{Exchange, ExchangeError, Transport};

/// A network that says nothing, and counts how many ask at the same time.
#[derive(Debug, Default, Clone)]
struct Silence {
    asking: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Exchange for Silence {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        _: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let asking = self.asking.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(asking, Ordering::Relaxed);
        tokio::time::sleep(patience).await;
        self.asking.fetch_sub(1, Ordering::Relaxed);
        Err(ExchangeError::Timeout)
    }
}

fn numbers() -> impl Iterator<Item = Threepid> {
    let number = |last| Threepid::parse_any(&format!("+4477009001{last:02}"), None).unwrap();
    (0..20).map(number)
}

fn client(network: &Silence, limits: Limits) -> Client<Silence> {
    let apex = "3pid.example.".parse().unwrap();
    let root = Root { apex, servers: Vec::new(), anchors: Vec::new() };
    let resolver = "127.0.0.1:53".parse().unwrap();
    Client::over(network.clone(), Arc::new(SystemClock), resolver, vec![root], limits)
}

#[tokio::test(start_paused = true)]
async fn a_question_has_an_end() {
    for (question, again) in [(15, 2), (3, 2), (4, 1)] {
        let (question, again) = (Duration::from_secs(question), Duration::from_secs(again));
        let limits = Limits { question, again, ..Limits::default() };
        let begun = tokio::time::Instant::now();
        let answer = client(&Silence::default(), limits).find(&numbers().next().unwrap()).await;
        let lasted = begun.elapsed();
        assert_eq!(answer.outcome, Outcome::Unanswered);
        assert!(question - again < lasted && lasted <= question, "{lasted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_is_given_once_and_no_more_are_asked_for_than_allowed() {
    let network = Silence::default();
    let client = client(&network, Limits::default());
    let mut many = client.find_many(numbers(), NonZeroUsize::new(3).unwrap());
    let mut found = Vec::new();
    while let Some(looked) = many.next().await {
        assert_eq!(looked.answer.outcome, Outcome::Unanswered);
        found.push((looked.index, looked.threepid));
    }
    found.sort();
    assert_eq!(found, numbers().enumerate().collect::<Vec<_>>());
    assert_eq!(network.most.load(Ordering::Relaxed), 3);
}
