//! Popular answers are looked for anew before their time is over, so that nobody has to wait for them.

use super::flight::RequestKey;
use super::places::Occasion;
use super::tally::Handling;
use super::{Begun, Recursor};
use crate::dnssec::Security;
use crate::resolver::{Checking, Response};
use crate::transport::Exchange;
use crate::wire::Question;

impl<E: Exchange + 'static> Recursor<E> {
    /// Begins to look anew for what was just told from memory, where it will not be there for long
    /// and nobody does so already. It takes no place from who waits.
    pub(super) fn prefetch(&self, question: &Question, told: &Begun) {
        let Begun::Known(response) = told else { return };
        if !response.is_due || self.shared.limits.prefetches == 0 {
            return;
        }
        let key = RequestKey { question: question.clone(), checking: judged(response), anew: true };
        if self.shared.resolutions.is_in_flight(&key) {
            return;
        }
        let (handling, _) = self.start(key, Occasion::Prefetch, || true);
        if matches!(handling, Handling::Begun | Handling::Busy) {
            self.shared.tally.prefetch(handling);
        }
    }
}

/// What was judged is to be judged again: what is not would not take its place.
fn judged(response: &Response) -> Checking {
    match response.security {
        Security::Indeterminate => Checking::Disabled,
        _ => Checking::Enabled,
    }
}
