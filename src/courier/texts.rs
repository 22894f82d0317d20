//! What messages say, unless an operator says it otherwise.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::template::{Escape, Template, TemplateError};
use crate::verification::{Errand, Message};

/// The places that a text may have, whatever it is about.
const PLACES: [&str; 10] = [
    "address",
    "token",
    "link",
    "user",
    "server",
    "mxid",
    "sender",
    "room",
    "room_type",
    "room_avatar",
];

/// The type of rooms that others are in (Matrix specification, Client-Server API, "Types").
const SPACE: &str = "m.space";

/// How the files of a letter's texts end: its subject, a mail as plain text and as HTML, an SMS.
const ENDS: [&str; 4] = ["subject.txt", "txt", "html", "sms.txt"];

/// The longest text that is read, in octets.
const LONGEST: u64 = 64 << 10;

/// The texts of one kind of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) subject: Template,
    pub(super) plain: Template,
    pub(super) html: Template,
    pub(super) sms: Template,
}

/// The texts of all kinds of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// A client wants to know whether the address is its user's.
    verify: Letter,
    /// Another verification server asks to prove it too.
    confirm: Letter,
    /// An invitation into a room.
    invite: Letter,
}

/// Why texts of an operator cannot be used.
#[derive(Debug, Error)]
pub enum TextsError {
    /// The directory, or a file in it, cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file in it is for no text.
    #[error("{}: no text is called that, expected one of {expected}", path.display())]
    Unknown {
        /// Which.
        path: PathBuf,
        /// What it may have been meant to be.
        expected: String,
    },
    /// A text cannot be used.
    #[error("{}: {error}", path.display())]
    Template {
        /// Where it stands; the name alone where it is built in.
        path: PathBuf,
        /// Why not.
        error: TemplateError,
    },
}

/// What a text of a letter has to have in it.
#[derive(Clone, Copy)]
enum Asks {
    /// A token, that comes back.
    ForToken,
    /// That a link is followed.
    ForLink,
    Nothing,
}

impl Asks {
    /// Reads the text of the file that ends like this. Whoever gets it has to find the token in it; in HTML
    /// the link that has it will do.
    fn read(self, end: &str, text: &str) -> Result<Template, TemplateError> {
        let template = Template::parse(text.trim_end_matches('\n'), &PLACES)?;
        match (self, end) {
            (Self::Nothing, _) | (_, "subject.txt") => Ok(template),
            (Self::ForLink, _) => template.with("link"),
            (_, "html") => template.clone().with("link").or_else(|_| template.with("token")),
            _ => template.with("token"),
        }
    }
}

impl Letter {
    /// The letter whose files are called `name` in `directory`; what is not there is built in.
    fn read(
        directory: Option<&Path>,
        name: &str,
        asks: Asks,
        built_in: [&str; 4],
    ) -> Result<Self, TextsError> {
        let read = |at: usize| {
            let file = format!("{name}.{}", ENDS[at]);
            let path = directory.map_or_else(|| file.clone().into(), |place| place.join(&file));
            let own = directory.map_or(Ok(None), |_| text(&path));
            let own = own.map_err(|error| TextsError::Unreadable { path: path.clone(), error })?;
            let text = own.as_deref().unwrap_or(built_in[at]);
            asks.read(ENDS[at], text).map_err(|error| TextsError::Template { path, error })
        };
        Ok(Self { subject: read(0)?, plain: read(1)?, html: read(2)?, sms: read(3)? })
    }
}

/// What stands in a file, where there is one.
fn text(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    match file.take(LONGEST + 1).read_to_string(&mut text)? as u64 {
        read if read > LONGEST => {
            Err(io::Error::other(format!("longer than {LONGEST} octets, which no message is")))
        }
        _ => Ok(Some(text)),
    }
}

/// The built-in texts of a letter.
macro_rules! built_in {
    ($name:literal) => {
        [
            include_str!(concat!("texts/", $name, ".subject.txt")),
            include_str!(concat!("texts/", $name, ".txt")),
            include_str!(concat!("texts/", $name, ".html")),
            include_str!(concat!("texts/", $name, ".sms.txt")),
        ]
    };
}

impl Texts {
    /// The texts of an operator: `verify`, `confirm` and `invite`, each with `.subject.txt`, `.txt`, `.html`
    /// and `.sms.txt`, in this directory. What has no file there is said in the words built in.
    ///
    /// # Errors
    /// Where a file cannot be read, is called otherwise, has an unknown place or a brace alone, or lacks the
    /// token or the link that it has to bring.
    pub fn read(directory: &Path) -> Result<Self, TextsError> {
        let unreadable = |error| TextsError::Unreadable { path: directory.to_owned(), error };
        for entry in fs::read_dir(directory).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            if !is_a_text(&name.to_string_lossy()) {
                let (path, expected) =
                    (directory.join(name), ENDS.map(|end| format!("verify.{end}")));
                let expected =
                    format!("{}, and the same of confirm and invite", expected.join(", "));
                return Err(TextsError::Unknown { path, expected });
            }
        }
        Self::of(Some(directory))
    }

    fn of(directory: Option<&Path>) -> Result<Self, TextsError> {
        let read = |name, asks, built_in| Letter::read(directory, name, asks, built_in);
        Ok(Self {
            verify: read("verify", Asks::ForToken, built_in!("verify"))?,
            confirm: read("confirm", Asks::ForLink, built_in!("confirm"))?,
            invite: read("invite", Asks::Nothing, built_in!("invite"))?,
        })
    }

    /// The letter for this errand.
    pub(super) fn letter(&self, errand: &Errand) -> &Letter {
        match errand {
            Errand::Verify { .. } => &self.verify,
            Errand::Confirm { .. } => &self.confirm,
            Errand::Invite { .. } => &self.invite,
        }
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self::of(None).expect("the texts built in have what they need")
    }
}

/// Whether a file is called as a text is. What begins with a dot is an editor's.
fn is_a_text(name: &str) -> bool {
    let parts = name.split_once('.');
    name.starts_with('.')
        || parts.is_some_and(|(kind, end)| {
            ["verify", "confirm", "invite"].contains(&kind) && ENDS.contains(&end)
        })
}

/// Fills a text with what is in a message.
pub(super) fn fill(template: &Template, message: &Message, escape: Escape) -> String {
    let address = message.to.to_string();
    let mut values = vec![("address", address.as_str())];
    match &message.errand {
        Errand::Verify { token, link, user } => {
            values.extend([("token", token.as_str()), ("link", link.as_deref().unwrap_or(""))]);
            values.push(("user", user.as_deref().unwrap_or("somebody")));
        }
        Errand::Confirm { link, server, mxid } => {
            values.extend([("link", link.as_str()), ("server", server), ("mxid", mxid)]);
        }
        Errand::Invite { sender, room, link } => {
            let is_space = room.room_type.as_deref() == Some(SPACE);
            let (kind, unnamed) = if is_space { ("space", "a space") } else { ("room", "a room") };
            let name = room.name.as_deref().unwrap_or(unnamed);
            values.extend([("sender", sender.as_str()), ("room", name), ("room_type", kind)]);
            values.push(("room_avatar", room.avatar.as_deref().unwrap_or("")));
            values.push(("link", link.as_deref().unwrap_or("")));
        }
    }
    template.fill(&values, escape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threepid::Threepid;
    use crate::verification::{Room, Token};

    fn message() -> Message {
        let token = Token::kept("123456".to_owned());
        let link = Some("https://verify.example/?a=1&b=2".to_owned());
        let to = Threepid::parse_any("alice@example.com", None).unwrap();
        let user = Some("@alice:example.org".to_owned());
        Message { to, errand: Errand::Verify { token, link, user } }
    }

    #[test]
    fn the_built_in_texts_say_what_is_needed() {
        let (texts, message) = (Texts::default(), message());
        let letter = texts.letter(&message.errand);
        let plain = fill(&letter.plain, &message, Escape::Plain);
        assert!(plain.contains("123456") && plain.contains("?a=1&b=2"), "{plain}");
        assert!(
            plain.contains("\n@alice:example.org wants to connect the address alice@example.com")
        );
        let html = fill(&letter.html, &message, Escape::Html);
        assert!(html.contains("?a=1&amp;b=2"), "{html}");
        let sms = fill(&letter.sms, &message, Escape::Plain);
        assert!(sms.contains("123456") && sms.len() <= 160, "it fits one SMS");
    }

    #[test]
    fn who_is_not_known_is_somebody() {
        let (texts, mut message) = (Texts::default(), message());
        let Errand::Verify { user, .. } = &mut message.errand else { panic!() };
        *user = None;
        let plain = fill(&texts.verify.plain, &message, Escape::Plain);
        assert!(plain.contains("\nsomebody wants to connect"), "{plain}");
    }

    #[test]
    fn a_space_is_called_one() {
        let own = ("invite.txt", "{sender}: {room}, {room_type} {room_avatar}");
        let template = read(&[own]).unwrap().invite.plain;
        let says = |room: Room| {
            let errand = Errand::Invite { sender: "Bob".to_owned(), room, link: None };
            fill(&template, &Message { errand, ..message() }, Escape::Plain)
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(says(Room::default()), "Bob: a room, room ");
        let space = Room { room_type: text("m.space"), ..Room::default() };
        assert_eq!(says(space.clone()), "Bob: a space, space ");
        let named = Room { name: text("Tea"), avatar: text("mxc://a/b"), ..space };
        assert_eq!(says(named), "Bob: Tea, space mxc://a/b");
    }

    /// What comes of a directory with these files.
    fn read(files: &[(&str, &str)]) -> Result<Texts, String> {
        let directory = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(directory.path().join(name), text).unwrap());
        let read = Texts::read(directory.path()).map_err(|error| error.to_string());
        read.map_err(|told| told.replace(directory.path().to_str().unwrap(), "."))
    }

    #[test]
    fn an_operator_says_it_otherwise() {
        let texts = read(&[("verify.txt", "{token}!\n"), (".verify.txt.swp", "x")]).unwrap();
        assert_eq!(fill(&texts.verify.plain, &message(), Escape::Plain), "123456!");
        assert_eq!(texts.confirm, Texts::default().confirm);
        assert_eq!(texts.verify.html, Texts::default().verify.html);
    }

    #[test]
    fn texts_that_are_no_use_are_told() {
        let told = |name, text| read(&[(name, text)]).unwrap_err();
        assert_eq!(told("verify.txt", "no code"), "./verify.txt: the text has no {token}");
        assert_eq!(told("confirm.sms.txt", "x"), "./confirm.sms.txt: the text has no {link}");
        assert!(told("verify.html", "neither").contains("has no {token}"));
        assert!(read(&[("verify.html", "{link}"), ("invite.txt", "come")]).is_ok());
        assert!(told("verify.txt", "\n{tokn}").starts_with("./verify.txt: line 2: {tokn} is not"));
        assert!(told("verfy.txt", "{token}").starts_with("./verfy.txt: no text is called that"));
        assert!(told("verify.txt", &"{token}".repeat(10_000)).contains("longer than"));
        assert!(Texts::read("/nowhere".as_ref()).unwrap_err().to_string().starts_with("/nowhere:"));
    }
}
