//! The address bar: `/` is home, `/session/<id>` is a session. Nothing in the address ever names another origin.

use js_sys::Reflect;
use roost_core::SessionId;
use wasm_bindgen::JsValue;

use super::window;

/// Where the address points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Home,
    Session(SessionId),
}

/// What the page was opened with in the fragment; `boot.js` took it out of the address before anything was painted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A one-time code, to be exchanged for a credential of this browser's own.
    Code(String),
    Token(String),
    Plain,
}

impl Place {
    /// Reads a path and a query: `/session/<id>`, or `?session=<id>` of older links.
    pub(crate) fn parse(path: &str, query: &str) -> Self {
        let named = path.strip_prefix("/session/").map(|rest| rest.trim_end_matches('/'));
        let asked = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("session="));
        match named.or(asked) {
            Some(id) if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) => {
                Self::Session(id.into())
            }
            Some(_) | None => Self::Home,
        }
    }

    /// The path of the place.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Home => "/".to_owned(),
            Self::Session(id) => format!("/session/{id}"),
        }
    }
}

/// Where the address bar points now.
pub(crate) fn here() -> Place {
    let location = window().location();
    Place::parse(&location.pathname().unwrap_or_default(), &location.search().unwrap_or_default())
}

/// Moves the address bar without loading anything; a no-op when it is there already.
pub(crate) fn go(place: &Place) {
    if here() != *place
        && let Ok(history) = window().history()
    {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&place.path()));
    }
}

/// Takes what the page was opened with; a second call finds nothing.
pub(crate) fn arrival() -> Arrival {
    let key = JsValue::from_str("roostArrival");
    let Ok(found) = Reflect::get(&window(), &key) else { return Arrival::Plain };
    let _ = Reflect::delete_property(&window(), &key);
    let text = |name: &str| {
        let value = found.is_object().then(|| Reflect::get(&found, &JsValue::from_str(name)).ok());
        value.flatten()?.as_string().filter(|text| !text.is_empty())
    };
    match (text("code"), text("token")) {
        (Some(code), _) => Arrival::Code(code),
        (None, Some(token)) => Arrival::Token(token),
        (None, None) => Arrival::Plain,
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_deep_link_names_its_session() {
        assert_eq!(Place::parse("/session/0b-1", ""), Place::Session("0b-1".into()));
        assert_eq!(Place::parse("/session/0b-1/", ""), Place::Session("0b-1".into()));
        assert_eq!(Place::parse("/", "?x=1&session=0b-1"), Place::Session("0b-1".into()));
    }

    #[test]
    fn an_address_that_is_no_plain_id_leads_home() {
        for path in ["/", "/session/", "/session/..%2f", "/session/a/b", "/session///evil.test", "/else"] {
            assert_eq!(Place::parse(path, ""), Place::Home, "{path}");
        }
    }
}
