//! The files in `config/` are true, and mistakes are told where they are.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

const FILES: [(&str, &str); 5] = [
    ("root.toml", include_str!("../../config/root.toml")),
    ("regional.toml", include_str!("../../config/regional.toml")),
    ("resolver.toml", include_str!("../../config/resolver.toml")),
    ("client.toml", include_str!("../../config/client.toml")),
    ("verification.toml", include_str!("../../config/verification.toml")),
];

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("dir/a.toml")).map_err(|error| error.to_string())
}

/// Whether a key is spelt with this.
fn is_key(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

/// The lines that show a default: `# key = value`.
fn shown_defaults(text: &str) -> Vec<&str> {
    let is_setting = |line: &&str| {
        line.strip_prefix("# ")
            .and_then(|line| line.split_once(" = "))
            .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(is_key))
    };
    text.lines().filter(is_setting).collect()
}

#[test]
fn the_files_load_and_show_the_real_defaults() {
    for (file, text) in FILES {
        let config = parse(text).unwrap();
        let defaults = shown_defaults(text);
        assert!(!defaults.is_empty(), "{file}");
        for line in defaults {
            let given = text.replacen(line, line.trim_start_matches("# "), 1);
            assert_eq!(parse(&given).unwrap(), config, "{file}: `{line}`");
        }
    }
}

#[test]
fn the_files_name_every_setting() {
    let [root, regional, resolver, client, verification] = FILES.map(|(_, text)| text);
    let authority = &[root, regional][..];
    for (section, files) in [
        ("authority", authority),
        ("[authority.zone]", authority),
        ("resolver", &[resolver]),
        ("[resolver.root]", &[resolver]),
        ("[resolver.forward]", &[resolver]),
        ("client", &[client]),
        ("[client.root]", &[client]),
        ("[client.verifier]", &[client]),
        ("publish", authority),
        ("[publish.root]", authority),
        ("[publish.verifier]", authority),
        ("verification", &[verification]),
        ("[verification.retired_key]", &[verification]),
        ("[verification.delegate]", &[verification]),
        ("[verification.cosigner]", &[verification]),
        ("[verification.asker]", &[verification]),
        ("verification.per_hour", &[verification]),
        ("identity_api", &[verification]),
        ("identity_api.per_second", &[verification]),
        ("identity_api.per_hour", &[verification]),
        ("[identity_api.terms]", &[verification]),
        ("mail", &[verification]),
        ("sms", &[verification]),
        ("admin", authority),
        ("log", &[resolver]),
    ] {
        let told = parse(&format!("[{section}]\nqqqqqqqq = 1\n")).unwrap_err();
        let line = told.lines().find(|line| line.contains("qqqqqqqq")).unwrap();
        let (_, known) = line.split_once("known here: ").unwrap();
        for key in known.split(", ").map(|key| key.trim_matches('`')) {
            let word = |text: &&str| text.split(|c| !is_key(c)).any(|word| word == key);
            assert!(files.iter().any(word), "`{key}` of [{section}]");
        }
    }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = r#"
[authority]
listen = ["127.0.0.1", "127.0.0.1:53", "localhost"]
thread = 2
[[authority.zone]]
name = "a..example."
[[authority.zone]]
name = "b.example."
file = "b.zone"
keys = ["k"]
key_dir = "keys"
[[authority.zone]]
name = "B.example."
file = ""
[resolver]
listen = ["127.0.0.1"]
allow = ["10.0.0.1/8"]
iteration_port = 0
[[resolver.root]]
apex = "3pid.example."
servers = ["192.0.2.1:53"]
[admin]
listen = "192.0.2.1"
[log]
level = "loud"
[resolve]
"#;
    let told = parse(text).unwrap_err();
    let expected = [
        "3:24: `127.0.0.1:53` is listed already, as `127.0.0.1:53`",
        "3:40: `localhost` is no address: write `192.0.2.1`, `192.0.2.1:53` or `[2001:db8::1]:53`",
        "4:1: unknown key `thread`, did you mean `threads`?",
        "5:1: `file` is missing in [[authority.zone]]",
        "6:8: a domain name expected: empty label",
        "11:11: `keys` or `key_dir`, not both",
        "14:8: a path expected, this is empty",
        "16:11: [authority] listens on 127.0.0.1:53 already",
        "17:10: a network expected: bits are set after the prefix, did you mean `10.0.0.0/8`?",
        "18:18: `iteration_port` is a number from 1 to 65535",
        "19:1: what proves 3pid.example. is missing: `anchor_file` or `anchors`",
        "21:12: an IP address without a port expected: invalid IP address syntax",
        "23:10: [admin] listens on loopback only, on `127.0.0.1` or `[::1]`",
        "25:9: `level` is one of `error`, `warn`, `info`, `debug`, `trace`",
        "26:2: unknown key `resolve`, did you mean `resolver`?",
    ];
    let expected: Vec<String> = expected.iter().map(|line| format!("dir/a.toml:{line}")).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn associations_are_in_the_store_where_there_is_one() {
    let zones = "[[authority.zone]]\nname = \"a\"\nfile = \"a\"\n";
    let keeper = |store: &str, zone: &str| {
        parse(&format!("[authority]\n{store}{zones}{zone}"))
            .map(|config| config.authority.unwrap().zones[0].associations)
    };
    let store = "store = \"a.store\"\n";
    assert_eq!(keeper("", ""), Ok(Associations::File));
    assert_eq!(keeper(store, ""), Ok(Associations::Store));
    assert_eq!(keeper(store, "associations = \"file\""), Ok(Associations::File));
    let told = keeper("", "associations = \"store\"").unwrap_err();
    let expected = "5:16: `store` in [authority] says where the store is: it is not given";
    assert_eq!(told, format!("dir/a.toml:{expected}"));
}

#[test]
fn what_is_held_is_named_as_for_delegations() {
    let read = |zone: &str| {
        let text = format!(
            "[authority]\nstore = \"a.store\"\n[[authority.zone]]\nname = \"4.4.msisdn.a.\"\n\
             file = \"a.zone\"\n{zone}\n"
        );
        let authority = parse(&text).map(|config| config.authority.unwrap());
        authority.map(|authority| authority.zones[0].handing_over.clone())
    };
    let names = ["7.7.4.4.msisdn.a.", "4.4.msisdn.a."].map(|name| name.parse().unwrap());
    assert_eq!(read("handing_over = [\"+4477\", \"+44\"]").unwrap(), names);
    assert_eq!(read("").unwrap(), []);
    let told = read("handing_over = [\"+49\"]").unwrap_err();
    assert!(told.contains("6:17: 9.4.msisdn.a. is not below the zone 4.4.msisdn.a."), "{told}");
    let told = read("associations = \"file\"\nhanding_over = [\"+4477\"]").unwrap_err();
    assert!(told.contains("7:16: `handing_over` is for what a store holds"), "{told}");
}

#[test]
fn withdrawals_are_kept_for_a_year_at_least() {
    let zone = "[[authority.zone]]\nname = \"a\"\nfile = \"a\"\n";
    let kept = |line: &str| {
        parse(&format!("[authority]\n{line}{zone}"))
            .map(|config| config.authority.unwrap().keep_withdrawals.value.as_secs() / 86_400)
    };
    assert_eq!(kept(""), Ok(400));
    assert_eq!(kept("keep_withdrawals = 365\n"), Ok(365));
    for line in ["keep_withdrawals = 364\n", "keep_withdrawals = 36501\n"] {
        let expected = "dir/a.toml:2:20: `keep_withdrawals` is a number from 365 to 36500";
        assert_eq!(kept(line).unwrap_err(), expected);
    }
}

#[test]
fn a_file_is_for_something() {
    let told = parse("[log]\nlevel = \"info\"\n").unwrap_err();
    let nothing = "nothing to do: none of [authority], [resolver] and [client] is given";
    assert_eq!(told, format!("dir/a.toml:1:1: {nothing}"));
    for part in ["[authority]", "[resolver]", "[client]", "client = 1\n"] {
        assert!(!parse(part).unwrap_err().contains(nothing), "{part}");
    }
}

#[test]
fn faulty_tables_are_there_all_the_same() {
    for (part, table) in [("authority", "zone"), ("resolver", "root"), ("client", "root")] {
        let told =
            parse(&format!("[{part}]\n[[{part}.{table}]]\n[[{part}.{table}]]\n")).unwrap_err();
        assert!(!told.contains("one is needed at least"), "{told}");
        let told = parse(&format!("[{part}]\n")).unwrap_err();
        assert_eq!(
            told,
            format!("dir/a.toml:1:1: no [[{part}.{table}]] is given, one is needed at least")
        );
        let told = parse(&format!("[{part}]\n{table} = 1\n")).unwrap_err();
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn anchors_are_kept_where_it_is_said() {
    let text = include_str!("../../config/resolver.toml");
    let kept = |lines: &str| {
        let config = parse(&text.replacen("[resolver]", &format!("[resolver]\n{lines}"), 1))?;
        Ok(config.resolver.unwrap().anchor_dir.map(|directory| directory.value))
    };
    assert_eq!(kept(""), Ok(None));
    assert_eq!(kept("anchor_dir = \"state\""), Ok(Some(Path::new("dir/state").to_owned())));
    let told: Result<Option<PathBuf>, String> = kept("anchor_dir = \"\"");
    assert!(told.unwrap_err().ends_with(": a path expected, this is empty"));
}

#[test]
fn an_anchor_has_one_place() {
    let root = "apex = \"a.\"\nanchors = [\"b. DS 1 15 2 00\"]\n";
    let told = parse(&format!("[client]\n[[client.root]]\n{root}")).unwrap_err();
    assert!(told.starts_with("dir/a.toml:2:1: a. has no anchor"), "{told}");
    assert!(told.ends_with("\ndir/a.toml:4:12: a record of b., one of a. expected"), "{told}");
}

#[test]
fn one_address_serves_one_part() {
    let zone = "[[authority.zone]]\nname = \"a.\"\nfile = \"a\"\n";
    let root = "[[resolver.root]]\napex = \"a.\"\nservers = [\"192.0.2.1\"]\nanchors = []\n";
    let told = parse(&format!("[authority]\n{zone}[resolver]\n{root}")).unwrap_err();
    assert!(told.contains("5:1: [authority] listens on 127.0.0.1:53 already"), "{told}");
    assert!(told.contains("6:1: a. has no anchor that can be used"), "{told}");
}

#[test]
fn one_name_twice_is_a_mistake() {
    let zone = "[[authority.zone]]\nname = \"a.example\"\nfile = \"a\"\n";
    let told = parse(&format!("[authority]\n{zone}{zone}")).unwrap_err();
    assert_eq!(told, "dir/a.toml:6:8: a.example. is given twice");
}

#[test]
fn paths_start_at_the_directory_of_the_file() {
    let text =
        "[authority]\n[[authority.zone]]\nname = \"a.\"\nfile = \"b/a.zone\"\nkeys = [\"/k\"]\n";
    let zone = parse(text).unwrap().authority.unwrap().zones.remove(0);
    assert_eq!(zone.file.value, Path::new("dir/b/a.zone"));
    let Keys::Files(keys) = zone.keys else { panic!("{:?}", zone.keys) };
    assert_eq!(keys[0].value, Path::new("/k"));
}

#[test]
fn what_a_client_may_take_is_bounded() {
    let text = include_str!("../../config/resolver.toml");
    let given = "[resolver]\nwaiting_per_client = 4096\ndiscard_timeout = 10_000";
    let config = parse(&text.replace("[resolver]", given)).unwrap();
    let client = config.resolver.unwrap().client;
    assert_eq!((client.waiting.get(), client.lateness.as_secs()), (4096, 10));
    let places = crate::services::dns::Limits::default().questions.get();
    assert_eq!(client.waiting.get(), places, "no client may take more than there is");
    for (wrong, range) in
        [("waiting_per_client = 4097", "1 to 4096"), ("discard_timeout = 1899", "1900 to 10000")]
    {
        let told = parse(&text.replace("[resolver]", &format!("[resolver]\n{wrong}"))).unwrap_err();
        assert!(told.contains(&format!("is a number from {range}")), "{told}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(lines in proptest::collection::vec(piece(), 0..12)) {
        let _ = parse(&lines.concat());
    }
}

/// Put together in any order.
const PIECES: [&str; 24] = [
    "[authority]\n",
    "[[authority.zone]]\n",
    "[resolver]\n",
    "[[resolver.root]]\n",
    "[client]\n",
    "[[client.root]]\n",
    "listen = ",
    "apex = ",
    "name = ",
    "anchors = ",
    "allow = ",
    "threads = ",
    "[",
    "]",
    "{",
    "}",
    "\"a.example\"",
    "\"127.0.0.1\"",
    "3",
    "-1",
    ",",
    "\n",
    " = ",
    "é",
];

/// A piece of a configuration, or any text.
fn piece() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(&PIECES[..]).prop_map(str::to_owned);
    prop_oneof![4 => piece, 1 => ".{0,6}"]
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = Config::load(Path::new("/nonexistent/a.toml")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nonexistent/a.toml: "), "{error}");
}
