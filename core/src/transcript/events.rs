//! Everything but `session_update`: turns, queue, session, stream.

use crate::{
    Envelope, EventType, PromptId,
    payload::{
        ApprovalModeChanged, ContentBlock, FollowupSuggestion, HistoryTruncated, Malformed, MidTurnMessages,
        ModelSwitchFailed, ModelSwitched, PendingPrompt, PromptCancelled, Read, ResyncRequired, SessionEnd,
        SessionMetadata, SessionSnapshot, TurnComplete, TurnError, decode,
    },
    transcript::{
        Body, Change, End, EndCause, Message, Notice, Seq, Side, Transcript, TurnOutcome, UserBlock, state::Slot,
        step::Step, updates::plain,
    },
};

impl Transcript {
    /// # Errors
    /// When the payload of a known event cannot be read; nothing was changed then.
    pub(super) fn event(&mut self, event: &Envelope, step: &Step<'_>, change: &mut Change) -> Result<(), Malformed> {
        match &event.kind {
            EventType::SessionUpdate => self.update(event, step, change),
            EventType::TurnComplete => self.turn_complete(payload(event)?, event, change),
            EventType::TurnError => self.turn_error(payload(event)?, event, step, change),
            EventType::PromptCancelled => self.prompt_cancelled(payload(event)?, step, change),
            EventType::PendingPromptAdded => self.queued(payload(event)?, step, change),
            EventType::PendingPromptStarted => self.started(&payload(event)?, step, change),
            EventType::PendingPromptCompleted => self.unqueued(&payload::<PendingPrompt>(event)?.prompt_id, change),
            EventType::MidTurnMessageInjected => self.mid_turn(payload(event)?, step, change),
            EventType::FollowupSuggestion => {
                self.state.followup = Some(payload::<FollowupSuggestion>(event)?.suggestion);
                self.set_slot(Slot::Followup, event, step, Side::FOLLOWUP, change);
            }
            EventType::UserShellCommand => self.shell_command(payload(event)?, step, change),
            EventType::UserShellResult => self.shell_result(payload(event)?, step, change),
            EventType::PermissionRequest => self.permission_request(payload(event)?, step, change),
            EventType::PermissionResolved => self.permission_resolved(payload(event)?, false, step, change),
            EventType::PermissionAlreadyResolved => self.permission_resolved(payload(event)?, true, step, change),
            EventType::PermissionPartialVote => self.permission_progress(payload(event)?, step, change),
            EventType::ApprovalModeChanged => {
                let payload: ApprovalModeChanged = payload(event)?;
                self.state.mode = Some(payload.next.clone());
                self.set_slot(Slot::Mode, event, step, Side::MODE, change);
                self.notice(Notice::ModeChanged(payload, plain(event)), step, change);
            }
            EventType::ModelSwitched => {
                let payload: ModelSwitched = payload(event)?;
                self.state.model = Some(payload.model_id.clone());
                self.set_slot(Slot::Model, event, step, Side::MODEL, change);
                self.notice(Notice::ModelSwitched(payload, plain(event)), step, change);
            }
            EventType::ModelSwitchFailed => {
                self.notice(
                    Notice::ModelSwitchFailed(payload::<ModelSwitchFailed>(event)?, plain(event)),
                    step,
                    change,
                );
            }
            EventType::SessionMetadataUpdated => {
                self.state.title = payload::<SessionMetadata>(event)?.display_name;
                self.set_slot(Slot::Title, event, step, Side::TITLE, change);
            }
            EventType::SessionSnapshot => self.snapshot(payload(event)?, change),
            EventType::SessionRecordingDegraded => {
                self.state.recording_degraded = true;
                self.set_slot(Slot::Recording, event, step, Side::RECORDING, change);
                self.notice(Notice::RecordingDegraded(plain(event)), step, change);
            }
            EventType::SessionClosed => self.session_end(EndCause::SessionClosed, payload(event)?, event, step, change),
            EventType::SessionDied => self.session_end(EndCause::SessionDied, payload(event)?, event, step, change),
            EventType::ClientEvicted => self.stream_end(EndCause::ClientEvicted, payload(event)?, change),
            EventType::StreamError => self.stream_end(EndCause::StreamError, payload(event)?, change),
            EventType::StateResyncRequired => {
                self.state.resync = Some(payload::<ResyncRequired>(event)?);
                change.side |= Side::RESYNC;
            }
            EventType::HistoryTruncated => {
                self.state.truncation = Some(payload::<HistoryTruncated>(event)?);
                change.side |= Side::TRUNCATION;
            }
            EventType::SessionRewound
            | EventType::SessionBranched
            | EventType::SessionCwdChanged
            | EventType::LanguageChanged => {
                self.notice(Notice::Event(plain(event)), step, change);
            }
            EventType::Other(_) => self.notice(Notice::Unknown(plain(event)), step, change),
            // Marks for the stream's reader, and news of the workspace: no line of the conversation.
            EventType::ReplayComplete
            | EventType::SlowClientWarning
            | EventType::PermissionForbidden
            | EventType::ArtifactChanged
            | EventType::SourceChanged
            | EventType::ToolToggled
            | EventType::WorkspaceInitialized
            | EventType::MemoryChanged
            | EventType::AgentChanged
            | EventType::SettingsChanged
            | EventType::SettingsReloaded
            | EventType::TrustChangeRequested
            | EventType::ExtensionsChanged
            | EventType::GithubSetupCompleted
            | EventType::McpBudgetWarning
            | EventType::McpChildRefusedBatch
            | EventType::McpServerRestarted
            | EventType::McpServerRestartRefused
            | EventType::McpServerAdded
            | EventType::McpServerRemoved
            | EventType::McpServerChanged
            | EventType::AuthDeviceFlowStarted
            | EventType::AuthDeviceFlowThrottled
            | EventType::AuthDeviceFlowAuthorized
            | EventType::AuthDeviceFlowFailed
            | EventType::AuthDeviceFlowCancelled
            | EventType::ChannelDeliveryResult
            | EventType::GitBranchChanged
            | EventType::GitStatusChanged => {}
        }
        Ok(())
    }

    pub(super) fn notice(&mut self, notice: Notice, step: &Step<'_>, change: &mut Change) {
        if !step.folded.state_only {
            self.lines.push(Self::entry(step, None, None, Body::Notice(Box::new(notice))), change);
        }
    }

    pub(super) fn set_slot(&mut self, slot: Slot, event: &Envelope, step: &Step<'_>, side: Side, change: &mut Change) {
        self.slots.insert(slot, (step.seq, plain(event)));
        change.side |= side;
    }

    fn turn_complete(&mut self, end: TurnComplete, event: &Envelope, change: &mut Change) {
        let prompt = event.prompt_id.as_ref().or(end.prompt_id.as_ref());
        self.unqueue_ended(prompt, change);
        let outcome = TurnOutcome::Ended { stop_reason: end.stop_reason };
        if self.turns.end(prompt, outcome, event).is_some() {
            change.side |= Side::TURNS;
        }
    }

    fn turn_error(&mut self, error: TurnError, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        let prompt = event.prompt_id.clone().or(error.prompt_id.clone());
        self.unqueue_ended(prompt.as_ref(), change);
        let ended = self.turns.end(prompt.as_ref(), TurnOutcome::Failed, event);
        if ended.is_some() {
            change.side |= Side::TURNS;
        }
        if step.folded.state_only {
            return;
        }
        let known = prompt.is_some().then(|| self.turns.find(prompt.as_ref())).flatten();
        self.lines.push(Self::entry(step, ended.or(known), None, Body::Error(error)), change);
    }

    fn unqueue_ended(&mut self, prompt: Option<&PromptId>, change: &mut Change) {
        if let Some(prompt) = prompt {
            self.unqueued(prompt, change);
        }
    }

    fn unqueued(&mut self, prompt: &PromptId, change: &mut Change) {
        if self.turns.unqueue(prompt) {
            change.side |= Side::QUEUE;
        }
    }

    fn prompt_cancelled(&mut self, cancelled: PromptCancelled, step: &Step<'_>, change: &mut Change) {
        if self.turns.cancel(cancelled.reason, step) {
            change.side |= Side::TURNS;
        }
    }

    fn queued(&mut self, pending: PendingPrompt, step: &Step<'_>, change: &mut Change) {
        if self.turns.enqueue(pending, step) {
            change.side |= Side::QUEUE;
        }
    }

    fn started(&mut self, pending: &PendingPrompt, step: &Step<'_>, change: &mut Change) {
        self.unqueued(&pending.prompt_id, change);
        if self.turns.find(Some(&pending.prompt_id)).is_none() {
            self.open_turn(&Step { prompt: Some(&pending.prompt_id), ..step.clone() }, change);
        }
    }

    fn mid_turn(&mut self, injected: MidTurnMessages, step: &Step<'_>, change: &mut Change) {
        if self.turns.unqueue_messages(&injected) {
            change.side |= Side::QUEUE;
        }
        let block = |text| UserBlock { seq: step.seq, whole: true, content: ContentBlock::Text(text) };
        let blocks: Vec<_> = injected.messages.into_iter().map(block).collect();
        if blocks.is_empty() {
            return;
        }
        let turn = self.turn_of(step, change);
        let message = Message { blocks, mid_turn: true, message_id: None, source: None };
        self.lines.push(Self::entry(step, Some(turn), None, Body::User(message)), change);
    }

    fn snapshot(&mut self, snapshot: SessionSnapshot, change: &mut Change) {
        if let Some(model) = snapshot.current_model_id {
            self.state.model = Some(model);
            change.side |= Side::MODEL;
        }
        if let Some(mode) = snapshot.current_approval_mode {
            self.state.mode = Some(mode);
            change.side |= Side::MODE;
        }
        if let Some(degraded) = snapshot.recording_degraded {
            self.state.recording_degraded = degraded;
            change.side |= Side::RECORDING;
        }
    }

    fn session_end(
        &mut self,
        cause: EndCause,
        details: SessionEnd,
        event: &Envelope,
        step: &Step<'_>,
        change: &mut Change,
    ) {
        self.turns.abandon(step.at);
        self.orphan_permissions(step.at, change);
        self.shells.clear();
        if self.state.finish(End { cause, details: details.clone() }) {
            self.set_slot(Slot::End, event, step, Side::END, change);
        }
        change.side |= Side::TURNS | Side::QUEUE;
        let source = plain(event);
        let notice = match cause {
            EndCause::SessionDied => Notice::SessionDied(details, source),
            EndCause::SessionClosed | EndCause::ClientEvicted | EndCause::StreamError => {
                Notice::SessionClosed(details, source)
            }
        };
        self.notice(notice, step, change);
    }

    fn stream_end(&mut self, cause: EndCause, details: SessionEnd, change: &mut Change) {
        if self.state.finish(End { cause, details }) {
            change.side |= Side::END;
        }
    }
}

fn payload<T: Read>(event: &Envelope) -> Result<T, Malformed> {
    decode(event.kind.as_str(), &event.data)
}

impl Seq {
    /// The place of the event itself: a second thing that it brought stands at the odd place behind it.
    pub(super) fn of_event(self) -> Self {
        Self { nth: self.nth & !1, ..self }
    }
}
