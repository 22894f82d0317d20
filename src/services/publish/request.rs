//! What a request says besides its body, and how it is answered over HTTP.

use super::{Answer, Publisher, Refusal, RefusalKind, Shelf};
use crate::stub::publish::PATH;
use crate::transport::Exchange;
use crate::transport::http::{
    BodyError, BoxFuture, Fetch, Handler, HeaderMap, Method, Request, Response, StatusCode, header,
};
use crate::wire::Name;

/// How often a statement was passed on.
pub(super) const HOPS: &str = "threepid-hops";
/// The zone whose server it was passed on to.
pub(super) const ZONE: &str = "threepid-zone";

/// A request to hold a statement.
pub(super) struct Publication<'a> {
    pub(super) body: &'a [u8],
    query: Option<&'a str>,
    headers: &'a HeaderMap,
}

/// What servers that pass a statement on tell each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Onward {
    /// How often it was passed on.
    pub(super) hops: u8,
    /// The zone whose server it is passed on to.
    pub(super) zone: Option<Name>,
}

impl<'a> Publication<'a> {
    fn of(request: &'a Request) -> Self {
        let (query, headers) = (request.query.as_deref(), &request.headers);
        Self { body: &request.body, query, headers }
    }

    /// The apex of the tree it is for, where the query tells one. What else a query has is not looked
    /// at.
    pub(super) fn root(&self) -> Result<Option<Name>, Refusal> {
        let pairs = self.query.unwrap_or_default().split('&');
        let mut roots = pairs.filter_map(|pair| pair.strip_prefix("root="));
        let (Some(root), None) = (roots.next(), roots.next()) else {
            return match self.query.is_some_and(|query| query.contains("root=")) {
                true => Err(invalid("`root` stands in the query more than once")),
                false => Ok(None),
            };
        };
        let name = unescape(root).and_then(|text| text.parse().ok());
        name.map(Some).ok_or_else(|| invalid("`root` is the apex of a tree: a domain name"))
    }

    /// What the server that passed it on says.
    pub(super) fn onward(&self) -> Result<Onward, Refusal> {
        let hops = self.header::<u8>(HOPS)?.unwrap_or(0);
        Ok(Onward { hops, zone: self.header(ZONE)? })
    }

    fn header<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.headers.get(name) else { return Ok(None) };
        let read = value.to_str().ok().and_then(|text| text.parse().ok());
        read.map(Some).ok_or_else(|| invalid(&format!("the header {name} is malformed")))
    }
}

fn invalid(error: &str) -> Refusal {
    RefusalKind::InvalidParameter.with(error)
}

/// The value of a query as text (RFC 3986 section 2).
fn unescape(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).ok()
}

impl Answer {
    /// The answer as a response.
    fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status()).expect("all of them are statuses");
        let mut response = Response::json(status, self.body().to_octets());
        let mut set = |name, value: &str| {
            if let Ok(value) = header::HeaderValue::from_str(value) {
                response.headers.insert(name, value);
            }
        };
        if let Self::Delegated { location, .. } = self {
            set(header::LOCATION, location);
        }
        if let Some(seconds) = self.retry_after() {
            set(header::RETRY_AFTER, &seconds.to_string());
        }
        if matches!(self, Self::Refused(refusal) if refusal.kind == RefusalKind::Method) {
            set(header::ALLOW, "POST");
        }
        response
    }
}

impl<E, F, S> Publisher<E, F, S> {
    fn told(&self, answer: &Answer) -> Response {
        self.tally.count(answer);
        answer.response()
    }
}

impl<E: Exchange + 'static, F: Fetch + 'static, S: Shelf> Handler for Publisher<E, F, S> {
    fn admit(&self, head: &Request) -> Result<usize, Box<Response>> {
        let refusal = match (head.path.as_str(), &head.method) {
            (PATH, &Method::POST) => return Ok(self.rules.limits.body),
            (PATH, _) => RefusalKind::Method.with("this is for POST alone"),
            _ => RefusalKind::Unrecognized.with("there is nothing here"),
        };
        Err(Box::new(self.told(&refusal.into())))
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let answer = self.publish(&Publication::of(&request), request.peer.ip()).await;
            self.told(&answer)
        })
    }

    fn refuse(&self, error: BodyError) -> Response {
        let kind = match error {
            BodyError::TooLarge(_) => RefusalKind::TooLarge,
            BodyError::TooSlow | BodyError::Broken => RefusalKind::Incomplete,
        };
        self.told(&kind.with(error.to_string()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn root(query: &str) -> Result<Option<String>, u16> {
        let (body, headers) = (&b""[..], &HeaderMap::new());
        let publication = Publication { body, query: Some(query), headers };
        let root = publication.root().map_err(|refusal| refusal.kind.status());
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
            let headers = &HeaderMap::from_iter(fields);
            Publication { body: b"", query: None, headers }.onward().map_err(|_| ())
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
