//! Who asks the same at the same time waits for the same resolution.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::resolver::{Cause, Response};
use crate::wire::Question;

/// What makes two requests the same: the question, and whether the answer is to be judged.
type Route = (Question, bool);

type Board = Arc<Mutex<HashMap<Route, watch::Receiver<Option<Arc<Response>>>>>>;

/// The resolutions under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Board);

/// How someone takes part in a resolution.
pub(super) enum Boarding {
    /// It is under way.
    Passenger(Landing),
    /// It is for this one to make.
    Pilot(Pilot, Landing),
}

/// Waits for the response.
pub(super) struct Landing(watch::Receiver<Option<Arc<Response>>>);

/// Brings the response. Where it is dropped before, those who wait are told of a failure.
pub(super) struct Pilot {
    board: Board,
    route: Route,
    landed: watch::Sender<Option<Arc<Response>>>,
}

impl Flights {
    /// Joins the resolution of this question, or begins one.
    pub(super) fn board(&self, question: Question, checking_disabled: bool) -> Boarding {
        let route = (question, checking_disabled);
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = board.get(&route) {
            return Boarding::Passenger(Landing(landing.clone()));
        }
        let (landed, landing) = watch::channel(None);
        board.insert(route.clone(), landing.clone());
        Boarding::Pilot(Pilot { board: self.0.clone(), route, landed }, Landing(landing))
    }
}

impl Landing {
    pub(super) async fn wait(mut self) -> Arc<Response> {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(response)) => response.clone(),
            _ => Arc::new(Response::failure(Cause::Busy)),
        }
    }
}

impl Pilot {
    pub(super) fn land(self, response: Response) {
        self.landed.send_replace(Some(Arc::new(response)));
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.route);
    }
}
