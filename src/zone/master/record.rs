//! One record: owner, TTL, class, type, data.

use super::{MasterError, Wrong, ours};
use crate::wire::rdata::{Soa, SyntaxError, Token, Tokens};
use crate::wire::{Class, MAX_TTL, Name, Rdata, Record, Rtype, Ttl};

/// What a TTL is, for errors.
pub(super) const TTL: &str = "a TTL from 0 to 2147483647";

/// What an entry takes from those before it.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// What relative names are continued with.
    pub(super) origin: Option<Name>,
    /// The TTL of `$TTL` (RFC 2308 section 4).
    pub(super) default_ttl: Option<Ttl>,
    /// The TTL stated last.
    last_ttl: Option<Ttl>,
    owner: Owner,
}

/// The owner of the last record.
#[derive(Debug, Clone)]
enum Owner {
    /// There was none yet.
    None,
    /// It could not be read. That has been told; records that follow it are read for their mistakes.
    Wrong,
    Name(Name),
}

/// What stands before the type.
#[derive(Default)]
struct Head {
    ttl: Option<Ttl>,
    class: Option<Class>,
}

impl Context {
    pub(super) const fn new(origin: Option<Name>) -> Self {
        Self { origin, default_ttl: None, last_ttl: None, owner: Owner::None }
    }

    /// Takes note of an entry that could not be cut into words: it may have had an owner.
    pub(super) fn lose_owner(&mut self) {
        self.owner = Owner::Wrong;
    }

    /// Reads an entry as a record; none where its owner was a mistake of an entry before.
    pub(super) fn record(
        &mut self,
        indented: bool,
        tokens: &mut Tokens<'_, '_>,
    ) -> Result<Option<Record>, Wrong> {
        if !indented {
            self.lose_owner();
            self.owner = Owner::Name(tokens.name(self.origin.as_ref())?);
        }
        let at = tokens.position();
        let head = Head::read(tokens)?;
        self.last_ttl = head.ttl.or(self.last_ttl);
        let token = tokens.take(head.expected())?;
        let rtype: Rtype = token.parse(head.expected())?;
        if rtype.is_meta() {
            return Err(MasterError::MetaType(rtype).at(token.at));
        }
        let rdata = ours::read(rtype, tokens, self.origin.as_ref())?;
        let ttl =
            head.ttl.or(self.default_ttl).or(self.last_ttl).or_else(|| minimum(rtype, &rdata));
        let ttl = ttl.ok_or(MasterError::NoTtl.at(at))?;
        self.last_ttl.get_or_insert(ttl);
        match &self.owner {
            Owner::None => Err(MasterError::NoOwner.at(at)),
            Owner::Wrong => Ok(None),
            Owner::Name(name) => {
                Ok(Some(Record { name: name.clone(), rtype, class: Class::IN, ttl, rdata }))
            }
        }
    }
}

/// The TTL of a SOA record that has none, and of what follows it: the zone's default TTL before
/// `$TTL` was there (RFC 1035 section 3.3.13).
fn minimum(rtype: Rtype, rdata: &Rdata) -> Option<Ttl> {
    let soa = (rtype == Rtype::SOA).then(|| Soa::parse(rdata).ok())??;
    Some(Ttl::from_secs(soa.minimum))
}

impl Head {
    /// Reads TTL and class, in either order, as far as they are there.
    fn read(tokens: &mut Tokens<'_, '_>) -> Result<Self, Wrong> {
        let mut head = Self::default();
        loop {
            if head.ttl.is_none() && tokens.next_is(starts_with_a_digit) {
                head.ttl = Some(ttl(&tokens.take(TTL)?)?);
            } else if head.class.is_none() && tokens.next_is(|token| class(token).is_some()) {
                let token = tokens.take("a class")?;
                head.class = class(&token);
                if let Some(class) = head.class.filter(|class| *class != Class::IN) {
                    return Err(MasterError::Class(class).at(token.at));
                }
            } else {
                return Ok(head);
            }
        }
    }

    /// What can follow.
    const fn expected(&self) -> &'static str {
        match (self.ttl, self.class) {
            (None, None) => "a TTL, a class or a record type",
            (None, Some(_)) => "a TTL or a record type",
            (Some(_), None) => "a class or a record type",
            (Some(_), Some(_)) => "a record type",
        }
    }
}

/// Whether a TTL stands before the type of a record, whose words behind its owner these are.
pub(in crate::zone) fn states_ttl(mut tokens: Tokens<'_, '_>) -> bool {
    Head::read(&mut tokens).is_ok_and(|head| head.ttl.is_some())
}

fn starts_with_a_digit(token: &Token<'_>) -> bool {
    !token.quoted && token.raw.first().is_some_and(u8::is_ascii_digit)
}

/// The class that a word names. `ANY` is none: it is taken for a type, and refused as such.
fn class(token: &Token<'_>) -> Option<Class> {
    token.word()?.parse().ok().filter(|class| *class != Class::ANY)
}

/// A TTL, with units or without (RFC 2181 section 8).
pub(super) fn ttl(token: &Token<'_>) -> Result<Ttl, SyntaxError> {
    let secs = token.period(TTL)?;
    if secs > MAX_TTL { Err(token.unexpected(TTL)) } else { Ok(Ttl::from_secs(secs)) }
}
