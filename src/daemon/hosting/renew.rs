//! Signatures of associations made anew, some at a time, while the others are answered with.

use tokio::sync::mpsc;

use crate::authority::index::SHARDS;
use crate::authority::{Authority, ServedZone};
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
/// in 256 parts: whoever is served meanwhile waits for none of them to be signed.
pub(super) fn renew(zones: &Authority, now: Timestamp, made: &mpsc::Sender<Vec<Signed>>) {
    for zone in zones.zones() {
        let renewed: usize = (0..SHARDS).map(|shard| renew_shard(zone, shard, now, made)).sum();
        if renewed > 0 {
            tracing::info!(zone = %zone.apex(), renewed, "associations signed again");
        }
    }
}

fn renew_shard(
    zone: &ServedZone,
    shard: usize,
    now: Timestamp,
    made: &mpsc::Sender<Vec<Signed>>,
) -> usize {
    let Some(index) = zone.index() else { return 0 };
    let mut due = Vec::new();
    index.each(shard, |item| {
        let owner = index.owner(&item);
        if let Some(rdata) = zone.due(&owner, item.set, now) {
            due.push(Due { rdata: rdata.to_vec(), owner, sequence: item.sequence });
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
    renewed
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
