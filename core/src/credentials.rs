//! A token that was got by signing in: as an identity provider hands it out, and as it is kept on disk. The daemon writes it, the agent
//! shows it to the model and renews it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::time::Millis;

/// The token, what renews it, and where. Members that are not known are kept.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Credentials {
    pub access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Where the models are that the token is for: a host, or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_url: Option<String>,
    /// When the token expires, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Millis>,
    /// Where it is renewed (RFC 6749 §6), and as whom. Without them it is used for as long as it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A token as an identity provider hands it out (RFC 6749 §5.1).
#[derive(Clone, PartialEq, Deserialize)]
pub struct Token {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    resource_url: Option<String>,
    /// Seconds.
    #[serde(default)]
    expires_in: Option<f64>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// None where the answer holds no token.
    #[must_use]
    pub fn parse(answer: &[u8]) -> Option<Self> {
        serde_json::from_slice(answer).ok().filter(|token: &Self| !token.access_token.is_empty())
    }

    /// Of a token that came now.
    fn expiry_date(&self, now: Millis) -> Option<Millis> {
        let lifetime = self.expires_in.filter(|seconds| *seconds > 0.0);
        lifetime.map(|seconds| now.after(Millis((seconds * 1_000.0) as u64)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// What is kept of the token that a sign-in got now, and where and as whom it is renewed.
    #[must_use]
    pub fn granted(token: Token, now: Millis, token_endpoint: String, client_id: String) -> Self {
        Self {
            expiry_date: token.expiry_date(now),
            access_token: token.access_token,
            refresh_token: token.refresh_token,
            token_type: token.token_type,
            resource_url: token.resource_url,
            token_endpoint: Some(token_endpoint),
            client_id: Some(client_id),
            more: Map::new(),
        }
    }

    /// The same with the token that renewed it now. What the answer does not name stays as it was.
    #[must_use]
    pub fn renewed(self, token: Token, now: Millis) -> Self {
        Self {
            expiry_date: token.expiry_date(now),
            access_token: token.access_token,
            refresh_token: token.refresh_token.or(self.refresh_token),
            token_type: token.token_type.or(self.token_type),
            resource_url: token.resource_url.or(self.resource_url),
            ..self
        }
    }

    /// None where the text is no credentials, or has no token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|kept: &Self| !kept.access_token.is_empty())
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let members = serde_json::to_value(self).expect("strings, a number and JSON with string keys encode");
        format!("{members:#}\n")
    }

    /// Where models are asked: `https://…/v1`, without a slash at its end. Plain http is for this machine only.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        let place = self.resource_url.as_deref()?.trim().trim_end_matches('/');
        if place.is_empty() {
            return None;
        }
        let url = match place.split_once("://") {
            None => format!("https://{place}"),
            Some(("https", _)) => place.to_owned(),
            Some(("http", rest)) if is_this_machine(rest) => place.to_owned(),
            Some(_) => return None,
        };
        Some(if url.ends_with("/v1") { url } else { format!("{url}/v1") })
    }
}

/// Of an address without its scheme.
fn is_this_machine(address: &str) -> bool {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    !authority.contains('@') && matches!(host, "localhost" | "127.0.0.1" | "::1")
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_not_known_is_kept_and_a_token_never_shown() {
        let text = r#"{"access_token":"secret","expiry_date":5,"scope":"openid"}"#;
        let kept = Credentials::parse(text).expect("credentials");
        let again: Value = serde_json::from_str(&kept.to_text()).expect("JSON");
        assert_eq!(again, serde_json::from_str::<Value>(text).expect("JSON"));
        assert!(!format!("{kept:?}").contains("secret"));
        for none in ["", "{}", r#"{"access_token":""}"#, "[]"] {
            assert_eq!(Credentials::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_renewed_token_keeps_what_its_answer_does_not_name() {
        let token = |answer: &str| Token::parse(answer.as_bytes()).expect("a token");
        let first = token(r#"{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":2.5}"#);
        let kept = Credentials::granted(first, Millis(1_000), "https://id.example/token".into(), "me".into());
        assert_eq!((kept.access_token.as_str(), kept.expiry_date), ("a", Some(Millis(3_500))));
        let again = kept.clone().renewed(token(r#"{"access_token":"b","expires_in":0}"#), Millis(2_000));
        assert_eq!(again, Credentials { access_token: "b".into(), expiry_date: None, ..kept });
        for none in ["", "{}", r#"{"access_token":""}"#, "[]"] {
            assert_eq!(Token::parse(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn a_token_goes_over_https_but_on_this_machine() {
        let url = |place: &str| {
            let text = serde_json::json!({"access_token": "t", "resource_url": place}).to_string();
            Credentials::parse(&text).expect("credentials").base_url()
        };
        assert_eq!(url("models.example").as_deref(), Some("https://models.example/v1"));
        assert_eq!(url("https://models.example/v1/").as_deref(), Some("https://models.example/v1"));
        assert_eq!(url("http://127.0.0.1:9/v1").as_deref(), Some("http://127.0.0.1:9/v1"));
        assert_eq!(url("http://[::1]:9").as_deref(), Some("http://[::1]:9/v1"));
        for none in ["", "http://models.example", "http://localhost@models.example", "file:///x"] {
            assert_eq!(url(none), None, "{none}");
        }
    }
}
