//! One request and its answer.

use js_sys::JsString;
use roost_core::ClientId;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

use crate::browser::{complaint, window};

/// What the page shows the daemon to be let in; `None` for a daemon that asks for nothing.
pub(crate) type Credential = Option<String>;

/// Why a call has no answer that can be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum CallError {
    /// The daemon was not reached, or the answer broke off.
    #[error("the daemon cannot be reached ({0})")]
    Unreachable(String),
    #[error("{message}")]
    Refused { status: u16, code: String, message: String, body: Value },
    /// An answer that is not what the protocol says.
    #[error("the daemon’s answer was not understood ({0})")]
    Garbled(String),
}

impl CallError {
    /// Whether the credential is what was wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// Whether what was asked for does not exist (any more).
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether the daemon refused this client id because it does not know it, as after a restart.
    pub(crate) fn is_unknown_client(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "invalid_client_id")
    }
}

/// A request to the daemon the page came from. The path is always absolute on this origin.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), headers: Vec::new(), body: None }
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self { method: "DELETE", ..Self::get(path) }
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self { method: "POST", ..Self::get(path) }.json(body)
    }

    pub(crate) fn patch(path: impl Into<String>, body: &Value) -> Self {
        Self { method: "PATCH", ..Self::get(path) }.json(body)
    }

    fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string());
        self.header("Content-Type", "application/json")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same call, made as this client of the session.
    pub(crate) fn by(self, client: Option<&ClientId>) -> Self {
        match client {
            Some(client) => self.header("X-Qwen-Client-Id", client.as_str()),
            None => self,
        }
    }

    /// Sends it; the answer's body is still to be read. Any status but 2xx is an error.
    pub(crate) async fn open(self, credential: &Credential, cut: Option<&AbortSignal>) -> Result<Response, CallError> {
        let response = self.fetch(credential, cut).await.map_err(|error| CallError::Unreachable(complaint(&error)))?;
        if response.ok() { Ok(response) } else { Err(refusal(&response).await) }
    }

    /// Sends it and reads the answer; an empty body reads as JSON `null`.
    pub(crate) async fn send<T: DeserializeOwned>(self, credential: &Credential) -> Result<T, CallError> {
        let text = self.text(credential).await?;
        let text = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(text).map_err(|error| CallError::Garbled(error.to_string()))
    }

    async fn text(self, credential: &Credential) -> Result<String, CallError> {
        let response = self.open(credential, None).await?;
        body_text(&response).await.map_err(|error| CallError::Unreachable(complaint(&error)))
    }

    async fn fetch(self, credential: &Credential, cut: Option<&AbortSignal>) -> Result<Response, JsValue> {
        let headers = Headers::new()?;
        if let Some(token) = credential {
            headers.set("Authorization", &format!("Bearer {token}"))?;
        }
        for (name, value) in &self.headers {
            headers.set(name, value)?;
        }
        let init = RequestInit::new();
        init.set_method(self.method);
        init.set_headers(&headers);
        init.set_signal(cut);
        if let Some(body) = &self.body {
            init.set_body(&JsValue::from_str(body));
        }
        JsFuture::from(window().fetch_with_str_and_init(&self.path, &init)).await?.dyn_into()
    }
}

async fn body_text(response: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(response.text()?).await?.unchecked_into::<JsString>().into())
}

async fn refusal(response: &Response) -> CallError {
    let status = response.status();
    let text = body_text(response).await.unwrap_or_default();
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let code = match &body["code"] {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => String::new(),
    };
    // An agent's failure hides its reason in `data.details` behind a general message.
    let message = [&body["data"]["details"], &body["error"]].into_iter().find_map(Value::as_str);
    let message = message.map_or_else(|| format!("the daemon answered {status}"), ToOwned::to_owned);
    CallError::Refused { status, code, message, body }
}

/// `text` as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}
