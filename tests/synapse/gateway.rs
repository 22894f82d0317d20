//! A gateway for SMS that keeps what it is to send.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;

use threepid::signed::Object;
use threepid::transport::http::{
    self, QueryError, Request, Response, Router, StatusCode, endpoint,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::PATIENCE;

/// An SMS: the number without its `+`, and the text.
type Sms = (String, String);

/// The gateway.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    taken: UnboundedReceiver<Sms>,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (keep, taken) = unbounded_channel();
        let router = Router::new().get("/send", endpoint(&Arc::new(keep), send));
        let limits = http::Limits::default();
        tokio::spawn(http::serve(listener, None, Arc::new(router), limits, pending()));
        Self { address, taken }
    }

    /// The text of the next SMS, which is for `to`.
    pub(super) async fn next(&mut self, to: &str) -> String {
        let next = timeout(PATIENCE, self.taken.recv()).await;
        let (number, text) = next.expect("an SMS comes").expect("the gateway runs");
        assert_eq!(number, to);
        text
    }
}

async fn send(keep: Arc<UnboundedSender<Sms>>, request: Request) -> Result<Response, QueryError> {
    let value = |name| request.query_value(name).map(Option::unwrap_or_default);
    let _ = keep.send((value("to")?, value("text")?));
    Ok(Response::object(StatusCode::OK, &Object::default()))
}
