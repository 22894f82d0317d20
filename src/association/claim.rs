//! What statements say, apart from who signed it.

use std::fmt;
use std::str::FromStr;

use super::AssociationError;
use crate::clock::Timestamp;
use crate::signed::{Json, Limits, Object, ServerName};
use crate::threepid::Threepid;

/// How long an association holds unless it says otherwise, in milliseconds: 100 years of 365 days.
pub const LIFETIME: u64 = 3_153_600_000_000;

/// The longest user id, in octets (Matrix specification).
const MAX_MXID: usize = 255;

/// Members that an association may not have beside its own: they would let its signature pass for
/// one of a certificate or a root list, or are attached by older servers without being signed.
const RESERVED: [&str; 21] = [
    "address",
    "expires",
    "invites",
    "issuer",
    "key_id",
    "keys",
    "max_path",
    "medium",
    "mxid",
    "not_after",
    "not_before",
    "public_key",
    "roots",
    "scope",
    "signatures",
    "subject",
    "threshold",
    "ts",
    "type",
    "unsigned",
    "version",
];

/// A time in a statement: milliseconds since the epoch, below 2^48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(u64);

impl Ts {
    /// The time `millis` milliseconds after the epoch.
    ///
    /// # Errors
    /// [`AssociationError::Time`] from 2^48 on.
    pub const fn from_millis(millis: u64) -> Result<Self, AssociationError> {
        if millis >> 48 == 0 { Ok(Self(millis)) } else { Err(AssociationError::Time(millis)) }
    }

    /// In milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// When an association of this time ends unless it says otherwise.
    ///
    /// # Errors
    /// [`AssociationError::Time`] where that is beyond 2^48.
    pub const fn default_end(self) -> Result<Self, AssociationError> {
        Self::from_millis(self.0 + LIFETIME)
    }

    /// As JSON.
    pub(super) fn to_json(self) -> Json {
        Json::Integer(i64::try_from(self.0).expect("48 bits fit 63"))
    }
}

impl From<Ts> for Timestamp {
    fn from(ts: Ts) -> Self {
        Self::from_millis(ts.0)
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Matrix user id. Kept as it stands, since it is signed: historical ids may have any character
/// but NUL and `:` in their local part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mxid(Box<str>);

impl Mxid {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The homeserver that it is of.
    pub fn server(&self) -> ServerName {
        let (_, server) = self.0.split_once(':').expect("the id had a server when it was read");
        server.parse().expect("the server had a name when the id was read")
    }
}

impl FromStr for Mxid {
    type Err = AssociationError;

    fn from_str(text: &str) -> Result<Self, AssociationError> {
        let parts = text.strip_prefix('@').and_then(|rest| rest.split_once(':'));
        let well_formed = parts.is_some_and(|(local, server)| {
            !local.contains('\0') && server.parse::<ServerName>().is_ok()
        });
        if well_formed && text.len() <= MAX_MXID {
            return Ok(Self(text.into()));
        }
        Err(AssociationError::Mxid(text.to_owned()))
    }
}

impl fmt::Display for Mxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Members that are signed with an association beside those that make it one. Often none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extra(Object);

impl Extra {
    /// Takes these members.
    ///
    /// # Errors
    /// [`AssociationError::Reserved`] where one belongs to an association, certificate or root
    /// list.
    pub fn new(members: Object) -> Result<Self, AssociationError> {
        let reserved = members.iter().map(|(name, _)| name).find(|name| RESERVED.contains(name));
        if let Some(name) = reserved {
            return Err(AssociationError::Reserved(name.to_owned()));
        }
        Ok(Self(members))
    }

    /// Reads a JSON object.
    ///
    /// # Errors
    /// Where it has no canonical form or a reserved member.
    pub fn parse(octets: &[u8]) -> Result<Self, AssociationError> {
        Self::new(Object::parse(octets, &Limits::default())?)
    }

    /// The members.
    pub fn members(&self) -> &Object {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The identifier belongs to this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// The user.
    pub mxid: Mxid,
    /// When it was made.
    pub ts: Ts,
    /// The first moment at which it holds.
    pub not_before: Ts,
    /// The last moment at which it holds.
    pub not_after: Ts,
    /// What else is signed with it.
    pub extra: Extra,
}

impl Association {
    /// Whether it holds at this moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        (Timestamp::from(self.not_before)..=Timestamp::from(self.not_after)).contains(&now)
    }
}

/// The identifier belongs to nobody any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// When it was made.
    pub ts: Ts,
}

/// What is said of an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It belongs to a user.
    Association(Association),
    /// It belongs to nobody any more.
    Withdrawal(Withdrawal),
}

impl Claim {
    /// When it was made.
    pub fn ts(&self) -> Ts {
        match self {
            Self::Association(association) => association.ts,
            Self::Withdrawal(withdrawal) => withdrawal.ts,
        }
    }

    /// Whose the identifier is; nobody's after a withdrawal.
    pub fn mxid(&self) -> Option<&Mxid> {
        match self {
            Self::Association(association) => Some(&association.mxid),
            Self::Withdrawal(_) => None,
        }
    }

    /// Whether it is a withdrawal.
    pub fn is_withdrawal(&self) -> bool {
        matches!(self, Self::Withdrawal(_))
    }

    /// What is signed, as a JSON object: the claim together with the identifier it is about.
    pub fn to_object(&self, threepid: &Threepid) -> Object {
        let mut object = match self {
            Self::Association(association) => association.extra.0.clone(),
            Self::Withdrawal(_) => Object::default(),
        };
        object.insert("medium", threepid.medium().as_str());
        object.insert("address", threepid.address());
        object.insert("ts", self.ts().to_json());
        match self {
            Self::Association(association) => {
                object.insert("mxid", association.mxid.as_str());
                object.insert("not_before", association.not_before.to_json());
                object.insert("not_after", association.not_after.to_json());
            }
            Self::Withdrawal(_) => object.insert("mxid", Json::Null),
        }
        object
    }

    /// The octets that are signed: canonical JSON.
    pub fn signed_octets(&self, threepid: &Threepid) -> Vec<u8> {
        self.to_object(threepid).to_octets()
    }
}

impl From<Association> for Claim {
    fn from(association: Association) -> Self {
        Self::Association(association)
    }
}

impl From<Withdrawal> for Claim {
    fn from(withdrawal: Withdrawal) -> Self {
        Self::Withdrawal(withdrawal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids() {
        let longest = format!("@{}:a.example", "x".repeat(244));
        assert_eq!(longest.len(), 255);
        for fine in ["@a:b", "@:b", "@Älice/1:matrix.example:8448", "@a b:[::1]", &longest] {
            assert_eq!(fine.parse::<Mxid>().unwrap().to_string(), fine);
        }
        let server = "@Älice/1:matrix.example:8448".parse::<Mxid>().unwrap().server();
        assert_eq!(server.as_str(), "matrix.example:8448");
        let over = format!("@x{}", &longest[1..]);
        for bad in ["", "@", "@a", "a:b", "@a:", "@a\0:b", "@a:b c", &over] {
            assert_eq!(bad.parse::<Mxid>(), Err(AssociationError::Mxid(bad.to_owned())));
        }
    }

    #[test]
    fn times_have_48_bits() {
        let last = (1 << 48) - 1;
        assert_eq!(Ts::from_millis(last).map(Ts::as_millis), Ok(last));
        assert_eq!(Ts::from_millis(1 << 48), Err(AssociationError::Time(1 << 48)));
        assert!(Ts::from_millis(last).unwrap().default_end().is_err());
    }

    #[test]
    fn an_association_holds_from_its_first_to_its_last_moment() {
        let ts = |millis| Ts::from_millis(millis).unwrap();
        let association = Association {
            mxid: "@a:b".parse().unwrap(),
            ts: ts(5),
            not_before: ts(10),
            not_after: ts(20),
            extra: Extra::default(),
        };
        let holds = |millis| association.is_in_force(Timestamp::from_millis(millis));
        assert_eq!([9, 10, 20, 21].map(holds), [false, true, true, false]);
    }

    #[test]
    fn members_of_other_documents_are_refused() {
        for name in RESERVED {
            let refused = Extra::parse(format!("{{\"{name}\":1}}").as_bytes());
            assert_eq!(refused, Err(AssociationError::Reserved(name.to_owned())));
        }
        assert!(Extra::parse(br#"{"org.example.ts":1}"#).is_ok());
    }
}
