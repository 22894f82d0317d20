//! Master files (RFC 1035 section 5) to records, and back.
//!
//! [`read`] takes `$ORIGIN`, `$TTL` and `$INCLUDE`, TTLs with units, TTL and class in either order,
//! the generic forms of RFC 3597, and readable forms of this system's own types. All mistakes are
//! told, each with its position; after one, reading goes on with the next entry. Files are opened by
//! a [`Source`], which is an argument.

mod ours;
mod print;
mod reader;
mod record;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

pub use print::{Form, line, print};
pub(super) use reader::Seen;
pub(super) use record::states_ttl;

use crate::association::AssociationError;
use crate::certificate::CertificateError;
use crate::wire::rdata::{Fault, Position, SyntaxError};
use crate::wire::{Class, Name, Record, Rtype};

/// Gives master files by name.
pub trait Source {
    /// Reads a file of at most `limit` octets, named by `$INCLUDE` in the file that
    /// [`SourceFile::name`] calls `from`, or by the caller of [`read`] where there is no such file.
    ///
    /// # Errors
    /// Why it cannot be read, for the operator.
    fn read(&self, file: &str, from: Option<&str>, limit: usize) -> Result<SourceFile, String>;
}

/// A master file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What the file is called in positions. The same file always has the same name.
    pub name: String,
    /// What is in it.
    pub octets: Vec<u8>,
}

/// One file, which is only in memory, whatever it is called.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a [u8]);

impl Source for Text<'_> {
    fn read(&self, file: &str, _: Option<&str>, limit: usize) -> Result<SourceFile, String> {
        if self.0.len() > limit {
            return Err(format!("it has more than {limit} octets"));
        }
        Ok(SourceFile { name: file.to_owned(), octets: self.0.to_vec() })
    }
}

/// How much is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many octets all files have together.
    pub octets: usize,
    /// How many files are open at once, each included by the one before.
    pub depth: usize,
    /// How many mistakes are told.
    pub mistakes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 1 << 30, depth: 8, mistakes: 100 }
    }
}

/// Where something stands in master files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The name of the file.
    pub file: Arc<str>,
    /// Where in it.
    pub position: Position,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.position)
    }
}

/// A mistake in a master file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: MasterError,
}

/// What can be wrong with an entry of a master file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MasterError {
    /// It cannot be read.
    #[error(transparent)]
    Syntax(#[from] Fault),
    /// A first word with `$` that is not known.
    #[error("$ORIGIN, $TTL or $INCLUDE expected, found {0:?}")]
    Directive(String),
    /// White space where there is no owner before.
    #[error("a domain name expected: there is no record before whose owner could be meant")]
    NoOwner,
    /// There is nothing to take the TTL from.
    #[error("a TTL expected: there is neither a $TTL nor a record with one before")]
    NoTtl,
    /// A zone is of class IN.
    #[error("class IN expected, found {0}")]
    Class(Class),
    /// No record can have the type.
    #[error("the type of a record expected, found {0}")]
    MetaType(Rtype),
    /// The data of an ASSOC record is no statement.
    #[error("bad association: {0}")]
    Association(#[from] AssociationError),
    /// The data of a VCERT record is no certificate.
    #[error("bad certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// A file cannot be read.
    #[error("cannot read {file:?}: {why}")]
    Source {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
    /// A file includes itself.
    #[error("{0:?} includes itself")]
    Cycle(String),
    /// Too many files include one another.
    #[error("files are included more than {0} deep")]
    Depth(usize),
}

/// Everything that master files hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// What the first file was called.
    pub file: Arc<str>,
    /// The records that could be read, in their order, each with its place.
    pub records: Vec<(Record, Place)>,
    /// What could not.
    pub mistakes: Vec<Mistake>,
    /// Whether reading ended at the limit of mistakes: there may be more.
    pub more: bool,
}

/// Reads a master file and what it includes. Relative names at its start are continued with
/// `origin`.
pub fn read(file: &str, origin: Option<&Name>, source: &dyn Source, limits: &Limits) -> Master {
    reader::Reader::new(file, source, limits).read(origin)
}

/// Likewise, and shows each entry to `watch`.
pub(super) fn read_watched(
    file: &str,
    origin: Option<&Name>,
    source: &dyn Source,
    limits: &Limits,
    watch: &mut dyn FnMut(Seen<'_>),
) -> Master {
    reader::Reader::new(file, source, limits).watched(watch).read(origin)
}

/// Something wrong at a position of the file that is being read.
struct Wrong {
    at: Position,
    problem: MasterError,
}

impl From<SyntaxError> for Wrong {
    fn from(error: SyntaxError) -> Self {
        MasterError::from(error.fault).at(error.at)
    }
}

impl MasterError {
    fn at(self, at: Position) -> Wrong {
        Wrong { at, problem: self }
    }
}
