//! What a peer may ask for, and who answers.

use std::sync::Arc;

use roost_core::{
    PromptId,
    acp::{RpcError, RpcId, code},
    acp_bridge::{Frame, NotOwned, VendorMethod, listed, options, query},
    client::{Method, Request, segment},
    rate_limit::Tier,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Call, Peer, binding::Binding, door::internal};
use crate::clock;

pub(super) type Params = Map<String, Value>;

/// What came of a call.
pub(super) enum Outcome {
    Answer(Value),
    /// The same, and behind it comes what the session has to say whose name it gives.
    Begun(Value, Arc<Binding>),
    /// The answer comes with an event of the session.
    Later,
}

/// The 202 of a prompt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    prompt_id: PromptId,
    last_event_id: u64,
}

impl Peer {
    /// What a call costs where requests are limited (L1).
    #[must_use]
    pub fn tier(&self, method: &str) -> Option<Tier> {
        match method {
            "session/prompt" => Some(Tier::Prompt),
            "session/list" => Some(Tier::Read),
            name => match VendorMethod::named(name).map(|row| row.sample(&self.scope)) {
                Some((method, path)) => Tier::of(method.as_str(), &path),
                None => Some(Tier::Mutation),
            },
        }
    }

    /// Performs a call and answers it: on the stream of its session if that is where the protocol has the answer, else on the
    /// connection's.
    pub(super) async fn perform(self: &Arc<Self>, call: Call) {
        let Call { id, method, params, session_header, .. } = call;
        let on_session = matches!(
            &*method,
            "session/prompt"
                | "session/cancel"
                | "session/set_mode"
                | "session/set_model"
                | "session/set_config_option"
        );
        let named = params.as_ref().ok().and_then(|params| params.get("sessionId")).and_then(Value::as_str);
        let binding = named.filter(|_| on_session).and_then(|session| self.binding(session));
        let is_good = session_header.is_none_or(|header| named == Some(&*header));
        let outcome = match params {
            Ok(_) if !is_good => Err(invalid("Acp-Session-Id header does not match params.sessionId")),
            Ok(params) => self.answer(id.as_ref(), &method, params).await,
            Err(error) => Err(error),
        };
        let begun = match &outcome {
            Ok(Outcome::Begun(_, binding)) => Some(Arc::clone(binding)),
            Ok(Outcome::Answer(_) | Outcome::Later) | Err(_) => None,
        };
        let (Some(id), Some(outcome)) = (id, outcome.map(Outcome::answer).transpose()) else { return };
        let outbox = binding.as_ref().map_or_else(|| self.outbox(), |binding| &binding.outbox);
        outbox.push(reply(id, outcome)).await;
        if let Some(binding) = begun {
            self.feed_socket(&binding, 0);
        }
    }

    async fn answer(self: &Arc<Self>, id: Option<&RpcId>, method: &str, params: Params) -> Result<Outcome, RpcError> {
        let answer = match method {
            "authenticate" => json!({}),
            "session/new" => return self.create(params).await,
            "session/load" => self.load(params).await?,
            "session/resume" => self.resume(params).await?,
            "session/list" => self.list(params).await?,
            "session/close" => self.close(&params).await?,
            "session/cancel" => self.cancel(&params).await?,
            "session/permission" => self.permit(params).await?,
            "session/set_mode" => self.set_mode(&params).await?,
            "session/set_model" => self.set_model(&params).await?,
            "session/set_config_option" => self.set_option(&params).await?,
            "session/prompt" => return self.prompt(id, &params).await,
            name => match VendorMethod::named(name).filter(|row| self.has_method(row)) {
                Some(row) => self.vendor(row, params).await?,
                None => return Err(RpcError::new(code::METHOD_NOT_FOUND, format!("Unknown method: {name}"))),
            },
        };
        Ok(Outcome::Answer(answer))
    }

    async fn vendor(&self, row: &'static VendorMethod, params: Params) -> Result<Value, RpcError> {
        let owned = if row.needs_session() { Some(self.owned(&params)?) } else { None };
        let client = owned.as_ref().map(|binding| binding.client.clone()).or_else(|| self.client());
        let request = row.request(params, &self.scope)?;
        let request = match client {
            Some(client) => request.by(&client),
            None => request,
        };
        let answer = json_of(&self.door.ask(request).await?)?;
        if let Some(binding) = owned.filter(|_| row.name == "_qwen/session/detach") {
            self.unbind(&binding).await;
        }
        Ok(answer)
    }

    /// A client of a live session of the workspace, as whom the connection may change what concerns all of it.
    fn client(&self) -> Option<roost_core::ClientId> {
        let bindings: Vec<Arc<Binding>> = self.bindings().values().cloned().collect();
        let here = bindings.into_iter().find(|binding| {
            let live = self.workspace.sessions.get(binding.session.as_str());
            live.is_some_and(|live| live.machine().is_registered(&binding.client))
        });
        here.map(|binding| binding.client.clone())
    }

    async fn list(&self, mut params: Params) -> Result<Value, RpcError> {
        let (cwd, other) = (params.shift_remove("cwd"), params.shift_remove("workspaceCwd"));
        let workspace = self.workspace_of(cwd.or(other).as_ref())?;
        if let Some(size) = params.get("_meta").and_then(|meta| meta.get("size")).cloned() {
            params.entry("size").or_insert(size);
        }
        let path = format!("/workspaces/{}/sessions{}", segment(&workspace), query(&params)?);
        Ok(listed(self.door.read(Request::new(Method::Get, path)).await?))
    }

    async fn close(&self, params: &Params) -> Result<Value, RpcError> {
        let binding = self.owned(params)?;
        self.door.ask(Request::new(Method::Delete, at(&binding, "")).by(&binding.client)).await?;
        self.bindings().remove(&binding.session);
        self.questions().forget(&binding.session);
        Ok(json!({}))
    }

    async fn cancel(&self, params: &Params) -> Result<Value, RpcError> {
        self.post(&*self.owned(params)?, "/cancel", &json!({})).await?;
        Ok(json!({}))
    }

    /// A second prompt of the same connection ends the first.
    async fn prompt(self: &Arc<Self>, id: Option<&RpcId>, params: &Params) -> Result<Outcome, RpcError> {
        let binding = self.owned(params)?;
        self.end_prompts(&binding).await;
        let accepted: Accepted = {
            let _sending = binding.sending.lock().await;
            let request = Request::new(Method::Post, at(&binding, "/prompt")).json(params).by(&binding.client);
            let accepted: Accepted = self.door.read(request).await?;
            binding.owe(clock::now(), accepted.prompt_id.clone(), id.cloned());
            accepted
        };
        self.feed_socket(&binding, accepted.last_event_id);
        self.look_again();
        Ok(Outcome::Later)
    }

    async fn set_mode(&self, params: &Params) -> Result<Value, RpcError> {
        let mode = text(params, "modeId")?;
        self.post(&*self.owned(params)?, "/approval-mode", &json!({ "mode": mode })).await?;
        Ok(json!({}))
    }

    async fn set_model(&self, params: &Params) -> Result<Value, RpcError> {
        let model = text(params, "modelId")?;
        self.post(&*self.owned(params)?, "/model", &json!({ "modelId": model })).await?;
        Ok(json!({}))
    }

    async fn set_option(&self, params: &Params) -> Result<Value, RpcError> {
        let binding = self.owned(params)?;
        let value = text(params, "value")?;
        match text(params, "configId")? {
            "mode" => self.post(&binding, "/approval-mode", &json!({ "mode": value })).await?,
            "model" => self.post(&binding, "/model", &json!({ "modelId": value })).await?,
            other => return Err(invalid(&format!("`configId` must be \"model\" or \"mode\", not \"{other}\""))),
        };
        Ok(options(&self.state_of(&binding).await?))
    }

    /// A vote outside the answer to a question.
    async fn permit(&self, mut params: Params) -> Result<Value, RpcError> {
        let request = segment(text(&params, "requestId")?);
        let session = params.get("sessionId").and_then(Value::as_str).map(str::to_owned);
        params.retain(|name, _| name == "outcome" || name == "answers");
        let path = match &session {
            Some(session) => format!("/session/{}/permission/{request}", segment(session)),
            None => format!("/permission/{request}"),
        };
        let vote = Request::new(Method::Post, path).json(&params);
        let binding = session.and_then(|session| self.binding(&session));
        let vote = match binding {
            Some(binding) => vote.by(&binding.client),
            None => vote,
        };
        self.door.ask(vote).await?;
        Ok(json!({}))
    }

    /// What the agent says of its models and modes.
    pub(super) async fn state_of(&self, binding: &Binding) -> Result<Value, RpcError> {
        let request = Request::new(Method::Get, at(binding, "/context"));
        let mut context: Value = self.door.read(request).await?;
        Ok(context.get_mut("state").map(Value::take).unwrap_or_default())
    }

    /// The answers to prompts that ended among events which are gone: what became of each is asked for by name.
    pub(super) async fn lost_answers(&self, binding: &Binding, pending: &[PromptId]) -> Vec<Frame> {
        let mut turns = Vec::new();
        for prompt in binding.open_prompts().into_iter().filter(|prompt| !pending.contains(prompt)) {
            let path = at(binding, &format!("/turns/{}", segment(prompt.as_str())));
            let turn: Value = self.door.read(Request::new(Method::Get, path)).await.unwrap_or_default();
            turns.push((prompt, turn));
        }
        // Nothing is awaited from here on: a prompt that is settled has its answer, even if this is not waited for to its end.
        let mut answers = Vec::new();
        for (prompt, turn) in turns {
            let Some(id) = binding.settle(&prompt) else { continue };
            let failed = turn.pointer("/error/message").and_then(Value::as_str);
            let outcome = match (turn.get("stopReason").and_then(Value::as_str), failed) {
                (Some(reason), _) => Ok(json!({ "stopReason": reason })),
                (None, Some(message)) => Err(RpcError::new(code::INTERNAL_ERROR, message)),
                (None, None) => Err(RpcError::new(code::INTERNAL_ERROR, "How the prompt ended is not known any more")),
            };
            answers.push(reply(id, outcome));
        }
        answers
    }

    /// The session `params` names, which has to be one of the connection's.
    fn owned(&self, params: &Params) -> Result<Arc<Binding>, RpcError> {
        let session = params.get("sessionId").and_then(Value::as_str).unwrap_or_default();
        Ok(self.binding(session).ok_or_else(|| NotOwned(session.into()))?)
    }

    async fn post(&self, binding: &Binding, rest: &str, body: &Value) -> Result<(), RpcError> {
        self.door.ask(Request::new(Method::Post, at(binding, rest)).json(body).by(&binding.client)).await?;
        Ok(())
    }
}

impl Outcome {
    fn answer(self) -> Option<Value> {
        match self {
            Self::Answer(answer) | Self::Begun(answer, _) => Some(answer),
            Self::Later => None,
        }
    }
}

pub(super) fn at(binding: &Binding, rest: &str) -> String {
    format!("/session/{}{rest}", segment(binding.session.as_str()))
}

pub(super) fn invalid(message: &str) -> RpcError {
    RpcError::new(code::INVALID_PARAMS, message)
}

/// A param that has to be there.
pub(super) fn text<'a>(params: &'a Params, name: &str) -> Result<&'a str, RpcError> {
    let text = params.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| invalid(&format!("`{name}` is required and must be a non-empty string")))
}

/// A body as a result; that of a 204 is the empty object.
fn json_of(body: &[u8]) -> Result<Value, RpcError> {
    if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(body).map_err(|_| internal()) }
}

fn reply(id: RpcId, outcome: Result<Value, RpcError>) -> Frame {
    let outcome = outcome.and_then(|answer| serde_json::value::to_raw_value(&answer).map_err(|_| internal()));
    Frame::reply(id, outcome.as_deref().map_err(Clone::clone))
}
