//! What proves the trees that statements are taken for changes while they are taken.

use std::fs;
use std::time::Duration;

use threepid::clock::{Clock, SystemClock};
use threepid::codec::{Url, hex};
use threepid::daemon::keys;
use threepid::dnssec::rollover::{AnchorKey, Ledger, State};
use threepid::dnssec::{ZoneKey, sha256_ds};
use threepid::signed::Signatures;
use threepid::trust::root_list::{ListedRoot, RootList, Terms};
use threepid::wire::rdata::Ds;

use super::mail;
use super::world::{TREES, World, key, statement};
use crate::cli::roots::mirror;

/// The number of the server, and the apex of its tree.
const SERVER: usize = 1;
const APEX: &str = TREES[SERVER];

/// The DS of a key that the tree never had.
fn strange() -> Ds {
    let seed = &mut threepid::crypto::SeededRandom::new(7);
    let key = ZoneKey::generate(APEX.parse().expect("a name"), ZoneKey::KSK, seed);
    sha256_ds(&key.zone, &key.dnskey())
}

/// The key of the tree.
fn own(world: &World) -> ZoneKey {
    let apex = APEX.parse().expect("a name");
    keys::load_directory(&apex, &world.path("keys")).expect("its key").remove(0)
}

/// A list by which this proves the tree.
fn list(version: u32, ds: Ds) -> RootList {
    let (name, key) = key("k.example");
    let publish: Url = "https://publish.example/".parse().expect("a URL");
    let servers = vec!["192.0.2.1".parse().expect("an address")];
    let root = ListedRoot { apex: APEX.parse().expect("a name"), servers, ds: vec![ds], publish };
    let terms = Terms {
        version,
        expires: SystemClock.now().saturating_add(Duration::from_secs(3600)),
        keys: [(name.clone(), key.public())].into(),
        threshold: 1,
        roots: vec![root],
    };
    let draft = RootList::new(terms, Signatures::default()).expect("a draft");
    draft.sign(name, &key).expect("it has room")
}

/// The configuration with other lines in place of what is said of the tree.
fn with_tree(text: &str, lines: &str) -> String {
    let (before, rest) = text.split_once("[[publish.root]]").expect("it names a tree");
    let (_, after) = rest.split_once("[[publish.verifier]]").expect("and somebody");
    format!("{before}{lines}\n[[publish.verifier]]{after}")
}

/// How a statement that needs a certificate is answered.
async fn answered(world: &World, later: i64) -> u16 {
    let body = statement(&mail(), Some("a"), later, "telco.example");
    world.post(SERVER, body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_list_is_followed() {
    let mut world = World::start("").await;
    let lists = world.path("lists");
    fs::create_dir(&lists).expect("writable");
    let write = |name: &str, list: &RootList| {
        fs::write(world.path(name), list.to_octets()).expect("writable");
    };
    write("held.json", &list(1, strange()));
    write("lists/2.json", &list(2, sha256_ds(&own(&world).zone, &own(&world).dnskey())));
    let mirror = mirror(&lists).await;
    let held = "root_list = \"held.json\"";
    world.reload(SERVER, "1.toml", |text| with_tree(&text, held)).await;
    assert_eq!(answered(&world, 0).await, 503, "nothing proves the certificate");
    let urls = format!("{held}\nroot_list_urls = [\"http://{mirror}\"]");
    world.reload(SERVER, "1.toml", |text| text.replace(held, &urls)).await;
    world.outdated(SERVER).await;
    world.reload(SERVER, "1.toml", |text| text).await;
    assert_eq!(answered(&world, 1).await, 201);
    world.stop().await;
}

/// The anchor that was configured is not that of any key any more; but a resolver in the process saw how the
/// next one came.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_resolver_beside_knows_of_the_keys_is_shared() {
    let mut world = World::start("").await;
    let Ds { key_tag, digest, .. } = strange();
    let anchors = format!("anchors = [\"{APEX} DS {key_tag} 15 2 {}\"]", hex(&digest));
    let tree = format!("[[publish.root]]\napex = \"{APEX}\"\n{anchors}");
    world.reload(SERVER, "1.toml", |text| with_tree(&text, &tree)).await;
    assert_eq!(answered(&world, 0).await, 503, "nothing proves the certificate");

    let now = SystemClock.now();
    let dnskey = own(&world).dnskey();
    let known = AnchorKey { dnskey, state: State::Valid, since: now, until: now };
    let next = now.saturating_add(Duration::from_secs(3600));
    let ledger = Ledger { queried: now, next, keys: vec![known], ..Ledger::new(own(&world).zone) };
    fs::create_dir(world.path("state")).expect("writable");
    world.write(&format!("state/anchors-{APEX}"), ledger.to_string().as_bytes());
    let resolver = format!(
        "[resolver]\nlisten = [\"127.77.0.2:0\"]\nanchor_dir = \"state\"\n\
         [[resolver.root]]\napex = \"{APEX}\"\nservers = [\"127.77.0.2\"]\n{anchors}\n"
    );
    world.end(SERVER).await;
    let text = fs::read_to_string(world.path("1.toml")).expect("readable");
    world.write("1.toml", format!("{text}{resolver}").as_bytes());
    world.begin(SERVER).await;
    assert_eq!(answered(&world, 1).await, 201);
    world.reload(SERVER, "1.toml", |text| text).await;
    assert_eq!(answered(&world, 2).await, 201, "after a reload, too");
    world.stop().await;
}
