//! Files that are given on the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Exit, output};

/// The longest file that is read, in octets: a thousand times what a statement takes.
const MAX_OCTETS: u64 = 1 << 20;

/// All of a file; `-` stands for standard input. Where it cannot be read, that is told.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Exit> {
    let octets = if path == Path::new("-") {
        read_all(io::stdin().lock())
    } else {
        File::open(path).and_then(read_all)
    };
    octets.map_err(|error| output::fail(format_args!("cannot read {}: {error}", path.display())))
}

fn read_all(input: impl Read) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    input.take(MAX_OCTETS + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_OCTETS {
        return Err(io::Error::other(format!("more than {MAX_OCTETS} octets")));
    }
    Ok(octets)
}
