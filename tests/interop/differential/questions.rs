//! Questions about the tree, drawn by chance that repeats itself.

use threepid::crypto::{Random, SeededRandom};
use threepid::wire::{Class, Name, Question, Rtype};

use crate::interop::foreign::tree::{Zone, zones};
use crate::interop::names;

/// A question as it is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// DO, or the verdict alone.
    pub(super) dnssec_ok: bool,
}

/// Names that every zone of the tree holds, or denies.
const NAMES: [&str; 43] = [
    "",
    "",
    "www",
    "mail",
    "text",
    "mixed.case",
    "_sip._tcp",
    "_tcp",
    "*.wild",
    "wild",
    "any.wild",
    "some.more.wild",
    "held.wild",
    "below.held.wild",
    "leaf.ent.wild",
    "ent.wild",
    "any.ent.wild",
    "a.b.c.ent",
    "b.c.ent",
    "c.ent",
    "ent",
    "z.b.c.ent",
    "alias",
    "chain",
    "lost",
    "away",
    "absent",
    "void",
    "far",
    "any.turned",
    "turned",
    "moved",
    "www.moved",
    "any.wild.moved",
    "www.moved.moved",
    "nothing.moved",
    "c.inner",
    "tosub",
    "tooff",
    "long",
    "nothing",
    "hidden",
    "nothing.at.all",
];

/// Types that are asked for.
const TYPES: [Rtype; 16] = [
    Rtype::A,
    Rtype::A,
    Rtype::A,
    Rtype::AAAA,
    Rtype::TXT,
    Rtype::TXT,
    Rtype::MX,
    Rtype::CNAME,
    Rtype::DNAME,
    Rtype::DS,
    Rtype::DS,
    Rtype::DNSKEY,
    Rtype::SOA,
    Rtype::NS,
    Rtype::SRV,
    Rtype::ASSOC,
];

/// Names of people and numbers, and where their tree has cuts.
const IDENTIFIERS: [&str; 14] = [
    names::APEX,
    names::ALICE,
    names::NOBODY,
    names::STRAUSS,
    names::NO_EMAIL,
    names::TELCO,
    names::MISSING,
    names::TOO_LONG,
    "msisdn.3pid.example.",
    "4.4.msisdn.3pid.example.",
    "7.7.4.4.msisdn.3pid.example.",
    "9.9.9.0.0.9.0.0.7.7.4.4.msisdn.3pid.example.",
    "example.com.email.3pid.example.",
    "_at.example.com.email.3pid.example.",
];

/// The questions of a seed, without end.
pub(super) struct Questions {
    random: SeededRandom,
    zones: Vec<Zone>,
}

impl Questions {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: SeededRandom::new(seed), zones: zones() }
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.random.below(chances) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.random.below(u64::try_from(from.len()).expect("a short list"));
        &from[usize::try_from(at).expect("below the length")]
    }

    fn name(&mut self) -> Name {
        let text = match self.random.below(10) {
            0 => (*self.pick(&IDENTIFIERS)).to_owned(),
            1 => self.number(),
            _ => self.ordinary(),
        };
        let text = if self.one_in(5) { text.to_ascii_uppercase() } else { text };
        text.parse().expect("made of whole labels")
    }

    /// A name in or near a zone of the tree.
    fn ordinary(&mut self) -> String {
        let apexes: Vec<String> = self.zones.iter().map(|zone| zone.apex.clone()).collect();
        let apex = self.pick(&apexes).clone();
        let (first, second) = (*self.pick(&NAMES), *self.pick(&NAMES));
        let second = if self.one_in(8) { second } else { "" };
        let salt =
            if self.one_in(8) { format!("x{}", self.random.below(50)) } else { String::new() };
        let labels = [salt.as_str(), first, second, apex.trim_end_matches('.')];
        let labels: Vec<&str> = labels.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}.", labels.join("."))
    }

    /// A number, of up to 17 digits.
    fn number(&mut self) -> String {
        let length = self.random.below(14);
        let digits: String = (0..length).map(|_| format!("{}.", self.random.below(10))).collect();
        let code = *self.pick(&["4.4.", "9.4.", "7.7.4.4.", "1."]);
        format!("{digits}{code}msisdn.{}", names::APEX)
    }
}

impl Iterator for Questions {
    type Item = Asked;

    fn next(&mut self) -> Option<Asked> {
        let (name, rtype) = (self.name(), *self.pick(&TYPES));
        let question = Question { name, rtype, class: Class::IN };
        Some(Asked { question, dnssec_ok: !self.one_in(5) })
    }
}
