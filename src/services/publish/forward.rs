//! Passing a statement on to the servers of a delegated zone.

use std::fmt::Display;

use super::request::{HOPS, ZONE};
use super::{Answer, Intake, Refusal, RefusalKind, Shelf, Spot};
use crate::association::Statement;
use crate::codec::Url;
use crate::stub::publish::{Reply, is_deeper};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::transport::http::{Bytes, Fetch, Outgoing, Reach, header};
use crate::wire::Name;

/// A statement on its way, and how it may go.
pub(super) struct Passing<'a, F> {
    pub(super) body: &'a [u8],
    pub(super) spot: &'a Spot,
    /// How often it was passed on before.
    pub(super) hops: u8,
    pub(super) fetch: &'a F,
    /// Where it may go.
    pub(super) reach: &'a Reach,
}

/// What a server answers to what was passed on.
enum Relayed {
    /// This is for whoever sent it.
    Answer(Answer),
    /// Servers of this zone know more.
    Deeper(Name),
}

impl<E: Exchange + 'static, F: Fetch, S: Shelf> Intake<E, F, S> {
    /// Passes a statement that somebody vouches for on to the service of the zone `cut`, and from there
    /// deeper, until one answers.
    pub(super) async fn forward(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        passing: &Passing<'_, F>,
        cut: Name,
    ) -> Result<Answer, Refusal> {
        self.vouched(threepid, statement, &passing.spot.apex).await?;
        let passage = self.passages.enter(&cut, &self.rules.limits);
        let _passage = passage.ok_or_else(|| self.busy(&cut))?;
        self.descend(passing, cut).await
    }

    fn busy(&self, cut: &Name) -> Refusal {
        let error = format!("too many statements are being passed on now, in all or to {cut}");
        RefusalKind::Busy.retry(error, self.rules.limits.retry_after)
    }

    async fn descend(&self, passing: &Passing<'_, F>, mut cut: Name) -> Result<Answer, Refusal> {
        let (owner, most) = (&passing.spot.owner, self.rules.limits.asking.hops);
        for hops in passing.hops.saturating_add(1)..=most {
            match self.pass(passing, hops, &cut).await? {
                Relayed::Answer(answer) => return Ok(answer),
                Relayed::Deeper(zone) if is_deeper(&zone, &cut, owner) => cut = zone,
                Relayed::Deeper(zone) => {
                    let why = format_args!("it refers to {zone}, which is not deeper");
                    return Err(self.not_forwarded(&cut, why));
                }
            }
        }
        Err(RefusalKind::TooFar.with(format!("it was passed on {most} times, and should go on")))
    }

    /// Passes it on once, to the first server of the zone that answers.
    async fn pass(
        &self,
        passing: &Passing<'_, F>,
        hops: u8,
        cut: &Name,
    ) -> Result<Relayed, Refusal> {
        let locations = self.locations(&passing.spot.apex, cut).await?;
        let mut refusal = self.no_service(cut, "no host is named");
        for url in locations.into_iter().take(self.rules.limits.asking.services) {
            match self.send(passing, hops, cut, url).await {
                Ok(relayed) => return Ok(relayed),
                Err(failure) => refusal = failure,
            }
        }
        Err(refusal)
    }

    async fn send(
        &self,
        passing: &Passing<'_, F>,
        hops: u8,
        cut: &Name,
        url: Url,
    ) -> Result<Relayed, Refusal> {
        let host = url.host().to_string();
        let unfit = |why: &dyn Display| self.not_forwarded(&host, why);
        let addresses = self.client.addresses(&url).await.map_err(|error| unfit(&error))?;
        let body = Bytes::copy_from_slice(passing.body);
        let reach = passing.reach.clone();
        let mut request = Outgoing { addresses, reach, ..Outgoing::post_json(url, body) };
        request.headers.insert(HOPS, header::HeaderValue::from(u16::from(hops)));
        if let Ok(zone) = header::HeaderValue::from_str(&cut.to_string()) {
            request.headers.insert(ZONE, zone);
        }
        let response = passing.fetch.fetch(request).await.map_err(|error| unfit(&error))?;
        let reply = Reply::read(&response, &self.rules.limits.asking);
        let unknown = || unfit(&format_args!("no answer that is known here: {}", response.status));
        relayed(reply).ok_or_else(unknown)
    }

    /// Tells a client no more than that: the cause may tell of networks that are ours alone. It is for the
    /// log.
    fn not_forwarded(&self, to: impl Display, why: impl Display) -> Refusal {
        tracing::debug!(%to, %why, "a statement was not passed on");
        let error = "it lies in a delegated zone, and cannot be passed on there now";
        RefusalKind::NotForwarded.retry(error, self.rules.limits.retry_after)
    }
}

/// What a server's answer is to whoever sent it; none where it is nothing that could be told on.
fn relayed(reply: Reply) -> Option<Relayed> {
    Some(Relayed::Answer(match reply {
        Reply::Stored => Answer::Stored,
        Reply::Merged => Answer::Merged,
        Reply::Unchanged => Answer::Unchanged,
        Reply::Referred { zone } => return Some(Relayed::Deeper(zone)),
        Reply::Refused { status, errcode, error, wait } => {
            let kind = relayed_kind(status.as_u16(), &errcode)?;
            Answer::Refused(Refusal { kind, error, retry_after: wait })
        }
        Reply::Unreadable { .. } => return None,
    }))
}

/// The kind of refusal that is told on. What is about the server, or about the way to it, is not about
/// the statement.
fn relayed_kind(status: u16, errcode: &str) -> Option<RefusalKind> {
    let is_it = |kind: &RefusalKind| (kind.status(), kind.errcode()) == (status, errcode);
    let kind = RefusalKind::ALL.into_iter().find(is_it)?;
    (kind.errcode() != "M_UNKNOWN").then_some(kind)
}
