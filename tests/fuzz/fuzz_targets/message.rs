//! Any octets are read as a message or refused; what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::wire::Message;

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = Message::decode(octets) else { return };
    let written = message.encode();
    assert!(written.len() <= 65_535);
    let read = Message::decode(&written).expect("what we write can be read");
    assert!(read.flags.truncated || read == message, "{message:?}\n{read:?}");
    assert!(message.encode_within(512).len() <= 512);
});
