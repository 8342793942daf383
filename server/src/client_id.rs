//! Who calls: the `X-Qwen-Client-Id` header.

use axum::extract::FromRequestParts;
use http::{HeaderName, request::Parts};
use roost_core::ClientId;

use crate::WireError;

/// The header's name.
pub const CLIENT_ID: HeaderName = HeaderName::from_static("x-qwen-client-id");

/// The id a request carries; `None` is anonymous. Well formed, but not yet known to be registered on any session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHeader(pub Option<ClientId>);

impl<S: Sync> FromRequestParts<S> for ClientHeader {
    type Rejection = WireError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, WireError> {
        let Some(value) = parts.headers.get(CLIENT_ID).filter(|value| !value.is_empty()) else { return Ok(Self(None)) };
        let text = value.to_str().map_err(|_| WireError::malformed_client_id(roost_core::id::InvalidClientId))?;
        let id = ClientId::parse(text).map_err(WireError::malformed_client_id)?;
        Ok(Self(Some(id)))
    }
}
