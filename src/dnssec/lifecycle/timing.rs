//! When what happens to a key.

use super::State;
use crate::clock::Timestamp;

/// BIND's timing metadata of a key, in its order. What is not set does not happen.
///
/// A key about which nothing is told is in use: so are files from before times were kept in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// It was made.
    pub created: Option<Timestamp>,
    /// It comes into the DNSKEY set.
    pub publish: Option<Timestamp>,
    /// It signs from here on. If nothing else was said, it is published then.
    pub activate: Option<Timestamp>,
    /// It revokes itself from here on (RFC 5011 section 2.1).
    pub revoke: Option<Timestamp>,
    /// It signs no more.
    pub inactive: Option<Timestamp>,
    /// It leaves the DNSKEY set.
    pub delete: Option<Timestamp>,
    /// Its DS record was seen at the parent, on every server.
    pub ds_publish: Option<Timestamp>,
    /// The parent is asked for its DS record, by CDS and CDNSKEY (RFC 7344).
    pub sync_publish: Option<Timestamp>,
    /// The parent is no longer asked for it.
    pub sync_delete: Option<Timestamp>,
}

impl Timing {
    /// That of a key made and in use from `moment` on.
    pub const fn in_use(moment: Timestamp) -> Self {
        let none = Self::created(moment);
        Self { publish: Some(moment), activate: Some(moment), ..none }
    }

    /// That of a key made at `moment`, for which nothing else is planned.
    pub const fn created(moment: Timestamp) -> Self {
        Self {
            created: Some(moment),
            publish: None,
            activate: None,
            revoke: None,
            inactive: None,
            delete: None,
            ds_publish: None,
            sync_publish: None,
            sync_delete: None,
        }
    }

    /// All moments, in order, with the tags of their lines in key files.
    pub fn lines(&self) -> [(&'static str, Option<Timestamp>); 9] {
        [
            ("Created", self.created),
            ("Publish", self.publish),
            ("Activate", self.activate),
            ("Revoke", self.revoke),
            ("Inactive", self.inactive),
            ("Delete", self.delete),
            ("DSPublish", self.ds_publish),
            ("SyncPublish", self.sync_publish),
            ("SyncDelete", self.sync_delete),
        ]
    }

    /// The moment of the line with this tag; none where the tag is another.
    pub fn line_mut(&mut self, tag: &str) -> Option<&mut Option<Timestamp>> {
        Some(match tag {
            "Created" => &mut self.created,
            "Publish" => &mut self.publish,
            "Activate" => &mut self.activate,
            "Revoke" => &mut self.revoke,
            "Inactive" => &mut self.inactive,
            "Delete" => &mut self.delete,
            "DSPublish" => &mut self.ds_publish,
            "SyncPublish" => &mut self.sync_publish,
            "SyncDelete" => &mut self.sync_delete,
            _ => return None,
        })
    }

    /// What the key is at `now`.
    pub fn state(&self, now: Timestamp) -> State {
        let past = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
        match self {
            _ if *self == Self::default() => State::Active,
            Self { delete, .. } if past(*delete) => State::Removed,
            Self { publish, activate, .. } if !past(*publish) && !past(*activate) => {
                State::Generated
            }
            Self { revoke, .. } if past(*revoke) => State::Revoked,
            Self { inactive, .. } if past(*inactive) => State::Retired,
            Self { activate, .. } if past(*activate) => State::Active,
            _ => State::Published,
        }
    }

    /// Whether the parent shall have its DS record at `now`: as the metadata says, and where it does not,
    /// as long as the key signs.
    pub fn is_for_parent(&self, now: Timestamp) -> bool {
        if *self == Self::default() {
            return true;
        }
        let start = self.sync_publish.or(self.activate);
        let end = self.sync_delete.or(self.end());
        start.is_some_and(|start| start <= now) && end.is_none_or(|end| now < end)
    }

    /// When it stops to sign as what it was, if that is planned.
    pub fn end(&self) -> Option<Timestamp> {
        self.inactive.into_iter().chain(self.withdrawal()).min()
    }

    /// When it leaves the DNSKEY set as what it was, if that is planned: what it signed before can be
    /// verified no more.
    pub fn withdrawal(&self) -> Option<Timestamp> {
        self.delete.into_iter().chain(self.revoke).min()
    }

    /// The first moment after `now` at which something changes.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let matters = |(tag, _): &(&str, _)| !matches!(*tag, "Created" | "DSPublish");
        let all = self.lines().into_iter().filter(matters).filter_map(|(_, moment)| moment);
        all.filter(|moment| *moment > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn lines_are_found_by_their_tags() {
        let mut timing = Timing::default();
        for (secs, (tag, _)) in (1..).zip(Timing::default().lines()) {
            *timing.line_mut(tag).unwrap() = Some(at(secs));
        }
        let moments = timing.lines().map(|(_, moment)| moment.unwrap().as_secs());
        assert_eq!(moments, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(timing.line_mut("Expire"), None);
    }

    #[test]
    fn what_lies_ahead_is_told() {
        let timing = Timing { inactive: Some(at(20)), ..Timing::in_use(at(10)) };
        let next = |now| timing.next_change(at(now)).map(Timestamp::as_secs);
        assert_eq!([next(0), next(10), next(19), next(20)], [Some(10), Some(20), Some(20), None]);
        let noted = Timing { ds_publish: Some(at(30)), ..timing };
        assert_eq!(noted.next_change(at(20)), None);
    }

    #[test]
    fn the_parent_has_what_signs_or_what_is_said() {
        let plain =
            Timing { inactive: Some(at(20)), delete: Some(at(30)), ..Timing::in_use(at(10)) };
        let said = Timing { sync_publish: Some(at(5)), sync_delete: Some(at(40)), ..plain };
        let from_to = |timing: Timing| {
            let for_parent = |now: &u64| timing.is_for_parent(at(*now));
            (0..50).find(for_parent).zip((0..50).rev().find(for_parent))
        };
        assert_eq!([from_to(plain), from_to(said)], [Some((10, 19)), Some((5, 39))]);
        assert_eq!(from_to(Timing::created(at(1))), None);
        assert!(Timing::default().is_for_parent(at(0)));
    }
}
