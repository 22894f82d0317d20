//! Any octets are read as vCards and as a table, within the limits; what is found is an identifier.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::stub::book::{Book, Limits};
use threepid::threepid::Threepid;

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { entries: 1000, property: 256, ..Limits::default() };
    let mut book = Book::new("GB".parse().ok(), limits.clone());
    let _ = book.add_vcards(octets);
    let _ = book.add_table(octets);
    assert!(book.contacts().len() <= limits.entries);
    for contact in book.contacts() {
        let again = Threepid::parse_any(&contact.threepid.to_string(), None);
        assert_eq!(again.as_ref(), Ok(&contact.threepid));
        assert!(contact.names.len() <= limits.names);
        assert!(contact.names.iter().all(|name| name.chars().count() <= 257));
    }
});
