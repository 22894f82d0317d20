//! Couriers: how tokens and invitations come to addresses.
//!
//! | courier | brings by | configured in |
//! |---|---|---|
//! | [`Mail`] | SMTP (RFC 5321), with TLS from the beginning or by STARTTLS (RFC 8314, RFC 3207) | `[mail]` |
//! | [`Sms`] | a request to an HTTP gateway | `[sms]` |
//! | [`Log`] | a line in the log: for development alone | `courier = "log"` |
//!
//! What they say stands in [`Texts`], which an operator can replace: a [`Template`] has places for what each
//! message has of its own, and is read when the server starts, so that a mistake in it is told then.
//!
//! What is put into a template is escaped as it is needed there, in HTML, in a URL, in JSON: names of rooms
//! and users are of others' choosing. Neither tokens nor addresses get into errors.

mod log;
mod mail;
mod sms;
mod template;
mod texts;

pub use log::Log;
pub use mail::{Mail, MailError, MailSettings, Security};
pub use sms::{Gateway, GatewayError, Sms};
pub use template::{Escape, Template, TemplateError};
pub use texts::{Texts, TextsError};
