//! The answers of a peer to what it was asked.

use std::sync::Arc;

use roost_core::{
    acp::{RpcError, RpcId, code},
    client::{Method, Request, segment},
};
use serde_json::{Value, json, value::RawValue};

use super::{Peer, calls::at};

impl Peer {
    /// Votes as the peer answered. An error, or an answer that makes no sense, is a refusal to choose; one to a question that is
    /// decided comes too late and changes nothing.
    pub async fn decide(self: Arc<Self>, id: RpcId, outcome: Result<Box<RawValue>, RpcError>) {
        self.heard();
        let Some(question) = self.questions().answered(&id).cloned() else { return };
        let Some(binding) = self.binding(question.session.as_str()) else { return };
        let path = at(&binding, &format!("/permission/{}", segment(question.request.as_str())));
        let vote = |body: &Value| Request::new(Method::Post, path.as_str()).json(body).by(&binding.client);
        let chosen = outcome.ok().and_then(|result| chosen(&result));
        let voted = match &chosen {
            Some(body) => self.door.ask(vote(body)).await,
            None => self.door.ask(vote(&cancelled())).await,
        };
        // What was not offered cannot be chosen, and the agent must not wait for ever.
        if chosen.is_some() && voted.is_err_and(|error| is_malformed(&error)) {
            let _ = self.door.ask(vote(&cancelled())).await;
        }
    }
}

/// The vote in a result.
fn chosen(result: &RawValue) -> Option<Value> {
    let mut result: Value = serde_json::from_str(result.get()).ok()?;
    let outcome = result.get_mut("outcome")?.take();
    let mut body = json!({ "outcome": outcome });
    if let Some(answers) = result.get_mut("answers") {
        body["answers"] = answers.take();
    }
    Some(body)
}

fn cancelled() -> Value {
    json!({ "outcome": { "outcome": "cancelled" } })
}

/// A vote that was refused for what it says, not for who said it or when.
fn is_malformed(error: &RpcError) -> bool {
    let data: Value = error.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default();
    error.code == code::INVALID_PARAMS && data["httpStatus"] == 400
}
