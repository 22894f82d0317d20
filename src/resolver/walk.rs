//! The way down from a root to the zone that holds a name.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::cache::{CutKey, fresh};
use super::env::Env;
use super::minimise::Minimiser;
use super::policy::Way;
use super::priming::{self, Start};
use super::server::Contest;
use super::{Answer, AnswerKey, Cause, Cut, Forward, Kind, Root, Stored};
use crate::clock::Timestamp;
use crate::wire::rdata::address;
use crate::wire::{Class, Name, Question, Rtype};

/// Where a lookup stands: the deepest zone known to enclose the name, and who of its servers is left
/// to ask.
#[derive(Debug)]
pub(super) struct Walk {
    target: AnswerKey,
    /// Resolvers are asked.
    forwarded: bool,
    zone: Name,
    contest: Contest,
    /// Addresses to look up.
    unknown: VecDeque<AnswerKey>,
    /// The address that is being looked up.
    sought: Option<AnswerKey>,
    /// How many servers turned out to have none.
    absent: u32,
    minimiser: Minimiser,
    /// How long ago the delegation was learned; none where it was just now, or nothing was.
    age: Option<Duration>,
    /// When the delegation ends; never, for a root.
    until: Option<Timestamp>,
    /// The servers of a root are asked, first of all, for those that its zone names.
    unprimed: bool,
    /// Servers of a root that its zone names are asked, not the hints.
    primed: bool,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Ask this server this.
    Ask(SocketAddr, Question),
    /// Ask this server for the servers of its zone, with this.
    Prime(SocketAddr, Question),
    /// Find the addresses of a server first.
    Find(AnswerKey),
    /// There is nobody left to ask.
    Stuck,
}

impl Walk {
    /// Starts from the deepest zone cut that is known; where `doubted` is given, from one above it.
    pub(super) fn begin(
        target: &AnswerKey,
        doubted: Option<&Name>,
        env: &mut Env<'_>,
    ) -> Result<Self, Cause> {
        let way = env.policy.way_to(&target.name, target.rtype);
        match way.ok_or_else(|| Cause::OutsideRoots(target.name.clone()))? {
            Way::Across(forward) => Ok(Self::across(target, forward)),
            Way::Down(root) => Ok(Self::down(target, root, doubted, env)),
        }
    }

    fn across(target: &AnswerKey, forward: &Forward) -> Self {
        let mut walk = Self::new(target, &forward.zone);
        walk.forwarded = true;
        walk.minimiser.give_up();
        forward.resolvers.iter().for_each(|&resolver| walk.contest.admit(resolver));
        walk
    }

    fn down(target: &AnswerKey, root: &Root, doubted: Option<&Name>, env: &mut Env<'_>) -> Self {
        let mut walk = Self::new(target, &root.apex);
        if !env.policy.minimise {
            walk.minimiser.give_up();
        }
        match known_cut(target, root, doubted, env) {
            Some(entry) => {
                walk.descend(&entry, env);
                walk.age = Some(env.now.since(entry.stored));
            }
            None => walk.start(root, doubted == Some(&root.apex), env),
        }
        walk
    }

    /// Starts at a root; where its own servers are doubted, at the hints.
    fn start(&mut self, root: &Root, doubted: bool, env: &mut Env<'_>) {
        let hints = root_cut(root, env);
        if doubted {
            priming::fall_back(&hints, env);
        }
        match priming::start(&self.target, root, &hints, env) {
            Start::Primed(entry) => self.prime(&entry.value, env),
            Start::Hints => self.enter(&hints, env),
            Start::Unprimed => {
                self.enter(&hints, env);
                self.unprimed = true;
            }
        }
    }

    /// Goes on at the servers that the zone of the root names. They have no parent to give them an end.
    pub(super) fn prime(&mut self, cut: &Cut, env: &mut Env<'_>) {
        self.enter(cut, env);
        self.primed = true;
    }

    fn new(target: &AnswerKey, zone: &Name) -> Self {
        Self {
            target: target.clone(),
            forwarded: false,
            zone: zone.clone(),
            contest: Contest::default(),
            unknown: VecDeque::new(),
            sought: None,
            absent: 0,
            minimiser: Minimiser::below(zone),
            age: None,
            until: None,
            unprimed: false,
            primed: false,
        }
    }

    /// Whether resolvers are asked, not authorities.
    pub(super) fn is_forwarded(&self) -> bool {
        self.forwarded
    }

    /// The zone whose servers are asked.
    pub(super) fn zone(&self) -> &Name {
        &self.zone
    }

    /// How long ago the delegation was learned; none where the parent would say the same again.
    pub(super) fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Whether the servers asked are those that the zone of the root names: the hints are left.
    pub(super) fn is_primed(&self) -> bool {
        self.primed
    }

    /// When a delegation ends that its servers give until `end`: not after the one to those servers.
    /// Else who lost a zone could go on for ever, by a delegation further down before each end
    /// (CVE-2022-30698, CVE-2022-30699).
    pub(super) fn bound(&self, end: Timestamp) -> Timestamp {
        self.until.map_or(end, |until| end.min(until))
    }

    /// Goes on at the zone below.
    pub(super) fn descend(&mut self, cut: &Stored<Cut>, env: &mut Env<'_>) {
        self.enter(&cut.value, env);
        self.until = Some(cut.expires);
    }

    fn enter(&mut self, cut: &Cut, env: &mut Env<'_>) {
        self.zone = cut.zone.clone();
        self.age = None;
        self.primed = false;
        self.absent = 0;
        self.minimiser.descend(&cut.zone);
        self.contest = Contest::default();
        for &address in &cut.addresses {
            self.admit(address, env);
        }
        self.unknown = env
            .policy
            .families
            .types()
            .iter()
            .flat_map(|&rtype| {
                let key = move |name: &Name| AnswerKey { name: name.clone(), rtype };
                cut.targets.iter().map(key)
            })
            .collect();
    }

    fn admit(&mut self, address: IpAddr, env: &Env<'_>) {
        self.contest.admit((address, env.policy.port).into());
    }

    /// Takes in the addresses found for a server.
    pub(super) fn learn(&mut self, answer: &Answer, env: &Env<'_>) {
        let Some(root) = env.policy.root_of(&self.zone) else { return };
        let most = env.limits().targets_per_cut;
        let sets = answer.answer.iter().filter(|_| answer.kind == Kind::Data);
        let found = sets.flat_map(|set| set.rrset.rdata.iter().map(move |rdata| (set, rdata)));
        let addresses = found.filter_map(|(set, rdata)| address(set.rrset.rtype, rdata).ok());
        if answer.kind != Kind::Data {
            self.miss(answer.shows_name(), env);
        }
        for address in addresses.filter(|address| env.policy.may_ask(root, *address)).take(most) {
            self.admit(address, env);
        }
    }

    /// The server sought has no address of this kind; none at all where its name does not exist.
    /// Of a delegation that names many such, the others are not looked up.
    pub(super) fn miss(&mut self, exists: bool, env: &Env<'_>) {
        let Some(AnswerKey { name, .. }) = self.sought.take() else { return };
        if exists && self.unknown.iter().any(|other| other.name == name) {
            return;
        }
        self.unknown.retain(|other| other.name != name);
        self.absent += 1;
        if self.absent >= env.limits().absent_per_cut {
            self.unknown.clear();
        }
    }

    /// Decides what to do next.
    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Next {
        // Once: whatever comes of it, the question itself is next.
        let unprimed = std::mem::take(&mut self.unprimed);
        while !self.contest.has_untried(&self.zone, env.cache, env.now) {
            let Some(key) = self.unknown.pop_front() else { break };
            if !env.is_waited_for(&key) && env.budget.target(&env.policy.limits) {
                self.sought = Some(key.clone());
                return Next::Find(key);
            }
        }
        let server =
            self.contest.choose(&self.zone, env.limits(), env.cache, env.now, &mut *env.random);
        let Some(server) = server else { return Next::Stuck };
        if unprimed {
            let name = self.zone.clone();
            return Next::Prime(server, Question { name, rtype: Rtype::NS, class: Class::IN });
        }
        Next::Ask(server, self.question(env))
    }

    /// The question to ask next: for as little of the name as is not known to hide no cut.
    fn question(&mut self, env: &Env<'_>) -> Question {
        loop {
            let name = self.minimiser.next(&self.target.name);
            if name == self.target.name {
                return Question { name, rtype: self.target.rtype, class: Class::IN };
            }
            match cached(&name, env) {
                Some(exists) => self.passed(&name, exists),
                None => return Question { name, rtype: Rtype::A, class: Class::IN },
            }
        }
    }

    /// The servers said that there is no cut at `name`, an ancestor of the target.
    pub(super) fn step(&mut self, name: &Name, exists: bool) {
        self.passed(name, exists);
        self.contest.renew();
    }

    fn passed(&mut self, name: &Name, exists: bool) {
        if exists { self.minimiser.passed(name) } else { self.minimiser.give_up() }
    }

    /// Whether `question` shows only a part of the name; counts it as sent where so.
    pub(super) fn count(&mut self, question: &Question) -> bool {
        let minimised = question.name != self.target.name;
        if minimised {
            self.minimiser.sent();
        }
        minimised
    }

    /// Asks `server` no more.
    pub(super) fn bar(&mut self, server: SocketAddr) {
        self.contest.bar(server);
    }

    /// Asks all servers again, for the full name now. Whether that is something new.
    pub(super) fn show_full_name(&mut self) -> bool {
        let new = !self.minimiser.gave_up();
        self.minimiser.give_up();
        self.contest.reopen();
        new
    }
}

/// Whether it is known of `name`, not long ago, that it exists; none where nothing is known.
fn cached(name: &Name, env: &Env<'_>) -> Option<bool> {
    [Rtype::A, Rtype::CNAME, Rtype::NXNAME].into_iter().find_map(|rtype| {
        let key = AnswerKey { name: name.clone(), rtype };
        fresh(env.cache, &key, env.now).map(|entry| entry.value.shows_name())
    })
}

/// The deepest cut in the cache that encloses the target: strictly, for the parent's DS set; and
/// above the one that is doubted.
fn known_cut(
    target: &AnswerKey,
    root: &Root,
    doubted: Option<&Name>,
    env: &Env<'_>,
) -> Option<Arc<Stored<Cut>>> {
    let skipped = usize::from(target.rtype == Rtype::DS);
    target
        .name
        .ancestors()
        .skip(skipped)
        .take_while(|name| name.is_below(&root.apex))
        .filter(|name| doubted.is_none_or(|doubted| doubted.is_below(name)))
        .find_map(|name| fresh(env.cache, &CutKey(name), env.now))
}

/// The servers of a root are asked wherever they are, in the families that are.
fn root_cut(root: &Root, env: &Env<'_>) -> Cut {
    let included = |server: &&IpAddr| env.policy.families.include(**server);
    let addresses = root.servers.iter().filter(included).copied().collect();
    Cut { zone: root.apex.clone(), addresses, targets: Vec::new() }
}
