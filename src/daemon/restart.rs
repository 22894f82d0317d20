//! Settings that a process keeps as it was started with them.

use std::fmt::Debug;

use crate::config::{Config, Located, Verification};
use crate::wire::Name;

/// A setting, with its value as text.
type Setting = (&'static str, Located<String>);

/// Those that `new` has otherwise than `old`, a line each, with the place where they stand.
pub(super) fn put_off(old: &Config, new: &Config) -> Vec<String> {
    let (before, after) = (settings(old), settings(new));
    let changed = after.iter().filter(|setting| !before.contains(setting));
    let changed = changed.map(|(name, value)| (*name, format!(":{}", value.position)));
    let is_there = |name: &str| after.iter().any(|(other, _)| *other == name);
    let gone = before.iter().filter(|(name, _)| !is_there(name));
    let all = changed.chain(gone.map(|(name, _)| (*name, String::new())));
    let path = new.path.display();
    all.map(|(name, at)| format!("{path}{at}: {name} changes at the next start only")).collect()
}

fn settings(config: &Config) -> Vec<Setting> {
    let mut settings = Vec::new();
    if let Some(part) = &config.authority {
        settings.extend(list("`listen` of [authority]", &part.listen));
        settings.push(one("`threads` of [authority]", &part.threads));
        settings.push(one("`keep_withdrawals` of [authority]", &part.keep_withdrawals));
    }
    if let Some(part) = &config.resolver {
        settings.extend(list("`listen` of [resolver]", &part.listen));
    }
    if let Some(part) = &config.publish {
        settings.extend(list("`listen` of [publish]", &part.web.listen));
        let files = part.web.certificate.iter();
        settings.extend(files.map(|files| one("`certificate`, `key` of [publish]", files)));
    }
    settings.extend(identity(config));
    settings.extend(config.admin.listen.iter().map(|listen| one("`listen` of [admin]", listen)));
    settings.push(one("[log]", &config.log));
    settings
}

/// The sections of a verification server, but for its keys and what proves the trees.
fn identity(config: &Config) -> Vec<Setting> {
    let (Some(plan), Some(api), Some(client)) =
        (&config.verification, &config.identity_api, &config.client)
    else {
        return Vec::new();
    };
    let here = &plan.name;
    let plan = Verification { keys: Vec::new(), retired: Vec::new(), ..plan.clone() };
    let apexes: Vec<&Name> = client.roots.iter().map(|root| &root.apex.value).collect();
    let client = (client.resolver, &client.verifiers, &client.outbox, &client.ca_file, apexes);
    vec![
        one("[verification]", &here.with(plan)),
        one("[mail], [sms]", &here.with((&config.mail, &config.sms))),
        one("[client]", &here.with(client)),
        one("[identity_api]", &here.with(api)),
    ]
}

fn one<T: Debug>(name: &'static str, setting: &Located<T>) -> Setting {
    (name, setting.with(format!("{:?}", setting.value)))
}

/// One that has several values, at the place of the first.
fn list<T: Debug>(name: &'static str, values: &[Located<T>]) -> Option<Setting> {
    let all: Vec<&T> = values.iter().map(|value| &value.value).collect();
    values.first().map(|first| (name, first.with(format!("{all:?}"))))
}
