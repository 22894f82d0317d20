//! Where the service of a delegated zone is.

use super::{Answer, Intake, Refusal, RefusalKind, Shelf, Spot};
use crate::codec::Url;
use crate::crypto::OsRandom;
use crate::stub::publish::ServiceError;
use crate::transport::Exchange;
use crate::transport::http::Fetch;
use crate::wire::Name;

impl<E: Exchange + 'static, F: Fetch, S: Shelf> Intake<E, F, S> {
    /// Tells where to send it.
    pub(super) async fn refer(&self, spot: &Spot, cut: &Name) -> Result<Answer, Refusal> {
        let locations = self.locations(&spot.apex, cut).await?;
        let location = locations.first().ok_or_else(|| self.no_service(cut, "no host is named"))?;
        Ok(Answer::Delegated { zone: cut.clone(), location: location.to_string() })
    }

    /// Where the zone `cut` takes statements for the tree at `apex`, as DNSSEC proves it, in an order to
    /// try them in. What is found, or not, is remembered by the client that asks.
    pub(super) async fn locations(&self, apex: &Name, cut: &Name) -> Result<Vec<Url>, Refusal> {
        match self.client.services(cut, &mut OsRandom).await {
            Ok(services) => {
                Ok(services.iter().filter_map(|service| service.location(apex).ok()).collect())
            }
            Err(ServiceError::Lookup { error: why, .. }) => {
                // It may tell of our resolver, which is not for strangers.
                tracing::debug!(%cut, %why, "where to publish was not found");
                let error = format!("where to publish for {cut} cannot be looked up now");
                Err(RefusalKind::Undetermined.retry(error, self.rules.limits.retry_after))
            }
            Err(error) => Err(self.no_service(cut, &error.to_string())),
        }
    }

    pub(super) fn no_service(&self, cut: &Name, why: &str) -> Refusal {
        let error = format!("it lies in the zone {cut}, which has to say where to publish: {why}");
        RefusalKind::NoService.retry(error, self.rules.limits.retry_after)
    }
}
