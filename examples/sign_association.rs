//! Signs an association as a verification server does, and prints its record for a zone file.
//!
//! Arguments are the apex of the tree, the server's name, its key id, and the seed of its key in
//! unpadded base64. The association comes from standard input as JSON without signatures; with an
//! `mxid` of `null`, and without `not_before` and `not_after`, it is a withdrawal:
//!
//! ```sh
//! echo '{"medium": "msisdn", "address": "447700900124", "mxid": "@bob:matrix.example",
//!        "ts": 1790000000000, "not_before": 1790000000000, "not_after": 4943600000000}' |
//! cargo run --example sign_association -- 3pid.example. verify.example ed25519:0 \
//!     Dcz13GlB2u4uNXxUZnaEpOwgVV2UfbEe0dk4C9kvGMg
//! ```
//!
//! That seed is published with the test vectors, and signs what stands in `zones/`. A seed that is
//! worth something does not belong on a command line.

use std::error::Error;
use std::io::Read;

use threepid::association::{Claim, Statement};
use threepid::codec::from_base64_unpadded;
use threepid::crypto::SigningKey;
use threepid::signed::KeyName;
use threepid::wire::{Class, Record, Rtype, Ttl};
use threepid::zone::master::{self, Form};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [apex, server, key_id, seed] = arguments.as_slice() else {
        return Err("expected an apex, a server name, a key id and a seed".into());
    };
    let seed = from_base64_unpadded(seed)?.try_into().map_err(|_| "a seed has 32 octets")?;
    let mut json = Vec::new();
    std::io::stdin().read_to_end(&mut json)?;

    let (threepid, claim) = Claim::from_json(&json)?;
    let name = KeyName::new(server.parse()?, key_id.parse()?);
    let statement = Statement::sign(claim, &threepid, name, &SigningKey::from_seed(&seed))?;

    let record = Record {
        name: threepid.owner(&apex.parse()?)?,
        rtype: Rtype::ASSOC,
        class: Class::IN,
        ttl: Ttl::from_secs(3600),
        rdata: statement.to_rdata(),
    };
    println!("; {threepid}");
    println!("{}", master::line(&record, Form::Readable));
    Ok(())
}
