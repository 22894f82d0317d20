//! Homeservers asked over a Web and a DNS made up, in time made up.

mod acting;
mod keys;
mod places;
mod well_known;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::clock::{ManualClock, Timestamp};
use crate::stub::LookupError;
use crate::stub::publish::Service;
use crate::transport::http::{BoxFuture, Bytes, FetchError, HeaderMap};
use crate::wire::Name;

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

/// What a server says to a request; nothing where it is down.
type Says = Box<dyn Fn(&Outgoing) -> Option<Incoming> + Send>;

type Services = Result<Vec<Service>, LookupError>;

/// Servers by scheme, host and path; and the DNS.
#[derive(Clone, Default)]
struct World {
    pages: Arc<Mutex<HashMap<String, Says>>>,
    /// What was asked for: the URL, and where it was to be connected to, if that was told.
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
        let clock = ManualClock::at(START);
        let reach = Reach::Internet { and: Vec::new() };
        let (fetch, names) = (self.clone(), self.clone());
        (Homeservers::new(fetch, names, reach, Arc::new(clock.clone()), limits), clock)
    }
}

impl Fetch for World {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        tokio::task::yield_now().await;
        assert_eq!(request.reach, Reach::Internet { and: Vec::new() }, "whoever is asked");
        let url = request.url.to_string();
        let at: Vec<String> = request.addresses.iter().flatten().map(ToString::to_string).collect();
        let told = request.addresses.as_ref().map(|_| format!(" at {}", at.join(" ")));
        self.asked.lock().unwrap().push(format!("{url}{}", told.unwrap_or_default()));
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
        let found = self.addresses.lock().unwrap().get(host).cloned();
        Box::pin(async { found.ok_or_else(|| io::Error::other("no such host")) })
    }
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
