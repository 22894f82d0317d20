//! Names that nobody has asked for before.

use super::super::net::World;
use super::super::tree::{self, NOW, authority, zone};
use super::forge::fresh;
use super::{Scene, mount};

/// "Water torture": random names below an honest zone, which bears the questions.
#[test]
fn random_names() {
    let cost = mount("water torture: 100 random names of a signed zone", || {
        let mut world = World::new(tree::policy(), NOW);
        world.put("192.0.2.1", authority(vec![zone("3pid.example.", "1", true, "")]));
        let questions = (0..100).map(|number| format!("{}.3pid.example. A", fresh("", number)));
        Scene { world, questions: questions.collect() }
    });
    assert!(cost.packets <= 1.1, "{}", cost.packets);
}
