//! A network of one's own.

use std::process::Command;

use nix::sched::{CloneFlags, unshare};

/// Moves this thread, and what it starts from here on, into a new network namespace whose loopback
/// is up. A test that cannot have one fails: it never passes because it could not look.
pub(crate) fn enter() {
    unshare(CloneFlags::CLONE_NEWNET)
        .unwrap_or_else(|error| panic!("no network namespace ({error}): run this by tests/run"));
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    assert!(up.expect("`ip` of iproute2 runs").success(), "loopback did not come up");
}
