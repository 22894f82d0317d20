//! Octets and their text forms: a bounded [`Reader`], and strict hex, base64, base32hex, dates and
//! URLs.
//!
//! Every decoder here refuses what the encoder would not have written (non-zero trailing bits,
//! wrong padding, stray characters), so that one value has one text.

mod date;
mod reader;
mod text;
mod url;

pub use date::{date, from_date, utc};
pub use reader::{ReadError, Reader};
pub use text::{TextError, base32hex, base64, base64_unpadded, from_base32hex, from_base64};
pub use text::{from_base64_unpadded, from_hex, hex};
pub use url::{Host, Url, UrlError};
