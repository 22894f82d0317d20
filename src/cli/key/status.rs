//! `threepid key status`: what a zone's keys are, what comes, and what there is to do.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{refuse, tells_parent};
use crate::cli::Exit;
use crate::cli::arguments::{KeyStatus, KeysOf};
use crate::cli::output;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::daemon::keys;
use crate::dnssec::ZoneKey;
use crate::dnssec::lifecycle::{Duty, Outlook, Role, Standing, utc};
use crate::wire::Rtype;
use crate::wire::rdata::to_text;

/// Shows the keys of a zone.
pub(in crate::cli) fn status(arguments: &KeyStatus) -> Exit {
    let KeysOf { zone, dir, json } = &arguments.keys;
    match keys::load_directory(zone, dir) {
        Ok(keys) => {
            let shown = Shown { of: &arguments.keys, keys: &keys, now: SystemClock.now() };
            output::print(if *json { shown.object(None) } else { shown.text() });
            Exit::Success
        }
        Err(errors) => errors.iter().map(refuse).max().unwrap_or(Exit::Error),
    }
}

/// A zone's keys, to be shown.
pub(super) struct Shown<'a> {
    pub(super) of: &'a KeysOf,
    pub(super) keys: &'a [ZoneKey],
    pub(super) now: Timestamp,
}

impl Shown<'_> {
    /// For people: the keys, a line for each thing that happens to them; and below what there is to do.
    pub(super) fn text(&self) -> String {
        let outlook = Outlook::at(self.keys, self.now);
        let mut text = format!("{}, {}\n", self.of.zone, utc(self.now));
        outlook.keys.iter().for_each(|key| text.push_str(&line(key)));
        if !outlook.duties.is_empty() {
            text.push_str("\nto do:\n");
        }
        for duty in &outlook.duties {
            let _ = writeln!(text, "  - {}", self.tell(*duty).replace('\n', "\n    "));
        }
        text
    }

    /// For programs.
    pub(super) fn object(&self, made: Option<&str>) -> String {
        let outlook = Outlook::at(self.keys, self.now);
        let mut object = json!({
            "zone": self.of.zone.to_string(),
            "time": iso(self.now),
            "keys": outlook.keys.iter().map(|key| self.key(key)).collect::<Vec<_>>(),
            "todo": outlook.duties.iter().map(|duty| self.duty(*duty)).collect::<Vec<_>>(),
        });
        if let Some(made) = made {
            object["made"] = made.into();
        }
        format!("{object}\n")
    }

    fn key(&self, key: &Standing) -> Value {
        let next = key.next.iter().map(|event| {
            json!({"what": event.what, "when": iso(event.when), "state": event.state.to_string()})
        });
        let mut object = json!({
            "tag": key.tag,
            "role": key.role.to_string(),
            "state": key.state.to_string(),
            "since": key.since.map(iso),
            "next": next.collect::<Vec<_>>(),
        });
        if key.role != Role::Zsk {
            object["ds"] = self.ds(key.tag).into();
        }
        object
    }

    fn duty(&self, duty: Duty) -> Value {
        match duty {
            Duty::AddDs(tag) => json!({"what": "add_ds", "tag": tag}),
            Duty::DropDs(tag, when) => json!({"what": "drop_ds", "tag": tag, "when": iso(when)}),
            Duty::Announce { new, end, .. } => {
                json!({"what": "announce", "tag": new, "when": iso(end)})
            }
            Duty::Replace(tag) => json!({"what": "replace", "tag": tag}),
            Duty::ReplaceBefore(tag, when) => {
                json!({"what": "replace", "tag": tag, "when": iso(when)})
            }
            Duty::PutAway(tag) => json!({"what": "put_away", "tag": tag}),
        }
    }

    fn tell(&self, duty: Duty) -> String {
        let (zone, dir) = (&self.of.zone, self.of.dir.display());
        match duty {
            Duty::AddDs(tag) => {
                let (parent, unless) = match tells_parent(zone) {
                    true => ("", String::new()),
                    false => (" --parent", self.without_parent()),
                };
                format!(
                    "have the parent publish this DS record beside those it has:\n  {}\nonce all its servers \
                     have it: threepid key roll {zone} --ds-seen{parent} --dir {dir}{unless}",
                    self.ds(tag)
                )
            }
            Duty::DropDs(tag, when) if when > self.now => {
                format!("leave the DS record of key {tag} at the parent until {}", utc(when))
            }
            Duty::DropDs(tag, _) => format!(
                "have the parent drop the DS record of key {tag}; then its files may be put away, once it \
                 is Removed"
            ),
            Duty::Announce { new, old, end } => format!(
                "tell those who name the anchor in their configuration to add this one before {}, when key \
                 {old} is revoked:\n  {}",
                utc(end),
                self.ds(new)
            ),
            Duty::Replace(tag) => {
                format!("key {tag} signs past its end, as there is no other: {}", self.roll())
            }
            Duty::ReplaceBefore(tag, when) => {
                format!("key {tag} ends at {} and has no successor: {}", utc(when), self.roll())
            }
            Duty::PutAway(tag) => format!("key {tag} is gone: its files may be put away"),
        }
    }

    /// What starts a roll.
    fn roll(&self) -> String {
        let (zone, dir) = (&self.of.zone, self.of.dir.display());
        let anchor = if tells_parent(zone) { "" } else { " --anchor" };
        format!("threepid key roll {zone}{anchor} --dir {dir}")
    }

    /// What the root of a tree has to do instead of waiting for a parent.
    fn without_parent(&self) -> String {
        let (zone, dir) = (&self.of.zone, self.of.dir.display());
        format!(
            "\nif it has none, as the root of a tree: threepid key roll {zone} --cancel --dir {dir}\nand then: {}",
            self.roll()
        )
    }

    /// The DS record of a key.
    fn ds(&self, tag: u16) -> String {
        let key = self.keys.iter().find(|key| key.key_tag() == tag).expect("it is one of the keys");
        format!("{} IN DS {}", self.of.zone, to_text(Rtype::DS, &key.sha256_ds().to_rdata()))
    }
}

/// `  12345  ZSK  Active     since 2026-11-23 20:00:00 UTC; Retired from …`.
fn line(key: &Standing) -> String {
    let Standing { tag, role, state, since, next } = key;
    let mut line = format!("  {tag:5}  {role}  {:9}", state.to_string());
    if let Some(since) = since {
        let _ = write!(line, "  since {}", utc(*since));
    }
    let mut last = *state;
    for event in next {
        let what = match event.what {
            "SyncPublish" => "wanted at the parent".to_owned(),
            "SyncDelete" => "not needed at the parent".to_owned(),
            _ if event.state == last => continue,
            _ => event.state.to_string(),
        };
        last = event.state;
        let _ = write!(line, "\n{:24}{what} from {}", "", utc(event.when));
    }
    line + "\n"
}

/// `2026-12-31T23:59:59Z`.
fn iso(moment: Timestamp) -> String {
    utc(moment).to_string().replace(" UTC", "Z").replace(' ', "T")
}
