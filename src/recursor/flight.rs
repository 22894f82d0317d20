//! Who asks the same at the same time waits for the same resolution.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::stale::Spare;
use crate::resolver::{Cause, Checking, Policy, Resolution, Response};
use crate::wire::Question;

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    pub(super) question: Question,
    /// Whether the answer is judged.
    pub(super) checking: Checking,
    /// Whether it is looked for though it may be known.
    pub(super) anew: bool,
}

impl Route {
    /// The resolution that takes it.
    pub(super) fn resolution(&self, policy: Arc<Policy>) -> Resolution {
        let (question, checking) = (self.question.clone(), self.checking);
        match self.anew {
            false => Resolution::new(policy, question, checking),
            true => Resolution::anew(policy, question, checking),
        }
    }
}

type Board = Arc<Mutex<HashMap<Route, Flight>>>;

/// A resolution under way.
#[derive(Debug)]
struct Flight {
    landed: watch::Receiver<Option<Arc<Response>>>,
    begun: Instant,
    /// How many take part.
    aboard: usize,
}

/// The resolutions under way.
#[derive(Debug)]
pub(super) struct Flights {
    board: Board,
    /// How many may take part in one.
    seats: NonZeroUsize,
}

/// How someone takes part in a resolution.
pub(super) enum Boarding {
    /// It is under way.
    Passenger(Landing),
    /// It is for this one to make.
    Pilot(Pilot, Landing),
    /// Too many take part already.
    Full,
}

/// The response to a question, on its way.
#[derive(Debug)]
pub struct Landing {
    landed: watch::Receiver<Option<Arc<Response>>>,
    /// When the resolution began.
    begun: Instant,
    /// What is told where it does not come, or not in time.
    spare: Option<Spare>,
}

/// Brings the response. Where it is dropped before, those who wait are told that it was
/// broken off.
pub(super) struct Pilot {
    board: Board,
    route: Route,
    landed: watch::Sender<Option<Arc<Response>>>,
}

impl Flights {
    /// None are under way. `seats` may take part in each.
    pub(super) fn new(seats: NonZeroUsize) -> Self {
        Self { board: Board::default(), seats }
    }

    /// Whether a resolution takes this route.
    pub(super) fn is_under_way(&self, route: &Route) -> bool {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).contains_key(route)
    }

    /// Joins a resolution that takes this route, or begins one. Who does not need the answer anew
    /// joins also where someone does.
    pub(super) fn board(&self, route: Route) -> Boarding {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let anew = Route { anew: true, ..route.clone() };
        let joined = if board.contains_key(&anew) { &anew } else { &route };
        if let Some(flight) = board.get_mut(joined) {
            if flight.aboard >= self.seats.get() {
                return Boarding::Full;
            }
            flight.aboard += 1;
            return Boarding::Passenger(flight.landing());
        }
        let (pilot, landed) = watch::channel(None);
        let flight = Flight { landed, begun: Instant::now(), aboard: 1 };
        let landing = flight.landing();
        board.insert(route.clone(), flight);
        Boarding::Pilot(Pilot { board: self.board.clone(), route, landed: pilot }, landing)
    }
}

impl Flight {
    fn landing(&self) -> Landing {
        Landing { landed: self.landed.clone(), begun: self.begun, spare: None }
    }
}

impl Landing {
    /// Waits for the response; where a stale one does, no longer than for it to be in time.
    pub async fn wait(self) -> Arc<Response> {
        let arrival = arrive(self.landed);
        match self.spare {
            None => arrival.await,
            Some(spare) => spare.unless(arrival).await,
        }
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// The same, with something to be told where nothing comes in time.
    pub(super) fn spared(self, spare: Option<Spare>) -> Self {
        Self { spare, ..self }
    }
}

async fn arrive(mut landed: watch::Receiver<Option<Arc<Response>>>) -> Arc<Response> {
    match landed.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(response)) => response.clone(),
        _ => Arc::new(Response::failure(Cause::BrokenOff)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Class, Name, Rtype};

    #[tokio::test]
    async fn who_waits_is_told_that_a_pilot_is_lost() {
        let flights = Flights::new(NonZeroUsize::MIN);
        let question = Question { name: Name::root(), rtype: Rtype::NS, class: Class::IN };
        let checking = Checking::Enabled;
        let board = |anew| flights.board(Route { question: question.clone(), checking, anew });
        let Boarding::Pilot(pilot, landing) = board(true) else { panic!("nobody flies yet") };
        assert!(matches!(board(false), Boarding::Full));
        drop(pilot);
        assert_eq!(landing.wait().await.failure, Some(Cause::BrokenOff));
        assert!(matches!(board(true), Boarding::Pilot(..)), "the next one flies anew");
    }
}
