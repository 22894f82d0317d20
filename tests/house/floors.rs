//! A module imports only modules of lower floors.

use super::source::{sources, uses};

/// The floors, lowest first. What stands on one floor does not know its neighbours.
const FLOORS: [&[&str]; 14] = [
    &["codec", "clock", "telemetry"],
    &["crypto", "wire"],
    &["threepid", "signed", "dnssec"],
    &["association", "certificate", "allowance"],
    &["trust", "zone"],
    &["authority", "resolver", "verification", "hashes"],
    &["disk", "store", "transport"],
    &["courier", "recursor", "directory"],
    &["stub"],
    &["homeserver", "verifier"],
    &["services"],
    &["config"],
    &["daemon"],
    &["cli"],
];

/// The highest floor without sockets, files, threads, randomness or a clock.
const PURE: usize = 5;

/// What code on the pure floors must not name.
const IMPURE: [&str; 13] = [
    "std::fs",
    "std::net::Udp",
    "std::net::Tcp",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "tokio",
    "hyper",
    "nix::",
    "socket2",
    "getrandom",
];

/// The files that are allowed one of [`IMPURE`]: the doors, and a test that counts from threads.
const DOORS: [(&str, &str); 3] = [
    ("src/clock.rs", "SystemTime"),
    ("src/crypto/random.rs", "getrandom"),
    ("src/telemetry/counters.rs", "std::thread"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The top-level modules that code names: by `crate::`, or by as many `super::` as lead from a file
/// this many modules down to the crate's root.
fn imports(code: &str, depth: usize) -> Vec<String> {
    let up = "super::".repeat(depth);
    let mut found = Vec::new();
    for path in uses(code).iter().map(String::as_str).chain(words(code)) {
        let from_root = path.strip_prefix("crate::").or_else(|| path.strip_prefix(&up));
        // A module inside the file is one further down.
        let inside = |rest: &str| rest.strip_prefix("super::").unwrap_or(rest).to_owned();
        found.extend(from_root.map(|rest| head(&inside(rest))));
    }
    found.retain(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    found.dedup();
    found
}

/// The paths that stand in code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// What is wrong with `module` importing `imported`; nothing where it may.
fn judge(module: &str, imported: &str) -> Option<String> {
    if module == imported {
        return None;
    }
    match (floor(module), floor(imported)) {
        (None, _) => Some(format!("`{module}` stands on no floor")),
        (_, None) => Some(format!("`{imported}` stands on no floor")),
        (Some(mine), Some(theirs)) if theirs < mine => None,
        (Some(mine), Some(theirs)) => {
            Some(format!("`{module}` (floor {mine}) imports `{imported}` (floor {theirs})"))
        }
    }
}

#[test]
fn imports_go_down() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let code: Vec<String> = source.code().into_iter().map(|(_, line)| line).collect();
        // A `use` group may go over several lines.
        for imported in imports(&code.join("\n"), source.depth()) {
            if let Some(why) = judge(&module, &imported) {
                wrong.push(format!("{}: {why}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What code names that is not for pure floors.
fn impurities(code: &str) -> Vec<&'static str> {
    let uses = uses(code);
    let named = |word: &str| code.contains(word) || uses.iter().any(|path| path.contains(word));
    IMPURE.into_iter().filter(|word| named(word)).collect()
}

#[test]
fn lower_floors_are_pure() {
    let mut wrong = Vec::new();
    for source in sources() {
        let pure = source.module().and_then(|module| floor(&module)).is_some_and(|f| f <= PURE);
        if !pure {
            continue;
        }
        let path = source.path.to_string_lossy();
        let code: Vec<String> = source.code().into_iter().map(|(_, line)| line).collect();
        for word in impurities(&code.join("\n")) {
            if !DOORS.contains(&(path.as_ref(), word)) {
                wrong.push(format!("{path}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_judge_sees_a_climb() {
    let imports = |code| imports(code, 2);
    assert_eq!(imports("use crate::wire::{Name, Rtype}; crate::zone::x()"), ["wire", "zone"]);
    assert_eq!(imports("use crate::{clock::{A, B},\n zone,\n};"), ["clock", "zone"]);
    assert_eq!(imports("use super::super::{wire::Name, zone};"), ["wire", "zone"]);
    assert_eq!(
        imports("use super::super::super::zone::X; super::super::wire::x()"),
        ["zone", "wire"]
    );
    assert_eq!(imports("use super::x; use super::{y::Z, *};"), [""; 0]);
    assert_eq!(judge("zone", "wire"), None);
    assert!(judge("wire", "zone").is_some(), "upwards");
    assert!(judge("wire", "crypto").is_some(), "sideways");
    assert!(judge("wire", "attic").is_some(), "nowhere");
    assert_eq!(
        impurities("use std::{fmt, fs, net::{IpAddr, UdpSocket}};"),
        ["std::fs", "std::net::Udp"]
    );
    assert_eq!(impurities("std::thread::spawn(run)"), ["std::thread"]);
}
