//! The turns in order, and which one an event belongs to.

use std::collections::VecDeque;

use crate::{
    Envelope, Millis, PromptId,
    payload::{MidTurnMessages, PendingPrompt, Usage},
    transcript::{
        Cancellation, QueuedPrompt, Turn, TurnId, TurnOutcome,
        step::Step,
        turn::{UsagePlace, UsagePlaces},
        updates::plain,
    },
};

/// Turns, oldest first, and the prompts that wait for theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    pub(super) list: VecDeque<Turn>,
    pub(super) queue: Vec<QueuedPrompt>,
}

impl Turns {
    pub(super) fn get(&self, id: TurnId) -> Option<&Turn> {
        self.list.binary_search_by_key(&id, |turn| turn.id).ok().map(|at| &self.list[at])
    }

    /// The running turn, the newest if there are several. A turn nobody prompted does not count: nothing announces its end.
    pub(super) fn running(&self) -> Option<&Turn> {
        self.list.iter().rev().find(|turn| turn.is_running() && turn.prompt.is_some())
    }

    fn of_prompt(&mut self, prompt: &PromptId) -> Option<&mut Turn> {
        self.list.iter_mut().rev().find(|turn| turn.prompt.as_ref() == Some(prompt))
    }

    /// The turn an event belongs to: its prompt's, or else the last one while it runs. `None`: a new one has to be opened.
    pub(super) fn find(&self, prompt: Option<&PromptId>) -> Option<TurnId> {
        let turn = match prompt {
            Some(_) => self.list.iter().rev().find(|turn| turn.prompt.as_ref() == prompt),
            None => self.list.back().filter(|turn| turn.is_running()),
        };
        turn.map(|turn| turn.id)
    }

    /// The last turn, when it runs and nobody prompted it.
    pub(super) fn unprompted(&self) -> Option<TurnId> {
        self.list.back().filter(|turn| turn.is_running() && turn.prompt.is_none()).map(|turn| turn.id)
    }

    /// Opens a turn. The last one, if nobody prompted it and nothing ended it, is over.
    pub(super) fn open(&mut self, step: &Step<'_>) -> TurnId {
        if let Some(last) = self.list.back_mut().filter(|turn| turn.is_running() && turn.prompt.is_none()) {
            last.outcome = TurnOutcome::Abandoned;
        }
        let id = TurnId(step.seq);
        self.list.push_back(Turn {
            id,
            prompt: step.prompt.cloned(),
            by: step.by.cloned(),
            started_at: step.at,
            ended_at: None,
            outcome: TurnOutcome::Running,
            cancelled: None,
            usage: Usage::default(),
            last_request: Usage::default(),
            requests: 0,
            opened_as: step.prompt.cloned(),
            terminal: None,
            usage_at: None,
            earlier_requests: Usage::default(),
        });
        if let Some(prompt) = step.prompt {
            self.unqueue(prompt);
        }
        id
    }

    /// Ends the prompt's turn, or the unprompted one, which takes the prompt's name. `None` when no turn runs that it could end.
    pub(super) fn end(&mut self, prompt: Option<&PromptId>, outcome: TurnOutcome, event: &Envelope) -> Option<TurnId> {
        let known = prompt.is_some_and(|prompt| self.of_prompt(prompt).is_some());
        let turn = match prompt {
            Some(prompt) if known => self.of_prompt(prompt)?,
            Some(_) => self.list.back_mut().filter(|turn| turn.prompt.is_none())?,
            None => self.list.back_mut()?,
        };
        if !turn.is_running() {
            return None;
        }
        if let Some(prompt) = prompt {
            turn.prompt = Some(prompt.clone());
        }
        turn.outcome = outcome;
        turn.ended_at = event.server_timestamp();
        turn.terminal = Some(Box::new(plain(event)));
        Some(turn.id)
    }

    pub(super) fn cancel(&mut self, reason: Option<Box<str>>, step: &Step<'_>) -> bool {
        let turn = match step.prompt {
            Some(prompt) => self.of_prompt(prompt),
            None => self.list.back_mut(),
        };
        let Some(turn) = turn.filter(|turn| turn.is_running() && turn.cancelled.is_none()) else { return false };
        turn.cancelled = Some(Cancellation { by: step.by.cloned(), at: step.at, reason, seq: step.seq });
        true
    }

    /// Adds the figures of a model request (or of several, folded).
    pub(super) fn count(&mut self, id: TurnId, usage: &Usage, step: &Step<'_>) {
        let Ok(at) = self.list.binary_search_by_key(&id, |turn| turn.id) else { return };
        let turn = &mut self.list[at];
        let requests = step.folded.requests.unwrap_or(1);
        let place = UsagePlace { seq: step.seq, at: step.at, prompt: step.prompt.cloned(), by: step.by.cloned() };
        turn.earlier_requests = turn.usage.clone();
        turn.usage.add(usage);
        turn.last_request = usage.clone();
        turn.requests = turn.requests.saturating_add(requests);
        let first = turn.usage_at.take().map_or_else(|| place.clone(), |places| places.first);
        turn.usage_at = Some(UsagePlaces { first, last: place, last_requests: requests });
    }

    /// The session is over: whatever ran or waited will not go on.
    pub(super) fn abandon(&mut self, at: Option<Millis>) {
        for turn in self.list.iter_mut().filter(|turn| turn.is_running()) {
            turn.outcome = TurnOutcome::Abandoned;
            turn.ended_at = at;
        }
        self.queue.clear();
    }

    pub(super) fn enqueue(&mut self, pending: PendingPrompt, step: &Step<'_>) -> bool {
        let known = self.queue.iter().any(|queued| queued.prompt == pending.prompt_id);
        if known || self.find(Some(&pending.prompt_id)).is_some() {
            return false;
        }
        self.queue.push(QueuedPrompt {
            prompt: pending.prompt_id,
            text: pending.text,
            by: step.by.cloned(),
            queued_at: pending.queued_at,
            seq: step.seq,
            at: step.at,
        });
        true
    }

    pub(super) fn unqueue(&mut self, prompt: &PromptId) -> bool {
        let before = self.queue.len();
        self.queue.retain(|queued| &queued.prompt != prompt);
        self.queue.len() < before
    }

    pub(super) fn unqueue_messages(&mut self, messages: &MidTurnMessages) -> bool {
        let before = self.queue.len();
        self.queue.retain(|queued| !messages.message_ids.contains(&queued.prompt));
        self.queue.len() < before
    }

    /// Forgets finished turns in front of the first entry that is kept.
    pub(super) fn shrink(&mut self, is_kept: impl Fn(&Turn) -> bool) -> u64 {
        let before = self.list.len();
        while self.list.front().is_some_and(|turn| !turn.is_running() && !is_kept(turn)) {
            self.list.pop_front();
        }
        (before - self.list.len()) as u64
    }
}
