//! Clients that wait for a resolver, and ask again. Time is scripted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use threepid::recursor::Recursor;
use threepid::services::dns::{Access, Desk, Limits, Role, Served};
use threepid::stub::{self, Client, Proof};
use threepid::telemetry::Telemetry;
use threepid::threepid::Threepid;
use threepid::transport::{Exchange, ExchangeError, Peer, Transport};

use super::live::{Live, Wire};
use super::tree;

/// How long a server takes for a reply.
const TAKES: Duration = Duration::from_millis(350);

/// A resolver as its clients see it.
struct Front {
    desk: Desk,
    served: Served,
    recursor: Recursor<Wire>,
}

impl Front {
    fn of(live: &Live) -> Self {
        Self {
            desk: Desk::new(&Limits::default(), &Telemetry::new("t")),
            served: Served::new(Role::Resolver(Access::new(&[]))),
            recursor: live.recursor.clone(),
        }
    }
}

impl Exchange for Front {
    async fn exchange(
        &self,
        local: SocketAddr,
        transport: Transport,
        packet: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, ExchangeError> {
        let peer = Peer { remote: "127.0.0.1:4711".parse().unwrap(), local, transport };
        let answer = async {
            let Self { desk, served, recursor } = self;
            match desk.respond(packet, &peer, Instant::now(), served, recursor, ()).await {
                Some(message) => message,
                None => std::future::pending().await,
            }
        };
        timeout(patience, answer).await.map_err(|_| ExchangeError::Timeout)
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_asks_until_the_answer_is_known() {
    let live = Live::tree();
    live.wire.slow_down(TAKES);
    let resolver = "198.51.100.53:53".parse().unwrap();
    let clock = Arc::new(live.clock.clone());
    let client = Client::over(
        Front::of(&live),
        clock,
        resolver,
        vec![tree::root()],
        stub::Limits::default(),
    );
    let phone = Threepid::parse_any("+44 7700 900123", None).unwrap();
    let since = Instant::now();
    let found = client.find(&phone).await.findings.remove(0).outcome.unwrap();
    assert!(found.statement.is_some() && found.proof == Proof::Proved);
    let walk = TAKES * live.wire.asked().len().try_into().unwrap();
    assert!(walk > Duration::from_secs(5), "{walk:?}");
    assert!(since.elapsed() < walk + TAKES, "{:?}", since.elapsed());
}
