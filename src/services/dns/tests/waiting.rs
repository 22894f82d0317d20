//! Tests of who waits, and for how long. Time is scripted.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::*;

/// A resolver that knows an address for each name, but takes its time.
struct Slow {
    takes: Duration,
    asked: Arc<AtomicUsize>,
}

impl Exchange for Slow {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        packet: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        sleep(self.takes).await;
        Ok(address(packet))
    }
}

/// A desk before a recursor.
struct Rig {
    desk: Arc<Desk>,
    served: Arc<Served>,
    recursor: Recursor<Slow>,
    looks: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    clock: ManualClock,
    telemetry: Telemetry,
}

impl Rig {
    /// Answers take so long, so many may wait in all, and so many of one client.
    fn new(takes: Duration, questions: usize, waiting: usize) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let exchange = Slow { takes, asked: asked.clone() };
        let clock = ManualClock::default();
        let shared = Arc::new(clock.clone());
        let day = Some(Duration::from_secs(86_400));
        let serving_stale = recursor::Limits { stale: day, ..recursor::Limits::default() };
        let telemetry = Telemetry::new("t");
        let limits = Limits { questions: count(questions), ..Limits::default() };
        let client = ClientLimits { waiting: count(waiting), ..ClientLimits::default() };
        Self {
            desk: Arc::new(Desk::new(&limits, &telemetry)),
            served: Arc::new(Served { client, ..Served::new(Role::Resolver(Access::new(&[]))) }),
            recursor: Recursor::new(forwarding(), exchange, shared, serving_stale),
            looks: Arc::new(Semaphore::new(1)),
            asked,
            clock,
            telemetry,
        }
    }

    /// Has a client ask. It has done so, and waits, where this returns.
    async fn ask(&self, client: &str, via: Transport, name: &str) -> Asking {
        self.ask_after(Duration::ZERO, client, via, name).await
    }

    /// The same, where the question is seen so long after it came.
    async fn ask_after(
        &self,
        queued: Duration,
        client: &str,
        via: Transport,
        name: &str,
    ) -> Asking {
        let arrived = Instant::now() - queued;
        let remote = SocketAddr::new(client.parse::<IpAddr>().unwrap(), 4711);
        let peer = Peer { remote, local: "192.0.2.53:53".parse().unwrap(), transport: via };
        let query = ask(name, Rtype::A);
        let (desk, served, recursor) =
            (self.desk.clone(), self.served.clone(), self.recursor.clone());
        let look = self.looks.clone().acquire_owned().await.unwrap();
        let asking = tokio::spawn(async move {
            desk.respond(&query.encode(), &peer, arrived, &served, &recursor, look).await
        });
        // A look is given back before any wait.
        drop(self.looks.acquire().await.unwrap());
        Asking(asking)
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }

    /// How many packets these questions took; prints how many each did.
    fn end_of(&self, attack: &str, questions: u32) -> u32 {
        let packets = u32::try_from(self.asked()).unwrap();
        let each = f64::from(packets) / f64::from(questions);
        println!("| {attack} | {each:.2} packets for each question |");
        packets
    }

    /// How often a wait over UDP and over TCP ended so.
    fn counted(&self, end: &str) -> [u64; 2] {
        let text = self.telemetry.render();
        ["udp", "tcp"].map(|via| {
            let series = format!("t_dns_waits_total{{transport=\"{via}\",end=\"{end}\"}} ");
            let line = text.lines().find_map(|line| line.strip_prefix(&series)).unwrap();
            line.parse().unwrap()
        })
    }
}

/// A question that was asked.
struct Asking(JoinHandle<Option<Vec<u8>>>);

impl Asking {
    /// The code of the response, and how many records it has; none where there is none.
    async fn end(self) -> Option<(Rcode, usize)> {
        let message = Message::decode(&self.0.await.unwrap()?).unwrap();
        Some((message.rcode, message.answer.len()))
    }
}

const UDP: Transport = Transport::Udp;
const TCP: Transport = Transport::Tcp;
const FOUND: Option<(Rcode, usize)> = Some((Rcode::NOERROR, 1));
const BUSY: Option<(Rcode, usize)> = Some((Rcode::SERVFAIL, 0));
const ALICE: &str = "198.51.100.1";
const BOB: &str = "198.51.100.2";

#[tokio::test(start_paused = true)]
async fn late_answers_are_not_sent_over_udp() {
    let rig = Rig::new(Duration::from_millis(2000), 9, 9);
    let first = rig.ask(ALICE, UDP, "a.test.").await;
    sleep(Duration::from_millis(200)).await;
    let later = rig.ask(BOB, UDP, "a.test.").await;
    assert_eq!(first.end().await, None);
    assert_eq!(later.end().await, FOUND, "it waited for 1.8 s");
    assert_eq!(rig.ask(ALICE, UDP, "a.test.").await.end().await, FOUND, "who asks again");
    assert_eq!(rig.end_of("answers that come late", 3), 1);
    assert_eq!((rig.counted("late"), rig.counted("answered")), ([1, 0], [1, 0]));
}

#[tokio::test(start_paused = true)]
async fn late_answers_are_sent_over_tcp() {
    let rig = Rig::new(Duration::from_millis(9000), 9, 9);
    assert_eq!(rig.ask(ALICE, TCP, "a.test.").await.end().await, FOUND);
    assert_eq!(rig.counted("answered"), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_client_leaves_places_to_others() {
    let rig = Rig::new(Duration::from_millis(100), 9, 2);
    let known = rig.ask(ALICE, UDP, "known.test.").await;
    assert_eq!(known.end().await, FOUND);
    let waiting = [rig.ask(ALICE, UDP, "a.test.").await, rig.ask(ALICE, TCP, "b.test.").await];
    assert_eq!(rig.ask(ALICE, UDP, "c.test.").await.end().await, None);
    assert_eq!(rig.ask(ALICE, TCP, "c.test.").await.end().await, BUSY);
    assert_eq!(rig.ask(ALICE, UDP, "known.test.").await.end().await, FOUND);
    let bob = rig.ask(BOB, UDP, "d.test.").await;
    for asking in waiting.into_iter().chain([bob]) {
        assert_eq!(asking.end().await, FOUND);
    }
    let packets = rig.end_of("a client that asks for more than its places", 7);
    assert_eq!(packets, 4, "nothing is looked up for who has no place");
    assert_eq!(rig.ask(ALICE, UDP, "c.test.").await.end().await, FOUND, "there is place again");
    assert_eq!(rig.counted("client_full"), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_place_is_told_what_is_stale() {
    let rig = Rig::new(Duration::from_millis(100), 9, 1);
    assert_eq!(rig.ask(ALICE, UDP, "old.test.").await.end().await, FOUND);
    rig.clock.advance(Duration::from_secs(61));
    let waiting = rig.ask(ALICE, UDP, "a.test.").await;
    assert_eq!(rig.ask(ALICE, UDP, "old.test.").await.end().await, FOUND);
    assert_eq!(rig.asked(), 2);
    assert_eq!(waiting.end().await, FOUND);
}

#[tokio::test(start_paused = true)]
async fn nobody_keeps_a_place_for_an_answer_that_will_not_be_given() {
    let rig = Rig::new(Duration::from_secs(5), 1, 1);
    let first = rig.ask(ALICE, UDP, "a.test.").await;
    sleep(Duration::from_millis(1890)).await;
    assert_eq!(rig.ask(BOB, UDP, "b.test.").await.end().await, BUSY, "it may still be given");
    sleep(Duration::from_millis(20)).await;
    assert_eq!(first.end().await, None);
    assert_eq!(rig.counted("late"), [1, 0]);
    let second = rig.ask(BOB, TCP, "b.test.").await;
    sleep(Duration::from_millis(4000)).await;
    assert_eq!(rig.ask(ALICE, TCP, "c.test.").await.end().await, BUSY, "over TCP it will be");
    assert_eq!(second.end().await, FOUND);
    assert_eq!(rig.ask(ALICE, UDP, "a.test.").await.end().await, FOUND, "it was looked for on");
    assert_eq!(rig.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_had_to_queue_has_waited_already() {
    let rig = Rig::new(Duration::from_millis(1000), 9, 9);
    let queued = Duration::from_millis(950);
    let late = rig.ask_after(queued, ALICE, UDP, "a.test.").await;
    let in_time = rig.ask_after(queued / 2, ALICE, UDP, "a.test.").await;
    assert_eq!((late.end().await, in_time.end().await), (None, FOUND));
    let too_late = rig.ask_after(2 * queued + queued, ALICE, UDP, "b.test.").await;
    assert_eq!(too_late.end().await, None);
}

#[tokio::test(start_paused = true)]
async fn who_finds_all_places_taken_is_told() {
    let rig = Rig::new(Duration::from_millis(100), 2, 2);
    let waiting = [rig.ask(ALICE, UDP, "a.test.").await, rig.ask(BOB, UDP, "b.test.").await];
    assert_eq!(rig.ask("2001:db8::1", UDP, "c.test.").await.end().await, BUSY);
    for asking in waiting {
        assert_eq!(asking.end().await, FOUND);
    }
    assert_eq!(rig.counted("full"), [1, 0]);
}
