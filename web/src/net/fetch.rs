//! One request and its answer. What they say is `core::client`'s; here is the browser's `fetch`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use js_sys::JsString;
use roost_core::client::{self, Answer, Call, Request, WireFailure};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, Headers, RequestInit, Response};

use crate::browser::{complaint, window};

/// What the page shows the daemon to be let in; `None` for a daemon that asks for nothing.
pub(crate) type Credential = Option<String>;

/// Why a call has no answer that can be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum CallError {
    /// The daemon was not reached, or the answer broke off.
    #[error("the daemon cannot be reached ({0})")]
    Unreachable(String),
    #[error(transparent)]
    Refused(Box<WireFailure>),
    /// An answer that is not what the protocol says.
    #[error("the daemon’s answer was not understood ({0})")]
    Garbled(String),
    /// The page wants no answer any more.
    #[error("it was called off")]
    CalledOff,
}

impl From<client::CallError> for CallError {
    fn from(error: client::CallError) -> Self {
        match error {
            client::CallError::Refused(failure) => Self::Refused(failure),
            client::CallError::Garbled(what) => Self::Garbled(what),
        }
    }
}

impl CallError {
    fn refusal(&self) -> Option<&WireFailure> {
        match self {
            Self::Refused(failure) => Some(failure),
            Self::Unreachable(_) | Self::Garbled(_) | Self::CalledOff => None,
        }
    }

    /// Whether the credential is what was wrong.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.refusal().is_some_and(WireFailure::is_unauthorized)
    }

    /// Whether what was asked for does not exist (any more).
    pub(crate) fn is_missing(&self) -> bool {
        self.refusal().is_some_and(WireFailure::is_missing)
    }

    /// Whether the daemon refused this client id because it does not know it, as after a restart.
    pub(crate) fn is_unknown_client(&self) -> bool {
        self.refusal().is_some_and(WireFailure::is_unknown_client)
    }

    /// Whether the workspace that was named is not served, or no longer.
    pub(crate) fn is_unknown_workspace(&self) -> bool {
        self.refusal().is_some_and(WireFailure::is_unknown_workspace)
    }

    /// Whether asking again later may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(failure) => failure.is_passing(),
            Self::Garbled(_) | Self::CalledOff => false,
        }
    }
}

/// Sends a call; awaited, it is the answer.
pub(crate) fn ask<T>(call: Call<T>, credential: Credential) -> Asking<T> {
    let request = call.request().clone();
    Asking { exchange: Box::pin(async move { exchange(&request, &credential, None).await }), call }
}

/// A call that `exchange` sends.
pub(crate) fn asking<T>(call: Call<T>, exchange: Exchange) -> Asking<T> {
    Asking { exchange, call }
}

/// A call that is on its way. Written out, because an `async fn` would be compiled into a machine of its own for every kind of answer.
pub(crate) struct Asking<T> {
    exchange: Exchange,
    call: Call<T>,
}

impl<T> Future for Asking<T> {
    type Output = Result<T, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (status, body) = ready!(self.exchange.as_mut().poll(context))?;
        Poll::Ready(Ok(self.call.read(&Answer { status, retry_after: None, body: body.as_bytes() })?))
    }
}

/// Sends a request whose answer is a file.
pub(crate) async fn download(
    request: &Request,
    credential: &Credential,
    cut: Option<&AbortSignal>,
) -> Result<Blob, CallError> {
    let response = open(request, credential, cut).await.map_err(|error| broken_by(&error, cut))?;
    if !response.ok() {
        return Err(CallError::Refused(Box::new(refusal(&response).await)));
    }
    let blob = response.blob().map(JsFuture::from).map_err(|error| broken_by(&error, cut))?;
    blob.await.map(JsCast::unchecked_into).map_err(|error| broken_by(&error, cut))
}

/// A request on its way to its status and body. Boxed, so that it is compiled once and not into every caller.
pub(crate) type Exchange = Pin<Box<dyn Future<Output = Result<(u16, String), CallError>>>>;

/// Sends a request and reads the answer, until `cut` ends it.
pub(crate) async fn exchange(
    request: &Request,
    credential: &Credential,
    cut: Option<&AbortSignal>,
) -> Result<(u16, String), CallError> {
    let response = open(request, credential, cut).await.map_err(|error| broken_by(&error, cut))?;
    let body = text(&response).await.map_err(|error| broken_by(&error, cut))?;
    Ok((response.status(), body))
}

fn broken_by(error: &JsValue, cut: Option<&AbortSignal>) -> CallError {
    if cut.is_some_and(AbortSignal::aborted) { CallError::CalledOff } else { CallError::Unreachable(complaint(error)) }
}

/// Sends a request; the answer's body is still to be read.
pub(super) async fn open(
    request: &Request,
    credential: &Credential,
    cut: Option<&AbortSignal>,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    if let Some(token) = credential {
        headers.set("Authorization", &format!("Bearer {token}"))?;
    }
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_signal(cut);
    if let Some(body) = &request.body {
        init.set_body(&JsValue::from_str(body));
    }
    JsFuture::from(window().fetch_with_str_and_init(&request.path, &init)).await?.dyn_into()
}

/// How the daemon said no.
pub(super) async fn refusal(response: &Response) -> WireFailure {
    let retry_after = response.headers().get("Retry-After").ok().flatten();
    let body = text(response).await.unwrap_or_default();
    WireFailure::read(&Answer { status: response.status(), retry_after: retry_after.as_deref(), body: body.as_bytes() })
}

async fn text(response: &Response) -> Result<String, JsValue> {
    Ok(JsFuture::from(response.text()?).await?.unchecked_into::<JsString>().into())
}
