//! A request's body as a JSON object.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request};
use http_body_util::BodyExt;
use roost_core::nesting::{MAX_NESTING, is_too_deep};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{App, WireError};

/// Largest accepted body unless the configuration says otherwise, in bytes.
pub const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// After its base allowance a body must have arrived at this rate on average, in bytes a second.
pub const MIN_BODY_BYTES_PER_SECOND: u32 = 16 * 1024;

/// How much of an unwanted body is read, in bytes.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

const FORBIDDEN_KEYS: [&str; 3] = ["__proto__", "constructor", "prototype"];
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The body's top-level members. A body that is absent, not declared as JSON, or not an object reads as the empty object.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct JsonBody(pub Map<String, Value>);

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = WireError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, WireError> {
        if is_json(request.headers()) {
            return parse(&whole(request, app).await?);
        }
        discard(request.into_body(), app.config.timeouts.body_read);
        Ok(Self::default())
    }
}

/// The body of a request whatever it is, within the limits every body has.
///
/// # Errors
/// It is too large, too slow, or ends early.
pub async fn whole(request: Request, app: &App) -> Result<Bytes, WireError> {
    let (head, body) = request.into_parts();
    read(&head.headers, body, app).await
}

/// Whether a GET, HEAD or DELETE comes with JSON. Few of their routes look at a body, but one that is malformed or too large is refused
/// all the same.
#[must_use]
pub fn is_beside_the_point(head: &request::Parts, body: &Body) -> bool {
    let rarely_has_one = matches!(head.method, Method::GET | Method::HEAD | Method::DELETE);
    rarely_has_one && !body.is_end_stream() && is_json(&head.headers)
}

/// The request, once its body is known to be JSON.
///
/// # Errors
/// It is not JSON, too large, too slow, or ends early.
pub async fn checked(request: Request, app: &App) -> Result<Request, WireError> {
    let (head, body) = request.into_parts();
    let bytes = read(&head.headers, body, app).await?;
    parse(&bytes)?;
    Ok(Request::from_parts(head, Body::from(bytes)))
}

async fn read(headers: &HeaderMap, body: Body, app: &App) -> Result<Bytes, WireError> {
    let (allowance, most) = (app.config.timeouts.body_read, app.config.limits.max_body_bytes);
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        discard(body, allowance);
        return Err(encoded(encoding));
    }
    if declared_length(headers).is_some_and(|length| length > most as u64) {
        discard(body, allowance);
        return Err(too_large(most));
    }
    collect(body, most, allowance).await
}

/// Whether a body is declared to be JSON.
#[must_use]
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads to the end, at most so many bytes and no slower than [`MIN_BODY_BYTES_PER_SECOND`].
async fn collect(mut body: Body, most: usize, allowance: Duration) -> Result<Bytes, WireError> {
    let started = Instant::now();
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    loop {
        let received = first.len() + joined.len();
        let deadline = started + allowance + earned(received);
        let frame = tokio::time::timeout_at(deadline, body.frame()).await.map_err(|_| too_slow())?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| cut_short())?.into_data() else { continue };
        if received + data.len() > most {
            discard(body, allowance);
            return Err(too_large(most));
        }
        if received == 0 {
            first = data;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&data);
        }
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Lets the peer finish sending a body that nobody wants, so that it gets to read its answer instead of a broken connection.
/// At most 64 MiB, at the pace any body must keep.
pub fn discard<B>(mut body: B, allowance: Duration)
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(async move {
        let started = Instant::now();
        let mut received = 0;
        while received < MAX_DISCARDED_BYTES {
            let deadline = started + allowance + earned(received);
            let Ok(Some(Ok(frame))) = tokio::time::timeout_at(deadline, body.frame()).await else { return };
            received += frame.data_ref().map_or(0, Bytes::len);
        }
    });
}

fn earned(received: usize) -> Duration {
    Duration::from_secs_f64(received as f64 / f64::from(MIN_BODY_BYTES_PER_SECOND))
}

/// The text behind a byte order mark.
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

fn parse(bytes: &[u8]) -> Result<JsonBody, WireError> {
    let text = without_mark(bytes);
    if text.is_empty() {
        return Ok(JsonBody::default());
    }
    let value = serde_json::from_slice(text).map_err(|_| WireError::bad_request("Invalid JSON in request body"))?;
    if std::str::from_utf8(text).is_ok_and(is_too_deep) {
        let said = format!("The request body is nested deeper than {MAX_NESTING} levels");
        return Err(WireError::bad_request(said));
    }
    let Value::Object(mut members) = value else { return Ok(JsonBody::default()) };
    for key in FORBIDDEN_KEYS {
        members.shift_remove(key);
    }
    Ok(JsonBody(members))
}

fn encoded(encoding: &HeaderValue) -> WireError {
    let said =
        format!("A request body encoded as {encoding:?} is not read; send it as it is, without Content-Encoding");
    WireError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, said)
}

fn too_large(most: usize) -> WireError {
    let said = format!("Request body too large (max {})", size(most));
    WireError::new(StatusCode::PAYLOAD_TOO_LARGE, said)
}

/// A size for people: in the largest unit of which it is a whole number.
fn size(bytes: usize) -> String {
    const KB: usize = 1024;
    const MB: usize = 1024 * KB;
    match bytes {
        _ if bytes.is_multiple_of(MB) => format!("{} MB", bytes / MB),
        _ if bytes.is_multiple_of(KB) => format!("{} KB", bytes / KB),
        _ => format!("{bytes} bytes"),
    }
}

fn too_slow() -> WireError {
    WireError::new(StatusCode::REQUEST_TIMEOUT, "The request body arrived too slowly")
}

fn cut_short() -> WireError {
    WireError::bad_request("The request body ended early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_reach_into_prototypes_are_dropped() {
        let JsonBody(members) =
            parse(br#"{"__proto__":1,"constructor":2,"prototype":3,"kept":{"constructor":4}}"#).expect("JSON");
        assert_eq!(Value::Object(members).to_string(), r#"{"kept":{"constructor":4}}"#);
    }
}
