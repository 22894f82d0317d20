//! A verification server among trees, couriers and servers made up, in time made up.

mod binding;
mod bounds;
mod cosigning;
mod crashes;
mod delegates;
mod invitations;
mod property;
mod sessions;

use std::time::Duration;

use super::testing::*;
use super::*;
use crate::association::{Claim, Statement};
use crate::verification::{Errand, Existing, Refusal};

const HOUR: Duration = Duration::from_secs(3600);

fn phone() -> Threepid {
    Threepid::parse_any("+44 7700 900123", None).unwrap()
}
