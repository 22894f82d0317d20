use tokio::net::{TcpListener, UdpSocket};

use super::*;
use crate::transport::stream;
use crate::wire::{Class, Message, Question, Rcode, Rtype};

fn query(id: u16) -> Message {
    let name = "a.example.".parse().unwrap();
    Message::query(id, Question { name, rtype: Rtype::A, class: Class::IN })
}

fn response(id: u16) -> Vec<u8> {
    let mut message = query(id);
    message.flags.response = true;
    message.encode()
}

/// A UDP server on loopback that sends `packets` to whoever asks first.
async fn udp_server(packets: Vec<Vec<u8>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let (_, client) = socket.recv_from(&mut [0; 512]).await.unwrap();
        for packet in packets {
            socket.send_to(&packet, client).await.unwrap();
        }
    });
    address
}

/// A TCP server on loopback that sends `octets` to the first who connects, after a first query.
async fn tcp_server(octets: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        stream::read(&mut client, 512).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut client, &octets).await.unwrap();
    });
    address
}

async fn ask(server: SocketAddr, transport: Transport) -> Result<Vec<u8>, ExchangeError> {
    let network = Network::new(&Limits::default());
    network.exchange(server, transport, &query(7).encode(), SOON).await
}

#[tokio::test]
async fn other_datagrams_are_ignored() {
    let mut too_long = response(7);
    too_long.resize(5000, 0);
    let unreadable = [&response(7)[..], &[0]].concat();
    let others = [vec![0; 3], response(8), query(7).encode(), too_long, unreadable];
    let packets = [vec![Vec::new()], others.to_vec()].concat();
    let server = udp_server([packets, vec![response(7)]].concat()).await;
    assert_eq!(ask(server, Transport::Udp).await.unwrap(), response(7));
}

#[tokio::test]
async fn guesses_at_the_id_are_counted() {
    let guesses = |count: u16| (100..100 + count).map(response).collect::<Vec<_>>();
    let server = udp_server([guesses(16), vec![response(7)]].concat()).await;
    assert_eq!(ask(server, Transport::Udp).await.unwrap(), response(7));
    let server = udp_server([guesses(17), vec![response(7)]].concat()).await;
    assert!(matches!(ask(server, Transport::Udp).await, Err(ExchangeError::Besieged)));
}

#[tokio::test]
async fn what_cannot_be_read_does_not_end_the_waiting() {
    let unreadable = [&response(7)[..], &[0]].concat();
    let server = udp_server(vec![unreadable]).await;
    let network = Network::new(&Limits::default());
    let outcome = network.exchange(server, Transport::Udp, &query(7).encode(), SHORT).await;
    assert!(matches!(outcome, Err(ExchangeError::Besieged)), "{outcome:?}");
    let mut cut = [&response(7)[..], &[0]].concat();
    cut[2] |= 2;
    let server = udp_server(vec![cut.clone()]).await;
    assert_eq!(ask(server, Transport::Udp).await.unwrap(), cut, "it says that it is cut off");
}

/// The query and the response, with a name spelt like this.
fn spelt(name: &str) -> (Vec<u8>, Vec<u8>) {
    let mut message = query(7);
    message.question.as_mut().unwrap().name = name.parse().unwrap();
    let query = message.encode();
    message.flags.response = true;
    (query, message.encode())
}

#[tokio::test]
async fn a_response_that_spells_the_question_otherwise_is_the_last_resort() {
    let ((query, exact), (_, other)) = (spelt("a.eXample."), spelt("a.Example."));
    let network = Network::new(&Limits { second_wait: SHORT, ..Limits::default() });
    let server = udp_server(vec![other.clone(), response(8), exact.clone()]).await;
    let got = network.exchange(server, Transport::Udp, &query, SOON).await;
    assert_eq!(got.unwrap(), exact);
    let server = udp_server(vec![other.clone()]).await;
    let got = network.exchange(server, Transport::Udp, &query, SOON).await;
    assert_eq!(got.unwrap(), other);
    let patient = Network::new(&Limits { second_wait: SOON, ..Limits::default() });
    let server = udp_server(vec![other.clone()]).await;
    let got = patient.exchange(server, Transport::Udp, &query, SHORT).await;
    assert_eq!(got.unwrap(), other, "the wait for it ends, too");
}

#[tokio::test]
async fn an_error_about_no_question_is_the_last_resort() {
    let mut error = query(7);
    (error.flags.response, error.question, error.rcode) = (true, None, Rcode::REFUSED);
    let network = Network::new(&Limits { second_wait: SHORT, ..Limits::default() });
    let query = query(7).encode();
    let server = udp_server(vec![error.encode(), response(7)]).await;
    let got = network.exchange(server, Transport::Udp, &query, SOON).await;
    assert_eq!(got.unwrap(), response(7));
    let server = udp_server(vec![error.encode()]).await;
    let got = network.exchange(server, Transport::Udp, &query, SHORT).await;
    assert_eq!(got.unwrap(), error.encode());
}

#[tokio::test]
async fn streams_carry_one_response() {
    let framed = |message: &[u8]| {
        let mut octets = Vec::new();
        stream::append(message, &mut octets);
        octets
    };
    let server = tcp_server(framed(&response(7))).await;
    assert_eq!(ask(server, Transport::Tcp).await.unwrap(), response(7));
    let server = tcp_server(framed(&response(8))).await;
    assert!(matches!(ask(server, Transport::Tcp).await, Err(ExchangeError::Mismatch)));
    for cut in [Vec::new(), framed(&response(7))[..9].to_vec()] {
        let server = tcp_server(cut).await;
        assert!(matches!(ask(server, Transport::Tcp).await, Err(ExchangeError::Io(_))));
    }
}

#[tokio::test]
async fn patience_ends() {
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = held.local_addr().unwrap();
    let network = Network::new(&Limits::default());
    let outcome = network.exchange(server, Transport::Udp, &query(7).encode(), SHORT).await;
    assert!(matches!(outcome, Err(ExchangeError::Timeout)));
}

#[tokio::test]
async fn a_silent_server_holds_up_no_other() {
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = held.local_addr().unwrap();
    let alive = udp_server(vec![response(7)]).await;
    let network = Network::new(&Limits {
        exchanges_per_server: NonZeroUsize::MIN,
        waiting_per_server: 1,
        exchange_wait: SHORT,
        ..Limits::default()
    });
    let packet = query(7).encode();
    let mut waiting = std::pin::pin!(network.exchange(silent, Transport::Udp, &packet, SOON));
    assert!(tokio::time::timeout(Duration::ZERO, &mut waiting).await.is_err());
    let (second, third, other) = tokio::join!(
        network.exchange(silent, Transport::Udp, &packet, SOON),
        network.exchange(silent, Transport::Udp, &packet, SOON),
        network.exchange(alive, Transport::Udp, &packet, SOON),
    );
    assert!(matches!(second, Err(ExchangeError::NotSent)), "it waited for too long");
    assert!(matches!(third, Err(ExchangeError::NotSent)), "too many waited");
    assert_eq!(other.unwrap(), response(7));
}

#[tokio::test]
async fn waiting_to_be_sent_is_no_silence() {
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = held.local_addr().unwrap();
    let alive = udp_server(vec![response(7)]).await;
    // The one exchange there may be takes longer than the patience of the other.
    let network = Network::new(&Limits {
        exchanges: NonZeroUsize::MIN,
        exchange_wait: SOON,
        ..Limits::default()
    });
    let packet = query(7).encode();
    let (first, second) = tokio::join!(
        network.exchange(silent, Transport::Udp, &packet, 8 * SHORT),
        network.exchange(alive, Transport::Udp, &packet, 4 * SHORT),
    );
    assert!(matches!(first, Err(ExchangeError::Timeout)));
    assert_eq!(second.unwrap(), response(7));
}

#[tokio::test]
async fn a_closed_port_is_told_at_once() {
    let listeners = Listener::bind("127.0.0.1:0".parse().unwrap(), &limits()).unwrap();
    let server = listeners[0].local();
    drop(listeners);
    for transport in [Transport::Udp, Transport::Tcp] {
        let Err(ExchangeError::Io(error)) = ask(server, transport).await else { panic!("refused") };
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}
