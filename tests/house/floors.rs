//! A module imports only modules of lower floors.

use super::source::sources;

/// The floors, lowest first. What stands on one floor does not know its neighbours.
const FLOORS: [&[&str]; 13] = [
    &["codec", "clock", "telemetry"],
    &["crypto", "wire"],
    &["threepid", "signed", "dnssec"],
    &["association", "certificate", "allowance"],
    &["trust", "zone"],
    &["authority", "resolver", "verification"],
    &["store", "transport"],
    &["courier", "recursor"],
    &["stub"],
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
    "thread::sleep",
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

/// The files that are allowed one of [`IMPURE`]: the doors.
const DOORS: [(&str, &str); 2] =
    [("src/clock.rs", "SystemTime"), ("src/crypto/random.rs", "getrandom")];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The modules that a line names by `crate::`, in a group too.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.push(head(rest)),
        }
    }
    found.retain(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    found
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// The first name of each path in a `use` group.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut heads = vec![String::new()];
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(String::new()),
            _ if depth == 0 => heads.last_mut().expect("never empty").push(character),
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    heads.iter().map(|path| head(path.trim())).collect()
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
        let joined = code.join("\n");
        for imported in imports(&joined) {
            if let Some(why) = judge(&module, &imported) {
                wrong.push(format!("{}: {why}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lower_floors_are_pure() {
    let mut wrong = Vec::new();
    for source in sources() {
        let pure = source.module().and_then(|module| floor(&module)).is_some_and(|f| f <= PURE);
        if !pure {
            continue;
        }
        for (number, line) in source.code() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                let path = source.path.to_string_lossy();
                if !DOORS.contains(&(path.as_ref(), word)) {
                    wrong.push(format!("{path}:{number}: {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_judge_sees_a_climb() {
    assert_eq!(imports("use crate::wire::{Name, Rtype}; crate::zone::x()"), ["wire", "zone"]);
    assert_eq!(imports("use crate::{clock::{A, B},\n zone,\n};"), ["clock", "zone"]);
    assert_eq!(judge("zone", "wire"), None);
    assert!(judge("wire", "zone").is_some(), "upwards");
    assert!(judge("wire", "crypto").is_some(), "sideways");
    assert!(judge("wire", "attic").is_some(), "nowhere");
}
