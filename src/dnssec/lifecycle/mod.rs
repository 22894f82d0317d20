//! The life of a zone's keys: when each comes, signs and goes (RFC 6781 section 4.1, RFC 7583).
//!
//! Each key has its [`Timing`], as BIND keeps it in the key's file. What a key is at a moment is its
//! [`State`]; what all keys of a zone do at a moment is a [`KeySet`]. Both follow from the timing and the
//! moment alone. A [`Roll`] plans how one key takes the place of another, with the [`Intervals`] that caches
//! need; an [`Outlook`] tells what comes next, and what the operator has to do for it.

mod intervals;
mod key_set;
mod outlook;
mod roll;
mod state;
mod timing;

pub use intervals::Intervals;
pub use key_set::KeySet;
pub use outlook::{Duty, Event, Outlook, Standing};
pub use roll::{Plan, Refusal, Role, Roll, Vouching, utc};
pub use state::State;
pub use timing::Timing;
