//! `[mail]` and `[sms]`: how messages come to addresses.

use std::path::{Path, PathBuf};

use crate::courier::{Gateway, Security};

use super::document::Table;
use super::mistake::Located;
use super::values;

/// The most that a port can be.
const MAX_PORT: u64 = 65_535;

/// `[mail]`: how mail goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// Into the log, for development.
    Log,
    /// By SMTP.
    Smtp(Located<Smtp>),
}

/// The mail server that takes mail, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// A host name, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is kept secret.
    pub security: Security,
    /// The user there, and the file with the password.
    pub login: Option<(String, Located<PathBuf>)>,
    /// Who mail comes from.
    pub from: String,
    /// The authorities that it is checked by, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// `[sms]`: how SMS go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sms {
    /// Into the log, for development.
    Log,
    /// By a gateway that is asked over HTTP.
    Gateway(Located<SmsGateway>),
}

/// How a gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsGateway {
    /// The method.
    pub method: String,
    /// The URL, a template.
    pub url: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// A file with more of them, which are secret: a line `Name: value` each.
    pub headers_file: Option<Located<PathBuf>>,
    /// The content, a template.
    pub body: String,
    /// The authorities that it is checked by, in place of the system's.
    pub ca_file: Option<PathBuf>,
}

/// Whether messages go to the log.
fn is_log(table: &Table<'_>, other: &'static str) -> bool {
    let choices = [(other, false), ("log", true)];
    table.value("courier").and_then(|value| value.choice(&choices)).unwrap_or(false)
}

fn ca_file(table: &Table<'_>, base: &Path) -> Option<PathBuf> {
    table.value("ca_file").and_then(|value| values::path(&value, base)).map(|path| path.value)
}

impl Mail {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Option<Self> {
        let mail = match is_log(&table, "smtp") {
            true => Some(Self::Log),
            false => Smtp::read(&table, base).map(|smtp| Self::Smtp(table.locate(smtp))),
        };
        table.finish();
        mail
    }
}

impl Smtp {
    fn read(table: &Table<'_>, base: &Path) -> Option<Self> {
        const SECURITY: [(&str, Security); 3] =
            [("tls", Security::Tls), ("starttls", Security::StartTls), ("none", Security::None)];
        let security = table.value("security").and_then(|value| value.choice(&SECURITY));
        let security = security.unwrap_or(Security::Tls);
        let port = table.value("port").and_then(|value| value.number(1, MAX_PORT));
        let text = |key| table.required(key).and_then(|value| value.string());
        let (host, from) = (text("host"), text("from"));
        Some(Self {
            login: login(table, base),
            ca_file: ca_file(table, base),
            port: port.and_then(|port| port.try_into().ok()).unwrap_or(security.port()),
            security,
            host: host?.to_owned(),
            from: from?.to_owned(),
        })
    }
}

fn login(table: &Table<'_>, base: &Path) -> Option<(String, Located<PathBuf>)> {
    let (user, file) = (table.value("user"), table.value("password_file"));
    match (user, file) {
        (Some(user), Some(file)) => Some((user.string()?.to_owned(), values::path(&file, base)?)),
        (Some(user), None) => {
            user.mistake("`user` needs `password_file`, a file with the password alone");
            None
        }
        (None, Some(file)) => {
            file.mistake("`password_file` needs `user`");
            None
        }
        (None, None) => None,
    }
}

impl Sms {
    pub(super) fn read(table: Table<'_>, base: &Path) -> Option<Self> {
        let sms = match is_log(&table, "gateway") {
            true => Some(Self::Log),
            false => SmsGateway::read(&table, base).map(|it| Self::Gateway(table.locate(it))),
        };
        table.finish();
        sms
    }
}

impl SmsGateway {
    fn read(table: &Table<'_>, base: &Path) -> Option<Self> {
        let text = |key| table.value(key).and_then(|value| value.string()).map(str::to_owned);
        let url = table.required("url").and_then(|value| value.string())?.to_owned();
        let headers = table.value("headers").map_or_else(Vec::new, |value| value.strings());
        let headers_file = table.value("headers_file");
        let gateway = Self {
            method: text("method").unwrap_or_else(|| "POST".to_owned()),
            url,
            headers,
            headers_file: headers_file.and_then(|value| values::path(&value, base)),
            body: text("body").unwrap_or_default(),
            ca_file: ca_file(table, base),
        };
        if let Err(error) = gateway.with_headers(&[]) {
            table.mistake(error.to_string());
        }
        Some(gateway)
    }

    /// The gateway, asked with these header fields besides.
    ///
    /// # Errors
    /// Where it could not be asked like this.
    pub fn with_headers(
        &self,
        more: &[(String, String)],
    ) -> Result<Gateway, crate::courier::GatewayError> {
        let headers: Vec<_> = self.headers.iter().chain(more).cloned().collect();
        Gateway::new(&self.method, &self.url, &headers, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;
    use crate::config::mistake::Mistakes;

    fn read<T>(text: &str, read: impl Fn(Table<'_>, &Path) -> T) -> (T, Vec<String>) {
        let mistakes = Mistakes::new(text);
        let entries = document::parse(text, &mistakes).unwrap();
        let value = read(Table::top(&entries, &mistakes), "d".as_ref());
        (value, mistakes.into_sorted().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn mail_goes_out_by_smtp_with_tls() {
        let text = "host = \"mail.example\"\nfrom = \"a@example.com\"\n\
                    user = \"u\"\npassword_file = \"p\"\n";
        let (mail, mistakes) = read(text, Mail::read);
        let Some(Mail::Smtp(smtp)) = mail else { panic!("{mail:?}") };
        assert_eq!((smtp.value.port, smtp.value.security, mistakes.len()), (465, Security::Tls, 0));
        assert_eq!(smtp.value.login.unwrap().1.value, PathBuf::from("d/p"));
        let (mail, mistakes) = read("courier = \"log\"\n", Mail::read);
        assert_eq!((mail, mistakes.len()), (Some(Mail::Log), 0));
    }

    #[test]
    fn mistakes_in_mail_are_told_at_their_place() {
        let told = |text: &str| read(text, Mail::read).1;
        let missing = ["1:1: `from` is missing in the file", "1:1: `host` is missing in the file"];
        assert_eq!(told(""), missing);
        let of = |more: &str| told(&format!("host = \"m\"\nfrom = \"a@b\"\n{more}"));
        assert!(of("user = \"u\"\n")[0].starts_with("3:8: `user` needs `password_file`"));
        assert_eq!(of("password_file = \"u\"\n"), ["3:17: `password_file` needs `user`"]);
        assert!(of("security = \"ssl\"\n")[0].contains("one of `tls`, `starttls`, `none`"));
        assert!(of("courier = \"pigeon\"\n")[0].contains("one of `smtp`, `log`"));
    }

    #[test]
    fn a_gateway_is_asked_as_told() {
        let text = "url = \"https://sms.example/send\"\nheaders = { Content-Type = \"application/json\" }\n\
                    body = '{{\"to\": \"{number}\", \"text\": \"{text}\"}}'\n";
        let (sms, mistakes) = read(text, Sms::read);
        let Some(Sms::Gateway(gateway)) = sms else { panic!("{mistakes:?}") };
        assert_eq!((mistakes.len(), gateway.value.method.as_str()), (0, "POST"));
        let (_, mistakes) = read("url = \"https://sms.example/\"\n", Sms::read);
        assert_eq!(mistakes, ["1:1: neither `url` nor `body` has {number}"]);
        let (_, mistakes) =
            read("url = \"https://e/?{number}{text}\"\nheaders = { a = 1 }\n", Sms::read);
        assert_eq!(mistakes, ["2:17: `a` is a string, not an integer"]);
    }
}
