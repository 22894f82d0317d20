//! What a zone delegates.

use std::collections::BTreeSet;
use std::net::IpAddr;

use thiserror::Error;

use super::{Refusal, Server, View, ds_of};
use crate::dnssec::{Algorithms, SupportedDs, Unsupported, digest_fits};
use crate::threepid::Branch;
use crate::threepid::labels::apex_of;
use crate::wire::rdata::{Ds, address, name_target};
use crate::wire::{DigestType, Name, Rtype};
use crate::zone::Problem;
use crate::zone::master::Master;

/// A delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegated {
    /// The child zone.
    pub name: Name,
    /// What people call it, where it is a part of the tree.
    pub branch: Option<Branch>,
    /// Its name servers, with the addresses that stand here.
    pub servers: Vec<Server>,
    /// What stands for its keys.
    pub ds: Vec<Ds>,
    /// What the operator should look at.
    pub concerns: Vec<Concern>,
}

/// Something to look at in a delegation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Concern {
    /// Something of the zone.
    #[error(transparent)]
    Zone(Problem),
    /// It is hidden by another delegation.
    #[error("hidden: {0} is delegated")]
    Hidden(Name),
    /// Nothing stands for the child's keys.
    #[error("not signed: there is no DS")]
    Unsigned,
    /// Nothing that can be used stands for them.
    #[error("counts as not signed: {0}")]
    Unsupported(Unsupported),
    /// SHA-1 can be forged, and is not counted everywhere (RFC 9905).
    #[error("every DS is by SHA-1, which is not to be used any more")]
    Sha1,
}

/// The delegations of a zone in canonical order; that of `child` alone where it is given.
///
/// # Errors
/// Where the files hold no zone, or `child` is not delegated.
pub fn list(master: &Master, child: Option<&Name>) -> Result<Vec<Delegated>, Refusal> {
    let view = View::new(master)?;
    let ds = view.records.iter().map(|(record, _)| record).filter(|one| one.rtype == Rtype::DS);
    let names: BTreeSet<&Name> = view.cuts.iter().copied().chain(ds.map(|one| &one.name)).collect();
    let wanted = names.into_iter().filter(|name| child.is_none_or(|child| child == *name));
    let found: Vec<Delegated> = wanted.map(|name| view.delegated(name)).collect();
    match child.filter(|_| found.is_empty()) {
        Some(child) => Err(Refusal::NotDelegated(child.clone())),
        None => Ok(found),
    }
}

impl View<'_> {
    fn delegated(&self, name: &Name) -> Delegated {
        let targets = self.of(name, Rtype::NS).filter_map(|(_, ns)| name_target(&ns.rdata).ok());
        let servers: Vec<Server> = targets.map(|target| self.server(target)).collect();
        let ds: Vec<Ds> = ds_of(self.of(name, Rtype::DS)).into_iter().map(|(_, ds)| ds).collect();
        let concerns = self.concerns(name, &servers, &ds);
        let branch = Branch::told_by(name).filter(|_| apex_of(name) == apex_of(self.apex));
        Delegated { name: name.clone(), branch, servers, ds, concerns }
    }

    fn server(&self, name: Name) -> Server {
        let records = self.addresses(&name);
        let addresses: Vec<IpAddr> =
            records.filter_map(|(_, one)| address(one.rtype, &one.rdata).ok()).collect();
        Server { name, addresses }
    }

    fn concerns(&self, name: &Name, servers: &[Server], ds: &[Ds]) -> Vec<Concern> {
        let mut found = Vec::new();
        let above = name.ancestors().skip(1).find(|above| self.cuts.contains(above));
        found.extend(above.map(Concern::Hidden));
        if servers.is_empty() {
            found.push(Concern::Zone(Problem::DsWithoutNs));
        }
        found.extend(servers.iter().filter_map(|server| self.server_problem(name, server)));
        let wrong = ds.iter().filter(|ds| !digest_fits(ds));
        found.extend(wrong.map(|ds| Concern::Zone(Problem::DigestLength(ds.key_tag))));
        found.extend(match SupportedDs::select(ds, Algorithms::default()) {
            _ if ds.is_empty() => Some(Concern::Unsigned),
            Err(unsupported) => Some(Concern::Unsupported(unsupported)),
            Ok(best) if best.records().iter().all(|ds| ds.digest_type == DigestType::SHA1) => {
                Some(Concern::Sha1)
            }
            Ok(_) => None,
        });
        found
    }

    fn server_problem(&self, child: &Name, server: &Server) -> Option<Concern> {
        let (name, tree) = (server.name.clone(), apex_of(self.apex));
        let problem = if !name.is_at_or_below(&tree) {
            Problem::ServerOutside(name, tree)
        } else if !server.addresses.is_empty() || !name.is_at_or_below(self.apex) {
            return None;
        } else if name.is_at_or_below(child) {
            Problem::MissingGlue(name)
        } else if self.is_delegated(&name) {
            return None;
        } else {
            Problem::NoAddress(name)
        };
        Some(Concern::Zone(problem))
    }
}
