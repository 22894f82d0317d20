//! Finds who of an address book is on Matrix: reads its vCards, and asks for some of them at a time.
//!
//! Arguments are a configuration with a `[client]` section, and the country whose national phone numbers
//! are meant; the vCards come from standard input. In another terminal runs `threepid demo`:
//!
//! ```sh
//! printf '%s\n' BEGIN:VCARD FN:Bob 'TEL:07700 900124' EMAIL:nobody@example.com END:VCARD |
//! cargo run --example address_book -- demo-state/client.toml GB
//! ```

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use threepid::clock::SystemClock;
use threepid::config::{Config, Root};
use threepid::stub::book::{Book, Limits};
use threepid::stub::{AT_ONCE, Client, Outcome};
use threepid::transport::{self, Network};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, country] = arguments.as_slice() else {
        return Err("expected a configuration and a country".into());
    };
    let config = Config::load(Path::new(config))?.client.ok_or("it has no [client] section")?;
    let mut cards = Vec::new();
    std::io::stdin().read_to_end(&mut cards)?;

    let mut book = Book::new(Some(country.parse()?), Limits::default());
    for refused in book.add_vcards(&cards)?.refused {
        println!("line {}: {:?}: {}", refused.line, refused.written, refused.why);
    }

    let roots = config.roots.iter().map(Root::to_root).collect();
    let network = Network::new(&transport::Limits::default());
    let client = Client::new(config.resolver, roots, network, Arc::new(SystemClock))
        .trusting(config.verifiers);

    let threepids = book.contacts().iter().map(|contact| contact.threepid.clone());
    let mut many = client.find_many(threepids, AT_ONCE);
    while let Some(looked) = many.next().await {
        let contact = &book.contacts()[looked.index];
        match &looked.answer.outcome {
            Outcome::User(association) if looked.answer.is_certain() => {
                println!(
                    "{:?} ({}): {}",
                    contact.names,
                    contact.threepid,
                    association.mxid.as_str()
                );
            }
            other => println!("{:?} ({}): {}", contact.names, contact.threepid, other.as_str()),
        }
    }
    Ok(())
}
