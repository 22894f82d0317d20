//! What comes of a chain.

use std::collections::BTreeSet;
use std::fmt;

use crate::signed::{KeyName, ServerName};

/// What a chain of certificates is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Valid,
    /// A certificate does not cover the identifier, or a trusted key is not trusted for it.
    OutOfScope,
    /// A certificate has ended.
    Expired,
    /// A certificate has not started.
    NotYetValid,
    /// More certificates than one of them allows, or than [`MAX_CHAIN`](super::MAX_CHAIN).
    PathTooLong,
    /// A certificate, or what is judged, is not signed by the key above it.
    BadSignature,
    /// What should be a certificate is none.
    Malformed,
    /// The chain ends at a key that nobody vouches for.
    Untrusted,
    /// Certificates could not be looked up: not to be trusted now.
    Undetermined,
}

impl Verdict {
    /// The verdict in a word, for machines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::OutOfScope => "out_of_scope",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::PathTooLong => "path_too_long",
            Self::BadSignature => "bad_signature",
            Self::Malformed => "malformed",
            Self::Untrusted => "untrusted",
            Self::Undetermined => "undetermined",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verdict on one signature, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict. One chain that holds is enough.
    pub verdict: Verdict,
    /// The chains that hold: for each trusted root at which one ends, the shortest.
    pub chains: Vec<Chain>,
    /// All that was looked at, from the signature up.
    pub links: Vec<Link>,
}

impl Judgement {
    /// Why it is not valid: the last of the links that made the verdict what it is.
    pub fn reason(&self) -> Option<&Link> {
        let fails = |link: &&Link| link.verdict == self.verdict;
        self.links.iter().rev().find(fails).filter(|_| self.verdict != Verdict::Valid)
    }

    /// The trusted roots at which a chain ends.
    pub fn roots(&self) -> impl Iterator<Item = &ServerName> {
        self.chains.iter().map(|chain| &chain.root().server)
    }
}

/// A chain that holds: the keys from the one that signed up to a trusted one, which may be the same.
/// Each but the last has a certificate by the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<KeyName>);

impl Chain {
    /// The chain of these keys and this trusted one.
    pub(super) fn new(mut keys: Vec<KeyName>, root: KeyName) -> Self {
        keys.push(root);
        Self(keys)
    }

    /// The trusted key it ends at.
    pub fn root(&self) -> &KeyName {
        self.0.last().expect("a chain has its trusted key")
    }

    /// All keys, from the one that signed up.
    pub fn keys(&self) -> &[KeyName] {
        &self.0
    }
}

/// One thing that was looked at on the way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub place: Place,
    /// What it is worth by itself.
    pub verdict: Verdict,
}

/// In words, for people.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = self.verdict;
        match &self.place {
            Place::Root(key) => match verdict {
                Verdict::Valid => write!(f, "{key} is trusted and signed it"),
                Verdict::OutOfScope => write!(f, "{key} is not trusted for this identifier"),
                Verdict::BadSignature => write!(f, "it is not signed by the trusted key {key}"),
                _ => write!(f, "{} is trusted, but not its key {}", key.server, key.id),
            },
            Place::Certificate { issuer, subject } => {
                write!(f, "the certificate of {issuer} for {subject} ")?;
                f.write_str(match verdict {
                    Verdict::Valid => "is good",
                    Verdict::OutOfScope => "does not cover this identifier",
                    Verdict::Expired => "has ended",
                    Verdict::NotYetValid => "has not begun",
                    Verdict::PathTooLong => "is too far up: it allows fewer below it",
                    _ => "cannot be used",
                })
            }
            Place::Key(key) => {
                write!(f, "no certificate of {} is for its key {}", key.server, key.id)
            }
            Place::Server(server) => match verdict {
                Verdict::Malformed => write!(f, "a certificate of {server} is malformed"),
                Verdict::BadSignature => {
                    write!(f, "it is not signed by a key that {server} has a certificate for")
                }
                Verdict::Undetermined => {
                    write!(f, "certificates of {server} cannot be looked up now")
                }
                _ => write!(f, "there is no certificate of {server}"),
            },
        }
    }
}

/// What can be looked at on the way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A trusted server, that should have signed what is below: the key that did, or should have.
    Root(KeyName),
    /// A certificate.
    Certificate {
        /// The server whose word it is.
        issuer: ServerName,
        /// The key it is for.
        subject: KeyName,
    },
    /// A key that its server has no certificate for, though it has others.
    Key(KeyName),
    /// The name of a server's certificates, where none is that would do.
    Server(ServerName),
}

/// The verdicts on the signatures of a statement: who vouches for it, and who does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vouching {
    /// Each signature, in the order of the keys' names: the key that it is said to be by, and what
    /// it is worth.
    pub signatures: Vec<(KeyName, Judgement)>,
}

impl Vouching {
    /// The trusted roots that vouch, by themselves or through others, each once.
    pub fn roots(&self) -> BTreeSet<&ServerName> {
        self.signatures.iter().flat_map(|(_, judgement)| judgement.roots()).collect()
    }

    /// Whether at least so many trusted roots vouch, and one in any case.
    pub fn is_trusted(&self, at_least: usize) -> bool {
        self.roots().len() >= at_least.max(1)
    }

    /// Whether a signature could not be judged now, since certificates could not be looked up.
    pub fn is_undetermined(&self) -> bool {
        self.signatures.iter().any(|(_, judged)| judged.verdict == Verdict::Undetermined)
    }
}
