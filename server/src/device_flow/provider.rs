//! Where one can sign in: endpoints and client id come from whoever runs the daemon.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// One identity provider that offers the device authorization grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityProvider {
    /// What clients call it: `a-z 0-9 -`.
    pub id: String,
    /// Where codes come from, and where tokens do: https, or http on this machine.
    #[serde(deserialize_with = "url")]
    pub device_authorization_endpoint: Url,
    #[serde(deserialize_with = "url")]
    pub token_endpoint: Url,
    pub client_id: String,
    #[serde(default)]
    pub scope: Option<String>,
    /// The file in `QWEN_HOME` that gets the token.
    #[serde(default)]
    pub credentials: String,
}

/// Why the file of identity providers makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    #[error("cannot read --identity-providers {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("--identity-providers {} is not a list of identity providers: {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
}

impl IdentityProvider {
    /// Reads a JSON list of them; comments are fine.
    ///
    /// # Errors
    /// The file cannot be read, or says something that could not work.
    pub fn read(path: &Path) -> Result<Vec<Self>, ProvidersError> {
        let text = fs::read_to_string(path).map_err(|source| ProvidersError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|reason| ProvidersError::Malformed { path: path.to_owned(), reason })
    }

    fn parse(text: &str) -> Result<Vec<Self>, String> {
        let value =
            jsonc_parser::parse_to_serde_value::<serde_json::Value>(text, &jsonc_parser::ParseOptions::default());
        let value = value.map_err(|error| error.to_string())?;
        let mut providers: Vec<Self> = serde_json::from_value(value).map_err(|error| error.to_string())?;
        for index in 0..providers.len() {
            let (before, rest) = providers.split_at_mut(index);
            let provider = &mut rest[0];
            provider.complete()?;
            if before.iter().any(|other| other.id == provider.id || other.credentials == provider.credentials) {
                return Err(format!("`{}` or its credentials file stands there twice", provider.id));
            }
        }
        Ok(providers)
    }

    fn complete(&mut self) -> Result<(), String> {
        let id = &self.id;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(format!("`id` is made of a-z 0-9 and -, not `{id}`"));
        }
        for (member, url) in [
            ("deviceAuthorizationEndpoint", &self.device_authorization_endpoint),
            ("tokenEndpoint", &self.token_endpoint),
        ] {
            if !is_safe(url) {
                return Err(format!(
                    "`{member}` of `{id}` must be https, because secrets are sent to it; http is allowed on this machine only"
                ));
            }
        }
        if self.client_id.is_empty() {
            return Err(format!("`clientId` of `{id}` is empty"));
        }
        if self.credentials.is_empty() {
            self.credentials =
                if id == "qwen-oauth" { "oauth_creds.json".to_owned() } else { format!("oauth_creds.{id}.json") };
        }
        let is_name = Path::new(&self.credentials).components().count() == 1 && !self.credentials.contains(['/', '\0']);
        if !is_name || self.credentials.starts_with("..") || !self.credentials.ends_with(".json") {
            return Err(format!("`credentials` of `{id}` is the name of a .json file in QWEN_HOME, without a folder"));
        }
        if self.credentials == "settings.json" {
            return Err(format!("`credentials` of `{id}` would overwrite the settings"));
        }
        Ok(())
    }

    /// Whether its endpoints are on this machine, where no proxy is asked.
    pub(super) fn is_local(&self) -> bool {
        is_loopback(&self.device_authorization_endpoint) && is_loopback(&self.token_endpoint)
    }
}

fn url<'de, D: Deserializer<'de>>(text: D) -> Result<Url, D::Error> {
    let text = String::deserialize(text)?;
    Url::parse(&text).map_err(|error| de::Error::custom(format!("`{text}` is no URL: {error}")))
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" && url.has_host() || url.scheme() == "http" && is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        json!({
            "id": "qwen-oauth", "clientId": "c", "scope": "openid",
            "deviceAuthorizationEndpoint": "https://id.example/device", "tokenEndpoint": "http://127.0.0.1:9/token",
        })
    }

    fn with(member: &str, value: impl Into<Value>) -> String {
        let mut provider = good();
        provider[member] = value.into();
        json!([provider]).to_string()
    }

    #[test]
    fn a_token_goes_to_its_providers_own_file() {
        let file = |id| IdentityProvider::parse(&with("id", id)).expect("a list")[0].credentials.clone();
        assert_eq!(
            (file("qwen-oauth"), file("corp")),
            ("oauth_creds.json".to_owned(), "oauth_creds.corp.json".to_owned())
        );
    }

    #[test]
    fn what_could_not_work_or_would_harm_is_refused_by_name() {
        let twice = json!([good(), good()]).to_string();
        for (text, said) in [
            (with("id", "Qwen"), "a-z"),
            (with("id", ""), "a-z"),
            (with("clientId", ""), "clientId"),
            (with("tokenEndpoint", "http://id.example/token"), "https"),
            (with("tokenEndpoint", "nowhere"), "relative URL"),
            (with("tokenEndpoint", "file:///etc/passwd"), "https"),
            (with("credentials", "../creds.json"), "without a folder"),
            (with("credentials", "settings.json"), "overwrite the settings"),
            (with("credentials", "creds"), ".json"),
            (with("secret", "s"), "unknown field"),
            (twice, "twice"),
            ("{}".to_owned(), "sequence"),
            ("[".to_owned(), ""),
        ] {
            let reason = IdentityProvider::parse(&text).expect_err(&text);
            assert!(reason.contains(said), "{text} said {reason}");
        }
    }
}
