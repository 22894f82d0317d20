//! `threepid roots show`.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::codec::utc;
use crate::signed::KeyName;
use crate::trust::root_list::{ListedRoot, RootList, Tally};
use crate::wire::Rtype;
use crate::wire::rdata::to_text;

use super::super::arguments::RootsShow;
use super::{Exit, output, plan, read, unknown};

/// Shows a list, and ends with whether it may be used.
pub(in crate::cli) fn show(arguments: &RootsShow) -> Exit {
    match try_show(arguments) {
        Ok(true) => Exit::Success,
        Ok(false) => Exit::Flawed,
        Err(exit) => exit,
    }
}

fn try_show(arguments: &RootsShow) -> Result<bool, Exit> {
    let list = match &arguments.file {
        Some(file) => read(file),
        None => read(&plan(arguments.config.as_deref())?.0.file.value),
    }?;
    let previous = arguments.previous.as_deref().map(read).transpose()?;
    let follows = previous.as_ref().map(|previous| previous.succeeds(&list));
    let (tally, now) = (list.tally(&list), SystemClock.now());
    output::print(match arguments.json {
        true => {
            let mut object = object(&list, &tally, now);
            object["follows"] = follows.as_ref().map(Result::is_ok).into();
            format!("{object}\n")
        }
        false => {
            // What is held was taken for the next one already.
            let unknown = arguments.file.as_ref().and_then(|_| unknown(&list));
            let told = match (&previous, &follows) {
                (Some(previous), Some(Ok(()))) => {
                    Some(format!("it follows: signed by {}", previous.tally(&list)))
                }
                (_, Some(Err(refusal))) => Some(format!("it does not follow: {refusal}")),
                _ => unknown,
            };
            lines(&list, &tally, told.as_deref(), now)
        }
    });
    Ok(tally.is_enough() && list.in_date(now).is_ok() && follows.is_none_or(|it| it.is_ok()))
}

/// Whether a key has signed, in a word for machines and in several for people.
fn state(tally: &Tally, name: &KeyName) -> (&'static str, &'static str) {
    if tally.signed.contains(name) {
        ("yes", "signed")
    } else if tally.bad.contains(name) {
        ("bad", "its signature does not verify")
    } else {
        ("no", "has not signed")
    }
}

fn lines(list: &RootList, tally: &Tally, follows: Option<&str>, now: Timestamp) -> String {
    let terms = list.terms();
    let expired = if list.in_date(now).is_err() { "expired" } else { "expires" };
    let mut out =
        format!("version {}, {expired} {}\n", terms.version, utc(terms.expires.as_secs()));
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    let verdict = if tally.is_enough() { "enough" } else { "too few" };
    let (counted, needed) = (tally.counted, tally.needed);
    line(format!("signed by {counted} of its keys, {needed} needed: {verdict}"));
    follows.into_iter().for_each(|told| line(told.to_owned()));
    for (name, key) in &terms.keys {
        line(format!("  {name} {key}: {}", state(tally, name).1));
    }
    for name in &tally.strangers {
        line(format!("  {name}: signed, and is none of its keys"));
    }
    for root in &terms.roots {
        line(format!("root {}", root.apex));
        root.servers.iter().for_each(|server| line(format!("  server {server}")));
        root.ds.iter().for_each(|ds| line(format!("  DS {}", to_text(Rtype::DS, &ds.to_rdata()))));
        line(format!("  publish {}", root.publish));
    }
    out
}

fn object(list: &RootList, tally: &Tally, now: Timestamp) -> Value {
    let terms = list.terms();
    let key = |(name, key): (&KeyName, &crate::crypto::PublicKey)| {
        json!({
            "name": name.server.as_str(), "key_id": name.id.to_string(),
            "public_key": key.to_string(), "signed": state(tally, name).0,
        })
    };
    let other =
        |name: &KeyName| json!({"name": name.server.as_str(), "key_id": name.id.to_string()});
    let members: [(&str, Value); 9] = [
        ("version", terms.version.into()),
        ("expires", terms.expires.as_millis().into()),
        ("expired", list.in_date(now).is_err().into()),
        ("threshold", terms.threshold.into()),
        ("signed", tally.counted.into()),
        ("enough", tally.is_enough().into()),
        ("keys", terms.keys.iter().map(key).collect()),
        ("others", tally.strangers.iter().map(other).collect()),
        ("roots", terms.roots.iter().map(root).collect()),
    ];
    Value::Object(members.into_iter().map(|(name, v)| (name.to_owned(), v)).collect::<Map<_, _>>())
}

fn root(root: &ListedRoot) -> Value {
    json!({
        "apex": root.apex.to_string(),
        "servers": root.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ds": root.ds.iter().map(|ds| to_text(Rtype::DS, &ds.to_rdata())).collect::<Vec<_>>(),
        "publish": root.publish.to_string(),
    })
}
