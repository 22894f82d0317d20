//! Homeservers, as a verification server tells them of what was bound.

use std::sync::Arc;

use crate::homeserver::Homeservers;
use crate::signed::{Object, ServerName};
use crate::transport::http::{BoxFuture, HttpClient};
use crate::verifier::{self, NotTold};

/// Tells homeservers.
pub(super) struct Told(pub(super) Arc<Homeservers<HttpClient>>);

impl verifier::Homeservers for Told {
    fn onbind<'a>(
        &'a self,
        server: &'a ServerName,
        content: &'a Object,
    ) -> BoxFuture<'a, Result<(), NotTold>> {
        Box::pin(async move {
            let told = self.0.onbind(server, content).await;
            told.map_err(|error| match error.is_temporary() {
                true => NotTold::Later(error.to_string()),
                false => NotTold::Refused(error.to_string()),
            })
        })
    }
}
