//! People handed over to a new delegation and taken back, step by step as the manual tells, while
//! publications come all the while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use threepid::threepid::Threepid;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::until_served;
use super::world::{Door, TREES, World, statement};

/// How many publications are acknowledged between two steps, at least.
const SOME: usize = 6;

/// How long a verification server waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);

/// All that was acknowledged of each number, the latest last.
type Acknowledged = BTreeMap<String, Vec<Vec<u8>>>;

/// A verification server that goes on publishing, whatever it is told, until each is acknowledged.
struct Sender {
    told: Arc<Mutex<Acknowledged>>,
    count: watch::Receiver<usize>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sender {
    fn start(parent: Door, child: Door) -> Self {
        let (told, (counter, count), (stop, stopped)) =
            (Arc::<Mutex<Acknowledged>>::default(), watch::channel(0), watch::channel(false));
        let all = Arc::clone(&told);
        let task = tokio::spawn(async move {
            for round in 0.. {
                // Every third withdraws the one before.
                let (number, user) = match round % 3 {
                    2 => (round - 1, None),
                    _ => (round, Some(format!("a{round}"))),
                };
                let number = format!("+4477009{number:05}");
                let threepid = Threepid::parse_any(&number, None).expect("a number");
                let body = statement(&threepid, user.as_deref(), round, "verify.example");
                while !publish(&parent, &child, &body).await {
                    tokio::time::sleep(PAUSE).await;
                }
                all.lock().expect("nobody panics with it").entry(number).or_default().push(body);
                counter.send_modify(|count| *count += 1);
                if *stopped.borrow() {
                    return;
                }
            }
        });
        Self { told, count, stop, task }
    }

    /// Waits until some more are acknowledged.
    async fn some_more(&mut self) {
        let enough = *self.count.borrow() + SOME;
        let some = self.count.wait_for(|count| *count >= enough);
        let waited = tokio::time::timeout(Duration::from_secs(60), some).await;
        assert!(waited.is_ok_and(|some| some.is_ok()), "nothing is acknowledged any more");
    }

    async fn stop(self) -> Acknowledged {
        self.stop.send_replace(true);
        self.task.await.expect("it publishes");
        std::mem::take(&mut *self.told.lock().expect("nobody panics with it"))
    }
}

/// Sends it to the parent, and where that says so to the child. Tells whether it is acknowledged.
async fn publish(parent: &Door, child: &Door, body: &[u8]) -> bool {
    // A server that is stopped is tried again.
    let Ok(mut answer) = parent.send(body.to_vec()).await else { return false };
    if answer.status.as_u16() == 307 {
        let Ok(referred) = child.send(body.to_vec()).await else { return false };
        answer = referred;
    }
    match answer.status.as_u16() {
        200 | 201 => true,
        500.. => false,
        other => panic!("{other}: {}", String::from_utf8_lossy(&answer.body)),
    }
}

/// Has the server hold what is below +44, or not any more.
async fn hold(world: &mut World, server: usize, is_held: bool) {
    let (all, held) = ("[publish]", "handing_over = [\"+44\"]\n[publish]");
    let (from, to) = if is_held { (all, held) } else { (held, all) };
    world.reload(server, &format!("{server}.toml"), |text| text.replace(from, to)).await;
}

/// Runs the program, which ends with this; gives what it says on both.
async fn ran(world: &World, arguments: &str, code: i32) -> (String, String) {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let ran = world.run(&arguments).await;
    assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
    (ran.stdout, ran.stderr)
}

/// Hands over to a file, and gives the change up to which that is.
async fn handover(world: &World, arguments: &str, file: &str) -> String {
    let (lines, told) = ran(world, &format!("store handover {arguments}"), 0).await;
    world.write(file, lines.as_bytes());
    let words = told.split_whitespace();
    words.last().expect("a number").to_owned()
}

/// Every number has what was acknowledged last, and nothing older can come again.
async fn nothing_is_lost(world: &World, server: usize, all: &Acknowledged) {
    for bodies in all.values() {
        let (last, before) = bodies.split_last().expect("one at least");
        until_served(world, server, TREES[0], last).await;
        for old in before {
            let (status, word, _) = world.post(server, old.clone()).await;
            assert_eq!((status, word.as_str()), super::SUPERSEDED);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_on_the_way_to_a_child_and_back() {
    let mut world = World::start("").await;
    // There is nobody yet: the first tree has the numbers.
    let (_, told) =
        ran(&world, "delegation remove 0.zone --origin 3pid.example. +44 -c 0.toml", 1).await;
    assert!(told.contains("--handed-back FILE") && told.contains("--lost"), "{told}");
    ran(&world, "delegation remove 0.zone --origin 3pid.example. +44 -c 0.toml --lost", 0).await;
    world.reload(0, "0.zone", |text| text).await;
    let mut sender = Sender::start(world.door(0), world.door(2));
    sender.some_more().await;
    let (_, told) = ran(&world, "store handover 0.store +44", 1).await;
    assert!(told.contains("not held"), "{told}");
    ran(&world, "store handover 0.store +4x", 64).await;

    // To the child: a first copy, then the hold, then the rest.
    let first = handover(&world, "0.store +44 --early", "first.lines").await;
    sender.some_more().await;
    hold(&mut world, 0, true).await;
    world.end(2).await;
    ran(&world, "store import 2.store first.lines", 0).await;
    let last = handover(&world, &format!("0.store +44 --after {first}"), "rest.lines").await;
    ran(&world, "store import 2.store rest.lines", 0).await;
    world.begin(2).await;
    let add = "delegation add 0.zone --origin 3pid.example. +44 --ns ns.4.4.msisdn.3pid.example=127.77.0.3 -c 0.toml";
    let add = format!("{add} --key {}", world.child_key);
    for (more, expected) in
        [("", "Hand them over first"), (&*format!(" --handed-over {first}"), "changed after")]
    {
        let (_, told) = ran(&world, &format!("{add}{more}"), 1).await;
        assert!(told.contains(expected), "{told}");
    }
    ran(&world, &format!("{add} --handed-over {last}"), 0).await;
    world.reload(0, "0.zone", |text| text).await;
    hold(&mut world, 0, false).await;
    sender.some_more().await;

    // And back.
    hold(&mut world, 2, true).await;
    handover(&world, "2.store +44", "back.lines").await;
    let remove =
        "delegation remove 0.zone --origin 3pid.example. +44 -c 0.toml --handed-back back.lines";
    let (_, told) = ran(&world, remove, 1).await;
    assert!(told.contains("are not in"), "{told}");
    world.end(0).await;
    let (_, told) = ran(&world, "store import 0.store back.lines --apex 3pid.exampel", 64).await;
    assert!(told.contains("none of it is in the tree 3pid.exampel."), "{told}");
    ran(&world, "store import 0.store back.lines", 0).await;
    world.begin(0).await;
    ran(&world, remove, 0).await;
    world.reload(0, "0.zone", |text| text).await;
    sender.some_more().await;
    let all = sender.stop().await;
    println!("{} numbers, {} acknowledged", all.len(), all.values().map(Vec::len).sum::<usize>());
    nothing_is_lost(&world, 0, &all).await;
    world.stop().await;
}
