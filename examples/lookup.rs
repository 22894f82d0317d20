//! Finds whose an identifier is, and tells both verdicts: whether DNSSEC proves that the tree says
//! so, and whether the verification servers one trusts vouch for it.
//!
//! Arguments are a configuration with a `[client]` section, and an email address or a phone number. In
//! another terminal runs `threepid demo`:
//!
//! ```sh
//! cargo run --example lookup -- demo-state/client.toml +447700900123
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use threepid::clock::SystemClock;
use threepid::config::{Config, Root};
use threepid::stub::{Client, Outcome};
use threepid::threepid::Threepid;
use threepid::transport::{Limits, Network};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, identifier] = arguments.as_slice() else {
        return Err("expected a configuration and an identifier".into());
    };
    let threepid = Threepid::parse_any(identifier, None)?;
    let config = Config::load(Path::new(config))?.client.ok_or("it has no [client] section")?;

    let roots = config.roots.iter().map(Root::to_root).collect();
    let network = Network::new(&Limits::default());
    let client = Client::new(config.resolver, roots, network, Arc::new(SystemClock))
        .trusting(config.verifiers);

    let answer = client.find(&threepid).await;
    match &answer.outcome {
        Outcome::User(association) => println!("{threepid} is {}", association.mxid.as_str()),
        other => println!("{threepid}: {}", other.as_str()),
    }
    println!("proved by the tree: {}", answer.proved);
    for server in &answer.trust.vouch {
        println!("{server} vouches for it");
    }
    println!("to be acted upon: {}", answer.is_certain());
    for finding in answer.findings {
        if let Err(error) = finding.outcome {
            println!("{}: {error}", finding.apex);
        }
    }
    Ok(())
}
