//! Many clients at once: the recursor over a faked exchange.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use threepid::clock::{ManualClock, SystemClock};
use threepid::dnssec::Security;
use threepid::recursor::{Limits, Recursor};
use threepid::resolver::{Cause, Checking, Forward, Kind, Policy, Root};
use threepid::services::dns::{self, Access, Desk, Role, Served};
use threepid::stub::{self, Client, LookupError, Proof};
use threepid::telemetry::Telemetry;
use threepid::threepid::Threepid;
use threepid::transport::{Exchange, ExchangeError, Network, Peer, Transport};
use threepid::wire::{DigestType, EdeCode, Edns, Message, Rcode, Rtype};

use super::live::{Live, Wire};
use super::net::{parse, response_to};
use super::tree::{self, EMAIL, NOW, PHONE};

/// A network that is as good as cut.
struct Silence;

impl Exchange for Silence {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        _: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        std::future::pending().await
    }
}

/// A recursor of two trees, with `more` records in the second.
fn setting(more: &str) -> Live {
    within(Limits::default(), more)
}

fn within(limits: Limits, more: &str) -> Live {
    let anchors = vec![tree::key("many.example.").ds(DigestType::SHA256).unwrap()];
    let servers = vec!["192.0.2.3".parse().unwrap()];
    let many = Root { apex: "many.example.".parse().unwrap(), servers, anchors };
    let policy = Policy { roots: vec![tree::root(), many], ..tree::policy() };
    let live = Live::new(policy, limits);
    live.wire.put("192.0.2.3", vec![tree::zone("many.example.", "3", true, more)]);
    live
}

/// The same, where the server of the first tree never replies.
fn silent(limits: Limits) -> Live {
    let live = within(limits, "");
    live.wire.silence("192.0.2.1");
    live
}

/// The packet of a question, with EDNS where a size is given.
fn packet(question: &str, udp_size: Option<u16>) -> Vec<u8> {
    let mut query = Message::query(4711, parse(question));
    query.flags.recursion_desired = true;
    query.edns = udp_size.map(|udp_size| Edns { udp_size, dnssec_ok: true, ..Edns::default() });
    query.encode()
}

async fn octets(recursor: &Recursor<Wire>, packet: &[u8], transport: Transport) -> Vec<u8> {
    let served = Served::new(Role::Resolver(Access::new(&[])));
    let desk = Desk::new(&dns::Limits::default(), &Telemetry::new("t"));
    let [remote, local] = ["127.0.0.1:4711", "127.0.0.1:53"].map(|text| text.parse().unwrap());
    let peer = Peer { remote, local, transport };
    desk.respond(packet, &peer, tokio::time::Instant::now(), &served, recursor, ()).await.unwrap()
}

async fn answer(recursor: &Recursor<Wire>, packet: &[u8]) -> Message {
    Message::decode(&octets(recursor, packet, Transport::Udp).await).unwrap()
}

#[tokio::test]
async fn who_asks_the_same_waits_for_the_same() {
    let setting = setting("");
    let question = parse(&format!("{PHONE} ASSOC"));
    let alone = setting.recursor.resolve(question.clone(), Checking::Enabled).await;
    let cost = setting.wire.asked().len();
    let others = self::setting("");
    let ask = || {
        let (recursor, question) = (others.recursor.clone(), question.clone());
        tokio::spawn(async move { recursor.resolve(question, Checking::Enabled).await })
    };
    let tasks: Vec<_> = (0..50).map(|_| ask()).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), alone);
    }
    assert_eq!(others.wire.asked().len(), cost);
    others.recursor.resolve(question, Checking::Enabled).await;
    assert_eq!(others.wire.asked().len(), 0, "it is remembered");
}

#[tokio::test]
async fn who_leaves_does_not_take_the_answer_along() {
    let setting = setting("");
    let question = parse(&format!("{PHONE} ASSOC"));
    let first = setting.recursor.resolve(question.clone(), Checking::Enabled);
    // Polled once, the first leads; then it is dropped.
    assert!(tokio::time::timeout(Duration::ZERO, first).await.is_err());
    let second = setting.recursor.resolve(question, Checking::Enabled).await;
    assert_eq!(second.security, Security::Secure);
}

#[tokio::test]
async fn requests_have_a_deadline() {
    let limits = Limits { deadline: Duration::from_millis(10), ..Limits::default() };
    let clock = Arc::new(ManualClock::at(NOW));
    let recursor = Recursor::new(tree::policy(), Silence, clock, limits);
    let response = recursor.resolve(parse("3pid.example. A"), Checking::Enabled).await;
    assert_eq!(response.failure, Some(Cause::TooLate));
    // Nor is it tried again at once: this needs no time at all.
    let again = recursor.resolve(parse("3pid.example. A"), Checking::Enabled);
    let again = tokio::time::timeout(Duration::ZERO, again).await.unwrap();
    assert_eq!(again.failure, Some(Cause::TooLate));
}

/// Someone guesses at ids on the way from a server that also listens on TCP.
#[tokio::test]
async fn guesses_lead_to_tcp() {
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(server).await.unwrap();
    tokio::spawn(async move {
        let mut query = [0; 512];
        let (length, client) = udp.recv_from(&mut query).await.unwrap();
        for guess in 0..100u16 {
            let mut message = response_to(&Message::decode(&query[..length]).unwrap());
            message.id = message.id.wrapping_add(1 + guess);
            udp.send_to(&message.encode(), client).await.unwrap();
        }
    });
    tokio::spawn(async move {
        let (mut client, _) = tcp.accept().await.unwrap();
        let length = client.read_u16().await.unwrap();
        let mut query = vec![0; length.into()];
        client.read_exact(&mut query).await.unwrap();
        let reply = response_to(&Message::decode(&query).unwrap()).encode();
        client.write_u16(reply.len().try_into().unwrap()).await.unwrap();
        client.write_all(&reply).await.unwrap();
    });
    let forwards = vec![Forward { zone: tree::root().apex, resolvers: vec![server] }];
    let policy = Policy { forwards, ..tree::policy() };
    let network = Network::new(&threepid::transport::Limits::default());
    let recursor = Recursor::new(policy, network, Arc::new(SystemClock), Limits::default());
    let response = recursor.resolve(parse("3pid.example. A"), Checking::Disabled).await;
    assert_eq!(response.kind, Some(Kind::NoData), "{response:?}");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let limits = Limits { deadline: Duration::from_millis(10), ..Limits::default() };
    let (clock, telemetry) = (Arc::new(ManualClock::at(NOW)), Telemetry::new("t"));
    let recursor = Recursor::counted(tree::policy(), Silence, clock, limits, &telemetry);
    recursor.resolve(parse("3pid.example. A"), Checking::Enabled).await;
    recursor.resolve(parse("elsewhere. A"), Checking::Enabled).await;
    let text = telemetry.render();
    let counted: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" 1")).collect();
    let expected = [
        r#"t_resolver_exchanges_total{outcome="abandoned"}"#,
        r#"t_resolver_requests_total{course="known"}"#,
        r#"t_resolver_requests_total{course="begun"}"#,
        r#"t_resolver_resolutions_total{verdict="failed"}"#,
    ];
    assert_eq!(counted, expected);
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_counted() {
    let limits = Limits { resolutions: 1, ..Limits::default() };
    let clock = Arc::new(ManualClock::at(NOW));
    let recursor = Recursor::new(tree::policy(), Silence, clock, limits);
    let first = recursor.resolve(parse("a.3pid.example. A"), Checking::Enabled);
    assert!(tokio::time::timeout(Duration::ZERO, first).await.is_err());
    let second = recursor.resolve(parse("b.3pid.example. A"), Checking::Enabled).await;
    assert_eq!(second.failure, Some(Cause::Busy));
}

/// Asks, and leaves.
async fn ask_in_vain(recursor: &Recursor<Wire>, question: &str) {
    let asking = recursor.resolve(parse(question), Checking::Enabled);
    assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err(), "{question}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_tree_takes_nothing_from_others() {
    let setting = silent(Limits { resolutions: 4, ..Limits::default() });
    for digit in 0..2 {
        ask_in_vain(&setting.recursor, &format!("{digit}.3pid.example. A")).await;
    }
    let busy = setting.recursor.resolve(parse("2.3pid.example. A"), Checking::Enabled).await;
    assert_eq!(busy.failure, Some(Cause::Busy));
    let other = setting.recursor.resolve(parse("many.example. SOA"), Checking::Enabled).await;
    assert_eq!(other.security, Security::Secure, "{other:?}");
}

/// A tree has half the places here, the names outside it the other.
#[tokio::test(start_paused = true)]
async fn what_the_resolver_needs_itself_has_its_place() {
    let live = Live::new(tree::policy(), Limits { resolutions: 2, ..Limits::default() });
    live.wire.slow_down(Duration::from_millis(100));
    ask_in_vain(&live.recursor, "0.3pid.example. A").await;
    let refreshing = async {
        let response =
            live.recursor.refresh(parse("3pid.example. DNSKEY"), Checking::Enabled).await;
        assert_eq!(response.security, Security::Secure, "{response:?}");
    };
    let flooding = async {
        for number in 1..9 {
            let question = parse(&format!("{number}.3pid.example. A"));
            live.recursor.begin(question, Checking::Enabled);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::join!(refreshing, flooding);
}

#[tokio::test]
async fn a_question_not_sent_is_no_silence_and_not_remembered() {
    let setting = setting("");
    let resolve = || setting.recursor.resolve(parse("3pid.example. SOA"), Checking::Enabled);
    for _ in 0..10 {
        setting.wire.hold_back(1000);
        assert_eq!(resolve().await.failure, Some(Cause::Busy));
    }
    setting.wire.hold_back(1);
    assert_eq!(resolve().await.security, Security::Secure, "it is tried again");
}

#[tokio::test]
async fn who_wait_for_the_same_are_counted() {
    let setting = silent(Limits { followers: 2.try_into().unwrap(), ..Limits::default() });
    ask_in_vain(&setting.recursor, "3pid.example. A").await;
    ask_in_vain(&setting.recursor, "3pid.example. A").await;
    let third = setting.recursor.resolve(parse("3pid.example. A"), Checking::Enabled).await;
    assert_eq!(third.failure, Some(Cause::Busy));
    ask_in_vain(&setting.recursor, "3pid.example. TXT").await;
}

#[tokio::test]
async fn the_cache_obeys_the_clock() {
    let setting = setting("");
    let question = parse(&format!("{EMAIL} ASSOC"));
    setting.recursor.resolve(question.clone(), Checking::Enabled).await;
    setting.wire.asked();
    setting.clock.advance(Duration::from_secs(3599));
    setting.recursor.resolve(question.clone(), Checking::Enabled).await;
    assert_eq!(setting.wire.asked().len(), 0);
    setting.clock.advance(Duration::from_secs(1));
    setting.recursor.resolve(question, Checking::Enabled).await;
    assert!(!setting.wire.asked().is_empty());
}

#[tokio::test]
async fn packets_are_answered() {
    let Live { recursor, .. } = setting("");
    let question = format!("{PHONE} ASSOC");
    let found = answer(&recursor, &packet(&question, Some(1232))).await;
    assert_eq!((found.id, found.rcode), (4711, Rcode::NOERROR));
    assert!(found.flags.response && found.flags.recursion_available);
    assert!(found.flags.authentic_data && !found.flags.authoritative);
    assert_eq!(found.question, Some(parse(&question)));
    let types: Vec<Rtype> = found.answer.iter().map(|record| record.rtype).collect();
    assert_eq!(types, [Rtype::ASSOC, Rtype::RRSIG]);
    let plain = answer(&recursor, &packet(&question, None)).await;
    assert_eq!((plain.answer.len(), plain.edns), (1, None));
}

#[tokio::test]
async fn packets_are_refused() {
    let Live { recursor, .. } = setting("");
    let code = |message: &Message| message.edns.as_ref()?.extended_errors().next().map(|e| e.code);
    let outside = answer(&recursor, &packet("example. A", Some(1232))).await;
    assert_eq!(outside.rcode, Rcode::REFUSED);
    assert_eq!(code(&outside), Some(EdeCode::NOT_AUTHORITATIVE));
    let nxname = answer(&recursor, &packet("3pid.example. NXNAME", Some(1232))).await;
    assert_eq!((nxname.rcode, code(&nxname)), (Rcode::FORMERR, Some(EdeCode::INVALID_QUERY_TYPE)));
    let mut not_recursive = Message::decode(&packet("3pid.example. A", None)).unwrap();
    not_recursive.flags.recursion_desired = false;
    assert_eq!(answer(&recursor, &not_recursive.encode()).await.rcode, Rcode::REFUSED);
}

#[tokio::test]
async fn answers_fit_what_the_client_takes() {
    let more: String =
        (0..40).map(|number| format!("big TXT \"{number} {}\"\n", "x".repeat(80))).collect();
    let Live { recursor, .. } = setting(&more);
    for (udp_size, most) in [(None, 512), (Some(600), 600), (Some(65_000), 1232)] {
        let packet = packet("big.many.example. TXT", udp_size);
        let reply = octets(&recursor, &packet, Transport::Udp).await;
        assert!(reply.len() <= most && Message::decode(&reply).unwrap().flags.truncated);
        let reply = octets(&recursor, &packet, Transport::Tcp).await;
        let whole = Message::decode(&reply).unwrap();
        let texts = whole.answer.iter().filter(|record| record.rtype == Rtype::TXT).count();
        assert_eq!((texts, whole.flags.truncated), (40, false));
    }
}

/// The recursor as seen by a client.
pub(super) struct ToRecursor(pub(super) Recursor<Wire>);

impl Exchange for ToRecursor {
    async fn exchange(
        &self,
        _: SocketAddr,
        transport: Transport,
        packet: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        Ok(octets(&self.0, packet, transport).await)
    }
}

#[tokio::test]
async fn a_client_looks_in_every_root() {
    let Live { recursor, clock, .. } = setting("");
    let many = Root { apex: "many.example.".parse().unwrap(), ..tree::root() };
    let unknown = Root { apex: "elsewhere.example.".parse().unwrap(), ..tree::root() };
    let roots = vec![tree::root(), many, unknown];
    let resolver = "198.51.100.53:53".parse().unwrap();
    let client = Client::over(
        ToRecursor(recursor),
        Arc::new(clock),
        resolver,
        roots,
        stub::Limits::default(),
    );
    let phone = Threepid::parse_any("+44 7700 900123", None).unwrap();
    let [first, second, third] = client.find(&phone).await.findings.try_into().unwrap();
    let found = first.outcome.unwrap();
    assert_eq!(found.owner, parse(&format!("{PHONE} ASSOC")).name);
    assert!(found.statement.is_some() && found.proof == Proof::Proved);
    // The second root has the first one's anchor, which proves nothing there.
    let Err(LookupError::Resolution(cause)) = second.outcome else { panic!("{second:?}") };
    assert!(cause.is_bogus());
    assert!(matches!(third.outcome, Err(LookupError::Refused)));
    let nobody = Threepid::parse_any("+44 7700 900555", None).unwrap();
    let absent = client.find(&nobody).await.findings.remove(0).outcome.unwrap();
    assert_eq!((absent.statement, absent.proof), (None, Proof::Proved));
}
