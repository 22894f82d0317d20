//! Which handler a path and a method are for.

use std::future::Future;
use std::sync::Arc;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
};
use hyper::{Method, StatusCode};

use super::{BodyError, BoxFuture, Handler, Request, Response};
use crate::codec::from_percent;

/// The handler of several paths, each with the methods it is for.
///
/// A route is a method, a pattern and a [`Handler`]. A pattern is a path in which segments may be
/// parameters: `/keys/{id}` is for `/keys/a`, not for `/keys/`, `/keys` or `/keys/a/`. Where several
/// patterns fit, the one whose segments are literal for longer is taken, in whatever order they came.
/// Literal segments fit as they are written; what stands for a parameter is unescaped, and
/// [`Request::parameter`] gives it. Handlers look neither at method nor path.
///
/// What no handler is asked about:
///
/// | asked for | answered |
/// |---|---|
/// | a path that fits no pattern, or has bad escapes | 404 `M_UNRECOGNIZED` |
/// | a method that the path is not for | 405 `M_UNRECOGNIZED`, with `Allow` |
/// | HEAD, where GET is | what GET is; the server leaves the content out |
/// | OPTIONS | 200 without content, with `Allow` |
/// | more content than is taken, or not all of it | as [`Handler::refuse`] says |
///
/// Most handlers are an [`endpoint`]: a function of a state and a request. What it returns is a
/// [`Response`], or a result of one whose error is told as one. For an error of your own, write
/// `impl From<YourError> for Response` with [`Response::error`], and use `?`.
///
/// ```
/// use std::sync::Arc;
/// use threepid::signed::Object;
/// use threepid::transport::http::{QueryError, Request, Response, Router, StatusCode, endpoint};
///
/// struct Keys(Vec<&'static str>);
///
/// async fn key(keys: Arc<Keys>, request: Request) -> Response {
///     match keys.0.contains(&request.parameter("id")) {
///         true => Response::object(StatusCode::OK, &Object::default()),
///         false => Response::error(StatusCode::NOT_FOUND, "M_NOT_FOUND", "no such key"),
///     }
/// }
///
/// async fn hold(_: Arc<Keys>, request: Request) -> Result<Response, QueryError> {
///     let _until = request.query_value("until")?;
///     Ok(Response::json(StatusCode::OK, request.body))
/// }
///
/// let keys = Arc::new(Keys(vec!["0"]));
/// let router = Router::new()
///     .get("/keys/{id}", endpoint(&keys, key))
///     .post("/keys", endpoint(&keys, hold).taking(4096))
///     .with_cors();
/// ```
///
/// To answer from another router while requests are answered, hold it behind a pointer that is swapped,
/// in a handler that asks the router that is there.
#[derive(Default)]
pub struct Router {
    /// Those whose patterns are literal for longer come first.
    routes: Vec<Route>,
    has_cors: bool,
}

/// A pattern, and who answers which method.
struct Route {
    pattern: Vec<Segment>,
    handlers: Vec<(Method, Arc<dyn Handler>)>,
}

/// What stands between two slashes of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(&'static str),
    Parameter(&'static str),
}

impl Segment {
    fn new(text: &'static str) -> Self {
        let name = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.map_or(Self::Literal(text), Self::Parameter)
    }
}

impl Route {
    /// Whether a pattern differs from this one in names of parameters alone.
    fn renames(&self, pattern: &[Segment]) -> bool {
        let shape = |pattern: &[Segment]| -> Vec<Option<Segment>> {
            let literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
            pattern.iter().map(|segment| Some(*segment).filter(literal)).collect()
        };
        self.pattern != pattern && shape(&self.pattern) == shape(pattern)
    }

    /// The parameters in a path; none where it does not fit.
    fn read(&self, path: &str) -> Option<Vec<(&'static str, String)>> {
        let mut parameters = Vec::new();
        let mut parts = path.split('/');
        for segment in &self.pattern {
            match (segment, parts.next()?) {
                (Segment::Literal(literal), part) if *literal == part => {}
                (Segment::Parameter(name), part) if !part.is_empty() => {
                    parameters.push((*name, from_percent(part)?));
                }
                _ => return None,
            }
        }
        parts.next().is_none().then_some(parameters)
    }

    /// Who answers a method; GET's answers HEAD.
    fn handler(&self, method: &Method) -> Option<&Arc<dyn Handler>> {
        let of = |wanted: &Method| self.handlers.iter().find(|(method, _)| method == wanted);
        let found = of(method).or_else(|| of(&Method::GET).filter(|_| method == Method::HEAD));
        found.map(|(_, handler)| handler)
    }

    /// The methods it is for, as `Allow` has them (RFC 9110 section 10.2.1).
    fn allow(&self) -> String {
        let mut methods: Vec<&str> =
            self.handlers.iter().map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

impl Router {
    /// One for no path.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, where the handler answers this method at the paths of the pattern.
    ///
    /// # Panics
    /// Where another does, or a route has the same pattern but for the names of parameters.
    #[must_use]
    pub fn on(mut self, method: Method, pattern: &'static str, handler: impl Handler) -> Self {
        let segments: Vec<Segment> = pattern.split('/').map(Segment::new).collect();
        let clash = self.routes.iter().any(|route| route.renames(&segments));
        assert!(!clash, "{pattern} stands there with other names of parameters");
        let place = match self.routes.binary_search_by(|route| route.pattern.cmp(&segments)) {
            Ok(place) => place,
            Err(place) => {
                self.routes.insert(place, Route { pattern: segments, handlers: Vec::new() });
                place
            }
        };
        let handlers = &mut self.routes[place].handlers;
        assert!(handlers.iter().all(|(other, _)| *other != method), "{method} {pattern} is taken");
        handlers.push((method, Arc::new(handler)));
        self
    }

    /// [`Self::on`] for GET, and with it HEAD.
    #[must_use]
    pub fn get(self, pattern: &'static str, handler: impl Handler) -> Self {
        self.on(Method::GET, pattern, handler)
    }

    /// [`Self::on`] for POST.
    #[must_use]
    pub fn post(self, pattern: &'static str, handler: impl Handler) -> Self {
        self.on(Method::POST, pattern, handler)
    }

    /// The same for pages of any origin: each response lets browsers have it, those to errors too, and
    /// OPTIONS is answered at any path, as the Matrix specification has it ("Web browser clients").
    #[must_use]
    pub fn with_cors(self) -> Self {
        Self { has_cors: true, ..self }
    }

    /// Who answers a request, and the parameters in its path.
    fn find(&self, request: &Request) -> Result<Found<'_>, Box<Response>> {
        let read = |route| Route::read(route, &request.path).map(|parameters| (route, parameters));
        let Some((route, parameters)) = self.routes.iter().find_map(read) else {
            return Err(Box::new(self.nowhere(&request.method)));
        };
        match route.handler(&request.method) {
            Some(handler) => Ok(Found { handler, parameters }),
            None => Err(Box::new(other_method(&request.method, &route.allow()))),
        }
    }

    /// The response at a path that is none. A browser asks before it may see that.
    fn nowhere(&self, method: &Method) -> Response {
        match self.has_cors && method == Method::OPTIONS {
            true => options(),
            false => Response::error(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such path"),
        }
    }

    /// The response with what browsers want to know.
    fn shown(&self, response: Response) -> Response {
        if !self.has_cors {
            return response;
        }
        response
            .with(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .with(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE, OPTIONS")
            .with(
                ACCESS_CONTROL_ALLOW_HEADERS,
                "Origin, X-Requested-With, Content-Type, Accept, Authorization",
            )
    }
}

/// Where a request leads.
struct Found<'r> {
    handler: &'r Arc<dyn Handler>,
    parameters: Vec<(&'static str, String)>,
}

/// The response to OPTIONS.
fn options() -> Response {
    Response::text(StatusCode::OK, "")
}

/// The response to a method that a path is not for.
fn other_method(method: &Method, allow: &str) -> Response {
    let response = match *method {
        Method::OPTIONS => options(),
        _ => {
            let text = format!("this is for {allow}");
            Response::error(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", &text)
        }
    };
    response.with(ALLOW, allow)
}

impl Handler for Router {
    fn admit(&self, head: &Request) -> Result<usize, Box<Response>> {
        let admitted = self.find(head).and_then(|found| found.handler.admit(head));
        admitted.map_err(|response| Box::new(self.shown(*response)))
    }

    fn handle(&self, mut request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            self.shown(match self.find(&request) {
                Ok(Found { handler, parameters }) => {
                    request.parameters = parameters;
                    handler.handle(request).await
                }
                Err(response) => *response,
            })
        })
    }

    fn refuse(&self, head: &Request, error: BodyError) -> Response {
        self.shown(match self.find(head) {
            Ok(found) => found.handler.refuse(head, error),
            Err(response) => *response,
        })
    }
}

/// A handler that is a function of a state and a request.
#[derive(Debug)]
pub struct Endpoint<S, F> {
    state: Arc<S>,
    answer: F,
    octets: usize,
}

/// Answers with what `answer` says of the state. No content is taken, unless
/// [as much as it needs](Endpoint::taking) is.
pub fn endpoint<S, F, A>(state: &Arc<S>, answer: F) -> Endpoint<S, F>
where
    F: Fn(Arc<S>, Request) -> A,
    A: Future<Output: Into<Response>>,
{
    Endpoint { state: state.clone(), answer, octets: 0 }
}

impl<S, F> Endpoint<S, F> {
    /// The same with requests of so much content.
    #[must_use]
    pub fn taking(self, octets: usize) -> Self {
        Self { octets, ..self }
    }
}

impl<S, F, A> Handler for Endpoint<S, F>
where
    S: Send + Sync + 'static,
    F: Fn(Arc<S>, Request) -> A + Send + Sync + 'static,
    A: Future<Output: Into<Response>> + Send,
{
    fn admit(&self, _: &Request) -> Result<usize, Box<Response>> {
        Ok(self.octets)
    }

    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move { (self.answer)(self.state.clone(), request).await.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ask, request};
    use super::*;
    use proptest::prelude::*;

    async fn tell(told: Arc<String>, request: Request) -> Response {
        let parameters: String =
            request.parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        Response::text(StatusCode::OK, format!("{told}{parameters}"))
    }

    fn router() -> Router {
        let endpoint = |told: &str| endpoint(&Arc::new(told.to_owned()), tell);
        Router::new()
            .get("/keys/{id}", endpoint("key"))
            .on(Method::PUT, "/keys/{id}", endpoint("put").taking(3))
            .get("/keys/old", endpoint("old"))
            .get("/{any}/{id}/valid", endpoint("any"))
            .post("/keys", endpoint("hold").taking(3))
    }

    async fn text(method: Method, path: &str) -> (u16, String) {
        let response = ask(&router(), request(method, path)).await;
        (response.status.as_u16(), String::from_utf8(response.body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn paths_lead_to_their_handlers() {
        for (path, told) in [
            ("/keys/a", "key id=a"),
            ("/keys/a?b", "key id=a"),
            ("/keys/old", "old"),
            ("/keys/older", "key id=older"),
            ("/keys/a%2Fb+%C3%A9", "key id=a/b+é"),
            ("/keys/old/valid", "any any=keys id=old"),
            ("/keys/{id}", "key id={id}"),
        ] {
            assert_eq!(text(Method::GET, path).await, (200, told.to_owned()), "{path}");
        }
        assert_eq!(text(Method::PUT, "/keys/a").await.1, "put id=a");
        assert_eq!(text(Method::HEAD, "/keys/a").await.1, "key id=a");
        let paths = ["", "/", "*", "/keys/", "/keys/a/", "//keys/a", "/keys//valid", "/keys/%FF"];
        for path in paths {
            let (status, told) = text(Method::GET, path).await;
            assert!(status == 404 && told.contains("M_UNRECOGNIZED"), "{path}: {status} {told}");
        }
    }

    #[tokio::test]
    async fn methods_that_a_path_is_not_for() {
        for (method, path, allow) in [
            (Method::POST, "/keys/a", "GET, PUT, HEAD, OPTIONS"),
            (Method::PUT, "/keys/old", "GET, HEAD, OPTIONS"),
            (Method::HEAD, "/keys", "POST, OPTIONS"),
        ] {
            let refused = ask(&router(), request(method, path)).await;
            assert_eq!(
                (refused.status.as_u16(), &refused.headers[ALLOW]),
                (405, &allow.parse().unwrap()),
                "{path}"
            );
            assert!(refused.body.starts_with(b"{\"errcode\":\"M_UNRECOGNIZED\""));
            let asked = ask(&router(), request(Method::OPTIONS, path)).await;
            assert_eq!(
                (asked.status.as_u16(), &asked.headers[ALLOW]),
                (200, &allow.parse().unwrap()),
                "{path}"
            );
        }
        assert_eq!(text(Method::OPTIONS, "/none").await.0, 404);
    }

    #[tokio::test]
    async fn no_more_content_is_taken_than_an_endpoint_says() {
        let with = |method, path, body: &'static str| {
            let request = Request { body: body.into(), ..request(method, path) };
            async move { ask(&router(), request).await }
        };
        assert_eq!(with(Method::POST, "/keys", "abc").await.status.as_u16(), 200);
        for (method, path, body) in [(Method::POST, "/keys", "abcd"), (Method::GET, "/keys/a", "a")]
        {
            let refused = with(method, path, body).await;
            assert_eq!(refused.status.as_u16(), 413);
            assert!(refused.body.starts_with(b"{\"errcode\":\"M_TOO_LARGE\""), "{path}");
        }
    }

    #[tokio::test]
    async fn browsers_may_have_everything_where_that_is_wanted() {
        let open = router().with_cors();
        for (method, path, status) in [
            (Method::GET, "/keys/a", 200),
            (Method::POST, "/keys/a", 405),
            (Method::GET, "/none", 404),
            (Method::OPTIONS, "/none", 200),
        ] {
            let response = ask(&open, request(method, path)).await;
            assert_eq!(response.status.as_u16(), status, "{path}");
            assert_eq!(response.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
        }
        let refused = open.refuse(&request(Method::POST, "/keys"), BodyError::TooSlow);
        assert_eq!(refused.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let closed = ask(&router(), request(Method::GET, "/keys/a")).await;
        assert!(!closed.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    #[should_panic(expected = "POST /keys is taken")]
    fn a_route_leads_to_one() {
        let _ = router().post("/keys", endpoint(&Arc::default(), tell));
    }

    #[test]
    #[should_panic(expected = "/keys/{name} stands there with other names")]
    fn parameters_have_one_name() {
        let _ = router().post("/keys/{name}", endpoint(&Arc::default(), tell));
    }

    proptest! {
        #[test]
        fn any_path_leads_somewhere(path in "[/a%2{}keys]{0,16}") {
            let _ = router().admit(&request(Method::GET, &path));
        }
    }
}
