mod waiting;

use std::net::SocketAddr;
use std::num::NonZeroUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::authority::{Associated, Policy, ServedZone};
use crate::clock::ManualClock;
use crate::recursor::{self, Recursor};
use crate::resolver::{self, Forward};
use crate::transport::{
    self, Deferred, Exchange, ExchangeError, Listener, Parts, Server, Transport, queue,
};
use crate::wire::{Class, Edns, Message, Question, Rdata, Rrset, Rtype, Ttl};
use crate::zone::testing::build;

/// Nobody is there.
struct Silence;

impl Exchange for Silence {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        _: &[u8],
        _: std::time::Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        Err(ExchangeError::Timeout)
    }
}

/// The zone `example.`, which has an address and a long text.
fn zones() -> Served {
    let text = format!("example. TXT {}", format!("\"{}\" ", "x".repeat(200)).repeat(7));
    let lines = format!("example. SOA\nexample. NS ns.example.\nns.example. A 192.0.2.1\n{text}");
    let zone = build("example.", &lines).unwrap();
    let associations = Associated::File(zone.associations);
    let now = Timestamp::from_secs(1_800_000_000);
    let zone =
        ServedZone::new(zone.zone, associations, Vec::new(), Policy::default(), now).unwrap();
    Served::new(Role::Authority(Authority::new(vec![zone]).unwrap()))
}

fn service(served: &Arc<ArcSwap<Served>>, telemetry: &Telemetry) -> DnsService {
    DnsService::new(served.clone(), Arc::new(ManualClock::default()), telemetry)
}

fn ask(name: &str, rtype: Rtype) -> Message {
    let question = Question { name: name.parse().unwrap(), rtype, class: Class::IN };
    let mut message = Message::query(9, question);
    message.flags.recursion_desired = true;
    message.edns = Some(Edns::default());
    message
}

/// What a client at `remote` gets.
fn answer(service: &mut DnsService, remote: &str, packet: &[u8]) -> (Reaction, Option<Message>) {
    let remote = SocketAddr::new(remote.parse().unwrap(), 4711);
    let local = "192.0.2.53:53".parse().unwrap();
    let peer = Peer { remote, local, transport: Transport::Udp };
    let mut out = Vec::new();
    let reaction = service.answer(packet, &peer, &mut out);
    (reaction, (reaction == Reaction::Reply).then(|| Message::decode(&out).unwrap()))
}

#[test]
fn recursion_is_for_loopback_and_whoever_is_allowed() {
    let access = Access::new(&["198.51.100.0/24".parse().unwrap()]);
    let served = Arc::new(ArcSwap::from_pointee(Served::new(Role::Resolver(access))));
    let mut service = service(&served, &Telemetry::new("t"));
    let elsewhere = ask("elsewhere.", Rtype::A).encode();
    for allowed in ["127.0.0.9", "::1", "::ffff:127.0.0.1", "198.51.100.7"] {
        assert_eq!(answer(&mut service, allowed, &elsewhere).0, Reaction::Later, "{allowed}");
    }
    for other in ["198.51.101.7", "2001:db8::1"] {
        let (_, response) = answer(&mut service, other, &elsewhere);
        let response = response.expect("a refusal");
        assert_eq!(response.rcode, Rcode::REFUSED);
        let errors: Vec<_> = response.edns.unwrap().extended_errors().collect();
        assert_eq!(errors[0].code, EdeCode::PROHIBITED);
    }
}

#[test]
fn an_authority_refuses_other_names() {
    let served = Arc::new(ArcSwap::from_pointee(zones()));
    let mut service = service(&served, &Telemetry::new("t"));
    let (_, response) = answer(&mut service, "::1", &ask("elsewhere.", Rtype::A).encode());
    assert_eq!(response.unwrap().rcode, Rcode::REFUSED);
}

fn assert_counted(telemetry: &Telemetry, counted: &[&str]) {
    let metrics = telemetry.render();
    for series in counted {
        assert!(metrics.contains(series), "{series} not in {metrics}");
    }
}

#[test]
fn what_is_no_question_gets_an_error_or_nothing() {
    let served = Arc::new(ArcSwap::from_pointee(zones()));
    let telemetry = Telemetry::new("t");
    let mut service = service(&served, &telemetry);
    let packet = ask("example.", Rtype::A).encode();
    let changed = |at: usize, octet: u8| {
        let mut packet = packet.clone();
        packet[at] = octet;
        packet
    };
    let version = packet.len() - 5;
    for (rcode, packet) in [
        (Rcode::NOTIMP, changed(2, 0x20)),
        (Rcode::FORMERR, changed(5, 0)),
        (Rcode::FORMERR, [&packet[..], b"x"].concat()),
        (Rcode::BADVERS, changed(version, 1)),
    ] {
        let (reaction, response) = answer(&mut service, "::1", &packet);
        assert_eq!((reaction, response.unwrap().rcode), (Reaction::Reply, rcode));
    }
    assert_eq!(answer(&mut service, "::1", &changed(2, 0xa0)).0, Reaction::Silent);
    assert_eq!(answer(&mut service, "::1", &packet[..11]).0, Reaction::Silent);
    assert_counted(
        &telemetry,
        &[
            r#"t_dns_questions_total{transport="udp",course="malformed"} 4"#,
            r#"t_dns_questions_total{transport="udp",course="ignored"} 2"#,
            r#"t_dns_responses_total{transport="udp",rcode="NOTIMP"} 1"#,
            r#"t_dns_responses_total{transport="udp",rcode="FORMERR"} 2"#,
            r#"t_dns_responses_total{transport="udp",rcode="BADVERS"} 1"#,
        ],
    );
}

#[test]
fn what_is_served_can_be_exchanged() {
    let served = Arc::new(ArcSwap::from_pointee(zones()));
    let mut service = service(&served, &Telemetry::new("t"));
    let packet = ask("ns.example.", Rtype::A).encode();
    let mut rcode = || answer(&mut service, "::1", &packet).1.unwrap().rcode;
    assert_eq!(rcode(), Rcode::NOERROR);
    served.store(Arc::new(Served::new(Role::Authority(Authority::default()))));
    assert_eq!(rcode(), Rcode::REFUSED);
}

/// What a client of `address` gets over UDP.
async fn ask_udp(address: SocketAddr, message: &Message) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(address).await.unwrap();
    socket.send(&message.encode()).await.unwrap();
    let mut response = vec![0; 4096];
    let length = socket.recv(&mut response).await.unwrap();
    Message::decode(&response[..length]).unwrap()
}

/// What a client of `address` gets over TCP.
async fn ask_tcp(address: SocketAddr, message: &Message) -> Message {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let packet = message.encode();
    let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, &packet[..]].concat()).await.unwrap();
    let mut response = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut response).await.unwrap();
    Message::decode(&response).unwrap()
}

/// A server on loopback, its address, and the questions it puts off.
fn start(
    served: &Arc<ArcSwap<Served>>,
    telemetry: &Telemetry,
) -> (Server, SocketAddr, mpsc::Receiver<Deferred>) {
    let limits = transport::Limits::default();
    let listeners = Listener::bind("127.0.0.1:0".parse().unwrap(), &limits).unwrap();
    let address = listeners[0].local();
    let (later, questions) = queue(&limits);
    let services = |_: SocketAddr| -> Box<dyn Service> { Box::new(service(served, telemetry)) };
    let parts = Parts { services: &services, later, limits: &limits, telemetry };
    (Server::start(listeners, &parts).unwrap(), address, questions)
}

/// Long for a test, short for whoever waits for it to fail.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

#[tokio::test]
async fn an_authority_answers_on_its_sockets() {
    let telemetry = Telemetry::new("t");
    let (server, address, _) = start(&Arc::new(ArcSwap::from_pointee(zones())), &telemetry);
    let asking = async {
        let text = ask("example.", Rtype::TXT);
        let short = ask_udp(address, &text).await;
        assert!(short.flags.truncated && short.answer.is_empty());
        let whole = ask_tcp(address, &text).await;
        assert!(!whole.flags.truncated && whole.answer.len() == 1);
        server.stop().await;
    };
    timeout(SOON, asking).await.expect("all is answered, all ends");
    assert_counted(&telemetry, &[r#"t_dns_responses_total{transport="tcp",rcode="NOERROR"} 1"#]);
}

/// A listener whose questions go through a recursor that asks by an exchange.
struct Rig {
    server: Server,
    address: SocketAddr,
    recursion: JoinHandle<()>,
    telemetry: Arc<Telemetry>,
}

impl Rig {
    fn start(exchange: impl Exchange + 'static, limits: Limits) -> Self {
        let telemetry = Arc::new(Telemetry::new("t"));
        let edns = EdnsPolicy { udp_size: 700, ..EdnsPolicy::default() };
        let served = Served { edns, ..Served::new(Role::Resolver(Access::new(&[]))) };
        let served = Arc::new(ArcSwap::from_pointee(served));
        let (server, address, questions) = start(&served, &telemetry);
        let recursor = Arc::new(ArcSwap::from_pointee(recursor(exchange)));
        let counted = telemetry.clone();
        let recursion = tokio::spawn(async move {
            recurse(questions, served, recursor, limits, &counted).await;
        });
        Self { server, address, recursion, telemetry }
    }
}

fn count(count: usize) -> NonZeroUsize {
    count.try_into().unwrap()
}

/// So many questions may wait.
fn few(questions: usize) -> Limits {
    Limits { questions: count(questions), looks: NonZeroUsize::MIN }
}

/// Asks another resolver for `test.`, which is not signed.
fn forwarding() -> resolver::Policy {
    let resolvers = vec!["192.0.2.1:53".parse().unwrap()];
    let forwards = vec![Forward { zone: "test.".parse().unwrap(), resolvers }];
    resolver::Policy { forwards, ..Default::default() }
}

fn recursor<E: Exchange + 'static>(exchange: E) -> Recursor<E> {
    let limits = recursor::Limits { followers: count(3), ..recursor::Limits::default() };
    Recursor::new(forwarding(), exchange, Arc::new(ManualClock::default()), limits)
}

/// A resolver that knows addresses, but not that of `slow.test.`
struct Partial;

impl Exchange for Partial {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        packet: &[u8],
        _: std::time::Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        if Query::parse(packet).unwrap().qname.starts_with(b"\x04slow") {
            std::future::pending::<()>().await;
        }
        Ok(address(packet))
    }
}

/// The reply of a resolver that knows an address for each name.
fn address(query: &[u8]) -> Vec<u8> {
    let mut message = Message::decode(query).unwrap();
    message.flags.response = true;
    let name = message.question.clone().unwrap().name;
    let rdata = Rdata::new(vec![192, 0, 2, 7]).unwrap();
    let rrset = Rrset::single(name, Rtype::A, Ttl::from_secs(60), rdata);
    message.answer = rrset.records().collect();
    message.encode()
}

#[tokio::test]
async fn known_answers_are_given_whatever_is_under_way() {
    let rig = Rig::start(Partial, few(2));
    let asking = async {
        let quick = ask("quick.test.", Rtype::A);
        let answer = ask_udp(rig.address, &quick).await;
        assert_eq!((answer.rcode, answer.answer.len()), (Rcode::NOERROR, 1), "{answer:?}");
        let flood = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        flood.connect(rig.address).await.unwrap();
        for _ in 0..8 {
            flood.send(&ask("slow.test.", Rtype::A).encode()).await.unwrap();
        }
        // Two wait; for the third there is no place, and the others are too many for one answer.
        for _ in 2..8 {
            let mut octets = vec![0; 512];
            let length = flood.recv(&mut octets).await.unwrap();
            let told = Message::decode(&octets[..length]).unwrap();
            assert_eq!(told.rcode, Rcode::SERVFAIL);
        }
        assert_eq!(ask_udp(rig.address, &quick).await.answer.len(), 1);
    };
    timeout(SOON, asking).await.expect("all but two are answered");
}

/// From the sockets through the recursor and back.
#[tokio::test]
async fn a_resolver_answers_on_its_sockets() {
    let Rig { server, address, recursion, telemetry } = Rig::start(Silence, few(1));
    let asking = async {
        let other = ask("elsewhere.", Rtype::A);
        let refused = ask_udp(address, &other).await;
        assert!(refused.flags.recursion_available && refused.rcode == Rcode::REFUSED);
        assert_eq!(refused.edns.unwrap().udp_size, 700);
        assert_eq!(ask_tcp(address, &other).await.rcode, Rcode::REFUSED);
        let mut not_recursive = other;
        not_recursive.flags.recursion_desired = false;
        let refused = ask_tcp(address, &not_recursive).await;
        let error = refused.edns.unwrap().extended_errors().next().unwrap();
        assert_eq!((refused.rcode, error.code), (Rcode::REFUSED, EdeCode::NOT_AUTHORITATIVE));
        server.stop().await;
        recursion.await.unwrap();
    };
    timeout(SOON, asking).await.expect("all is answered, all ends");
    assert_counted(
        &telemetry,
        &[
            r#"t_dns_questions_total{transport="udp",course="recursion"} 1"#,
            r#"t_dns_responses_total{transport="udp",rcode="REFUSED"} 1"#,
            r#"t_dns_responses_total{transport="tcp",rcode="REFUSED"} 2"#,
        ],
    );
}
