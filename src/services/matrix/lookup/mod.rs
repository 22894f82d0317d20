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

use super::{IdentityApi, Refusal, for_users};
use crate::allowance::{Rate, Rates};
use crate::clock::Timestamp;
use crate::directory::Directory;
use crate::hashes::Key;
use crate::signed::Json;
use crate::transport::client;
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

/// What may be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupLimits {
    /// Hashes in one request: 10,000, as other servers take. Clients send an address book at once.
    pub hashes: usize,
    /// Hashes of one user: 100,000 an hour, an hour's at once.
    pub hashes_per_user: Rate,
    /// Hashes of all users of one homeserver: ten times a user's, as whoever runs one has as many users as he
    /// likes. It slows down who goes through the numbers of a country by hash, and does not stop who has many
    /// networks and many names.
    pub hashes_per_homeserver: Rate,
    /// Hashes that one client network asks for, whoever its users are: as many.
    pub hashes_per_network: Rate,
    /// Addresses in one request that are looked up in the trees: 100. Each is a walk through every tree.
    pub addresses: usize,
    /// Addresses of one user that are: 1000 an hour, an hour's at once.
    pub addresses_per_user: Rate,
    /// Addresses of all users of one homeserver that are: ten times as many.
    pub addresses_per_homeserver: Rate,
    /// Addresses that one client network asks for that are: as many.
    pub addresses_per_network: Rate,
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
            hashes: 10_000,
            hashes_per_user: Rate::per_hour(100_000),
            hashes_per_homeserver: Rate::per_hour(1_000_000),
            hashes_per_network: Rate::per_hour(1_000_000),
            addresses: 100,
            addresses_per_user: Rate::per_hour(1000),
            addresses_per_homeserver: Rate::per_hour(10_000),
            addresses_per_network: Rate::per_hour(10_000),
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
}

/// How much is looked up now, and by whom.
pub(super) struct Load {
    hashes: Shares,
    pub(super) addresses: Shares,
    requests: Semaphore,
}

impl Load {
    pub(super) fn new(limits: &LookupLimits) -> Self {
        Self {
            hashes: Shares {
                users: Rates::new(limits.hashes_per_user),
                homeservers: Rates::new(limits.hashes_per_homeserver),
                networks: Rates::new(limits.hashes_per_network),
            },
            addresses: Shares {
                users: Rates::new(limits.addresses_per_user),
                homeservers: Rates::new(limits.addresses_per_homeserver),
                networks: Rates::new(limits.addresses_per_network),
            },
            requests: Semaphore::new(limits.requests),
        }
    }

    /// Waits until fewer requests than may be are answered.
    pub(super) async fn turn(&self, limits: &LookupLimits) -> Result<SemaphorePermit<'_>, Refusal> {
        let turn = timeout(limits.time, self.requests.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| Refusal::not_yet(limits.time))
    }
}

/// How much of one kind everybody has looked up lately.
pub(super) struct Shares {
    users: Rates,
    homeservers: Rates,
    networks: Rates,
}

impl Shares {
    /// Lets somebody look up so many. His own share is counted first: who has none left takes nothing from his
    /// neighbours. A network has a user's share where there is no user, as in version 1.
    fn admit(&self, caller: &Caller, count: u32, now: Timestamp) -> Result<(), Duration> {
        let network = client(caller.network);
        let Some(user) = &caller.mxid else { return self.users.admit_many(network, count, now) };
        self.users.admit_many(user, count, now)?;
        self.networks.admit_many(network, count, now)?;
        self.homeservers.admit_many(user.server(), count, now)
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
    let (lookups, limits) = (&api.means.lookups, &api.settings.limits.lookups);
    let (count, now) = (asked.addresses.len(), api.means.clock.now());
    match (&*asked.algorithm.0, &lookups.people, &lookups.directory) {
        (SHA256, _, Some(directory)) => {
            within(count, limits.hashes, &api.load.hashes, (&caller, now))?;
            by_hash(directory, &asked, now)
        }
        (NONE, Some(people), _) => {
            within(count, limits.addresses, &api.load.addresses, (&caller, now))?;
            in_trees(&**people, &asked, limits, &api.load).await
        }
        _ => Err(Refusal::invalid("the algorithm is not one of `/hash_details`")),
    }
}

/// Refuses more addresses than one request, the user, his network or his homeserver may ask for.
pub(super) fn within(
    count: usize,
    most: usize,
    shares: &Shares,
    (caller, now): (&Caller, Timestamp),
) -> Result<(), Refusal> {
    if count > most {
        let text = format!("at most {most} addresses are looked up at once");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", text));
    }
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    shares.admit(caller, count, now).map_err(Refusal::too_often)
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
    limits: &LookupLimits,
    load: &Load,
) -> Result<Response, Refusal> {
    let (texts, threepids) = asked.threepids();
    let _turn = load.turn(limits).await?;
    let found = people.find(threepids, limits.at_once, limits.time).await;
    let mut mappings = Mappings::with_room(found.len());
    found.iter().for_each(|(at, mxid)| mappings.push(texts[*at], mxid.as_str()));
    Ok(mappings.finish())
}
