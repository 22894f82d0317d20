//! What is read of files and of servers: anything, and nothing that is not meant.

use proptest::prelude::*;

use super::*;

fn states() -> impl Strategy<Value = State> {
    let reason = || prop::option::of(".{0,40}");
    prop_oneof![
        (any::<u32>(), 0..1_u64 << 48, reason()).prop_map(|(attempts, next, reason)| {
            State::Waiting { attempts, next: Timestamp::from_millis(next), reason }
        }),
        Just(State::Done(Done::Stored)),
        Just(State::Done(Done::Merged)),
        Just(State::Done(Done::Unchanged)),
        Just(State::Done(Done::Superseded)),
        (".{0,20}", ".{0,40}")
            .prop_map(|(errcode, error)| State::Done(Done::Refused { errcode, error })),
    ]
}

fn entries() -> impl Strategy<Value = Entry> {
    let delivery =
        |(label, state): (u8, State)| Delivery { apex: name(&format!("r{label}.")), state };
    let deliveries = prop::collection::vec((any::<u8>(), states()).prop_map(delivery), 0..5);
    (0..1000_u64, 0..1_u64 << 48, deliveries).prop_map(|(age, added, deliveries)| Entry {
        threepid: alice(),
        statement: statement(age),
        added: Timestamp::from_millis(added),
        deliveries,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn entries_are_read_as_they_were_written(entry in entries(), cut: prop::sample::Index) {
        let (limits, octets) = (Limits::default(), entry.to_octets());
        prop_assert_eq!(Entry::read(&octets, &limits), Ok(entry));
        let cut = cut.index(octets.len());
        prop_assert!(Entry::read(&octets[..cut], &limits).is_err());
        let mut changed = octets;
        changed[cut] ^= 1;
        let _ = Entry::read(&changed, &limits);
    }

    #[test]
    fn only_deeper_zones_are_referred_to(zone in "([a-z0-9]{1,2}\\.){0,6}", location in "[ -~]{0,60}") {
        let own = format!("https://next{PATH}?root=3pid.a.example.");
        for location in [location, own] {
            let response = referral("", &location);
            let zone = name(&(zone.clone() + "3pid.a.example."));
            let (apex, owner) = (name(A), alice().owner(&name(A)).unwrap());
            if let Ok(referral) = Referral::read(&response, zone, &apex, &owner, &apex) {
                prop_assert!(referral.zone.is_below(&apex) && owner.is_at_or_below(&referral.zone));
                prop_assert!(referral.url.is_secure() && referral.url.path() == PATH);
            }
        }
    }
}
