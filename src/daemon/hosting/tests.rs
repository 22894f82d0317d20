//! A daemon with a store, on free ports of loopback.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::renew;
use crate::association::{Claim, Statement, Ts, Withdrawal};
use crate::authority::Index;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::Config;
use crate::crypto::{SeededRandom, SigningKey};
use crate::daemon::{Daemon, LoadError, keys, load};
use crate::dnssec::{ZoneKey, verify};
use crate::signed::KeyName;
use crate::store::testing::spoil;
use crate::store::{Change, Outcome, Policy, Refusal, Snapshot, check};
use crate::threepid::Threepid;
use crate::transport::{Exchange, Limits, Network, Transport};
use crate::wire::rdata::{Dnskey, Rrsig, Soa};
use crate::wire::{
    Class, Edns, EncodedRef, Message, Part, Question, Rdata, Record, Rrset, Rtype, Serial, Ttl,
};
use crate::zone::testing;

const ZONE: &str = "$TTL 300\n@ SOA ns h 7 1h 1h 1h 1m\n@ NS ns\nns A 192.0.2.1\n";

const CONFIG: &str = "[authority]\nlisten = [\"127.0.0.1:0\"]\nthreads = 1\nstore = \"a.store\"\n\
                      [[authority.zone]]\nname = \"a.example\"\nfile = \"a.zone\"\n\
                      key_dir = \"keys\"\n";

/// A directory with a configuration, a zone and its key.
struct State(TempDir);

impl State {
    fn new() -> Self {
        let state = Self(tempfile::tempdir().unwrap());
        fs::create_dir(state.0.path().join("keys")).unwrap();
        state.write("a.zone", ZONE);
        state.write("a.toml", CONFIG);
        state.key(1);
        state
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    /// Signs with this key and no other.
    fn key(&self, seed: u64) {
        let directory = self.0.path().join("keys");
        fs::remove_dir_all(&directory).unwrap();
        let zone = "a.example.".parse().unwrap();
        let key = ZoneKey::generate(zone, ZoneKey::KSK, &mut SeededRandom::new(seed));
        keys::store(&directory, &key).unwrap();
    }

    async fn start(&self) -> Daemon {
        let config = Config::load(&self.0.path().join("a.toml")).unwrap();
        match Daemon::start(config).await {
            Ok(daemon) => daemon,
            Err(error) => panic!("{error}"),
        }
    }

    /// That nothing is wrong with the store, beside the daemon or after it. How much is signed.
    fn check(&self) -> u64 {
        let report = check(&self.0.path().join("a.store"), &Policy::default(), || {}).unwrap();
        assert!(report.is_good(), "{report:?}");
        report.signed
    }
}

async fn ask(server: SocketAddr, name: &str, rtype: Rtype) -> Message {
    let question = Question { name: name.parse().unwrap(), rtype, class: Class::IN };
    let mut query = Message::query(7, question);
    query.edns = Some(Edns { dnssec_ok: true, ..Edns::default() });
    let (network, packet) = (Network::new(&Limits::default()), query.encode());
    let reply = network.exchange(server, Transport::Udp, &packet, Duration::from_secs(20)).await;
    Message::decode(&reply.unwrap()).unwrap()
}

fn address(daemon: &Daemon) -> SocketAddr {
    daemon.authority_addresses()[0]
}

/// The set and its signatures in an answer: those hold by the keys that are served.
async fn found(daemon: &Daemon, name: &str, rtype: Rtype) -> Option<(Rrset, Vec<Rdata>)> {
    let answer = ask(address(daemon), name, rtype).await.answer;
    let keys = ask(address(daemon), "a.example.", Rtype::DNSKEY).await.answer;
    let of = |records: &[Record], rtype| -> Vec<Rdata> {
        let records = records.iter().filter(|record| record.rtype == rtype);
        records.map(|record| record.rdata.clone()).collect()
    };
    let rrsigs = of(&answer, Rtype::RRSIG);
    let set = Rrset::group(answer).into_iter().find(|set| set.rtype == rtype)?;
    let keys: Vec<Dnskey> =
        of(&keys, Rtype::DNSKEY).iter().map(|key| Dnskey::parse(key).unwrap()).collect();
    let is_proved = rrsigs.iter().any(|rrsig| {
        let rrsig = Rrsig::parse(rrsig).unwrap();
        keys.iter().any(|key| verify(&set, &rrsig, key, SystemClock.now()).is_ok())
    });
    assert!(is_proved, "{set:?} {rrsigs:?}");
    Some((set, rrsigs))
}

fn metrics(daemon: &Daemon) -> String {
    daemon.status.telemetry.render()
}

async fn serial(daemon: &Daemon) -> Serial {
    let (set, _) = found(daemon, "a.example.", Rtype::SOA).await.unwrap();
    Soa::parse(&set.rdata[0]).unwrap().serial
}

/// The serial in denials, which nothing changes at present.
async fn denied_serial(daemon: &Daemon) -> Serial {
    let denied = ask(address(daemon), "1.msisdn.a.example.", Rtype::A).await.authority;
    let soa = denied.iter().find(|record| record.rtype == Rtype::SOA).unwrap();
    Soa::parse(&soa.rdata).unwrap().serial
}

fn number(last: u32) -> (Threepid, String) {
    let threepid = Threepid::parse_any(&format!("+447700900{last:03}"), None).unwrap();
    let name = threepid.owner(&"a.example.".parse().unwrap()).unwrap();
    (threepid, name.to_string())
}

fn statement(last: u32, claim: Claim) -> Change {
    let (threepid, _) = number(last);
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    let signed = Statement::sign(claim, &threepid, signer, &SigningKey::from_seed(&[7; 32]));
    Change::publish(&"a.example.".parse().unwrap(), threepid, signed.unwrap()).unwrap()
}

fn association(last: u32, at: u64) -> Change {
    let json = format!(
        r#"{{"medium":"msisdn","address":"447700900{last:03}","mxid":"@a:b","ts":{at},
        "not_before":{at},"not_after":{}}}"#,
        at + 1000
    );
    statement(last, Claim::from_json(json.as_bytes()).unwrap().1)
}

fn withdrawal(last: u32, at: u64) -> Change {
    statement(last, Claim::from(Withdrawal { ts: Ts::from_millis(at).unwrap() }))
}

/// Publishes, and waits for what has come of it to be answered: 100 ms at most.
async fn publish(daemon: &Daemon, change: Change) -> (Rrset, Vec<Rdata>) {
    let (name, before) = (change.name().to_string(), serial(daemon).await);
    let outcomes = daemon.hosting().unwrap().store().apply(vec![change], SystemClock.now()).await;
    assert!(matches!(outcomes.unwrap()[..], [Outcome::Stored(_)]));
    let end = SystemClock.now().saturating_add(Duration::from_millis(100));
    while serial(daemon).await == before {
        assert!(SystemClock.now() < end, "{name} takes too long");
    }
    found(daemon, &name, Rtype::ASSOC).await.unwrap()
}

fn flags(set: &Rrset) -> u8 {
    set.rdata[0].octets()[1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_answered_at_once() {
    let state = State::new();
    let daemon = state.start().await;
    let (_, name) = number(1);
    assert!(found(&daemon, &name, Rtype::ASSOC).await.is_none());
    assert_eq!(serial(&daemon).await, Serial(7));
    let (set, rrsigs) = publish(&daemon, association(1, 1000)).await;
    assert_eq!((flags(&set), set.ttl.as_secs(), rrsigs.len()), (0b10, 3600, 1));
    let rrsig = Rrsig::parse(&rrsigs[0]).unwrap();
    let lifetime = rrsig.expiration.wrapping_sub(rrsig.inception);
    assert!((2 * 86_400..=3 * 86_400).contains(&lifetime), "{lifetime}");
    let (set, _) = publish(&daemon, withdrawal(1, 2000)).await;
    assert_eq!(flags(&set), 8, "withdrawals are served");
    assert_eq!([serial(&daemon).await, denied_serial(&daemon).await], [Serial(9); 2]);
    // Marks are not.
    let mark = Change::mark(name.parse().unwrap(), Ts::from_millis(3000).unwrap());
    let store = daemon.hosting().unwrap().store();
    store.apply(vec![mark], SystemClock.now()).await.unwrap();
    while serial(&daemon).await != Serial(10) {}
    assert!(found(&daemon, &name, Rtype::ASSOC).await.is_none());
    daemon.stop().await;
    assert_eq!(state.check(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_answers_the_same() {
    let state = State::new();
    let daemon = state.start().await;
    for last in 0..5 {
        publish(&daemon, association(last, 1000)).await;
    }
    let (_, name) = number(3);
    let before = (found(&daemon, &name, Rtype::ASSOC).await, serial(&daemon).await);
    daemon.stop().await;
    assert_eq!(state.check(), 5);
    let daemon = state.start().await;
    assert_eq!((found(&daemon, &name, Rtype::ASSOC).await, serial(&daemon).await), before);
    daemon.stop().await;
    // The greater serial counts; another zone has another serial.
    for (file, expected) in [("3", 12), ("99", 99), ("99", 99), ("98\n@ TXT x\n@", 100)] {
        let soa = format!("SOA ns h {}", file.split('\n').next().unwrap());
        let more = if file.contains("TXT") { "@ TXT x\n" } else { "" };
        state.write("a.zone", &(ZONE.replace("SOA ns h 7", &soa) + more));
        let daemon = state.start().await;
        assert_eq!(serial(&daemon).await, Serial(expected), "{file}");
        daemon.stop().await;
    }
    assert_eq!(state.check(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn associations_of_the_file_are_published() {
    let state = State::new();
    let owner = "4.2.1.0.0.9.0.0.7.7.4.4.msisdn.a.example.";
    state.write("a.zone", &format!("{ZONE}{owner} {}\n", testing::association("alice")));
    let daemon = state.start().await;
    let (of_file, _) = found(&daemon, owner, Rtype::ASSOC).await.unwrap();
    daemon.stop().await;
    state.write("a.zone", ZONE);
    let mut daemon = state.start().await;
    assert_eq!(found(&daemon, owner, Rtype::ASSOC).await.unwrap().0, of_file, "it stays");
    let hosting = daemon.hosting().unwrap().clone();
    let threepid = Threepid::parse_any("+447700900124", None).unwrap();
    let claim = Claim::from(Withdrawal { ts: Ts::from_millis(1_790_000_000_001).unwrap() });
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    let later = Statement::sign(claim, &threepid, signer, &SigningKey::from_seed(&[7; 32]));
    let later = Change::publish(&"a.example.".parse().unwrap(), threepid, later.unwrap()).unwrap();
    hosting.store().apply(vec![later], Timestamp::from_secs(1_790_000_000)).await.unwrap();
    drop(hosting);
    // What is in the file again is older.
    state.write("a.zone", &format!("{ZONE}{owner} {}\n", testing::association("alice")));
    daemon.reload().await.unwrap();
    assert_eq!(flags(&found(&daemon, owner, Rtype::ASSOC).await.unwrap().0), 8);
    daemon.stop().await;
    state.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delegations_come_and_go() {
    let state = State::new();
    let mut daemon = state.start().await;
    let (set, _) = publish(&daemon, association(1, 1000)).await;
    let before = serial(&daemon).await;
    let name = set.name.to_string();
    let delegating = ZONE.to_owned() + "0.0.9.0.0.7.7.4.4.msisdn NS ns.b.example.\n";
    // What is not held is not delegated.
    state.write("a.zone", &delegating);
    let refused = daemon.reload().await.unwrap_err().to_string();
    assert!(refused.contains("a.toml:7:8: ") && refused.contains("1 statements"), "{refused}");
    assert!(found(&daemon, &name, Rtype::ASSOC).await.is_some());
    // Held, it is answered and does not change.
    let held = format!("{CONFIG}handing_over = [\"+447700900\"]\n");
    state.write("a.toml", &held);
    state.write("a.zone", ZONE);
    daemon.reload().await.unwrap();
    let hosting = daemon.hosting().unwrap().clone();
    let apply =
        async |change| hosting.store().apply(vec![change], SystemClock.now()).await.unwrap();
    assert_eq!(apply(withdrawal(1, 2000)).await, [Outcome::Refused(Refusal::Held)]);
    assert!(found(&daemon, &name, Rtype::ASSOC).await.is_some());
    assert_eq!(serial(&daemon).await, before);
    state.write("a.zone", &delegating);
    daemon.reload().await.unwrap();
    let referral = ask(address(&daemon), &name, Rtype::ASSOC).await;
    assert!(referral.answer.is_empty() && !referral.flags.authoritative);
    assert_eq!(serial(&daemon).await, before.next());
    assert_eq!(apply(association(2, 1000)).await, [Outcome::Refused(Refusal::Away)]);
    // Taken back, what was handed over is not here, until somebody says it again.
    state.write("a.zone", ZONE);
    state.write("a.toml", CONFIG);
    daemon.reload().await.unwrap();
    assert_eq!(found(&daemon, &name, Rtype::ASSOC).await, None);
    assert_eq!(serial(&daemon).await, before.next().next());
    drop(hosting);
    daemon.stop().await;
    state.check();
    let mut daemon = state.start().await;
    assert_eq!(found(&daemon, &name, Rtype::ASSOC).await, None);
    let (now, _) = publish(&daemon, association(1, 1000)).await;
    assert_eq!(now, set);
    // Nothing has changed.
    let before = serial(&daemon).await;
    daemon.reload().await.unwrap();
    assert_eq!(serial(&daemon).await, before);
    assert_eq!(found(&daemon, &name, Rtype::ASSOC).await.unwrap().0, now);
    daemon.stop().await;
    state.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_keys_sign_all_anew() {
    let state = State::new();
    let mut daemon = state.start().await;
    let (set, old) = publish(&daemon, association(1, 1000)).await;
    let (name, before) = (set.name.to_string(), serial(&daemon).await);
    state.key(2);
    daemon.reload().await.unwrap();
    let (_, new) = found(&daemon, &name, Rtype::ASSOC).await.unwrap();
    assert_ne!(old, new);
    assert_eq!(serial(&daemon).await, before.next());
    publish(&daemon, association(2, 1000)).await;
    daemon.stop().await;
    assert_eq!(state.check(), 2);
    let daemon = state.start().await;
    assert_ne!(found(&daemon, &name, Rtype::ASSOC).await.unwrap().1, old);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_opened_at_the_start() {
    let state = State::new();
    let told = |error: &LoadError| {
        let directory = format!("{}/", state.0.path().display());
        error.to_string().replace(&directory, "")
    };
    let mut daemon = state.start().await;
    state.write("a.toml", &CONFIG.replace("a.store", "b.store"));
    let other = "a.toml:4:9: another store is opened at the next start only";
    assert_eq!(told(&daemon.reload().await.unwrap_err()), other);
    state.write("a.toml", CONFIG);
    let config = Config::load(&state.0.path().join("a.toml")).unwrap();
    let Err(error) = Daemon::start(config).await else { panic!("it starts twice") };
    let error = error.to_string();
    assert!(error.ends_with("a.store: in use by another process that writes to it"), "{error}");
    // A zone's associations can go back to the file, and to the store again.
    publish(&daemon, association(1, 1000)).await;
    let ((_, name), mut last) = (number(1), serial(&daemon).await);
    for (more, is_there) in [("associations = \"file\"\n", false), ("", true)] {
        state.write("a.toml", &format!("{CONFIG}{more}"));
        let warnings =
            load::read(&state.0.path().join("a.toml"), SystemClock.now()).unwrap().1.warnings;
        let unanswered =
            |warning: &String| warning.contains(" 1 statements of a.example. are in the store");
        assert_eq!(warnings.iter().any(unanswered), !is_there, "{warnings:?}");
        daemon.reload().await.unwrap();
        assert_eq!(found(&daemon, &name, Rtype::ASSOC).await.is_some(), is_there, "{more}");
        let now = serial(&daemon).await;
        assert_eq!(now, last.next(), "{more}");
        daemon.reload().await.unwrap();
        assert_eq!(serial(&daemon).await, now, "{more}");
        last = now;
    }
    daemon.stop().await;
    state.check();
}

/// Whoever reads an index sees a whole set, whoever writes meanwhile.
#[test]
fn reads_go_on_beside_writes() {
    let index = Index::new(&"example.".parse().unwrap(), 7);
    let put = |number: u8, sequence: u64, data: &[u8]| {
        let (mut octets, ttl) = (Vec::new(), Ttl::from_secs(1));
        let set = EncodedRef::write(&mut octets, Rtype::ASSOC, ttl, [data], []);
        index.put(&[&[1, number][..], b"\x07example\0"].concat(), sequence, set);
    };
    let look = |number: u8| {
        let owner = [&[1, number][..], b"\x07example\0"].concat();
        assert!(index.find(&owner, &mut |set| {
            let data = set.rdata(Part::Records).next().unwrap();
            assert!(data.iter().all(|octet| *octet == data[0]), "{data:?}");
        }));
    };
    (0..50).for_each(|number| put(number, 0, &[0; 100]));
    std::thread::scope(|scope| {
        let read = || (0..50).cycle().take(20_000).for_each(look);
        let readers = [scope.spawn(read), scope.spawn(read)];
        let mut sequences = 1u64..;
        while readers.iter().any(|reader| !reader.is_finished()) {
            let sequence = sequences.next().unwrap();
            let [.., last] = sequence.to_be_bytes();
            put(last % 50, sequence, &vec![last; 100 + usize::from(last % 7)]);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serials_of_a_restored_backup_are_ahead() {
    let state = State::new();
    let daemon = state.start().await;
    publish(&daemon, association(1, 1000)).await;
    let path = |name: &str| state.0.path().join(name);
    // The serial is noted in an orderly end at the latest.
    daemon.stop().await;
    let store = Snapshot::of_file(&path("a.store"), &Policy::default()).unwrap();
    store.backup(&path("copy"), &Policy::default(), || {}).unwrap();
    drop(store);
    let daemon = state.start().await;
    publish(&daemon, withdrawal(1, 2000)).await;
    let before = serial(&daemon).await;
    daemon.stop().await;
    fs::rename(path("copy"), path("a.store")).unwrap();
    let mut last = None;
    for _ in 0..2 {
        let daemon = state.start().await;
        assert_eq!(flags(&found(&daemon, &number(1).1, Rtype::ASSOC).await.unwrap().0), 2);
        let now = serial(&daemon).await;
        assert!(now > before && last.is_none_or(|last| last == now), "{now} after {before}");
        last = Some(now);
        daemon.stop().await;
    }
    state.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_told_when_signatures_end() {
    let state = State::new();
    let daemon = state.start().await;
    publish(&daemon, association(1, 1000)).await;
    let now = SystemClock.now();
    let days = |end: Timestamp| end.since(now).as_secs() / 86_400;
    let (zones, (made, _made)) = (daemon.hosting().unwrap().current.authority(), mpsc::channel(1));
    let end = renew::renew(&zones, now, &made).unwrap();
    assert!((2..=3).contains(&days(end)), "{end}");
    let line = "threepid_zone_signatures_end_timestamp_seconds ";
    let told = loop {
        let metrics = metrics(&daemon);
        if let Some(told) = metrics.lines().find_map(|told| told.strip_prefix(line)) {
            break told.parse().unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert!((11..=14).contains(&days(Timestamp::from_secs(told))), "{told}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_holds_up_no_start() {
    let state = State::new();
    let daemon = state.start().await;
    for last in 1..=3 {
        publish(&daemon, association(last, 1000)).await;
    }
    daemon.stop().await;
    spoil(&state.0.path().join("a.store"), &number(2).1.parse().unwrap());
    let mut daemon = state.start().await;
    for (last, is_there) in [(1, true), (2, false), (3, true)] {
        assert_eq!(found(&daemon, &number(last).1, Rtype::ASSOC).await.is_some(), is_there);
    }
    publish(&daemon, association(4, 1000)).await;
    let skipped = |daemon: &Daemon| metrics(daemon).contains("threepid_store_skipped_total 1\n");
    assert!(skipped(&daemon), "{}", metrics(&daemon));
    daemon.reload().await.unwrap();
    assert!(!skipped(&daemon), "{}", metrics(&daemon));
    daemon.stop().await;
}
