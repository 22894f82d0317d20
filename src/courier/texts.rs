//! What messages say, unless an operator says it otherwise.

use super::template::{Escape, Template, TemplateError};
use crate::verification::{Errand, Message};

/// The places that a text may have, whatever it is about.
const PLACES: [&str; 7] = ["address", "token", "link", "server", "mxid", "sender", "room"];

/// The texts of one kind of message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject of a mail.
    pub subject: Template,
    /// A mail as plain text.
    pub plain: Template,
    /// A mail as HTML.
    pub html: Template,
    /// An SMS.
    pub sms: Template,
}

/// The texts of all kinds of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// A client wants to know whether the address is its user's.
    pub verify: Letter,
    /// Another verification server asks to prove it too.
    pub confirm: Letter,
    /// An invitation into a room.
    pub invite: Letter,
}

/// Reads one text, as an operator gives it.
///
/// # Errors
/// Where it has an unknown place, or a brace alone.
pub(super) fn text(source: &str) -> Result<Template, TemplateError> {
    Template::parse(source, &PLACES)
}

impl Letter {
    /// The letter of these texts, each as an operator gives it. A token has to stand in `plain` and `sms`, and
    /// the link, or the token, in `html`.
    ///
    /// # Errors
    /// Where a text has an unknown place, a brace alone, or not what it needs.
    pub fn asking(
        subject: &str,
        plain: &str,
        html: &str,
        sms: &str,
    ) -> Result<Self, TemplateError> {
        let plain = text(plain)?.with("token")?;
        let html = text(html)?;
        let html = html.clone().with("link").or_else(|_| html.with("token"))?;
        Ok(Self { subject: text(subject)?, plain, html, sms: text(sms)?.with("token")? })
    }

    /// The same for a letter that asks for nothing.
    ///
    /// # Errors
    /// Where a text has an unknown place, or a brace alone.
    pub fn telling(
        subject: &str,
        plain: &str,
        html: &str,
        sms: &str,
    ) -> Result<Self, TemplateError> {
        Ok(Self {
            subject: text(subject)?,
            plain: text(plain)?,
            html: text(html)?,
            sms: text(sms)?,
        })
    }
}

impl Texts {
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
        let built_in = "the texts built in have what they need";
        let verify = Letter::asking(
            "Confirm your email address",
            include_str!("texts/verify.txt"),
            include_str!("texts/verify.html"),
            "{token} is the code that confirms your phone number. Tell it to nobody who asks for it.",
        );
        let confirm = Letter::asking(
            "Confirm that {mxid} is you",
            include_str!("texts/confirm.txt"),
            include_str!("texts/confirm.html"),
            "{server} says that you are {mxid} on Matrix. If you are, the code is {token}.",
        );
        let invite = Letter::telling(
            "{sender} invites you to talk on Matrix",
            include_str!("texts/invite.txt"),
            include_str!("texts/invite.html"),
            "{sender} invites you to talk on Matrix. {link}",
        );
        Self {
            verify: verify.expect(built_in),
            confirm: confirm.expect(built_in),
            invite: invite.expect(built_in),
        }
    }
}

/// Fills a text with what is in a message.
pub(super) fn fill(template: &Template, message: &Message, escape: Escape) -> String {
    let address = message.to.to_string();
    let mut values = vec![("address", address.as_str())];
    match &message.errand {
        Errand::Verify { token, link } => {
            values.extend([("token", token.as_str()), ("link", link.as_deref().unwrap_or(""))]);
        }
        Errand::Confirm { token, link, server, mxid } => {
            values.extend([("token", token.as_str()), ("link", link.as_deref().unwrap_or(""))]);
            values.extend([("server", server.as_str()), ("mxid", mxid.as_str())]);
        }
        Errand::Invite { sender, room, link } => {
            let room = room.as_deref().unwrap_or("a room");
            values.extend([("sender", sender.as_str()), ("room", room)]);
            values.push(("link", link.as_deref().unwrap_or("")));
        }
    }
    template.fill(&values, escape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threepid::Threepid;
    use crate::verification::Token;

    fn message() -> Message {
        let token = Token::kept("123456".to_owned());
        let link = Some("https://verify.example/?a=1&b=2".to_owned());
        let to = Threepid::parse_any("alice@example.com", None).unwrap();
        Message { to, errand: Errand::Verify { token, link } }
    }

    #[test]
    fn the_built_in_texts_say_what_is_needed() {
        let (texts, message) = (Texts::default(), message());
        let letter = texts.letter(&message.errand);
        let plain = fill(&letter.plain, &message, Escape::Plain);
        assert!(plain.contains("123456") && plain.contains("?a=1&b=2"), "{plain}");
        assert!(plain.contains("alice@example.com"));
        let html = fill(&letter.html, &message, Escape::Html);
        assert!(html.contains("?a=1&amp;b=2"), "{html}");
        let sms = fill(&letter.sms, &message, Escape::Plain);
        assert!(sms.contains("123456") && sms.len() <= 160, "it fits one SMS");
    }

    #[test]
    fn a_letter_without_its_token_is_no_use() {
        let missing = Letter::asking("s", "no code", "{link}", "{token}").unwrap_err();
        assert_eq!(missing, TemplateError::Missing("token"));
        assert!(Letter::asking("s", "{token}", "neither", "{token}").is_err());
    }
}
