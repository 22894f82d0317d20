//! What homeservers can cost us, and whoever names them.

use std::time::Duration;

/// Bounds on what is asked of homeservers. Anybody may name one: how often is for those who let him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests to homeservers at the same time: 128. Each has a connection of its own, and the usual
    /// 1024 descriptors of a process are for others, too.
    pub at_once: usize,
    /// Those of them that clients have sent: 112, so that 16 are left to tell homeservers of their users.
    pub at_once_for_clients: usize,
    /// Those that one client network has sent: 8, so that whoever names servers that do not answer needs
    /// many networks to keep others from theirs. A server that does answer takes a fraction of a second. The clients
    /// of a proxy on this machine are not told apart, and not counted so.
    pub at_once_per_client: usize,
    /// Those to one server name: 8. Users of a slow server wait for each other, not all others for them.
    pub at_once_per_server: usize,
    /// Those to one network that server names lead to: 16, as names cost little, and honest ones share the
    /// addresses of those who host them.
    pub at_once_per_network: usize,
    /// Addresses of one server that are tried: 6.
    pub addresses: usize,
    /// How long one request may take, finding the server included: 20 s, so that one that does not
    /// answer at 443 has its turn at 8448.
    pub time: Duration,
    /// How much of that the `.well-known` document may take, redirects included: 6 s.
    pub well_known_time: Duration,
    /// How often a `.well-known` request is redirected: 5 times. One is usual, from a bare domain to `www`.
    pub redirects: usize,
    /// Octets of a `.well-known` document: 51,200, which is what Synapse reads. The needed ones are
    /// some 40.
    pub well_known_octets: usize,
    /// How long a `.well-known` document is kept that does not tell: 24 h, as the specification recommends.
    pub well_known_kept: Duration,
    /// How long one is kept at least: 5 min, whatever it tells.
    pub well_known_least: Duration,
    /// How long one is kept at most: 48 h, as the specification recommends.
    pub well_known_most: Duration,
    /// After how long a `.well-known` request that failed is tried again, first: 2 min. It doubles with each
    /// failure.
    pub failure_first: Duration,
    /// After how long at most: 1 h, as the specification recommends.
    pub failure_most: Duration,
    /// Of how many SRV records the first are used: 4.
    pub services: usize,
    /// How long the keys of a server are believed at most: 7 days, as the specification has it.
    pub keys_kept: Duration,
    /// How often a server is asked for its keys at most: once in a minute, whatever is signed in its name.
    pub keys_again: Duration,
    /// Keys of one server: 16. One is usual.
    pub keys: usize,
    /// Servers of which something is remembered: 4096, with some hundred octets each.
    pub remembered: usize,
    /// Octets of an OpenID token: 512. Synapse's have 32.
    pub token_octets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let hours = |count: u64| minutes(60 * count);
        Self {
            at_once: 128,
            at_once_for_clients: 112,
            at_once_per_client: 8,
            at_once_per_server: 8,
            at_once_per_network: 16,
            addresses: 6,
            time: Duration::from_secs(20),
            well_known_time: Duration::from_secs(6),
            redirects: 5,
            well_known_octets: 51_200,
            well_known_kept: hours(24),
            well_known_least: minutes(5),
            well_known_most: hours(48),
            failure_first: minutes(2),
            failure_most: hours(1),
            services: 4,
            keys_kept: hours(7 * 24),
            keys_again: minutes(1),
            keys: 16,
            remembered: 4096,
            token_octets: 512,
        }
    }
}
