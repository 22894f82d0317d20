//! Finds who of an address book is on Matrix: reads its vCards, and asks for some of them at a time.
//!
//! Arguments are the address of a resolver, the apex of a tree, a file of DS or DNSKEY records that prove it,
//! and the country whose national phone numbers are meant; the vCards come from standard input. Told is what
//! the tree says; the example `lookup` also asks who vouches for it. In another terminal runs `threepid demo`:
//!
//! ```sh
//! printf '%s\n' BEGIN:VCARD FN:Bob 'TEL:07700 900124' EMAIL:nobody@example.com END:VCARD |
//! cargo run --example address_book -- 127.0.0.1:5300 3pid.example. demo-state/root.anchor GB
//! ```

use std::error::Error;
use std::io::Read;

use threepid::resolver::Root;
use threepid::stub::book::{Book, Limits};
use threepid::stub::{AT_ONCE, Client, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [resolver, apex, file, country] = arguments.as_slice() else {
        return Err("expected a resolver, an apex, a file of anchors and a country".into());
    };
    let mut cards = Vec::new();
    std::io::stdin().read_to_end(&mut cards)?;

    let mut book = Book::new(Some(country.parse()?), Limits::default());
    for refused in book.add_vcards(&cards)?.refused {
        println!("line {}: {:?}: {}", refused.line, refused.written, refused.why);
    }

    let root = Root::proved_by(apex.parse()?, &std::fs::read_to_string(file)?)?;
    let client = Client::new(resolver.parse()?, vec![root]);
    let threepids = book.contacts().iter().map(|contact| contact.threepid.clone());
    let mut many = client.find_many(threepids, AT_ONCE);
    while let Some(looked) = many.next().await {
        let contact = &book.contacts()[looked.index];
        let told = match &looked.answer.outcome {
            Outcome::User(association) if looked.answer.proved => association.mxid.as_str(),
            other => other.as_str(),
        };
        println!("{:?} ({}): {told}", contact.names, contact.threepid);
    }
    Ok(())
}
