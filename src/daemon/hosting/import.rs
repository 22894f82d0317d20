//! Associations of zone files, taken into the store as if they were published.

use crate::association::Statement;
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::store::{Change, Held, Outcome, Refusal, Snapshot, Store, StoreError};
use crate::threepid::Threepid;
use crate::wire::{Name, Rrset};

/// How many go to the store at once.
const TOGETHER: usize = 1024;

/// The associations in the file of a zone.
#[derive(Debug)]
pub struct FromFile {
    /// The zone.
    pub zone: Name,
    /// One record each.
    pub associations: Vec<Rrset>,
}

/// Takes associations of files into the store, and tells in the log what came of them.
pub(super) async fn import(
    store: &Store,
    files: Vec<FromFile>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for FromFile { zone, associations } in files {
        let mut outcomes = Vec::new();
        for some in associations.chunks(TOGETHER) {
            let snapshot = store.snapshot()?;
            let changes = some.iter().map(|set| change(set, &snapshot));
            let changes = changes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
            drop(snapshot);
            outcomes.extend(store.apply(changes, now).await?);
        }
        tell(&zone, &outcomes);
    }
    Ok(())
}

fn tell(zone: &Name, outcomes: &[Outcome]) {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    let stored = count(|one| matches!(one, Outcome::Stored(_) | Outcome::Merged(_)));
    let older = count(|one| matches!(one, Outcome::Refused(Refusal::Older | Refusal::OtherHash)));
    let ahead = count(|one| matches!(one, Outcome::Refused(Refusal::Ahead)));
    if stored + older > 0 {
        tracing::info!(%zone, stored, older, "associations of the zone's file taken into the store");
    }
    if ahead > 0 {
        tracing::warn!(%zone, ahead, "associations in the zone's file are later than the clock");
    }
}

/// The change that a record of a file is. What was signed can be rebuilt where the name tells the
/// identifier. Else it is known if the store has the same; and if it is not, the record loses against
/// whatever was said at the same time.
fn change(set: &Rrset, snapshot: &Snapshot) -> Result<Option<Change>, StoreError> {
    let Some(rdata) = set.rdata.first() else { return Ok(None) };
    let Ok(statement) = Statement::from_rdata(rdata.octets()) else { return Ok(None) };
    let signed_hash = match Threepid::told_by(&set.name) {
        Some(threepid) => sha256(&statement.claim().signed_octets(&threepid)),
        None => match snapshot.find(&set.name)?.map(|entry| entry.held) {
            Some(Held::Statement(kept)) if kept.statement()?.claim() == statement.claim() => {
                kept.signed_hash
            }
            _ => [0; 32],
        },
    };
    Ok(Some(Change::unnamed(set.name.clone(), statement, signed_hash)))
}
