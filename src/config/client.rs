//! `[client]`: who asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::dnssec::Algorithms;
use crate::stub::publish::{self, Finder, Publisher};
use crate::stub::{self, Verifiers};
use crate::transport::http::{ClientLimits, HttpClient, TlsError, TrustStore};
use crate::wire::{Name, Prefix};

use super::document::Table;
use super::mistake::{Located, Mistakes};
use super::root::{Holder, Root};
use super::root_list::{Expired, RootList};
use super::values::{self, DNS_PORT};
use super::verifier;

/// What `resolver` is where it is not given: one on this machine.
const RESOLVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DNS_PORT);

/// `[client]`: which resolver to ask, and what to check its answers against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The resolver asked. It is not trusted.
    pub resolver: SocketAddr,
    /// The trees looked through, each apex once, those of the root list among them.
    pub roots: Vec<Root>,
    /// The root list that is followed.
    pub root_list: Option<RootList>,
    /// The verification servers that are trusted; there may be none.
    pub verifiers: Verifiers,
    /// Where statements wait until every root has them; a place of the user's own where none is given.
    pub outbox: Option<PathBuf>,
    /// Networks besides the internet that a root may refer to with what is published.
    pub follow_to: Vec<Prefix>,
    /// The authorities that servers are checked by, in place of the system's.
    pub ca_file: Option<Located<PathBuf>>,
}

impl Client {
    /// The client that asks this resolver, looks in these trees and trusts these servers.
    pub fn client(&self) -> stub::Client {
        let roots = self.roots.iter().map(Root::to_root).collect();
        stub::Client::new(self.resolver, roots).trusting(self.verifiers.clone())
    }

    /// What knows where to publish to these trees, and asks `client` where they do not say.
    pub fn finder(&self, client: stub::Client) -> Finder {
        let given = self.roots.iter().filter_map(|root| Some((root, root.publish.clone()?)));
        given.fold(Finder::new(client), |finder, (root, server)| {
            finder.publishing_to(root.apex.value.clone(), server)
        })
    }

    /// Has `client`, which was made of these trees as they were, judge them by the anchors that they have now.
    pub fn renew(&self, client: &stub::Client, now: Timestamp) {
        for root in &self.roots {
            client.trust(&root.apex.value, &root.anchors);
        }
        self.suspend(client, now);
    }

    /// Has `client` believe nothing in trees whose list has expired.
    pub fn suspend(&self, client: &stub::Client, now: Timestamp) {
        if let Some(list) = &self.root_list {
            client.suspend(list.suspended(now));
        }
    }

    /// The client of HTTPS that checks servers by these authorities.
    ///
    /// # Errors
    /// Where there are none to check them by.
    pub fn web(&self) -> Result<HttpClient, TlsError> {
        let file = self.ca_file.as_ref().map(|file| file.value.as_path());
        HttpClient::new(&TrustStore::of(file), ClientLimits::default())
    }

    /// What publishes to these trees.
    ///
    /// # Errors
    /// Where there are no authorities to check servers by.
    pub fn publisher(&self) -> Result<Publisher<HttpClient, Finder>, TlsError> {
        let publisher =
            Publisher::new(self.web()?, self.finder(self.client()), publish::Limits::default());
        Ok(publisher.following_to(self.follow_to.clone()))
    }

    pub(super) fn read(table: Table<'_>, base: &Path) -> Self {
        let anchors = verifier::read_all(&table, "verifier");
        let ca_file = values::authorities(&table, base);
        let (roots, root_list) =
            Root::read_all_or_list(&table, base, Holder::Client, ca_file.clone());
        let client = Self {
            resolver: table
                .value("resolver")
                .and_then(|value| values::socket_address(&value, DNS_PORT))
                .map_or(RESOLVER, |address| address.value),
            roots,
            root_list,
            outbox: table
                .value("outbox")
                .and_then(|value| values::path(&value, base))
                .map(|path| path.value),
            follow_to: values::items(&table, "follow_to", "a network"),
            ca_file,
            verifiers: Verifiers { vouchers: verifier::vouchers(&table, &anchors), anchors },
        };
        table.finish();
        client
    }

    /// Adds the trees of the root list.
    pub(super) fn add_listed(&mut self, mistakes: &Mistakes<'_>, now: Timestamp, expired: Expired) {
        let Some(list) = &mut self.root_list else { return };
        let own: Vec<Name> = self.roots.iter().map(|root| root.apex.value.clone()).collect();
        self.roots.extend(list.load(&own, Algorithms::default(), mistakes, now, expired));
    }
}
