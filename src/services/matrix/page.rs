//! What people see who follow the link in a message.

use crate::transport::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use crate::transport::http::{Response, StatusCode};

const HTML: &str = "text/html; charset=utf-8";

/// The address was proved.
pub(super) fn proved() -> Response {
    page(StatusCode::OK, "Verified", "Go back to your Matrix client to continue.")
}

/// It was not, and this is why.
pub(super) fn failed(status: StatusCode) -> Response {
    let text = match status {
        StatusCode::TOO_MANY_REQUESTS => "There were too many attempts. Try again later.",
        status if status.is_server_error() => "Something went wrong here. Try again later.",
        _ => "The link is not complete, was used up, or is too old. Ask for another message.",
    };
    page(status, "Not verified", text)
}

/// The address was proved, and people are sent on.
pub(super) fn onward(next_link: &str) -> Response {
    Response { status: StatusCode::FOUND, ..proved() }.with(LOCATION, next_link)
}

/// Nothing was tried.
pub(super) fn blank() -> Response {
    private(Response::new(StatusCode::OK, HTML, ""))
}

/// A page of two sentences. Nothing in it comes from outside.
fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1><p>{text}</p></body>\n</html>\n"
    );
    private(Response::new(status, HTML, html))
}

/// The address of the page has secrets in it: nobody else is told, nobody keeps it.
fn private(response: Response) -> Response {
    response
        .with(REFERRER_POLICY, "no-referrer")
        .with(CACHE_CONTROL, "no-store")
        .with(CONTENT_SECURITY_POLICY, "default-src 'none'")
        .with(X_FRAME_OPTIONS, "DENY")
}
