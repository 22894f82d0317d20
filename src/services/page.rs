//! Pages for people who follow the link in a message.

use crate::transport::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use crate::transport::http::{Response, StatusCode};

/// A page. Its title and content are HTML: what comes from outside has to be [escaped] in it. Its address has
/// secrets in it: nobody else is told, nobody keeps it, nobody puts it into a frame.
pub(super) fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n{content}\n</body>\n</html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with(REFERRER_POLICY, "no-referrer")
        .with(CACHE_CONTROL, "no-store")
        .with(CONTENT_SECURITY_POLICY, "default-src 'none'; form-action 'self'")
        .with(X_FRAME_OPTIONS, "DENY")
}

/// Text in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other if other.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}
