//! What is put in, and in place of what.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn the_newest_waits_alone() {
    let scene = Scene::new();
    assert_eq!(scene.add(statement(5), &[A]), Added::New);
    assert_eq!(scene.add(statement(9), &[A]), Added::Older);
    assert_eq!(scene.add(statement(1), &[A]), Added::Replaced);
    assert_eq!(scene.add(statement(5), &[A]), Added::Older);
    let entries = scene.outbox.entries().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].as_ref().unwrap().statement, statement(1));
}

#[tokio::test]
async fn further_signatures_go_to_all_roots_again() {
    let mut scene = Scene::new();
    scene.web.stores("a");
    scene.web.set("b", |_| Some(refused(503, "M_UNKNOWN")));
    scene.add(statement(1), &[A, B]);
    scene.round().await;
    let other = statement_by("other.example", 1, "@alice:example.org");
    assert_eq!(scene.add(other.clone(), &[A, B]), Added::Merged);
    let entry = scene.outbox.find(&EntryId::of(&alice())).unwrap().unwrap();
    assert_eq!(entry.statement.signatures().len(), 2);
    assert!(
        entry.deliveries.iter().all(|it| matches!(it.state, State::Waiting { attempts: 0, .. }))
    );
    // Once more is nothing new: what is done stays so.
    scene.round().await;
    assert_eq!(scene.add(other, &[A, B]), Added::Merged);
    scene.web.asked();
    scene.clock.advance(Duration::from_secs(60));
    scene.round().await;
    assert_eq!(scene.web.asked(), ["b"]);
}

#[tokio::test]
async fn published_again_it_goes_to_new_roots_and_to_those_that_refused() {
    let mut scene = Scene::new();
    scene.web.set("a", |_| Some(refused(403, "M_FORBIDDEN")));
    scene.web.down("b");
    scene.add(statement(1), &[A, B]);
    scene.round().await;
    scene.web.stores("a");
    scene.web.stores("c");
    assert_eq!(scene.add(statement(1), &[A, B, "3pid.c.example."]), Added::Merged);
    scene.web.asked();
    let states = scene.states().await;
    assert_eq!(states[0], State::Done(Done::Stored));
    assert_eq!(states[2], State::Done(Done::Stored));
    let mut asked = scene.web.asked();
    asked.sort();
    assert_eq!(asked, ["a", "c"], "b is not due");
}

#[test]
fn what_is_taken_out_waits_no_more() {
    let scene = Scene::new();
    scene.add(statement(1), &[A]);
    let id = EntryId::of(&alice());
    assert_eq!(scene.outbox.take(&id).unwrap().unwrap().statement, statement(1));
    assert_eq!((scene.outbox.take(&id).unwrap(), scene.waits()), (None, 0));
}

#[test]
fn it_is_for_its_owner_alone() {
    let scene = Scene::new();
    scene.add(statement(1), &[A]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(scene.outbox.path()) & 0o777, 0o700);
    for file in std::fs::read_dir(scene.outbox.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()) & 0o777, 0o600);
        let name = file.file_name().into_string().unwrap();
        assert!(!name.contains("447700900123"), "names of files tell no addresses: {name}");
    }
}

#[test]
fn there_is_a_bound_to_it() {
    let scene = Scene::with(Limits { entries: 1, roots: 2, ..Limits::default() });
    let add = |who: &str, apexes: &[&str]| {
        let apexes: Vec<Name> = apexes.iter().map(|apex| name(apex)).collect();
        let threepid = Threepid::parse_any(who, None).unwrap();
        scene.outbox.add(threepid, statement(1), &apexes, START)
    };
    assert!(matches!(add("a@b.example", &[A, B, "c."]), Err(OutboxError::Roots { roots: 3, .. })));
    assert_eq!(add("a@b.example", &[A]).unwrap(), Added::New);
    assert!(matches!(add("c@b.example", &[A]), Err(OutboxError::Full { most: 1, .. })));
    assert_eq!(add("a@b.example", &[A]).unwrap(), Added::Merged, "what is there can change");
}

#[test]
fn a_place_that_cannot_be_written_is_told_at_once() {
    let scene = Scene::new();
    let file = scene.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Outbox::open(&file.join("outbox"), Limits::default()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{}/outbox: ", file.display())), "{error}");
}

#[tokio::test]
async fn the_full_length_of_everything_fits_an_entry() {
    let scene = Scene::new();
    let apex = |number: usize| {
        let label = format!("{number:063}");
        Name::from_labels([label.as_str(), &label, &label]).unwrap()
    };
    let apexes: Vec<Name> = (0..scene.limits.roots).map(apex).collect();
    let long = statement_by("verify.example", 1, &format!("@{}:b.example", "ü".repeat(110)));
    scene.outbox.add(alice(), long, &apexes, START).unwrap();
    let mut random = Most;
    let entry = || scene.outbox.find(&EntryId::of(&alice())).unwrap().unwrap();
    for apex in &apexes {
        let [errcode, error] = [(); 2].map(|()| "😀".repeat(scene.limits.reason));
        let attempt = Attempt::Done(Done::Refused { errcode, error });
        scene.outbox.note(&entry(), apex, &attempt, START, &mut random).unwrap().unwrap();
    }
    assert!(entry().is_done());
}
