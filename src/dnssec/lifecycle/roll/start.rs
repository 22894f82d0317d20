//! The ways a roll begins, and how it goes on once the parent has the new DS record.

use super::{Plan, Refusal, Role, Roll, State, Timing, Vouching, living};
use crate::clock::Timestamp;
use crate::dnssec::ZoneKey;

impl Roll<'_> {
    /// The role of the keys, where all have one.
    ///
    /// # Errors
    /// [`Refusal::Ambiguous`] where there are two.
    pub fn only_role(&self) -> Result<Role, Refusal> {
        let mut seps = living(self.keys, self.now).map(ZoneKey::is_sep);
        match seps.next() {
            Some(first) if seps.any(|sep| sep != first) => Err(Refusal::Ambiguous),
            _ => Ok(Role::Csk),
        }
    }

    /// Starts a roll: a new key in place of those that sign as `role`.
    ///
    /// - A ZSK is pre-published (RFC 6781 section 4.1.1.1).
    /// - A KSK below a parent goes by double DS (section 4.1.2): nothing but the DS record is shown before
    ///   [`seen`](Self::seen). A CSK is published too, as its signatures are to be known.
    /// - A KSK or CSK that is a trust anchor goes by RFC 5011: the new one stands by until it is trusted,
    ///   then the old one revokes itself.
    ///
    /// # Errors
    /// Where there is nothing to roll, or the last roll is not over.
    pub fn start(self, role: Role, vouching: Vouching, start: Timestamp) -> Result<Plan, Refusal> {
        if start < self.now {
            return Err(Refusal::Past);
        }
        self.check_role(role)?;
        self.check_underway(role)?;
        if let (Vouching::Anchor, Some((place, key))) = (vouching, self.standby()) {
            return Ok(self.call_up(role, place, key, start));
        }
        let flags = self.flags(role)?;
        let new = self.arriving(role, vouching, start);
        let changes = match new.activate {
            Some(switch) => self.going(role, vouching, switch),
            None => Vec::new(),
        };
        Ok(Plan { new: Some((flags, new)), changes })
    }

    /// Has another trust anchor stand by, for when it is needed: it is published, and signs nothing. The next
    /// roll uses it.
    ///
    /// # Errors
    /// Where one stands by already, or the last roll is not over.
    pub fn stand_by(self, role: Role, start: Timestamp) -> Result<Plan, Refusal> {
        if start < self.now {
            return Err(Refusal::Past);
        }
        self.check_role(role)?;
        self.check_underway(role)?;
        if let Some((_, key)) = self.standby() {
            return Err(Refusal::StandsBy(key.key_tag()));
        }
        let timing = Timing { publish: Some(start), ..Timing::created(self.now) };
        Ok(Plan { new: Some((self.flags(role)?, timing)), changes: Vec::new() })
    }

    /// The key that stands by for nothing that is planned, with its place.
    fn standby(&self) -> Option<(usize, &ZoneKey)> {
        let stands_by = |key: &ZoneKey| {
            let Timing { activate, sync_publish, .. } = key.timing;
            key.is_sep()
                && key.state(self.now) == State::Published
                && (activate, sync_publish) == (None, None)
        };
        self.keys.iter().enumerate().find(|(_, key)| stands_by(key))
    }

    /// Plans that the key which stands by takes over, once it is trusted.
    fn call_up(self, role: Role, place: usize, key: &ZoneKey, start: Timestamp) -> Plan {
        let published = key.timing.publish.unwrap_or(self.now);
        let trusted = published.saturating_add(self.intervals.trust());
        let switch = start.max(trusted);
        let new = Timing { activate: Some(switch), ..key.timing };
        let going = self.going(role, Vouching::Anchor, switch);
        Plan { new: None, changes: [(place, new)].into_iter().chain(going).collect() }
    }

    /// The flags of a new key.
    fn flags(self, role: Role) -> Result<u16, Refusal> {
        match role {
            Role::Zsk => Ok(ZoneKey::ZSK),
            Role::Ksk => Ok(ZoneKey::KSK),
            Role::Csk => {
                let (_, key) = self.active(role).next().ok_or(Refusal::NoKey(role))?;
                Ok(key.flags)
            }
        }
    }

    fn check_role(self, role: Role) -> Result<(), Refusal> {
        match (role, self.only_role()) {
            (Role::Csk, Err(ambiguous)) => Err(ambiguous),
            (Role::Ksk, Ok(_)) => Err(Refusal::OtherRole { asked: role }),
            // One that is the first of its kind takes the data over from a key for everything.
            (Role::Zsk, Ok(_)) if self.active(Role::Csk).any(|(_, key)| key.is_sep()) => Ok(()),
            (Role::Zsk, Ok(_)) => Err(Refusal::OtherRole { asked: role }),
            _ if self.active(role).next().is_none() => Err(Refusal::NoKey(role)),
            _ => Ok(()),
        }
    }

    fn check_underway(self, role: Role) -> Result<(), Refusal> {
        let sep = role == Role::Ksk
            || role == Role::Csk && self.active(role).any(|(_, key)| key.is_sep());
        let underway = self.coming().find(|(_, key)| key.is_sep() == sep);
        underway.map_or(Ok(()), |(_, key)| {
            Err(Refusal::Underway { tag: key.key_tag(), safe: key.timing.activate })
        })
    }

    /// The timing of a new key.
    fn arriving(self, role: Role, vouching: Vouching, start: Timestamp) -> Timing {
        let created = Timing::created(self.now);
        let published = Timing { publish: Some(start), ..created };
        let after = |wait| Some(start.saturating_add(wait));
        match (role, vouching) {
            (Role::Zsk, _) => Timing { activate: after(self.intervals.publication()), ..published },
            (_, Vouching::Anchor) => {
                Timing { activate: after(self.intervals.trust()), ..published }
            }
            (Role::Ksk, Vouching::Parent) => Timing { sync_publish: Some(start), ..created },
            (Role::Csk, Vouching::Parent) => Timing { sync_publish: Some(start), ..published },
        }
    }

    /// The timing of the keys that another takes the place of at `switch`.
    fn going(self, role: Role, vouching: Vouching, switch: Timestamp) -> Vec<(usize, Timing)> {
        let going = |key: &ZoneKey| {
            let old = known(key.timing);
            let retired = Timing { inactive: Some(switch), delete: None, ..old };
            // Until when data may be signed with it.
            let needed = match role {
                Role::Ksk => self.data_signed_until(old),
                Role::Zsk | Role::Csk => switch,
            };
            let unneeded = needed.saturating_add(self.intervals.retirement());
            match (role, vouching) {
                (Role::Zsk, _) | (Role::Csk, Vouching::Parent) => {
                    Timing { delete: Some(unneeded), ..retired }
                }
                (Role::Ksk, Vouching::Parent) => {
                    Timing { delete: Some(switch.max(unneeded)), ..retired }
                }
                (Role::Ksk, Vouching::Anchor) => {
                    let shown = switch.saturating_add(self.intervals.publication());
                    self.revoked(Timing { inactive: None, ..old }, shown.max(unneeded))
                }
                (Role::Csk, Vouching::Anchor) => self.revoked(retired, unneeded),
            }
        };
        let keys = self.succeeded(role).into_iter();
        keys.map(|(place, key)| (place, going(key))).collect()
    }

    /// Until when a KSK signed the data as well, as there was no ZSK yet; the epoch where there was always
    /// one.
    fn data_signed_until(self, ksk: Timing) -> Timestamp {
        let first = self.data_taken_over();
        match ksk.activate.is_some_and(|activate| activate < first) {
            true => first,
            false => Timestamp::default(),
        }
    }

    /// When the first ZSK takes the data over; the epoch where there was always one, or will be none.
    fn data_taken_over(self) -> Timestamp {
        let zsks = self.keys.iter().filter(|key| !key.is_sep());
        zsks.filter_map(|key| known(key.timing).activate).min().unwrap_or_default()
    }

    /// The timing of a key that revokes itself from `moment` on.
    pub(super) fn revoked(self, old: Timing, moment: Timestamp) -> Timing {
        let wait = self.intervals.removal + self.intervals.publication();
        Timing { revoke: Some(moment), delete: Some(moment.saturating_add(wait)), ..old }
    }

    /// Goes on after the DS record of the new key was seen on every server of the parent at `moment`: once
    /// nobody has the DS set before, the new key takes over.
    ///
    /// # Errors
    /// Where no key waits for that, or it cannot have been seen then.
    pub fn seen(self, moment: Timestamp) -> Result<Plan, Refusal> {
        let (place, key) = self.unseen().ok_or(Refusal::NothingWaits)?;
        let from = key.timing.sync_publish.unwrap_or_default();
        if moment < from || moment > self.now {
            return Err(Refusal::NotSeen { tag: key.key_tag(), from });
        }
        let role = Role::of(key, self.keys, self.now);
        let shown =
            key.timing.publish.map(|publish| publish.saturating_add(self.intervals.publication()));
        let safe = moment.saturating_add(self.intervals.registration());
        // A KSK that nobody knows must not sign the data, not even until the first ZSK does.
        let taken_over = (role == Role::Ksk).then(|| self.data_taken_over());
        let switch = [Some(self.now), Some(safe), shown, taken_over].into_iter().flatten().max();
        let switch = switch.expect("now is one of them");
        let new = Timing {
            publish: key.timing.publish.or(Some(switch)),
            activate: Some(switch),
            ds_publish: Some(moment),
            ..key.timing
        };
        // Who has the keys from before in a cache needs the DS record from before.
        let sync_delete = Some(switch.saturating_add(self.intervals.publication()));
        let going = self.going(role, Vouching::Parent, switch).into_iter();
        let going = going.map(|(place, timing)| (place, Timing { sync_delete, ..timing }));
        Ok(Plan { new: None, changes: [(place, new)].into_iter().chain(going).collect() })
    }
}

/// A timing that tells something: that of a key of which nothing is told is in use for long.
pub(super) fn known(timing: Timing) -> Timing {
    match timing == Timing::default() {
        true => Timing::in_use(Timestamp::default()),
        false => timing,
    }
}
