//! The session after a restart of the daemon: what was promised is kept.

use std::collections::BTreeSet;

use super::{
    Effect, KeyedPrompt, LedgerEntry, Session, SessionConfig, outbox::Outbox, permissions::Decided, prompts::Prompt,
    turn::Terminal,
};
use crate::{Millis, PromptId, RequestId, SessionId};

impl Session {
    /// Rebuilds a session from its ledger, oldest entry first, among them [`LedgerEntry::from_event`] of every journaled event.
    ///
    /// A prompt that had been handed to the agent is settled with `turn_error` `daemon_restarted`; the others wait, in order, for
    /// [`AgentInput::Ready`](super::AgentInput::Ready). The effects are those of an input: perform them.
    pub fn restore(
        now: Millis,
        id: SessionId,
        config: SessionConfig,
        created_at: Millis,
        entries: impl IntoIterator<Item = LedgerEntry>,
    ) -> (Self, Vec<Effect>) {
        let mut session = Self { live_since: now, is_unbroken: false, ..Self::new(created_at, id, config) };
        let (mut accepted, mut started, mut settled) = (Vec::new(), BTreeSet::<PromptId>::new(), BTreeSet::new());
        let mut asked = Vec::new();
        let mut messages = std::mem::take(&mut session.messages);
        for entry in entries {
            match entry {
                LedgerEntry::PromptAccepted(prompt) => {
                    if messages.is_waiting(&prompt.prompt_id) {
                        messages.promote(&prompt.prompt_id);
                    }
                    KeyedPrompt::of(&prompt).into_iter().for_each(|keyed| session.keys.remember(keyed));
                    accepted.push(prompt);
                }
                LedgerEntry::PromptKeyed(keyed) => session.keys.remember(keyed),
                LedgerEntry::PromptStarted { prompt_id, .. } => drop(started.insert(prompt_id)),
                LedgerEntry::PromptSettled { prompt_id } => drop(settled.insert(prompt_id)),
                LedgerEntry::VoteRecorded { request_id, outcome, decided, .. } => {
                    if decided {
                        let prompt_id = prompt_of(&asked, &request_id);
                        session.permissions.remember(Decided { request_id, prompt_id, outcome });
                    }
                }
                LedgerEntry::MetadataChanged { display_name, title_source } => {
                    session.display_name = Some((display_name, title_source));
                }
                LedgerEntry::MessageQueued(message) => messages.queue_again(message),
                LedgerEntry::MessagesSettled { message_ids } => messages.settle(message_ids),
                LedgerEntry::ModeChanged { mode } => session.standing.mode = Some(mode),
                LedgerEntry::ModelChanged { model } => session.standing.model = Some(model),
                LedgerEntry::Annotated { annotations } => session.annotations = annotations,
                LedgerEntry::ArtifactKept { artifact } => session.artifacts.restore(*artifact),
                LedgerEntry::ArtifactForgotten { artifact_id } => session.artifacts.forget(&artifact_id),
                LedgerEntry::PermissionAsked { request_id, prompt_id } => asked.push((request_id, prompt_id)),
                LedgerEntry::PermissionResolved { request_id, outcome } => {
                    let prompt_id = prompt_of(&asked, &request_id);
                    asked.retain(|(open, _)| *open != request_id);
                    if session.permissions.decided(&request_id).is_none() {
                        session.permissions.remember(Decided { request_id, prompt_id, outcome });
                    }
                }
            }
        }
        session.messages = messages;
        for prompt in accepted.into_iter().filter(|prompt| !settled.contains(&prompt.prompt_id)) {
            session.prompts.push(Prompt::new(prompt));
        }
        let mut out = Outbox::default();
        for (request_id, prompt_id) in asked {
            session.close_unanswered(request_id, prompt_id, &mut out);
        }
        for prompt_id in session.prompts.unsettled().into_iter().filter(|id| started.contains(id)) {
            session.interrupt(now, &prompt_id, &mut out);
        }
        // The turn they were meant for is over.
        session.promote_messages(now, &mut out);
        session.advance(now, &mut out);
        session.schedule(now, &mut out);
        (session, out.into_effects())
    }

    fn interrupt(&mut self, now: Millis, prompt_id: &PromptId, out: &mut Outbox) {
        let message = "the daemon was restarted while the prompt was running";
        let terminal = Terminal::error(Some("daemon_restarted"), message);
        if let Terminal::Error(failure) = &terminal {
            self.turn_error = Some(failure.clone());
        }
        self.settle(now, prompt_id, terminal, out);
    }
}

/// The prompt that a request which is still open was about.
fn prompt_of(asked: &[(RequestId, Option<PromptId>)], request: &RequestId) -> Option<PromptId> {
    asked.iter().find(|(open, _)| open == request).and_then(|(_, prompt)| prompt.clone())
}
