//! Passing a statement on to the servers of a delegated zone.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::answer::DELEGATED;
use super::request::{HOPS, ZONE};
use super::{Answer, Publisher, Refusal, RefusalKind, Shelf, Spot};
use crate::association::Statement;
use crate::codec::Url;
use crate::signed::{self, Json, Object};
use crate::stub::publish::{Finder, Places};
use crate::threepid::Threepid;
use crate::transport::Exchange;
use crate::transport::http::{Bytes, Fetch, Incoming, Outgoing, header};
use crate::wire::{Name, Prefix, is_global};

/// What is read of an answer: a few members.
const ANSWER: signed::Limits = signed::Limits { octets: 8192, depth: 4 };

/// How many servers of a zone are tried.
const MAX_SERVERS: usize = 4;

/// How much of a server's text is told on, in characters.
const MAX_TEXT: usize = 1024;

/// The longest time to wait that is told on.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A statement on its way, and how it may go.
pub(super) struct Passing<'a, F> {
    pub(super) body: &'a [u8],
    pub(super) spot: &'a Spot,
    /// How often it was passed on before.
    pub(super) hops: u8,
    pub(super) fetch: &'a F,
    /// Networks it may go to, besides the addresses of the internet.
    pub(super) allowed: &'a [Prefix],
}

/// What a server answers to what was passed on.
enum Relayed {
    /// This is for whoever sent it.
    Answer(Answer),
    /// Servers of this zone know more.
    Deeper(Name),
}

impl<E: Exchange + 'static, F: Fetch, S: Shelf> Publisher<E, F, S> {
    /// Passes a statement that somebody vouches for on to the service of the zone `cut`, and from there
    /// deeper, until one answers.
    pub(super) async fn forward(
        &self,
        threepid: &Threepid,
        statement: &Statement,
        passing: &Passing<'_, F>,
        cut: Name,
    ) -> Result<Answer, Refusal> {
        let limits = &self.rules.limits;
        let passed = async {
            self.vouched(threepid, statement, &passing.spot.apex).await?;
            let passage = self.passages.enter(&cut, limits);
            let _passage = passage.ok_or_else(|| self.busy(&cut))?;
            self.descend(passing, cut).await
        };
        timeout(limits.forward_time, passed).await.unwrap_or_else(|_| {
            let seconds = limits.forward_time.as_secs();
            let error = format!("it was to be passed on, and not answered in {seconds} s");
            Err(RefusalKind::TimedOut.retry(error, limits.retry_after))
        })
    }

    fn busy(&self, cut: &Name) -> Refusal {
        let error = format!("too many statements are being passed on now, in all or to {cut}");
        RefusalKind::Busy.retry(error, self.rules.limits.retry_after)
    }

    async fn descend(&self, passing: &Passing<'_, F>, mut cut: Name) -> Result<Answer, Refusal> {
        let owner = &passing.spot.owner;
        for hops in passing.hops.saturating_add(1)..=self.rules.limits.hops {
            match self.pass(passing, hops, &cut).await? {
                Relayed::Answer(answer) => return Ok(answer),
                Relayed::Deeper(zone) if zone.is_below(&cut) && owner.is_at_or_below(&zone) => {
                    cut = zone;
                }
                Relayed::Deeper(zone) => {
                    let error =
                        format!("the server of {cut} refers to {zone}, which is not deeper");
                    return Err(RefusalKind::NotForwarded.with(error));
                }
            }
        }
        let most = self.rules.limits.hops;
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
        let mut refused = None;
        for url in locations.into_iter().take(MAX_SERVERS) {
            match self.send(passing, hops, cut, url).await {
                Ok(relayed) => return Ok(relayed),
                Err(refusal) => refused = refused.or(Some(refusal)),
            }
        }
        Err(refused.unwrap_or_else(|| self.no_service(cut, "no host is named")))
    }

    async fn send(
        &self,
        passing: &Passing<'_, F>,
        hops: u8,
        cut: &Name,
        url: Url,
    ) -> Result<Relayed, Refusal> {
        let wait = self.rules.limits.retry_after;
        let host = url.host().to_string();
        let unfit = |why: &str| {
            RefusalKind::NotForwarded.retry(format!("passed on to {host}: {why}"), wait)
        };
        let addresses = Some(self.addresses(&url, passing.allowed).await.map_err(unfit)?);
        let body = Bytes::copy_from_slice(passing.body);
        let mut request = Outgoing { addresses, ..Outgoing::post_json(url, body) };
        request.headers.insert(HOPS, header::HeaderValue::from(u16::from(hops)));
        if let Ok(zone) = header::HeaderValue::from_str(&cut.to_string()) {
            request.headers.insert(ZONE, zone);
        }
        let response = passing.fetch.fetch(request).await;
        let response = response.map_err(|error| unfit(&error.to_string()))?;
        let unknown = || unfit(&format!("no answer that is known here: {}", response.status));
        read(&response).ok_or_else(unknown)
    }

    /// The addresses of a server that may be connected to.
    async fn addresses(
        &self,
        url: &Url,
        allowed: &[Prefix],
    ) -> Result<Vec<SocketAddr>, &'static str> {
        let roots = self.rules.roots.iter().map(|apex| (apex.clone(), None));
        let in_tree = Finder::new(self.client.clone(), roots).addresses(url).await;
        let found = match in_tree {
            Some(found) => found,
            None => in_system(url).await,
        };
        let may_go = |address: &SocketAddr| {
            let address = address.ip();
            is_global(address) || allowed.iter().any(|network| network.contains(address))
        };
        let fit: Vec<_> = found.iter().copied().filter(may_go).collect();
        match (fit.is_empty(), found.is_empty()) {
            (false, _) => Ok(fit),
            (true, true) => Err("it has no address that is known now"),
            (true, false) => {
                Err("none of its addresses is of the internet, or allowed by `forward_to`")
            }
        }
    }
}

/// The addresses of a host that is in no tree, as the system knows them. TLS proves that it is the one.
async fn in_system(url: &Url) -> Vec<SocketAddr> {
    match lookup_host((url.host().to_string(), url.port())).await {
        Ok(found) => found.collect(),
        Err(_) => Vec::new(),
    }
}

/// Reads what a server answers; none where that is nothing that could be told on.
fn read(response: &Incoming) -> Option<Relayed> {
    let body = Object::parse(&response.body, &ANSWER).ok()?;
    let text = |name| match body.get(name) {
        Some(Json::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let status = response.status.as_u16();
    let answer = match (status, text("status"), text("errcode")) {
        (201, Some("stored"), _) => Answer::Stored,
        (200, Some("merged"), _) => Answer::Merged,
        (200, Some("unchanged"), _) => Answer::Unchanged,
        (307, _, Some(DELEGATED)) => return text("zone")?.parse().ok().map(Relayed::Deeper),
        (status, _, Some(errcode)) => {
            let kind = relayed_kind(status, errcode)?;
            let error = text("error").unwrap_or_default().chars().take(MAX_TEXT).collect();
            Answer::Refused(Refusal { kind, error, retry_after: wait(response, &body) })
        }
        _ => return None,
    };
    Some(Relayed::Answer(answer))
}

/// The kind of refusal that is told on. That nothing is there, or only for others, is not about the
/// statement.
fn relayed_kind(status: u16, errcode: &str) -> Option<RefusalKind> {
    let is_it = |kind: &RefusalKind| (kind.status(), kind.errcode()) == (status, errcode);
    let kind = RefusalKind::ALL.into_iter().find(is_it)?;
    (kind != RefusalKind::Failed).then_some(kind)
}

/// How long to wait, as the server says.
fn wait(response: &Incoming, body: &Object) -> Option<Duration> {
    let header = response.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = match body.get("retry_after_ms") {
        Some(Json::Integer(millis)) => Duration::from_millis(u64::try_from(*millis).ok()?),
        _ => Duration::from_secs(header?.parse().ok()?),
    };
    Some(wait.min(LONGEST_WAIT))
}
