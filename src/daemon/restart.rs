//! Settings that a process keeps as it was started with them.

use std::fmt::Debug;

use crate::config::{Config, Located};

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
    settings.extend(config.admin.listen.iter().map(|listen| one("`listen` of [admin]", listen)));
    settings.push(one("[log]", &config.log));
    settings
}

fn one<T: Debug>(name: &'static str, setting: &Located<T>) -> Setting {
    (name, setting.with(format!("{:?}", setting.value)))
}

/// One that has several values, at the place of the first.
fn list<T: Debug>(name: &'static str, values: &[Located<T>]) -> Option<Setting> {
    let all: Vec<&T> = values.iter().map(|value| &value.value).collect();
    values.first().map(|first| (name, first.with(format!("{all:?}"))))
}
