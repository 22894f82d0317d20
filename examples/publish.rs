//! Signs an association as a verification server does, and publishes it to every root.
//!
//! Arguments are a configuration with a `[client]` section, the server's name, its key id, and the seed of
//! its key in unpadded base64. The association comes from standard input as JSON without signatures. In
//! another terminal runs `threepid demo`, whose roots take what this key signs; the example `lookup` finds
//! it then:
//!
//! ```sh
//! now=$(date +%s)000
//! echo '{"medium": "email", "address": "dora@example.org", "mxid": "@dora:matrix.example",
//!        "ts": '$now', "not_before": '$now', "not_after": 4943600000000}' |
//! cargo run --example publish -- demo-state/client.toml verify.example ed25519:0 \
//!     Dcz13GlB2u4uNXxUZnaEpOwgVV2UfbEe0dk4C9kvGMg
//! ```
//!
//! That seed is published with the test vectors. A seed that is worth something does not belong on a
//! command line; and what has to arrive belongs in an `Outbox`, which tries again.

use std::error::Error;
use std::io::Read;
use std::path::Path;

use threepid::association::{Claim, Statement};
use threepid::codec::from_base64_unpadded;
use threepid::config::Config;
use threepid::crypto::SigningKey;
use threepid::signed::KeyName;
use threepid::stub::publish::Attempt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, server, key_id, seed] = arguments.as_slice() else {
        return Err("expected a configuration, a server name, a key id and a seed".into());
    };
    let config = Config::load(Path::new(config))?.client.ok_or("it has no [client] section")?;
    let seed = from_base64_unpadded(seed)?.try_into().map_err(|_| "a seed has 32 octets")?;
    let mut json = Vec::new();
    std::io::stdin().read_to_end(&mut json)?;

    let (threepid, claim) = Claim::from_json(&json)?;
    let name = KeyName::new(server.parse()?, key_id.parse()?);
    let statement = Statement::sign(claim, &threepid, name, &SigningKey::from_seed(&seed))?;

    let publisher = config.publisher()?;
    for apex in config.client().apexes() {
        match publisher.publish(apex, &threepid, &statement).await {
            Attempt::Done(done) => println!("{apex}: {done:?}"),
            Attempt::Later { reason, .. } => println!("{apex}: not now: {reason}"),
        }
    }
    Ok(())
}
