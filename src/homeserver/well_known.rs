//! Who acts for a homeserver: `/.well-known/matrix/server`.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use super::{Homeservers, Limits, Refused};
use crate::clock::Timestamp;
use crate::codec::{Url, from_http_date};
use crate::signed::ServerName;
use crate::transport::http::{Fetch, HeaderMap, Incoming, Outgoing, StatusCode, header};

/// What is known of who acts for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delegation {
    /// This one.
    To(ServerName),
    /// Nobody was told, so many times in a row.
    Failed(u32),
}

/// The document. What else it has is not looked at.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "m.server")]
    server: String,
}

impl<F: Fetch> Homeservers<F> {
    /// Who acts for the server at a host, as far as that is told.
    pub(super) async fn delegated(&self, host: &str) -> Result<Option<ServerName>, Refused> {
        let (host, now) = (host.to_ascii_lowercase(), self.clock.now());
        let known = match self.delegations.get(&host, now) {
            Some(known) => known,
            None => self.ask_delegated(host, now).await?,
        };
        Ok(match known {
            Delegation::To(server) => Some(server),
            Delegation::Failed(_) => None,
        })
    }

    /// That too many are asked now is nothing to remember of a server.
    async fn ask_delegated(&self, host: String, now: Timestamp) -> Result<Delegation, Refused> {
        let asked = timeout(self.limits.well_known_time, self.ask_well_known(&host)).await;
        let (delegation, kept) = match asked.ok().transpose()?.flatten() {
            Some((server, headers)) => {
                (Delegation::To(server), lifetime(&headers, now, &self.limits))
            }
            None => {
                let failures = match self.delegations.last(&host) {
                    Some(Delegation::Failed(before)) => before.saturating_add(1),
                    _ => 1,
                };
                (Delegation::Failed(failures), pause(failures, &self.limits))
            }
        };
        self.delegations.insert(host, delegation.clone(), now.saturating_add(kept));
        Ok(delegation)
    }

    /// The server that the document names, and what was said of how long that counts. Redirects are
    /// followed.
    async fn ask_well_known(&self, host: &str) -> Result<Option<(ServerName, HeaderMap)>, Refused> {
        let url = format!("https://{host}/.well-known/matrix/server").parse();
        let Ok(mut url): Result<Url, _> = url else { return Ok(None) };
        for _ in 0..=self.limits.redirects {
            let answer = self.send(Outgoing::get(url.clone())).await?.inspect_err(|why| {
                tracing::debug!(host, %why, "no .well-known document");
            });
            let Ok(answer) = answer else { return Ok(None) };
            match redirected(&url, &answer) {
                Some(next) => url = next,
                None => {
                    let server = read(&answer, &self.limits);
                    return Ok(server.map(|server| (server, answer.headers)));
                }
            }
        }
        Ok(None)
    }
}

/// Where a response leads to: over HTTPS only.
fn redirected(from: &Url, answer: &Incoming) -> Option<Url> {
    if ![301, 302, 303, 307, 308].contains(&answer.status.as_u16()) {
        return None;
    }
    let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
    let location = location.split('#').next().unwrap_or_default();
    let next = match location.strip_prefix("//") {
        Some(elsewhere) => format!("https://{elsewhere}").parse(),
        None if location.starts_with('/') => from.with_target(location),
        None => location.parse(),
    };
    next.ok().filter(Url::is_secure)
}

fn read(answer: &Incoming, limits: &Limits) -> Option<ServerName> {
    if answer.status != StatusCode::OK || answer.body.len() > limits.well_known_octets {
        return None;
    }
    let document: Document = serde_json::from_slice(&answer.body).ok()?;
    document.server.parse().ok()
}

/// How long to wait after so many failures.
fn pause(failures: u32, limits: &Limits) -> Duration {
    let factor = 1_u32.checked_shl(failures - 1).unwrap_or(u32::MAX);
    limits.failure_first.saturating_mul(factor).min(limits.failure_most)
}

/// How long a response counts (RFC 9111 section 4.2.1), within our own limits.
pub(super) fn lifetime(headers: &HeaderMap, now: Timestamp, limits: &Limits) -> Duration {
    let controls = headers.get_all(header::CACHE_CONTROL).into_iter();
    let controls: Vec<String> = controls
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    let is_fleeting = |directive: &String| directive == "no-store" || directive == "no-cache";
    let max_age = controls.iter().find_map(|directive| directive.strip_prefix("max-age="));
    let told = match (controls.iter().any(is_fleeting), max_age, headers.get(header::EXPIRES)) {
        (true, _, _) => Duration::ZERO,
        (_, Some(seconds), _) => {
            Duration::from_secs(seconds.trim_matches('"').parse().unwrap_or(0))
        }
        (_, _, Some(expires)) => {
            let expires = expires.to_str().ok().and_then(from_http_date).unwrap_or(0);
            Timestamp::from_secs(expires).since(now)
        }
        _ => limits.well_known_kept,
    };
    told.clamp(limits.well_known_least, limits.well_known_most)
}
