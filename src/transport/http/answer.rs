//! One request, from its head to the response.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::{Method, Request as Received};
use tokio::time::timeout;

use super::{BodyError, Handler, Request, Response};

/// Has the request answered, whose content may take `time`.
pub(super) async fn answer(
    received: Received<Incoming>,
    peer: SocketAddr,
    handler: &dyn Handler,
    time: Duration,
) -> hyper::Response<Full<Bytes>> {
    let (head, content) = received.into_parts();
    let is_head = head.method == Method::HEAD;
    let mut request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(ToOwned::to_owned),
        headers: head.headers,
        parameters: Vec::new(),
        body: Bytes::new(),
        peer,
    };
    let response = match handler.admit(&request) {
        Err(response) => *response,
        Ok(most) => match read(content, most, time).await {
            Err(error) => handler.refuse(&request, error),
            Ok(body) => {
                request.body = body;
                handler.handle(request).await
            }
        },
    };
    encode(response, is_head)
}

/// The content, where it is no longer than allowed and there in time. Where its length is told before,
/// nothing of it is read if it is too long.
async fn read(content: Incoming, most: usize, time: Duration) -> Result<Bytes, BodyError> {
    if content.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLarge(most));
    }
    match timeout(time, Limited::new(content, most).collect()).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(BodyError::TooLarge(most))
        }
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}

/// The response as hyper sends it; to HEAD without its content (RFC 9110 section 9.3.2).
fn encode(response: Response, is_head: bool) -> hyper::Response<Full<Bytes>> {
    let length = response.body.len();
    let body = if is_head { Bytes::new() } else { response.body };
    let mut encoded = hyper::Response::new(Full::new(body));
    *encoded.status_mut() = response.status;
    *encoded.headers_mut() = response.headers;
    encoded.headers_mut().insert(CONTENT_LENGTH, length.into());
    encoded
}
