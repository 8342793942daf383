//! The request to speak WebSocket (RFC 6455 §4.2), granted or refused before there is a socket.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::WireError;

/// The entry among the offered protocols by which a browser, which cannot set `Authorization`, sends its token.
pub const BEARER_PROTOCOL: &str = "qwen-bearer.";

/// A request to speak WebSocket that can be granted.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    /// The first protocol that was offered, tokens aside.
    protocol: Option<HeaderValue>,
}

/// Why a request to speak WebSocket cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAHandshake {
    #[error("`Connection` must name `upgrade`")]
    Connection,
    #[error("`Sec-WebSocket-Version` must be 13")]
    Version,
    #[error("`Sec-WebSocket-Key` must be the base64 of 16 bytes")]
    Key,
}

impl Handshake {
    /// Whether a request asks for one.
    #[must_use]
    pub fn is_wanted(headers: &HeaderMap) -> bool {
        lists(headers, header::UPGRADE, "websocket")
    }

    /// # Errors
    /// A header of it is missing or wrong.
    pub fn read(headers: &HeaderMap) -> Result<Self, NotAHandshake> {
        if !lists(headers, header::CONNECTION, "upgrade") {
            return Err(NotAHandshake::Connection);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(NotAHandshake::Version);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).filter(|key| key.len() == 24);
        let accept = derive_accept_key(key.ok_or(NotAHandshake::Key)?);
        let accept = HeaderValue::try_from(accept).map_err(|_| NotAHandshake::Key)?;
        let protocol = offered(headers).find(|protocol| !protocol.starts_with(BEARER_PROTOCOL));
        Ok(Self { accept, protocol: protocol.and_then(|protocol| HeaderValue::from_str(protocol).ok()) })
    }

    /// The answer that grants it.
    #[must_use]
    pub fn answer(self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(protocol) = self.protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

impl From<NotAHandshake> for Response {
    fn from(error: NotAHandshake) -> Self {
        let status = match error {
            NotAHandshake::Version => StatusCode::UPGRADE_REQUIRED,
            NotAHandshake::Connection | NotAHandshake::Key => StatusCode::BAD_REQUEST,
        };
        let mut response = WireError::new(status, error.to_string()).into_response();
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        response
    }
}

/// The protocols a request offers, in its order.
pub fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|protocol| !protocol.is_empty())
}

fn lists(headers: &HeaderMap, name: header::HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
}
