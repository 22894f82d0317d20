//! `POST /v2/lookup`: whose some addresses are (Identity Service API, "Association lookup").
//!
//! With the algorithm `none` an address is looked up in every tree, wherever it lies. With `sha256` its
//! hash is looked up in the [directory](crate::directory) of those that this server answers for itself.
//! What is no address or no hash is nobody's.

mod content;
mod people;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::limits::{ADDRESSES, Bound, HASHES};
use super::{IdentityApi, Refusal, for_users};
use crate::clock::Timestamp;
use crate::directory::Directory;
use crate::hashes::Key;
use crate::signed::Json;
use crate::transport::http::{Request, Response, Router, StatusCode, error_object};
use crate::verifier::Caller;
use content::{Asked, Mappings};

pub use people::People;

/// The algorithm by which addresses are sent as they are.
const NONE: &str = "none";
/// The algorithm by which their hashes are sent.
const SHA256: &str = "sha256";

/// The ways to look people up that are offered.
#[derive(Clone, Default)]
pub struct Lookups {
    /// Finds them in every tree: `none`.
    pub people: Option<Arc<dyn People>>,
    /// Finds those that this server answers for: `sha256`.
    pub directory: Option<Directory>,
}

impl Lookups {
    /// What they are called.
    pub(super) fn algorithms(&self) -> impl Iterator<Item = &'static str> {
        let people = self.people.as_ref().map(|_| NONE);
        people.into_iter().chain(self.directory.as_ref().map(|_| SHA256))
    }
}

/// What may be looked up at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupLimits {
    /// Hashes in one request: 10,000, as other servers take. Clients send an address book at once.
    pub hashes: usize,
    /// Addresses in one request that are looked up in the trees: 100. Each is a walk through every tree.
    pub addresses: usize,
    /// Addresses of one request that are looked up at the same time: 16.
    pub at_once: NonZeroUsize,
    /// Requests to look up addresses that are answered at the same time, of all users: 16. Others wait,
    /// at most as long as one may take.
    pub requests: usize,
    /// How long such a request may take: 20 s. What is not found by then is not told.
    pub time: Duration,
}

impl Default for LookupLimits {
    fn default() -> Self {
        Self {
            hashes: HASHES as usize,
            addresses: ADDRESSES as usize,
            at_once: const { NonZeroUsize::new(16).expect("16 is not zero") },
            requests: 16,
            time: Duration::from_secs(20),
        }
    }
}

impl LookupLimits {
    /// Octets of a request: a hash takes 46, an address 512 at most.
    fn content(&self) -> usize {
        4096 + (self.hashes * 64).max(self.addresses * 600)
    }

    /// Waits until fewer requests than may be are answered.
    pub(super) async fn turn<'r>(
        &self,
        requests: &'r Semaphore,
    ) -> Result<SemaphorePermit<'r>, Refusal> {
        let turn = timeout(self.time, requests.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| Refusal::not_yet(self.time))
    }
}

/// What is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// Hashes of addresses.
    Hashes,
    /// Addresses as they are.
    Addresses,
}

impl What {
    /// What bounds a user, his homeserver and his network.
    fn bounds(self) -> [Bound; 3] {
        match self {
            Self::Hashes => {
                [Bound::HashesPerUser, Bound::HashesPerHomeserver, Bound::HashesPerNetwork]
            }
            Self::Addresses => {
                [Bound::AddressesPerUser, Bound::AddressesPerHomeserver, Bound::AddressesPerNetwork]
            }
        }
    }

    /// How many one request may have.
    fn most(self, limits: &LookupLimits) -> usize {
        match self {
            Self::Hashes => limits.hashes,
            Self::Addresses => limits.addresses,
        }
    }

    /// Refuses more than one request, the user, his homeserver or his network may ask for. A network has a
    /// user's share where there is no user, as in version 1.
    pub(super) fn within(
        self,
        count: usize,
        api: &IdentityApi,
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let most = self.most(&api.settings.limits.lookups);
        if count > most {
            let text = format!("at most {most} addresses are looked up at once");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", text));
        }
        let errand = api.gates.errand_of(u32::try_from(count).unwrap_or(u32::MAX));
        let [of_user, of_homeserver, of_network] = self.bounds();
        let errand = match &caller.mxid {
            None => errand.by_networks(of_user, caller.network, ()),
            Some(user) => errand.by(of_user, user).by(of_homeserver, user.server()).by_networks(
                of_network,
                caller.network,
                (),
            ),
        };
        Ok(errand.admit(api.means.clock.now())?)
    }
}

/// `router` with the endpoint.
pub(super) fn on(router: Router, api: &Arc<IdentityApi>) -> Router {
    let octets = api.settings.limits.lookups.content();
    router.post("/_matrix/identity/v2/lookup", for_users(api, octets, lookup))
}

async fn lookup(
    api: Arc<IdentityApi>,
    caller: Caller,
    request: Request,
) -> Result<Response, Refusal> {
    let asked = Asked::read(&request)?;
    let (lookups, count) = (&api.means.lookups, asked.addresses.len());
    match (&*asked.algorithm.0, &lookups.people, &lookups.directory) {
        (SHA256, _, Some(directory)) => {
            What::Hashes.within(count, &api, &caller)?;
            by_hash(directory, &asked, api.means.clock.now())
        }
        (NONE, Some(people), _) => {
            What::Addresses.within(count, &api, &caller)?;
            in_trees(&**people, &asked, &api).await
        }
        _ => Err(Refusal::invalid("the algorithm is not one of `/hash_details`")),
    }
}

fn by_hash(directory: &Directory, asked: &Asked<'_>, now: Timestamp) -> Result<Response, Refusal> {
    let Some(generation) = directory.generation(&asked.pepper.0) else {
        return Ok(other_pepper(directory));
    };
    let hashes = asked.addresses.iter().filter_map(|text| Some((Key::read(&text.0)?, &*text.0)));
    let (keys, texts): (Vec<Key>, Vec<&str>) = hashes.unzip();
    let mut mappings = Mappings::with_room(keys.len());
    let show = |at: usize, mxid: &str| mappings.push(texts[at], mxid);
    let looked = generation.look(|table| table.find_all(&keys, now, show));
    looked.ok_or_else(|| Refusal::not_yet(Duration::from_secs(1)))?;
    Ok(mappings.finish())
}

/// The response to a pepper that is not, or no more, the right one.
fn other_pepper(directory: &Directory) -> Response {
    let text = "the pepper is another one by now: see `/hash_details`";
    let mut object = error_object("M_INVALID_PEPPER", text);
    object.insert("algorithm", Json::from(SHA256));
    object.insert("lookup_pepper", Json::from(directory.pepper().as_str()));
    Response::object(StatusCode::BAD_REQUEST, &object)
}

async fn in_trees(
    people: &dyn People,
    asked: &Asked<'_>,
    api: &IdentityApi,
) -> Result<Response, Refusal> {
    let (texts, threepids) = asked.threepids();
    let limits = &api.settings.limits.lookups;
    let _turn = limits.turn(&api.lookups).await?;
    let found = people.find(threepids, limits.at_once, limits.time).await;
    let mut mappings = Mappings::with_room(found.len());
    found.iter().for_each(|(at, mxid)| mappings.push(texts[*at], mxid.as_str()));
    Ok(mappings.finish())
}
