//! What the process ends with.

use std::process::ExitCode;

/// How a command ended. Of several lookups the gravest counts, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All is well; of a lookup: found, proved, and trusted.
    Success,
    /// The identifier is proved to have no association.
    NotFound,
    /// The configuration or the zone file that was looked at has mistakes, the store is damaged, or lines to
    /// import or a step of a roll were refused.
    Flawed,
    /// There is an answer, and nothing proves it, or nobody who is trusted vouches for it; or a root was not
    /// heard, which may know better.
    Unproved,
    /// What was to be done is not all done, and goes on later.
    Waiting,
    /// Something is wrong: a file that cannot be read, or that is needed and has mistakes, an address,
    /// a network, an answer.
    Error,
    /// The command line is not understood.
    Usage,
}

impl Exit {
    /// The number that scripts see. It never changes.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::NotFound | Self::Flawed => 1,
            Self::Unproved | Self::Waiting => 2,
            Self::Error => 3,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
