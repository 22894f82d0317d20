//! Values that several sections know.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

use crate::wire::Name;

use super::document::{Table, Value};
use super::mistake::Located;

/// The port of DNS (RFC 1035 section 4.2).
pub const DNS_PORT: u16 = 53;

/// Text that is no place to listen at or to ask.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no address: write `192.0.2.1`, `192.0.2.1:{port}` or `[2001:db8::1]:{port}`")]
pub struct AddressError {
    text: String,
    port: u16,
}

/// A place to listen at or to ask: an address, with a port or with `port` understood.
///
/// # Errors
/// Where `text` is none.
pub fn server_address(text: &str, port: u16) -> Result<SocketAddr, AddressError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .map(|address| SocketAddr::new(address, port))
        .or_else(|_| text.parse::<SocketAddr>())
        .map_err(|_| AddressError { text: text.to_owned(), port })
}

/// The address it is, with a port or with `port` understood.
pub(super) fn socket_address(value: &Value<'_>, port: u16) -> Option<Located<SocketAddr>> {
    let address = server_address(value.string()?, port);
    value.accept(address).map(|address| value.locate(address))
}

/// The addresses listed at `listen`, or `defaults`, of which there is one at least, and whose port is
/// understood. One address twice is a mistake.
pub(super) fn listen(table: &Table<'_>, defaults: &[SocketAddr]) -> Vec<Located<SocketAddr>> {
    let port = defaults.first().map_or(DNS_PORT, SocketAddr::port);
    let Some(list) = table.value("listen") else {
        return defaults.iter().map(|address| table.locate(*address)).collect();
    };
    let items = list.list();
    if items.is_empty() {
        list.mistake("`listen` lists addresses, one at least");
    }
    let mut addresses: Vec<Located<SocketAddr>> = Vec::new();
    for item in items {
        let Some(address) = socket_address(&item, port) else { continue };
        if let Some(other) = addresses.iter().find(|other| overlap(other.value, address.value)) {
            item.mistake(format!("`{}` is listed already, as `{}`", address.value, other.value));
        }
        addresses.push(address);
    }
    addresses
}

/// Whether two listeners would be in each other's way. A wildcard stands for every address.
pub(super) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let one_is_any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port()
        && a.port() != 0
        && (a.ip() == b.ip() || (one_is_any && a.is_ipv4() == b.is_ipv4()))
}

/// A path, taken from `base` where it is relative.
pub(super) fn path(value: &Value<'_>, base: &Path) -> Option<Located<PathBuf>> {
    match value.string()? {
        "" => value.accept(Err("a path expected, this is empty")),
        text => Some(value.locate(base.join(text))),
    }
}

/// The file `ca_file`: the authorities that servers of HTTPS are checked by, in place of the system's.
pub(super) fn authorities(table: &Table<'_>, base: &Path) -> Option<Located<PathBuf>> {
    table.value("ca_file").and_then(|value| path(&value, base))
}

/// Whether the switch `key` is on; `default` where it is not given.
pub(super) fn switch(table: &Table<'_>, key: &'static str, default: bool) -> bool {
    table.value(key).and_then(|value| value.boolean()).unwrap_or(default)
}

/// The items listed at `key`, each read as a `T`; `expected` says what one looks like. There are none
/// where `key` is not given.
pub(super) fn items<T: FromStr<Err: Display>>(
    table: &Table<'_>,
    key: &'static str,
    expected: &str,
) -> Vec<T> {
    let items = table.value(key).map_or_else(Vec::new, |list| list.list());
    items.iter().filter_map(|item| item.parse(expected)).collect()
}

/// The name at `key`, which must be there.
pub(super) fn name(table: &Table<'_>, key: &'static str) -> Option<Located<Name>> {
    let value = table.required(key)?;
    value.parse("a domain name").map(|name| value.locate(name))
}

/// Notes a mistake for each item whose name an earlier one has.
pub(super) fn refuse_twice<T>(table: &Table<'_>, items: &[T], name: fn(&T) -> &Located<Name>) {
    for (at, item) in items.iter().enumerate() {
        let name_here = name(item);
        if items[..at].iter().any(|other| name(other) == name_here) {
            table.mistake_at(name_here.position, format!("{} is given twice", name_here.value));
        }
    }
}
