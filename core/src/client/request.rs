//! One HTTP request as data.

use std::fmt::{self, Write};

use serde::Serialize;

use crate::ClientId;

/// What a client sends. The path is absolute, without scheme and host; both it and the headers are ready to go on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    /// JSON, when there is one.
    pub body: Option<String>,
}

/// The methods the protocol uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Request {
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// The same request with this JSON body.
    ///
    /// # Panics
    /// When `body` has a map key that is not a string, which no body of ours has.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_string(body).expect("bodies have string keys only"));
        self.header("Content-Type", "application/json")
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same request with a bearer token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// The same request, made as this client of the session.
    #[must_use]
    pub fn by(self, client: &ClientId) -> Self {
        self.header("X-Qwen-Client-Id", client.as_str())
    }
}

/// Headers hold the token and bodies hold what people wrote: neither belongs in a log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method.as_str(), self.path)
    }
}

/// `text` as one segment of a path or value of a query: all but letters, digits and `-_.~` is percent-encoded.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes every write");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_segment_holds_nothing_that_would_end_it() {
        assert_eq!(segment("/home/me/a b?c#d%"), "%2Fhome%2Fme%2Fa%20b%3Fc%23d%25");
        assert_eq!(segment("é~x_1.y-z"), "%C3%A9~x_1.y-z");
    }

    #[test]
    fn a_request_in_a_log_shows_neither_token_nor_body() {
        let request = Request::new(Method::Post, "/session").json(&"words").with_token("secret");
        assert_eq!(format!("{request:?}"), "Request(POST /session)");
        assert!(request.headers.contains(&("Authorization", "Bearer secret".to_owned())));
    }
}
