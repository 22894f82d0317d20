//! Types that a question can name and no answer can have.

use std::fmt;

use super::{EdeCode, Rcode, Rtype};

/// Why a question for a type is refused, whatever its name: by authorities and resolvers alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unaskable {
    /// It asks for a whole zone (RFC 5936, RFC 1995): zones are not transferred.
    Transfer,
    /// It asks for all mail records, which nobody does any more (RFC 1035 section 3.2.3).
    Mail,
    /// It is no type of data: a pseudo-type, or one that nobody knows (RFC 6895 section 3.1). RFC 9824
    /// section 3.5 has this for NXNAME.
    Meta,
}

impl Rtype {
    /// Why no answer can have this type; none where one can, and for ANY.
    pub const fn unaskable(self) -> Option<Unaskable> {
        match self {
            Self::ANY => None,
            Self::AXFR | Self::IXFR => Some(Unaskable::Transfer),
            Self::MAILB | Self::MAILA => Some(Unaskable::Mail),
            _ if self.is_meta() => Some(Unaskable::Meta),
            _ => None,
        }
    }
}

impl Unaskable {
    /// The response code for whoever asks.
    pub const fn rcode(self) -> Rcode {
        match self {
            Self::Transfer => Rcode::REFUSED,
            Self::Mail => Rcode::NOTIMP,
            Self::Meta => Rcode::FORMERR,
        }
    }

    /// The code of the extended error.
    pub const fn extended_error(self) -> EdeCode {
        match self {
            Self::Transfer => EdeCode::PROHIBITED,
            Self::Mail => EdeCode::NOT_SUPPORTED,
            Self::Meta => EdeCode::INVALID_QUERY_TYPE,
        }
    }

    /// The same in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Transfer => "zones are not transferred",
            Self::Mail => "mail records are not collected",
            Self::Meta => "no type to be asked for",
        }
    }
}

impl fmt::Display for Unaskable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_data_is_not_asked_for_but_for_any() {
        for rtype in (0..=u16::MAX).map(Rtype) {
            let refused = rtype.unaskable().is_some();
            assert_eq!(refused, rtype.is_meta() && rtype != Rtype::ANY, "{rtype}");
        }
    }
}
