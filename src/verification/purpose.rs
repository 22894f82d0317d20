//! For whom a session verifies, and who sends its message.

use super::ClientSecret;
use crate::association::Statement;
use crate::codec::Url;
use crate::signed::ServerName;

/// For whom a session verifies.
#[derive(Debug, Clone, Default)]
pub enum Purpose {
    /// For a client, by a message of this server.
    #[default]
    Verify,
    /// For a client, by a message of another server.
    Elsewhere(Elsewhere),
    /// For another verification server, which has this statement and asks this one to sign it too.
    Confirm {
        /// Who asks.
        server: ServerName,
        /// What is to be signed.
        statement: Box<Statement>,
    },
}

/// The session that another server has in place of one here.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// Where.
    pub server: Url,
    /// What that session is opened with. It is not the client's own: the other server learns no secret of a
    /// client of this one.
    pub client_secret: ClientSecret,
    /// Its id there; none until the other server has told.
    pub id: Option<String>,
}

/// Whether the message of a session went out.
///
/// ```text
///   Due --- sent ------> Sent --- asked again, greater send_attempt ---> Due
///    +----- failed ----> Failed --- asked again, the same is enough ---> Due
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It has to go out; a crash does not change that.
    Due,
    /// It went out.
    Sent,
    /// It did not, as whoever asked was told.
    Failed,
}
