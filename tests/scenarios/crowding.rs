//! A zone whose servers take as long as they may, and what it takes from others. Time is scripted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use threepid::authority::Authority;
use threepid::clock::{Clock, Timestamp};
use threepid::recursor::{Limits, Recursor};
use threepid::resolver::{Cause, Checking, Policy, Root};
use threepid::transport::{self, Exchange, ExchangeError, Transport};
use threepid::wire::{EdnsPolicy, Query};

use super::net::{name, parse};
use super::tree::{self, NOW};

/// How many servers the slow zone has: as many as are looked at.
const SERVERS: u8 = 16;

/// The wall clock, in step with the scripted time.
struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        NOW.saturating_add(self.0.elapsed())
    }
}

/// A network with one good server and some that use up all patience. It lets questions out as a model of
/// the real one does: by its limits, and waiting as long, but without limit on how many wait.
struct Crowd {
    good: Authority,
    evil: Authority,
    all: Semaphore,
    lanes: Mutex<HashMap<SocketAddr, Arc<Semaphore>>>,
    limits: transport::Limits,
}

impl Exchange for Crowd {
    async fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let lane = || Arc::new(Semaphore::new(self.limits.exchanges_per_server.get()));
        let lane = self.lanes.lock().unwrap().entry(server).or_insert_with(lane).clone();
        let both = async { (lane.acquire().await.unwrap(), self.all.acquire().await.unwrap()) };
        let _pass =
            timeout(self.limits.exchange_wait, both).await.map_err(|_| ExchangeError::NotSent)?;
        let evil = server.ip().to_string().starts_with("198.");
        sleep(if evil { patience - Duration::from_millis(20) } else { Duration::from_millis(30) })
            .await;
        let query = Query::parse(packet).unwrap();
        let mut out = Vec::new();
        let authority = if evil { &self.evil } else { &self.good };
        authority.answer(
            &query,
            query.limit(transport, 1232),
            &EdnsPolicy::default(),
            NOW,
            &mut out,
        );
        Ok(out)
    }
}

fn crowd() -> Crowd {
    let mut records = String::from("good NS ns.good\nns.good A 192.0.2.1\n");
    for last in 1..=SERVERS {
        records += &format!("evil NS ns{last}.evil\nns{last}.evil A 198.51.100.{last}\n");
    }
    let apex = tree::zone("test.", "1", false, &records);
    let good = tree::zone("good.test.", "1", false, "* A 192.0.2.7");
    let evil = tree::zone("evil.test.", "1", false, "* A 192.0.2.7");
    let few = |count: usize| count.try_into().unwrap();
    let limits = transport::Limits {
        exchanges: few(102),
        exchanges_per_server: few(13),
        ..transport::Limits::default()
    };
    Crowd {
        good: Authority::new(vec![apex, good]).unwrap(),
        evil: Authority::new(vec![evil]).unwrap(),
        all: Semaphore::new(limits.exchanges.get()),
        lanes: Mutex::default(),
        limits,
    }
}

/// What became of the questions for the good zone.
#[derive(Debug, Default, PartialEq, Eq)]
struct Account {
    answered: u32,
    late: u32,
    busy: u32,
    failed: u32,
}

/// Asks for names in the good zone, 20 a second, among `flood` a second for names in the slow one.
/// There are a tenth of the usual places, for resolutions and for exchanges.
async fn play(flood: u32) -> Account {
    let servers = vec!["192.0.2.1".parse().unwrap()];
    let root = Root { apex: name("test."), servers, anchors: Vec::new() };
    let policy = Policy { roots: vec![root], ..Policy::default() };
    let clock = Arc::new(Running(Instant::now()));
    let limits = Limits { resolutions: 200, ..Limits::default() };
    let recursor = Recursor::new(policy, crowd(), clock, limits);
    let mut good = JoinSet::new();
    for tick in 0..200_u32 {
        for number in 0..flood / 20 {
            let question = parse(&format!("a.b.c.d.x{tick}-{number}.evil.test. A"));
            recursor.begin(question, Checking::Enabled);
        }
        let (recursor, question) = (recursor.clone(), parse(&format!("y{tick}.good.test. A")));
        good.spawn(async move {
            let since = Instant::now();
            let response = recursor.resolve(question, Checking::Enabled).await;
            (since.elapsed(), response)
        });
        sleep(Duration::from_millis(50)).await;
    }
    let mut account = Account::default();
    while let Some(asked) = good.join_next().await {
        let (took, response) = asked.unwrap();
        match &response.failure {
            None if took <= Duration::from_millis(1900) => account.answered += 1,
            None => account.late += 1,
            Some(Cause::Busy) => account.busy += 1,
            Some(_) => account.failed += 1,
        }
    }
    account
}

#[tokio::test(start_paused = true)]
async fn a_slow_zone_takes_nothing_from_others() {
    let most = Account { answered: 200, ..Account::default() };
    assert_eq!(play(0).await, most);
    assert_eq!(play(200).await, most);
}
