//! What a request says besides its body, and how it is answered over HTTP.

use super::{Answer, Intake, Refusal, RefusalKind, Shelf};
use crate::transport::Exchange;
use crate::transport::http::{BodyError, BoxFuture, Fetch, Handler, Request, Response};
use crate::wire::Name;

/// How often a statement was passed on.
pub(super) const HOPS: &str = "threepid-hops";
/// The zone whose server it was passed on to.
pub(super) const ZONE: &str = "threepid-zone";

/// A request to hold a statement.
pub(super) struct Publication<'a>(&'a Request);

/// What servers that pass a statement on tell each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Onward {
    /// How often it was passed on.
    pub(super) hops: u8,
    /// The zone whose server it is passed on to.
    pub(super) zone: Option<Name>,
}

impl<'a> Publication<'a> {
    /// The statement, as it came.
    pub(super) fn body(&self) -> &'a [u8] {
        &self.0.body
    }

    /// The apex of the tree it is for, where the query tells one. What else a query has is not looked
    /// at.
    pub(super) fn root(&self) -> Result<Option<Name>, Refusal> {
        let root = self.0.query_value("root").map_err(|error| invalid(error.to_string()))?;
        let read = root.map(|root| root.parse()).transpose();
        read.map_err(|_| invalid("`root` is the apex of a tree: a domain name"))
    }

    /// What the server that passed it on says.
    pub(super) fn onward(&self) -> Result<Onward, Refusal> {
        let hops = self.header::<u8>(HOPS)?.unwrap_or(0);
        Ok(Onward { hops, zone: self.header(ZONE)? })
    }

    fn header<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.0.headers.get(name) else { return Ok(None) };
        let read = value.to_str().ok().and_then(|text| text.parse().ok());
        read.map(Some).ok_or_else(|| invalid(format!("the header {name} is malformed")))
    }
}

fn invalid(error: impl Into<String>) -> Refusal {
    RefusalKind::InvalidParameter.with(error)
}

impl<E, F, S> Intake<E, F, S> {
    fn told(&self, answer: &Answer) -> Response {
        self.tally.count(answer);
        answer.response()
    }
}

impl<E: Exchange + 'static, F: Fetch + 'static, S: Shelf> Handler for Intake<E, F, S> {
    fn admit(&self, _: &Request) -> Result<usize, Box<Response>> {
        Ok(self.rules.limits.body)
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let answer = self.publish(&Publication(&request), request.peer.ip()).await;
            self.told(&answer)
        })
    }

    fn refuse(&self, _: &Request, error: BodyError) -> Response {
        let kind = match error {
            BodyError::TooLarge(_) => RefusalKind::TooLarge,
            BodyError::TooSlow => RefusalKind::Slow,
            BodyError::Broken => RefusalKind::Broken,
        };
        self.told(&kind.with(error.to_string()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::header;
    use crate::transport::http::testing::request;
    use crate::transport::http::{HeaderMap, Method};
    use proptest::prelude::*;

    fn root(query: &str) -> Result<Option<String>, u16> {
        let request = request(Method::POST, &format!("/?{query}"));
        let root = Publication(&request).root().map_err(|refusal| refusal.kind.status());
        root.map(|root| root.map(|name| name.to_string()))
    }

    #[test]
    fn the_query_tells_the_tree() {
        let apex = Ok(Some("3pid.example.".to_owned()));
        assert_eq!(root("root=3pid.example."), apex);
        assert_eq!(root("root=3pid.example"), apex);
        assert_eq!(root("a=b&root=3%70id%2Eexample.&root2=x"), apex);
        assert_eq!(root("root=."), Ok(Some(".".to_owned())));
        assert_eq!([root(""), root("a=b&c")], [Ok(None), Ok(None)]);
        for bad in
            ["root=", "root=a..b", "root=%", "root=%4", "root=%zz", "root=a&root=a", "root=%FF"]
        {
            assert_eq!(root(bad), Err(400), "{bad}");
        }
    }

    #[test]
    fn headers_tell_who_passed_it_on() {
        let onward = |fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(name, value)| {
                let value = header::HeaderValue::from_static(value);
                (header::HeaderName::from_static(name), value)
            });
            let headers = HeaderMap::from_iter(fields);
            let request = Request { headers, ..request(Method::POST, "/") };
            Publication(&request).onward().map_err(|_| ())
        };
        assert_eq!(onward(&[]), Ok(Onward::default()));
        let zone = Some("4.4.msisdn.example.".parse().unwrap());
        let both = [(HOPS, "3"), (ZONE, "4.4.msisdn.example.")];
        assert_eq!(onward(&both), Ok(Onward { hops: 3, zone }));
        for bad in [(HOPS, "256"), (HOPS, "-1"), (HOPS, ""), (ZONE, "a..b")] {
            assert_eq!(onward(&[bad]), Err(()), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in "(root=)?[a-z0-9.%&=\\\\]{0,20}") {
            let _ = root(&query);
        }
    }
}
