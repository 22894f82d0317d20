//! Verifies signed associations without a network: who vouches for them, by the keys one trusts and the
//! certificates at hand.
//!
//! Arguments are a configuration with a `[client]` section that names the trusted keys, and files with
//! one certificate each, as JSON. The associations come from standard input, one a line, as Matrix's
//! identity servers and `threepid store export` give them. With what `threepid demo` wrote:
//!
//! ```sh
//! echo '{"address":"447700900124","medium":"msisdn","mxid":"@bob:matrix.example",
//!     "not_after":4943600000000,"not_before":1790000000000,"ts":1790000000000,
//!     "signatures":{"verify.example":{"ed25519:0":
//!     "t3J8m6qnba6zetrbOMlzKUQK1ivVQRY9nFN3iDnaqZZBmbdo4JjN/D7ypYL8JwP+f7tWUtCoLM13H4ux8sceBA"}}}' |
//! tr -d '\n' | cargo run --example verify -- demo-state/client.toml
//! ```

use std::error::Error;
use std::path::Path;

use threepid::association::Statement;
use threepid::certificate::Certificate;
use threepid::clock::{Clock, SystemClock};
use threepid::config::Config;
use threepid::stub;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let config = arguments.next().ok_or("expected a configuration")?;
    let config = Config::load(Path::new(&config))?.client.ok_or("it has no [client] section")?;
    let mut certificates = Vec::new();
    for file in arguments {
        certificates.push(Certificate::from_json(&std::fs::read(file)?)?);
    }

    for line in std::io::stdin().lines() {
        let (threepid, statement) = Statement::from_json(line?.as_bytes())?;
        let anchors = &config.verifiers.anchors;
        let now = SystemClock.now();
        let vouching = stub::verify(&threepid, &statement, anchors, certificates.clone(), now);

        let is_trusted = vouching.is_trusted(config.verifiers.vouchers);
        println!("{threepid}: {}", if is_trusted { "trusted" } else { "not trusted" });
        for (key, judgement) in &vouching.signatures {
            println!("  signed by {key}: {}", judgement.verdict);
        }
    }
    Ok(())
}
