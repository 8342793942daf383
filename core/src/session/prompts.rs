//! The queue of accepted prompts: at most one of them, the oldest, is with the agent.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::{AcceptedPrompt, CallId, PendingPrompt, PromptState};
use crate::{ClientId, Millis, PromptId};

/// Accepted prompts, oldest first. A settled one keeps its slot until its turn comes (P9).
#[derive(Debug, Default)]
pub(super) struct Prompts {
    queue: VecDeque<Prompt>,
}

#[derive(Debug)]
pub(super) struct Prompt {
    pub(super) accepted: AcceptedPrompt,
    pub(super) text: Box<str>,
    pub(super) stage: Stage,
    /// A client took it back; it is in no list any more (P10).
    pub(super) removed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Queued,
    Running(Run),
    /// It had its terminal when its time was over, and the agent has not come back from it (D4).
    Expired(Leftover),
    /// It had its terminal (P7).
    Settled,
}

/// What is left of a run that was cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leftover {
    pub(super) call: CallId,
    /// From this moment on the agent is not waited for.
    pub(super) until: Millis,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) call: CallId,
    pub(super) started_at: Millis,
    /// When `prompt_cancelled` was published; at most once a run (P11).
    pub(super) cancelled_at: Option<Millis>,
}

impl Prompt {
    pub(super) fn new(accepted: AcceptedPrompt) -> Self {
        let text = accepted.text().into();
        Self { accepted, text, stage: Stage::Queued, removed: false }
    }

    pub(super) fn id(&self) -> &PromptId {
        &self.accepted.prompt_id
    }

    pub(super) fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Expired(_) | Stage::Settled)
    }

    /// The run, if it is with the agent.
    pub(super) fn run_mut(&mut self) -> Option<&mut Run> {
        match &mut self.stage {
            Stage::Running(run) => Some(run),
            Stage::Queued | Stage::Expired(_) | Stage::Settled => None,
        }
    }

    fn is_expired(&self, now: Millis) -> bool {
        !self.is_settled() && self.accepted.deadline.is_some_and(|deadline| deadline.at <= now)
    }
}

impl Prompts {
    /// Running and queued, and settled ones that still hold their slot (P9).
    pub(super) fn len(&self) -> usize {
        self.queue.len() - usize::from(self.leftover().is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn push(&mut self, prompt: Prompt) {
        self.queue.push_back(prompt);
    }

    pub(super) fn get(&self, id: &PromptId) -> Option<&Prompt> {
        self.queue.iter().find(|prompt| prompt.id() == id)
    }

    pub(super) fn get_mut(&mut self, id: &PromptId) -> Option<&mut Prompt> {
        self.queue.iter_mut().find(|prompt| prompt.id() == id)
    }

    pub(super) fn running(&self) -> Option<&Prompt> {
        self.queue.front().filter(|prompt| matches!(prompt.stage, Stage::Running(_)))
    }

    /// The prompt the agent is busy with, and who sent it: what it does meanwhile is put down to both.
    pub(super) fn attribution(&self) -> (Option<PromptId>, Option<ClientId>) {
        let busy_with =
            self.queue.front().filter(|prompt| matches!(prompt.stage, Stage::Running(_) | Stage::Expired(_)));
        (busy_with.map(|prompt| prompt.id().clone()), busy_with.and_then(|prompt| prompt.accepted.originator.clone()))
    }

    /// The oldest prompt, where only its end at the agent is still to come.
    pub(super) fn leftover(&self) -> Option<Leftover> {
        match self.queue.front()?.stage {
            Stage::Expired(leftover) => Some(leftover),
            Stage::Queued | Stage::Running(_) | Stage::Settled => None,
        }
    }

    /// The agent is still to come back from a prompt that has expired.
    pub(super) fn wait_for(&mut self, id: &PromptId, leftover: Leftover) {
        self.get_mut(id).into_iter().for_each(|prompt| prompt.stage = Stage::Expired(leftover));
    }

    /// The agent has come back from it, or is not waited for any longer.
    pub(super) fn forget_leftover(&mut self) {
        let oldest = self.queue.front_mut().filter(|prompt| matches!(prompt.stage, Stage::Expired(_)));
        oldest.into_iter().for_each(|prompt| prompt.stage = Stage::Settled);
    }

    pub(super) fn running_mut(&mut self) -> Option<&mut Prompt> {
        self.queue.front_mut().filter(|prompt| matches!(prompt.stage, Stage::Running(_)))
    }

    /// Gives the slots of settled prompts back that have come to the front; the oldest queued prompt, if none runs.
    pub(super) fn next_to_run(&mut self) -> Option<&mut Prompt> {
        while self.queue.front().is_some_and(|prompt| matches!(prompt.stage, Stage::Settled)) {
            self.queue.pop_front();
        }
        self.queue.front_mut().filter(|prompt| matches!(prompt.stage, Stage::Queued))
    }

    /// Whether a prompt waits for its turn.
    pub(super) fn has_queued(&self) -> bool {
        self.queue.iter().any(|prompt| matches!(prompt.stage, Stage::Queued))
    }

    /// Prompts that still owe their terminal, oldest first.
    pub(super) fn unsettled(&self) -> Vec<PromptId> {
        self.queue.iter().filter(|prompt| !prompt.is_settled()).map(|prompt| prompt.id().clone()).collect()
    }

    pub(super) fn expired(&self, now: Millis) -> Vec<PromptId> {
        self.queue.iter().filter(|prompt| prompt.is_expired(now)).map(|prompt| prompt.id().clone()).collect()
    }

    /// The next moment at which one of them has to be looked at.
    pub(super) fn next_deadline(&self) -> Option<Millis> {
        let unsettled = self.queue.iter().filter(|prompt| !prompt.is_settled());
        let deadlines = unsettled.filter_map(|prompt| Some(prompt.accepted.deadline?.at));
        deadlines.chain(self.leftover().map(|leftover| leftover.until)).min()
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = PendingPrompt> {
        self.queue.iter().filter(|prompt| !prompt.removed).filter_map(|prompt| {
            let state = match prompt.stage {
                Stage::Queued => PromptState::Queued,
                Stage::Running(_) => PromptState::Running,
                Stage::Expired(_) | Stage::Settled => return None,
            };
            Some(PendingPrompt {
                prompt_id: prompt.id().clone(),
                text: prompt.text.clone(),
                queued_at: prompt.accepted.queued_at,
                state,
                originator_client_id: prompt.accepted.originator.clone(),
            })
        })
    }
}

pub(super) const META_RETRY: &str = "qwen.daemon.retry";
pub(super) const META_CONTINUE: &str = "qwen.daemon.continueLastTurn";
const META_OWNED: [&str; 4] = ["qwen.daemon.", "qwen-code/invocation", super::META_ANNOTATIONS, super::META_PROMPT_KEY];

/// Drops the keys of a client's `_meta` that only the daemon may set (P16).
pub(super) fn without_owned_keys(meta: Map<String, Value>) -> Map<String, Value> {
    meta.into_iter().filter(|(key, _)| !META_OWNED.iter().any(|owned| key.starts_with(owned))).collect()
}
