//! Zone files changed as an operator wants them changed, and only into good ones.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::zone_file::{self, Files, ZoneFileError};
use crate::disk::{Swap, SwapError};
use crate::wire::Name;
use crate::zone::edit::{Change, EditError, Edited, Open};
use crate::zone::master::{Limits, Master};
use crate::zone::{Finding, Flaws};

/// Why a zone's files are not changed.
#[derive(Debug, Error)]
pub enum ZoneEditError {
    /// They cannot be read, or have mistakes.
    #[error(transparent)]
    Read(#[from] ZoneFileError),
    /// They are written so that it cannot be done.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// They would hold no good zone.
    #[error("the zone would not be good any more:\n{0}")]
    Spoilt(Flaws),
    /// They cannot be written.
    #[error(transparent)]
    Write(#[from] SwapError),
}

/// The files of a zone, read to be changed.
#[derive(Debug)]
pub struct ZoneEdit {
    open: Open,
}

/// What a zone's files are to become.
#[derive(Debug)]
pub struct Edits {
    /// Each file that changes.
    pub files: Vec<Edited>,
    /// What the operator should look at in the zone then.
    pub warnings: Vec<Finding>,
}

impl ZoneEdit {
    /// Reads the master file at `path` and what it includes, its relative names continued with `origin`.
    ///
    /// # Errors
    /// Where a file cannot be read, or with every mistake in it.
    pub fn open(path: &Path, origin: Option<&Name>) -> Result<Self, ZoneEditError> {
        zone_file::probe(path)?;
        let open = Open::read(&path.to_string_lossy(), origin, &Files, &Limits::default());
        if open.master.mistakes.is_empty() {
            return Ok(Self { open });
        }
        let flaws = open.master.into_zone(origin).err();
        Err(ZoneFileError::Flaws(flaws.expect("what has mistakes is no zone")).into())
    }

    /// The records.
    pub fn master(&self) -> &Master {
        &self.open.master
    }

    /// The records that there are by `change`.
    ///
    /// # Errors
    /// Where it cannot be done.
    pub fn preview(&self, change: &Change) -> Result<Master, ZoneEditError> {
        Ok(self.open.edit(change)?.1)
    }

    /// What the files become by `change`.
    ///
    /// # Errors
    /// Where it cannot be done, or the zone would not be good.
    pub fn edit(&self, change: &Change) -> Result<Edits, ZoneEditError> {
        let (files, master) = self.open.edit(change)?;
        let built = master.into_zone(None).map_err(ZoneEditError::Spoilt)?;
        Ok(Edits { files, warnings: built.warnings })
    }
}

impl Edits {
    /// What changes, as `diff -u` shows it.
    pub fn diff(&self) -> String {
        self.files.iter().map(|file| file.diff.as_str()).collect()
    }

    /// Writes the files: each whole or not at all, the one with the serial last.
    ///
    /// # Errors
    /// Where one cannot be written, or was changed since it was read. Then none is changed, unless it
    /// is the last step that fails.
    pub fn write(&self) -> Result<(), SwapError> {
        let swaps: Result<Vec<Swap>, SwapError> = self
            .files
            .iter()
            .map(|file| Swap::prepare(&PathBuf::from(&file.name), &file.before, &file.after))
            .collect();
        swaps?.into_iter().try_for_each(Swap::commit)
    }
}
