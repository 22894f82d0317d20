use super::testing::{build, name};
use super::*;

/// What a lookup found, in words.
fn ask(zone: &Zone, question: &str) -> String {
    let (qname, qtype) = question.split_once(' ').unwrap();
    let set = |id| {
        let set = zone.set(id);
        format!("{} {}", set.name, set.rtype)
    };
    let how = |wildcard| if wildcard { "wildcard " } else { "" };
    match zone.lookup(&SearchName::of(&name(qname)), qtype.parse().unwrap()) {
        Outcome::Answer { set: id, wildcard } => format!("{}answer {}", how(wildcard), set(id)),
        Outcome::Cname { set: id, wildcard } => format!("{}cname {}", how(wildcard), set(id)),
        Outcome::Dname(id) => format!("dname {}", set(id)),
        Outcome::Referral(id) => format!("referral {}", set(zone.delegations()[id.index()].ns)),
        Outcome::Association => "association".to_owned(),
        Outcome::NoData(Existing::Node { node, wildcard }) => {
            let types: Vec<_> = zone.sets_at(node).map(|(_, set)| set.rtype.to_string()).collect();
            format!("{}nodata {}", how(wildcard), types.join(" ")).trim_end().to_owned()
        }
        Outcome::NoData(Existing::Delegation(_)) => "nodata at the cut".to_owned(),
        Outcome::NoData(Existing::Unwalkable) => "unwalkable".to_owned(),
        Outcome::NoData(Existing::Empty) => "empty".to_owned(),
        Outcome::NxDomain => "nxdomain".to_owned(),
    }
}

fn check(zone: &Zone, cases: &[(&str, &str)]) {
    for (question, expected) in cases {
        assert_eq!(ask(zone, question), *expected, "{question}");
        assert_eq!(ask(zone, &question.to_uppercase()), *expected, "{question} in upper case");
    }
}

/// The zone of RFC 4592 section 2.2.1 and its answers.
#[test]
fn wildcards() {
    let zone = build(
        "example.",
        "example. SOA
        example. NS ns.example.com.
        *.example. TXT x
        *.example. AAAA 2001:db8::1
        sub.*.example. TXT x
        host1.example. A 192.0.2.1
        _ssh._tcp.host1.example. TXT x
        _ssh._tcp.host2.example. TXT x
        subdel.example. NS ns.example.com.",
    )
    .unwrap()
    .zone;
    check(
        &zone,
        &[
            ("host3.example. TXT", "wildcard answer *.example. TXT"),
            ("host3.example. A", "wildcard nodata TXT AAAA"),
            ("foo.bar.example. TXT", "wildcard answer *.example. TXT"),
            ("host1.example. MX", "nodata A"),
            ("sub.*.example. MX", "nodata TXT"),
            ("_telnet._tcp.host1.example. TXT", "nxdomain"),
            ("host.subdel.example. A", "referral subdel.example. NS"),
            ("ghost.*.example. MX", "nxdomain"),
            ("*.example. TXT", "answer *.example. TXT"),
        ],
    );
}

#[test]
fn delegations_aliases_and_redirections() {
    let zone = build(
        "example.",
        "example. SOA
        example. NS ns.example.
        ns.example. A 192.0.2.1
        cut.example. NS ns.cut.example.
        cut.example. DS
        ns.cut.example. A 192.0.2.1
        bare.example. NS ns.example.
        alias.example. CNAME ns.example.
        *.wild.example. CNAME ns.example.
        moved.example. DNAME elsewhere.
        moved.example. TXT x
        b.a.example. TXT x",
    )
    .unwrap()
    .zone;
    check(
        &zone,
        &[
            ("example. SOA", "answer example. SOA"),
            ("example. DS", "nodata NS SOA"),
            ("example. ANY", "nodata NS SOA"),
            ("cut.example. A", "referral cut.example. NS"),
            ("cut.example. NS", "referral cut.example. NS"),
            ("cut.example. DS", "answer cut.example. DS"),
            ("ns.cut.example. A", "referral cut.example. NS"),
            ("x.y.cut.example. DS", "referral cut.example. NS"),
            ("bare.example. DS", "nodata at the cut"),
            ("bare.example. ANY", "referral bare.example. NS"),
            ("alias.example. A", "cname alias.example. CNAME"),
            ("alias.example. CNAME", "answer alias.example. CNAME"),
            ("alias.example. NSEC", "nodata CNAME"),
            ("alias.example. ANY", "nodata CNAME"),
            ("x.wild.example. A", "wildcard cname *.wild.example. CNAME"),
            ("x.wild.example. CNAME", "wildcard answer *.wild.example. CNAME"),
            ("wild.example. A", "nodata"),
            ("a.example. A", "nodata"),
            ("x.a.example. A", "nxdomain"),
            ("x.moved.example. A", "dname moved.example. DNAME"),
            ("x.y.moved.example. DNAME", "dname moved.example. DNAME"),
            ("moved.example. DNAME", "answer moved.example. DNAME"),
            ("moved.example. TXT", "answer moved.example. TXT"),
            ("moved.example. A", "nodata TXT DNAME"),
            ("nowhere.example. A", "nxdomain"),
        ],
    );
}

#[test]
fn digits_and_people_do_not_show() {
    let hash = "0f".repeat(28);
    let lines = format!(
        "example. SOA
        example. NS ns.example.org.
        *.example. TXT x
        *.msisdn.example. TXT x
        *.4.msisdn.example. TXT x
        4.4.msisdn.example. NS ns.example.org.
        ns.7.msisdn.example. TXT x
        9.4.msisdn.example. ASSOC x
        moved.example. DNAME elsewhere.
        {hash}._at.example.org.email.example. ASSOC x"
    );
    let built = build("example.", &lines).unwrap();
    check(
        &built.zone,
        &[
            ("msisdn.example. A", "nodata"),
            ("7.msisdn.example. TXT", "unwalkable"),
            ("7.msisdn.example. ANY", "unwalkable"),
            ("8.msisdn.example. TXT", "unwalkable"),
            ("8.msisdn.example. ASSOC", "association"),
            ("4.msisdn.example. ASSOC", "association"),
            ("9.4.msisdn.example. ASSOC", "association"),
            ("9.4.msisdn.example. TXT", "unwalkable"),
            ("4.4.msisdn.example. ASSOC", "referral 4.4.msisdn.example. NS"),
            ("1.4.4.msisdn.example. ASSOC", "referral 4.4.msisdn.example. NS"),
            ("x.msisdn.example. TXT", "wildcard answer *.msisdn.example. TXT"),
            ("x.8.msisdn.example. TXT", "nxdomain"),
            ("x.4.msisdn.example. TXT", "wildcard answer *.4.msisdn.example. TXT"),
            ("x.5.4.msisdn.example. TXT", "nxdomain"),
            ("msisdn.other.example. TXT", "empty"),
            ("1.msisdn.other.example. TXT", "unwalkable"),
            ("x.1.msisdn.other.example. TXT", "nxdomain"),
            ("other.example. TXT", "wildcard answer *.example. TXT"),
            ("1.msisdn.moved.example. ASSOC", "dname moved.example. DNAME"),
            ("_at.other.example. TXT", "unwalkable"),
            ("x.y._id.other.example. TXT", "unwalkable"),
            ("x.y._id.other.example. ASSOC", "association"),
            ("example.org.email.example. TXT", "nodata"),
            ("x.org.email.example. TXT", "nxdomain"),
            (&format!("{hash}._at.example.org.email.example. ASSOC"), "association"),
            (&format!("{hash}._at.example.org.email.example. TXT"), "unwalkable"),
        ],
    );
    let sixteen = "1.".repeat(16);
    check(&built.zone, &[(&format!("{sixteen}msisdn.example. TXT"), "nxdomain")]);
}

#[test]
fn a_digit_name_can_be_an_apex() {
    let lines = "4.msisdn.example. SOA
        4.msisdn.example. NS ns.example.org.
        4.4.msisdn.example. NS ns.example.org.";
    let zone = build("4.msisdn.example.", lines).unwrap().zone;
    check(
        &zone,
        &[
            ("4.msisdn.example. SOA", "answer 4.msisdn.example. SOA"),
            ("4.msisdn.example. ASSOC", "association"),
            ("4.msisdn.example. TXT", "nodata NS SOA"),
            ("5.4.msisdn.example. TXT", "unwalkable"),
            ("5.4.4.msisdn.example. ASSOC", "referral 4.4.msisdn.example. NS"),
        ],
    );
}

#[test]
fn the_root_can_be_an_apex() {
    let zone = build(".", ". SOA\n. NS ns.example.\nns.example. A 192.0.2.1").unwrap().zone;
    check(
        &zone,
        &[
            (". SOA", "answer . SOA"),
            ("example. A", "nodata"),
            ("other. A", "nxdomain"),
            ("1.msisdn. ASSOC", "association"),
        ],
    );
}
