//! Lookups as clients ask for them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::super::Limits;
use super::super::testing::Desk;
use super::*;
use crate::allowance::Rate;
use crate::association::{Association, Extra, Mxid, Statement};
use crate::clock::{Clock, ManualClock};
use crate::codec;
use crate::crypto::{SeededRandom, sha256};
use crate::directory::{self, Sources};
use crate::signed::{KeyName, Signatures};
use crate::store::ledger::Ledger;
use crate::store::{self, Change, Store};
use crate::threepid::Threepid;
use crate::transport::http::BoxFuture;

const LOOKUP: &str = "/_matrix/identity/v2/lookup";
const HASH_DETAILS: &str = "/_matrix/identity/v2/hash_details";
const DAY: Duration = Duration::from_secs(86_400);

/// The trees, as they answer here. Who is asked about is noted.
#[derive(Default)]
struct Known {
    people: BTreeMap<Threepid, Mxid>,
    asked: Mutex<Vec<Threepid>>,
    /// Where it is there, nobody is found before it tells.
    until: Option<Notify>,
}

impl People for Known {
    fn find(
        &self,
        threepids: Vec<Threepid>,
        _: NonZeroUsize,
        _: Duration,
    ) -> BoxFuture<'_, Vec<(usize, Mxid)>> {
        Box::pin(async move {
            if let Some(until) = &self.until {
                until.notified().await;
            }
            let known = |(at, one)| Some((at, self.people.get(one)?.clone()));
            let found = threepids.iter().enumerate().filter_map(known).collect();
            self.asked.lock().unwrap().extend(threepids);
            found
        })
    }

    fn signed(&self, _: Threepid, _: Duration) -> BoxFuture<'_, Option<Statement>> {
        Box::pin(async { None })
    }
}

/// A service that finds people, and what it finds them in.
struct World {
    desk: Desk,
    directory: Option<(Directory, Store)>,
    token: String,
    _place: TempDir,
}

fn threepid(text: &str) -> Threepid {
    Threepid::parse_any(text, None).unwrap()
}

fn held(address: &str, mxid: &str, clock: &ManualClock) -> Change {
    let ts = crate::association::Ts::from_millis(clock.now().as_millis()).unwrap();
    let (not_before, not_after) = (ts, ts.default_end().unwrap());
    let mxid = mxid.parse().unwrap();
    let claim = Association { mxid, ts, not_before, not_after, extra: Extra::default() };
    let mut signatures = Signatures::default();
    let name = KeyName::new("verify.example".parse().unwrap(), "ed25519:1".parse().unwrap());
    signatures.insert(name, [7; 64]);
    let statement = Statement::new(claim.into(), signatures).unwrap();
    Change::publish(&"3pid.example.".parse().unwrap(), threepid(address), statement).unwrap()
}

fn directory(place: &TempDir, ledger: &Arc<Ledger>, clock: &ManualClock) -> (Directory, Store) {
    let policy = store::Policy { keep_addresses: true, ..store::Policy::default() };
    let store = Store::open(&place.path().join("store"), policy).unwrap();
    let sources = Sources {
        store: store.clone(),
        apexes: vec!["3pid.example.".parse().unwrap()],
        answers: Arc::new(|_| true),
        ledger: ledger.clone(),
        clock: Arc::new(clock.clone()),
        random: Box::new(SeededRandom::new(1)),
    };
    (Directory::open(sources, directory::Policy::default()).unwrap(), store)
}

/// These, where so many come at once, and as many again in the rest of an hour.
fn with<const N: usize>(lookups: LookupLimits, at_once: [(Bound, u32); N]) -> Limits {
    let mut limits = Limits { lookups, ..Limits::default() };
    for (bound, count) in at_once {
        limits.bounds[bound] = Rate::per_hour(2 * count);
    }
    limits
}

impl World {
    /// One that finds these people in the trees, and the others by hash.
    async fn new(people: Option<Arc<Known>>, held_here: &[(&str, &str)]) -> Self {
        Self::within(Limits::default(), people, Some(held_here)).await
    }

    async fn within(
        limits: Limits,
        people: Option<Arc<Known>>,
        held_here: Option<&[(&str, &str)]>,
    ) -> Self {
        let (place, mut kept) = (tempfile::tempdir().unwrap(), None);
        let lookups = |ledger: &Arc<Ledger>, clock: &ManualClock| {
            kept = held_here.map(|_| directory(&place, ledger, clock));
            let people = people.map(|people| -> Arc<dyn People> { people });
            Lookups { people, directory: kept.as_ref().map(|(directory, _)| directory.clone()) }
        };
        let desk = Desk::finding(|settings| settings.limits = limits, lookups);
        let token = desk.register("@alice:example.org");
        let world = Self { desk, directory: kept, token, _place: place };
        if let (Some((_, store)), Some(held_here)) = (&world.directory, held_here) {
            let change = |(address, mxid): &(&str, &str)| held(address, mxid, &world.desk.clock);
            let changes = held_here.iter().map(change).collect();
            store.apply(changes, world.desk.clock.now()).await.unwrap();
        }
        world
    }

    /// Has the directory at work.
    async fn run(self) -> Self {
        tokio::spawn(self.directory.as_ref().unwrap().0.clone().run());
        sleep(Duration::from_millis(1)).await;
        self
    }

    async fn ask(&self, algorithm: &str, pepper: &str, addresses: &[&str]) -> (u16, Value) {
        let content = json!({"algorithm": algorithm, "pepper": pepper, "addresses": addresses});
        let content = content.to_string();
        let (status, told) = self.desk.post(LOOKUP, Some(&self.token), &content).await;
        (status, serde_json::from_str(&told).unwrap())
    }

    async fn details(&self) -> Value {
        let (status, told) = self.desk.get(HASH_DETAILS, Some(&self.token)).await;
        assert_eq!(status, 200, "{told}");
        serde_json::from_str(&told).unwrap()
    }

    async fn pepper(&self) -> String {
        self.details().await["lookup_pepper"].as_str().unwrap().to_owned()
    }
}

/// A hash as a client makes it.
fn hash(address: &str, pepper: &str) -> String {
    let threepid = threepid(address);
    let text = format!("{} {} {pepper}", threepid.address(), threepid.medium());
    codec::base64_unpadded(&sha256(text.as_bytes())).replace('+', "-").replace('/', "_")
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_hash() {
    let people = [("alice@a.example", "@alice:a.example"), ("+447700900123", "@\"bob\\:b.example")];
    let world = World::new(None, &people).await.run().await;
    let details = world.details().await;
    assert_eq!(details["algorithms"], json!(["sha256"]));
    let pepper = details["lookup_pepper"].as_str().unwrap();
    let hashes = people.map(|(address, _)| hash(address, pepper));
    let unknown = hash("bob@a.example", pepper);
    let [alice, bob] = [&*hashes[0], &*hashes[1]];
    let asked = [bob, &unknown, "alice@a.example email", alice, "", bob];
    let mappings = json!({"mappings": {alice: "@alice:a.example", bob: "@\"bob\\:b.example"}});
    assert_eq!(world.ask("sha256", pepper, &asked).await, (200, mappings));
    let none = (200, json!({"mappings": {}}));
    assert_eq!(world.ask("sha256", pepper, &[]).await, none);
    assert_eq!(world.ask("sha256", pepper, &[&unknown]).await, none);
}

#[tokio::test(start_paused = true)]
async fn another_pepper_is_told() {
    let world = World::new(None, &[("alice@a.example", "@alice:a.example")]).await.run().await;
    let first = world.pepper().await;
    let alice = hash("alice@a.example", &first);
    let found = (200, json!({"mappings": {&*alice: "@alice:a.example"}}));
    assert_eq!(world.ask("sha256", &first, &[&alice]).await, found);
    world.desk.clock.advance(DAY);
    sleep(Duration::from_secs(120)).await;
    let second = world.pepper().await;
    assert_ne!(first, second);
    assert_eq!(world.ask("sha256", &first, &[&alice]).await, found, "for a while");
    world.desk.clock.advance(Duration::from_secs(3600));
    for pepper in [&*first, "", "matrixrocks"] {
        let (status, told) = world.ask("sha256", pepper, &[&alice]).await;
        assert_eq!((status, &told["errcode"]), (400, &json!("M_INVALID_PEPPER")), "{told}");
        assert_eq!(
            (&told["algorithm"], &told["lookup_pepper"]),
            (&json!("sha256"), &json!(second))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_said_to_be_unknown_before_all_are_known() {
    let world = World::new(None, &[("alice@a.example", "@alice:a.example")]).await;
    let pepper = world.pepper().await;
    let (status, told) = world.ask("sha256", &pepper, &[&hash("alice@a.example", &pepper)]).await;
    assert_eq!((status, &told["retry_after_ms"]), (503, &json!(1000)), "{told}");
}

#[tokio::test(start_paused = true)]
async fn people_are_found_in_the_trees() {
    let mxid: Mxid = "@alice:a.example".parse().unwrap();
    let known = [("alice@a.example", &mxid), ("+447700900123", &mxid)];
    let people = known.map(|(address, mxid)| (threepid(address), mxid.clone())).into();
    let known = Arc::new(Known { people, ..Known::default() });
    let world = World::within(Limits::default(), Some(known.clone()), None).await;
    let details = world.details().await;
    assert_eq!(details, json!({"algorithms": ["none"], "lookup_pepper": "unused"}));
    let (alice, number) = ("alice@a.example email", "447700900123 msisdn");
    let asked = [number, "bob@a.example email", alice, "Alice@a.example email", "email", alice];
    let mappings = json!({"mappings": {alice: mxid.as_str(), number: mxid.as_str()}});
    assert_eq!(world.ask("none", "any", &asked).await, (200, mappings));
    let asked = ["alice@a.example", "bob@a.example", "+447700900123"].map(threepid);
    assert_eq!(*known.asked.lock().unwrap(), asked, "each once, in normal form");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_offered_is_refused() {
    let world = World::within(Limits::default(), None, None).await;
    assert_eq!(world.details().await["algorithms"], json!([]));
    for algorithm in ["none", "sha256", "md5", ""] {
        let (status, told) = world.ask(algorithm, "unused", &[]).await;
        assert_eq!((status, &told["errcode"]), (400, &json!("M_INVALID_PARAM")), "{algorithm}");
    }
    for (path, status) in [(HASH_DETAILS, 401), (LOOKUP, 405)] {
        assert_eq!(world.desk.get(path, None).await.0, status, "{path}");
    }
    let content = r#"{"algorithm":"none","pepper":"p","addresses":[]}"#;
    assert_eq!(world.desk.post(LOOKUP, None, content).await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_looked_up_than_may_be() {
    let lookups = LookupLimits { hashes: 3, addresses: 2, ..LookupLimits::default() };
    let limits = with(lookups, [(Bound::HashesPerUser, 5), (Bound::AddressesPerUser, 3)]);
    let people = Some(Arc::new(Known::default()));
    let world = World::within(limits, people, Some(&[])).await.run().await;
    let pepper = world.pepper().await;
    for (algorithm, most) in [("sha256", 3), ("none", 2)] {
        let ask = |count| {
            let (world, pepper, addresses) = (&world, &pepper, vec!["a@b email"; count]);
            async move { world.ask(algorithm, pepper, &addresses).await }
        };
        let (status, told) = ask(most + 1).await;
        assert_eq!((status, &told["errcode"]), (413, &json!("M_TOO_LARGE")), "{told}");
        assert_eq!(ask(most).await.0, 200);
        let (status, told) = ask(most).await;
        assert_eq!((status, &told["errcode"]), (429, &json!("M_LIMIT_EXCEEDED")), "{told}");
        assert_eq!(ask(1).await.0, 200, "an hour's are not used up");
    }
}

/// Whoever runs a homeserver has as many users as he likes, and whoever has names as many homeservers.
#[tokio::test(start_paused = true)]
async fn many_users_of_one_are_not_many() {
    let limits = with(
        LookupLimits::default(),
        [
            (Bound::HashesPerHomeserver, 3),
            (Bound::AddressesPerHomeserver, 3),
            (Bound::HashesPerNetwork, 5),
            (Bound::AddressesPerNetwork, 5),
        ],
    );
    let people = Some(Arc::new(Known::default()));
    let world = World::within(limits, people, Some(&[])).await.run().await;
    let pepper = world.pepper().await;
    for algorithm in ["sha256", "none"] {
        let ask = async |mxid: &str| {
            let asked = json!({"algorithm": algorithm, "pepper": pepper, "addresses": ["a@b email", "b@b email"]});
            let user = world.desk.register(mxid);
            world.desk.post(LOOKUP, Some(&user), &asked.to_string()).await.0
        };
        assert_eq!([ask("@a:a").await, ask("@b:a").await], [200, 429], "one homeserver");
        assert_eq!([ask("@a:b").await, ask("@a:c").await], [200, 429], "one network");
        world.desk.clock.advance(Duration::from_secs(3600));
        assert_eq!([ask("@a:a").await, ask("@a:b").await], [200, 200]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_for_too_long_is_sent_away() {
    let lookups = LookupLimits { requests: 1, ..LookupLimits::default() };
    let limits = Limits { lookups, ..Limits::default() };
    let known = Arc::new(Known { until: Some(Notify::new()), ..Known::default() });
    let world = Arc::new(World::within(limits, Some(known.clone()), None).await);
    let ask = |world: Arc<World>| async move { world.ask("none", "", &["a@b email"]).await.0 };
    let first = tokio::spawn(ask(world.clone()));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(ask(world.clone()).await, 503);
    known.until.as_ref().unwrap().notify_one();
    assert_eq!(first.await.unwrap(), 200);
    known.until.as_ref().unwrap().notify_one();
    assert_eq!(ask(world).await, 200, "there is a place again");
}
