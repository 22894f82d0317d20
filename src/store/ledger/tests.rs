//! The ledger keeps what it was given.

use std::time::Duration;

use super::*;
use crate::association::{Association, Extra, Mxid, Ts};
use crate::clock::Timestamp;
use crate::crypto::{SeededRandom, SigningKey};
use crate::signed::KeyName;
use crate::verification::{ClientSecret, Delivery, Elsewhere, Limits, Purpose, Session, SessionId};

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
        let ledger = self.ledger.as_ref().unwrap();
        if let Some((id, _)) = ledger.opened((threepid, &secret), (&self.limits, now)).unwrap() {
            return (id, true);
        }
        let (limits, random) = (&self.limits, &mut self.random);
        let session = Session::open(threepid.clone(), secret, 1, None, limits, random, now);
        let id = SessionId::draw(random);
        ledger.add_session(&id, &session, limits).unwrap();
        (id, false)
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
    let account = desk.ledger().account(&token, start(), MONTH).unwrap().unwrap();
    assert_eq!(*account.agreed, ["https://a", "https://b"]);
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
        message: None,
    };
    for token in ["one", "two"] {
        desk.ledger().add_invitation(&alice(), &invitation(token)).unwrap();
    }
    // An address that begins like hers is another one.
    let other = Threepid::parse_any("alice@example.com.au", None).unwrap();
    assert_eq!(desk.ledger().invitations(&other, 9).unwrap(), []);
    let waiting = desk.ledger().invitations(&alice(), 9).unwrap();
    assert_eq!(waiting, ["one", "two"].map(invitation));
    assert_eq!(desk.ledger().invitation("two"), Ok(Some(invitation("two"))));
    desk.ledger().forget_invitations(&alice(), &waiting).unwrap();
    assert_eq!(desk.ledger().invitations(&alice(), 9).unwrap(), []);
    assert_eq!(desk.ledger().invitation("two"), Ok(None));
    assert_eq!(desk.ledger().is_ephemeral("key of two"), Ok(true));
    assert_eq!(desk.ledger().is_ephemeral("key of four"), Ok(false));
}

#[test]
fn invitations_give_way_to_newer_ones() {
    let desk = Desk::new();
    let limits = InvitationLimits { at_address: 4, of_sender: 2 };
    let invite = |token: &str, sender: &str, since: u64| {
        let invitation = Invitation {
            token: token.to_owned(),
            sender: sender.to_owned(),
            room_id: "!room:example.com".to_owned(),
            ephemeral_key: format!("key of {token}"),
            since,
            message: None,
        };
        desk.ledger().add_invitation(&alice(), &invitation).unwrap();
        desk.ledger().tell_invitation(token, &limits).unwrap();
        let waiting = desk.ledger().invitations(&alice(), 9).unwrap();
        waiting.into_iter().map(|invitation| invitation.token).collect::<Vec<_>>().concat()
    };
    assert_eq!(invite("b", "@a:a", 1), "b");
    assert_eq!(invite("a", "@a:a", 2), "ab");
    assert_eq!(invite("c", "@a:a", 3), "ac", "of one sender: his oldest");
    assert_eq!(invite("d", "@d:d", 0), "acd");
    assert_eq!(invite("e", "@e:a", 1), "acde");
    assert_eq!(invite("f", "@f:f", 4), "cdef", "of the server with most, the sender with most");
    assert_eq!(invite("g", "@g:g", 5), "cdfg", "the oldest of the server with most");
    assert_eq!(invite("h", "@h:h", 6), "cfgh", "of them all the oldest");
}

#[test]
fn messages_are_due_until_they_went_out() {
    let mut desk = Desk::new();
    let (id, _) = desk.ask(&alice(), "s", start());
    let (failed, _) = desk.ask(&alice(), "t", start());
    let note = |desk: &Desk, id: &SessionId, delivery| {
        desk.ledger().change_session(id, |session| session.note(1, delivery)).unwrap();
    };
    note(&desk, &failed, Delivery::Failed);
    let unsent = |desk: &Desk| {
        let sessions = desk.ledger().unsent_sessions(9).unwrap();
        sessions.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    desk.reopen();
    assert_eq!(unsent(&desk), std::slice::from_ref(&id));
    assert_eq!(desk.ledger().session(&failed).unwrap().unwrap().delivery, Delivery::Failed);
    note(&desk, &id, Delivery::Sent);
    assert_eq!(unsent(&desk), []);
    assert_eq!(desk.ledger().session(&id).unwrap().unwrap().delivery, Delivery::Sent);
}

#[test]
fn sessions_know_for_whom_they_are() {
    let desk = Desk::new();
    let open = |purpose| {
        let random = &mut SeededRandom::new(4);
        let secret = "s".parse().unwrap();
        let session = Session::open(alice(), secret, 1, None, &desk.limits, random, start());
        session.serving(purpose, random)
    };
    let kept = |session: &Session| {
        let id = SessionId::draw(&mut SeededRandom::new(5));
        desk.ledger().add_session(&id, session, &desk.limits).unwrap();
        desk.ledger().session(&id).unwrap().unwrap()
    };
    let server = "https://verify.example/".parse().unwrap();
    let (client_secret, id) = ("other".parse().unwrap(), Some("sid".to_owned()));
    let session = open(Purpose::Elsewhere(Elsewhere { server, client_secret, id }));
    assert_eq!(format!("{:?}", kept(&session)), format!("{session:?}"));
    let server = "verify.example".parse().unwrap();
    let statement = Box::new(statement("@alice:example.com", start()));
    let session = open(Purpose::Confirm { server, statement });
    assert_eq!(format!("{:?}", kept(&session)), format!("{session:?}"));
}

fn statement(mxid: &str, at: Timestamp) -> Statement {
    let ts = Ts::from_millis(at.as_millis()).unwrap();
    let (mxid, not_after) = (mxid.parse().unwrap(), ts.default_end().unwrap());
    let extra = Extra::default();
    let association = Association { mxid, ts, not_before: ts, not_after, extra };
    let key = SigningKey::from_seed(&[1; 32]);
    let name = KeyName::new("verify.example".parse().unwrap(), "ed25519:0".parse().unwrap());
    Statement::sign(association.into(), &alice(), name, &key).unwrap()
}

fn chore(statement: &Statement, work: Work) -> Chore {
    let (threepid, statement) = (alice(), statement.clone());
    Chore { threepid, statement, work, since: start(), attempts: 0, next: start() }
}

#[test]
fn what_is_signed_is_published_whatever_happens() {
    let mut desk = Desk::new();
    let (one, two) = (statement("@one:a", start()), statement("@two:a", hours(1)));
    desk.ledger().sign((&alice(), &one), &[], hours(2)).unwrap();
    desk.ledger().sign((&alice(), &two), &[], hours(3)).unwrap();
    desk.reopen();
    assert_eq!(desk.ledger().signed(&alice()), Ok(Some(two.clone())));
    assert_eq!(desk.ledger().unqueued(9), Ok(vec![(alice(), two.clone())]));
    desk.ledger().queued(&alice(), &one).unwrap();
    assert_eq!(desk.ledger().unqueued(9).unwrap().len(), 1, "that was the one before");
    assert_eq!(desk.ledger().forget_signed(hours(4), 9), Ok(2));
    assert_eq!(desk.ledger().signed(&alice()), Ok(Some(two.clone())), "it is not published");
    desk.ledger().queued(&alice(), &two).unwrap();
    assert_eq!(desk.ledger().unqueued(9), Ok(vec![]));
    assert_eq!(desk.ledger().forget_signed(hours(2), 9), Ok(0));
    assert_eq!(desk.ledger().forget_signed(hours(5), 9), Ok(1));
    assert_eq!(desk.ledger().signed(&alice()), Ok(None));
}

#[test]
fn chores_are_left_until_they_are_done() {
    let mut desk = Desk::new();
    let (one, two) = (statement("@one:a", start()), statement("@two:a", hours(1)));
    let ask = || Work::Ask("other.example".parse().unwrap());
    let [told, asked] = [Work::Tell, ask()].map(|work| chore(&one, work));
    desk.ledger().sign((&alice(), &one), &[told.clone(), asked.clone()], hours(2)).unwrap();
    let later = Chore { attempts: 1, next: hours(9), ..asked.clone() };
    desk.ledger().note_chore(&asked, Some(&later)).unwrap();
    desk.reopen();
    assert_eq!(desk.ledger().chores(), Ok(vec![told.clone(), later]));
    let newer = chore(&two, ask());
    desk.ledger().sign((&alice(), &two), std::slice::from_ref(&newer), hours(2)).unwrap();
    desk.ledger().note_chore(&asked, None).unwrap();
    assert_eq!(desk.ledger().chores(), Ok(vec![newer.clone()]), "what was about the older is moot");
    desk.ledger().note_chore(&newer, None).unwrap();
    assert_eq!(desk.ledger().chores(), Ok(vec![]));
}

#[test]
fn invitations_are_told_of_until_that_is_done() {
    let mut desk = Desk::new();
    let (sender_name, room_name) = (Some("Bob".to_owned()), None);
    let secret_key = "secret".to_owned();
    let invitation = |token: &str| Invitation {
        token: token.to_owned(),
        sender: "@bob:example.com".to_owned(),
        room_id: "!room:example.com".to_owned(),
        ephemeral_key: "key".to_owned(),
        since: start().as_millis(),
        message: Some(InvitationMessage {
            sender_name: sender_name.clone(),
            room_name: room_name.clone(),
            room_type: None,
            room_avatar: None,
            secret_key: secret_key.clone(),
        }),
    };
    let (one, two) = (invitation("one"), invitation("two"));
    for invitation in [&one, &two] {
        desk.ledger().add_invitation(&alice(), invitation).unwrap();
    }
    desk.reopen();
    let untold = desk.ledger().untold_invitations(9).unwrap();
    assert_eq!(untold, [(alice(), one), (alice(), two.clone())]);
    desk.ledger().tell_invitation("one", &InvitationLimits::default()).unwrap();
    desk.ledger().forget_invitations(&alice(), &[two]).unwrap();
    assert_eq!(desk.ledger().untold_invitations(9), Ok(vec![]));
    assert_eq!(desk.ledger().invitation("one").unwrap().unwrap().message, None, "nor is it kept");
}

#[test]
fn invitations_end_and_their_keys_later() {
    let mut desk = Desk::new();
    let left = |token: &str, hour: u64| Invitation {
        token: token.to_owned(),
        sender: "@bob:example.com".to_owned(),
        room_id: "!room:example.com".to_owned(),
        ephemeral_key: format!("key of {token}"),
        since: hours(hour).as_millis(),
        message: None,
    };
    for (token, hour) in [("one", 1), ("two", 2), ("new", 9)] {
        desk.ledger().add_invitation(&alice(), &left(token, hour)).unwrap();
    }
    desk.ledger().forget_invitations(&alice(), &[left("two", 2)]).unwrap();
    assert_eq!(desk.ledger().expire_invitations(hours(9), 1), Ok(1), "there may be more");
    assert_eq!(desk.ledger().expire_invitations(hours(9), 9), Ok(1));
    desk.reopen();
    assert_eq!(desk.ledger().invitations(&alice(), 9), Ok(vec![left("new", 9)]));
    assert_eq!(desk.ledger().invitation("one"), Ok(None));
    assert_eq!(desk.ledger().is_ephemeral("key of one"), Ok(true));
    assert_eq!(desk.ledger().expire_ephemeral_keys(hours(9), 9), Ok(2));
    let keys = ["one", "two", "new"].map(|token| format!("key of {token}"));
    let are_known = keys.map(|key| desk.ledger().is_ephemeral(&key).unwrap());
    assert_eq!(are_known, [false, false, true]);
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

#[test]
fn what_is_at_hand_is_what_the_disk_says() {
    let mut desk = Desk::new();
    let token = desk.token("alice", start());
    let at_hand = |desk: &Desk, now| desk.ledger().account_at_hand(&token, now, MONTH);
    let read = |desk: &Desk| desk.ledger().account(&token, start(), MONTH).unwrap();
    assert_eq!(at_hand(&desk, start()), None, "nobody asked yet");
    let account = read(&desk);
    assert!(account.is_some());
    assert_eq!(at_hand(&desk, start()), account);
    assert_eq!(at_hand(&desk, start().saturating_add(MONTH / 16)), None, "its use is to be noted");
    desk.ledger().agree(&user("alice"), &["https://a".to_owned()]).unwrap();
    assert_eq!(at_hand(&desk, start()), None);
    assert_eq!(*read(&desk).unwrap().agreed, ["https://a"]);
    for end in [
        |desk: &mut Desk, token: &AccessToken| desk.ledger().remove_account(token).unwrap(),
        |desk: &mut Desk, _: &AccessToken| {
            (0..3).for_each(|hour| drop(desk.token("alice", hours(hour))));
            true
        },
        |desk: &mut Desk, _: &AccessToken| {
            desk.ledger().expire_accounts(MONTH, hours(9999), 10).unwrap() > 0
        },
    ] {
        let mut desk = Desk::new();
        let token = desk.token("alice", start());
        let at_hand = |desk: &Desk| desk.ledger().account_at_hand(&token, start(), MONTH);
        assert!(desk.owner(&token, start()).is_some() && at_hand(&desk).is_some());
        assert!(end(&mut desk, &token));
        assert_eq!(at_hand(&desk), None);
        assert_eq!(desk.owner(&token, start()), None);
    }
}
