//! Cancelling what runs, and taking a prompt back (P9–P11).

use super::{
    Terminal,
    wire::{CancelParams, PendingPromptCompleted, PromptCancelled},
};
use crate::{
    ClientId, Draft, EventType, Millis, PromptId,
    session::{Answer, Session, Ticket, outbox::Outbox, prompts::Prompt},
};

impl Session {
    /// P11.
    pub(in crate::session) fn cancel(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        out: &mut Outbox,
    ) {
        let running = self.prompts.running().map(|prompt| prompt.id().clone());
        if let Some(prompt_id) = &running {
            self.announce_cancel(now, prompt_id, client, None, out);
        }
        if running.is_some() || self.has_open_permissions() {
            self.cancel_agent(out);
        }
        self.cancel_permissions(out);
        out.reply(ticket, Answer::Cancel(Ok(())));
    }

    pub(in crate::session) fn remove_prompt(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<&ClientId>,
        prompt_id: &PromptId,
        out: &mut Outbox,
    ) {
        let removed = self.take_prompt_back(now, client, prompt_id, out);
        out.reply(ticket, Answer::RemovePrompt(Ok(removed)));
        self.close_if_abandoned(now, out);
    }

    /// P9, P10. False when there is no such prompt, or it has its end already.
    pub(in crate::session) fn take_prompt_back(
        &mut self,
        now: Millis,
        client: Option<&ClientId>,
        prompt_id: &PromptId,
        out: &mut Outbox,
    ) -> bool {
        let pending = self.prompts.get_mut(prompt_id).filter(|prompt| !prompt.removed && !prompt.is_settled());
        let Some(prompt) = pending else { return false };
        prompt.removed = true;
        let is_running = prompt.run_mut().is_some();
        if is_running {
            self.announce_cancel(now, prompt_id, client.cloned(), None, out);
        }
        let data = PendingPromptCompleted { session_id: &self.id, prompt_id, state: "removed" };
        let removed = Draft::new(EventType::PendingPromptCompleted, &data);
        out.publish(removed.in_prompt(Some(prompt_id.clone())).caused_by(client.cloned()));
        if is_running {
            self.cancel_agent(out);
            self.cancel_permissions_of(prompt_id, out);
        } else {
            self.settle(now, prompt_id, Terminal::cancelled(), out);
            self.promote_unless_pending(now, out);
            self.advance(now, out);
        }
        true
    }

    /// Publishes `prompt_cancelled` unless this run was cancelled before. Whose doing it is, is its originator.
    pub(super) fn announce_cancel(
        &mut self,
        now: Millis,
        prompt_id: &PromptId,
        canceller: Option<ClientId>,
        reason: Option<&'static str>,
        out: &mut Outbox,
    ) {
        let Some(run) = self.prompts.running_mut().and_then(Prompt::run_mut) else { return };
        if run.cancelled_at.is_none() {
            run.cancelled_at = Some(now);
            out.publish(self.prompt_cancelled(prompt_id, canceller, reason));
        }
    }

    pub(super) fn prompt_cancelled(
        &self,
        id: &PromptId,
        canceller: Option<ClientId>,
        reason: Option<&'static str>,
    ) -> Draft {
        let draft = Draft::new(EventType::PromptCancelled, &PromptCancelled { session_id: &self.id, reason });
        draft.in_prompt(Some(id.clone())).caused_by(canceller)
    }

    /// While the turn's questions are open: an agent that has an answer first may end the turn by itself, and not as cancelled.
    pub(in crate::session) fn cancel_agent(&self, out: &mut Outbox) {
        out.notify_agent("session/cancel", &CancelParams { session_id: &self.id });
    }
}
