//! Certificates in files.

use std::path::Path;

use crate::certificate::Certificate;
use crate::cli::{Exit, input, output};
use crate::wire::{Name, Rtype};
use crate::zone::master::{self, Limits, Text};

/// The certificates in a file: JSON, one or one a line; or the VCERT records of a zone file. What is
/// wrong is told, and `flawed` is what it comes to.
pub(super) fn certificates(path: &Path, flawed: Exit) -> Result<Vec<Certificate>, Exit> {
    let octets = input::read(path)?;
    let read = if octets.trim_ascii_start().starts_with(b"{") { json } else { records };
    let (certificates, mistakes) = read(path, &octets);
    if mistakes.is_empty() {
        return Ok(certificates);
    }
    output::tell(mistakes.join("\n"));
    Err(flawed)
}

fn json(path: &Path, octets: &[u8]) -> (Vec<Certificate>, Vec<String>) {
    let is_start = |line: &&[u8]| line.starts_with(b"{\"");
    let all = octets.trim_ascii();
    let lines: Vec<(usize, &[u8])> =
        match all.split(|octet| *octet == b'\n').all(|it| is_start(&it)) {
            true => (1..).zip(all.split(|octet| *octet == b'\n')).collect(),
            false => vec![(1, all)],
        };
    let (mut certificates, mut mistakes) = (Vec::new(), Vec::new());
    for (number, line) in lines {
        match Certificate::from_json(line.trim_ascii()) {
            Ok(certificate) => certificates.push(certificate),
            Err(error) => mistakes.push(format!("{}:{number}:1: {error}", path.display())),
        }
    }
    (certificates, mistakes)
}

fn records(path: &Path, octets: &[u8]) -> (Vec<Certificate>, Vec<String>) {
    let name = path.display().to_string();
    let master = master::read(&name, Some(&Name::root()), &Text(octets), &Limits::default());
    let mut mistakes: Vec<String> = master.mistakes.iter().map(ToString::to_string).collect();
    let vcerts = master.records.iter().filter(|(record, _)| record.rtype == Rtype::VCERT);
    let read = vcerts.filter_map(|(record, _)| Certificate::from_rdata(record.rdata.octets()).ok());
    let certificates: Vec<Certificate> = read.collect();
    if certificates.is_empty() && mistakes.is_empty() {
        mistakes
            .push(format!("{name}:1:1: no certificate is here: JSON or VCERT records expected"));
    }
    (certificates, mistakes)
}
