//! How the `[resolver]` resolves: where it goes, what it shows and what it trusts.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::dnssec::Algorithms;
use crate::resolver::{Families, Limits, Policy};
use crate::wire::Ttl;

use super::document::{Table, Value};
use super::forward;
use super::root::{Holder, Root};
use super::root_list::RootList;
use super::values;

/// What a floor of TTLs can be, in seconds: an hour at most. Changes have to be seen some time.
const TTL_FLOOR: RangeInclusive<u64> = 0..=3600;

/// What a ceiling of TTLs can be, in seconds: a minute, lest each question walk from the root, to a week
/// (RFC 8767 section 4).
const TTL_CEILING: RangeInclusive<u64> = 60..=604_800;

/// Reads what is in the table about it, and where a root list is.
pub(super) fn read(table: &Table<'_>, base: &Path) -> (Policy, Option<RootList>) {
    let usual = Policy::default();
    let switch = |key, default| values::switch(table, key, default);
    let algorithms = Algorithms { rsasha1: switch("rsasha1", usual.algorithms.rsasha1) };
    let (roots, list) = Root::read_all_or_list(
        table,
        base,
        Holder::Resolver(algorithms),
        values::authorities(table, base),
    );
    let families = families(table, &roots);
    let policy = Policy {
        roots: roots.iter().map(Root::to_root).collect(),
        forwards: forward::read_all(table),
        port: port(table),
        families,
        do_not_query: values::items(table, "do_not_query", "a network"),
        negative_anchors: values::items(table, "negative_anchors", "a domain name"),
        suspended: usual.suspended,
        private_zones: switch("private_zones", usual.private_zones),
        priming: switch("priming", usual.priming),
        mixed_case: switch("mixed_case", usual.mixed_case),
        minimise: switch("minimise", usual.minimise),
        aggressive_nsec: switch("aggressive_nsec", usual.aggressive_nsec),
        algorithms,
        limits: limits(table),
    };
    (policy, list)
}

fn port(table: &Table<'_>) -> u16 {
    let number = |value: Value<'_>| value.number(1, u16::MAX.into());
    let port = |number| u16::try_from(number).expect("the range was checked");
    table.value("iteration_port").and_then(number).map_or(values::DNS_PORT, port)
}

fn families(table: &Table<'_>, roots: &[Root]) -> Families {
    let switch = |key| values::switch(table, key, true);
    let (families, off) = match (switch("ipv4"), switch("ipv6")) {
        (true, true) => return Families::Both,
        (true, false) => (Families::Ipv4, "ipv6"),
        (false, true) => (Families::Ipv6, "ipv4"),
        (false, false) => {
            let off = table.value("ipv6");
            off.inspect(|off| off.mistake("`ipv4` and `ipv6` are off: one has to be on"));
            return Families::Both;
        }
    };
    for Root { apex, servers, .. } in roots {
        if !servers.is_empty() && !servers.iter().any(|server| families.include(*server)) {
            let left = format!("with `{off}` off, no server of {} can be asked", apex.value);
            table.value(off).inspect(|value| value.mistake(left));
        }
    }
    families
}

fn limits(table: &Table<'_>) -> Limits {
    let usual = Limits::default();
    let seconds = |key, range: RangeInclusive<u64>, default: Ttl| {
        let given = table.value(key).and_then(|value| value.number(*range.start(), *range.end()));
        let secs = given.map(|secs| u32::try_from(secs).expect("the range was checked"));
        secs.map_or(default, Ttl::from_secs)
    };
    let least_ttl = seconds("ttl_floor", TTL_FLOOR, usual.least_ttl);
    let answer_ttl = seconds("ttl_ceiling", TTL_CEILING, usual.answer_ttl);
    if least_ttl > answer_ttl {
        let (floor, ceiling) = (least_ttl.as_secs(), answer_ttl.as_secs());
        let crossed = format!("`ttl_floor` ({floor}) is above `ttl_ceiling` ({ceiling})");
        table.value("ttl_floor").inspect(|value| value.mistake(crossed));
    }
    Limits { least_ttl, answer_ttl, cut_ttl: answer_ttl, ..usual }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The policy of a resolver with these lines, and one tree.
    fn read(lines: &str) -> Result<Policy, String> {
        let digest = "00".repeat(32);
        let text = format!(
            "[resolver]\n{lines}\n[[resolver.root]]\napex = \"a.\"\nservers = [\"192.0.2.1\"]\n\
             anchors = [\"a. IN DS 1 15 2 {digest}\", \"a. IN DS 1 5 2 {digest}\"]\n"
        );
        let config = Config::parse(&text, "a.toml".as_ref());
        config.map(|config| config.resolver.unwrap().policy).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_is_as_usual() {
        let policy = read("").unwrap();
        let usual = Policy { roots: policy.roots.clone(), ..Policy::default() };
        assert_eq!(policy, usual);
    }

    #[test]
    fn what_is_given_counts() {
        let policy = read(
            "rsasha1 = true\nminimise = false\nprivate_zones = false\nmixed_case = false\n\
             priming = false\naggressive_nsec = false\nipv6 = false\niteration_port = 5353\n\
             do_not_query = [\"198.51.100.0/24\"]\nnegative_anchors = [\"Bad.example\"]\n\
             ttl_floor = 60\nttl_ceiling = 7200\n\
             [[resolver.forward]]\nzone = \"corp.example\"\n\
             resolvers = [\"192.0.2.53\", \"[2001:db8::53]:5353\"]",
        );
        let policy = policy.unwrap();
        assert!(policy.algorithms.rsasha1 && !policy.minimise && !policy.aggressive_nsec);
        assert!(!policy.private_zones && !policy.mixed_case && !policy.priming);
        assert_eq!((policy.families, policy.port), (Families::Ipv4, 5353));
        assert_eq!(policy.do_not_query, ["198.51.100.0/24".parse().unwrap()]);
        assert_eq!(policy.negative_anchors, ["bad.example.".parse().unwrap()]);
        let Limits { least_ttl, answer_ttl, cut_ttl, .. } = policy.limits;
        assert_eq!([least_ttl, answer_ttl, cut_ttl].map(Ttl::as_secs), [60, 7200, 7200]);
        let [forward] = policy.forwards.as_slice() else { panic!("{:?}", policy.forwards) };
        assert_eq!(forward.zone.to_string(), "corp.example.");
        let resolvers: Vec<String> = forward.resolvers.iter().map(ToString::to_string).collect();
        assert_eq!(resolvers, ["192.0.2.53:53", "[2001:db8::53]:5353"]);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let told = |lines: &str| read(lines).unwrap_err();
        assert_eq!(
            told("ipv4 = false\nipv6 = false"),
            "a.toml:3:8: `ipv4` and `ipv6` are off: one has to be on"
        );
        assert_eq!(
            told("ipv4 = false"),
            "a.toml:2:8: with `ipv4` off, no server of a. can be asked"
        );
        assert_eq!(told("ttl_floor = 9999"), "a.toml:2:13: `ttl_floor` is a number from 0 to 3600");
        assert_eq!(
            told("ttl_floor = 3600\nttl_ceiling = 60"),
            "a.toml:2:13: `ttl_floor` (3600) is above `ttl_ceiling` (60)"
        );
        let twice = "[[resolver.forward]]\nzone = \"b.\"\nresolvers = [\"192.0.2.53\"]\n";
        assert_eq!(told(&twice.repeat(2)), "a.toml:6:8: b. is given twice");
        assert_eq!(
            told("[[resolver.forward]]\nzone = \"b.\"\nresolvers = []"),
            "a.toml:4:13: `resolvers` lists the addresses of resolvers, one at least"
        );
    }

    #[test]
    fn rsa_with_sha1_counts_where_it_is_switched_on() {
        let text = |switch: &str| {
            format!(
                "[resolver]\n{switch}\n[[resolver.root]]\napex = \".\"\n\
                 anchors = [\". IN DS 1 5 2 {}\"]\n",
                "00".repeat(32)
            )
        };
        let parse = |switch| Config::parse(&text(switch), "a.toml".as_ref());
        for off in ["", "rsasha1 = false"] {
            let told = parse(off).unwrap_err().to_string();
            assert!(told.contains(". has no anchor that can be used"), "{told}");
        }
        assert!(parse("rsasha1 = true").is_ok());
    }

    #[test]
    fn the_public_tree_is_known() {
        let text = "[resolver]\n[[resolver.root]]\napex = \".\"\n";
        let policy = Config::parse(text, "a.toml".as_ref()).unwrap().resolver.unwrap().policy;
        let [root] = policy.roots.as_slice() else { panic!("{policy:?}") };
        assert_eq!((root.servers.len(), root.anchors.len()), (26, 2));
        let text = text.replace("\".\"", "\"org.\"");
        let told = Config::parse(&text, "a.toml".as_ref()).unwrap_err().to_string();
        let expected = "a.toml:2:1: org.: where to ask is missing: `servers` or `hints_file`\n\
                        a.toml:2:1: what proves org. is missing: `anchor_file` or `anchors`";
        assert_eq!(told, expected);
    }
}
