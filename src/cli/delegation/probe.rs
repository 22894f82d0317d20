//! Whether a child is served as its delegation will say, asked of its servers before it says so.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;

use super::{output, refused};
use crate::cli::{Exit, runtime};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::DNS_PORT;
use crate::crypto::{OsRandom, Random};
use crate::dnssec::{
    self, Algorithms, Effort, SignatureError, SupportedDs, TrustedKeys, Unsupported,
};
use crate::transport::{Exchange, ExchangeError, Limits, Network, Transport};
use crate::wire::rdata::Rrsig;
use crate::wire::{Class, Edns, Message, Name, Question, Rcode, Rrset, Rtype};
use crate::zone::delegating::Delegated;

/// How long one try waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a server is asked over UDP: a packet may be lost.
const TRIES: usize = 2;

/// Why a server is not ready for a delegation.
#[derive(Debug, Error)]
enum ProbeError {
    /// There is no answer.
    #[error("{0}")]
    Exchange(#[from] ExchangeError),
    /// What comes is no message.
    #[error("its response cannot be read")]
    Unreadable,
    /// It refuses, or fails.
    #[error("it says {0}")]
    Rcode(Rcode),
    /// It does not serve the zone.
    #[error("it does not serve the zone: no SOA with authority")]
    NotServed,
    /// It has no keys.
    #[error("it serves no DNSKEY records")]
    NoKeys,
    /// No DS can be used to check the keys.
    #[error("its keys cannot be checked: {0}")]
    Unsupported(Unsupported),
    /// The DS records do not prove its keys.
    #[error("the DS records do not prove its keys: {0}")]
    Keys(SignatureError),
}

/// Asks all servers of a delegation whose addresses it tells.
///
/// # Errors
/// Where one of them is not ready; all that are not are told.
pub(super) fn probe(delegated: &Delegated) -> Result<(), Exit> {
    let unknown = delegated.servers.iter().filter(|server| server.addresses.is_empty());
    for server in unknown {
        output::tell(format_args!("{}: not asked, its address stands elsewhere", server.name));
    }
    match runtime::short(ask_all(delegated))?.as_slice() {
        [] => Ok(()),
        faults => Err(refused(format_args!(
            "{} is not ready to be delegated:\n  {}",
            delegated.name,
            faults.join("\n  ")
        ))),
    }
}

/// What is wrong with each server, in their order.
async fn ask_all(delegated: &Delegated) -> Vec<String> {
    let (network, delegated) =
        (Arc::new(Network::new(&Limits::default())), Arc::new(delegated.clone()));
    let mut asked = JoinSet::new();
    let addresses = delegated
        .servers
        .iter()
        .flat_map(|server| server.addresses.iter().map(|address| (server.name.clone(), *address)));
    for (number, (server, address)) in addresses.enumerate() {
        let (network, delegated) = (Arc::clone(&network), Arc::clone(&delegated));
        asked.spawn(async move {
            let outcome = ask(&network, address, &delegated).await;
            (number, outcome.err().map(|error| format!("{server} at {address}: {error}")))
        });
    }
    let mut outcomes = asked.join_all().await;
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().filter_map(|(_, fault)| fault).collect()
}

/// Asks a server for the zone's SOA, and for its keys where a DS stands for them.
async fn ask(network: &Network, server: IpAddr, delegated: &Delegated) -> Result<(), ProbeError> {
    let zone = &delegated.name;
    let soa = exchange(network, server, zone, Rtype::SOA).await?;
    if !soa.flags.authoritative || set(&soa, zone, Rtype::SOA).is_none() {
        return Err(ProbeError::NotServed);
    }
    if delegated.ds.is_empty() {
        return Ok(());
    }
    let keys = exchange(network, server, zone, Rtype::DNSKEY).await?;
    check_keys(&keys, delegated, SystemClock.now())
}

/// That the DS records prove the keys in a message.
fn check_keys(message: &Message, delegated: &Delegated, now: Timestamp) -> Result<(), ProbeError> {
    let zone = &delegated.name;
    let keys = set(message, zone, Rtype::DNSKEY).ok_or(ProbeError::NoKeys)?;
    let signatures = set(message, zone, Rtype::RRSIG);
    let signatures: Vec<Rrsig> = signatures
        .iter()
        .flat_map(|set| &set.rdata)
        .filter_map(|rdata| Rrsig::parse(rdata).ok())
        .collect();
    let ds = SupportedDs::select(&delegated.ds, Algorithms::default());
    let ds = ds.map_err(ProbeError::Unsupported)?;
    let mut effort = Effort::new(dnssec::Limits::default());
    let proved = TrustedKeys::establish(&ds, &keys, &signatures, now, &mut effort);
    proved.map(drop).map_err(ProbeError::Keys)
}

/// The records of the answer of a name and type.
fn set(message: &Message, name: &Name, rtype: Rtype) -> Option<Rrset> {
    let fits = message.answer.iter().filter(|one| one.name == *name && one.rtype == rtype);
    Rrset::group(fits.cloned()).pop()
}

/// Asks a server itself, over TCP where UDP is too small.
async fn exchange(
    network: &Network,
    server: IpAddr,
    zone: &Name,
    rtype: Rtype,
) -> Result<Message, ProbeError> {
    let server = SocketAddr::new(server, DNS_PORT);
    let question = Question { name: zone.clone(), rtype, class: Class::IN };
    let mut query = Message::query(OsRandom.u16(), question);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    let packet = query.encode();
    let mut tried = network.exchange(server, Transport::Udp, &packet, PATIENCE).await;
    for _ in 1..TRIES {
        if tried.is_err() {
            tried = network.exchange(server, Transport::Udp, &packet, PATIENCE).await;
        }
    }
    let mut message = read(&tried?)?;
    if message.flags.truncated {
        message = read(&network.exchange(server, Transport::Tcp, &packet, PATIENCE).await?)?;
    }
    match message.rcode {
        Rcode::NOERROR => Ok(message),
        rcode => Err(ProbeError::Rcode(rcode)),
    }
}

fn read(packet: &[u8]) -> Result<Message, ProbeError> {
    Message::decode(packet).map_err(|_| ProbeError::Unreadable)
}
