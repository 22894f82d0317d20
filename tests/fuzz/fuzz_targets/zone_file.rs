//! Any text is read as a master file, or its mistakes are told; what is read is printed the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::wire::Name;
use threepid::zone::master::{Form, Limits, Text, print, read};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits { octets: 1 << 16, ..Limits::default() };
    let origin = Some(&Name::root());
    let master = read("fuzz", origin, &Text(octets), &limits);
    for form in [Form::Readable, Form::Generic] {
        let records = || master.records.iter().map(|(record, _)| record.clone());
        let printed = print(records(), form);
        let again = read("fuzz", origin, &Text(printed.as_bytes()), &Limits::default());
        assert!(again.mistakes.is_empty(), "{:?}\n{printed}", again.mistakes);
        let reprinted = print(again.records.into_iter().map(|(record, _)| record), form);
        assert_eq!(printed, reprinted);
    }
});
