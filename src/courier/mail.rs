//! Mail, by SMTP.

use std::fmt;
use std::fs;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thiserror::Error;
use zeroize::Zeroizing;

use super::template::Escape;
use super::texts::{Letter, Texts, fill};
use crate::threepid::Medium;
use crate::verification::{Courier, CourierError, Message};

/// How the way to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the beginning, on port 465 unless another is given (RFC 8314).
    Tls,
    /// By STARTTLS, which the server has to offer, on port 587 unless another is given (RFC 3207).
    StartTls,
    /// Not at all, on port 25 unless another is given: for a server on this machine alone.
    None,
}

impl Security {
    /// The port that it is spoken on.
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

/// Where mail goes out, and from whom.
#[derive(Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The mail server that takes it: a host name, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept secret.
    pub security: Security,
    /// User and password for it.
    pub login: Option<(String, Zeroizing<String>)>,
    /// A file with the certificates of the authorities that may vouch for it, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Who mail comes from, as in its header: `Name <address>`, or an address.
    pub from: String,
    /// How long one mail may take: 20 seconds.
    pub timeout: Duration,
}

/// Without the password.
impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, from, .. } = self;
        let mut shown = f.debug_struct("MailSettings");
        shown.field("host", host).field("port", port).field("security", security);
        shown.field("from", from).finish_non_exhaustive()
    }
}

/// Why mail cannot be sent with these settings, whatever it is.
#[derive(Debug, Error)]
pub enum MailError {
    /// Mail comes from nobody.
    #[error("{0:?} is no sender: expected an address, or a name and `<address>`")]
    From(String),
    /// Mail would go over the network as plain text.
    #[error("{0} is not on this machine: without TLS mail goes to a loopback address alone")]
    Plain(String),
    /// The certificates cannot be read.
    #[error("{}: {error}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// They are of no use.
    #[error("certificates of authorities: {0}")]
    Certificates(String),
}

/// Brings messages by mail.
pub struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    texts: Texts,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mail {
    /// A courier with these settings. The server is not asked yet.
    ///
    /// # Errors
    /// Where no mail can be sent with them.
    pub fn new(settings: MailSettings, texts: Texts) -> Result<Self, MailError> {
        let from = settings.from.parse().map_err(|_| MailError::From(settings.from.clone()))?;
        let tls = match settings.security {
            Security::Tls => Tls::Wrapper(parameters(&settings)?),
            Security::StartTls => Tls::Required(parameters(&settings)?),
            Security::None if is_here(&settings.host) => Tls::None,
            Security::None => return Err(MailError::Plain(settings.host)),
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host)
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .tls(tls);
        if let Some((user, password)) = settings.login {
            server = server.credentials(Credentials::new(user, password.as_str().to_owned()));
        }
        Ok(Self { server: server.build(), from, texts })
    }

    fn compose(&self, message: &Message) -> Result<lettre::Message, CourierError> {
        let letter = self.texts.letter(&message.errand);
        let to = match message.to.medium() {
            Medium::Email => message.to.address().parse().ok(),
            _ => None,
        };
        let to = to.ok_or_else(|| CourierError::Refused("mail does not go there".to_owned()))?;
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(fill(&letter.subject, message, Escape::Plain))
            .multipart(parts(letter, message));
        mail.map_err(|_| CourierError::Refused("no mail can be made of it".to_owned()))
    }
}

/// The text, and the same in HTML (RFC 2046 section 5.1.4).
fn parts(letter: &Letter, message: &Message) -> MultiPart {
    let plain = fill(&letter.plain, message, Escape::Plain);
    MultiPart::alternative_plain_html(plain, fill(&letter.html, message, Escape::Html))
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, MailError> {
    let unusable = |error: smtp::Error| MailError::Certificates(error.to_string());
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(file) = &settings.ca_file {
        let read = fs::read(file);
        let pem = read.map_err(|error| MailError::Read { file: file.clone(), error })?;
        let authorities = Certificate::from_pem(&pem).map_err(unusable)?;
        parameters =
            parameters.certificate_store(CertificateStore::None).add_root_certificate(authorities);
    }
    parameters.build_rustls().map_err(unusable)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What came of it, without what the server wrote: that often has the address in it.
fn told(error: &smtp::Error) -> CourierError {
    match error.status() {
        Some(code) if error.is_permanent() => {
            CourierError::Refused(format!("the mail server answers {code}"))
        }
        Some(code) => CourierError::Failed(format!("the mail server answers {code}")),
        None if error.is_timeout() => {
            CourierError::Failed("the mail server is too slow".to_owned())
        }
        None if error.is_tls() => CourierError::Failed(format!("mail server: {error}")),
        None if error.is_client() => CourierError::Failed(format!("mail server: {error}")),
        None => CourierError::Failed("the mail server cannot be reached, or broke off".to_owned()),
    }
}

impl Courier for Mail {
    fn send<'a>(
        &'a self,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), CourierError>> + Send + 'a>> {
        Box::pin(async move {
            let mail = self.compose(message)?;
            self.server.send(mail).await.map(drop).map_err(|error| told(&error))
        })
    }
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
