//! Randomness as an argument.

use super::sha256;

/// A source of random octets.
pub trait Random: Send {
    /// Fills `octets`.
    fn fill(&mut self, octets: &mut [u8]);

    /// A random number of 16 bits.
    fn u16(&mut self) -> u16 {
        let mut octets = [0; 2];
        self.fill(&mut octets);
        u16::from_be_bytes(octets)
    }

    /// A random number below `bound`, which must not be 0. The bias is at most `bound` / 2^64.
    fn below(&mut self, bound: u64) -> u64 {
        let mut octets = [0; 8];
        self.fill(&mut octets);
        u64::from_be_bytes(octets) % bound
    }
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn fill(&mut self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("the system has a random generator");
    }
}

/// A generator that repeats itself for the same seed: for scenarios and tests.
#[derive(Debug, Clone)]
pub struct SeededRandom {
    seed: u64,
    drawn: u64,
}

impl SeededRandom {
    /// The generator of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(32) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&self.drawn.to_be_bytes());
            self.drawn += 1;
            chunk.copy_from_slice(&sha256(&input)[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let draw = |seed| {
            let mut octets = [0; 40];
            SeededRandom::new(seed).fill(&mut octets);
            octets
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(OsRandom.below(10) < 10);
    }
}
