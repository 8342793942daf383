//! How a prompt ended, read from the stream (U5).

use crate::{
    Envelope, EventType, PromptId,
    payload::{TurnComplete, TurnError, decode},
};

/// The end of one prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptOutcome {
    Complete(TurnComplete),
    Failed(TurnError),
}

impl PromptOutcome {
    /// What an event says about the end of `prompt`: something only if it is the end of this one and no other.
    #[must_use]
    pub fn of(event: &Envelope, prompt: &PromptId) -> Option<Self> {
        let is_its = |named: Option<&PromptId>| named.or(event.prompt_id.as_ref()) == Some(prompt);
        match event.kind {
            EventType::TurnComplete => {
                let end: TurnComplete = decode("turn_complete", &event.data).ok()?;
                is_its(end.prompt_id.as_ref()).then_some(Self::Complete(end))
            }
            EventType::TurnError => {
                let error: TurnError = decode("turn_error", &event.data).ok()?;
                is_its(error.prompt_id.as_ref()).then_some(Self::Failed(error))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::{Map, Value, json};

    use super::*;

    fn event(kind: EventType, data: Value) -> Envelope {
        Envelope { id: Some(1), v: 1, kind, prompt_id: None, data, originator_client_id: None, meta: Map::new() }
    }

    /// U5: an end is mine if and only if it names the prompt of my 202.
    #[test]
    fn u5_an_end_belongs_to_the_prompt_it_names() {
        let prompt = PromptId::from("p1");
        let complete = |id: &str| event(EventType::TurnComplete, json!({"stopReason": "end_turn", "promptId": id}));
        let Some(PromptOutcome::Complete(end)) = PromptOutcome::of(&complete("p1"), &prompt) else {
            panic!("it is its end");
        };
        assert_eq!(&*end.stop_reason, "end_turn");
        assert_eq!(PromptOutcome::of(&complete("p2"), &prompt), None);
        let failed = event(EventType::TurnError, json!({"message": "no credit", "code": "-32603", "promptId": "p1"}));
        let Some(PromptOutcome::Failed(error)) = PromptOutcome::of(&failed, &prompt) else { panic!("it is its end") };
        assert_eq!((error.message.as_str(), error.code.as_deref()), ("no credit", Some("-32603")));
        let news = event(EventType::PromptCancelled, json!({"promptId": "p1"}));
        assert_eq!(PromptOutcome::of(&news, &prompt), None, "a cancellation is no end");
    }
}
