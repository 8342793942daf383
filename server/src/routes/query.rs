//! A request's query.

use std::{collections::HashMap, convert::Infallible};

use axum::extract::FromRequestParts;
use http::request::Parts;
use url::form_urlencoded;

/// Parameters by name. One that is given twice reads as the empty one.
#[derive(Debug)]
pub(super) struct Query(HashMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            let is_first = !parameters.contains_key(name.as_ref());
            parameters.insert(name.into_owned(), if is_first { value.into_owned() } else { String::new() });
        }
        Ok(Self(parameters))
    }
}

impl Query {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
