//! When to try again.

use std::time::Duration;

use super::Limits;
use crate::crypto::Random;

impl Limits {
    /// How long to wait after this many attempts that failed, where a root asks for `asked`: twice as
    /// long each time, and of that at least the half, by chance, so that those who failed together do not
    /// come back together.
    pub(super) fn wait(
        &self,
        failed: u32,
        asked: Option<Duration>,
        random: &mut dyn Random,
    ) -> Duration {
        let doublings = failed.saturating_sub(1).min(31);
        let whole = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        let half = u64::try_from(whole.as_millis() / 2).unwrap_or(u64::MAX - 1);
        let wait = Duration::from_millis(half + random.below(half + 1));
        wait.max(self.asked(asked))
    }

    /// How long to wait at least, where a root asks for `asked`.
    pub(super) fn asked(&self, asked: Option<Duration>) -> Duration {
        asked.unwrap_or_default().min(self.asked_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use proptest::prelude::*;

    /// Draws what makes a wait the longest.
    struct Most;

    impl Random for Most {
        fn fill(&mut self, _: &mut [u8]) {}

        fn below(&mut self, bound: u64) -> u64 {
            bound - 1
        }
    }

    #[test]
    fn waits_double_up_to_six_hours() {
        let limits = Limits::default();
        let waits = (1..=12).map(|failed| limits.wait(failed, None, &mut Most).as_secs());
        let expected = [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600, 21_600];
        assert!(waits.eq(expected));
        let asked = limits.wait(1, Some(Duration::from_secs(100)), &mut Most);
        assert_eq!(asked.as_secs(), 100);
        let asked = limits.wait(1, Some(Duration::MAX), &mut Most);
        assert_eq!(asked, limits.asked_wait);
    }

    proptest! {
        #[test]
        fn chance_takes_half_at_most(failed: u32, seed: u64) {
            let limits = Limits::default();
            let most = limits.wait(failed, None, &mut Most);
            let wait = limits.wait(failed, None, &mut SeededRandom::new(seed));
            prop_assert!(wait * 2 >= most && wait <= most && wait.as_secs() >= 15);
        }
    }
}
