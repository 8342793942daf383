//! One open request of the agent's.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::policy::Ballots;
use crate::{
    ClientId, Millis, PromptId, RequestId,
    acp::RpcId,
    session::{Action, Interaction, OptionLabel},
};

#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: RequestId,
    /// Where the agent waits for the answer.
    pub(super) rpc_id: RpcId,
    /// The prompt that was running, and who sent it.
    pub(super) prompt_id: Option<PromptId>,
    pub(super) originator: Option<ClientId>,
    pub(super) tool_call: Box<RawValue>,
    pub(super) options: Vec<OptionLabel>,
    pub(super) ballots: Ballots,
    pub(super) created_at: Millis,
    pub(super) expires_at: Option<Millis>,
}

/// Why the agent's request cannot be put to anybody.
#[derive(Debug, thiserror::Error)]
pub(super) enum MalformedRequest {
    #[error("toolCall must be an object")]
    ToolCall,
    #[error("options must be a list of {{optionId, name, kind}}: {0}")]
    Options(#[from] serde_json::Error),
}

/// Reads the options offered; clients drop a request whose tool call is no object, so nobody could ever decide it.
pub(super) fn read_options(tool_call: &RawValue, options: &RawValue) -> Result<Vec<OptionLabel>, MalformedRequest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Offered {
        option_id: Box<str>,
        #[serde(default)]
        name: Box<str>,
        #[serde(default)]
        kind: Box<str>,
    }
    if !tool_call.get().starts_with('{') {
        return Err(MalformedRequest::ToolCall);
    }
    let offered: Vec<Offered> = serde_json::from_str(options.get())?;
    let label =
        |offered: Offered| OptionLabel { option_id: offered.option_id, label: offered.name, kind: offered.kind };
    Ok(offered.into_iter().map(label).collect())
}

impl Request {
    pub(super) fn offers(&self, option_id: &str) -> bool {
        self.options.iter().any(|option| *option.option_id == *option_id)
    }

    /// The request as the status shows it.
    pub(super) fn interaction(&self) -> Interaction {
        let tool_call: Value = serde_json::from_str(self.tool_call.get()).unwrap_or_default();
        let (request_id, created_at, options) = (self.id.clone(), self.created_at, self.options.clone());
        let title = tool_call["title"].clone();
        let meta = &tool_call["_meta"];
        if meta["qwenInteractionKind"] == "user_question" {
            let questions = meta["qwenQuestions"].as_array().map(|questions| keyed(questions)).unwrap_or_default();
            return Interaction::UserQuestion { request_id, created_at, title, questions, options };
        }
        let action = Box::new(Action {
            kind: tool_call["kind"].clone(),
            title,
            content: tool_call["content"].clone(),
            locations: tool_call["locations"].clone(),
            input: tool_call["rawInput"].clone(),
        });
        Interaction::Permission { request_id, created_at, action, options }
    }
}

/// The questions, each with the key its answer is voted under.
fn keyed(questions: &[Value]) -> Vec<Value> {
    let with_key = |(index, question): (usize, &Value)| {
        let mut question = question.clone();
        if let Some(members) = question.as_object_mut() {
            members.insert("answerKey".into(), index.to_string().into());
        }
        question
    };
    questions.iter().enumerate().map(with_key).collect()
}
