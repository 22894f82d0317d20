//! The files that `[verification]` and what goes with it name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::config::{self, Config, Located, Mistake, Position};
use crate::courier::{Log, Mail, MailSettings, Sms, Texts};
use crate::daemon::signing_keys;
use crate::daemon::web;
use crate::threepid::Medium;
use crate::transport::http::{ClientLimits, HttpClient, ServerTls, TrustStore};
use crate::verification::Courier;
use crate::verifier::{Delegate, SigningKeys};

use super::super::LoadError;

/// How long one mail may take.
const MAIL_TIME: Duration = Duration::from_secs(20);

/// What `[verification]`, `[identity_api]`, `[mail]` and `[sms]` name, read and found good.
#[derive(Debug)]
pub struct Opened {
    /// The certificate; none for plain HTTP.
    pub(super) tls: Option<Arc<ServerTls>>,
    pub(super) keys: SigningKeys,
    pub(super) couriers: BTreeMap<Medium, Arc<dyn Courier>>,
    pub(super) delegates: Vec<Delegate>,
    /// Asks other verification servers, and roots.
    pub(super) web: HttpClient,
    /// Asks homeservers.
    pub(super) homeservers: HttpClient,
}

/// Reads what they name in `config`.
///
/// # Errors
/// With everything that cannot be used.
pub(in crate::daemon) fn open(config: &Config) -> Result<Option<Opened>, LoadError> {
    let (Some(plan), Some(api), Some(client)) =
        (&config.verification, &config.identity_api, &config.client)
    else {
        return Ok(None);
    };
    let mut reader = Reader(Vec::new());
    let tls = web::tls(&api.web).map_err(|mistake| reader.0.push(mistake)).ok();
    let keys = reader.keys(plan);
    let couriers = reader.couriers(plan, config);
    let delegates = plan.delegates.iter().filter_map(|plan| reader.delegate(plan)).collect();
    let here = plan.name.position;
    let web = reader.accept(here, client.web());
    let place = api.ca_file.as_ref().map_or(here, |file| file.position);
    let store = TrustStore::of(api.ca_file.as_ref().map(|file| file.value.as_path()));
    let homeservers = reader.accept(place, HttpClient::new(&store, ClientLimits::default()));
    match (tls, keys, web, homeservers) {
        (Some(tls), Some(keys), Some(web), Some(homeservers)) if reader.0.is_empty() => {
            Ok(Some(Opened { tls, keys, couriers, delegates, web, homeservers }))
        }
        _ => Err(LoadError::of_mistakes(&config.path, reader.0)),
    }
}

/// Reads files, and collects what is wrong with them.
struct Reader(Vec<Mistake>);

impl Reader {
    fn accept<T, E: ToString>(&mut self, position: Position, read: Result<T, E>) -> Option<T> {
        let mistake = |error: E| Mistake { position, message: error.to_string() };
        read.map_err(|error| self.0.push(mistake(error))).ok()
    }

    /// The one line in a file that is secret.
    fn secret(&mut self, file: &Located<PathBuf>) -> Option<Zeroizing<String>> {
        let Located { value: path, position } = file;
        let text = self.accept(*position, text(path))?;
        let line = Zeroizing::new(text.trim().to_owned());
        if line.is_empty() || line.contains(['\n', '\r']) {
            let message = format!("{}: one line expected, the secret", path.display());
            self.0.push(Mistake { position: *position, message });
            return None;
        }
        Some(line)
    }

    fn keys(&mut self, plan: &config::Verification) -> Option<SigningKeys> {
        let mut keys: Option<SigningKeys> = None;
        for file in &plan.keys {
            let key = self.accept(file.position, signing_keys::load(&file.value))?;
            keys = Some(match keys {
                None => SigningKeys::new(plan.name.value.clone(), key),
                Some(keys) => keys.after(key),
            });
        }
        let retired = plan.retired.iter();
        keys.map(|keys| retired.fold(keys, |keys, (id, key)| keys.after_retired(id.clone(), *key)))
    }

    fn couriers(
        &mut self,
        plan: &config::Verification,
        config: &Config,
    ) -> BTreeMap<Medium, Arc<dyn Courier>> {
        let texts = match &plan.texts {
            Some(place) => self.accept(place.position, Texts::read(&place.value)),
            None => Some(Texts::default()),
        };
        let Some(texts) = texts else { return BTreeMap::new() };
        let mail = config.mail.as_ref().and_then(|plan| self.mail(plan, texts.clone()));
        let sms = config.sms.as_ref().and_then(|plan| self.sms(plan, texts));
        let couriers = [(Medium::Email, mail), (Medium::Msisdn, sms)];
        couriers.into_iter().filter_map(|(medium, courier)| Some((medium, courier?))).collect()
    }

    fn mail(&mut self, plan: &config::Mail, texts: Texts) -> Option<Arc<dyn Courier>> {
        let Located { value: plan, position } = match plan {
            config::Mail::Log => return Some(Arc::new(Log::new(texts))),
            config::Mail::Smtp(plan) => plan,
        };
        let login = match &plan.login {
            Some((user, file)) => Some((user.clone(), self.secret(file)?)),
            None => None,
        };
        let settings = MailSettings {
            host: plan.host.clone(),
            port: plan.port,
            security: plan.security,
            login,
            ca_file: plan.ca_file.clone(),
            from: plan.from.clone(),
            timeout: MAIL_TIME,
        };
        let mail = self.accept(*position, Mail::new(settings, texts))?;
        Some(Arc::new(mail))
    }

    fn sms(&mut self, plan: &config::Sms, texts: Texts) -> Option<Arc<dyn Courier>> {
        let Located { value: plan, position } = match plan {
            config::Sms::Log => return Some(Arc::new(Log::new(texts))),
            config::Sms::Gateway(plan) => plan,
        };
        let headers = match &plan.headers_file {
            Some(file) => self.headers(file)?,
            None => Vec::new(),
        };
        let gateway = self.accept(*position, plan.with_headers(&headers))?;
        let store = TrustStore::of(plan.ca_file.as_deref());
        let client = HttpClient::new(&store, ClientLimits::default());
        let client = self.accept(*position, client)?;
        Some(Arc::new(Sms::new(gateway, client, texts)))
    }

    /// Header fields in a file, a line each.
    fn headers(&mut self, file: &Located<PathBuf>) -> Option<Vec<(String, String)>> {
        let Located { value: path, position } = file;
        let text = self.accept(*position, text(path))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let mut headers = Vec::new();
        for (at, line) in lines {
            let field = line
                .split_once(':')
                .ok_or_else(|| format!("{}:{}:1: `Name: value` expected", path.display(), at + 1));
            let (name, value) = self.accept(*position, field)?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Some(headers)
    }

    fn delegate(&mut self, plan: &config::Delegate) -> Option<Delegate> {
        let access_token = match &plan.access_token {
            Some(file) => Some(self.secret(file)?),
            None => None,
        };
        Some(Delegate { scope: plan.scope.clone(), url: plan.url.clone(), access_token })
    }
}

fn text(path: &Path) -> Result<Zeroizing<String>, String> {
    let read = fs::read_to_string(path).map(Zeroizing::new);
    read.map_err(|error: io::Error| format!("{}: {error}", path.display()))
}
