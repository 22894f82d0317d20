//! Memory brought near before it is needed.
//!
//! An association lies anywhere in hundreds of megabytes, so that to find one takes two waits for memory, each
//! as long as all else that an answer takes. Questions that came at once are looked ahead to together: their waits
//! then are one.

use super::Authority;
use super::index::Near;
use crate::wire::{Rtype, asked};
use crate::zone::SearchName;

/// How many questions are looked ahead to at once.
const TOGETHER: usize = 32;

impl Authority {
    /// Has memory brought near for the associations that `packets` ask for.
    pub fn foresee(&self, packets: &[&[u8]]) {
        if packets.len() < 2 {
            return;
        }
        for packets in packets.chunks(TOGETHER) {
            let mut near = [const { None }; TOGETHER];
            for (near, packet) in near.iter_mut().zip(packets) {
                *near = self.near(packet);
            }
            near.iter().flatten().for_each(Near::bring_slot);
            near.iter().flatten().for_each(Near::bring_item);
        }
    }

    fn near(&self, packet: &[u8]) -> Option<Near<'_>> {
        let (name, rtype) = asked(packet).filter(|(_, rtype)| *rtype == Rtype::ASSOC)?;
        let name = SearchName::new(name).ok()?;
        let (_, zone) = self.zones.answering(&name, rtype)?;
        zone.index()?.near(name.wire())
    }
}
