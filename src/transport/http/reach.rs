//! Where one may connect to.

use std::net::IpAddr;

use crate::wire::{Prefix, is_global};

/// Which addresses a request may go to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reach {
    /// All.
    #[default]
    Anywhere,
    /// Those of the [internet](is_global), and of these networks: for what others cause to be sent.
    Internet {
        /// The networks.
        and: Vec<Prefix>,
    },
}

impl Reach {
    /// Whether it may go to this one.
    pub fn permits(&self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Internet { and } => {
                is_global(address) || and.iter().any(|network| network.contains(address))
            }
        }
    }
}
