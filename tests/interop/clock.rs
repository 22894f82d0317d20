//! Our resolver under libfaketime: signatures and caches follow the wall clock, also when it is set.

use std::path::Path;
use std::process::Command;

use super::names;
use super::namespace;
use super::process::{Background, demo, output};

/// Our resolver, whose clock is off by what stands in the file `offset`.
fn resolver(state: &Path, offset: &Path) -> Background {
    let library =
        format!("/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH);
    assert!(Path::new(&library).exists(), "{library} of libfaketime is missing");
    let mut command = Command::new(env!("CARGO_BIN_EXE_threepid"));
    command
        .args(["serve", "-c"])
        .arg(state.join("resolver.toml"))
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", offset)
        .env("FAKETIME_NO_CACHE", "1")
        // Timeouts are no matter of the wall clock.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Background::start(&mut command, "ready")
}

fn ask() -> String {
    let arguments =
        ["@127.0.0.2", "-p", names::RESOLVER_PORT, names::ALICE, "TYPE65301", "+dnssec"];
    output("dig", &arguments)
}

#[test]
fn a_clock_that_is_set_is_obeyed() {
    namespace::enter();
    let state = tempfile::tempdir().expect("a folder");
    let _authorities = demo(state.path());
    let set = |offset: &str| {
        std::fs::write(state.path().join("offset"), offset).expect("the state is writable");
    };
    // The demo's own resolver has the port: ours takes another.
    let file = state.path().join("resolver.toml");
    let text = std::fs::read_to_string(&file).expect("the demo writes it");
    std::fs::write(&file, text.replace("127.0.0.1:5300", "127.0.0.2:5300")).expect("writable");

    set("+0");
    let _resolver = resolver(state.path(), &state.path().join("offset"));
    let now = ask();
    assert!(now.contains("status: NOERROR") && now.contains(" ad;"), "{now}");
    // Signatures over associations last three days.
    set("+4d");
    let later = ask();
    assert!(later.contains("status: SERVFAIL") && later.contains("EDE: 7 "), "{later}");
    set("-2h");
    let earlier = ask();
    assert!(earlier.contains("status: SERVFAIL") && earlier.contains("EDE: 8 "), "{earlier}");
    set("+0");
    let again = ask();
    assert!(again.contains("status: NOERROR") && again.contains(" ad;"), "{again}");
}
