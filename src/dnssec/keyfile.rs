//! A zone's key as BIND keeps it: `K<zone>+015+<tag>.key`, a DNSKEY record in text, and `.private`,
//! format v1.3. Made and read by `dnssec-keygen`, `dnssec-settime` and their family alike.
//!
//! Text only: reading and writing files is up to the caller.

use thiserror::Error;
use zeroize::Zeroizing;

use super::ZoneKey;
use super::lifecycle::Timing;
use crate::clock::Timestamp;
use crate::codec::{TextError, base64, date, from_base64, from_date};
use crate::crypto::SigningKey;
use crate::wire::rdata::{
    Dnskey, Entry, Fault, Lexer, Position, SyntaxError, Token, Tokens, from_text,
};
use crate::wire::{Algorithm, Class, Name, Rtype};

/// What is wrong with a key file: `line:column: what`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyfileError {
    /// The `.key` file holds something else than the record of a key.
    #[error(transparent)]
    Public(#[from] SyntaxError),
    /// The `.key` file holds another record.
    #[error("{0}: a second record, one DNSKEY record expected")]
    Second(Position),
    /// The `.key` file holds no record.
    #[error("1:1: a DNSKEY record expected, there is none")]
    NoRecord,
    /// A line of the `.private` file is not what it should be.
    #[error("{line}:1: {cause}")]
    Private {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        cause: LineError,
    },
    /// The `.private` file ends without a line that must be there.
    #[error("1:1: {0:?} is missing")]
    Missing(&'static str),
    /// The files are of two keys.
    #[error("1:1: the private key is not that of the DNSKEY")]
    Mismatch,
}

impl KeyfileError {
    /// Whether it is the `.private` file that is wrong, not the `.key` file.
    pub fn is_private(&self) -> bool {
        matches!(self, Self::Private { .. } | Self::Missing(_) | Self::Mismatch)
    }
}

/// What is wrong with a line of a `.private` file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    /// Something else than what must stand there.
    #[error("{expected} expected, found {found:?}")]
    Unexpected {
        /// What must stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A key that is not base64.
    #[error("bad base64: {0}")]
    Base64(#[from] TextError),
    /// A key of another length than Ed25519's.
    #[error("key of {0} octets, 32 expected")]
    Length(usize),
    /// Something else than a moment.
    #[error("a moment as 20261231235959 expected, found {0:?}")]
    Moment(String),
    /// A second one of what must be there once.
    #[error("a second {0}")]
    Repeated(String),
}

impl LineError {
    fn unexpected(expected: &'static str, found: Option<&str>) -> Self {
        Self::Unexpected { expected, found: found.unwrap_or_default().to_owned() }
    }
}

/// The two files of a key.
#[derive(Clone)]
pub struct Keyfile {
    /// Their name without `.key` and `.private`.
    pub stem: String,
    /// Content of the `.key` file.
    pub public: String,
    /// Content of the `.private` file. Wiped from memory when dropped.
    pub private: Zeroizing<String>,
}

/// The first line of a `.private` file.
const FORMAT: &str = "Private-key-format: v1.3";

/// The name of a key's files without `.key` and `.private`.
pub fn stem(key: &ZoneKey) -> String {
    format!("K{}+{:03}+{:05}", file_name(&key.zone), Algorithm::ED25519.0, key.key_tag())
}

/// A zone's name as a part of the name of a file: in lower case, with everything but letters, digits, `-`
/// and `_` in hexadecimal.
pub fn file_name(zone: &Name) -> String {
    let octet = |octet: &u8| match octet.to_ascii_lowercase() {
        octet @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => char::from(octet).to_string(),
        octet => format!("%{octet:02X}"),
    };
    if zone.is_root() {
        return ".".to_owned();
    }
    zone.labels().map(|label| label.iter().map(octet).collect::<String>() + ".").collect()
}

/// Writes a key with its timing.
pub fn write(key: &ZoneKey) -> Keyfile {
    let zone = key.zone.to_lowercase();
    let kind = if key.is_sep() { "key" } else { "zone" };
    let public_key = base64(&key.dnskey().public_key);
    let seed = Zeroizing::new(base64(key.signing_key().seed().as_ref()));
    Keyfile {
        stem: stem(key),
        public: format!(
            "; This is a {kind}-signing key, keyid {}, for {zone}\n{}{zone} IN DNSKEY {} 3 15 {public_key}\n",
            key.key_tag(),
            moments("; ", &key.timing),
            key.flags,
        ),
        private: Zeroizing::new(format!(
            "{FORMAT}\nAlgorithm: 15 (ED25519)\nPrivateKey: {}\n{}",
            *seed,
            moments("", &key.timing),
        )),
    }
}

/// The lines that tell `timing`.
fn moments(prefix: &str, timing: &Timing) -> String {
    let set = timing.lines().into_iter().filter_map(|(tag, moment)| Some((tag, moment?)));
    set.map(|(tag, moment)| format!("{prefix}{tag}: {}\n", date(moment.as_secs()))).collect()
}

/// The contents of a key's `.key` and `.private` files with another timing, and all else as it stands.
pub fn with_timing(public: &str, private: &str, timing: &Timing) -> (String, Zeroizing<String>) {
    let is_moment = |line: &str| {
        let tag = line.trim_start_matches([';', ' ']).split(':').next().unwrap_or_default();
        Timing::default().line_mut(tag.trim_end()).is_some()
    };
    let mut told = String::with_capacity(public.len() + 256);
    let record = public.lines().position(|line| !line.trim_start().starts_with(';'));
    for (place, line) in public.lines().enumerate().filter(|(_, line)| !is_moment(line)) {
        if Some(place) == record {
            told.push_str(&moments("; ", timing));
        }
        told.push_str(line);
        told.push('\n');
    }
    let mut kept = Zeroizing::new(String::with_capacity(private.len() + 256));
    for line in private.lines().filter(|line| !is_moment(line)) {
        // Times came with v1.3.
        kept.push_str(if line.starts_with("Private-key-format") { FORMAT } else { line });
        kept.push('\n');
    }
    kept.push_str(&moments("", timing));
    (told, kept)
}

/// Reads a key from the content of its `.key` and `.private` files.
///
/// # Errors
/// Where one of them is malformed, is for another algorithm than Ed25519, or they do not belong
/// together.
pub fn read(public: &str, private: &str) -> Result<ZoneKey, KeyfileError> {
    let (zone, dnskey) = read_public(public)?;
    let (key, timing) = read_private(private)?;
    let key = ZoneKey::new(zone, dnskey.flags, key).with_timing(timing);
    if key.dnskey() == dnskey { Ok(key) } else { Err(KeyfileError::Mismatch) }
}

/// Reads a `.key` file: one DNSKEY record in text, with comments.
///
/// # Errors
/// Where it is something else.
pub fn read_public(text: &str) -> Result<(Name, Dnskey), KeyfileError> {
    let mut entries = Lexer::new(text.as_bytes());
    let found = dnskey(&entries.next().ok_or(KeyfileError::NoRecord)??)?;
    match entries.next() {
        None => Ok(found),
        Some(more) => Err(KeyfileError::Second(more?.tokens[0].at)),
    }
}

/// `<zone> [<ttl>] IN DNSKEY <flags> 3 15 <base64>`.
fn dnskey(entry: &Entry<'_>) -> Result<(Name, Dnskey), SyntaxError> {
    let mut tokens = Tokens::new(&entry.tokens, entry.end);
    let zone = tokens.name(Some(&Name::root()))?;
    tokens.take_if(|token| token.period("a TTL").is_ok());
    take(&mut tokens, "class IN", |token| token.parse("a class") == Ok(Class::IN))?;
    take(&mut tokens, "type DNSKEY", |token| token.parse("a type") == Ok(Rtype::DNSKEY))?;
    let at = tokens.position();
    let rdata = from_text(Rtype::DNSKEY, &mut tokens, None)?;
    let key = Dnskey::parse(&rdata).map_err(|error| Fault::Data(error).at(at))?;
    let (flags, length) = (key.flags, key.public_key.len());
    let unexpected = |expected, found: String| Err(Fault::Unexpected { expected, found }.at(at));
    match key {
        _ if flags & Dnskey::ZONE == 0 => {
            unexpected("flags with the zone bit (256)", flags.to_string())
        }
        Dnskey { protocol, .. } if protocol != 3 => unexpected("protocol 3", protocol.to_string()),
        Dnskey { algorithm, .. } if algorithm != Algorithm::ED25519 => {
            unexpected("algorithm 15", algorithm.0.to_string())
        }
        _ if length != 32 => unexpected("a key of 32 octets", format!("{length}")),
        key => Ok((zone, key)),
    }
}

fn take(
    tokens: &mut Tokens<'_, '_>,
    expected: &'static str,
    fits: impl FnOnce(&Token<'_>) -> bool,
) -> Result<(), SyntaxError> {
    tokens.take_if(fits).map(drop).ok_or_else(|| tokens.unexpected(expected))
}

fn is_ed25519(word: &str) -> bool {
    word == "15" || word.parse() == Ok(Algorithm::ED25519)
}

fn expect<'a>(
    expected: &'static str,
    words: &mut impl Iterator<Item = &'a str>,
    is: impl Fn(&str) -> bool,
) -> Result<(), LineError> {
    let word = words.next();
    if word.is_some_and(is) { Ok(()) } else { Err(LineError::unexpected(expected, word)) }
}

/// The 32 octets of a key of either kind.
fn octets(base64: &str) -> Result<Zeroizing<[u8; 32]>, LineError> {
    let octets = Zeroizing::new(from_base64(base64)?);
    let key = octets.as_slice().try_into().map_err(|_| LineError::Length(octets.len()))?;
    Ok(Zeroizing::new(key))
}

/// Reads a `.private` file: `Tag: value` lines.
fn read_private(text: &str) -> Result<(SigningKey, Timing), KeyfileError> {
    let mut fields = Fields::default();
    for (line, content) in (1..).zip(text.lines()) {
        fields.read(content).map_err(|cause| KeyfileError::Private { line, cause })?;
    }
    fields.format.ok_or(KeyfileError::Missing("Private-key-format"))?;
    fields.algorithm.ok_or(KeyfileError::Missing("Algorithm"))?;
    let seed = fields.key.ok_or(KeyfileError::Missing("PrivateKey"))?;
    Ok((SigningKey::from_seed(&seed), fields.timing))
}

/// The fields of a `.private` file that matter.
#[derive(Default)]
struct Fields {
    format: Option<()>,
    algorithm: Option<()>,
    key: Option<Zeroizing<[u8; 32]>>,
    timing: Timing,
}

impl Fields {
    fn read(&mut self, line: &str) -> Result<(), LineError> {
        if line.trim().is_empty() {
            return Ok(());
        }
        // What stands there instead is not repeated: it may be part of the key.
        let (tag, value) =
            line.split_once(':').ok_or(LineError::unexpected("\"Tag: value\"", None))?;
        let value = value.trim();
        match tag.trim() {
            tag @ "Private-key-format" => once(tag, &mut self.format, private_format(value)),
            tag @ "Algorithm" => once(tag, &mut self.algorithm, private_algorithm(value)),
            tag @ "PrivateKey" => once(tag, &mut self.key, octets(value)),
            tag => match self.timing.line_mut(tag) {
                Some(place) => once(tag, place, moment(value)),
                None => Ok(()),
            },
        }
    }
}

/// `20261231235959`, in UTC.
fn moment(value: &str) -> Result<Timestamp, LineError> {
    from_date(value).map(Timestamp::from_secs).map_err(|_| LineError::Moment(value.to_owned()))
}

fn once<T>(
    what: &str,
    place: &mut Option<T>,
    value: Result<T, LineError>,
) -> Result<(), LineError> {
    match place.replace(value?) {
        Some(_) => Err(LineError::Repeated(what.to_owned())),
        None => Ok(()),
    }
}

/// Any v1: what later minor versions added is not about the key itself.
fn private_format(value: &str) -> Result<(), LineError> {
    expect("format v1.x", &mut std::iter::once(value), |value| value.starts_with("v1."))
}

/// `15 (ED25519)`, the name being a comment.
fn private_algorithm(value: &str) -> Result<(), LineError> {
    expect("algorithm 15", &mut value.split_whitespace(), is_ed25519)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::from_hex;
    use crate::crypto::SeededRandom;
    use crate::wire::DigestType;

    /// Made by `dnssec-keygen` 9.18.
    const PUBLIC: &str = include_str!("../../tests/vectors/dnssec/Ksigned.example.+015+09137.key");
    const PRIVATE: &str =
        include_str!("../../tests/vectors/dnssec/Ksigned.example.+015+09137.private");

    #[test]
    fn reads_what_bind_wrote() {
        let key = read(PUBLIC, PRIVATE).unwrap();
        assert_eq!((key.key_tag(), key.flags), (9137, ZoneKey::KSK));
        assert_eq!(stem(&key), "Ksigned.example.+015+09137");
    }

    /// Made by `dnssec-dsfromkey` 9.18.
    #[test]
    fn ds_is_the_one_bind_makes() {
        let key = read(PUBLIC, PRIVATE).unwrap();
        for (digest_type, digest) in [
            (DigestType::SHA1, "DD8590DDDC11C72F1FA0CE27AC275F4A7DBD3321"),
            (
                DigestType::SHA256,
                "1151B27D892D7AAF760A1525C0CA4E7746295BFF5854C6CB316EFDD31D0B5BF2",
            ),
            (
                DigestType::SHA384,
                "F6254AF263A8C2E4F66D0D8F3E5918BC82A0DAC8AE286893\
                 BEF6778FD0C9437EB29F43DB0ABFC11DAF83D17B3A8EC4DC",
            ),
        ] {
            let ds = key.ds(digest_type).unwrap();
            assert_eq!((ds.key_tag, ds.digest), (9137, from_hex(digest).unwrap()));
        }
        assert_eq!(key.ds(DigestType(3)), None);
    }

    #[test]
    fn writes_what_bind_writes() {
        let written = write(&read(PUBLIC, PRIVATE).unwrap());
        assert_eq!(*written.private, PRIVATE);
        // All but the readable times, and the case of the zone.
        let plain = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split(" (").next().unwrap().to_lowercase()).collect()
        };
        assert_eq!(plain(&written.public), plain(PUBLIC));
    }

    #[test]
    fn all_times_are_read() {
        let key = read(PUBLIC, &PRIVATE.replace("Activate", "SyncDelete")).unwrap();
        let created = key.timing.created.unwrap();
        let expected = Timing {
            publish: Some(created),
            sync_delete: Some(created),
            ..Timing::created(created)
        };
        assert_eq!(key.timing, expected);
        let old = PRIVATE.lines().take(3).collect::<Vec<_>>().join("\n").replace("v1.3", "v1.2");
        assert_eq!(read(PUBLIC, &old).unwrap().timing, Timing::default());
    }

    #[test]
    fn a_timing_takes_the_place_of_another() {
        let mut timing = read(PUBLIC, PRIVATE).unwrap().timing;
        timing.publish = None;
        timing.delete = timing.created;
        let note = "DSRemoved-by: hand\n";
        let (public, private) = with_timing(PUBLIC, &format!("{PRIVATE}{note}"), &timing);
        assert_eq!(read(&public, &private).unwrap().timing, timing);
        assert_eq!(public.lines().count(), PUBLIC.lines().count());
        assert!(
            private.contains(note) && private.contains("Delete: ") && !private.contains("Publish")
        );
        assert!(public.contains("; Delete: ") && !public.contains("Publish"));
        let first = PUBLIC.lines().next().unwrap();
        assert!(
            public.starts_with(first)
                && public.ends_with(&format!("{}\n", PUBLIC.lines().last().unwrap())),
            "{public}"
        );
        let old = PRIVATE.lines().take(3).collect::<Vec<_>>().join("\n").replace("v1.3", "v1.2");
        let (_, private) = with_timing(PUBLIC, &old, &timing);
        assert!(private.starts_with("Private-key-format: v1.3\n"));
        assert_eq!(read(PUBLIC, &private).unwrap().timing, timing);
    }

    #[test]
    fn file_names_are_safe() {
        for (zone, stem) in
            [(".", "."), ("A\\.b\\032+x/y_z-.Example", "a%2Eb%20%2Bx%2Fy_z-.example.")]
        {
            assert_eq!(file_name(&zone.parse().unwrap()), stem);
        }
    }

    #[test]
    fn errors_say_where() {
        let fails = |public: &str, private: &str| read(public, private).unwrap_err().to_string();
        let replaced = |from: &str, to: &str| {
            assert!(PUBLIC.contains(from) || PRIVATE.contains(from), "{from}");
            fails(&PUBLIC.replace(from, to), &PRIVATE.replace(from, to))
        };
        assert_eq!(replaced("257 3 15", "257 3 8"), "5:27: algorithm 15 expected, found 8");
        assert_eq!(
            replaced("257 3 15", "1 3 15"),
            "5:27: flags with the zone bit (256) expected, found 1"
        );
        assert_eq!(replaced("DNSKEY 257", "DS 257"), "5:20: type DNSKEY expected, found \"DS\"");
        assert_eq!(fails("", PRIVATE), "1:1: a DNSKEY record expected, there is none");
        assert_eq!(
            fails(&PUBLIC.repeat(2), PRIVATE),
            "10:1: a second record, one DNSKEY record expected"
        );
        assert_eq!(
            replaced("Algorithm: 15", "Algorithm: 13"),
            "2:1: algorithm 15 expected, found \"13\""
        );
        assert_eq!(
            replaced("format: v1.3", "format: v2.0"),
            "1:1: format v1.x expected, found \"v2.0\""
        );
        assert_eq!(replaced("PrivateKey: ", "PrivateKey: AA"), "3:1: bad base64: wrong length");
        assert_eq!(replaced("PrivateKey", "Key"), "1:1: \"PrivateKey\" is missing");
        assert_eq!(
            replaced("Publish: ", "Publish: x"),
            "5:1: a moment as 20261231235959 expected, found \"x20261123143606\""
        );
        assert_eq!(fails(PUBLIC, &PRIVATE.repeat(2)), "7:1: a second Private-key-format");
        assert_eq!(replaced("257 3 15 n", "257 3 15 m"), KeyfileError::Mismatch.to_string());
    }

    proptest! {
        #[test]
        fn round_trips(seed: u64, octets in proptest::collection::vec(any::<u8>(), 1..=30)) {
            let zone = Name::from_labels([&octets, &b"Example".to_vec()]).unwrap();
            let key = ZoneKey::generate(zone, ZoneKey::ZSK, &mut SeededRandom::new(seed));
            let key = key.with_timing(Timing::in_use(Timestamp::from_secs(seed >> 32)));
            let files = write(&key);
            let read = read(&files.public, &files.private).unwrap();
            prop_assert_eq!(&read.zone, &key.zone);
            prop_assert_eq!(read.dnskey(), key.dnskey());
            prop_assert_eq!(read.timing, key.timing);
            prop_assert_eq!(read.signing_key().seed(), key.signing_key().seed());
            prop_assert!(files.stem.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'/'));
        }

        #[test]
        fn any_text_is_read_or_refused(public: String, private: String) {
            let _ = read_public(&public);
            let _ = read_private(&private);
        }
    }
}
