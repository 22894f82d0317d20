//! `threepid store handover`.

use super::super::arguments::StoreHandover;
use super::super::output;
use super::{Exit, fail, open, write_lines};
use crate::store::{Snapshot, Stand};
use crate::wire::Name;
use crate::zone::delegating;

/// Writes what a store holds at a name and below it, for whom it is delegated to.
pub(crate) fn handover(arguments: &StoreHandover) -> Exit {
    try_handover(arguments).err().unwrap_or(Exit::Success)
}

fn try_handover(arguments: &StoreHandover) -> Result<(), Exit> {
    let StoreHandover { store, after, early, .. } = arguments;
    let snapshot = open(store)?;
    let cut = cut(arguments, &snapshot)?;
    let stand = stand(arguments, &snapshot, &cut)?;
    if stand == Stand::Here && !early {
        return Err(refused(format_args!(
            "{cut} is not held: what is published from now on would be missing. Write \
             `handing_over = [\"{cut}\"]` into the table of its zone in the configuration, have the server \
             read it, and try again; or take a first copy by --early"
        )));
    }
    let after = after.unwrap_or_default();
    let written = write_lines(store, &snapshot, &cut, after)?;
    let last = snapshot.last().map_err(|error| fail(store, error))?;
    output::tell(format_args!("{written} at or below {cut}, up to change {last}"));
    output::tell(match stand {
        Stand::Here => format!("not held: the rest, when it is, comes with --after {last}"),
        Stand::Held | Stand::Away => format!("that is all: --handed-over {last}"),
    });
    Ok(())
}

/// What is meant by the name, in the zones that the store was served for.
fn cut(arguments: &StoreHandover, snapshot: &Snapshot) -> Result<Name, Exit> {
    let StoreHandover { store, child, apex, .. } = arguments;
    let zones = match apex {
        Some(apex) => vec![apex.clone()],
        None => snapshot.zones().map_err(|error| fail(store, error))?,
    };
    let mut found = Vec::new();
    for zone in &zones {
        found.extend(delegating::part(child, zone).ok().filter(|name| !found.contains(name)));
    }
    // Of several trees, the one where it is held.
    if found.len() > 1 {
        let mut held = Vec::new();
        for name in &found {
            if stand(arguments, snapshot, name)? != Stand::Here {
                held.push(name.clone());
            }
        }
        found = if held.is_empty() { found } else { held };
    }
    match (&found[..], apex) {
        ([cut], _) => Ok(cut.clone()),
        ([], Some(apex)) => {
            Err(mistaken(delegating::part(child, apex).expect_err("nothing is found")))
        }
        ([], None) => Err(mistaken(format_args!(
            "{child:?} names no part of the zones that {} was served for ({}): say --apex NAME",
            store.display(),
            listed(&zones)
        ))),
        _ => Err(mistaken(format_args!("{child:?} can be each of {}: say --apex", listed(&found)))),
    }
}

fn stand(
    StoreHandover { store, .. }: &StoreHandover,
    snapshot: &Snapshot,
    cut: &Name,
) -> Result<Stand, Exit> {
    snapshot.border(cut).map(|border| border.stand).map_err(|error| fail(store, error))
}

fn listed(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(Name::to_string).collect();
    if names.is_empty() { "none yet".to_owned() } else { names.join(", ") }
}

fn mistaken(why: impl std::fmt::Display) -> Exit {
    output::fail(why);
    Exit::Usage
}

fn refused(why: impl std::fmt::Display) -> Exit {
    output::fail(why);
    Exit::Flawed
}
