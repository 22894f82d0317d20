//! Anchors of zones that are served in the same process: whether they still stand for keys of them.

use crate::authority::ServedZone;
use crate::config::{Config, Mistake, Root};
use crate::dnssec::ds_matches;
use crate::dnssec::rollover::TrustPoint;
use crate::wire::Name;
use crate::wire::rdata::{Dnskey, Ds};

/// What the operator should look at: anchors of `[publish]` that stand for no key of a zone that is served here,
/// or for one that is revoked. Those of `points` follow their zone by themselves.
pub(in super::super) fn doubtful(
    config: &Config,
    zones: &[ServedZone],
    points: &[TrustPoint],
) -> Vec<Mistake> {
    let roots = config.publish.iter().flat_map(|plan| &plan.roots);
    let is_kept = |root: &&Root| points.iter().any(|point| *point.zone() == root.apex.value);
    let mut told = Vec::new();
    for root in roots.filter(|root| !is_kept(root)) {
        let apex = &root.apex.value;
        let Some(zone) = zones.iter().find(|zone| zone.apex() == apex) else { continue };
        let keys = zone.dnskeys();
        let why = root.anchors.iter().filter_map(|ds| Some((ds.key_tag, doubt(ds, apex, &keys)?)));
        told.extend(why.map(|(tag, why)| {
            let message = format!("the anchor {tag} of {apex} {why}: nothing is proved by it");
            Mistake { position: root.apex.position, message }
        }));
    }
    told
}

/// What is wrong with an anchor of the zone at `apex` with these keys.
fn doubt(ds: &Ds, apex: &Name, keys: &[Dnskey]) -> Option<&'static str> {
    let as_it_was = |key: &Dnskey| Dnskey { flags: key.flags & !Dnskey::REVOKE, ..key.clone() };
    let mut revoked = keys.iter().filter(|key| key.is_revoked());
    if revoked.any(|key| ds_matches(ds, apex, &as_it_was(key)) || ds_matches(ds, apex, key)) {
        return Some("is of a key that is revoked");
    }
    let is_here = keys.iter().any(|key| ds_matches(ds, apex, key));
    (!is_here).then_some("is of no key of the zone that is served here")
}
