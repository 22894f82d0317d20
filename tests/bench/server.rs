//! The service that is measured, in a process and on a CPU of its own.

use std::collections::BTreeMap;
use std::future::pending;
use std::io::Write;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use threepid::allowance::{Bound as _, Rate};
use threepid::association::Mxid;
use threepid::clock::SystemClock;
use threepid::codec::Url;
use threepid::crypto::{OsRandom, SeededRandom};
use threepid::directory::{self, Directory, Sources};
use threepid::homeserver::Refused;
use threepid::services::matrix::{self, Bound, IdentityApi, Lookups};
use threepid::signed::{NamedKey, Object, ServerName};
use threepid::store::ledger::Ledger;
use threepid::store::{Policy, Store};
use threepid::stub::Finding;
use threepid::stub::publish::{self, Outbox};
use threepid::telemetry::Telemetry;
use threepid::threepid::Threepid;
use threepid::transport::http::{
    self, BoxFuture, CertificateFiles, FetchError, Incoming, Outgoing, Request, Router, ServerTls,
};
use threepid::verifier::{self, Links, NotTold, SigningKeys, Tree, Verifier, Web};
use threepid::wire::Name;
use tokio::net::TcpListener;

use super::{lookup, stay_on};

/// In the environment of the server: where its files are.
pub(super) const PLACE: &str = "THREEPID_BENCH_PLACE";
/// The CPU it runs on.
const CPU: usize = 0;
/// As often as one likes: what is measured is what it costs.
const UNBOUNDED: Rate = Rate::within(Duration::ZERO, u32::MAX, u32::MAX);

/// Serves, and says when it does. Does nothing unless told to.
#[test]
fn server() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    stay_on(CPU);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("threads can be had").block_on(serve(&place));
}

async fn serve(place: &Path) {
    let ledger = Arc::new(Ledger::open(&place.join("ledger")).expect("there is a ledger"));
    let directory = fill(place, &ledger).await;
    let generation = directory.generation(directory.pepper().as_str()).expect("it is the pepper");
    let router = Arc::new(router(place, &ledger, &directory));
    let files = CertificateFiles { chain: place.join("chain.pem"), key: place.join("key.pem") };
    let tls = ServerTls::load(files).expect("a certificate");
    let mut addresses = Vec::new();
    for tls in [None, Some(tls)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        addresses.push(listener.local_addr().expect("it is bound").to_string());
        let limits = http::Limits::default();
        tokio::spawn(http::serve(listener, tls, router.clone(), limits, pending()));
    }
    let (people, octets) = (generation.len(), generation.octets());
    println!("\n@ {} {} {people} {octets}", addresses.join(" "), directory.pepper().as_str());
    std::io::stdout().flush().expect("it is heard");
    let wait = || std::io::stdin().read_line(&mut String::new());
    tokio::task::spawn_blocking(wait).await.expect("it waits").expect("it can be told to end");
}

/// The directory, when it is complete.
async fn fill(place: &Path, ledger: &Arc<Ledger>) -> Directory {
    let store = Store::open(&place.join("store"), Policy::default()).expect("there is a store");
    let sources = Sources {
        store,
        apexes: vec![lookup::apex()],
        answers: Arc::new(|_| true),
        ledger: ledger.clone(),
        clock: Arc::new(SystemClock),
        random: Box::new(OsRandom),
    };
    let directory =
        Directory::open(sources, directory::Policy::default()).expect("it has a pepper");
    tokio::spawn(directory.clone().run());
    let generation = directory.generation(directory.pepper().as_str()).expect("it is the pepper");
    while generation.look(|_| ()).is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    directory
}

fn router(place: &Path, ledger: &Arc<Ledger>, directory: &Directory) -> Router {
    let base: Url = "https://localhost".parse().expect("a URL");
    let mut settings = matrix::Settings::new(base.clone());
    Bound::ALL.iter().for_each(|bound| settings.limits.bounds[*bound] = UNBOUNDED);
    settings.limits.lookups.at_once = NonZeroUsize::MIN;
    let means = matrix::Means {
        ledger: ledger.clone(),
        verifier: Arc::new(verifier(place, ledger, base)),
        homeservers: Arc::new(Nobody),
        clock: Arc::new(SystemClock),
        lookups: Lookups { people: None, directory: Some(directory.clone()) },
    };
    IdentityApi::new(settings, means, &Telemetry::new("bench")).router()
}

/// A verification server, which nobody asks for anything.
fn verifier(place: &Path, ledger: &Arc<Ledger>, base: Url) -> Verifier {
    let key = NamedKey::generate(&mut SeededRandom::new(1));
    let keys = SigningKeys::new("localhost".parse().expect("a name"), key);
    let outbox = Outbox::open(&place.join("outbox"), publish::Limits::default());
    let means = verifier::Means {
        ledger: ledger.clone(),
        outbox: outbox.expect("there is room"),
        tree: Arc::new(Nobody),
        couriers: BTreeMap::new(),
        web: Arc::new(Nobody),
        homeservers: Arc::new(Nobody),
        clock: Arc::new(SystemClock),
    };
    let links = Links { base, web_client: None };
    let settings = verifier::Settings::new(Default::default(), links);
    Verifier::new(keys, settings, means, &Telemetry::new("bench"))
}

/// Others, who are not asked.
struct Nobody;

impl Tree for Nobody {
    fn apexes(&self) -> Vec<Name> {
        Vec::new()
    }

    fn ask<'a>(&'a self, _: &'a Threepid) -> BoxFuture<'a, Vec<Finding>> {
        unreachable!("nothing is bound")
    }
}

impl Web for Nobody {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Incoming, FetchError>> {
        unreachable!("nobody else is asked")
    }
}

impl verifier::Homeservers for Nobody {
    fn onbind<'a>(
        &'a self,
        _: &'a ServerName,
        _: &'a Object,
    ) -> BoxFuture<'a, Result<(), NotTold>> {
        unreachable!("nothing is bound")
    }
}

impl matrix::Homeservers for Nobody {
    fn owner<'a>(
        &'a self,
        _: &'a ServerName,
        _: &'a str,
        _: IpAddr,
    ) -> BoxFuture<'a, Result<Mxid, Refused>> {
        unreachable!("there is a token")
    }

    fn authenticate<'a>(
        &'a self,
        _: &'a Request,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<ServerName, Refused>> {
        unreachable!("no homeserver asks")
    }
}
