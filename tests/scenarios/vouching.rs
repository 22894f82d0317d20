//! Who vouches for an association: chains of certificates in the trees, as a client judges them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use threepid::association::{Claim, Statement, Ts, Withdrawal};
use threepid::certificate::{self, Certificate, Scope, Terms};
use threepid::codec::hex;
use threepid::crypto::{SigningKey, sha256};
use threepid::recursor::Limits;
use threepid::resolver::{Policy, Root};
use threepid::services::matrix::People;
use threepid::signed::KeyName;
use threepid::stub::{self, Answer, Client, Outcome, Verifiers};
use threepid::threepid::Threepid;
use threepid::trust::{Anchor, Anchors, Judgement, Verdict};
use threepid::wire::{DigestType, Name, Rtype};

use super::live::Live;
use super::recursing::ToRecursor;
use super::tree::{self, NOW, ds, zone};

/// The trees, and the ends of the addresses of their servers: of the apex, and of +44.
const TREES: [(&str, &str, &str); 2] =
    [("3pid.example.", "1", "44"), ("3pid.example.net.", "2", "45")];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn phone() -> Threepid {
    Threepid::parse_any("+44 7700 900123", None).unwrap()
}

/// The key of a server: always the same.
fn key(server: &str) -> SigningKey {
    SigningKey::from_seed(&sha256(server.as_bytes()))
}

fn key_name(server: &str) -> KeyName {
    KeyName::new(server.parse().unwrap(), "ed25519:1".parse().unwrap())
}

fn scope(rules: &[&str]) -> Scope {
    Scope::new(rules.iter().map(|rule| rule.parse().unwrap()).collect())
}

/// What a good certificate says.
fn terms(issuer: &str, subject: &str) -> Terms {
    Terms {
        issuer: issuer.parse().unwrap(),
        subject: key_name(subject),
        public_key: key(subject).public(),
        scope: scope(&["msisdn:44"]),
        max_path: 3,
        not_before: NOW.saturating_sub(DAY),
        not_after: NOW.saturating_add(30 * DAY),
    }
}

/// The record of a certificate in the tree at `apex`.
fn record(apex: &str, terms: Terms) -> String {
    let apex: Name = apex.parse().unwrap();
    let owner = certificate::owner(&terms.subject.server, &apex).unwrap().unwrap();
    let issuer = terms.issuer.to_string();
    let certificate = Certificate::sign(terms, key_name(&issuer), &key(&issuer)).unwrap();
    let rdata = certificate.to_rdata();
    format!("{owner} VCERT \\# {} {}\n", rdata.length(), hex(rdata.octets()))
}

/// The statement of `seconds` after the start that the number is this user's, or nobody's.
fn statement(signer: &str, user: Option<&str>, seconds: u64) -> Statement {
    let ts = NOW.saturating_sub(DAY).saturating_add(Duration::from_secs(seconds)).as_millis();
    let claim = match user {
        Some(user) => {
            let json = format!(
                "{{\"medium\": \"msisdn\", \"address\": \"447700900123\", \
                 \"mxid\": \"@{user}:m.example\", \"ts\": {ts}, \"not_before\": {ts}, \
                 \"not_after\": 4943600000000}}"
            );
            Claim::from_json(json.as_bytes()).unwrap().1
        }
        None => Claim::from(Withdrawal { ts: Ts::from_millis(ts).unwrap() }),
    };
    Statement::sign(claim, &phone(), key_name(signer), &key(signer)).unwrap()
}

/// Two trees, and a client of a resolver that walks them.
struct Setting {
    live: Live,
    client: Client<ToRecursor>,
}

impl Setting {
    fn new(verifiers: Verifiers) -> Self {
        let root = |(apex, server, _): (&str, &str, &str)| Root {
            apex: apex.parse().unwrap(),
            servers: vec![format!("192.0.2.{server}").parse().unwrap()],
            anchors: vec![tree::key(apex).ds(DigestType::SHA256).unwrap()],
        };
        let roots: Vec<Root> = TREES.map(root).to_vec();
        let policy = Policy { roots: roots.clone(), ..tree::policy() };
        let live = Live::new(policy, Limits::default());
        let resolver = "198.51.100.53:53".parse().unwrap();
        let (exchange, clock) = (ToRecursor(live.recursor.clone()), Arc::new(live.clock.clone()));
        let client = Client::over(exchange, clock, resolver, roots, stub::Limits::default());
        let setting = Self { live, client: client.trusting(verifiers) };
        TREES.iter().for_each(|(apex, ..)| {
            setting.certificates(apex, "");
            setting.holds(apex, None);
        });
        setting
    }

    /// One that trusts `verify.example`.
    fn plain() -> Self {
        Self::new(trusting(&["verify.example"], 1))
    }

    /// The apex has these records.
    fn certificates(&self, apex: &str, records: &str) {
        let (_, server, uk_server) = TREES.iter().find(|(known, ..)| *known == apex).unwrap();
        let uk = format!("4.4.msisdn.{apex}");
        let cut = format!(
            "4.4.msisdn NS ns.4.4.msisdn\n4.4.msisdn {}\nns.4.4.msisdn A 192.0.2.{uk_server}\n",
            ds(&uk)
        );
        let zone = zone(apex, server, true, &(cut + records));
        self.live.wire.put(&format!("192.0.2.{server}"), vec![zone]);
    }

    /// The zone of +44 in this tree has the statement for the number, or none.
    fn holds(&self, apex: &str, statement: Option<&Statement>) {
        let (_, _, server) = TREES.iter().find(|(known, ..)| *known == apex).unwrap();
        let record = statement.map_or_else(String::new, |statement| {
            let rdata = statement.to_rdata();
            let data = hex(rdata.octets());
            format!("3.2.1.0.0.9.0.0.7.7 ASSOC \\# {} {data}\n", rdata.length())
        });
        let zone = zone(&format!("4.4.msisdn.{apex}"), server, true, &record);
        self.live.wire.put(&format!("192.0.2.{server}"), vec![zone]);
    }

    async fn find(&self) -> Answer {
        self.client.find(&phone()).await
    }

    /// The judgement on the one signature in the first tree, with these certificates there.
    async fn judge(&self, signer: &str, certificates: Vec<Terms>) -> (Answer, Judgement) {
        let apex = TREES[0].0;
        let records: String = certificates.into_iter().map(|terms| record(apex, terms)).collect();
        self.certificates(apex, &records);
        self.holds(apex, Some(&statement(signer, Some("alice"), 0)));
        self.found_in_the_first_tree().await
    }

    async fn found_in_the_first_tree(&self) -> (Answer, Judgement) {
        let answer = self.find().await;
        let vouching = answer.findings[0].vouching.as_ref().unwrap();
        let [(_, judgement)] = vouching.signatures.as_slice() else { panic!("{vouching:?}") };
        let judgement = judgement.clone();
        (answer, judgement)
    }
}

fn trusting(servers: &[&str], vouchers: usize) -> Verifiers {
    let mut anchors = Anchors::default();
    servers.iter().for_each(|server| anchors.insert(key_name(server), key(server).public()));
    Verifiers { anchors, vouchers }
}

/// It is proved, and not trusted, for this reason.
fn assert_unverified(found: &(Answer, Judgement), verdict: Verdict, reason: &str) {
    let (answer, judgement) = found;
    assert_eq!(judgement.verdict, verdict, "{judgement:?}");
    assert_eq!(judgement.reason().unwrap().to_string(), reason);
    assert!(matches!(answer.outcome, Outcome::User(_)), "{answer:?}");
    assert!(answer.proved && !answer.is_trusted() && !answer.is_certain(), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_holds() {
    let setting = Setting::plain();
    let chain = vec![terms("verify.example", "telco.example"), terms("telco.example", "shop:8448")];
    let (answer, judgement) = setting.judge("shop:8448", chain).await;
    assert!(answer.is_certain(), "{answer:?}");
    let servers: Vec<&str> =
        judgement.chains[0].keys().iter().map(|key| key.server.as_str()).collect();
    assert_eq!(servers, ["shop:8448", "telco.example", "verify.example"]);
    let asked = setting.live.wire.asked();
    let vcerts: Vec<&String> = asked.iter().filter(|asked| asked.ends_with("VCERT")).collect();
    assert_eq!(
        vcerts,
        ["_8448.shop._verifier.3pid.example. VCERT", "telco.example._verifier.3pid.example. VCERT"],
        "only where the statement is, and once"
    );
    setting.find().await;
    assert_eq!(setting.live.wire.asked(), [""; 0], "all is remembered");
}

#[tokio::test(start_paused = true)]
async fn matrix_clients_are_told_what_is_certain() {
    let at_once = NonZeroUsize::MIN;
    let other = Threepid::parse_any("+44 7700 900124", None).unwrap();
    let found = async |setting: &Setting| {
        let found = People::find(&setting.client, vec![other.clone(), phone()], at_once, DAY).await;
        found.into_iter().map(|(at, mxid)| (at, mxid.to_string())).collect::<Vec<_>>()
    };
    let setting = Setting::plain();
    setting.judge("telco.example", vec![terms("verify.example", "telco.example")]).await;
    assert_eq!(found(&setting).await, [(1, "@alice:m.example".to_owned())]);
    let stranger = Setting::plain();
    stranger.judge("stranger.example", vec![]).await;
    assert_eq!(found(&stranger).await, []);
    let withdrawn = Setting::plain();
    withdrawn.holds(TREES[0].0, Some(&statement("verify.example", None, 0)));
    assert_eq!(found(&withdrawn).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_excludes_the_number() {
    let mut excluding = terms("verify.example", "telco.example");
    excluding.scope = scope(&["msisdn:44", "!msisdn:447700"]);
    let found = Setting::plain().judge("telco.example", vec![excluding]).await;
    let reason = "the certificate of verify.example for telco.example ed25519:1 does not cover \
                  this identifier";
    assert_unverified(&found, Verdict::OutOfScope, reason);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_has_expired() {
    let setting = Setting::plain();
    let mut ending = terms("verify.example", "telco.example");
    ending.not_after = NOW.saturating_add(Duration::from_secs(10));
    let (answer, _) = setting.judge("telco.example", vec![ending]).await;
    assert!(answer.is_certain());
    // It is still in the cache.
    setting.live.pass(11);
    let found = setting.found_in_the_first_tree().await;
    let reason = "the certificate of verify.example for telco.example ed25519:1 has ended";
    assert_unverified(&found, Verdict::Expired, reason);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_was_removed() {
    let setting = Setting::plain();
    let good = vec![terms("verify.example", "telco.example")];
    let (answer, _) = setting.judge("telco.example", good).await;
    assert!(answer.is_certain());
    setting.certificates(TREES[0].0, "");
    // Certificates are remembered for an hour at most.
    setting.live.pass(3601);
    let found = setting.found_in_the_first_tree().await;
    let reason = "there is no certificate of telco.example";
    assert_unverified(&found, Verdict::Untrusted, reason);
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_is_one_link_too_long() {
    let setting = Setting::plain();
    let mut upper = terms("verify.example", "telco.example");
    upper.max_path = 0;
    let chain = vec![upper, terms("telco.example", "shop")];
    let found = setting.judge("shop", chain).await;
    let reason = "the certificate of verify.example for telco.example ed25519:1 is too far up: \
                  it allows fewer below it";
    assert_unverified(&found, Verdict::PathTooLong, reason);

    let setting = Setting::plain();
    let links = [("verify.example", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")];
    let chain = |count: usize| -> Vec<Terms> {
        links[..count].iter().map(|(issuer, subject)| terms(issuer, subject)).collect()
    };
    let found = setting.judge("e", chain(5)).await;
    assert_eq!((found.1.verdict, found.0.is_trusted()), (Verdict::PathTooLong, false));
    assert!(Setting::plain().judge("d", chain(4)).await.0.is_certain());
}

#[tokio::test(start_paused = true)]
async fn an_anchor_with_a_scope() {
    let anchored = |rule: &str| {
        let mut anchors = Anchors::default();
        let scope = Some(scope(&[rule]));
        let key = key("verify.example").public();
        anchors.insert(key_name("verify.example"), Anchor { key, scope });
        Setting::new(Verifiers { anchors, vouchers: 1 })
    };
    let chain = || vec![terms("verify.example", "telco.example")];
    assert!(anchored("msisdn:44").judge("telco.example", chain()).await.0.is_certain());
    let found = anchored("msisdn:49").judge("telco.example", chain()).await;
    let reason = "verify.example ed25519:1 is not trusted for this identifier";
    assert_unverified(&found, Verdict::OutOfScope, reason);
}

/// Neither certificates nor their absence count where nothing proves them.
#[tokio::test(start_paused = true)]
async fn certificates_that_cannot_be_looked_up() {
    let cut = "_verifier NS ns._verifier\nns._verifier A 192.0.2.66\n";
    let reason = "certificates of telco.example cannot be looked up now";
    for records in [record(TREES[0].0, terms("verify.example", "telco.example")), String::new()] {
        let setting = Setting::plain();
        setting.holds(TREES[0].0, Some(&statement("telco.example", Some("alice"), 0)));
        setting.certificates(TREES[0].0, cut);
        let unsigned = zone("_verifier.3pid.example.", "66", false, &records);
        setting.live.wire.put("192.0.2.66", vec![unsigned]);
        let found = setting.found_in_the_first_tree().await;
        assert_unverified(&found, Verdict::Undetermined, reason);
    }
    let setting = Setting::plain();
    setting.holds(TREES[0].0, Some(&statement("telco.example", Some("alice"), 0)));
    setting.certificates(TREES[0].0, cut);
    let begun = tokio::time::Instant::now();
    let found = setting.found_in_the_first_tree().await;
    assert_unverified(&found, Verdict::Undetermined, reason);
    assert!(begun.elapsed() <= Duration::from_secs(31), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn two_roots_can_be_required() {
    let both = trusting(&["verify.example", "other.example"], 2);
    let by_one = vec![terms("verify.example", "telco.example")];
    let by_two = vec![by_one[0].clone(), terms("other.example", "telco.example")];
    let (answer, _) = Setting::new(both.clone()).judge("telco.example", by_one).await;
    assert!(answer.proved && !answer.is_trusted());
    assert_eq!(answer.trust.others, ["other.example".parse().unwrap()].into());
    let (answer, judgement) = Setting::new(both).judge("telco.example", by_two).await;
    assert!(answer.is_certain());
    assert_eq!(judgement.chains.len(), 2);
}

/// Certificates count in the tree that has them alone.
#[tokio::test(start_paused = true)]
async fn the_newest_trusted_statement_of_all_trees_counts() {
    let setting = Setting::plain();
    let [(first, ..), (second, ..)] = TREES;
    let certificate = record(second, terms("verify.example", "telco.example"));
    setting.certificates(second, &certificate);
    let newest = statement("telco.example", Some("newest"), 2);
    setting.holds(first, Some(&newest));
    setting.holds(second, Some(&statement("telco.example", Some("new"), 1)));
    let answer = setting.find().await;
    let Outcome::User(association) = &answer.outcome else { panic!("{answer:?}") };
    assert_eq!(association.mxid.as_str(), "@new:m.example");
    assert!(answer.is_certain() && answer.conflict);

    // A withdrawal at one root outlives an association at the other.
    setting.holds(first, Some(&statement("verify.example", None, 3)));
    setting.live.pass(3601);
    let answer = setting.find().await;
    assert_eq!(answer.outcome, Outcome::Withdrawn);
    assert!(answer.is_certain() && answer.conflict);
}

/// Who trusts nobody asks nobody for certificates.
#[tokio::test(start_paused = true)]
async fn nobody_is_trusted() {
    let setting = Setting::new(Verifiers::default());
    let chain = vec![terms("verify.example", "telco.example")];
    let (answer, judgement) = setting.judge("telco.example", chain).await;
    assert!(answer.proved && !answer.is_trusted());
    assert_eq!((judgement.verdict, judgement.reason()), (Verdict::Untrusted, None));
    let asked = setting.live.wire.asked();
    assert!(asked.iter().all(|asked| !asked.ends_with("VCERT")), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn any_question_is_answered_with_its_zone() {
    let parse = |name: &str| name.parse::<Name>().unwrap();
    let setting = Setting::plain();
    let service = parse("_threepid-publish._tcp.4.4.msisdn.3pid.example.");
    let none = setting.client.resolve(&service, Rtype::SRV).await.unwrap().proved().unwrap();
    assert_eq!(
        (none.data().len(), none.zone),
        (0, Some("4.4.msisdn.3pid.example.".parse().unwrap()))
    );
    let address = setting.client.resolve(&parse("ns.3pid.example."), Rtype::A).await.unwrap();
    assert_eq!(address.data()[0].octets(), [192, 0, 2, 1]);
    assert_eq!(address.zone, Some("3pid.example.".parse().unwrap()));
    assert_eq!(address.proof, threepid::stub::Proof::Proved);
    assert!(setting.client.resolve(&parse("www.elsewhere.example."), Rtype::A).await.is_err());
}
