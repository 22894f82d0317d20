//! A parent takes over what its children ask for by CDS and CDNSKEY, while they roll their keys: a child
//! of ours, and one that BIND signs and NSD serves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use threepid::wire::{Class, Question, Rtype};

use super::client::ask;
use super::names;
use super::namespace;
use super::process::{Background, Ran, output, run, serve};

const THREEPID: &str = env!("CARGO_BIN_EXE_threepid");
/// The parent's zone file.
const ROOT: &str = "root.zone";
/// Where our resolver listens.
const RESOLVER: &str = "127.0.0.56";
/// A child of ours.
const UK: &str = "4.4.msisdn.3pid.example.";
/// The child of others, and its server.
const COM: &str = "example.com.email.3pid.example.";
const NSD: &str = "127.53.0.10";

/// A folder with the root, which serves, and what resolves from it.
struct Tree {
    folder: PathBuf,
    root: Background,
}

impl Tree {
    fn new(folder: &Path) -> Self {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/3pid.example.zone");
        fs::copy(sample, folder.join(ROOT)).expect("the sample zone can be copied");
        let stem = key(folder, "3pid.example.", "root");
        let anchor = output(THREEPID, &["key", "ds", &stem]);
        fs::write(folder.join("anchor"), anchor).expect("the folder is writable");
        let root = authority(folder, "root", "3pid.example.", ROOT, names::ROOT_SERVER);
        let tree = "[[resolver.root]]\napex = \"3pid.example.\"\n";
        let (servers, anchor) = (names::ROOT_SERVER, "anchor_file = \"anchor\"\n");
        write(
            folder,
            "resolver.toml",
            &format!(
                "[resolver]\nlisten = [\"{RESOLVER}\"]\n{tree}servers = [\"{servers}\"]\n{anchor}"
            ),
        );
        let tree = tree.replace("resolver", "client");
        write(
            folder,
            "client.toml",
            &format!("[client]\nresolver = \"{RESOLVER}\"\n{tree}{anchor}"),
        );
        Self { folder: folder.to_owned(), root }
    }

    /// Our program in the folder.
    fn threepid(&self, arguments: &[&str]) -> Ran {
        run(Command::new(THREEPID).current_dir(&self.folder).args(arguments))
    }

    /// Changes a delegation, and has it served.
    fn delegation(&mut self, arguments: &[&str]) {
        let ran = self.threepid(&[&["delegation"], arguments].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        self.reload();
    }

    /// What is told of a change that is refused.
    fn refused(&self, arguments: &[&str]) -> String {
        let ran = self.threepid(&[&["delegation"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}: {ran:?}");
        ran.stderr
    }

    fn reload(&mut self) {
        self.root.signal(Signal::SIGHUP);
        self.root.told("reloaded");
    }

    /// Takes over what children ask for, through a resolver that remembers nothing.
    fn sync(&mut self, more: &[&str]) -> Ran {
        let _resolver = serve(&self.folder.join("resolver.toml"));
        let arguments = ["delegation", "sync", ROOT, "-c", "client.toml"];
        let ran = self.threepid(&[&arguments, more].concat());
        self.reload();
        ran
    }

    /// Takes over what one asks for, which must change its DS records, to these.
    #[track_caller]
    fn take(&mut self, child: &str, tags: &[u16]) {
        let ran = self.sync(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.starts_with("--- root.zone\n"), "{ran:?}");
        assert_eq!(self.tags(child), tags, "{ran:?}");
    }

    /// The tags of the DS records of a child.
    fn tags(&self, child: &str) -> Vec<u16> {
        let ran = self.threepid(&["delegation", "show", ROOT, child, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&ran.stdout).expect("it writes JSON");
        let ds = shown["ds"].as_array().expect("there is a list").iter();
        let mut tags: Vec<u16> = ds
            .map(|ds| ds["key_tag"].as_u64().and_then(|tag| tag.try_into().ok()).expect("a tag"))
            .collect();
        tags.sort_unstable();
        tags
    }

    /// Whether the records of a name are there and proved, for who remembers nothing.
    #[track_caller]
    fn expect_proved(&self, name: &str, rtype: Rtype, proved: bool) {
        let _resolver = serve(&self.folder.join("resolver.toml"));
        let name = name.parse().expect("a name");
        let reply = ask(RESOLVER, &Question { name, rtype, class: Class::IN }, true);
        assert_eq!((reply.authentic, reply.data.len()), (proved, 1), "{reply}");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("the folder is writable");
}

/// A new key of a zone, in a directory of the folder.
fn key(folder: &Path, zone: &str, directory: &str) -> String {
    let directory = folder.join(directory).display().to_string();
    output(THREEPID, &["key", "generate", zone, "--dir", &directory]).trim().to_owned()
}

/// Our server of one zone.
fn authority(folder: &Path, keys: &str, zone: &str, file: &str, address: &str) -> Background {
    let text = format!(
        "[authority]\nlisten = [\"{address}\"]\n[[authority.zone]]\nname = \"{zone}\"\n\
         file = \"{file}\"\nkey_dir = \"{keys}\"\n"
    );
    let name = format!("{keys}.toml");
    write(folder, &name, &text);
    serve(&folder.join(name))
}

/// The tag at the end of a key file's name.
fn tag(stem: &str) -> u16 {
    let digits = stem.trim_end_matches(".key").rsplit('+').next().expect("there is an end");
    digits.parse().expect("a tag")
}

fn sorted<const N: usize>(mut tags: [u16; N]) -> [u16; N] {
    tags.sort_unstable();
    tags
}

#[test]
fn a_child_of_ours_rolls_its_key() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("zones/4.4.msisdn.3pid.example.zone");
    fs::copy(sample, folder.join("uk.zone")).expect("the sample zone can be copied");
    let old = key(folder, UK, "uk");
    let mut tree = Tree::new(folder);
    let early = tree.refused(&["add", ROOT, "+44", "--merge", "--key", &old, "--check"]);
    assert!(
        early.contains("not ready to be delegated:\n  ns.4.4.msisdn.3pid.example. at 127.53"),
        "{early}"
    );
    let mut uk = authority(folder, "uk", UK, "uk.zone", names::UK_SERVER);

    let quiet = tree.sync(&["+44"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (1, ""), "{quiet:?}");
    assert!(quiet.stderr.contains("nothing proves what it asks for"), "{quiet:?}");
    let tried = tree.sync(&["+44", "--accept-insecure", "--dry-run"]);
    assert!(tried.stderr.contains("believed as it came"), "{tried:?}");
    let other = key(folder, UK, "elsewhere");
    let strange = tree.refused(&["add", ROOT, "+44", "--merge", "--key", &other, "--check"]);
    assert!(
        strange.contains("the DS records do not prove its keys: no key of the zone"),
        "{strange}"
    );
    tree.delegation(&["add", ROOT, "+44", "--merge", "--key", &old, "--check"]);
    tree.expect_proved(names::ALICE, Rtype::ASSOC, true);
    let same = tree.sync(&[]);
    assert_eq!((same.code, same.stdout.as_str()), (0, ""), "{same:?}");
    assert!(same.stderr.contains("has what it asks for"), "{same:?}");

    let new = key(folder, UK, "uk");
    uk.signal(Signal::SIGHUP);
    uk.told("reloaded");
    tree.expect_proved(names::ALICE, Rtype::ASSOC, true);
    tree.take("+44", &sorted([tag(&old), tag(&new)]));
    tree.expect_proved(names::ALICE, Rtype::ASSOC, true);

    for half in ["key", "private"] {
        fs::remove_file(format!("{old}.{half}")).expect("it is there");
    }
    uk.signal(Signal::SIGHUP);
    uk.told("reloaded");
    tree.expect_proved(names::ALICE, Rtype::ASSOC, true);
    // As if a later wish had been taken: this one could be replayed.
    let state = folder.join("root.zone.cds");
    let kept = fs::read_to_string(&state).expect("it is kept");
    write(folder, "root.zone.cds", &format!("{UK} 20500101000000\n"));
    let replayed = tree.sync(&[]);
    assert_eq!((replayed.code, replayed.stdout.as_str()), (1, ""), "{replayed:?}");
    assert!(replayed.stderr.contains("an older wish than the one taken last"), "{replayed:?}");
    fs::write(&state, kept).expect("the folder is writable");
    tree.take("+44", &[tag(&new)]);
    tree.expect_proved(names::ALICE, Rtype::ASSOC, true);
}

/// NSD with the zone as BIND signs it, with the keys in a directory and more records.
fn nsd(folder: &Path, keys: &str, more: &str) -> Background {
    let path = |name: &str| folder.join(name).display().to_string();
    write(
        folder,
        "com.zone",
        &format!("$TTL 60\n@ SOA ns h 1 1h 1h 1h 1m\n@ NS ns\nns A {NSD}\n{more}"),
    );
    let arguments =
        ["-q", "-S", "-z", "-K", &path(keys), "-d", &path(keys), "-f", &path("com.signed")];
    output("dnssec-signzone", &[&arguments[..], &["-o", COM, &path("com.zone")]].concat());
    let configuration = format!(
        "server:\n  ip-address: {NSD}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{0}\"\n  \
         database: \"\"\n  pidfile: \"\"\n  xfrdfile: \"\"\n  zonelistfile: \"{0}/nsd.zones\"\n  \
         verbosity: 1\n  server-count: 1\nremote-control:\n  control-enable: no\n\
         zone:\n  name: \"{COM}\"\n  zonefile: \"{0}/com.signed\"\n",
        folder.display()
    );
    write(folder, "nsd.conf", &configuration);
    let mut command = Command::new("nsd");
    Background::start(command.args(["-d", "-c"]).arg(folder.join("nsd.conf")), "nsd started")
}

#[test]
fn a_child_of_others_rolls_its_key_and_goes_unsigned() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let make = |directory: &str, more: &[&str]| {
        let directory = folder.join(directory);
        fs::create_dir_all(&directory).expect("the folder is writable");
        let common = ["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K"];
        let directory = directory.display().to_string();
        let made = output("dnssec-keygen", &[&common[..], &[&directory], more, &[COM]].concat());
        format!("{directory}/{}.key", made.trim())
    };
    let both = |one: &str, other: &str, to: &str| {
        let to = folder.join(to);
        fs::create_dir_all(&to).expect("the folder is writable");
        for stem in [one, other].map(|file| file.trim_end_matches(".key").to_owned()) {
            for half in ["key", "private"] {
                let from = PathBuf::from(format!("{stem}.{half}"));
                fs::copy(&from, to.join(from.file_name().expect("a file"))).expect("it is there");
            }
        }
    };
    let sync = ["-P", "sync", "now"];
    let (old, new) = (make("one", &sync), make("two", &sync));
    both(&old, &new, "both");
    let silent = make("silent", &[]);
    both(&new, &silent, "last");

    let mut tree = Tree::new(folder);
    let server = nsd(folder, "one", "");
    let ds = output("dnssec-dsfromkey", &["-2", &old]);
    tree.delegation(&["add", ROOT, "example.com", "--merge", "--ds", ds.trim(), "--check"]);
    let name = format!("ns.{COM}");
    tree.expect_proved(&name, Rtype::A, true);
    drop(server);

    let server = nsd(folder, "both", "");
    tree.take("example.com", &sorted([tag(&old), tag(&new)]));
    tree.expect_proved(&name, Rtype::A, true);
    drop(server);

    let server = nsd(folder, "two", "");
    tree.take("example.com", &[tag(&new)]);
    tree.expect_proved(&name, Rtype::A, true);
    drop(server);

    // Its keys do not ask for anything themselves any more.
    output(
        "dnssec-settime",
        &["-P", "sync", "none", &folder.join("last").join(file_name(&new)).display().to_string()],
    );
    let _server = nsd(folder, "last", "@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n");
    tree.take("example.com", &[]);
    tree.expect_proved(&name, Rtype::A, false);
}

fn file_name(path: &str) -> &std::ffi::OsStr {
    Path::new(path).file_name().expect("a file")
}
