//! Any octets are read as a statement or a certificate, or refused; what is read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::association::Statement;
use threepid::certificate::Certificate;

fuzz_target!(|octets: &[u8]| {
    if let Ok(statement) = Statement::from_rdata(octets) {
        assert_eq!(statement.to_rdata().octets(), octets);
    }
    if let Ok(certificate) = Certificate::from_rdata(octets) {
        assert_eq!(certificate.to_rdata().octets(), octets);
    }
    if let Ok((threepid, statement)) = Statement::from_json(octets) {
        let (again, read) = Statement::from_json(&statement.to_json(&threepid)).expect("our own");
        assert_eq!((threepid, statement), (again, read));
    }
    if let Ok(certificate) = Certificate::from_json(octets) {
        assert_eq!(Certificate::from_json(&certificate.to_octets()).as_ref(), Ok(&certificate));
    }
});
