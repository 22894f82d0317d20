//! Following the root list: from the one that is held, version by version, to the last there is.
//!
//! The first list is put in place by hand, and trusted for that. From then on each is believed for who
//! signed it ([`RootList::succeeds`]), never for where it came from: it is asked for at several mirrors,
//! any of which may be down, behind or lying, and the first that has a good one is enough.
//!
//! A mirror serves version N at [`path`]. The walk is at its end where no mirror has the next one and
//! one at least says so. The list it ends with has to be in date: mirrors that keep a newer one back
//! can hold nobody on an old list for longer than it lasts.

mod file;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use file::{RootListFile, RootListFileError};

use crate::clock::Timestamp;
use crate::codec::{Url, utc};
use crate::resolver::Root;
use crate::transport::http::{Fetch, FetchError, Outgoing, StatusCode};
use crate::trust::root_list::{ListedRoot, Refusal, RootList, RootListError};

/// The path at which a mirror serves the list of this version.
pub fn path(version: u32) -> String {
    format!("/.well-known/threepid/roots/{version}.json")
}

/// A listed root as a resolver knows it.
pub fn to_root(listed: &ListedRoot) -> Root {
    let ListedRoot { apex, servers, ds, .. } = listed;
    Root { apex: apex.clone(), servers: servers.clone(), anchors: ds.clone() }
}

/// Bounds on what mirrors can cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many versions are followed in one walk: 256, which is years of lists, and at most 16 MiB. A
    /// client that was away for longer walks again.
    pub versions: u32,
    /// How often mirrors may fail in one walk, by being out of reach or by giving what is none: 64.
    /// Each may cost as long as a request may take.
    pub failures: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { versions: 256, failures: 64 }
    }
}

/// What came of a walk.
#[derive(Debug)]
pub struct Walked {
    /// The newest list that was reached: the one held before, or one that follows it.
    pub list: RootList,
    /// What mirrors did wrong on the way.
    pub complaints: Vec<Complaint>,
    /// Whether that is the last list there is, and in date.
    pub end: Result<(), Stuck>,
}

/// Why the newest list that could be reached is not known to be the last, or is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Stuck {
    /// No mirror told whether there is a newer one.
    #[error("no mirror tells whether there is a list after version {version}")]
    Unheard {
        /// The newest version that was reached.
        version: u32,
    },
    /// It has expired, and nobody gives a newer one.
    #[error(
        "version {version} of the root list expired at {} and no mirror gives a newer one: it was not \
         renewed in time, or the mirrors are out of reach, behind or lying",
        utc(expires.as_secs())
    )]
    Frozen {
        /// The newest version that was reached.
        version: u32,
        /// Its last moment.
        expires: Timestamp,
    },
    /// There are more lists than are followed at once.
    #[error(
        "there are lists after version {version}, but {followed} are enough for once: walk again"
    )]
    Far {
        /// The newest version that was reached.
        version: u32,
        /// How many were followed.
        followed: u32,
    },
}

/// Something that a mirror did wrong.
#[derive(Debug, Error)]
#[error("{mirror}: version {version}: {trouble}")]
pub struct Complaint {
    /// Which.
    pub mirror: Url,
    /// The version it was asked for.
    pub version: u32,
    /// What.
    pub trouble: Trouble,
}

/// What a mirror can do wrong.
#[derive(Debug, Error)]
pub enum Trouble {
    /// It cannot be reached, or gives no response, or too long a one.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It responds with neither a list nor that there is none.
    #[error("status {}, expected 200, or 404 where there is none", .0.as_u16())]
    Status(StatusCode),
    /// What it gives is no root list.
    #[error("not a root list: {0}")]
    Malformed(#[from] RootListError),
    /// The list does not follow the one that is held.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Walks from the list that is held to the last there is.
pub async fn walk<F: Fetch>(
    held: RootList,
    mirrors: &[Url],
    fetch: &F,
    now: Timestamp,
    limits: &Limits,
) -> Walked {
    let mut walk =
        Walk { list: held, mirrors: mirrors.to_vec(), fetch, limits, complaints: Vec::new() };
    let end = walk.follow(now).await;
    Walked { list: walk.list, complaints: walk.complaints, end }
}

/// A walk on its way.
struct Walk<'f, F> {
    list: RootList,
    /// In the order in which they are asked: the one that gave the last list comes first.
    mirrors: Vec<Url>,
    fetch: &'f F,
    limits: &'f Limits,
    complaints: Vec<Complaint>,
}

/// What the mirrors have.
enum Next {
    /// A list that follows the one held.
    List(Box<RootList>),
    /// Nothing, as one at least says.
    None,
    /// Nobody says.
    Unheard,
}

impl<F: Fetch> Walk<'_, F> {
    async fn follow(&mut self, now: Timestamp) -> Result<(), Stuck> {
        let mut followed = 0;
        let heard = loop {
            match self.next().await {
                Next::List(_) if followed == self.limits.versions => {
                    return Err(Stuck::Far { version: self.list.version(), followed });
                }
                Next::List(list) => self.list = *list,
                Next::None => break true,
                Next::Unheard => break false,
            }
            followed += 1;
        };
        let (version, expires) = (self.list.version(), self.list.terms().expires);
        if self.list.in_date(now).is_err() {
            return Err(Stuck::Frozen { version, expires });
        }
        if heard { Ok(()) } else { Err(Stuck::Unheard { version }) }
    }

    /// Asks the mirrors for the list after the one held, until one has it.
    async fn next(&mut self) -> Next {
        // After the last version that there can be, there is none.
        let Some(version) = self.list.version().checked_add(1) else { return Next::None };
        let mut heard = false;
        for at in 0..self.mirrors.len() {
            if self.complaints.len() >= self.limits.failures {
                break;
            }
            match self.ask(&self.mirrors[at], version).await {
                Ok(Some(list)) => {
                    self.mirrors[..=at].rotate_right(1);
                    return Next::List(Box::new(list));
                }
                Ok(None) => heard = true,
                Err(trouble) => {
                    let mirror = self.mirrors[at].clone();
                    self.complaints.push(Complaint { mirror, version, trouble });
                }
            }
        }
        if heard { Next::None } else { Next::Unheard }
    }

    /// What one mirror has as this version: a good list, or nothing.
    async fn ask(&self, mirror: &Url, version: u32) -> Result<Option<RootList>, Trouble> {
        let url = mirror.with_target(&path(version)).expect("the path is one of a URL");
        let response = self.fetch.fetch(Outgoing::get(url)).await?;
        match response.status {
            StatusCode::OK => {
                let list = RootList::from_json(&response.body)?;
                self.list.succeeds(&list)?;
                Ok(Some(list))
            }
            StatusCode::NOT_FOUND => Ok(None),
            other => Err(Trouble::Status(other)),
        }
    }
}
