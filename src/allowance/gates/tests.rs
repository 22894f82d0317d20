//! What is promised holds whoever comes, and whenever.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    First,
    Second,
    Third,
}

impl Bound for Test {
    const ALL: &'static [Self] = &[Self::First, Self::Second, Self::Third];

    fn name(self) -> &'static str {
        ["first", "second", "third"][self.place()]
    }

    fn usual(self) -> u32 {
        3
    }
}

use Test::{First, Second, Third};

fn gates(rates: [Rate; 3]) -> Gates<Test> {
    let mut bounds = Bounds::default();
    Test::ALL.iter().zip(rates).for_each(|(bound, rate)| bounds[*bound] = rate);
    Gates::new(&bounds, &Telemetry::new("t"), "turned_away")
}

fn gate(rate: Rate) -> Gates<Test> {
    gates([rate; 3])
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

fn wait(admitted: Result<(), TooOften<Test>>) -> Result<(), u128> {
    admitted.map_err(|too_often| too_often.wait.as_millis())
}

#[test]
fn a_burst_and_then_so_many_a_second() {
    let gate = gate(Rate::per_second(10).bursting(3));
    let admit = |millis| wait(gate.errand().by(First, 1).admit(at(millis)));
    assert_eq!([0, 0, 0].map(admit), [Ok(()); 3]);
    assert_eq!(admit(0), Err(100));
    assert_eq!(admit(40), Err(60));
    assert_eq!([admit(100), admit(100)], [Ok(()), Err(100)]);
    assert_eq!([1000, 1000, 1000].map(admit), [Ok(()); 3]);
    assert_eq!(admit(1000), Err(100));
}

#[test]
fn half_of_an_hour_at_once_and_the_others_later() {
    let gate = gate(Rate::per_hour(5));
    let admit = |minutes: u64| wait(gate.errand().by(First, 1).admit(at(minutes * 60_000)));
    assert_eq!([0; 3].map(admit), [Ok(()); 3]);
    assert_eq!([admit(19), admit(20), admit(20)], [Err(60_000), Ok(()), Err(20 * 60_000)]);
    assert_eq!([admit(40), admit(59), admit(60)], [Ok(()), Err(60_000), Ok(())]);
}

#[test]
fn one_an_hour_is_one() {
    let gate = gate(Rate::per_hour(1));
    let admit = |millis| wait(gate.errand().by(First, 1).admit(at(millis)));
    assert_eq!([admit(0), admit(HOUR - 1), admit(HOUR)], [Ok(()), Err(1), Ok(())]);
}

#[test]
fn one_client_does_not_wait_for_another() {
    let gate = gate(Rate::per_second(1));
    // Of 10,000 clients few find both their buckets full by chance.
    let turned_away =
        (0..10_000).filter(|number| gate.errand().by(First, number).admit(at(0)).is_err());
    assert!(turned_away.count() < 500);
    assert!(gate.errand().by(First, 3).admit(at(0)).is_err());
}

#[test]
fn many_come_together_or_none() {
    let gate = gate(Rate::per_second(10));
    let admit = |count, millis| wait(gate.errand_of(count).by(First, 1).admit(at(millis)));
    assert_eq!(admit(0, 0), Ok(()));
    assert_eq!([admit(7, 0), admit(4, 0)], [Ok(()), Err(100)]);
    assert_eq!([admit(3, 0), admit(1, 0)], [Ok(()), Err(100)]);
    assert!(admit(11, 9_999_999).is_err() && admit(u32::MAX, 9_999_999).is_err());
    assert_eq!(admit(10, 9_999_999), Ok(()));
}

#[test]
fn a_clock_set_back_is_forgiven() {
    let gate = gate(Rate::per_second(10).bursting(2));
    let admit = |millis| wait(gate.errand().by(First, 1).admit(at(millis)));
    assert_eq!([1_000_000, 1_000_000].map(admit), [Ok(()); 2]);
    assert_eq!(admit(0), Err(100));
    assert_eq!(admit(100), Ok(()));
}

#[test]
fn a_key_is_charged_once_where_its_buckets_are_one() {
    let rate = Rate::per_second(2);
    let (mut table, charge) = (Table::new(rate), Charge::new(7 << 32 | 7, rate, 1));
    table.take(&charge, 0);
    assert_eq!(table.wait(&charge, 0), 0);
}

#[test]
fn wider_networks_count_as_few_clients() {
    let admitted = |addresses: fn(u32) -> String| {
        let gate = gate(Rate::per_hour(5));
        let come = |at_: u32| {
            let address = addresses(at_).parse().unwrap();
            (0..9)
                .filter(|_| gate.errand().by_networks(First, address, ()).admit(at(0)).is_ok())
                .count()
        };
        (0..64).map(come).sum::<usize>()
    };
    assert_eq!(admitted(|_| "192.0.2.1".to_owned()), 3);
    assert_eq!(admitted(|low| format!("2001:db8::{low:x}")), 3);
    assert_eq!(admitted(|low| format!("2001:db8:0:{low:x}::1")), 5, "two clients");
    assert_eq!(admitted(|low| format!("2001:db8:0:{low:x}00::1")), 9, "four clients");
    assert_eq!(admitted(|low| format!("2001:db8:{low:x}::1")), 3 * 64);
}

#[test]
fn who_is_turned_away_is_counted_by_the_bound_he_waits_for_longest() {
    let telemetry = Telemetry::new("t");
    let mut bounds = Bounds::default();
    (bounds[First], bounds[Second]) = (Rate::per_hour(60), Rate::per_hour(2));
    let gates = Gates::new(&bounds, &telemetry, "turned_away");
    let errand = || gates.errand().by(First, 1).by(Second, 2).by(Third, 3).admit(at(0));
    assert_eq!(errand(), Ok(()));
    let second = TooOften { bound: Second, wait: Duration::from_secs(1800) };
    assert_eq!([errand(), errand()], [Err(second); 2]);
    let told = telemetry.render();
    assert!(told.contains("t_turned_away_total{bound=\"second\"} 2\n"), "{told}");
    assert!(told.contains("t_turned_away_total{bound=\"first\"} 0\n"), "{told}");
}

proptest! {
    /// So many an hour, in any hour; of a wider network as many times more.
    #[test]
    fn no_hour_has_more_than_its_count(
        (count, burst) in (1_u32..12).prop_flat_map(|count| (Just(count), 1..=count)),
        gaps in prop::collection::vec((0_u64..HOUR / 4, 0_u64..2, 1_u32..3), 1..400),
    ) {
        let (gate, mut now) = (gate(Rate::within(Duration::from_millis(HOUR), count, burst)), 0);
        let mut own: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
        let mut wide = Vec::new();
        for (number, (gap, pauses, together)) in gaps.into_iter().enumerate() {
            now += gap * pauses;
            let network = u16::try_from(number % 7).unwrap();
            let address = format!("2001:db8:0:{network}00::1").parse().unwrap();
            let errand = gate.errand_of(together).by_networks(First, address, ());
            if errand.admit(at(now)).is_ok() {
                let times = std::iter::repeat_n(now, together.try_into().unwrap());
                own.entry(network).or_default().extend(times.clone());
                wide.extend(times);
            }
        }
        let holds = |times: &[u64], count: u32| {
            times.windows(usize::try_from(count).unwrap() + 1).all(|few| few[few.len() - 1] - few[0] >= HOUR)
        };
        prop_assert!(own.values().all(|times| holds(times, count)));
        prop_assert!(holds(&wide, 4 * count));
    }

    /// Who waits as long as he was told to is let in.
    #[test]
    fn who_waits_is_let_in(count in 1_u32..2000, burst in 1_u32..2000, tries in 1_u32..3000) {
        let gate = gate(Rate::within(Duration::from_millis(HOUR), count, burst));
        let mut now = 0;
        for _ in 0..tries.min(300) {
            if let Err(TooOften { wait, .. }) = gate.errand().by(First, 1).admit(at(now)) {
                now += u64::try_from(wait.as_micros().div_ceil(1000)).unwrap();
                prop_assert!(gate.errand().by(First, 1).admit(at(now)).is_ok());
            }
        }
    }

    /// Of what is asked at one time, each has as much as may come at once, and what is refused takes nothing.
    #[test]
    fn an_errand_takes_from_all_or_from_none(
        counts in [1_u32..9, 1_u32..9, 1_u32..9],
        errands in prop::collection::vec(([0_u8..4, 0_u8..4, 0_u8..4], 1_u32..3), 1..100),
    ) {
        let gates = gates(counts.map(Rate::per_hour));
        let mut left: BTreeMap<(Test, u8), u32> = BTreeMap::new();
        for (keys, count) in errands {
            // Of each gate, the last key stands for none at all.
            let passed = || Test::ALL.iter().copied().zip(keys).filter(|(_, key)| *key < 3);
            let errand = passed().fold(gates.errand_of(count), |errand, (bound, key)| errand.by(bound, key));
            for (bound, key) in passed() {
                left.entry((bound, key)).or_insert(counts[bound.place()].div_ceil(2));
            }
            let fits = passed().all(|gate| left[&gate] >= count);
            prop_assert_eq!(errand.admit(at(0)).is_ok(), fits);
            passed().filter(|_| fits).for_each(|gate| *left.get_mut(&gate).unwrap() -= count);
        }
    }
}
