//! How a flow looks from outside, and who gets to see its code.

use serde::Serialize;

use super::{FlowError, Offer};
use crate::{ClientId, Millis};

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowStatus {
    Pending,
    Authorized,
    Expired,
    Error,
    Cancelled,
}

/// A flow at one moment. Serialised it is what anybody may see, see [`FlowView::codes_for`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowView {
    pub device_flow_id: String,
    pub provider_id: String,
    pub status: FlowStatus,
    pub created_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<FlowError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_polled_at: Option<Millis>,
    /// None once the flow is over.
    #[serde(skip)]
    pub offer: Option<Offer>,
    #[serde(skip)]
    pub initiator: Option<ClientId>,
}

/// What the client that started a flow sees beyond the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Codes<'a> {
    #[serde(flatten)]
    offer: Option<OfferedCodes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator_client_id: Option<&'a ClientId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OfferedCodes<'a> {
    user_code: &'a str,
    verification_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<&'a str>,
}

impl FlowView {
    /// The code and its address, for the client that started the flow and nobody else; the code of a flow that an
    /// anonymous client started is for anonymous clients.
    #[must_use]
    pub fn codes_for(&self, caller: Option<&ClientId>) -> Option<Codes<'_>> {
        let offer = self.offer.as_ref().map(|offer| OfferedCodes {
            user_code: &offer.user_code,
            verification_uri: &offer.verification_uri,
            verification_uri_complete: offer.verification_uri_complete.as_deref(),
        });
        (caller == self.initiator.as_ref()).then_some(Codes { offer, initiator_client_id: self.initiator.as_ref() })
    }
}
