//! How zones are signed: not, by our server, by Knot's signer, by BIND's, or by PowerDNS.

use std::path::{Path, PathBuf};

use super::powerdns::{Live, PowerDns};
use super::servers::Server;
use crate::interop::process::output;

/// Our program.
const THREEPID: &str = env!("CARGO_BIN_EXE_threepid");

/// What signs a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    /// Nothing.
    Unsigned,
    /// Our server, while it answers, with Ed25519 and compact denial.
    Ours,
    /// `kzonesign`, with this algorithm and NSEC3.
    Knot(&'static str),
    /// `dnssec-signzone`, with this algorithm.
    Bind(&'static str, Denial),
    /// PowerDNS, while it answers, with this algorithm.
    PowerDns(&'static str, Live),
    /// `dnssec-signzone`, with Ed25519 and NSEC, and then something goes wrong.
    Harmed(Harm),
}

/// How absence is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    Nsec,
    /// With no iterations and no salt (RFC 9276).
    Nsec3,
    /// NSEC3 that leaves out unsigned delegations.
    OptOut,
    /// NSEC3 with 100 iterations.
    Iterated,
}

/// What may go wrong with a signed zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Nobody signed it again in time.
    Expired,
    /// It is signed for a time to come.
    Early,
    /// The signature over the address of `www` is lost.
    Stripped,
    /// The parent's DS is that of another key.
    OtherKey,
}

/// A zone file on its way into service.
pub(super) struct Draft<'a> {
    /// The apex.
    pub(super) apex: &'a str,
    /// A directory for this zone alone.
    pub(super) folder: &'a Path,
    /// The zone file as it was written, in the directory.
    pub(super) file: PathBuf,
}

impl Signing {
    /// How zones of a server are signed where nothing else matters.
    pub(super) fn usual(server: Server) -> Self {
        match server {
            Server::Ours => Self::Ours,
            Server::Knot => Self::Knot("ed25519"),
            Server::Nsd => Self::Bind("ED25519", Denial::Nsec),
            Server::Bind => Self::Bind("ED25519", Denial::OptOut),
            Server::PowerDns => Self::PowerDns("ed25519", Live::Narrow),
        }
    }

    /// Signs; gives the file to serve, and the DS records for the parent.
    pub(super) fn sign(self, draft: &Draft<'_>) -> (PathBuf, String) {
        match self {
            Self::Unsigned => (draft.file.clone(), String::new()),
            Self::Ours => (draft.file.clone(), draft.our_key()),
            Self::Knot(algorithm) => draft.by_knot(algorithm),
            Self::Bind(algorithm, denial) => draft.by_bind(algorithm, denial, &[]),
            Self::PowerDns(algorithm, live) => {
                let folder = draft.folder.parent().expect("it is below that of the tree");
                let ds = PowerDns::of(folder).sign(draft.apex, &draft.file, algorithm, live);
                (draft.file.clone(), ds)
            }
            Self::Harmed(harm) => draft.harmed(harm),
        }
    }
}

impl Draft<'_> {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn our_key(&self) -> String {
        let stem = output(THREEPID, &["key", "generate", self.apex, "--dir", &self.path("")]);
        output(THREEPID, &["key", "ds", &format!("{}.key", stem.trim())])
    }

    fn by_knot(&self, algorithm: &str) -> (PathBuf, String) {
        let (apex, folder) = (self.apex, self.folder.display());
        let configuration = format!(
            r#"database:
  storage: "{folder}"
policy:
  - id: signed
    algorithm: {algorithm}
    single-type-signing: on
    nsec3: on
    nsec3-iterations: 0
    nsec3-salt-length: 0
zone:
  - domain: {apex}
    file: "{file}"
    dnssec-signing: on
    dnssec-policy: signed
"#,
            file = self.file.display()
        );
        let file = self.path("kzonesign.conf");
        std::fs::write(&file, configuration).expect("the folder is writable");
        let signed = self.folder.join("signed");
        std::fs::create_dir(&signed).expect("the folder is new");
        output("kzonesign", &["-c", &file, "-o", &signed.display().to_string(), apex]);
        let ds = output("keymgr", &["-c", &file, apex, "ds"]);
        let name = self.file.file_name().expect("a file");
        let sha256 = ds.lines().find(|line| line.split(' ').nth(4) == Some("2"));
        (signed.join(name), format!("{}\n", sha256.unwrap_or_else(|| panic!("{apex}: {ds}"))))
    }

    /// Ed25519 zones have one key, others a key for the keys and one for the zone.
    fn by_bind(&self, algorithm: &str, denial: Denial, more: &[&str]) -> (PathBuf, String) {
        let split = algorithm != "ED25519";
        let (folder, signed) = (self.path(""), self.path("signed"));
        let generate = |flags: &[&str]| {
            let common = ["-q", "-a", algorithm, "-K", &folder];
            output("dnssec-keygen", &[&common, flags, &[self.apex]].concat());
        };
        generate(&["-f", "KSK"]);
        if split {
            generate(&[]);
        }
        let file = self.file.display().to_string();
        let common = ["-q", "-S", "-O", "full", "-K", &folder, "-d", &folder, "-f", &signed];
        let keys = if split { [].as_slice() } else { &["-z"] };
        let denial: &[&str] = match denial {
            Denial::Nsec => &[],
            Denial::Nsec3 => &["-3", "-", "-H", "0"],
            Denial::OptOut => &["-3", "-", "-H", "0", "-A"],
            Denial::Iterated => &["-3", "abcd", "-H", "100"],
        };
        let arguments = [&common, keys, denial, more, &["-o", self.apex, &file]].concat();
        output("dnssec-signzone", &arguments);
        let ds = std::fs::read_to_string(self.path(&format!("dsset-{}", self.apex)));
        (PathBuf::from(signed), ds.expect("the signer writes it"))
    }

    fn harmed(&self, harm: Harm) -> (PathBuf, String) {
        let times: &[&str] = match harm {
            // -P: the signer does not check what it signed.
            Harm::Expired => &["-P", "-s", "20240101000000", "-e", "20240201000000"],
            Harm::Early => &["-P", "-s", "now+864000", "-e", "now+8640000"],
            Harm::Stripped | Harm::OtherKey => &[],
        };
        let (file, ds) = self.by_bind("ED25519", Denial::Nsec, times);
        match harm {
            Harm::Expired | Harm::Early => (file, ds),
            Harm::Stripped => {
                strip(&file, &format!("www.{}", self.apex));
                (file, ds)
            }
            Harm::OtherKey => {
                let key = ds.trim().rsplit_once(' ').expect("a digest").0;
                (file, format!("{key} {}\n", "AB".repeat(4)))
            }
        }
    }
}

/// Takes the signatures over addresses of `name` out of a signed zone file.
fn strip(file: &Path, name: &str) {
    let signed = std::fs::read_to_string(file).expect("it was written");
    let is_signature = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.first() == Some(&name) && fields.windows(2).any(|two| two == ["RRSIG", "A"])
    };
    let kept: Vec<&str> = signed.lines().filter(|line| !is_signature(line)).collect();
    assert_eq!(kept.len() + 1, signed.lines().count(), "one signature over {name} was expected");
    std::fs::write(file, kept.join("\n") + "\n").expect("the folder is writable");
}
