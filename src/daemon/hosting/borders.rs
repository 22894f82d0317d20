//! What of the store is held for others, and what goes away with a delegation.

use std::path::Path;

use super::super::LoadError;
use crate::authority::{Authority, Place, ServedZone};
use crate::config::{self, Mistake};
use crate::store::{Borders, Settled, Store, StoreError, Tally};
use crate::wire::Name;

/// Why the borders of a reload are not taken.
pub(super) enum Unsettled {
    /// The store errs.
    Store(StoreError),
    /// A delegation would hide what was not held.
    Unheld(LoadError),
}

impl From<StoreError> for Unsettled {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Holds what `plan` says, and hands over what `zones` delegate. What was not held before goes away all the
/// same, and is told: it was so when the zones were written, and nobody has served them since.
pub(super) async fn begin(
    store: &Store,
    zones: &Authority,
    plan: &config::Authority,
) -> Result<(), StoreError> {
    let borders = borders(zones, plan);
    let settled = store.settle(borders.clone(), false).await?;
    for (cut, settled) in borders.cuts.iter().zip(settled) {
        if settled == Settled::Unheld {
            let there = all(store, cut);
            tracing::warn!(
                %cut, %there,
                "delegated without having been held: what is here is not answered, and may be new to the child"
            );
        }
        tell(store, cut, settled);
    }
    remind(&borders);
    Ok(())
}

/// The same at a reload: what would go away without having been held is refused.
pub(super) async fn go_over(
    store: &Store,
    zones: &Authority,
    plan: &config::Authority,
    path: &Path,
) -> Result<(), Unsettled> {
    let borders = borders(zones, plan);
    let settled = store.settle(borders.clone(), true).await?;
    let mut mistakes = Vec::new();
    for (cut, settled) in borders.cuts.iter().zip(&settled) {
        if *settled == Settled::Unheld {
            mistakes.extend(mistake(plan, cut, all(store, cut)));
        }
    }
    if !mistakes.is_empty() {
        return Err(Unsettled::Unheld(LoadError::of_mistakes(path, mistakes)));
    }
    for (cut, settled) in borders.cuts.iter().zip(settled) {
        tell(store, cut, settled);
    }
    remind(&borders);
    Ok(())
}

/// Tells what is held.
fn remind(borders: &Borders) {
    for part in &borders.holds {
        tracing::info!(%part, "held: whoever publishes there is told to come again");
    }
}

/// Where the zones end, and what is held. What is delegated already needs no hold.
fn borders(zones: &Authority, plan: &config::Authority) -> Borders {
    let held = plan.zones.iter().flat_map(|zone| &zone.handing_over);
    let held = held.filter(|name| !matches!(zones.locate(name), Place::Delegated { .. }));
    Borders {
        holds: held.cloned().collect(),
        cuts: zones.zones().filter(|zone| zone.has_store()).flat_map(cuts).collect(),
        homes: zones.zones().map(|zone| zone.apex().clone()).collect(),
    }
}

fn cuts(zone: &ServedZone) -> impl Iterator<Item = Name> {
    let zone = zone.zone();
    zone.delegations().iter().map(|delegation| zone.set(delegation.ns).name.clone())
}

/// How much there is, for people: where something is damaged, it is not counted to the end.
fn all(store: &Store, cut: &Name) -> Tally {
    let tally = store.snapshot().and_then(|snapshot| snapshot.tally(cut, |_| true));
    tally.unwrap_or_default()
}

fn tell(store: &Store, cut: &Name, settled: Settled) {
    if let Settled::Handed(last) = settled {
        tracing::info!(%cut, there = %all(store, cut), %last, "handed over: not answered here any more");
    }
}

/// Where the zone is named that delegates what is not held.
fn mistake(plan: &config::Authority, cut: &Name, there: Tally) -> Option<Mistake> {
    let zones = plan.zones.iter().filter(|zone| cut.is_below(&zone.name.value));
    let zone = zones.max_by_key(|zone| zone.name.value.label_count())?;
    let message = format!(
        "{} delegates {cut}, where the store holds {there}: they would be lost. Hold them first, with \
         `handing_over = [\"{cut}\"]` and without the delegation, and hand them over: threepid store handover",
        zone.file.value.display()
    );
    Some(Mistake { position: zone.file.position, message })
}
