//! Questions to a resolver, and what of its answers can be compared.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use threepid::wire::rdata::{canonical, to_text};
use threepid::wire::{Class, EdeCode, Edns, Message, Name, Question, Rcode, Rtype};

/// How long a resolver may take over one question.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a resolver says, but for what may differ: order, TTLs, signatures, the case of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The response code.
    pub(crate) rcode: Rcode,
    /// AD: proved.
    pub(crate) authentic: bool,
    /// The records of the answer section.
    pub(crate) data: BTreeSet<String>,
    /// Extended errors (RFC 8914).
    pub(crate) reasons: Vec<EdeCode>,
}

impl Reply {
    fn of(message: &Message) -> Self {
        let data = message.answer.iter().filter(|record| record.rtype != Rtype::RRSIG);
        let line = |record: &threepid::wire::Record| {
            let rdata = to_text(record.rtype, &canonical(record.rtype, &record.rdata));
            format!("{} {} {rdata}", record.name.to_lowercase(), record.rtype)
        };
        let edns = message.edns.iter();
        Self {
            rcode: message.rcode,
            authentic: message.flags.authentic_data,
            data: data.map(line).collect(),
            reasons: edns.flat_map(Edns::extended_errors).map(|error| error.code).collect(),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authentic = if self.authentic { " ad" } else { "" };
        write!(f, "{}{authentic} {:?}", self.rcode, self.data)?;
        self.reasons.iter().try_for_each(|code| write!(f, " EDE {}", code.0))
    }
}

/// Asks the resolver at `server`, by UDP, and by TCP where that is too small; without `dnssec_ok` it
/// is asked by AD for its verdict alone.
pub(crate) fn ask(server: &str, question: &Question, dnssec_ok: bool) -> Reply {
    let server = SocketAddr::new(server.parse().expect("an address"), 53);
    ask_at(server, question, dnssec_ok)
}

/// Asks the authority at `server` until it tells the association at `owner`, which was published.
pub(crate) fn await_association(server: SocketAddr, owner: Name) {
    let question = Question { name: owner, rtype: Rtype::ASSOC, class: Class::IN };
    let told = |_| !ask_at(server, &question, true).data.is_empty();
    assert!((0..10_000).any(told), "{server} does not tell {question}");
}

fn ask_at(server: SocketAddr, question: &Question, dnssec_ok: bool) -> Reply {
    let mut query = Message::query(7, question.clone());
    query.flags.recursion_desired = true;
    query.flags.authentic_data = true;
    query.edns = Some(Edns { dnssec_ok, ..Edns::default() });
    let packet = query.encode();
    let attempt = || -> std::io::Result<Message> {
        let reply = decode(&by_udp(server, &packet)?)?;
        if reply.flags.truncated { decode(&by_tcp(server, &packet)?) } else { Ok(reply) }
    };
    let reply = attempt().unwrap_or_else(|error| panic!("{server} on {question}: {error}"));
    assert_eq!(reply.question.as_ref(), Some(question), "{server} answers something else");
    Reply::of(&reply)
}

fn by_udp(server: SocketAddr, packet: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(packet)?;
    let mut reply = vec![0; 1 << 16];
    let length = socket.recv(&mut reply)?;
    reply.truncate(length);
    Ok(reply)
}

fn by_tcp(server: SocketAddr, packet: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = u16::try_from(packet.len()).expect("a query is short").to_be_bytes();
    stream.write_all(&[&length, packet].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

fn decode(reply: &[u8]) -> std::io::Result<Message> {
    Message::decode(reply).map_err(std::io::Error::other)
}
