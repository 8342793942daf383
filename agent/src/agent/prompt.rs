//! `session/prompt`: commands are run, everything else is a turn.

use std::sync::Arc;

use agent_client_protocol::{
    self as acp, ErrorCode,
    v1::{Responder, schema::PromptRequest},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::Agent;
use crate::{
    command::{self, Routed},
    history::Part,
    session::{Prompt, Session},
    turn::{self, Start, StopReason},
};

/// The user's last message is sent once more; it is recorded already.
const META_RETRY: &str = "qwen.daemon.retry";
/// The interrupted turn goes on, without a new message.
const META_CONTINUE: &str = "qwen.daemon.continueLastTurn";

impl Agent {
    /// Starts the prompt and returns. A turn that runs is cancelled and waited for.
    pub(super) fn start_prompt(&self, request: PromptRequest, responder: Responder<Value>) -> Result<(), acp::Error> {
        let session = match self.sessions.get(&request.session_id.0) {
            Ok(session) => session,
            Err(error) => return responder.respond_with_error(error),
        };
        // Taken here, in the order messages arrive, so that a cancel right behind the prompt finds it.
        let cancel = session.begin_turn();
        self.sessions.turns.spawn(async move {
            let result = prompt(&session, request, cancel).await;
            let result = result.map(|reason| json!({"stopReason": reason.id()}));
            if let Err(error) = responder.respond_with_result(result) {
                tracing::debug!(%error, "nobody waits for the end of the turn");
            }
        });
        Ok(())
    }
}

async fn prompt(
    session: &Arc<Session>,
    request: PromptRequest,
    cancel: CancellationToken,
) -> Result<StopReason, acp::Error> {
    let mut conversation = session.conversation.lock().await;
    if cancel.is_cancelled() {
        return Ok(StopReason::Cancelled);
    }
    session.refresh().await;
    let is_set = |key: &str| request.meta.as_ref().is_some_and(|meta| meta.get(key) == Some(&Value::Bool(true)));
    let (is_retry, is_continue) = (is_set(META_RETRY), is_set(META_CONTINUE));
    let invalid = |error: crate::session::UnusableBlock| acp::Error::new(ErrorCode::INVALID_PARAMS, error.to_string());
    let prompt = Prompt::read(request.prompt, &session.workspace).map_err(invalid)?;
    session.stats().prompts += 1;
    let start = if is_continue {
        if conversation.interruption().is_none() {
            return Err(acp::Error::new(ErrorCode::INVALID_PARAMS, "There is no interrupted turn to go on with"));
        }
        Start::Continue
    } else {
        match command::route(session, &mut conversation, &prompt.first_text).await {
            Routed::Done => return Ok(StopReason::EndTurn),
            Routed::Failed(problem) => return Err(acp::Error::new(ErrorCode::INTERNAL_ERROR, problem)),
            Routed::Submit(text) => Start::Ask(vec![Part::text(text)]),
            Routed::Model if is_retry => Start::Retry(prompt.parts),
            Routed::Model => Start::Ask(prompt.parts),
        }
    };
    turn::run(session, &mut conversation, start, cancel).await
}
