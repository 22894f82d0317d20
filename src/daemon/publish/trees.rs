//! What the client of a part that takes statements goes by: the trees, and what proves them now.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{self, Root};
use crate::dnssec::Algorithms;
use crate::dnssec::rollover::TrustPoint;
use crate::stub::{self, Client};
use crate::transport::{self, Exchange, Network};

use super::super::list_expiry::Reader;

/// What a resolver in the same process knows of the keys of trees (RFC 5011), where it keeps that.
pub(in super::super) type Points = watch::Receiver<Vec<TrustPoint>>;

/// What asks for certificates and services as `plan` says.
pub(super) fn client(plan: &config::Publish, clock: &Arc<dyn Clock>) -> Client {
    let network = Network::new(&transport::Limits::default()).towards([plan.resolver]);
    let roots = plan.roots.iter().map(Root::to_root).collect();
    let limits = stub::Limits::default();
    let client = Client::over(network, Arc::clone(clock), plan.resolver, roots, limits);
    if let Some(list) = &plan.root_list {
        client.suspend(list.suspended(clock.now()));
    }
    client
}

/// Has `client` go by the root list that is followed.
pub(super) fn reader(plan: &config::Publish, client: Client) -> Option<Reader> {
    let plan = plan.root_list.clone()?;
    let suspend = Box::new(move |trees: &[_]| client.suspend(trees));
    Some(Reader { plan, loss: "no certificate counts in", suspend })
}

/// Has `client` go by the keys that are known here to be those of its trees, as long as what this gives is
/// there. What a list says counts before that.
pub(super) fn follow<E: Exchange + 'static>(
    plan: &config::Publish,
    client: Client<E>,
    points: Option<Points>,
) -> JoinSet<()> {
    let mut following = JoinSet::new();
    let Some(mut points) = points else { return following };
    let is_listed =
        |root: &&Root| plan.root_list.as_ref().is_some_and(|list| list.has(&root.apex.value));
    let own: Vec<Root> = plan.roots.iter().filter(|root| !is_listed(root)).cloned().collect();
    trust(&client, &own, &points.borrow_and_update());
    following.spawn(async move {
        while points.changed().await.is_ok() {
            trust(&client, &own, &points.borrow_and_update());
        }
    });
    following
}

/// Has `client` go by what is known of the keys of these trees. An anchor of the configuration that nothing is
/// known of counts beside it.
fn trust<E: Exchange + 'static>(client: &Client<E>, roots: &[Root], points: &[TrustPoint]) {
    for root in roots {
        let Some(point) = points.iter().find(|point| *point.zone() == root.apex.value) else {
            continue;
        };
        let (ledger, own) = (point.ledger().clone(), root.anchors.clone());
        let point = TrustPoint::new(ledger, own, Algorithms::default());
        client.trust(point.zone(), &point.anchors());
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::*;
    use crate::authority::{Associated, Authority, Policy, ServedZone};
    use crate::clock::{ManualClock, SystemClock};
    use crate::codec::hex;
    use crate::config::Config;
    use crate::crypto::SeededRandom;
    use crate::dnssec::ZoneKey;
    use crate::dnssec::rollover::{AnchorKey, Ledger, State};
    use crate::transport::{ExchangeError, Transport};
    use crate::wire::{EdnsPolicy, Name, Query, Rtype};
    use crate::zone::testing;

    struct Memory(Authority);

    impl Exchange for Memory {
        async fn exchange(
            &self,
            _: SocketAddr,
            _: Transport,
            packet: &[u8],
            _: Duration,
        ) -> Result<Vec<u8>, ExchangeError> {
            let (query, mut reply) = (Query::parse(packet).unwrap(), Vec::new());
            let now = SystemClock.now();
            self.0.answer(&query, 1232, &EdnsPolicy::default(), now, &mut reply);
            Ok(reply)
        }
    }

    fn apex() -> Name {
        "a.example.".parse().unwrap()
    }

    fn key(seed: u64) -> ZoneKey {
        ZoneKey::generate(apex(), ZoneKey::KSK, &mut SeededRandom::new(seed))
    }

    /// What takes statements for the tree by the anchor of a key.
    fn plan(key: &ZoneKey) -> config::Publish {
        let (tag, digest) = (key.key_tag(), hex(&key.sha256_ds().digest));
        let text = format!(
            "[publish]\nplain = true\nlisten = [\"127.0.0.1\"]\n\
             [[publish.root]]\napex = \"a.example\"\nanchors = [\"a.example. DS {tag} 15 2 {digest}\"]\n\
             [[publish.verifier]]\nname = \"v\"\nkey_id = \"0\"\n\
             key = \"MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM\"\n\
             [authority]\nlisten = [\"127.0.0.1\"]\nstore = \"s\"\n\
             [[authority.zone]]\nname = \"a.example.\"\nfile = \"a\"\n"
        );
        Config::parse(&text, "a.toml".as_ref()).unwrap().publish.unwrap()
    }

    /// A trust point that knows these keys.
    fn point(keys: &[(ZoneKey, State)]) -> TrustPoint {
        let now = SystemClock.now();
        let known = |(key, state): &(ZoneKey, State)| AnchorKey {
            dnskey: key.dnskey(),
            state: *state,
            since: now,
            until: now,
        };
        let keys = keys.iter().map(known).collect();
        TrustPoint::new(Ledger { keys, ..Ledger::new(apex()) }, Vec::new(), Algorithms::default())
    }

    #[tokio::test]
    async fn the_client_goes_by_what_is_known_of_keys() {
        let (old, new) = (key(1), key(2));
        let built = testing::build("a.example.", "@ SOA\n@ NS ns\nns A 192.0.2.1").unwrap();
        let (associations, keys) = (Associated::File(built.associations), vec![new.clone()]);
        let now = SystemClock.now();
        let zone = ServedZone::new(built.zone, associations, keys, Policy::default(), now);
        let network = Memory(Authority::new(vec![zone.unwrap()]).unwrap());
        let (plan, clock) = (plan(&old), ManualClock::at(now));
        let roots = plan.roots.iter().map(Root::to_root).collect();
        let limits = stub::Limits::default();
        let client = Client::over(network, Arc::new(clock.clone()), plan.resolver, roots, limits);
        let proves = async |label: &str| {
            let name = format!("{label}.a.example.").parse().unwrap();
            let resolved = client.resolve(&name, Rtype::A).await;
            resolved.is_ok_and(|resolved| resolved.proved().is_ok())
        };
        let known = watch::Sender::new(vec![point(&[(old.clone(), State::Valid)])]);
        let following = follow(&plan, client.clone(), Some(known.subscribe()));
        assert!(!proves("first").await);
        known.send_replace(vec![point(&[(old, State::Revoked), (new, State::Valid)])]);
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(60));
        assert!(proves("second").await, "by the new key");
        drop(following);
    }
}
