//! Several who publish about one identifier at the same time, at roots with real stores.

use proptest::prelude::*;

use super::*;
use crate::store::{Change, Held, Outcome, Policy, Refusal, Store};

/// Has the server of a root hold what its store takes, and be down at times.
fn holds(web: &Web, host: &str, apex: &Name, store: Arc<Store>, downs: Vec<bool>) {
    let (apex, downs) = (apex.clone(), Mutex::new(downs));
    web.set(host, move |request| {
        if downs.lock().unwrap().pop().unwrap_or(false) {
            return None;
        }
        let (threepid, statement) = Statement::from_json(&request.body).unwrap();
        let change = Change::publish(&apex, threepid, statement).unwrap();
        // Stores are written by threads that may wait.
        let write = || store.submit(vec![change], START).unwrap().wait().unwrap();
        let outcomes = std::thread::scope(|scope| scope.spawn(write).join().unwrap());
        Some(match outcomes[0] {
            Outcome::Stored(_) => said(201, r#"{"status":"stored"}"#),
            Outcome::Merged(_) => said(200, r#"{"status":"merged"}"#),
            Outcome::Unchanged => said(200, r#"{"status":"unchanged"}"#),
            Outcome::Refused(Refusal::Older) => refused(409, "THREEPID_SUPERSEDED"),
            Outcome::Refused(_) => refused(400, "M_INVALID_PARAM"),
        })
    });
}

/// What a root holds of Alice.
fn held(store: &Store, apex: &Name) -> Option<Statement> {
    let entry = store.snapshot().unwrap().find(&alice().owner(apex).unwrap()).unwrap()?;
    match entry.held {
        Held::Statement(kept) => Some(kept.statement().unwrap()),
        Held::Mark(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn all_roots_end_the_same(
        // Who publishes, how old it is, for whom, signed by whom.
        published in prop::collection::vec((0..3_usize, 0..3_u64, 0..2_u8, 0..2_u8), 2..6),
        downs in prop::collection::vec(prop::collection::vec(any::<bool>(), 0..4), 2),
        seed: u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let apexes = [name(A), name(B)];
            let web = Web::default();
            let stores: Vec<Arc<Store>> = ["a", "b"].iter().zip(&apexes).zip(downs).map(|((host, apex), downs)| {
                let store = Store::open(&folder.path().join(host), Policy::default()).unwrap();
                let store = Arc::new(store);
                holds(&web, host, apex, store.clone(), downs);
                store
            }).collect();
            let mut scenes: Vec<Scene> = (0..3).map(|_| Scene::new()).collect();
            let mut best: Option<Statement> = None;
            let mut random = SeededRandom::new(seed);
            for (who, age, mxid, signer) in published {
                scenes[who].web = web.clone();
                let statement = statement_by(&format!("v{signer}.example"), age, &format!("@{mxid}:b.example"));
                scenes[who].add(statement.clone(), &[A, B]);
                best = Some(match best {
                    Some(mut best) if best.claim() == statement.claim() => {
                        best.merge(&statement).unwrap();
                        best
                    }
                    Some(best) if best.precedence(&alice()) > statement.precedence(&alice()) => best,
                    _ => statement,
                });
                // Some are sent at once, others only when newer ones are there.
                if random.below(2) == 0 {
                    let scene = &mut scenes[usize::from(random.u16() % 3)];
                    scene.web = web.clone();
                    scene.round().await;
                }
            }
            let mut rounds = 0;
            while scenes.iter().any(|scene| scene.waits() > 0) {
                rounds += 1;
                assert!(rounds < 500, "it ends");
                let scene = &mut scenes[usize::from(random.u16() % 3)];
                scene.web = web.clone();
                if let (_, Some(next)) = scene.round().await {
                    scene.clock.advance(next);
                }
            }
            let ends: Vec<_> = stores.iter().zip(&apexes).map(|(store, apex)| held(store, apex)).collect();
            assert_eq!(ends[0], ends[1]);
            let end = ends[0].as_ref().unwrap();
            assert_eq!(end.claim(), best.as_ref().unwrap().claim());
        });
    }
}
