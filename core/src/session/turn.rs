//! A prompt's way: accepted, waiting, with the agent, settled (P1–P8, P12–P16, D3–D5).

mod cancel;
mod wire;

use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::{
    AcceptedPrompt, Answer, CallId, Deadline, KeyedPrompt, LedgerEntry, PromptIntent, PromptKey, PromptRefused,
    SendPrompt, Session, Ticket, TurnFailure,
    calls::Call,
    deadlines,
    outbox::Outbox,
    prompts::{self, Leftover, Prompt, Run, Stage},
};
use crate::{ClientId, Draft, EventType, Millis, PromptId, acp::RpcError};
use wire::{
    Cancelled, Echo, EchoMeta, PendingPromptAdded, PendingPromptCompleted, PendingPromptStarted, PromptParams,
    PromptResult, TurnComplete, TurnError, UserMessage,
};

/// Echo frames of one prompt at most; further blocks reach the agent unechoed.
const MAX_ECHOES: usize = 256;

/// How a prompt ended.
#[derive(Debug)]
pub(super) enum Terminal {
    Complete { stop_reason: Box<str>, cancelled: Option<Cancelled> },
    Error(TurnFailure),
}

impl Terminal {
    fn cancelled() -> Self {
        Self::Complete { stop_reason: "cancelled".into(), cancelled: None }
    }

    /// Whether the agent came to an end, rather than being stopped or failing.
    fn is_of_its_own(&self) -> bool {
        match self {
            Self::Complete { stop_reason, .. } => &**stop_reason != "cancelled",
            Self::Error(_) => false,
        }
    }

    pub(super) fn error(code: Option<&str>, message: &str) -> Self {
        Self::Error(TurnFailure { message: message.into(), code: code.map(Into::into), error_kind: None })
    }
}

impl Session {
    pub(super) fn send_prompt(
        &mut self,
        now: Millis,
        ticket: Ticket,
        originator: Option<ClientId>,
        prompt: SendPrompt,
        out: &mut Outbox,
    ) {
        if let Some(mode) = self.mode_not_held_back() {
            let refused = PromptRefused::HeldBack { mode: mode.into() };
            return out.reply(ticket, Answer::Prompt(Err(refused)));
        }
        if let Some(sent) = KeyedPrompt::sent(&prompt)
            && let Some(known) = self.keys.get(&sent.key)
        {
            return self.answer_again(ticket, known, &sent, out);
        }
        let (limit, pending_count) = (self.config.max_pending_prompts, self.prompts.len());
        if limit > 0 && pending_count >= limit {
            return out.reply(ticket, Answer::Prompt(Err(PromptRefused::QueueFull { limit, pending_count })));
        }
        let prompt_id = prompt.prompt_id.clone();
        self.accept(now, originator, prompt, out);
        out.reply(ticket, Answer::Prompt(Ok(prompt_id)));
        self.advance(now, out);
    }

    /// Takes a prompt in for which there is room. [`Self::advance`] starts it, once whoever sent it has been answered.
    pub(super) fn accept(&mut self, now: Millis, originator: Option<ClientId>, prompt: SendPrompt, out: &mut Outbox) {
        // A route has refused what is none.
        let key = PromptKey::of(&prompt.meta).ok().flatten();
        let mut meta = prompts::without_owned_keys(prompt.meta);
        if prompt.with_annotations && !self.annotations.as_map().is_empty() {
            meta.insert(super::META_ANNOTATIONS.into(), self.annotations.as_map().clone().into());
        }
        let accepted = AcceptedPrompt {
            prompt_id: prompt.prompt_id,
            originator,
            queued_at: now,
            deadline: Deadline::effective(now, self.config.prompt_deadline, prompt.deadline),
            intent: prompt.intent,
            announced: !self.prompts.is_empty() || self.agent.is_none(),
            key,
            blocks: prompt.blocks,
            meta,
            extra: prompt.extra,
        };
        KeyedPrompt::of(&accepted).into_iter().for_each(|keyed| self.keys.remember(keyed));
        out.record(LedgerEntry::PromptAccepted(accepted.clone()));
        let entry = Prompt::new(accepted);
        if entry.accepted.announced {
            out.publish(self.added(&entry));
        }
        self.prompts.push(entry);
        self.clients.touch(now);
    }

    /// Starts the next prompt if none is with the agent (P4).
    pub(super) fn advance(&mut self, now: Millis, out: &mut Outbox) {
        if let Some(mode) = self.mode_not_held_back() {
            let refused = PromptRefused::HeldBack { mode: mode.into() };
            return self.turn_away(now, &refused.to_string(), out);
        }
        let may_start = self.agent.is_some() && !self.is_holding_back();
        let Some(next) = self.prompts.next_to_run().filter(|_| may_start) else { return };
        let prompt_id = next.id().clone();
        let call = self.calls.open(Call::Prompt { prompt_id: prompt_id.clone() });
        next.stage = Stage::Running(Run { call, started_at: now, cancelled_at: None });
        self.waits.over(now, next.accepted.queued_at);
        let failed_before = self.turn_error.take().is_some();
        let forgotten = self.forgotten.take();
        self.touch(now);
        let Some(prompt) = self.prompts.get(&prompt_id) else { return };
        self.dispatch(now, call, prompt, failed_before, forgotten.as_deref(), out);
    }

    /// Ends what waits without asking the agent.
    fn turn_away(&mut self, now: Millis, why: &str, out: &mut Outbox) {
        while let Some(next) = self.prompts.next_to_run() {
            let prompt_id = next.id().clone();
            self.settle(now, &prompt_id, Terminal::error(Some("trust_gate"), why), out);
        }
    }

    /// P5.
    fn dispatch(
        &self,
        now: Millis,
        call: CallId,
        prompt: &Prompt,
        failed_before: bool,
        forgotten: Option<&str>,
        out: &mut Outbox,
    ) {
        let accepted = &prompt.accepted;
        // P15: a retry after anything but a failure is an ordinary prompt.
        let mut meta = accepted.meta.clone();
        let resent = match accepted.intent {
            PromptIntent::Ask => None,
            PromptIntent::Retry => failed_before.then_some(prompts::META_RETRY),
            PromptIntent::Continue => Some(prompts::META_CONTINUE),
        };
        if let Some(key) = resent {
            meta.insert(key.into(), true.into());
        }
        out.record(LedgerEntry::PromptStarted { prompt_id: prompt.id().clone(), at: now });
        if accepted.announced {
            let data = PendingPromptStarted { session_id: &self.id, prompt_id: prompt.id(), text: &prompt.text };
            out.publish(of(prompt, EventType::PendingPromptStarted, &data));
        }
        if resent.is_none() {
            for block in accepted.blocks.iter().take(MAX_ECHOES) {
                out.publish(self.echo(now, prompt, block));
            }
        }
        if let Some(why) = forgotten {
            out.publish(self.told_that_it_forgot(prompt, why));
        }
        let params =
            PromptParams { session_id: &self.id, prompt: &accepted.blocks, extra: &accepted.extra, meta: &meta };
        out.call_agent(call, "session/prompt", &params);
    }

    /// The agent's reply to the running prompt. A reply to one that was settled before publishes nothing (D4).
    pub(super) fn prompt_replied(
        &mut self,
        now: Millis,
        call: CallId,
        prompt_id: &PromptId,
        result: Result<Box<RawValue>, RpcError>,
        out: &mut Outbox,
    ) {
        if self.prompts.leftover().is_some_and(|leftover| leftover.call == call) {
            return self.let_go(now, out);
        }
        let Some(prompt) = self.prompts.running().filter(|running| running.id() == prompt_id) else { return };
        let (removed, run, originator) = (prompt.removed, prompt.stage, prompt.accepted.originator.clone());
        let terminal = match result {
            Ok(result) => {
                let result = serde_json::from_str::<PromptResult>(result.get()).ok();
                let stop_reason = result.and_then(|result| result.stop_reason).unwrap_or_else(|| "end_turn".into());
                let cancelled = if *stop_reason == *"cancelled" { cancelled(run) } else { None };
                Terminal::Complete { stop_reason, cancelled }
            }
            Err(_) if removed => Terminal::Complete { stop_reason: "cancelled".into(), cancelled: cancelled(run) },
            Err(error) => {
                // P12.
                self.announce_cancel(now, prompt_id, originator, Some("forward_failed"), out);
                let message = super::controls::detail(&error);
                let (code, error_kind) = (Some(error.code.to_string().into()), super::controls::error_kind(&error));
                Terminal::Error(TurnFailure { message, code, error_kind })
            }
        };
        self.cancel_permissions_of(prompt_id, out);
        self.settle(now, prompt_id, terminal, out);
        self.promote_messages(now, out);
        self.advance(now, out);
        self.close_if_abandoned(now, out);
    }

    /// Messages wait for a turn's end; where no prompt is left, none will come.
    fn promote_unless_pending(&mut self, now: Millis, out: &mut Outbox) {
        if self.prompts.unsettled().is_empty() {
            self.promote_messages(now, out);
        }
    }

    /// D4, D5.
    pub(super) fn expire_prompts(&mut self, now: Millis, out: &mut Outbox) {
        let mut turn_ended = false;
        for prompt_id in self.prompts.expired(now) {
            let Some(prompt) = self.prompts.get_mut(&prompt_id) else { continue };
            let message = prompt.accepted.deadline.map(Deadline::message).unwrap_or_default();
            let run = prompt.run_mut().copied();
            let terminal = Terminal::error(Some("prompt_deadline_exceeded"), &message);
            self.settle(now, &prompt_id, terminal, out);
            if let Some(run) = run {
                turn_ended = true;
                if run.cancelled_at.is_none() {
                    out.publish(self.prompt_cancelled(&prompt_id, None, None));
                }
                self.cancel_agent(out);
                self.cancel_permissions_of(&prompt_id, out);
                self.prompts.wait_for(&prompt_id, Leftover { call: run.call, until: now.after(deadlines::LET_GO) });
            }
        }
        if turn_ended {
            self.promote_messages(now, out);
        } else {
            self.promote_unless_pending(now, out);
        }
        self.advance(now, out);
    }

    /// What the agent does from here on belongs to the next prompt.
    fn let_go(&mut self, now: Millis, out: &mut Outbox) {
        self.prompts.forget_leftover();
        self.advance(now, out);
        self.close_if_abandoned(now, out);
    }

    /// Goes on without an agent that does not come back from an expired prompt.
    pub(super) fn expire_leftover(&mut self, now: Millis, out: &mut Outbox) {
        if let Some(leftover) = self.prompts.leftover().filter(|leftover| leftover.until <= now) {
            self.calls.close(leftover.call);
            self.let_go(now, out);
        }
    }

    /// Gives a prompt its one terminal (P7), and what follows it (P8).
    pub(super) fn settle(&mut self, now: Millis, prompt_id: &PromptId, terminal: Terminal, out: &mut Outbox) {
        let Some(prompt) = self.prompts.get_mut(prompt_id).filter(|prompt| !prompt.is_settled()) else { return };
        let was_running = prompt.run_mut().is_some();
        prompt.stage = Stage::Settled;
        let prompt = &*prompt;
        out.publish(match &terminal {
            Terminal::Complete { stop_reason, cancelled } => {
                let (session_id, prompt_cancelled) = (&self.id, *cancelled);
                let data = TurnComplete { session_id, stop_reason, prompt_id, prompt_cancelled };
                of(prompt, EventType::TurnComplete, &data)
            }
            Terminal::Error(failure) => {
                of(prompt, EventType::TurnError, &TurnError { session_id: &self.id, failure, prompt_id })
            }
        });
        out.record(LedgerEntry::PromptSettled { prompt_id: prompt_id.clone() });
        if prompt.accepted.announced && !prompt.removed {
            let data = PendingPromptCompleted { session_id: &self.id, prompt_id, state: "completed" };
            out.publish(of(prompt, EventType::PendingPromptCompleted, &data));
        }
        if was_running {
            self.touch(now);
            self.is_unbroken = terminal.is_of_its_own();
            if let Terminal::Error(failure) = terminal {
                self.turn_error = Some(failure); // P13
            }
        }
    }

    fn added(&self, prompt: &Prompt) -> Draft {
        let (session_id, prompt_id, queued_at) = (&self.id, prompt.id(), prompt.accepted.queued_at);
        let data = PendingPromptAdded { session_id, prompt_id, text: &prompt.text, queued_at };
        of(prompt, EventType::PendingPromptAdded, &data)
    }

    fn echo(&self, now: Millis, prompt: &Prompt, content: &RawValue) -> Draft {
        let meta = EchoMeta { server_timestamp: now, source: "bridge-echo" };
        let update = Echo { session_update: "user_message_chunk", content, meta };
        of(prompt, EventType::SessionUpdate, &UserMessage { session_id: &self.id, update })
    }

    fn told_that_it_forgot(&self, prompt: &Prompt, why: &str) -> Draft {
        let text = format!("The agent remembers nothing of what was said before in this session: {why}");
        let update = json!({
            "sessionUpdate": "agent_message_chunk",
            "content": {"type": "text", "text": text},
            "_meta": {"source": "roost", "qwenDiscreteMessage": true},
        });
        of(prompt, EventType::SessionUpdate, &json!({"sessionId": self.id, "update": update}))
    }

    /// A prompt started or ended (X2).
    fn touch(&mut self, now: Millis) {
        self.updated_at = now;
        self.clients.touch(now);
    }
}

/// An event of this prompt's.
fn of(prompt: &Prompt, kind: EventType, data: &impl Serialize) -> Draft {
    Draft::new(kind, data).in_prompt(Some(prompt.id().clone())).caused_by(prompt.accepted.originator.clone())
}

fn cancelled(stage: Stage) -> Option<Cancelled> {
    let Stage::Running(Run { started_at, cancelled_at: Some(cancelled_at), .. }) = stage else { return None };
    Some(Cancelled { cancelled_at, elapsed_ms: cancelled_at.since(started_at) })
}
