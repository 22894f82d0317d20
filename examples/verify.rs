//! Verifies signed associations without a network: who vouches for them, by the keys one trusts and the
//! certificates at hand.
//!
//! Arguments are a verification server that is trusted, the id of its key and the key, and files with one
//! certificate each, as JSON. The associations come from standard input, one a line, as Matrix's
//! identity servers and `threepid store export` give them:
//!
//! ```sh
//! echo '{"address":"447700900124","medium":"msisdn","mxid":"@bob:matrix.example",
//!     "not_after":4943600000000,"not_before":1790000000000,"ts":1790000000000,
//!     "signatures":{"verify.example":{"ed25519:0":
//!     "t3J8m6qnba6zetrbOMlzKUQK1ivVQRY9nFN3iDnaqZZBmbdo4JjN/D7ypYL8JwP+f7tWUtCoLM13H4ux8sceBA"}}}' |
//! tr -d '\n' | cargo run --example verify -- verify.example ed25519:0 \
//!     MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM
//! ```

use std::error::Error;

use threepid::association::Statement;
use threepid::certificate::Certificate;
use threepid::clock::{Clock, SystemClock};
use threepid::crypto::PublicKey;
use threepid::signed::KeyName;
use threepid::stub;
use threepid::trust::Anchors;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, key_id, key, files @ ..] = arguments.as_slice() else {
        return Err("expected a server, the id of its key, and the key".into());
    };
    let mut anchors = Anchors::default();
    anchors.insert(KeyName::new(server.parse()?, key_id.parse()?), key.parse::<PublicKey>()?);
    let mut certificates = Vec::new();
    for file in files {
        certificates.push(Certificate::from_json(&std::fs::read(file)?)?);
    }

    for line in std::io::stdin().lines() {
        let (threepid, statement) = Statement::from_json(line?.as_bytes())?;
        let now = SystemClock.now();
        let vouching = stub::verify(&threepid, &statement, &anchors, certificates.clone(), now);

        let is_trusted = vouching.is_trusted(1);
        println!("{threepid}: {}", if is_trusted { "trusted" } else { "not trusted" });
        for (key, judgement) in &vouching.signatures {
            println!("  signed by {key}: {}", judgement.verdict);
        }
    }
    Ok(())
}
