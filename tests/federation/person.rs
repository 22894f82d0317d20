//! Somebody who reads mail, follows the links in it and presses buttons.

use threepid::codec::Url;
use threepid::transport::http::{Fetch, HttpClient, Method, Outgoing, StatusCode};

/// What a person sees at an address, having come there like this.
async fn page(http: &HttpClient, method: Method, address: &str) -> String {
    let url: Url = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
    let asked = Outgoing { method, ..Outgoing::get(url) };
    let page = http.fetch(asked).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(page.status, StatusCode::OK, "{address}: {:?}", page.body);
    String::from_utf8(page.body.to_vec()).expect("text")
}

/// Follows a link, and presses the button of the page that it leads to. Gives that page.
pub(crate) async fn press(http: &HttpClient, link: &str) -> String {
    let shown = page(http, Method::GET, link).await;
    let action = shown.split_once("action=\"").and_then(|(_, rest)| rest.split_once('"'));
    // A form without an action leads to its own page, and others below the directory of it.
    let button = action.map_or_else(
        || link.to_owned(),
        |(action, _)| {
            let path = link.split('?').next().unwrap_or_default();
            let (directory, _) = path.rsplit_once('/').expect("a path");
            format!("{directory}/{}", action.replace("&amp;", "&"))
        },
    );
    page(http, Method::POST, &button).await;
    shown
}
