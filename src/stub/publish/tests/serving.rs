//! A server that goes on sending what is put in.

use tokio::sync::Notify;

use super::*;

/// The Web, in which `a` never answers.
#[derive(Clone)]
struct Hanging {
    web: Web,
    asked: Arc<Notify>,
}

impl Fetch for Hanging {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, FetchError> {
        let is_hanging = request.url.host().to_string() == "a";
        let said = self.web.fetch(request).await;
        if is_hanging {
            self.asked.notify_one();
            std::future::pending::<()>().await;
        }
        said
    }
}

/// Time stands still, so that nothing is looked at but what was put in.
#[tokio::test(start_paused = true)]
async fn what_is_put_in_does_not_wait_for_a_root_that_hangs() {
    let scene = Scene::new();
    scene.web.stores("a");
    scene.web.stores("b");
    let web = Hanging { web: scene.web.clone(), asked: Arc::default() };
    let publisher = Publisher::new(web.clone(), scene.web.clone(), scene.limits.clone());
    let runner = Runner::new(publisher, scene.outbox.clone());
    let (told, stopped) = (Arc::new(Mutex::new(Vec::new())), Notify::new());
    let mut tell = |entry: &Entry, apex: Option<&Name>| {
        told.lock().unwrap().push((apex.cloned(), entry.is_done()));
        stopped.notify_one();
    };
    let mut random = SeededRandom::new(1);
    let served = runner.serve(&scene.clock, &mut random, &mut tell, stopped.notified());
    let put_in = async {
        scene.outbox.add(alice(), statement(9), &[name(A)], scene.clock.now()).unwrap();
        web.asked.notified().await;
        scene.clock.advance(Duration::from_secs(1));
        scene.outbox.add(alice(), statement(1), &[name(B)], scene.clock.now()).unwrap();
    };
    let (served, ()) = tokio::join!(served, put_in);
    served.unwrap();
    assert_eq!(*told.lock().unwrap(), [(Some(name(B)), true)]);
    assert_eq!(scene.web.asked(), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_when_it_is_due() {
    /// As far on as the runtime's.
    struct Passing(tokio::time::Instant);

    impl Clock for Passing {
        fn now(&self) -> Timestamp {
            START.saturating_add(self.0.elapsed())
        }
    }

    let scene = Scene::new();
    scene.web.down("a");
    scene.add(statement(1), &[A]);
    let (runner, web, done) = (scene.runner(), scene.web.clone(), Notify::new());
    let clock = Passing(tokio::time::Instant::now());
    let mut attempts = 0;
    let mut tell = |entry: &Entry, _: Option<&Name>| {
        attempts += 1;
        match entry.is_done() {
            true => done.notify_one(),
            false if attempts == 3 => web.stores("a"),
            false => {}
        }
    };
    runner.serve(&clock, &mut Most, &mut tell, done.notified()).await.unwrap();
    assert_eq!((attempts, scene.waits()), (4, 0));
    assert_eq!(clock.now().since(START).as_secs(), 30 + 60 + 120);
}
