//! What the log has of publications.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;

use super::world::statement;
use crate::association::Statement;
use crate::clock::Timestamp;
use crate::services::publish::note::{note, warn};
use crate::services::publish::{Answer, RefusalKind, Tally};
use crate::telemetry::Telemetry;

/// What is logged meanwhile.
fn logged(work: impl FnOnce()) -> String {
    let file = Arc::new(tempfile::tempfile().unwrap());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .without_time()
        .with_ansi(false)
        .with_writer(file.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    let (mut text, mut file): (String, &File) = (String::new(), &file);
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_publication_is_noted_without_whom_it_is_about() {
    let body = statement("447700900123", Some("a"), 0, &["b.example", "a.example"]);
    let (threepid, statement) = Statement::from_json(&body).unwrap();
    let peer = "2001:db8::1:2:3:4".parse().unwrap();
    let text = logged(|| note(peer, &threepid, &statement, &Answer::Stored));
    let who = "client=2001:db8::/64 about=";
    let rest = "signers=\"a.example ed25519:1, b.example ed25519:1\" outcome=\"stored\"";
    assert!(text.contains(who) && text.contains(rest), "{text}");
    assert!(!text.contains("7700900123") && !text.contains("3.2.1.0"), "{text}");
}

#[test]
fn what_cannot_be_judged_is_warned_of_once_a_minute() {
    let tally = Tally::new(&Telemetry::new("t"));
    let warned = |kind: RefusalKind, seconds| {
        let refused = Answer::Refused(kind.with("no resolver"));
        let now = Timestamp::from_secs(seconds);
        logged(|| warn(&tally, &refused, now)).contains("no resolver")
    };
    assert!(!warned(RefusalKind::Forbidden, 100));
    assert!(warned(RefusalKind::Undetermined, 100));
    assert!(!warned(RefusalKind::Undetermined, 159));
    assert!(warned(RefusalKind::Undetermined, 160));
}
