//! What a request says.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Refusal;
use crate::transport::http::{Request, StatusCode};

/// The members of the JSON object that is a request's content.
///
/// # Errors
/// `M_NOT_JSON`, `M_MISSING_PARAMS` and `M_INVALID_PARAM`. What stands there is not repeated: it may be secret.
pub(super) fn content<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let object = serde_json::from_slice(&request.body).map_err(|_| {
        Refusal::new(StatusCode::BAD_REQUEST, "M_NOT_JSON", "the content is no JSON object")
    })?;
    serde_json::from_value(Value::Object(object)).map_err(|error| {
        match missing(&error.to_string()) {
            Some(name) => Refusal::missing(name),
            None => Refusal::invalid("a parameter has another type than it should"),
        }
    })
}

/// The name of the member that is missing, as serde tells it.
fn missing(told: &str) -> Option<&str> {
    told.strip_prefix("missing field `")?.split('`').next()
}

/// A parameter that has to stand in the query.
///
/// # Errors
/// `M_MISSING_PARAMS`, and `M_INVALID_PARAM` where it stands there twice or is no text.
pub(super) fn query(request: &Request, name: &'static str) -> Result<String, Refusal> {
    request.query_value(name)?.ok_or_else(|| Refusal::missing(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::testing::request;
    use crate::transport::http::{Method, Response};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Asked {
        secret: String,
        attempt: u64,
    }

    fn read(body: &'static str) -> Result<Asked, String> {
        let request = Request { body: body.into(), ..request(Method::POST, "/") };
        content(&request).map_err(|refusal| {
            let response = Response::from(refusal);
            assert_eq!(response.status, StatusCode::BAD_REQUEST);
            String::from_utf8(response.body.to_vec()).unwrap()
        })
    }

    #[test]
    fn what_is_wrong_is_told_and_not_repeated() {
        let asked = read(r#"{"secret":"s","attempt":1,"other":null}"#).unwrap();
        assert_eq!((asked.secret.as_str(), asked.attempt), ("s", 1));
        for (content, told) in [
            ("", "M_NOT_JSON"),
            (r#"{"secret":"monkeys""#, "M_NOT_JSON"),
            (r#"["s",1]"#, "M_NOT_JSON"),
            ("null", "M_NOT_JSON"),
            ("{}", "M_MISSING_PARAMS"),
            (r#"{"attempt":1}"#, "the parameter secret is missing"),
            (r#"{"secret":"monkeys"}"#, "the parameter attempt is missing"),
            (r#"{"secret":"s","attempt":"monkeys"}"#, "M_INVALID_PARAM"),
            (r#"{"secret":"s","attempt":-1}"#, "M_INVALID_PARAM"),
        ] {
            let error = read(content).unwrap_err();
            assert!(error.contains(told) && !error.contains("monkeys"), "{content}: {error}");
        }
    }
}
