//! The part of the process that takes statements.

mod looking;
mod trees;

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::task::JoinSet;

use crate::allowance::Gates;
use crate::authority::Place;
use crate::clock::{Clock, Timestamp};
use crate::config::{self, Config, Mistake};
use crate::services::publish::{
    Below, Bound, Intake, Limits, Passages, Rules, Shelf, Tally, Zones,
};
use crate::services::root_lists::RootLists;
use crate::store::{Change, Outcome, StoreError};
use crate::stub::Client;
use crate::stub::publish::PATH;
use crate::transport::Network;
use crate::transport::http::{
    BodyError, BoxFuture, ClientLimits, Handler, HttpClient, Reach, Request, Response, Router,
    ServerTls, TlsError, TrustStore,
};
use crate::wire::Name;

use super::admin::Status;
use super::list_expiry::Reader;
use super::web::{self, WebServer};
use super::{Hosting, LoadError, StartError};
pub(super) use trees::Points;

/// What `[publish]` names, read and found good.
#[derive(Debug)]
pub struct Opened {
    /// The certificate; none for plain HTTP.
    tls: Option<Arc<ServerTls>>,
    below: Below<HttpClient>,
}

/// Reads what `[publish]` in `config` names.
///
/// # Errors
/// With everything that cannot be used.
pub(super) fn open(config: &Config) -> Result<Option<Opened>, LoadError> {
    let Some(plan) = &config.publish else { return Ok(None) };
    let mut mistakes = Vec::new();
    let tls = web::tls(&plan.web).map_err(|mistake| mistakes.push(mistake)).ok();
    let below = match &plan.below {
        config::Below::Refer => Some(Below::Refer),
        config::Below::Forward { allowed } => {
            let file = plan.ca_file.as_ref();
            let position = file.map_or(plan.verifiers.position, |file| file.position);
            let store = TrustStore::of(file.map(|file| file.value.as_path()));
            let client = HttpClient::new(&store, client_limits());
            let mistake = |error: TlsError| Mistake { position, message: error.to_string() };
            let client = client.map_err(|error| mistakes.push(mistake(error))).ok();
            let reach = Reach::Internet { and: allowed.clone() };
            client.map(|fetch| Below::Forward { fetch, reach })
        }
    };
    match (tls.unwrap_or_default(), below) {
        (tls, Some(below)) if mistakes.is_empty() => Ok(Some(Opened { tls, below })),
        _ => Err(LoadError::of_mistakes(&config.path, mistakes)),
    }
}

/// What is wrong with the root lists that are to be served. Those are not, and all else is.
pub(super) fn wrong_lists(config: &Config) -> Vec<Mistake> {
    let directory = config.publish.as_ref().and_then(|plan| plan.root_lists.as_ref());
    let Some(directory) = directory else { return Vec::new() };
    let told = match RootLists::new(&directory.value).check() {
        Ok(told) => told,
        Err(error) => vec![format!("cannot read {}: {error}", directory.value.display())],
    };
    let position = directory.position;
    told.into_iter().map(|message| Mistake { position, message }).collect()
}

/// What servers that statements are passed on to may cost.
fn client_limits() -> ClientLimits {
    let Limits { ask_time: total, asking, .. } = Limits::default();
    ClientLimits { total, body_octets: asking.reply_octets, ..ClientLimits::default() }
}

/// Takes statements until it is stopped.
pub(super) struct PublishPart {
    pub(super) web: WebServer,
    door: Arc<Door>,
    hosting: Hosting,
    clock: Arc<dyn Clock>,
}

/// Has the parts that are there now answer.
struct Door(ArcSwap<Parts>);

/// What answers, and what of it stays when that is replaced.
struct Parts {
    kept: Kept,
    router: Router,
    client: Client,
    /// Keep the client at what is known of the keys of its trees, and look whether those are told of.
    _tasks: JoinSet<()>,
}

/// What is counted of those who publish.
#[derive(Clone)]
struct Kept {
    gates: Arc<Gates<Bound>>,
    passages: Arc<Passages>,
    tally: Arc<Tally>,
}

impl Handler for Door {
    fn admit(&self, head: &Request) -> Result<usize, Box<Response>> {
        self.0.load().router.admit(head)
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        let parts = self.0.load_full();
        Box::pin(async move { parts.router.handle(request).await })
    }

    fn refuse(&self, head: &Request, error: BodyError) -> Response {
        self.0.load().router.refuse(head, error)
    }
}

impl Zones for Hosting {
    fn locate(&self, name: &Name) -> Place {
        Hosting::locate(self, name)
    }
}

impl Shelf for Hosting {
    async fn keep(&self, changes: Vec<Change>, now: Timestamp) -> Result<Vec<Outcome>, StoreError> {
        self.store().apply(changes, now).await
    }

    async fn served(&self) {
        Hosting::served(self).await;
    }
}

impl PublishPart {
    /// Starts to take statements as `plan` says, which stands in the file `path`, for what is in
    /// `hosting`.
    pub(super) fn start(
        plan: &config::Publish,
        path: &Path,
        opened: Opened,
        points: Option<Points>,
        hosting: &Hosting,
        clock: &Arc<dyn Clock>,
        status: &Status,
    ) -> Result<Self, StartError> {
        let gates = gates(plan, status);
        let tally = Arc::new(Tally::new(&status.telemetry));
        let kept = Kept { gates, passages: Arc::default(), tally };
        let parts = parts(plan, opened.below, points, hosting, clock, kept);
        let door = Arc::new(Door(ArcSwap::from_pointee(parts)));
        let web = WebServer::start(&plan.web, path, opened.tls, door.clone())?;
        Ok(Self { web, door, hosting: hosting.clone(), clock: Arc::clone(clock) })
    }

    /// Takes statements as `plan` says from here on.
    pub(super) fn replace(
        &self,
        plan: &config::Publish,
        opened: Opened,
        points: Option<Points>,
        status: &Status,
    ) {
        self.web.follow_certificate();
        let mut kept = self.door.0.load().kept.clone();
        if *kept.gates.bounds() != plan.bounds {
            kept.gates = gates(plan, status);
        }
        let parts = parts(plan, opened.below, points, &self.hosting, &self.clock, kept);
        self.door.0.store(Arc::new(parts));
    }

    /// What goes by the root list of `plan`, where there is one.
    pub(super) fn reader(&self, plan: &config::Publish) -> Option<Reader> {
        trees::reader(plan, self.door.0.load().client.clone())
    }

    /// Answers what is asked already, and ends.
    pub(super) async fn stop(self) {
        self.web.stop("[publish]").await;
    }
}

/// What answers as `plan` says.
fn parts(
    plan: &config::Publish,
    below: Below<HttpClient>,
    points: Option<Points>,
    hosting: &Hosting,
    clock: &Arc<dyn Clock>,
    kept: Kept,
) -> Parts {
    let client = trees::client(plan, clock);
    let mut tasks = trees::follow(plan, client.clone(), points);
    let apexes = plan.roots.iter().map(|root| root.apex.value.clone()).collect();
    tasks.spawn(looking::look(client.clone(), plan.resolver, apexes));
    let taker = taker(plan, client.clone(), below, hosting, clock, kept.clone());
    let mut router = Router::new().post(PATH, taker);
    if let Some(directory) = &plan.root_lists {
        router = RootLists::new(&directory.value).on(router);
    }
    Parts { kept, router, client, _tasks: tasks }
}

fn gates(plan: &config::Publish, status: &Status) -> Arc<Gates<Bound>> {
    Arc::new(Gates::new(&plan.bounds, &status.telemetry, "publish_turned_away"))
}

fn taker(
    plan: &config::Publish,
    client: Client,
    below: Below<HttpClient>,
    hosting: &Hosting,
    clock: &Arc<dyn Clock>,
    Kept { gates, passages, tally }: Kept,
) -> Intake<Network, HttpClient, Hosting> {
    let rules = Rules {
        roots: plan.roots.iter().map(|root| root.apex.value.clone()).collect(),
        verifiers: plan.verifiers.value.clone(),
        limits: Limits::default(),
    };
    Intake {
        rules,
        client,
        below,
        zones: Arc::new(hosting.clone()),
        shelf: hosting.clone(),
        clock: Arc::clone(clock),
        gates,
        passages,
        tally,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::codec::{base64, base64_unpadded, hex};
    use crate::crypto::SeededRandom;
    use crate::daemon::{check, keys, read};
    use crate::dnssec::ZoneKey;
    use crate::wire::rdata::Dnskey;
    use std::fs;
    use tempfile::TempDir;

    /// What is wrong with a configuration whose `[publish]` begins like this, and whose verifier has the
    /// key of its zone, where `shared`.
    fn mistakes(publish: &str, shared: bool) -> Vec<String> {
        let directory = directory(publish, shared);
        lines_of(&directory, read(&directory.path().join("a.toml"), SystemClock.now()))
    }

    /// What is told of the files in a directory that cannot be used, without its path.
    fn lines_of<T>(directory: &TempDir, read: Result<T, LoadError>) -> Vec<String> {
        let Err(error) = read else { return Vec::new() };
        let directory = format!("{}/", directory.path().display());
        error.to_string().replace(&directory, "").lines().map(str::to_owned).collect()
    }

    fn key(seed: u64) -> ZoneKey {
        let mut random = SeededRandom::new(seed);
        ZoneKey::generate("a.".parse().unwrap(), ZoneKey::KSK, &mut random)
    }

    /// Such a configuration, `a.toml`, and what it names.
    fn directory(publish: &str, shared: bool) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("keys")).unwrap();
        keys::store(&path("keys"), &key(1)).unwrap();
        fs::write(path("a.zone"), "$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n")
            .unwrap();
        fs::write(path("bad.pem"), "nothing\n").unwrap();
        let verifier = base64_unpadded(&key(if shared { 1 } else { 2 }).dnskey().public_key);
        let (tag, digest) = (key(1).key_tag(), hex(&key(1).sha256_ds().digest));
        let text = format!(
            "[publish]\n{publish}\n[[publish.root]]\napex = \"a.\"\n\
             anchors = [\"a. DS {tag} 15 2 {digest}\"]\n\
             [[publish.verifier]]\nname = \"v\"\nkey_id = \"0\"\nkey = \"{verifier}\"\n\
             [authority]\nstore = \"a.store\"\n\
             [[authority.zone]]\nname = \"a.\"\nfile = \"a.zone\"\nkey_dir = \"keys\"\n"
        );
        fs::write(path("a.toml"), text).unwrap();
        directory
    }

    const PLAIN: &str = "plain = true\nlisten = [\"127.0.0.1\"]\n";

    #[test]
    fn what_it_names_is_read_before_anything_starts() {
        assert_eq!(mistakes(PLAIN, false), [""; 0]);
        let told = mistakes("certificate = \"none.pem\"\nkey = \"none.key\"\n", false);
        assert!(told[0].starts_with("a.toml:2:15: ") && told[0].contains("none.pem"), "{told:?}");
        let forward = format!("{PLAIN}below = \"forward\"\nca_file = \"bad.pem\"\n");
        let told = mistakes(&forward, false);
        assert!(told[0].starts_with("a.toml:5:11: ") && told[0].contains("bad.pem"), "{told:?}");
        let both = "certificate = \"none.pem\"\nkey = \"none.key\"\nper_client = 0\n";
        assert_eq!(mistakes(both, false).len(), 2, "whatever else is wrong");
    }

    #[test]
    fn a_list_that_is_none_is_not_served_and_holds_nothing_up() {
        let directory = directory(&format!("{PLAIN}root_lists = \"lists\"\n"), false);
        let config = directory.path().join("a.toml");
        let warnings = || read(&config, SystemClock.now()).unwrap().1.warnings;
        assert!(warnings()[0].contains("a.toml:4:14: warning: not served: cannot read "));
        fs::create_dir(directory.path().join("lists")).unwrap();
        assert_eq!(warnings(), [""; 0]);
        fs::write(directory.path().join("lists/4.json"), "{").unwrap();
        let [warning] = &warnings()[..] else { panic!("{:?}", warnings()) };
        assert!(warning.contains("lists/4.json: not a root list"), "{warning}");
        let told = lines_of(&directory, check(&config, SystemClock.now()));
        assert!(told[0].starts_with("a.toml:4:14: lists/4.json: not a root list"), "{told:?}");
    }

    #[test]
    fn zones_that_nothing_can_be_published_into_are_told() {
        let directory = directory(PLAIN, false);
        let config = directory.path().join("a.toml");
        let text = fs::read_to_string(&config).unwrap();
        let zone = "[[authority.zone]]\nname = \"b.\"\nfile = \"a.zone\"\n";
        fs::write(&config, text + zone).unwrap();
        let warnings = read(&config, SystemClock.now()).unwrap().1.warnings;
        let expected = "a.toml:19:8: warning: nothing can be published into b.: no [publish] here is for its tree";
        assert!(warnings.last().unwrap().ends_with(expected), "{warnings:?}");
    }

    #[test]
    fn an_anchor_that_proves_nothing_is_told() {
        let directory = directory(PLAIN, false);
        let read = || read(&directory.path().join("a.toml"), SystemClock.now());
        let warnings = || read().unwrap().1.warnings.join(" ");
        assert_eq!(warnings(), "");
        let zone = fs::read_to_string(directory.path().join("a.zone")).unwrap();
        let with = |dnskey: Dnskey| {
            let public_key = base64(&dnskey.public_key);
            let line = format!("@ DNSKEY {} 3 15 {public_key}\n", dnskey.flags);
            fs::write(directory.path().join("a.zone"), zone.clone() + &line).unwrap();
            fs::remove_dir_all(directory.path().join("keys")).unwrap();
            fs::create_dir(directory.path().join("keys")).unwrap();
            keys::store(&directory.path().join("keys"), &key(3)).unwrap();
        };
        let told = |why: &str| format!("the anchor {} of a. {why}: ", key(1).key_tag());
        with(key(4).dnskey());
        let expected = told("is of no key of the zone that is served here");
        assert!(warnings().contains(&expected), "{}", warnings());
        let own = key(1).dnskey();
        with(Dnskey { flags: own.flags | Dnskey::REVOKE, ..own.clone() });
        assert!(warnings().contains(&told("is of a key that is revoked")), "{}", warnings());
        with(own);
        assert_eq!(warnings(), "", "it stands in the file");
    }

    #[test]
    fn a_key_is_for_one_thing() {
        let expected =
            "a.toml:15:8: v ed25519:0 and the zone a. have the same key: each needs one of its own";
        assert_eq!(mistakes(PLAIN, true), [expected]);
        let directory = directory(PLAIN, false);
        let zone = fs::read_to_string(directory.path().join("a.zone")).unwrap();
        let public_key = base64(&key(2).dnskey().public_key);
        let zone = format!("{zone}@ DNSKEY 257 3 15 {public_key}\n");
        fs::write(directory.path().join("a.zone"), zone).unwrap();
        let told = lines_of(&directory, read(&directory.path().join("a.toml"), SystemClock.now()));
        assert_eq!(told, [expected], "in the file of the zone");
    }
}
