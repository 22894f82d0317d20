//! Hints: the name servers of a root and their addresses, as a master file tells them.

use std::net::IpAddr;
use std::path::Path;

use thiserror::Error;

use crate::wire::rdata::{address, name_target};
use crate::wire::{Name, Record, Rtype};
use crate::zone::master::{self, Mistake, Source, SourceFile, Text};

/// Why a file gives no hints.
#[derive(Debug, Error)]
pub(super) enum HintsError {
    /// It cannot be read.
    #[error("cannot read {file}: {cause}")]
    Unreadable { file: String, cause: std::io::Error },
    /// Something is wrong in it.
    #[error("{0}")]
    Master(Mistake),
    /// There are none.
    #[error("{file}: no address of a name server of {apex} is in it")]
    None { file: String, apex: Name },
}

/// A file of hints, in memory.
struct Hints<'a>(&'a [u8]);

impl Source for Hints<'_> {
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        match from {
            None => Text(self.0).read(file, from, limit),
            Some(_) => Err("hints stand in one file".to_owned()),
        }
    }
}

/// The addresses of the servers of `apex` that the file at `path` tells, one at least.
///
/// # Errors
/// Where it cannot be read, or with everything that is wrong in it.
pub(super) fn read_file(path: &Path, apex: &Name) -> Result<Vec<IpAddr>, Vec<HintsError>> {
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(octets) => read(&file, &octets, apex),
        Err(cause) => Err(vec![HintsError::Unreadable { file, cause }]),
    }
}

/// The addresses of the servers of `apex` in the master file `octets`, called `file`, one at least.
///
/// # Errors
/// With everything that is wrong.
pub(super) fn read(file: &str, octets: &[u8], apex: &Name) -> Result<Vec<IpAddr>, Vec<HintsError>> {
    let limits = master::Limits::default();
    let master = master::read(file, Some(&Name::root()), &Hints(octets), &limits);
    if !master.mistakes.is_empty() {
        return Err(master.mistakes.into_iter().map(HintsError::Master).collect());
    }
    let records: Vec<Record> = master.records.into_iter().map(|(record, _)| record).collect();
    let addresses = addresses(&records, apex);
    if addresses.is_empty() {
        return Err(vec![HintsError::None { file: file.to_owned(), apex: apex.clone() }]);
    }
    Ok(addresses)
}

fn addresses(records: &[Record], apex: &Name) -> Vec<IpAddr> {
    let ns = records.iter().filter(|record| record.rtype == Rtype::NS && record.name == *apex);
    let servers: Vec<Name> = ns.filter_map(|ns| name_target(&ns.rdata).ok()).collect();
    let of_servers = records.iter().filter(|record| servers.contains(&record.name));
    of_servers.filter_map(|record| address(record.rtype, &record.rdata).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<Vec<String>, Vec<String>> {
        let addresses = read("a.hints", text.as_bytes(), &"a.example.".parse().unwrap());
        addresses
            .map(|addresses| addresses.iter().map(ToString::to_string).collect())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn addresses_of_the_servers_are_taken() {
        let text = "A.example. 1 NS ns.b.example.\nb.example. 1 NS ns.c.example.\n\
                    ns.b.example. 1 A 192.0.2.1\nNS.b.example. 1 AAAA 2001:db8::1\n\
                    ns.c.example. 1 A 192.0.2.3\n";
        assert_eq!(told(text).unwrap(), ["192.0.2.1", "2001:db8::1"]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let none = "a.hints: no address of a name server of a.example. is in it";
        assert_eq!(told("ns.b.example. 1 A 192.0.2.1\n").unwrap_err(), [none]);
        let errors = told("a.example. 1 NS\nns 1 A 192.0.2\n").unwrap_err();
        assert!(errors[0].starts_with("a.hints:1:") && errors[1].starts_with("a.hints:2:"));
        let included = told("$INCLUDE more.hints\n").unwrap_err();
        assert!(included[0].ends_with("hints stand in one file"), "{included:?}");
        let file = read_file(Path::new("/nonexistent/root.hints"), &Name::root()).unwrap_err();
        let told = file[0].to_string();
        assert!(told.starts_with("cannot read /nonexistent/root.hints: "), "{told}");
    }
}
