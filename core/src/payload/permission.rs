//! Permission requests, votes and what came of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Malformed, Read, ToolPatch, decode, readable};
use crate::{ClientId, RequestId};

/// An agent asks before it acts, or asks the reader a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionRequest {
    pub request_id: RequestId,
    pub tool_call: ToolPatch,
    pub options: Vec<PermissionOption>,
}

readable!(PermissionRequest { request_id: "requestId", tool_call: "toolCall", options: "options"; });

impl PermissionRequest {
    /// Reads `permission_request.data`.
    ///
    /// # Errors
    /// [`Malformed`] without a request id, a tool call with an id, or options that each have an `optionId`.
    pub fn parse(data: &Value) -> Result<Self, Malformed> {
        decode("permission_request", data)
    }

    /// The questions, when the request asks the reader something. Empty for a permission.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let meta = &self.tool_call.meta;
        if meta.get("qwenInteractionKind").and_then(Value::as_str) != Some("user_question") {
            return Vec::new();
        }
        meta.get("qwenQuestions").and_then(Vec::read).unwrap_or_default()
    }
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionOption {
    pub option_id: Box<str>,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub name: String,
    /// `allow_once`, `allow_always`, `reject_once` or `reject_always`; free text on the wire.
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub kind: Box<str>,
}

readable!(PermissionOption { option_id: "optionId"; name: "name", kind: "kind" });

impl PermissionOption {
    /// Choosing it lets the call run.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.kind.starts_with("allow")
    }
}

/// A question with choices. Answers are voted as `{"<index>": "<label>"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub header: String,
    pub question: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub multi_select: bool,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub options: Vec<QuestionOption>,
}

readable!(Question { question: "question"; header: "header", multi_select: "multiSelect", options: "options" });

/// One choice of a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionOption {
    pub label: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub description: String,
}

readable!(QuestionOption { label: "label"; description: "description" });

/// How a request ended on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub outcome: OutcomeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub option_id: Option<Box<str>>,
}

readable!(Outcome { outcome: "outcome"; option_id: "optionId" });

/// The word in `outcome.outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    Selected,
    Cancelled,
}

impl Read for OutcomeKind {
    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "selected" => Some(Self::Selected),
            "cancelled" => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// `permission_resolved` and `permission_already_resolved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionResolved {
    pub request_id: RequestId,
    pub outcome: Outcome,
    /// Absent for an anonymous voter, a timeout or the end of the session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub voter_client_id: Option<ClientId>,
}

readable!(PermissionResolved { request_id: "requestId", outcome: "outcome"; voter_client_id: "voterClientId" });

/// `permission_partial_vote`: a vote was counted, the quorum is still open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartialVote {
    pub request_id: RequestId,
    pub votes_received: u64,
    pub votes_needed: u64,
    pub quorum: u64,
}

readable!(PartialVote {
    request_id: "requestId", votes_received: "votesReceived", votes_needed: "votesNeeded", quorum: "quorum";

});

/// `permission_forbidden`: the policy refused a vote; the request stays open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionForbidden {
    pub request_id: RequestId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<ClientId>,
    pub reason: Box<str>,
}

readable!(PermissionForbidden { request_id: "requestId", reason: "reason"; client_id: "clientId" });
