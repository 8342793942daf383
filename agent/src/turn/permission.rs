//! Asks the user about one call, and does what the answer says.

use agent_client_protocol as acp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    approval::{Answer, options},
    history::ToolCall,
    mode::Mode,
    session::Session,
    tool::Invocation,
};

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) call: &'a ToolCall,
    pub(super) kind: &'static str,
    /// Shown with the question: the diff of an edit.
    pub(super) preview: Vec<Value>,
    pub(super) by_rule: bool,
}

/// What came of it.
pub(super) enum Permission {
    Granted,
    Rejected,
    /// The turn was cancelled first.
    Withdrawn,
    /// There is nobody to answer.
    Unanswered(String),
}

pub(super) async fn ask(
    session: &Session,
    question: &Question<'_>,
    invocation: &dyn Invocation,
    cancel: &CancellationToken,
) -> Permission {
    let mut options = options(&invocation.access(), question.by_rule, &session.workspace);
    if !session.settings().is_trusted() {
        options.retain(|(_, answer)| !answer.needs_trust());
    }
    let params = params(session, question, invocation, &options);
    let answer = tokio::select! {
        biased;
        () = cancel.cancelled() => return Permission::Withdrawn,
        answer = session.client.request_permission(params) => answer,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return unanswered(&error),
    };
    let chosen = answer.pointer("/outcome/optionId").and_then(Value::as_str).unwrap_or("cancel");
    let meaning = options.into_iter().find(|(option, _)| option["optionId"] == chosen).map(|(_, answer)| answer);
    match meaning {
        Some(Answer::Once) => Permission::Granted,
        Some(Answer::AllEdits) => {
            session.switch_mode(Mode::AutoEdit).await;
            Permission::Granted
        }
        Some(Answer::Always(scope, rules)) => {
            if let Err(error) = session.settings().allow(scope, &rules) {
                tracing::warn!(%error, "an always-rule holds for this session only");
            }
            Permission::Granted
        }
        Some(Answer::Cancel) | None if cancel.is_cancelled() => Permission::Withdrawn,
        Some(Answer::Cancel) | None => Permission::Rejected,
    }
}

fn unanswered(error: &acp::Error) -> Permission {
    Permission::Unanswered(format!("The user could not be asked for permission: {error}"))
}

fn params(
    session: &Session,
    question: &Question<'_>,
    invocation: &dyn Invocation,
    options: &[(Value, Answer)],
) -> Value {
    let locations: Vec<Value> = invocation.locations().iter().map(|path| json!({"path": path})).collect();
    let options: Vec<&Value> = options.iter().map(|(option, _)| option).collect();
    json!({
        "sessionId": &*session.id,
        "toolCall": {
            "toolCallId": question.call.id, "title": invocation.describe(), "kind": question.kind, "status": "pending",
            "content": question.preview, "locations": locations, "rawInput": question.call.args,
            "_meta": {"toolName": question.call.name},
        },
        "options": options,
    })
}
