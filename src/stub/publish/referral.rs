//! Being referred to the servers of a delegated zone.

use thiserror::Error;

use super::{PATH, is_deeper, location};
use crate::codec::{Url, UrlError};
use crate::transport::http::{Incoming, header};
use crate::wire::Name;

/// Where a server says that a statement belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// The zone that holds the statement's name, or has delegated it further.
    pub zone: Name,
    /// Where it is to be sent.
    pub url: Url,
}

/// Why a referral is not followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReferralError {
    /// It does not say where, in its field `Location`.
    #[error("a referral without a `Location`")]
    Location,
    /// Where it leads is no URL.
    #[error("a referral to {url}: {error}")]
    Url {
        /// The text in its place.
        url: String,
        /// Why not.
        error: UrlError,
    },
    /// It leads to a server that proves nothing.
    #[error("a referral to {0}, which is no HTTPS")]
    Plain(Url),
    /// It leads to something else than where statements are published to the same tree.
    #[error("a referral to {url}, which is not {PATH} for the tree {apex}")]
    Elsewhere {
        /// To what.
        url: Url,
        /// The tree.
        apex: Name,
    },
    /// It leads up, aside, or in a circle.
    #[error("a referral from {from} to {zone}, which is not deeper towards {owner}")]
    NotDeeper {
        /// Whose server refers.
        from: Name,
        /// To which zone.
        zone: Name,
        /// The name of the statement.
        owner: Name,
    },
}

impl Referral {
    /// Reads the referral to `zone` in a response of a server of the zone `from`, about the name `owner`
    /// in the tree at `apex`.
    ///
    /// # Errors
    /// Where it may not be followed.
    pub fn read(
        response: &Incoming,
        zone: Name,
        from: &Name,
        owner: &Name,
        apex: &Name,
    ) -> Result<Self, ReferralError> {
        if !is_deeper(&zone, from, owner) {
            let (from, owner) = (from.clone(), owner.clone());
            return Err(ReferralError::NotDeeper { from, zone, owner });
        }
        let url = response.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let url = read_url(url.ok_or(ReferralError::Location)?, apex)?;
        Ok(Self { zone, url })
    }
}

/// A URL to publish at, and nothing else: nobody is to be made to send something anywhere.
fn read_url(text: &str, apex: &Name) -> Result<Url, ReferralError> {
    let unfit = |error| ReferralError::Url { url: text.chars().take(100).collect(), error };
    let url: Url = text.parse().map_err(unfit)?;
    if !url.is_secure() {
        return Err(ReferralError::Plain(url));
    }
    let expected = location(&url, apex).map_err(unfit)?;
    match url.target().eq_ignore_ascii_case(expected.target()) {
        true => Ok(expected),
        false => Err(ReferralError::Elsewhere { url, apex: apex.clone() }),
    }
}
