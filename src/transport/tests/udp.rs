use std::net::UdpSocket;

use super::*;

fn client(served: &Served) -> UdpSocket {
    let any = if served.address.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    let socket = UdpSocket::bind(any).unwrap();
    socket.connect(served.address).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    socket
}

fn receive(client: &UdpSocket) -> Vec<u8> {
    let mut octets = [0; 2048];
    let length = client.recv(&mut octets).unwrap();
    octets[..length].to_vec()
}

#[tokio::test]
async fn answers_in_both_families() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let served = Served::start(address, &limits());
        let clients: Vec<_> = (0..8).map(|_| client(&served)).collect();
        for client in &clients {
            for number in 0..20u8 {
                client.send(&[b'n', number]).unwrap();
            }
        }
        for client in &clients {
            let mut numbers: Vec<u8> = (0..20).map(|_| receive(client)[1]).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..20));
        }
        served.server.stop().await;
    }
}

#[tokio::test]
async fn what_is_silent_or_too_long_gets_no_answer() {
    let served = Served::start("127.0.0.1:0", &Limits { query_length: 100, ..limits() });
    let client = client(&served);
    client.send(b"silent").unwrap();
    client.send(b"").unwrap();
    client.send(&[b'n'; 101]).unwrap();
    client.send(&[b'n'; 100]).unwrap();
    assert_eq!(receive(&client), [b'n'; 100]);
    assert_eq!(served.counted("datagram_too_long"), 1);
    assert_eq!(served.counted("datagram_empty"), 1);
}

#[tokio::test]
async fn a_response_that_cannot_be_sent_holds_up_no_other() {
    let served = Served::start("127.0.0.1:0", &limits());
    let client = client(&served);
    for packet in [&b"x1"[..], b"now", b"x2", b"now"] {
        client.send(packet).unwrap();
    }
    assert_eq!((receive(&client), receive(&client)), (b"now".to_vec(), b"now".to_vec()));
    assert_eq!(served.counted("send_failed"), 2);
}

#[tokio::test]
async fn what_is_put_off_is_answered_later() {
    let mut served = Served::start("127.0.0.1:0", &limits());
    let client = client(&served);
    client.send(b"later").unwrap();
    let deferred = served.deferred.recv().await.unwrap();
    assert_eq!(deferred.packet, b"later");
    assert_eq!(deferred.peer.remote, client.local_addr().unwrap());
    assert_eq!((deferred.peer.local, deferred.peer.transport), (served.address, Transport::Udp));
    // Stopping does not keep the answer from being sent.
    served.server.stop().await;
    deferred.reply(b"done".to_vec());
    assert_eq!(receive(&client), b"done");
}

#[tokio::test]
async fn a_full_queue_drops_questions() {
    let mut served =
        Served::start("127.0.0.1:0", &Limits { deferred: NonZeroUsize::MIN, ..limits() });
    let client = client(&served);
    for packet in [&b"l1"[..], b"l2", b"l3", b"now"] {
        client.send(packet).unwrap();
    }
    assert_eq!(receive(&client), b"now");
    assert_eq!(served.counted("deferred_dropped"), 2);
    served.deferred.recv().await.unwrap().reply(b"first".to_vec());
    assert_eq!(receive(&client), b"first");
}
