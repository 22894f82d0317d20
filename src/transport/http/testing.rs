//! Handlers asked without a network.

use super::{Bytes, Handler, Method, Request, Response};

/// A request of a client on this machine.
pub(crate) fn request(method: Method, target: &str) -> Request {
    Request::new(method, target, ([127, 0, 0, 1], 1024).into())
}

/// What a handler answers, asked as a server asks it.
pub(crate) async fn ask(handler: &dyn Handler, mut request: Request) -> Response {
    let body = std::mem::replace(&mut request.body, Bytes::new());
    match handler.admit(&request) {
        Err(response) => *response,
        Ok(most) if body.len() > most => handler.refuse(&request, super::BodyError::TooLarge(most)),
        Ok(_) => handler.handle(Request { body, ..request }).await,
    }
}
