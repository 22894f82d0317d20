//! Octets and their text forms: a bounded [`Reader`], and strict hex, base64, base32hex, dates and
//! URLs, with what they escape.
//!
//! Every decoder here refuses what the encoder would not have written (non-zero trailing bits,
//! wrong padding, stray characters), so that one value has one text; but [`from_percent`], as anything
//! may be escaped in a URL.

mod date;
mod percent;
mod reader;
mod text;
mod url;

pub use date::{date, from_date, from_http_date, utc};
pub use percent::{from_percent, percent};
pub use reader::{ReadError, Reader};
pub use text::{TextError, base32hex, base64, base64_unpadded, from_base32hex, from_base64};
pub use text::{from_base64_unpadded, from_base64url_unpadded, from_hex, hex};
pub use url::{Host, Url, UrlError};
