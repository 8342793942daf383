//! Methods beyond the ACP schema: model choice, and what the daemon asks about a session.
//!
//! They go by their bare name and by the underscored one the schema asks of extensions. Every `session/…` method takes `sessionId`; one
//! that is missing or unknown is -32602, an unknown method -32601.
//!
//! | method | params | result |
//! |---|---|---|
//! | `session/set_model` | `modelId` | `{_meta:{qwenModelSwitch:{authType,modelId,baseUrl,apiKey(masked),isRuntime}}}` |
//! | `qwen/status/session/context` | | `{v,sessionId,workspaceCwd,state:{models,modes,configOptions},recovery:{kind,canContinue}}` |
//! | `qwen/status/session/context_usage` | `detail?` | `{v,sessionId,workspaceCwd,usage,formattedText}`; lists in `usage` are empty without `detail` |
//! | `qwen/status/session/supported_commands` | | `{v,sessionId,workspaceCwd,availableCommands,availableSkills}` |
//! | `qwen/status/session/stats` | | `{v,sessionId,workspaceCwd,sessionStartTimeMs,durationMs,promptCount,models,sources,tools,files,skills}` |
//! | `qwen/status/workspace/tools` | `cwd?` | `{v,initialized,acpChannelLive,tools:[{name,displayName,description,enabled}]}` |
//! | `qwen/status/workspace/providers` | `cwd?` | `{v,initialized,current:{authType,modelId,baseUrl?},approvalMode,providers}`, rows as the daemon shows them |
//! | `qwen/control/session/approval_mode` | `mode` | `{previous,current}`; kept in the record, in force again after `session/load` |
//! | `qwen/control/session/title` | `displayName,titleSource?` | `{sessionId,displayName,titleSource,persisted}` |
//! | `qwen/control/session/close` | | `{sessionId,closed:true}` |
//! | `qwen/control/session/continue` | | `{accepted,interruption}`; see below |
//! | `qwen/control/session/language` | `language,syncOutputLanguage?` | `{language,outputLanguage\|null,refreshed}` |
//! | `qwen/control/session/shell_history` | `command,output` | `{sessionId,injected:true}`; the model is told with the next request |
//! | `qwen/control/workspace/reload` | `cwd?` | `{env:{updatedKeys,removedKeys},changedKeys,sessionsRefreshed:[id],sessionsSkipped:[id]}` |
//!
//! A mode that asks less than `default` needs a trusted folder; else -32603 with `data.name` `TrustGateError`.
//!
//! `kind` and `interruption`: `interrupted_prompt` (the model never answered), `interrupted_turn` (it was cut off in the middle), else
//! `clean` and `none`. `continue` only looks; the turn itself is a `session/prompt` with an empty `prompt` and
//! `_meta["qwen.daemon.continueLastTurn"]: true`. `_meta["qwen.daemon.retry"]: true` sends the user's last message again: it replaces the
//! unanswered one and is not recorded twice.
//!
//! `language`: `en`, `zh-TW`, `zh`, `ru`, `de`, `ja`, `pt`, `fr`, `ca` or `auto`; with `syncOutputLanguage` the model's answers follow in
//! every session, from the next request on.
//!
//! One request goes the other way, after each batch of tool calls: `craft/drainMidTurnQueue {sessionId}` asks the client for what the
//! user typed meanwhile. It answers `{items:[{messageId?,displayText?,content:[block]}]}` or `{messages:[text]}`, oldest first, and has
//! then handed them over. It is asked only when `initialize` said `clientCapabilities._meta["craft/drainMidTurnQueue"]: true`, and no
//! longer after a -32601 or three answers that took more than 2 s; a late answer is used at the next opportunity.

use agent_client_protocol::{
    self as acp, ErrorCode,
    v1::{
        Responder,
        schema::{SessionConfigOptionValue, SetSessionConfigOptionRequest},
    },
};
use serde_json::{Value, json};

use super::Agent;
use crate::{
    command,
    history::{Message, Part},
    mode::Mode,
    record::Entry,
    session::{Interruption, Session, TrustGate},
};

/// Longest title kept, in characters.
const MAX_TITLE_CHARS: usize = 200;
/// Most of a command's output that the model is told, in characters.
const MAX_SHELL_CHARS: usize = 10_000;

impl Agent {
    /// Answers a method beyond the schema, where that takes long off the dispatch loop.
    pub(super) async fn extend(
        &self,
        method: &str,
        params: &Value,
        responder: Responder<Value>,
    ) -> Result<(), acp::Error> {
        if bare(method) == "qwen/control/session/close" {
            return self.close(params, responder);
        }
        responder.respond_with_result(self.extension(method, params).await)
    }

    async fn extension(&self, method: &str, params: &Value) -> Result<Value, acp::Error> {
        let session = || self.sessions.get(text(params, "sessionId")?);
        match bare(method) {
            "session/set_model" => self.set_model(&*session()?, text(params, "modelId")?),
            "qwen/status/session/context" => {
                let session = session()?;
                let (kind, can_continue) = interruption(&session).map_or(("clean", false), |kind| (kind.id(), true));
                let recovery = json!({"kind": kind, "canContinue": can_continue});
                Ok(with_session(&session, json!({"state": session.state(), "recovery": recovery})))
            }
            "qwen/status/session/context_usage" => Ok(context_usage(&*session()?, params).await),
            "qwen/status/session/supported_commands" => {
                let commands = json!({"availableCommands": command::advertised(), "availableSkills": []});
                Ok(with_session(&*session()?, commands))
            }
            "qwen/status/session/stats" => {
                let session = session()?;
                let stats = session.stats().to_json();
                Ok(with_session(&session, stats))
            }
            "qwen/status/workspace/tools" => self.tools(params),
            "qwen/status/workspace/providers" => self.providers(params),
            "qwen/control/workspace/reload" => self.reload(params),
            "qwen/control/session/approval_mode" => {
                let mode = mode(text(params, "mode")?)?;
                let before = session()?.choose_mode(mode).map_err(|gate| untrusted(&gate))?;
                Ok(json!({"previous": before.id(), "current": mode.id()}))
            }
            "qwen/control/session/title" => set_title(&*session()?, params).await,
            "qwen/control/session/continue" => {
                let interruption = interruption(&*session()?);
                let id = interruption.map_or("none", Interruption::id);
                Ok(json!({"accepted": interruption.is_some(), "interruption": id}))
            }
            "qwen/control/session/language" => self.set_language(&*session()?, params),
            "qwen/control/session/shell_history" => remember_shell(&*session()?, params),
            _ => Err(acp::Error::method_not_found().data(json!({"method": method}))),
        }
    }

    /// Forgets the session, ends its turn, and answers when that has come to its end. Its records stay.
    fn close(&self, params: &Value, responder: Responder<Value>) -> Result<(), acp::Error> {
        let session = match text(params, "sessionId").and_then(|id| self.sessions.remove(id)) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        session.cancel();
        self.sessions.turns.spawn(async move {
            drop(session.conversation.lock().await);
            if let Err(error) = responder.respond(json!({"sessionId": &*session.id, "closed": true})) {
                tracing::debug!(%error, "nobody waits for the end of the session");
            }
        });
        Ok(())
    }

    pub(super) fn set_mode(&self, session: &str, id: &str) -> Result<Value, acp::Error> {
        self.sessions.get(session)?.choose_mode(mode(id)?).map_err(|gate| untrusted(&gate))?;
        Ok(json!({}))
    }

    fn set_model(&self, session: &Session, id: &str) -> Result<Value, acp::Error> {
        let catalogue = self.shared.refresh_models();
        let entry = catalogue.find(id).map_err(|error| {
            // The protocol has it fail inside, with the reason beside it.
            let reason = error.to_string();
            let details = json!({ "details": &reason });
            acp::Error::new(ErrorCode::INTERNAL_ERROR, reason).data(details)
        })?;
        session.set_model(entry.clone());
        let switch = json!({
            "authType": entry.provider, "modelId": entry.name, "baseUrl": entry.base_url, "apiKey": entry.masked_key,
            "isRuntime": true,
        });
        Ok(json!({"_meta": {"qwenModelSwitch": switch}}))
    }

    pub(super) fn set_config_option(&self, request: &SetSessionConfigOptionRequest) -> Result<Value, acp::Error> {
        let session = self.sessions.get(&request.session_id.0)?;
        let SessionConfigOptionValue::ValueId { value } = &request.value else {
            return Err(invalid("`value` must be a string"));
        };
        match &*request.config_id.0 {
            "mode" => {
                session.choose_mode(mode(&value.0)?).map_err(|gate| untrusted(&gate))?;
            }
            "model" => {
                self.set_model(&session, &value.0)?;
            }
            other => return Err(invalid(format!("There is no config option `{other}`"))),
        }
        Ok(json!({"configOptions": session.config_options()}))
    }
}

/// Extensions also go by an underscored name.
fn bare(method: &str) -> &str {
    method.strip_prefix('_').unwrap_or(method)
}

async fn context_usage(session: &Session, params: &Value) -> Value {
    let detail = params.get("detail").and_then(Value::as_bool).unwrap_or(false);
    // A running turn holds the history; until it ends, what was measured last is all there is to say.
    let conversation = session.conversation.try_lock();
    let history = conversation.as_ref().map(|conversation| conversation.history.as_slice()).unwrap_or_default();
    let usage = command::context_usage(session, history, detail);
    with_session(session, json!({"usage": usage, "formattedText": command::context_text(session, history, detail)}))
}

/// Where the session's last turn was interrupted, unless one runs.
fn interruption(session: &Session) -> Option<Interruption> {
    session.conversation.try_lock().ok()?.interruption()
}

/// What the user ran in a shell beside the conversation, and what came of it: the model is told with the next request.
fn remember_shell(session: &Session, params: &Value) -> Result<Value, acp::Error> {
    let (command, output) =
        (text(params, "command")?, params.get("output").and_then(Value::as_str).unwrap_or_default());
    let output: String = output.chars().take(MAX_SHELL_CHARS).collect();
    let said = format!("I ran a command myself.\n\nCommand: {command}\nOutput:\n{output}");
    session.meanwhile.keep(Message::user(vec![Part::text(said)]));
    Ok(json!({"sessionId": &*session.id, "injected": true}))
}

async fn set_title(session: &Session, params: &Value) -> Result<Value, acp::Error> {
    let title: String = text(params, "displayName")?.chars().take(MAX_TITLE_CHARS).collect();
    let source = params.get("titleSource").and_then(Value::as_str).unwrap_or("manual");
    let payload = json!({"customTitle": title, "titleSource": source});
    session.record(Entry::System { subtype: "custom_title", payload });
    session.flush().await;
    Ok(json!({"sessionId": &*session.id, "displayName": title, "titleSource": source, "persisted": true}))
}

/// The fields every answer about a session begins with.
fn with_session(session: &Session, fields: Value) -> Value {
    let mut answer = json!({"v": 1, "sessionId": &*session.id, "workspaceCwd": session.cwd()});
    if let (Some(answer), Value::Object(fields)) = (answer.as_object_mut(), fields) {
        answer.extend(fields);
    }
    answer
}

fn mode(id: &str) -> Result<Mode, acp::Error> {
    Mode::from_id(id).ok_or_else(|| {
        let modes = Mode::ALL.map(Mode::id).join(", ");
        invalid(format!("`{id}` is not an approval mode; choose one of {modes}"))
    })
}

/// A refusal that clients know by its name.
fn untrusted(gate: &TrustGate) -> acp::Error {
    let data = json!({"name": "TrustGateError", "errorKind": "auth_env_error"});
    acp::Error::new(ErrorCode::INTERNAL_ERROR, gate.to_string()).data(data)
}

fn text<'a>(params: &'a Value, field: &str) -> Result<&'a str, acp::Error> {
    let value = params.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    value.ok_or_else(|| invalid(format!("`{field}` must be a non-empty string")))
}

pub(super) fn invalid(problem: impl Into<String>) -> acp::Error {
    acp::Error::new(ErrorCode::INVALID_PARAMS, problem)
}
