//! Any octets are read as a root list, or refused; what is read is written in one form, and judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threepid::trust::root_list::RootList;

fuzz_target!(|octets: &[u8]| {
    if let Ok(list) = RootList::from_draft(octets) {
        let written = list.to_octets();
        assert_eq!(RootList::from_draft(&written).as_ref(), Ok(&list));
        assert!(list.succeeds(&list).is_err(), "no list follows itself");
        let tally = list.tally(&list);
        assert_eq!(tally.is_enough(), list.verify().is_ok());
        assert!(tally.counted <= list.terms().distinct_keys());
    }
});
