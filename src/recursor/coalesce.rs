//! The same question to the same server goes out once, however many resolutions ask it.
//!
//! Were it out several times, each with an id of its own, who guesses at ids would have to meet any
//! of them: the odds of a birthday (RFC 5452 section 5). One resolution leads the exchange, the others
//! follow; each is told what came of it as if it had asked itself. How many may follow is not limited
//! here: there are no more of them than resolutions. Requests share a resolution likewise in
//! [`flight`](super::flight).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::resolver::Outgoing;
use crate::transport::{ExchangeError, Transport};
use crate::wire::Query;

/// What came of an exchange.
pub(super) type Outcome = Result<Vec<u8>, ExchangeError>;

/// What makes two questions the same: all but the id, and which letters of the name are in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ExchangeKey {
    server: SocketAddr,
    via: Transport,
    /// Whether any letter is. Where none is, replies in any case will do: that is not for those who
    /// go by the case.
    mixed: bool,
    packet: Vec<u8>,
}

/// Where those who follow are told what came of it.
type Teller = watch::Sender<Option<Arc<Outcome>>>;

/// What is in flight: the question as it was sent, and where its outcome is told.
type InFlight = Arc<Mutex<HashMap<ExchangeKey, (Arc<[u8]>, Teller)>>>;

/// The exchanges in flight.
#[derive(Debug, Default)]
pub(super) struct Exchanges(InFlight);

/// How a resolution takes part in an exchange.
pub(super) enum Part {
    /// The question is for this one to send.
    Lead(Leader, Follower),
    /// It is in flight.
    Follow(Follower),
}

/// Carries an exchange out. Where it is dropped before the end, the question counts as not sent.
pub(super) struct Leader {
    in_flight: InFlight,
    /// None once it is in flight no more.
    key: Option<ExchangeKey>,
    outcome: Teller,
}

/// Waits for the outcome of an exchange.
#[derive(Debug)]
pub(super) struct Follower {
    /// The question as it was sent.
    sent: Arc<[u8]>,
    outcome: watch::Receiver<Option<Arc<Outcome>>>,
}

impl ExchangeKey {
    fn of(send: &Outgoing) -> Self {
        let mut packet = send.packet.clone();
        packet[ID].fill(0);
        packet[name(&send.packet)].make_ascii_lowercase();
        let mixed = packet[ID.end..] != send.packet[ID.end..];
        Self { server: send.server, via: send.via, mixed, packet }
    }
}

impl Exchanges {
    /// Follows the exchange of this question, or leads a new one.
    pub(super) fn join(&self, send: &Outgoing) -> Part {
        let key = ExchangeKey::of(send);
        let mut in_flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((sent, teller)) = in_flight.get(&key) {
            return Part::Follow(Follower { sent: sent.clone(), outcome: teller.subscribe() });
        }
        let (teller, outcome) = watch::channel(None);
        let sent: Arc<[u8]> = send.packet.clone().into();
        in_flight.insert(key.clone(), (sent.clone(), teller.clone()));
        let leader = Leader { in_flight: self.0.clone(), key: Some(key), outcome: teller };
        Part::Lead(leader, Follower { sent, outcome })
    }
}

impl Leader {
    /// Carries the exchange out and tells all what comes of it; or breaks it off, once nobody waits
    /// for it any more.
    pub(super) async fn carry_out(
        mut self,
        exchange: impl Future<Output = Outcome>,
    ) -> Option<Arc<Outcome>> {
        let outcome = tokio::select! {
            outcome = exchange => Arc::new(outcome),
            () = self.abandoned() => return None,
        };
        self.leave();
        self.outcome.send_replace(Some(outcome.clone()));
        Some(outcome)
    }

    /// Returns once nobody takes part, nor can any more.
    async fn abandoned(&mut self) {
        loop {
            self.outcome.closed().await;
            let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            if self.outcome.is_closed() {
                self.key.take().and_then(|key| in_flight.remove(&key));
                return;
            }
        }
    }

    /// From here on, who asks the same leads another exchange.
    fn leave(&mut self) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        self.key.take().and_then(|key| in_flight.remove(&key));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Follower {
    /// Waits for what comes of the exchange, for who would have sent `packet`.
    pub(super) async fn outcome(mut self, packet: &[u8]) -> Outcome {
        match self.outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => match &**outcome {
                Ok(reply) => Ok(turned(reply.clone(), &self.sent, packet)),
                Err(error) => Err(same(error)),
            },
            _ => Err(ExchangeError::NotSent),
        }
    }
}

/// Where the id stands in a message.
const ID: Range<usize> = 0..2;
/// Where the count of questions does.
const QUESTIONS: Range<usize> = 4..6;
/// Where the question begins.
const QUESTION: usize = 12;

/// Where the name of the question stands in a query; nowhere in what is none.
fn name(packet: &[u8]) -> Range<usize> {
    let length = Query::parse(packet).map_or(0, |query| query.qname.len());
    QUESTION..QUESTION + length
}

/// The reply to `sent`, turned into one to `own`, the same question with another id, and other cases
/// in its name. Where the reply has other cases than `sent`, it has other cases than `own` in the very
/// same places: what is no reply for one is none for the other.
fn turned(mut reply: Vec<u8>, sent: &[u8], own: &[u8]) -> Vec<u8> {
    let name = name(sent);
    let asks_the_same = reply.get(QUESTIONS).is_some_and(|count| count != [0, 0])
        && reply
            .get(name.clone())
            .is_some_and(|echo| echo.eq_ignore_ascii_case(&sent[name.clone()]));
    let mut turn = |range: Range<usize>| {
        let octets = reply.iter_mut().zip(sent).zip(own);
        for ((octet, sent), own) in octets.skip(range.start).take(range.len()) {
            *octet ^= sent ^ own;
        }
    };
    turn(ID);
    if asks_the_same {
        turn(name);
    }
    reply
}

/// The same error again.
fn same(error: &ExchangeError) -> ExchangeError {
    match error {
        ExchangeError::NotSent => ExchangeError::NotSent,
        ExchangeError::Timeout => ExchangeError::Timeout,
        ExchangeError::Io(error) => ExchangeError::Io(error.kind().into()),
        ExchangeError::Besieged => ExchangeError::Besieged,
        ExchangeError::Mismatch => ExchangeError::Mismatch,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::{Class, Edns, Message, Question, Rcode, Rtype, is_response_to};

    fn send(id: u16, name: &str, change: impl FnOnce(&mut Message)) -> Outgoing {
        let question = Question { name: name.parse().unwrap(), rtype: Rtype::A, class: Class::IN };
        let mut message = Message::query(id, question);
        message.edns = Some(Edns::default());
        change(&mut message);
        let server = "192.0.2.1:53".parse().unwrap();
        let timeout = Duration::from_secs(1);
        Outgoing { server, via: Transport::Udp, packet: message.encode(), timeout }
    }

    fn asked(name: &str) -> Outgoing {
        send(7, name, |_| ())
    }

    /// The reply of a server that says the name as `echo`.
    fn reply(send: &Outgoing, echo: &str) -> Vec<u8> {
        let mut message = Message::decode(&send.packet).unwrap();
        message.flags.response = true;
        message.question.as_mut().unwrap().name = echo.parse().unwrap();
        message.encode()
    }

    fn echoed(reply: &[u8]) -> String {
        Message::decode(reply).unwrap().question.unwrap().name.to_string()
    }

    #[test]
    fn what_differs_goes_out_by_itself() {
        let exchanges = Exchanges::default();
        let leads = |send: &Outgoing| match exchanges.join(send) {
            Part::Lead(leader, _) => Some(leader),
            Part::Follow(_) => None,
        };
        let mut held = vec![leads(&asked("a.example.")).unwrap()];
        assert!(leads(&send(8, "a.example.", |_| ())).is_none());
        held.extend(leads(&asked("a.eXample.")));
        assert_eq!(held.len(), 2, "one in mixed case is another");
        assert!(leads(&send(8, "A.exAmple.", |_| ())).is_none());
        let others = [
            asked("b.example."),
            send(7, "a.example.", |message| message.flags.recursion_desired = true),
            send(7, "a.example.", |message| message.edns = None),
            send(7, "a.example.", |message| {
                message.question.as_mut().unwrap().rtype = Rtype::AAAA;
            }),
            Outgoing { via: Transport::Tcp, ..asked("a.example.") },
            Outgoing { server: "192.0.2.2:53".parse().unwrap(), ..asked("a.example.") },
        ];
        held.extend(others.iter().map(|other| leads(other).unwrap()));
        drop(held);
        assert!(exchanges.0.lock().unwrap().is_empty());
    }

    #[test]
    fn each_gets_its_own_reply() {
        let (sent, own) = (asked("wWw.example."), send(9, "www.EXAMPLE.", |_| ()));
        let turned = |echo| turned(reply(&sent, echo), &sent.packet, &own.packet);
        let fits = turned("wWw.example.");
        assert!(is_response_to(&fits, &own.packet));
        assert_eq!(echoed(&fits), "www.EXAMPLE.");
        // One that says the name in other cases is no reply where cases count: nor is it now.
        assert_eq!(echoed(&turned("www.example.")), "wWw.EXAMPLE.");
        assert_eq!(echoed(&turned("www.EXAMPLE.")), "wWw.example.");
        assert_eq!(echoed(&turned("zzz.example.")), "zzz.example.");
        assert!(!is_response_to(&turned("zzz.example."), &own.packet));
    }

    #[test]
    fn a_reply_without_question_has_its_id() {
        let (sent, own) = (asked("a.example."), send(9, "A.example.", |_| ()));
        let mut error = Message::decode(&reply(&sent, "a.example.")).unwrap();
        (error.question, error.rcode) = (None, Rcode::FORMERR);
        let turned = Message::decode(&turned(error.encode(), &sent.packet, &own.packet)).unwrap();
        assert_eq!(turned, Message { id: 9, ..error });
        assert_eq!(super::turned(vec![1], &sent.packet, &own.packet).len(), 1);
    }

    #[tokio::test]
    async fn who_follows_is_told_of_a_lost_leader() {
        let exchanges = Exchanges::default();
        let Part::Lead(leader, _) = exchanges.join(&asked("a.")) else {
            panic!("nobody leads yet")
        };
        let Part::Follow(follower) = exchanges.join(&asked("a.")) else { panic!("one leads") };
        drop(leader);
        let outcome = follower.outcome(&asked("a.").packet).await;
        assert!(matches!(outcome, Err(ExchangeError::NotSent)), "{outcome:?}");
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_broken_off() {
        let exchanges = Exchanges::default();
        let Part::Lead(leader, follower) = exchanges.join(&asked("a.")) else {
            panic!("nobody leads")
        };
        let Part::Follow(other) = exchanges.join(&asked("a.")) else { panic!("one leads") };
        let leading = tokio::spawn(leader.carry_out(std::future::pending()));
        drop(follower);
        tokio::task::yield_now().await;
        assert!(!leading.is_finished());
        drop(other);
        assert!(leading.await.unwrap().is_none());
        assert!(exchanges.0.lock().unwrap().is_empty());
    }
}
