//! The ledger keeps what it was given.

use std::time::Duration;

use super::*;
use crate::association::Mxid;
use crate::clock::Timestamp;
use crate::crypto::SeededRandom;
use crate::threepid::Threepid;
use crate::verification::{ClientSecret, Limits, Session, SessionId};

struct Desk {
    directory: tempfile::TempDir,
    ledger: Option<Ledger>,
    random: SeededRandom,
    limits: Limits,
}

fn start() -> Timestamp {
    Timestamp::from_secs(1_790_000_000)
}

fn hours(count: u64) -> Timestamp {
    start().saturating_add(Duration::from_secs(count * 3600))
}

fn alice() -> Threepid {
    Threepid::parse_any("alice@example.com", None).unwrap()
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Some(Ledger::open(&directory.path().join("ledger")).unwrap());
        Self { directory, ledger, random: SeededRandom::new(3), limits: Limits::default() }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.ledger = None;
        self.ledger = Some(Ledger::open(&self.directory.path().join("ledger")).unwrap());
    }

    /// Asks for a token; tells the session, and whether it was there before.
    fn ask(&mut self, threepid: &Threepid, secret: &str, now: Timestamp) -> (SessionId, bool) {
        let secret: ClientSecret = secret.parse().unwrap();
        let open = |random: &mut dyn crate::crypto::Random| {
            let (threepid, secret) = (threepid.clone(), secret.clone());
            (Session::open(threepid, secret, 1, None, &Limits::default(), random, now), false)
        };
        let opener = (threepid, &secret);
        let ledger = self.ledger.as_ref().unwrap();
        ledger.open_session(opener, (&self.limits, now), &mut self.random, |_| true, open).unwrap()
    }
}

#[test]
fn a_session_is_there_after_a_restart() {
    let mut desk = Desk::new();
    let (id, _) = desk.ask(&alice(), "s", start());
    let token = desk.ledger().session(&id).unwrap().unwrap().token().as_str().to_owned();
    desk.reopen();
    let limits = desk.limits.clone();
    let submit =
        |session: &mut Session| session.submit(&"s".parse().unwrap(), &token, &limits, hours(1));
    assert_eq!(desk.ledger().change_session(&id, submit), Ok(Some(Ok(()))));
    desk.reopen();
    let session = desk.ledger().session(&id).unwrap().unwrap();
    assert_eq!(session.validated(&"s".parse().unwrap(), &limits, hours(2)), Ok(hours(1)));
    assert_eq!(session.threepid, alice());
}

#[test]
fn one_client_has_one_session_for_an_address() {
    let mut desk = Desk::new();
    let (first, was_there) = desk.ask(&alice(), "s", start());
    assert!(!was_there);
    assert_eq!(desk.ask(&alice(), "s", hours(1)), (first.clone(), true));
    assert_ne!(desk.ask(&alice(), "t", hours(1)).0, first, "another client");
    let bob = Threepid::parse_any("bob@example.com", None).unwrap();
    assert_ne!(desk.ask(&bob, "s", hours(1)).0, first, "another address");
    let (next, was_there) = desk.ask(&alice(), "s", hours(24));
    assert!(next != first && !was_there, "it has ended");
}

#[test]
fn sessions_are_forgotten_when_they_end() {
    let mut desk = Desk::new();
    let limits = desk.limits.clone();
    let (id, _) = desk.ask(&alice(), "s", start());
    let (validated, _) = desk.ask(&alice(), "t", start());
    let token = desk.ledger().session(&validated).unwrap().unwrap().token().as_str().to_owned();
    let submit = |session: &mut Session| {
        session.submit(&"t".parse().unwrap(), &token, &limits, hours(10)).unwrap();
    };
    desk.ledger().change_session(&validated, submit).unwrap();
    let left =
        |desk: &Desk| [&id, &validated].map(|id| desk.ledger().session(id).unwrap().is_some());
    assert_eq!(desk.ledger().expire_sessions(&limits, hours(23), 10), Ok(0));
    assert_eq!(left(&desk), [true, true]);
    assert_eq!(desk.ledger().expire_sessions(&limits, hours(25), 10), Ok(2));
    assert_eq!(left(&desk), [false, true], "it was validated, and lives longer");
    assert_eq!(desk.ledger().expire_sessions(&limits, hours(35), 10), Ok(1));
    assert_eq!(left(&desk), [false, false]);
    assert_eq!(desk.ledger().expire_sessions(&limits, hours(99), 10), Ok(0));
}

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

fn user(name: &str) -> Mxid {
    format!("@{name}:example.com").parse().unwrap()
}

impl Desk {
    /// Gives a user a token, of which there may be 3.
    fn token(&mut self, name: &str, now: Timestamp) -> AccessToken {
        let token = AccessToken::draw(&mut self.random);
        self.ledger().add_account(&token, &user(name), now, 3).unwrap();
        token
    }

    /// Whose a token is that may be idle for a month.
    fn owner(&self, token: &AccessToken, now: Timestamp) -> Option<Mxid> {
        self.ledger().account(token, now, MONTH).unwrap().map(|account| account.mxid)
    }
}

#[test]
fn accounts_come_and_go() {
    let mut desk = Desk::new();
    let unknown = AccessToken::draw(&mut desk.random);
    assert_eq!(desk.owner(&unknown, start()), None);
    let token = desk.token("alice", start());
    let alice = user("alice");
    desk.ledger().agree(&alice, &["https://a".to_owned()]).unwrap();
    desk.ledger().agree(&alice, &["https://b".to_owned(), "https://a".to_owned()]).unwrap();
    desk.reopen();
    assert_eq!(desk.owner(&token, start()), Some(alice.clone()));
    assert_eq!(desk.ledger().agreements(&alice).unwrap(), ["https://a", "https://b"]);
    let file = std::fs::read(desk.directory.path().join("ledger")).unwrap();
    let shows = |text: &str| file.windows(text.len()).any(|octets| octets == text.as_bytes());
    assert!(shows("@alice:example.com") && !shows(token.as_str()), "tokens stand there as hashes");
    assert_eq!(desk.ledger().remove_account(&token), Ok(true));
    assert_eq!(desk.ledger().remove_account(&token), Ok(false));
    assert_eq!(desk.owner(&token, start()), None);
}

#[test]
fn a_user_has_so_many_tokens() {
    let mut desk = Desk::new();
    let bobs = desk.token("bob", start());
    let tokens: Vec<_> = (1..=3).map(|hour| desk.token("alice", hours(hour))).collect();
    // The first is used again, late enough to be noted: the second is idle for longest now.
    assert_eq!(desk.owner(&tokens[0], hours(60)), Some(user("alice")));
    let last = desk.token("alice", hours(61));
    let owned = |desk: &Desk| -> Vec<bool> {
        let all = tokens.iter().chain([&last, &bobs]);
        all.map(|token| desk.owner(token, hours(62)).is_some()).collect()
    };
    assert_eq!(owned(&desk), [true, false, true, true, true]);
}

#[test]
fn idle_tokens_come_to_an_end() {
    let mut desk = Desk::new();
    let (idle, used) = (desk.token("alice", start()), desk.token("alice", start()));
    let month = start().saturating_add(MONTH);
    let before = month.saturating_sub(Duration::from_millis(1));
    assert_eq!(desk.owner(&used, before), Some(user("alice")));
    assert_eq!(desk.ledger().expire_accounts(MONTH, before, 10), Ok(0));
    assert_eq!(desk.owner(&idle, month), None, "before it is forgotten");
    assert_eq!(desk.ledger().expire_accounts(MONTH, month, 10), Ok(2));
    assert_eq!(desk.owner(&idle, start()), None, "it is forgotten");
    assert_eq!(desk.owner(&used, month), Some(user("alice")));
    let later = before.saturating_add(MONTH);
    assert_eq!(desk.ledger().expire_accounts(MONTH, later, 10), Ok(1));
    assert_eq!(desk.owner(&used, start()), None);
    assert_eq!(desk.ledger().expire_accounts(MONTH, hours(99_999), 10), Ok(0));
}

#[test]
fn invitations_wait_for_their_address() {
    let desk = Desk::new();
    let invitation = |token: &str| Invitation {
        token: token.to_owned(),
        sender: "@bob:example.com".to_owned(),
        room_id: "!room:example.com".to_owned(),
        ephemeral_key: format!("key of {token}"),
        since: start().as_millis(),
    };
    for token in ["one", "two"] {
        assert_eq!(desk.ledger().add_invitation(&alice(), &invitation(token), 2), Ok(true));
    }
    assert_eq!(desk.ledger().add_invitation(&alice(), &invitation("three"), 2), Ok(false));
    // An address that begins like hers is another one.
    let other = Threepid::parse_any("alice@example.com.au", None).unwrap();
    assert_eq!(desk.ledger().invitations(&other, 9).unwrap(), []);
    let waiting = desk.ledger().invitations(&alice(), 9).unwrap();
    assert_eq!(waiting, ["one", "two"].map(invitation));
    assert_eq!(desk.ledger().invitation("two"), Ok(Some(invitation("two"))));
    desk.ledger().deliver_invitations(&alice(), &waiting).unwrap();
    assert_eq!(desk.ledger().invitations(&alice(), 9).unwrap(), []);
    assert_eq!(desk.ledger().invitation("two"), Ok(None));
    assert_eq!(desk.ledger().is_ephemeral("key of two"), Ok(true));
    assert_eq!(desk.ledger().is_ephemeral("key of four"), Ok(false));
}

#[test]
fn one_process_has_it_open() {
    let desk = Desk::new();
    let path = desk.directory.path().join("ledger");
    assert_eq!(Ledger::open(&path).unwrap_err(), StoreError::InUse);
    let other = desk.directory.path().join("other");
    std::fs::write(&other, "something else").unwrap();
    assert_eq!(Ledger::open(&other).unwrap_err(), StoreError::NotAStore);
}

#[test]
fn what_is_noted_stays() {
    let mut desk = Desk::new();
    assert_eq!(desk.ledger().noted::<String>(b"pepper"), Ok(None));
    desk.ledger().note(b"pepper", &"salt".to_owned()).unwrap();
    desk.reopen();
    assert_eq!(desk.ledger().noted(b"pepper"), Ok(Some("salt".to_owned())));
}
