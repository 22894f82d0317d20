//! Publishing: `POST /_threepid/v1/associations` takes an association or a withdrawal.
//!
//! # What is asked
//!
//! The body is the statement as signed JSON. `?root=3pid.example.` names the tree it is for; without it,
//! it is for all trees that are known here. Clients that publish to several trees ask for each.
//!
//! # What is answered
//!
//! | status | `errcode` or `status` | |
//! |---|---|---|
//! | 201 | `stored` | it is on disk, and served |
//! | 200 | `merged`, `unchanged` | what it says is held; some of its signatures were new, or none |
//! | 307 | `THREEPID_DELEGATED` | it lies below the delegation `zone`: go to `location`, in the header too |
//! | 400 | `M_NOT_JSON`, `M_BAD_JSON` | no canonical JSON; no statement |
//! | 400 | `M_UNKNOWN` | the body broke off |
//! | 400 | `M_INVALID_PARAM` | an address not in its normal form, a time ahead of the clock, a bad `root` |
//! | 403 | `M_FORBIDDEN` | nobody who counts here vouches for it; of each signature it is told why |
//! | 404 | `M_NOT_FOUND` | no zone here for its name |
//! | 408 | `M_UNKNOWN` | the body did not come in time |
//! | 409 | `THREEPID_SUPERSEDED` | something newer is held |
//! | 413 | `M_TOO_LARGE` | a long body; or what it says is held, without room for its signatures |
//! | 429 | `M_LIMIT_EXCEEDED` | too often; `retry_after_ms` and `Retry-After` tell when |
//! | 500 | `M_UNKNOWN` | the store cannot be written |
//! | 502 | `THREEPID_TOO_MANY_HOPS`, `THREEPID_NOT_FORWARDED` | it was to be passed on, and was not |
//! | 503 | `THREEPID_UNDETERMINED` | certificates or the zone's service could not be looked up now |
//! | 503 | `THREEPID_NO_SERVICE` | the zone it lies in tells of no service, or does not prove it |
//! | 503 | `THREEPID_NOT_SERVED` | it is on disk, and not served yet |
//! | 503 | `THREEPID_HANDING_OVER` | its part of the tree is being handed over to other servers |
//! | 503 | `THREEPID_BUSY` | it was to be passed on, as many others are now |
//! | 504 | `THREEPID_TIMED_OUT` | certificates, or the server it was passed on to, took too long |
//!
//! What is stored or merged is answered for when this is told. Where that takes longer than
//! [2 seconds](Limits::serve_time) it is not lost: whoever comes again hears of it.
//!
//! All but the first two are `{"errcode","error"}` with a text for people. Other methods and paths are for the
//! [`Router`](crate::transport::http::Router) to refuse.
//!
//! # What is checked, in this order
//!
//! 1. The size, then the JSON, then the statement, its address in normal form.
//! 2. How often the client came: [`Bound`].
//! 3. Where the name lies, by the zones' tables alone: here, below a delegation, or elsewhere.
//! 4. The signatures, by certificates in the tree that the statement goes to, up to the root verification
//!    servers that are accepted here. It is held with those alone that hold for this identifier.
//! 5. Its time: at most [5 minutes](Limits::ahead) ahead of the clock.
//!
//! Only then the store is touched. Up to there what is answered, and when, is the same whoever is
//! registered. What is held then and what wins is for the [`store`](crate::store).
//!
//! # Several trees
//!
//! A statement for all trees is held in each that has its name here and whose certificates it satisfies.
//! The best of what came of it is answered. Where one of the trees cannot be asked for certificates, it is
//! held in none, so that to try again is right; so it is where one of them is being handed over, though the
//! others hold it then. Delegations count where no tree has its name here.
//!
//! # Passing on
//!
//! What lies below a delegation is [referred](Below::Refer) or [passed on](Below::Forward), to where the SRV
//! records at `_threepid-publish._tcp.<zone>` say, which DNSSEC has to prove. Only that is passed on which
//! would be held if its name were here: what nobody vouches for is refused here, and what cannot be judged
//! now has to come again, so that hiding certificates opens no way. At the same time
//! [so many](Limits::passages) are passed on, [few](Limits::passages_to_child) of them to one child.
//!
//! A statement that is passed on carries two headers: `Threepid-Hops`, how often it was, and
//! `Threepid-Zone`, whose server it goes to. It goes on at most [16](publish::Limits::hops) times, each time
//! deeper into the tree; a server that finds it in no zone at or below that answers 404. Its way leads to
//! [addresses of the internet](crate::wire::is_global) alone, and to what the operator allows.

mod answer;
mod bound;
mod forward;
mod note;
mod passages;
mod referral;
mod request;
mod tally;
#[cfg(test)]
mod tests;
mod vet;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::allowance::Gates;
use crate::association::Statement;
use crate::authority::Place;
use crate::clock::{Clock, Timestamp};
use crate::store::{Change, Outcome, StoreError};
use crate::stub::{Client, publish};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::transport::http::{Fetch, Reach};
use crate::trust::{Anchors, Vouching};
use crate::wire::Name;

pub use answer::{Answer, Refusal, RefusalKind};
pub use bound::{Bound, Bounds};
pub use passages::Passages;
pub use tally::Tally;

use forward::Passing;
use request::Publication;

/// What is taken of publications, and of those who send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The longest body: 8192 octets, which is what is read of a statement.
    pub body: usize,
    /// How far ahead of the clock a statement's time may be: 5 minutes.
    pub ahead: Duration,
    /// Those of a client, for what is passed on: 16 times by all servers together, one more than a phone
    /// number has digits; and what is read of the answers.
    pub asking: publish::Limits,
    /// How long others may be asked, for certificates and services, and to take what is passed on: 16 s,
    /// one more than certificates may take. Who sent it waits for 20.
    pub ask_time: Duration,
    /// How many statements may be passed on at the same time: 256. Each has a connection of its own, and
    /// the usual 1024 descriptors of a process are for those who ask and publish, too.
    pub passages: usize,
    /// How many of them to one delegated zone: 32, so that eight that do not answer leave no room, and one
    /// leaves nearly all. One that answers in a tenth of a second is sent 320 each second.
    pub passages_to_child: usize,
    /// How long what is kept may take to be served: 2 s. It takes some milliseconds, and 100 where
    /// thousands come at once.
    pub serve_time: Duration,
    /// When to come again after something could not be looked up: 30 s. Failures are remembered
    /// for 5, denials for 60.
    pub retry_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8192,
            ahead: Duration::from_secs(300),
            asking: publish::Limits::default(),
            ask_time: Duration::from_secs(16),
            passages: 256,
            passages_to_child: 32,
            serve_time: Duration::from_secs(2),
            retry_after: Duration::from_secs(30),
        }
    }
}

/// What is done with statements that lie below a delegation.
#[derive(Debug, Clone)]
pub enum Below<F> {
    /// Whoever sent it is told where to send it.
    Refer,
    /// It is passed on.
    Forward {
        /// By this client.
        fetch: F,
        /// To these addresses.
        reach: Reach,
    },
}

/// What is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The apexes of the trees.
    pub roots: Vec<Name>,
    /// The root verification servers that are accepted.
    pub verifiers: Anchors,
    /// The bounds.
    pub limits: Limits,
}

/// Knows where names lie.
pub trait Zones: Send + Sync + 'static {
    /// Where a name lies, by the tables of the zones alone.
    fn locate(&self, name: &Name) -> Place;
}

/// Holds what was accepted, and has it served.
pub trait Shelf: Send + Sync + 'static {
    /// Makes the changes, and tells of each what came of it when that is on disk.
    fn keep(
        &self,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Outcome>, StoreError>> + Send;

    /// Waits until all that was kept so far is served.
    fn served(&self) -> impl Future<Output = ()> + Send;
}

/// Takes publications: what `POST` comes to.
pub struct Intake<E, F, S> {
    /// What is accepted.
    pub rules: Rules,
    /// Looks up certificates and services, in the trees of the rules.
    pub client: Client<E>,
    /// What is done with statements that lie below a delegation.
    pub below: Below<F>,
    /// Where names lie.
    pub zones: Arc<dyn Zones>,
    /// Where statements go.
    pub shelf: S,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How often clients came.
    pub gates: Arc<Gates<Bound>>,
    /// How many statements are being passed on.
    pub passages: Arc<Passages>,
    /// What came of it all.
    pub tally: Arc<Tally>,
}

/// A tree, and the name that a statement has in it.
#[derive(Debug, Clone)]
struct Spot {
    apex: Name,
    owner: Name,
}

/// Where a statement goes.
enum Way {
    /// Into the zones here, of these trees.
    Here(Vec<Spot>),
    /// Below this delegation.
    Below { spot: Spot, cut: Name },
}

impl<E: Exchange + 'static, F: Fetch, S: Shelf> Intake<E, F, S> {
    /// Takes one publication from the client at `peer`.
    async fn publish(&self, publication: &Publication<'_>, peer: IpAddr) -> Answer {
        let (threepid, statement) = match vet::read(publication.body()) {
            Ok(read) => read,
            Err(refusal) => return refusal.into(),
        };
        let taken = self.take(publication, &threepid, &statement, peer).await;
        let answer = taken.unwrap_or_else(Answer::Refused);
        note::note(peer, &threepid, &statement, &answer);
        note::warn(&self.tally, &answer, self.clock.now());
        answer
    }

    async fn take(
        &self,
        publication: &Publication<'_>,
        threepid: &Threepid,
        statement: &Statement,
        peer: IpAddr,
    ) -> Result<Answer, Refusal> {
        self.gates.errand().by_networks(Bound::PerClient, peer, ()).admit(self.clock.now())?;
        let onward = publication.onward()?;
        match self.way(threepid, publication.root()?.as_ref(), onward.zone.as_ref())? {
            Way::Here(spots) => self.hold(threepid, statement, &spots).await,
            Way::Below { spot, cut } => match &self.below {
                Below::Refer => self.in_time(self.refer(&spot, &cut)).await,
                Below::Forward { fetch, reach } => {
                    let (body, hops) = (publication.body(), onward.hops);
                    let passing = Passing { body, spot: &spot, hops, fetch, reach };
                    self.in_time(self.forward(threepid, statement, &passing, cut)).await
                }
            },
        }
    }

    /// What others are asked for, unless that takes too long.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let Limits { ask_time, retry_after, .. } = self.rules.limits;
        timeout(ask_time, asked).await.unwrap_or_else(|_| {
            let seconds = ask_time.as_secs();
            let error = format!("no answer in {seconds} s of those who have to be asked");
            Err(RefusalKind::TimedOut.retry(error, retry_after))
        })
    }

    /// Where the statement goes, by the zones that are here. One that was passed on has to lie at or
    /// below the zone `passed`.
    fn way(
        &self,
        threepid: &Threepid,
        root: Option<&Name>,
        passed: Option<&Name>,
    ) -> Result<Way, Refusal> {
        let asked = |apex: &&Name| root.is_none_or(|root| root == *apex);
        let (mut here, mut below) = (Vec::new(), None);
        for apex in self.rules.roots.iter().filter(asked) {
            // An identifier whose name does not fit has none in this tree.
            let Ok(owner) = threepid.owner(apex) else { continue };
            let (zone, cut) = match self.zones.locate(&owner) {
                Place::Hosted { zone } => (zone, None),
                Place::Delegated { zone, cut } => (zone, Some(cut)),
                Place::Elsewhere => continue,
            };
            if passed.is_some_and(|passed| !zone.is_at_or_below(passed)) {
                continue;
            }
            let spot = Spot { apex: apex.clone(), owner };
            match cut {
                None => here.push(spot),
                Some(cut) => below = below.or(Some(Way::Below { spot, cut })),
            }
        }
        match (here, below) {
            (here, _) if !here.is_empty() => Ok(Way::Here(here)),
            (_, Some(below)) => Ok(below),
            _ => Err(RefusalKind::NotFound.with("no zone of this server has a place for it")),
        }
    }

    /// Checks the signatures, and puts what holds into the store.
    async fn hold(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        spots: &[Spot],
    ) -> Result<Answer, Refusal> {
        let changes = self.in_time(self.changes(threepid, statement, spots)).await?;
        let now = self.clock.now();
        vet::in_time(statement, now, &self.rules.limits)?;
        self.keep(changes, now).await
    }

    /// What a statement changes in each tree where somebody vouches for it; one at the least.
    async fn changes(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        spots: &[Spot],
    ) -> Result<Vec<Change>, Refusal> {
        let mut changes = Vec::new();
        let mut unvouched = None;
        for (apex, vouched) in self.vouched_in_all(threepid, statement, spots).await {
            match vouched {
                Ok(vouched) => {
                    let change = Change::publish(&apex, threepid.clone(), vouched);
                    changes.push(change.expect("it has a name in this tree"));
                }
                Err(refusal) if refusal.kind == RefusalKind::Forbidden => unvouched = Some(refusal),
                Err(refusal) => return Err(refusal),
            }
        }
        match unvouched {
            Some(refusal) if changes.is_empty() => Err(refusal),
            _ => Ok(changes),
        }
    }

    /// What [`Self::vouched`] says of each tree; all are asked at the same time.
    async fn vouched_in_all(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        spots: &[Spot],
    ) -> BTreeMap<Name, Result<Statement, Refusal>> {
        let mut asked = JoinSet::new();
        for Spot { apex, .. } in spots {
            let (client, verifiers) = (self.client.clone(), self.rules.verifiers.clone());
            let (threepid, statement, apex) = (threepid.clone(), statement.clone(), apex.clone());
            asked.spawn(async move {
                let vouching = client.vouch(&threepid, &statement, &apex, &verifiers).await;
                (apex, vouching)
            });
        }
        let answers = asked.join_all().await.into_iter();
        answers.map(|(apex, vouching)| (apex, self.judged(statement, &vouching))).collect()
    }

    /// The statement with those of its signatures that hold, by the certificates in the tree at `apex`.
    async fn vouched(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        apex: &Name,
    ) -> Result<Statement, Refusal> {
        let vouching = self.client.vouch(threepid, statement, apex, &self.rules.verifiers).await;
        self.judged(statement, &vouching)
    }

    fn judged(&self, statement: &Statement, vouching: &Vouching) -> Result<Statement, Refusal> {
        vet::vouched(statement, vouching).map_err(|unvouched| match unvouched {
            vet::Unvouched::Undetermined(why) => {
                RefusalKind::Undetermined.retry(why, self.rules.limits.retry_after)
            }
            vet::Unvouched::Refused(why) => RefusalKind::Forbidden.with(why),
        })
    }

    async fn keep(&self, changes: Vec<Change>, now: Timestamp) -> Result<Answer, Refusal> {
        match self.shelf.keep(changes, now).await {
            Ok(outcomes) => {
                let answer = vet::best(&outcomes, &self.rules.limits)?;
                self.have_served().await?;
                Ok(answer)
            }
            Err(error) => {
                tracing::error!(error = told(&error), "a publication was not stored");
                let error = "it could not be stored, by a fault of this server: try again later";
                Err(RefusalKind::Failed.retry(error, self.rules.limits.retry_after))
            }
        }
    }

    /// Waits until what was kept is served, but not for long.
    async fn have_served(&self) -> Result<(), Refusal> {
        let Limits { serve_time, retry_after, .. } = self.rules.limits;
        timeout(serve_time, self.shelf.served()).await.map_err(|_| {
            tracing::warn!("a publication is stored, and not served yet");
            let error = "it is stored, and not served yet: come again to hear that it is";
            RefusalKind::NotServed.retry(error, retry_after)
        })
    }
}

/// What is told of an error in the log: of what is damaged, nothing, as it may name people.
fn told(error: &StoreError) -> String {
    match error {
        StoreError::Damaged(_) => "the store is damaged: see `threepid store check`".to_owned(),
        error => error.to_string(),
    }
}
