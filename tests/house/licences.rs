//! Every dependency's licence suits ours, by the list that `cargo deny` reads.

use std::collections::BTreeSet;
use std::process::Command;

/// What `deny.toml` says of licences.
struct Rules(toml::Table);

impl Rules {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
        let text = std::fs::read_to_string(path).expect("deny.toml is there");
        let table: toml::Table = text.parse().expect("deny.toml is TOML");
        Self(table["licenses"].as_table().expect("a table").clone())
    }

    /// The licences allowed for a package, told as `name vVERSION`.
    fn allowed(&self, package: &str) -> Vec<String> {
        let names = |list: &toml::Value| -> Vec<String> {
            let list = list.as_array().expect("a list of licences");
            list.iter().map(|name| name.as_str().expect("a licence is named").to_owned()).collect()
        };
        let exceptions = self.0["exceptions"].as_array().expect("a list of exceptions");
        let of_this =
            |exception: &&toml::Value| package.split(' ').next() == exception["crate"].as_str();
        let more =
            exceptions.iter().filter(of_this).flat_map(|exception| names(&exception["allow"]));
        names(&self.0["allow"]).into_iter().chain(more).collect()
    }
}

/// Whether an SPDX expression of names, `AND`, `OR` and parentheses can be met.
fn suits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (suits, rest) = either(&words, allowed);
    assert!(rest.is_empty(), "cannot read the licence {expression:?}");
    suits
}

fn either<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut suits, mut rest) = both(words, allowed);
    while let Some((&"OR", after)) = rest.split_first() {
        let (other, after) = both(after, allowed);
        suits |= other;
        rest = after;
    }
    (suits, rest)
}

fn both<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    let (mut suits, mut rest) = one(words, allowed);
    while let Some((&"AND", after)) = rest.split_first() {
        let (other, after) = one(after, allowed);
        suits &= other;
        rest = after;
    }
    (suits, rest)
}

fn one<'a>(words: &'a [&'a str], allowed: &[String]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => {
            let (suits, rest) = either(inner, allowed);
            (suits, rest.strip_prefix(&[")"]).expect("a parenthesis closes"))
        }
        [name, "WITH", exception, rest @ ..] => {
            (allowed.contains(&format!("{name} WITH {exception}")), rest)
        }
        [name, rest @ ..] => (allowed.iter().any(|licence| licence == name), rest),
        [] => panic!("a licence is named"),
    }
}

#[test]
fn every_licence_suits() {
    let platform = format!("--target={}-unknown-linux-gnu", std::env::consts::ARCH);
    // The tree has what is built. `cargo metadata` also has optional packages that nobody turned on,
    // as soon as they lie in the registry's cache.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix=none", "--format={p}\t{l}"])
        .arg(platform)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("UTF-8");
    let packages: BTreeSet<(&str, &str)> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)").split_once('\t').expect("name and licence"))
        .collect();
    assert!(packages.len() > 50, "the packages were not read");
    let rules = Rules::read();
    let wrong: Vec<String> = packages
        .iter()
        .filter(|(package, licence)| !suits(licence, &rules.allowed(package)))
        .map(|(package, licence)| format!("{package}: {licence}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_licences_can_refuse() {
    let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned()];
    assert!(suits("MIT OR GPL-3.0", &allowed));
    assert!(suits("(MIT OR GPL-3.0) AND Apache-2.0", &allowed));
    assert!(!suits("MIT AND GPL-3.0", &allowed));
    assert!(!suits("GPL-3.0", &allowed));
}
