//! What people see who follow the link in a message.

use crate::services::page::page;
use crate::transport::http::header::LOCATION;
use crate::transport::http::{Response, StatusCode};

/// Nothing was tried.
pub(super) use crate::services::page::blank;

/// The address was proved.
pub(super) fn proved() -> Response {
    page(StatusCode::OK, "Verified", "<p>Go back to your Matrix client to continue.</p>")
}

/// It was not, and this is why.
pub(super) fn failed(status: StatusCode) -> Response {
    let text = match status {
        StatusCode::TOO_MANY_REQUESTS => "There were too many attempts. Try again later.",
        status if status.is_server_error() => "Something went wrong here. Try again later.",
        _ => "The link is not complete, was used up, or is too old. Ask for another message.",
    };
    page(status, "Not verified", &format!("<p>{text}</p>"))
}

/// The address was proved, and people are sent on.
pub(super) fn onward(next_link: &str) -> Response {
    Response { status: StatusCode::FOUND, ..proved() }.with(LOCATION, next_link)
}
