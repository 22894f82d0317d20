//! What people see who follow the link in a message.

use crate::codec::percent;
use crate::services::page::page;
use crate::transport::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use crate::transport::http::{Response, StatusCode};

/// The page that asks. Its button leads below the path of the page, with what the link brought.
///
/// It does not say where forms may go, as browsers hold the redirect to `next_link` to that, too.
pub(super) fn question(brought: &[(&str, &str)]) -> Response {
    let pairs = brought.iter().map(|(name, value)| format!("{name}={}", percent(value)));
    let query = pairs.collect::<Vec<_>>().join("&amp;");
    let text = format!(
        "<p>Somebody wants to connect this address with a Matrix account.</p>\n\
         <form method=\"post\" action=\"submitToken/confirm?{query}\">\
         <button>That is me</button></form>\n\
         <p>If it is not you, close this page.</p>"
    );
    let question = page(StatusCode::OK, "Is this you?", &text);
    question.with(CONTENT_SECURITY_POLICY, "default-src 'none'")
}

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
    Response { status: StatusCode::SEE_OTHER, ..proved() }.with(LOCATION, next_link)
}
