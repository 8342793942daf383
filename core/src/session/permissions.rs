//! Permission mediation.
use serde::{Deserialize, Serialize};

/// How votes decide. Captured when a request is issued (V18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The first valid vote, anonymous ones included (V8).
    #[default]
    FirstResponder,
    /// Only the client whose prompt asked (V9).
    Designated,
    /// A majority of the clients registered when the request was issued (V11–V14).
    Consensus,
    /// Any client on this machine (V10).
    LocalOnly,
}

/// The decision on a request, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Outcome {
    Selected { option_id: Box<str> },
    Cancelled,
}

/// An option id nobody may offer or vote for: it stands for a cancelled request inside agents.
pub const CANCELLED_SENTINEL: &str = "__cancelled__";
