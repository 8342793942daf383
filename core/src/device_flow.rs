//! Signing in at an identity provider by a code on another device (RFC 8628), as far as it needs no network (rules F1–F4).
//!
//! A flow is reserved while the provider is asked for a code, pending while the user enters it there, saving while the token is
//! written, and over once: authorized, failed, expired or cancelled. No secret comes here: whoever asks the provider keeps it.

mod flow;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;

use serde::Serialize;

use self::flow::{Flow, Phase};
pub use self::view::{Codes, FlowStatus, FlowView};
use crate::{ClientId, EventType, Millis};

/// Flows at a time that are not over.
pub const MAX_ACTIVE_FLOWS: usize = 4;
/// How long a flow that is over can be looked at.
pub const TERMINAL_GRACE: Millis = Millis(5 * 60 * 1_000);

/// What the provider offers at the start of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the user enters, and where.
    pub user_code: String,
    pub verification_uri: String,
    /// The address with the code in it.
    pub verification_uri_complete: Option<String>,
    /// How long the code is good for; none when the provider does not say.
    pub lifetime: Option<Millis>,
    /// How often the provider wants to be asked at most.
    pub interval: Option<Millis>,
}

/// What happens to a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The provider handed out a code.
    Offered {
        offer: Offer,
        initiator: Option<ClientId>,
    },
    /// The provider gave no code; the flow never was.
    NotOffered,
    /// The moment of [`DeviceFlows::wake_at`] has come.
    Woken,
    /// What the provider said to a poll.
    Answered(Answer),
    /// The token is on disk, and good until then; or it is not.
    Saved(Result<Option<Millis>, String>),
    Cancelled {
        by: Option<ClientId>,
    },
}

/// What a provider says when it is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Pending,
    /// Too often: ask less often from now on. A provider that cannot be reached is treated the same.
    SlowDown,
    Granted,
    Refused {
        kind: FlowError,
        hint: String,
    },
}

/// Why a flow came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowError {
    ExpiredToken,
    AccessDenied,
    InvalidGrant,
    UpstreamError,
    PersistFailed,
}

/// What is to be done for a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the provider for the token.
    Poll,
    /// Write the token that was granted.
    Save,
    /// Tell the workspaces.
    Announce { notice: Notice, originator: Option<ClientId> },
}

/// What the clients are told: never a code, an address or a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Notice {
    Started {
        device_flow_id: String,
        provider_id: String,
        expires_at: Millis,
    },
    Throttled {
        device_flow_id: String,
        interval_ms: Millis,
    },
    Authorized {
        device_flow_id: String,
        provider_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Millis>,
    },
    Failed {
        device_flow_id: String,
        error_kind: FlowError,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    Cancelled {
        device_flow_id: String,
    },
}

/// What a request for a new flow comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The provider is to be asked for a code, under the id that was brought along.
    Reserved,
    /// A flow of this provider is under way already.
    Attached(String),
}

/// As many flows as may be are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_ACTIVE_FLOWS} sign-ins are under way; finish or cancel one first")]
pub struct TooManyFlows;

/// All flows by id.
#[derive(Debug, Default)]
pub struct DeviceFlows {
    flows: BTreeMap<String, Flow>,
}

impl DeviceFlows {
    /// Makes room for a flow `id` at `provider`, unless there is one to join.
    ///
    /// # Errors
    /// [`MAX_ACTIVE_FLOWS`] of other providers are under way.
    pub fn reserve(&mut self, now: Millis, id: &str, provider: &str) -> Result<Reservation, TooManyFlows> {
        self.forget(now);
        let mut active = self.flows.iter().filter(|(_, flow)| flow.is_active(now));
        if let Some((id, _)) = active.clone().find(|(_, flow)| flow.provider == provider) {
            return Ok(Reservation::Attached(id.clone()));
        }
        if active.nth(MAX_ACTIVE_FLOWS - 1).is_some() {
            return Err(TooManyFlows);
        }
        self.flows.insert(id.to_owned(), Flow::new(now, provider));
        Ok(Reservation::Reserved)
    }

    /// Moves a flow on. What comes for a flow that is over, or never was, changes nothing.
    pub fn handle(&mut self, now: Millis, id: &str, input: Input) -> Vec<Effect> {
        let Some(flow) = self.flows.get_mut(id) else { return Vec::new() };
        match input {
            Input::Offered { offer, initiator } => flow.offered(now, id, offer, initiator),
            Input::NotOffered => {
                if matches!(flow.phase, Phase::Reserved) {
                    self.flows.remove(id);
                }
                Vec::new()
            }
            Input::Woken => flow.woken(now, id),
            Input::Answered(answer) => flow.answered(now, id, answer),
            Input::Saved(outcome) => flow.saved(now, id, outcome),
            Input::Cancelled { by } => flow.cancelled(now, id, by),
        }
    }

    /// When a flow next wants [`Input::Woken`]: to poll or to expire. None while it waits for somebody, or is over.
    #[must_use]
    pub fn wake_at(&self, id: &str) -> Option<Millis> {
        self.flows.get(id)?.wake_at()
    }

    /// How a flow stands; none when it is unknown, or over for longer than [`TERMINAL_GRACE`].
    #[must_use]
    pub fn view(&mut self, now: Millis, id: &str) -> Option<FlowView> {
        self.forget(now);
        self.flows.get(id)?.view(id)
    }

    /// The flows that wait for their users, by id.
    #[must_use]
    pub fn pending(&mut self, now: Millis) -> Vec<FlowView> {
        self.forget(now);
        let views = self.flows.iter().filter_map(|(id, flow)| flow.view(id));
        views.filter(|view| view.status == FlowStatus::Pending).collect()
    }

    fn forget(&mut self, now: Millis) {
        self.flows.retain(|_, flow| !flow.is_forgotten(now));
    }
}

impl Notice {
    /// The event it is announced as.
    #[must_use]
    pub fn kind(&self) -> EventType {
        match self {
            Self::Started { .. } => EventType::AuthDeviceFlowStarted,
            Self::Throttled { .. } => EventType::AuthDeviceFlowThrottled,
            Self::Authorized { .. } => EventType::AuthDeviceFlowAuthorized,
            Self::Failed { .. } => EventType::AuthDeviceFlowFailed,
            Self::Cancelled { .. } => EventType::AuthDeviceFlowCancelled,
        }
    }
}
