//! Going on with a turn that was cut off: the agent says whether there is one, and a prompt without words takes it up (P15).

use serde::{Deserialize, Serialize};
use serde_json::{Map, value::RawValue};

use super::{
    Answer, ControlRefused, PromptIntent, SendPrompt, Session, Ticket,
    calls::Call,
    outbox::{Outbox, raw},
};
use crate::{
    ClientId, Millis, PromptId, SessionId,
    acp::{RpcError, code},
};

/// What came of the wish to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continued {
    /// `none`, `interrupted_prompt` (never answered) or `interrupted_turn` (cut off in the middle).
    pub interruption: Box<str>,
    /// The prompt that goes on; none when nothing was interrupted, or something else is under way.
    pub prompt_id: Option<PromptId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContinueParams<'a> {
    session_id: &'a SessionId,
}

#[derive(Deserialize)]
struct Verdict {
    #[serde(default)]
    accepted: bool,
    #[serde(default)]
    interruption: Option<Box<str>>,
}

impl Continued {
    fn refused(interruption: Option<Box<str>>) -> Self {
        Self { interruption: interruption.unwrap_or_else(|| "none".into()), prompt_id: None }
    }
}

impl Session {
    pub(super) fn go_on(&mut self, ticket: Ticket, client: Option<ClientId>, prompt_id: PromptId, out: &mut Outbox) {
        if !self.prompts.unsettled().is_empty() {
            return out.reply(ticket, Answer::Continue(Ok(Continued::refused(None))));
        }
        let params = raw(&ContinueParams { session_id: &self.id });
        let purpose = Call::Continue { ticket, client, prompt_id };
        self.ask_agent("qwen/control/session/continue", &params, purpose, out);
    }

    /// The agent has looked. Whoever prompted meanwhile goes first, and then there is nothing to go on with.
    pub(super) fn may_continue(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        prompt_id: PromptId,
        result: Result<Box<RawValue>, RpcError>,
        out: &mut Outbox,
    ) {
        let verdict = match result {
            Ok(result) => serde_json::from_str::<Verdict>(result.get()).ok(),
            // An agent that knows nothing of interrupted turns has none to go on with.
            Err(error) if error.code == code::METHOD_NOT_FOUND => None,
            Err(error) => return out.reply(ticket, Answer::Continue(Err(ControlRefused::Agent(error)))),
        };
        let Verdict { accepted, interruption } = verdict.unwrap_or(Verdict { accepted: false, interruption: None });
        let mut continued = Continued::refused(interruption);
        if accepted && self.prompts.unsettled().is_empty() {
            let prompt = SendPrompt {
                prompt_id: prompt_id.clone(),
                blocks: Vec::new(),
                meta: Map::new(),
                extra: Map::new(),
                deadline: None,
                intent: PromptIntent::Continue,
                with_annotations: false,
            };
            self.accept(now, client, prompt, out);
            continued.prompt_id = Some(prompt_id);
        }
        out.reply(ticket, Answer::Continue(Ok(continued)));
        self.advance(now, out);
    }
}
