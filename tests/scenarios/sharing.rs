//! The same question of several resolutions goes out once. Time is scripted.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use threepid::dnssec::Security;
use threepid::recursor::{Limits, Recursor};
use threepid::resolver::{Cause, Checking, Kind, Response};
use threepid::telemetry::Telemetry;
use threepid::transport::{Exchange, ExchangeError, Transport};

use super::live::{Live, Wire};
use super::net::parse;
use super::tree;

/// What goes wrong with a question.
enum Mishap {
    /// It is lost.
    Lost,
    /// It has to wait for ever until it may be sent.
    HeldUp,
    /// Someone guesses at its id.
    Besieged,
}

/// The network, where something goes wrong with the first questions.
struct Troubled {
    wire: Wire,
    mishaps: Mutex<VecDeque<Mishap>>,
}

impl Exchange for Troubled {
    async fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        timeout: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let reply = self.wire.exchange(server, transport, packet, timeout).await;
        let mishap = self.mishaps.lock().unwrap().pop_front();
        match mishap {
            None => reply,
            Some(Mishap::Besieged) => Err(ExchangeError::Besieged),
            Some(Mishap::HeldUp) => std::future::pending().await,
            Some(Mishap::Lost) => {
                sleep(timeout).await;
                Err(ExchangeError::Timeout)
            }
        }
    }
}

struct Setting {
    recursor: Recursor<Troubled>,
    wire: Wire,
    telemetry: Telemetry,
}

impl Setting {
    fn new(mishaps: impl IntoIterator<Item = Mishap>, limits: Limits) -> Self {
        let Live { wire, clock, .. } = Live::tree();
        let telemetry = Telemetry::new("t");
        let troubled =
            Troubled { wire: wire.clone(), mishaps: Mutex::new(mishaps.into_iter().collect()) };
        let mut policy = tree::policy();
        policy.limits.first_timeout = Duration::from_secs(2);
        // Cases are random; names in lower case by chance would be apart from the others.
        policy.mixed_case = false;
        let recursor = Recursor::counted(policy, troubled, Arc::new(clock), limits, &telemetry);
        Self { recursor, wire, telemetry }
    }

    fn ask(&self, question: &str, checking: Checking) -> JoinHandle<Arc<Response>> {
        let (recursor, question) = (self.recursor.clone(), parse(question));
        tokio::spawn(async move { recursor.resolve(question, checking).await })
    }
}

const SOA: &str = "3pid.example. SOA";

#[tokio::test(start_paused = true)]
async fn one_packet_serves_all() {
    let setting = Setting::new([], Limits::default());
    let name = |number| format!("n{number}.example.com.email.3pid.example. A");
    let asked: Vec<_> = (0..20).map(|n| setting.ask(&name(n), Checking::Enabled)).collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap().security, Security::Secure);
    }
    let sent = setting.wire.asked();
    let different: HashSet<_> = sent.iter().collect();
    assert_eq!(different.len(), sent.len(), "{sent:?}");
    let packets = f64::from(u32::try_from(sent.len()).unwrap()) / 20.0;
    println!("| 20 clients at once, coalesced | {packets:.2} packets for each question |");
    let text = setting.telemetry.render();
    let joined = text.lines().find(|line| line.contains("exchanges_total{outcome=\"joined\"}"));
    assert!(!joined.unwrap().ends_with(" 0"));
}

#[tokio::test(start_paused = true)]
async fn who_leads_does_not_take_the_reply_along() {
    let limits = Limits { deadline: Duration::from_millis(800), ..Limits::default() };
    let setting = Setting::new([], limits);
    setting.wire.slow_down(Duration::from_millis(900));
    let leader = setting.ask(SOA, Checking::Enabled);
    sleep(Duration::from_millis(500)).await;
    let follower = setting.ask(SOA, Checking::Disabled);
    assert_eq!(leader.await.unwrap().failure, Some(Cause::TooLate));
    assert_eq!(follower.await.unwrap().kind, Some(Kind::Data));
    assert_eq!(setting.wire.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_follows_waits_no_longer_than_alone() {
    let setting = Setting::new([Mishap::HeldUp], Limits::default());
    let _leader = setting.ask(SOA, Checking::Enabled);
    sleep(Duration::from_millis(500)).await;
    let since = Instant::now();
    let response = setting.ask(SOA, Checking::Disabled).await.unwrap();
    assert_eq!(response.failure, Some(Cause::Busy), "the server is not blamed");
    assert_eq!(since.elapsed().as_secs(), 6, "three tries of two seconds");
}

/// How many questions it takes to resolve twenty names.
async fn questions(mishaps: impl IntoIterator<Item = Mishap>) -> usize {
    let setting = Setting::new(mishaps, Limits::default());
    let name = |number| format!("n{number}.example.com.email.3pid.example. A");
    let asked: Vec<_> = (0..20).map(|n| setting.ask(&name(n), Checking::Enabled)).collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap().security, Security::Secure);
    }
    setting.wire.asked().len()
}

#[tokio::test(start_paused = true)]
async fn one_packet_lost_is_one_silence() {
    assert_eq!(questions([Mishap::Lost]).await, questions([]).await + 1);
}

#[tokio::test(start_paused = true)]
async fn all_go_to_tcp_where_someone_guesses() {
    let setting = Setting::new([Mishap::Besieged], Limits::default());
    let asked = [Checking::Enabled, Checking::Disabled].map(|c| setting.ask(SOA, c));
    for asked in asked {
        assert_eq!(asked.await.unwrap().kind, Some(Kind::Data));
    }
    let sent = setting.wire.asked();
    assert_eq!(sent.iter().filter(|sent| *sent == SOA).count(), 2, "over UDP and over TCP");
}
