//! Homeservers asked over a Web and a DNS made up, in time made up.

mod acting;
mod keys;
mod passes;
mod places;
mod well_known;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::stub::LookupError;
use crate::stub::publish::Service;
use crate::transport::http::{BoxFuture, Bytes, FetchError, HeaderMap};
use crate::wire::Name;

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Where hosts are of which nothing else is told.
const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254));
/// A client.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

/// What a server says to a request; nothing where it is down.
type Says = Box<dyn Fn(&Outgoing) -> Option<Incoming> + Send>;

type Services = Result<Vec<Service>, LookupError>;

/// Servers by scheme, host and path; and the DNS.
#[derive(Clone, Default)]
struct World {
    pages: Arc<Mutex<HashMap<String, Says>>>,
    /// What was asked for: the URL, and where it was to be connected to, if not [`SOMEWHERE`].
    asked: Arc<Mutex<Vec<String>>>,
    services: Arc<Mutex<HashMap<Name, Services>>>,
    addresses: Arc<Mutex<HashMap<String, Vec<IpAddr>>>>,
}

impl World {
    /// Has all requests for a URL without its query answered like this.
    fn set(&self, url: &str, says: impl Fn(&Outgoing) -> Option<Incoming> + Send + 'static) {
        self.pages.lock().unwrap().insert(url.to_owned(), Box::new(says));
    }

    fn says(&self, url: &str, status: u16, body: &str) {
        let answer = said(status, body);
        self.set(url, move |_| Some(answer.clone()));
    }

    fn delegates(&self, host: &str, to: &str) {
        self.says(&well_known(host), 200, &format!(r#"{{"m.server":"{to}","x":[1.5]}}"#));
    }

    fn srv(&self, name: &str, targets: &[(&str, u16)]) {
        let service =
            |(target, port): &(&str, u16)| Service { target: target.parse().unwrap(), port: *port };
        let services = targets.iter().map(service).collect();
        self.services.lock().unwrap().insert(name.parse().unwrap(), Ok(services));
    }

    /// Tells the addresses of a host; it does not exist where there are none.
    fn host(&self, host: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.addresses.lock().unwrap().insert(host.to_owned(), addresses);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn homeservers(&self) -> (Homeservers<Self>, ManualClock) {
        self.within(Limits::default())
    }

    fn within(&self, limits: Limits) -> (Homeservers<Self>, ManualClock) {
        self.counting(limits, &Telemetry::new("t"))
    }

    fn counting(&self, limits: Limits, telemetry: &Telemetry) -> (Homeservers<Self>, ManualClock) {
        let clock = ManualClock::at(START);
        let reach = Reach::Internet { and: Vec::new() };
        let (fetch, names) = (self.clone(), self.clone());
        let homeservers =
            Homeservers::new(fetch, names, reach, Arc::new(clock.clone()), limits, telemetry);
        (homeservers, clock)
    }
}

impl Fetch for World {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        tokio::task::yield_now().await;
        assert_eq!(request.reach, Reach::Internet { and: Vec::new() }, "whoever is asked");
        let url = request.url.to_string();
        let at = request.addresses.as_deref().expect("it is known where a request goes");
        let [at] = at else { panic!("one address at a time: {at:?}") };
        let told = if at.ip() == SOMEWHERE { String::new() } else { format!(" at {at}") };
        self.asked.lock().unwrap().push(format!("{url}{told}"));
        if is_closed(*at) {
            let host = request.url.host().to_string();
            let error = io::ErrorKind::ConnectionRefused.into();
            return Err(FetchError::Connect { host, address: *at, error });
        }
        let page = url.split('?').next().unwrap_or_default();
        let answer = match self.pages.lock().unwrap().get(page) {
            Some(says) => says(&request),
            None => Some(said(404, "{}")),
        };
        match answer {
            Some(answer) => Ok(answer),
            None => std::future::pending().await,
        }
    }
}

impl Names for World {
    fn services(&self, name: Name) -> BoxFuture<'_, Services> {
        let found = self.services.lock().unwrap().get(&name).cloned();
        Box::pin(async { found.unwrap_or(Ok(Vec::new())) })
    }

    fn addresses(&self, host: String) -> BoxFuture<'_, io::Result<Vec<IpAddr>>> {
        let host = host.trim_end_matches('.');
        let told = self.addresses.lock().unwrap().get(host).cloned();
        let found = told.unwrap_or_else(|| vec![SOMEWHERE]);
        Box::pin(async {
            match found.is_empty() {
                true => Err(io::Error::other("no such host")),
                false => Ok(found),
            }
        })
    }
}

/// Whether nobody takes connections there.
fn is_closed(address: SocketAddr) -> bool {
    address.ip() == IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9))
}

fn said(status: u16, body: &str) -> Incoming {
    let status = StatusCode::from_u16(status).unwrap();
    Incoming { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn well_known(host: &str) -> String {
    format!("https://{host}/.well-known/matrix/server")
}

fn server(name: &str) -> ServerName {
    name.parse().unwrap()
}
