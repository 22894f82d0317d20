//! IPv6, and several addresses at once: `dig` asks our authority, and our resolver walks to it.

use std::path::Path;

use super::names;
use super::namespace;
use super::process::{Background, output, serve};

const AUTHORITY: &str = r#"[authority]
listen = ["[::1]", "127.53.0.1"]

[[authority.zone]]
name = "3pid.example."
file = "root.zone"
key_dir = "keys"
"#;

const RESOLVER: &str = r#"[resolver]
listen = ["[::1]:5300"]

[[resolver.root]]
apex = "3pid.example."
servers = ["::1"]
anchor_file = "root.anchor"
"#;

fn start(folder: &Path, file: &str, configuration: &str) -> Background {
    let file = folder.join(file);
    std::fs::write(&file, configuration).expect("the folder is writable");
    serve(&file)
}

/// A root zone whose delegation has an address of IPv6 alone, and the key it is signed with.
fn prepare(folder: &Path) {
    let zone = "$ORIGIN 3pid.example.\n$TTL 1h\n\
        @ SOA ns hostmaster 1 1h 10m 2w 1m\n  NS ns\nns AAAA ::1\n\
        4.4.msisdn NS ns.4.4.msisdn\nns.4.4.msisdn AAAA ::1\n";
    std::fs::write(folder.join("root.zone"), zone).expect("the folder is writable");
    let keys = folder.join("keys").display().to_string();
    let threepid = env!("CARGO_BIN_EXE_threepid");
    output(threepid, &["key", "generate", names::APEX, "--dir", &keys]);
    let key = std::fs::read_dir(&keys)
        .expect("the keys are there")
        .map(|file| file.expect("a folder's entry is readable").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "key"))
        .expect("a key is two files, one of them public");
    let anchor = output(threepid, &["key", "ds", &key.display().to_string()]);
    std::fs::write(folder.join("root.anchor"), anchor).expect("the folder is writable");
}

#[test]
fn ipv6_is_served_and_walked() {
    namespace::enter();
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let _authority = start(folder.path(), "authority.toml", AUTHORITY);
    for server in ["@::1", "@127.53.0.1"] {
        for transport in ["+notcp", "+tcp"] {
            let soa = output("dig", &[server, names::APEX, "SOA", "+norecurse", transport]);
            assert!(soa.contains("status: NOERROR") && soa.contains("qr aa;"), "{soa}");
        }
    }
    let referral = output("dig", &["@::1", names::ALICE, "TYPE65301", "+norecurse"]);
    assert!(referral.contains("ADDITIONAL: 2") && referral.contains("AAAA"), "{referral}");

    let _resolver = start(folder.path(), "resolver.toml", RESOLVER);
    let proved = output("dig", &["@::1", "-p", "5300", names::APEX, "SOA", "+dnssec"]);
    assert!(proved.contains("status: NOERROR") && proved.contains(" ad;"), "{proved}");
}
