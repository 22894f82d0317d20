//! A verification server among trees, couriers and servers made up, in time made up.

mod binding;
mod bounds;
mod cosigning;
mod crashes;
mod delegates;
mod invitations;
mod property;
mod sessions;
mod world;

use std::time::Duration;

use super::*;
use crate::association::{Claim, Statement};
use crate::clock::{Clock, Timestamp};
use crate::verification::{Errand, Existing, Policy, Refusal};
use world::{Roots, World, statement_by, withdrawal_by};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn alice() -> Threepid {
    Threepid::parse_any("alice@example.com", None).unwrap()
}

fn phone() -> Threepid {
    Threepid::parse_any("+44 7700 900123", None).unwrap()
}

fn mxid(text: &str) -> Mxid {
    text.parse().unwrap()
}

fn secret(text: &str) -> ClientSecret {
    text.parse().unwrap()
}

fn caller() -> Caller {
    Caller { network: "192.0.2.1".parse().unwrap(), mxid: None }
}

fn wanted(threepid: &Threepid, client_secret: &str, send_attempt: u64) -> Wanted {
    let (threepid, client_secret) = (threepid.clone(), secret(client_secret));
    Wanted { threepid, client_secret, send_attempt, next_link: None }
}
