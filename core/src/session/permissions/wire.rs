//! The payloads of mediation, and what the agent is answered.

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::{Outcome, policy::Progress};
use crate::{ClientId, RequestId, SessionId, session::Forbidden};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionRequest<'a> {
    pub(super) request_id: &'a RequestId,
    pub(super) session_id: &'a SessionId,
    pub(super) tool_call: &'a RawValue,
    pub(super) options: &'a RawValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionResolved<'a> {
    pub(super) request_id: &'a RequestId,
    pub(super) outcome: &'a Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) voter_client_id: Option<&'a ClientId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionAlreadyResolved<'a> {
    pub(super) request_id: &'a RequestId,
    pub(super) session_id: &'a SessionId,
    pub(super) outcome: &'a Outcome,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionPartialVote<'a> {
    pub(super) request_id: &'a RequestId,
    pub(super) session_id: &'a SessionId,
    #[serde(flatten)]
    pub(super) progress: Progress,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionForbidden<'a> {
    pub(super) request_id: &'a RequestId,
    pub(super) session_id: &'a SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<&'a ClientId>,
    pub(super) reason: Forbidden,
}

/// The result of `session/request_permission`.
#[derive(Serialize)]
pub(super) struct Decision<'a> {
    pub(super) outcome: &'a Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answers: Option<&'a Map<String, Value>>,
}
