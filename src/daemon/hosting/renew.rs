//! Signatures of associations made anew, some at a time, while the others are answered with.

use tokio::sync::mpsc;

use crate::authority::index::SHARDS;
use crate::authority::{Authority, ServedZone, first_end};
use crate::clock::Timestamp;
use crate::store::{Sequence, Signed};
use crate::wire::Name;
use crate::zone::SearchName;

/// An association whose signatures have to be made anew.
struct Due {
    owner: Vec<u8>,
    sequence: u64,
    rdata: Vec<u8>,
}

/// Renews the signatures of all zones that have to be `now`, and sends them to be kept. A zone's names come
/// in 256 parts: whoever is served meanwhile waits for none of them to be signed. Tells when the first of the
/// others ends.
pub(super) fn renew(
    zones: &Authority,
    now: Timestamp,
    made: &mpsc::Sender<Vec<Signed>>,
) -> Option<Timestamp> {
    let mut first = None;
    for zone in zones.zones() {
        let mut renewed = 0;
        for shard in 0..SHARDS {
            let (some, end) = renew_shard(zone, shard, now, made);
            renewed += some;
            first = first.into_iter().chain(end).min();
        }
        if renewed > 0 {
            tracing::info!(zone = %zone.apex(), renewed, "associations signed again");
        }
    }
    first
}

fn renew_shard(
    zone: &ServedZone,
    shard: usize,
    now: Timestamp,
    made: &mpsc::Sender<Vec<Signed>>,
) -> (usize, Option<Timestamp>) {
    let Some(index) = zone.index() else { return (0, None) };
    let (mut due, mut first) = (Vec::new(), None);
    index.each(shard, |item| {
        let owner = index.owner(&item);
        match zone.due(&owner, item.set, now) {
            Some(rdata) => due.push(Due { rdata: rdata.to_vec(), owner, sequence: item.sequence }),
            None => first = first.into_iter().chain(first_end(item.set, now)).min(),
        }
    });
    let mut buffer = Vec::new();
    let signed = due.iter().filter_map(|due| {
        let Due { owner, sequence, rdata } = due;
        let rrsigs = zone.renew_association(index, owner, (*sequence, rdata), now, &mut buffer)?;
        let (name, _) = Name::from_wire(owner).ok()?;
        Some(Signed { name, sequence: Sequence(*sequence), rrsigs })
    });
    let signed: Vec<Signed> = signed.collect();
    let renewed = signed.len();
    if renewed > 0 {
        // Where there is nobody to keep them, they are made anew after the next start.
        let _ = made.blocking_send(signed);
    }
    (renewed, first)
}

/// Drops from memory what is no longer answered from a zone: it was delegated, or is another zone's.
pub(super) fn prune(zones: &Authority) {
    for zone in zones.zones() {
        let Some(index) = zone.index() else { continue };
        for shard in 0..SHARDS {
            let mut gone = Vec::new();
            index.each(shard, |item| {
                let owner = index.owner(&item);
                let keeper = SearchName::new(&owner).ok();
                let keeper = keeper.and_then(|name| Some(zones.keeper(&name)?.1.apex().clone()));
                if keeper.as_ref() != Some(zone.apex()) {
                    gone.push((owner, item.sequence));
                }
            });
            gone.iter().for_each(|(owner, sequence)| index.remove(owner, *sequence));
        }
    }
}
