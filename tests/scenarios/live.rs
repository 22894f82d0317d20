//! A recursor in a faked network: zones by address, and a clock that is set.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use threepid::authority::{Authority, ServedZone};
use threepid::clock::{Clock, ManualClock};
use threepid::recursor::{Limits, Recursor};
use threepid::resolver::{Checking, Policy, Response};
use threepid::telemetry::Telemetry;
use threepid::transport::{Exchange, ExchangeError, Transport};
use threepid::wire::{EdnsPolicy, Message, Query};

use super::net::parse;
use super::tree;

/// The network. Clones share everything.
#[derive(Clone)]
pub(crate) struct Wire {
    clock: ManualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    authorities: HashMap<IpAddr, Arc<Authority>>,
    /// How long every server takes.
    takes: Duration,
    /// How many questions are not sent.
    not_sent: usize,
    asked: Vec<String>,
}

impl Wire {
    /// Puts a server of these zones at this address.
    pub(crate) fn put(&self, address: &str, zones: Vec<ServedZone>) {
        let authority = Arc::new(Authority::new(zones).unwrap());
        self.state.lock().unwrap().authorities.insert(address.parse().unwrap(), authority);
    }

    /// Lets every server take so long for a reply.
    pub(crate) fn slow_down(&self, takes: Duration) {
        self.state.lock().unwrap().takes = takes;
    }

    /// Takes away the server at this address.
    pub(crate) fn silence(&self, address: &str) {
        let address: IpAddr = address.parse().unwrap();
        self.state.lock().unwrap().authorities.remove(&address);
    }

    /// Does not send the next questions, so many of them.
    pub(crate) fn hold_back(&self, questions: usize) {
        self.state.lock().unwrap().not_sent = questions;
    }

    /// Nothing comes from anywhere any more.
    pub(crate) fn cut(&self) {
        self.state.lock().unwrap().authorities.clear();
    }

    /// The questions sent since the last time, as `name type`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

impl Exchange for Wire {
    async fn exchange(
        &self,
        server: SocketAddr,
        transport: Transport,
        packet: &[u8],
        timeout: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let (authority, takes) = {
            let mut state = self.state.lock().unwrap();
            if let Some(left) = state.not_sent.checked_sub(1) {
                state.not_sent = left;
                return Err(ExchangeError::NotSent);
            }
            let question = Message::decode(packet).unwrap().question.unwrap();
            state.asked.push(format!("{} {}", question.name.to_lowercase(), question.rtype));
            (state.authorities.get(&server.ip()).cloned(), state.takes)
        };
        let Some(authority) = authority.filter(|_| takes < timeout) else {
            tokio::time::sleep(timeout).await;
            return Err(ExchangeError::Timeout);
        };
        // So that others can ask the same in the meantime.
        tokio::task::yield_now().await;
        tokio::time::sleep(takes).await;
        let query = Query::parse(packet).unwrap();
        let limit = query.limit(transport, 1232);
        let mut out = Vec::new();
        authority.answer(&query, limit, &EdnsPolicy::default(), self.clock.now(), &mut out);
        Ok(out)
    }
}

/// A recursor at work.
pub(crate) struct Live {
    pub(crate) recursor: Recursor<Wire>,
    pub(crate) wire: Wire,
    pub(crate) clock: ManualClock,
    pub(crate) telemetry: Telemetry,
}

impl Live {
    /// One in the tree of the scenarios.
    pub(crate) fn tree() -> Self {
        Self::new(tree::policy(), Limits::default())
    }

    /// One in the tree of the scenarios that works like this.
    pub(crate) fn new(policy: Policy, limits: Limits) -> Self {
        let clock = ManualClock::at(tree::NOW);
        let wire = Wire { clock: clock.clone(), state: Arc::default() };
        wire.put("192.0.2.1", vec![tree::root_zone()]);
        wire.put("192.0.2.44", vec![tree::uk_zone()]);
        wire.put("192.0.2.45", vec![tree::uk_zone()]);
        wire.put("192.0.2.10", tree::domain_zones());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let telemetry = Telemetry::new("t");
        let recursor = Recursor::counted(policy, wire.clone(), shared, limits, &telemetry);
        Self { recursor, wire, clock, telemetry }
    }

    /// Resolves `name type` and judges the answer.
    pub(crate) async fn ask(&self, question: &str) -> Arc<Response> {
        self.recursor.resolve(parse(question), Checking::Enabled).await
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}
