//! Any octets are read as an entry of an outbox, or refused; what is read is written in one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::stub::publish::{Entry, Limits};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits::default();
    if let Ok(entry) = Entry::read(octets, &limits) {
        let written = entry.to_octets();
        assert_eq!(Entry::read(&written, &limits), Ok(entry));
    }
});
