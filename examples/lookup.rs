//! Finds whose an identifier is, and tells both verdicts: whether DNSSEC proves that the tree says
//! so, and whether the verification servers one trusts vouch for it.
//!
//! Arguments are the address of a resolver, the apex of a tree, a file of DS or DNSKEY records that prove it,
//! a verification server that is trusted with the id of its key and the key, and an email address or a phone
//! number. In another terminal runs `threepid demo`:
//!
//! ```sh
//! cargo run --example lookup -- 127.0.0.1:5300 3pid.example. demo-state/root.anchor \
//!     verify.example ed25519:0 MEsnn+VdUSVzhBxadk9PIPoXl6ln3SfKS4tWANhqeaM +447700900123
//! ```

use std::error::Error;

use threepid::crypto::PublicKey;
use threepid::resolver::Root;
use threepid::signed::KeyName;
use threepid::stub::{Client, Outcome, Verifiers};
use threepid::threepid::Threepid;
use threepid::trust::Anchors;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [resolver, apex, file, server, key_id, key, identifier] = arguments.as_slice() else {
        return Err("expected what the head of this file tells".into());
    };
    let threepid = Threepid::parse_any(identifier, None)?;

    let root = Root::proved_by(apex.parse()?, &std::fs::read_to_string(file)?)?;
    let mut anchors = Anchors::default();
    anchors.insert(KeyName::new(server.parse()?, key_id.parse()?), key.parse::<PublicKey>()?);
    let client =
        Client::new(resolver.parse()?, vec![root]).trusting(Verifiers { anchors, vouchers: 1 });

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
