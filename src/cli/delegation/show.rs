//! `threepid delegation show`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{child, output};
use crate::cli::Exit;
use crate::cli::arguments::DelegationShow;
use crate::codec::hex;
use crate::daemon::zone_file;
use crate::wire::rdata::Ds;
use crate::zone::delegating::{Delegated, list};

/// Shows delegations.
pub(in crate::cli) fn show(arguments: &DelegationShow) -> Exit {
    try_show(arguments).unwrap_or_else(|exit| exit)
}

fn try_show(arguments: &DelegationShow) -> Result<Exit, Exit> {
    let zone = &arguments.zone;
    let master = zone_file::open(&zone.file, zone.origin.as_ref()).map_err(output::fail)?;
    master.mistakes.iter().for_each(output::tell);
    let name = arguments.child.as_deref().map(|text| child(text, &master)).transpose()?;
    let found = list(&master, name.as_ref()).map_err(super::refused)?;
    for one in &found {
        output::print(if arguments.json { format!("{}\n", object(one)) } else { lines(one) });
    }
    Ok(if master.mistakes.is_empty() { Exit::Success } else { Exit::Flawed })
}

/// A delegation in lines for people.
fn lines(one: &Delegated) -> String {
    let mut text = String::new();
    let mut line = |words: &[&str]| {
        writeln!(text, "{}", words.join("  ")).expect("a string takes what is written");
    };
    let (name, branch) = (one.name.to_string(), one.branch.as_ref().map(ToString::to_string));
    match &branch {
        Some(branch) => line(&[branch, &name]),
        None => line(&[&name]),
    }
    let width = one.servers.iter().map(|server| server.name.to_string().len()).max().unwrap_or(0);
    for server in &one.servers {
        let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
        let name = format!("{:width$}  {}", server.name.to_string(), addresses.join(" "));
        line(&["    NS", name.trim_end()]);
    }
    for Ds { key_tag, algorithm, digest_type, .. } in &one.ds {
        line(&["    DS", &format!("{key_tag} {algorithm} {digest_type}")]);
    }
    for concern in &one.concerns {
        line(&["    !!", &concern.to_string()]);
    }
    text
}

/// The same for programs.
fn object(one: &Delegated) -> Value {
    let server = |server: &crate::zone::delegating::Server| {
        let addresses: Vec<String> = server.addresses.iter().map(ToString::to_string).collect();
        json!({"name": server.name.to_string(), "addresses": addresses})
    };
    let ds = |ds: &Ds| {
        json!({
            "key_tag": ds.key_tag,
            "algorithm": ds.algorithm.0,
            "digest_type": ds.digest_type.0,
            "digest": hex(&ds.digest),
        })
    };
    json!({
        "name": one.name.to_string(),
        "branch": one.branch.as_ref().map(ToString::to_string),
        "servers": one.servers.iter().map(server).collect::<Vec<_>>(),
        "ds": one.ds.iter().map(ds).collect::<Vec<_>>(),
        "concerns": one.concerns.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
