//! Any octets are a request to publish: query, headers and body. Each gets an answer of those there are,
//! none of them touches the store, and what is a statement is one when it is written again.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use threepid::allowance::{Gates, Rate};
use threepid::association::Statement;
use threepid::authority::Place;
use threepid::clock::{ManualClock, Timestamp};
use threepid::services::publish::{
    Below, Bound, Bounds, Limits, Intake, Rules, Shelf, Tally, Zones,
};
use threepid::signed::{self, Object};
use threepid::store::{Change, Outcome, StoreError};
use threepid::stub::{self, Client};
use threepid::stub::publish::PATH;
use threepid::telemetry::Telemetry;
use threepid::transport::http::{
    BodyError, Bytes, Handler, HeaderMap, HttpClient, Method, Request, Response, header,
};
use threepid::transport::{Exchange, ExchangeError, Transport};
use threepid::trust::Anchors;
use threepid::wire::Name;

/// Nothing is here, and nothing may be asked.
struct Nothing;

impl Exchange for Nothing {
    async fn exchange(
        &self,
        _: SocketAddr,
        _: Transport,
        _: &[u8],
        _: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        panic!("a question goes out");
    }
}

impl Shelf for Nothing {
    async fn keep(&self, _: Vec<Change>, _: Timestamp) -> Result<Vec<Outcome>, StoreError> {
        panic!("the store is touched");
    }

    async fn served(&self) {}
}

impl Zones for Nothing {
    fn locate(&self, name: &Name) -> Place {
        assert!(name.is_below(&apex()));
        Place::Elsewhere
    }
}

fn apex() -> Name {
    "3pid.example.".parse().expect("a name")
}

fn publisher() -> Intake<Nothing, HttpClient, Nothing> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)));
    let (telemetry, mut bounds) = (Telemetry::new("fuzz"), Bounds::default());
    bounds[Bound::PerClient] = Rate::per_second(1).bursting(u32::MAX);
    let resolver = "192.0.2.53:53".parse().expect("an address");
    Intake {
        rules: Rules {
            roots: vec![apex()],
            verifiers: Anchors::default(),
            limits: Limits::default(),
        },
        client: Client::over(Nothing, clock.clone(), resolver, Vec::new(), stub::Limits::default()),
        below: Below::Refer,
        zones: Arc::new(Nothing),
        shelf: Nothing,
        clock,
        gates: Arc::new(Gates::new(&bounds, &telemetry, "turned_away")),
        passages: Arc::default(),
        tally: Arc::new(Tally::new(&telemetry)),
    }
}

/// The octets up to the next zero, and those after it.
fn part<'a>(octets: &mut &'a [u8]) -> &'a [u8] {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(0);
    let (part, rest) = octets.split_at(end);
    *octets = rest.strip_prefix(&[0]).unwrap_or(rest);
    part
}

/// Query, two headers, and a body.
fn request(mut octets: &[u8]) -> Request {
    let query = String::from_utf8(part(&mut octets).to_vec()).ok();
    let mut headers = HeaderMap::new();
    for name in ["threepid-hops", "threepid-zone"] {
        let value = part(&mut octets);
        if let Ok(value) = header::HeaderValue::from_bytes(value).map(|value| value.clone())
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
    let peer = "192.0.2.1:4711".parse().expect("an address");
    let body = Bytes::copy_from_slice(octets);
    Request { query, headers, body, ..Request::new(Method::POST, PATH, peer) }
}

fn respond(publisher: &Intake<Nothing, HttpClient, Nothing>, request: Request) -> Response {
    match publisher.admit(&request) {
        Err(response) => *response,
        Ok(most) if request.body.len() > most => publisher.refuse(&request, BodyError::TooLarge(most)),
        // Nothing on the way waits for anything.
        Ok(_) => {
            match publisher.handle(request).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(response) => response,
                Poll::Pending => panic!("it waits"),
            }
        }
    }
}

fuzz_target!(|octets: &[u8]| {
    static PUBLISHER: OnceLock<Intake<Nothing, HttpClient, Nothing>> = OnceLock::new();
    let request = request(octets);
    let body = request.body.clone();
    let response = respond(PUBLISHER.get_or_init(publisher), request);
    let status = response.status.as_u16();
    assert!([400, 404, 413].contains(&status), "{status}");
    let told = Object::parse(&response.body, &signed::Limits::default()).expect("canonical JSON");
    assert!(told.get("errcode").is_some() && told.get("error").is_some());
    if status == 404 {
        let (threepid, statement) = Statement::from_json(&body).expect("a statement");
        let again = Statement::from_json(&statement.to_json(&threepid));
        assert_eq!(again, Ok((threepid, statement)));
    }
});
