//! What is counted of questions and answers.

use std::sync::Arc;

use crate::telemetry::{Counters, Labels, Shard, Telemetry};
use crate::transport::Transport;
use crate::wire::Rcode;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Answered from the zones, with this code.
    Zones(Rcode),
    /// Left to the recursor.
    Recursion,
    /// Refused to whoever may not ask that here.
    Prohibited,
    /// No question; answered with this error.
    Malformed(Rcode),
    /// No question, and without answer.
    Ignored,
}

const TRANSPORTS: [(Transport, &str); 2] = [(Transport::Udp, "udp"), (Transport::Tcp, "tcp")];
const COURSES: [&str; 5] = ["zones", "recursion", "prohibited", "malformed", "ignored"];
/// The codes counted by name; all others count as one.
const RCODES: [(Rcode, &str); 7] = [
    (Rcode::NOERROR, "NOERROR"),
    (Rcode::FORMERR, "FORMERR"),
    (Rcode::SERVFAIL, "SERVFAIL"),
    (Rcode::NXDOMAIN, "NXDOMAIN"),
    (Rcode::NOTIMP, "NOTIMP"),
    (Rcode::REFUSED, "REFUSED"),
    (Rcode::BADVERS, "BADVERS"),
];
const OTHER: &str = "other";

impl Course {
    fn index(self) -> usize {
        match self {
            Self::Zones(_) => 0,
            Self::Recursion => 1,
            Self::Prohibited => 2,
            Self::Malformed(_) => 3,
            Self::Ignored => 4,
        }
    }

    /// The code of the response that was given at once.
    fn rcode(self) -> Option<Rcode> {
        match self {
            Self::Zones(rcode) | Self::Malformed(rcode) => Some(rcode),
            Self::Prohibited => Some(Rcode::REFUSED),
            Self::Recursion | Self::Ignored => None,
        }
    }
}

/// How the wait of a question for an answer from elsewhere ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The answer was given.
    Answered,
    /// The answer came too late to be given.
    Late,
    /// There was no wait: too many questions of this client wait already.
    ClientFull,
    /// There was no wait: too many questions wait already.
    Full,
}

const WAITS: [&str; 4] = ["answered", "late", "client_full", "full"];

/// Counts for one thread.
#[derive(Debug)]
pub(super) struct Tally {
    questions: Shard,
    responses: Shard,
}

impl Tally {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let series = both(COURSES).map(|(transport, course)| {
            Labels::from([("transport", transport), ("course", course)])
        });
        let help = "Packets that came, by what became of them";
        let questions = telemetry.counters("dns_questions", help, series.collect());
        Self { questions: questions.shard(), responses: responses(telemetry).shard() }
    }

    /// Counts a packet, and its response where it has one already.
    pub(super) fn question(&mut self, transport: Transport, course: Course) {
        self.questions.count(place(transport, COURSES.len(), course.index()));
        if let Some(rcode) = course.rcode() {
            count_response(&mut self.responses, transport, rcode);
        }
    }
}

/// The counters of questions that had to wait.
pub(super) fn waits(telemetry: &Telemetry) -> Arc<Counters> {
    let series =
        both(WAITS).map(|(transport, end)| Labels::from([("transport", transport), ("end", end)]));
    let help = "Questions that took the network to answer: answered, too late to be, or turned away \
                as too many of the client (client_full) or of all (full) wait";
    telemetry.counters("dns_waits", help, series.collect())
}

pub(super) fn count_wait(shard: &mut Shard, transport: Transport, wait: Wait) {
    shard.count(place(transport, WAITS.len(), wait as usize));
}

/// The counters of responses.
pub(super) fn responses(telemetry: &Telemetry) -> Arc<Counters> {
    let rcodes = RCODES.map(|(_, label)| label).into_iter().chain([OTHER]);
    let series = both(rcodes)
        .map(|(transport, rcode)| Labels::from([("transport", transport), ("rcode", rcode)]));
    telemetry.counters("dns_responses", "Responses, by their codes", series.collect())
}

pub(super) fn count_response(shard: &mut Shard, transport: Transport, rcode: Rcode) {
    let known = RCODES.iter().position(|(known, _)| *known == rcode);
    shard.count(place(transport, RCODES.len() + 1, known.unwrap_or(RCODES.len())));
}

/// Each of `labels` with each transport, in the order of [`place`].
fn both<'l>(
    labels: impl IntoIterator<Item = &'l str, IntoIter: Clone>,
) -> impl Iterator<Item = (&'static str, &'l str)> {
    let labels = labels.into_iter();
    TRANSPORTS
        .into_iter()
        .flat_map(move |(_, transport)| labels.clone().map(move |label| (transport, label)))
}

fn place(transport: Transport, count: usize, index: usize) -> usize {
    let transport = TRANSPORTS.iter().position(|(known, _)| *known == transport);
    transport.expect("both transports are listed") * count + index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_at_their_labels() {
        let telemetry = Telemetry::new("t");
        let mut tally = Tally::new(&telemetry);
        tally.question(Transport::Udp, Course::Zones(Rcode::NOERROR));
        tally.question(Transport::Tcp, Course::Zones(Rcode::YXDOMAIN));
        tally.question(Transport::Tcp, Course::Recursion);
        tally.question(Transport::Udp, Course::Prohibited);
        tally.question(Transport::Udp, Course::Malformed(Rcode::BADVERS));
        tally.question(Transport::Tcp, Course::Ignored);
        let text = telemetry.render();
        let ones: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" 1")).collect();
        assert_eq!(
            ones,
            [
                r#"t_dns_questions_total{transport="udp",course="zones"}"#,
                r#"t_dns_questions_total{transport="udp",course="prohibited"}"#,
                r#"t_dns_questions_total{transport="udp",course="malformed"}"#,
                r#"t_dns_questions_total{transport="tcp",course="zones"}"#,
                r#"t_dns_questions_total{transport="tcp",course="recursion"}"#,
                r#"t_dns_questions_total{transport="tcp",course="ignored"}"#,
                r#"t_dns_responses_total{transport="udp",rcode="NOERROR"}"#,
                r#"t_dns_responses_total{transport="udp",rcode="REFUSED"}"#,
                r#"t_dns_responses_total{transport="udp",rcode="BADVERS"}"#,
                r#"t_dns_responses_total{transport="tcp",rcode="other"}"#,
            ]
        );
    }
}
