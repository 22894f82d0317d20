//! A resolution on its way: each question is sent, and what comes of it given to the machine, until there
//! is an answer.

use std::io::ErrorKind;
use std::sync::Arc;

use super::Shared;
use super::coalesce::{Outcome, Part};
use super::flight::Leader;
use super::places::Occasion;
use super::tally::Ending;
use super::tenure::Tenure;
use crate::crypto::OsRandom;
use crate::resolver::{Cause, Input, Note, Obstacle, Outgoing, Resolution, Response, Step};
use crate::transport::{Exchange, ExchangeError};
use crate::wire::Question;

/// What a resolution comes to without the network.
pub(super) enum Turn {
    Send(Outgoing),
    End(Response),
}

impl<E: Exchange + 'static> Shared<E> {
    pub(super) fn place(&self, leader: &Leader, occasion: Occasion) -> Option<Tenure> {
        self.places.take(&self.policy.load(), &leader.key().question.name, occasion)
    }

    /// Returns once the place is lost to another, and there is none instead.
    pub(super) async fn out_of_place(
        &self,
        leader: &Leader,
        mut place: Tenure,
        occasion: Occasion,
    ) {
        place.lost().await;
        // Somebody may wait by now for what was begun for nobody.
        if occasion == Occasion::Prefetch
            && leader.is_followed()
            && let Some(mut place) = self.place(leader, Occasion::Request)
        {
            place.lost().await;
        }
    }

    /// What becomes of a resolution that loses its place.
    pub(super) fn displaced(&self) -> Response {
        let response = Response::failure(Cause::Busy);
        self.tally.resolution(&response);
        response
    }

    /// Drives a resolution to its end, or to the deadline.
    pub(super) async fn run(
        self: &Arc<Self>,
        mut resolution: Resolution,
        first: Outgoing,
        tell: impl FnMut(Note),
    ) -> Response {
        let driven = self.drive(&mut resolution, first, tell);
        let response = match tokio::time::timeout(self.limits.deadline, driven).await {
            Ok(response) => response,
            Err(_) => {
                self.step_once(&mut resolution, Input::TooLate);
                Response::failure(Cause::TooLate)
            }
        };
        self.tally.resolution(&response);
        response
    }

    async fn drive(
        self: &Arc<Self>,
        resolution: &mut Resolution,
        mut send: Outgoing,
        mut tell: impl FnMut(Note),
    ) -> Response {
        loop {
            let reply = self.exchange(resolution, send).await;
            let input = match &reply {
                Ok(octets) => Input::Reply(octets),
                Err(ExchangeError::Besieged) => Input::Besieged,
                Err(ExchangeError::NotSent) => Input::NotSent,
                Err(ExchangeError::Io(error)) => Input::Unreachable(obstacle(error.kind())),
                Err(ExchangeError::Timeout | ExchangeError::Mismatch) => Input::NoReply,
            };
            let turn = self.step(resolution, input);
            resolution.notes().into_iter().for_each(&mut tell);
            match turn {
                Turn::Send(next) => send = next,
                Turn::End(response) => return response,
            }
        }
    }

    /// Asks a server, or waits with whoever asks it the same.
    async fn exchange(self: &Arc<Self>, resolution: &mut Resolution, send: Outgoing) -> Outcome {
        match self.exchanges.join(&send) {
            Part::Lead(leader, follower) => {
                let (shared, packet) = (self.clone(), send.packet.clone());
                // On its own, so that it goes on for others where this resolution ends.
                tokio::spawn(async move {
                    let Outgoing { server, via, packet, timeout } = send;
                    let exchange = shared.exchange.exchange(server, via, &packet, timeout);
                    let outcome = leader.carry_out(exchange).await;
                    shared.tally.exchange(Ending::of(outcome.as_deref()));
                });
                follower.outcome(&packet).await
            }
            Part::Follow(follower) => {
                self.tally.exchange(Ending::Joined);
                self.step_once(resolution, Input::Joined);
                let outcome = follower.outcome(&send.packet);
                let outcome = tokio::time::timeout(send.timeout, outcome).await;
                outcome.unwrap_or(Err(ExchangeError::NotSent))
            }
        }
    }

    pub(super) fn step(&self, resolution: &mut Resolution, input: Input<'_>) -> Turn {
        let mut step = self.step_once(resolution, input);
        if matches!(step, Step::Wait) {
            // The exchange has waited on already (see `transport::network`): nothing more will come.
            step = self.step_once(resolution, Input::NoReply);
        }
        match step {
            Step::Send(send) => Turn::Send(send),
            Step::Done(response) => Turn::End(*response),
            Step::Fail(cause) => Turn::End(Response::failure(cause)),
            // It waits only for a question that is out, which it was just told is not.
            Step::Wait => Turn::End(Response::failure(Cause::TooLate)),
        }
    }

    fn step_once(&self, resolution: &mut Resolution, input: Input<'_>) -> Step {
        resolution.step(input, self.clock.now(), &self.memory, &mut OsRandom)
    }
}

/// Says why there is no answer, where there is none.
pub(super) fn log(question: &Question, response: &Response) {
    if let Some(cause) = &response.failure {
        tracing::debug!(%question, %cause, "not resolved");
    }
}

/// Why a server cannot be reached. It counts as broken off where a connection stood, and was ended
/// early.
fn obstacle(error: ErrorKind) -> Obstacle {
    match error {
        ErrorKind::ConnectionRefused => Obstacle::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Obstacle::NoRoute,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Obstacle::BrokenOff,
        _ => Obstacle::Failure,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_resolved_is_logged() {
        let made = Lines::default();
        let lines = made.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .without_time()
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        let name = "a.example.".parse().unwrap();
        let question =
            Question { name, rtype: crate::wire::Rtype::A, class: crate::wire::Class::IN };
        tracing::subscriber::with_default(subscriber, || {
            log(&question, &Response::failure(Cause::TooLate));
        });
        let text = String::from_utf8(made.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("not resolved question=a.example. IN A cause="), "{text}");
    }

    #[test]
    fn what_is_in_the_way_is_told() {
        for (error, expected) in [
            (ErrorKind::ConnectionRefused, Obstacle::Refused),
            (ErrorKind::NetworkUnreachable, Obstacle::NoRoute),
            (ErrorKind::UnexpectedEof, Obstacle::BrokenOff),
            (ErrorKind::PermissionDenied, Obstacle::Failure),
        ] {
            assert_eq!(obstacle(error), expected, "{error}");
        }
    }
}
