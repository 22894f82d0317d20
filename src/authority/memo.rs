//! Signatures made for questions, for when they are asked again.
//!
//! A denial is asked for every minute by each resolver whose users want what is not there, and its signature
//! costs four times what all else of the answer does. There is one Ed25519 signature of a key over some octets, so
//! that to keep it changes no answer: what has gone is made again.
//!
//! It takes 18 MiB once it is full, and nothing before the first denial.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;

use crate::crypto::Signature;
use crate::dnssec::ZoneKey;

/// How many parts can be used at the same time, each by one.
const SHARDS: usize = 256;

/// How many signatures a shard keeps.
const PLACES: usize = 1024;

/// How many places there are for one signature: the oldest of them gives way.
const WAYS: usize = 4;

/// A signature, and a keyed hash of who signed what: nobody can choose two that are the same.
#[derive(Clone, Copy)]
struct Kept {
    tag: u64,
    signature: Signature,
}

/// A number that is no tag, in a place that is empty.
const NO_TAG: u64 = 0;

/// The signatures that were made last. All that is done with it can be done by many at once.
pub(super) struct Memo {
    key: RandomState,
    /// A shard has no places before the first signature.
    shards: Box<[Mutex<Vec<Kept>>]>,
}

impl Memo {
    /// The signature of `key` over `octets`, kept or made now. Waits for nobody: a part in use by another thread
    /// is as good as empty.
    pub(super) fn signature(&self, key: &ZoneKey, octets: &[u8]) -> Signature {
        let tag = self.tag(key, octets);
        self.find(tag).unwrap_or_else(|| {
            let signature = key.sign(octets);
            self.keep(tag, signature);
            signature
        })
    }

    fn tag(&self, key: &ZoneKey, octets: &[u8]) -> u64 {
        let mut hasher = self.key.build_hasher();
        hasher.write(key.public().octets());
        hasher.write(octets);
        hasher.finish().max(NO_TAG + 1)
    }

    fn find(&self, tag: u64) -> Option<Signature> {
        let (shard, first) = place(tag);
        let places = self.shards[shard].try_lock().ok()?;
        let ways = places.get(first..first + WAYS)?;
        ways.iter().find(|kept| kept.tag == tag).map(|kept| kept.signature)
    }

    fn keep(&self, tag: u64, signature: Signature) {
        let (shard, first) = place(tag);
        let Ok(mut places) = self.shards[shard].try_lock() else { return };
        if places.is_empty() {
            places.resize(PLACES, Kept { tag: NO_TAG, signature: [0; 64] });
        }
        let ways = &mut places[first..first + WAYS];
        ways.rotate_right(1);
        ways[0] = Kept { tag, signature };
    }
}

impl Default for Memo {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { key: RandomState::new(), shards }
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

/// The shard of a signature, and its first place there.
fn place(tag: u64) -> (usize, usize) {
    let [shard, .., high, low] = tag.to_be_bytes();
    let place = usize::from(u16::from_be_bytes([high, low])) % PLACES;
    (shard.into(), place / WAYS * WAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SeededRandom;
    use crate::wire::Name;

    fn keys() -> [ZoneKey; 2] {
        [1, 2]
            .map(|seed| ZoneKey::generate(Name::root(), ZoneKey::KSK, &mut SeededRandom::new(seed)))
    }

    #[test]
    fn each_key_has_its_own_signature_of_each_message() {
        let (memo, keys) = (Memo::default(), keys());
        for _ in 0..2 {
            for number in 0..100u8 {
                for key in &keys {
                    assert_eq!(memo.signature(key, &[number; 40]), key.sign(&[number; 40]));
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_not_made_again() {
        let (memo, [key, _]) = (Memo::default(), keys());
        let tag = memo.tag(&key, b"denied");
        assert_eq!(memo.find(tag), None);
        memo.keep(tag, [7; 64]);
        assert_eq!(memo.signature(&key, b"denied"), [7; 64]);
    }

    #[test]
    fn the_oldest_gives_way() {
        let memo = Memo::default();
        // In one place: the shard is told by the first octet, the place by the last ones.
        let tags: Vec<u64> = (0..=WAYS as u64).map(|middle| middle << 32 | 4).collect();
        for tag in &tags {
            memo.keep(*tag, [1; 64]);
        }
        let gone = tags.iter().filter(|tag| memo.find(**tag).is_none());
        assert_eq!(gone.collect::<Vec<_>>(), [&tags[0]]);
    }

    #[test]
    fn a_part_in_use_is_as_good_as_empty() {
        let (memo, [key, _]) = (Memo::default(), keys());
        let tag = memo.tag(&key, b"denied");
        memo.keep(tag, [7; 64]);
        let _guards: Vec<_> = memo.shards.iter().map(|shard| shard.lock().unwrap()).collect();
        assert_eq!(memo.signature(&key, b"denied"), key.sign(b"denied"));
    }
}
