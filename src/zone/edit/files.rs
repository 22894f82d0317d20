//! The files of a zone as they were read, to be read again with changes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::zone::master::{Source, SourceFile};

/// Who asked for a file, and how it was called there.
type Asked = (Option<String>, String);

/// Files that were read once, in memory.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// What each was called when it was asked for.
    names: BTreeMap<Asked, String>,
    /// What is in them.
    octets: BTreeMap<String, Arc<[u8]>>,
}

/// Reads from another source, and keeps what was read.
pub(super) struct Recorder<'a> {
    source: &'a dyn Source,
    files: RefCell<Files>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self { source, files: RefCell::default() }
    }

    /// What was read.
    pub(super) fn into_files(self) -> Files {
        self.files.into_inner()
    }
}

impl Source for Recorder<'_> {
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        let read = self.source.read(file, from, limit)?;
        let mut files = self.files.borrow_mut();
        files.names.insert((from.map(str::to_owned), file.to_owned()), read.name.clone());
        files.octets.insert(read.name.clone(), read.octets.as_slice().into());
        Ok(read)
    }
}

impl Files {
    /// What is in the file of this name, which was read.
    pub(super) fn octets(&self, name: &str) -> Arc<[u8]> {
        Arc::clone(self.octets.get(name).expect("a file that was read is kept"))
    }
}

/// Files of which some are changed.
pub(super) struct Changed<'a> {
    pub(super) files: &'a Files,
    pub(super) changed: BTreeMap<&'a str, &'a [u8]>,
}

impl Source for Changed<'_> {
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        let asked = (from.map(str::to_owned), file.to_owned());
        let name = self.files.names.get(&asked).ok_or("it was not read before")?;
        let octets = match self.changed.get(name.as_str()) {
            Some(changed) => changed.to_vec(),
            None => self.files.octets(name).to_vec(),
        };
        if octets.len() > limit {
            return Err(format!("it has more than {limit} octets"));
        }
        Ok(SourceFile { name: name.clone(), octets })
    }
}
