//! Zones for tests.

use super::master::{Limits, Text, read};
use super::{Built, Flaws};
use crate::association::{Claim, Statement};
use crate::certificate::{Certificate, Scope, Terms};
use crate::clock::Timestamp;
use crate::codec::hex;
use crate::crypto::SigningKey;
use crate::signed::KeyName;
use crate::wire::Name;

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The type and data of an ASSOC record, as text.
pub(crate) fn association(user: &str) -> String {
    let json = format!(
        r#"{{"medium": "msisdn", "address": "447700900124", "mxid": "@{user}:matrix.example",
        "ts": 1790000000000, "not_before": 1790000000000, "not_after": 4943600000000}}"#
    );
    let (threepid, claim) = Claim::from_json(json.as_bytes()).unwrap();
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    let key = SigningKey::from_seed(&[7; 32]);
    let rdata = Statement::sign(claim, &threepid, signer, &key).unwrap().to_rdata();
    format!("TYPE65301 \\# {} {}", rdata.length(), hex(rdata.octets()))
}

/// The type and data of a VCERT record, as text.
fn certificate() -> String {
    let key = SigningKey::from_seed(&[7; 32]);
    let signer = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    let terms = Terms {
        issuer: signer.server.clone(),
        subject: signer.clone(),
        public_key: key.public(),
        scope: Scope::new(vec!["msisdn:44".parse().unwrap()]),
        max_path: 0,
        not_before: Timestamp::from_secs(1_790_000_000),
        not_after: Timestamp::from_secs(1_797_000_000),
    };
    let rdata = Certificate::sign(terms, signer, &key).unwrap().to_rdata();
    format!("TYPE65302 \\# {} {}", rdata.length(), hex(rdata.octets()))
}

/// Builds the zone of these lines. A line is `owner [ttl] type data`; `ASSOC` takes a user's name,
/// and `SOA`, `DS` and `VCERT` take nothing. White space before lines is dropped.
pub(crate) fn build(apex: &str, lines: &str) -> Result<Built, Flaws> {
    let mut text = "$TTL 1h\n".to_owned();
    for line in lines.lines().map(str::trim) {
        let line = match line.split_once(" ASSOC ") {
            Some((owner, user)) => format!("{owner} {}", association(user)),
            None if line.ends_with(" VCERT") => line.replace("VCERT", &certificate()),
            None if line.ends_with(" SOA") => {
                format!("{line} ns.example.org. hostmaster.example.org. 1 7200 900 1209600 300")
            }
            None if line.ends_with(" DS") => format!("{line} 1 15 2 {}", "07".repeat(32)),
            None => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    let apex = name(apex);
    read("zone", Some(&apex), &Text(text.as_bytes()), &Limits::default()).into_zone(Some(&apex))
}
