//! What a verification server needs of others, each behind a trait: tests play them.

use crate::signed::{Object, ServerName};
use crate::stub::{Client, Finding};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::transport::http::{BoxFuture, Fetch, FetchError, Incoming, Outgoing};
use crate::wire::Name;

/// The trees in which statements are published.
pub trait Tree: Send + Sync {
    /// Their roots, as they are now.
    fn apexes(&self) -> Vec<Name>;

    /// What each root says of an identifier.
    fn ask<'a>(&'a self, threepid: &'a Threepid) -> BoxFuture<'a, Vec<Finding>>;
}

impl<E: Exchange + 'static> Tree for Client<E> {
    fn apexes(&self) -> Vec<Name> {
        self.apexes().to_vec()
    }

    fn ask<'a>(&'a self, threepid: &'a Threepid) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(async { self.find(threepid).await.findings })
    }
}

/// Other servers, asked over HTTP: any [`Fetch`].
pub trait Web: Send + Sync {
    /// Sends the request, once.
    fn send(&self, request: Outgoing) -> BoxFuture<'_, Result<Incoming, FetchError>>;
}

impl<F: Fetch> Web for F {
    fn send(&self, request: Outgoing) -> BoxFuture<'_, Result<Incoming, FetchError>> {
        Box::pin(self.fetch(request))
    }
}

/// Tells homeservers what was bound to their users.
pub trait Homeservers: Send + Sync {
    /// POSTs `content` to `/_matrix/federation/v1/3pid/onbind` of a homeserver (Matrix specification,
    /// Server-Server API, "Third-party invites").
    fn onbind<'a>(
        &'a self,
        server: &'a ServerName,
        content: &'a Object,
    ) -> BoxFuture<'a, Result<(), NotTold>>;
}

/// Why a homeserver was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTold {
    /// It does not want to know: telling it again is of no use.
    Refused(String),
    /// It may be told another time.
    Later(String),
}
