//! Effects, performed: one arm, one call.

use std::{
    collections::VecDeque,
    io,
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use roost_core::{
    Draft, EventType,
    acp::{RpcError, code},
    session::{AgentInput, Answer, CallId, Effect, Input, LedgerEntry, Ticket},
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    Driver, Flow,
    recorder::Health,
    told::{Owed, Telling},
};
use crate::{clock, settings, store};

/// A journal is folded when it has grown to twice what folding left of it, and to this at least.
const MIN_COMPACTION_BYTES: u64 = 8 * 1024 * 1024;

pub(super) fn compaction_threshold(bytes: u64) -> u64 {
    bytes.saturating_mul(2).max(MIN_COMPACTION_BYTES)
}

impl Driver {
    /// Performs effects from first to last, then lets the subscribers see what they published.
    pub(super) async fn perform(&mut self, effects: Vec<Effect>) -> Flow {
        let mut flow = Flow::GoOn;
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Record(entry) => self.record(&entry),
                Effect::Publish(draft) => self.publish(&draft),
                Effect::CallAgent { call, method, params } => {
                    self.write();
                    match &self.link {
                        Some(link) => link.call(call, method, &params),
                        None => effects.extend(self.reply_for_absent_agent(call)),
                    }
                }
                Effect::NotifyAgent { method, params } => {
                    self.link.iter().for_each(|link| link.notify(method, &params));
                }
                Effect::AnswerAgent { rpc_id, answer } => {
                    self.commit().await;
                    if let Some(link) = &self.link {
                        link.answer(rpc_id, answer.as_deref().map_err(Clone::clone));
                    }
                }
                Effect::SaveApprovalMode(mode) => settings::save_approval_mode(&self.settings, mode).await,
                Effect::RunShell { ticket, command, cwd } => self.run_shell(ticket, &command, &cwd),
                Effect::StopShell { ticket } => drop(self.shells.remove(&ticket)),
                Effect::Reply { ticket, answer } => {
                    self.shells.remove(&ticket);
                    if let Some(telling) = self.reply(ticket, answer) {
                        self.await_disk(telling).await;
                    }
                }
                Effect::WakeAt(moment) => self.wake_at = Some(moment),
                Effect::EndStreams => {
                    self.commit().await;
                    self.live.stream.bus().close();
                    self.woken = true;
                }
                Effect::Retire => flow = Flow::Retire,
            }
        }
        self.settle().await;
        flow
    }

    fn record(&mut self, entry: &LedgerEntry) {
        match entry {
            LedgerEntry::PromptAccepted(prompt) if self.meta.title.is_none() => {
                self.meta.title = store::title(&prompt.text());
                self.meta_changed |= self.meta.title.is_some();
            }
            LedgerEntry::MetadataChanged { display_name, title_source } => {
                self.meta.display_name = Some(display_name.clone());
                self.meta.title_source = Some(*title_source);
                self.meta_changed = true;
            }
            LedgerEntry::PromptAccepted(_)
            | LedgerEntry::PromptKeyed(_)
            | LedgerEntry::PromptStarted { .. }
            | LedgerEntry::PromptSettled { .. }
            | LedgerEntry::VoteRecorded { .. }
            | LedgerEntry::MessageQueued(_)
            | LedgerEntry::MessagesSettled { .. }
            | LedgerEntry::ModeChanged { .. }
            | LedgerEntry::ModelChanged { .. }
            | LedgerEntry::Annotated { .. }
            | LedgerEntry::ArtifactKept { .. }
            | LedgerEntry::ArtifactForgotten { .. }
            | LedgerEntry::PermissionAsked { .. }
            | LedgerEntry::PermissionResolved { .. } => {}
        }
        self.recorder.entry(entry);
    }

    fn publish(&mut self, draft: &Draft) {
        let Some(frame) = self.live.stream.publish(draft) else { return };
        self.recorder.event(&frame);
        if matches!(frame.kind, EventType::TurnComplete | EventType::TurnError) {
            self.folded_until = frame.id;
            self.turn_ended = true;
        }
        self.woken = true;
    }

    /// The machine gives calls only to an agent that is there; should it be gone all the same, nobody waits for ever.
    fn reply_for_absent_agent(&self, call: CallId) -> Vec<Effect> {
        let result = Err(RpcError::new(code::INTERNAL_ERROR, "no agent serves the session"));
        self.live.machine().handle(clock::now(), Input::Agent(AgentInput::Reply { call, result }))
    }

    /// Answers a command. Where something was recorded, whoever asked waits for the disk, on the thread that then writes the answer: a hop
    /// from one thread to another costs as much as the disk.
    fn reply(&mut self, ticket: Ticket, answer: Answer) -> Option<Telling> {
        let (answered, last_event_id) = self.awaiting.remove(&ticket)?;
        let syncing = self.recorder.hand_over();
        self.heed_recorder();
        let (owed, telling) = Owed::new(answer, last_event_id, syncing);
        // The client may have hung up.
        let _ = answered.send(owed);
        telling
    }

    /// Returns once an answer is given, and what it says is on disk: neither the agent nor a reader is before whoever asked.
    async fn await_disk(&mut self, telling: Telling) {
        match telling.done().await {
            Some(Ok(until)) => {
                self.recorder.synced(until);
                self.heed_recorder();
            }
            Some(Err(error)) => {
                self.recorder.fail(&error);
                self.heed_recorder();
            }
            // It hung up, so nobody was told anything yet.
            None => self.recorder.bind(),
        }
    }

    /// What was recorded is on disk when this returns.
    pub(super) async fn commit(&mut self) {
        self.recorder.commit().await;
        self.heed_recorder();
    }

    /// What was recorded survives this process when this returns.
    fn write(&mut self) {
        self.recorder.write();
        self.heed_recorder();
    }

    /// The end of a batch: the journal first, then the subscribers, then what can wait. The end of a turn is on disk before anyone
    /// hears of it.
    async fn settle(&mut self) {
        let turn_ended = std::mem::take(&mut self.turn_ended);
        if turn_ended || self.recorder.holds_much() {
            self.recorder.bind();
            self.commit().await;
        } else {
            self.write();
        }
        if std::mem::take(&mut self.woken) {
            self.live.stream.ring();
            let has_readers = self.live.stream.bus().subscriber_count() > 0;
            let grace = Duration::from_millis(self.stall_grace.0);
            self.sweep_at = has_readers.then(|| Instant::now() + grace);
        }
        if std::mem::take(&mut self.meta_changed) {
            self.write_meta().await;
        }
        if self.recorder.is_idle() && self.heeded == Health::Well {
            let (earliest, last) = self.live.stream.reach();
            self.folded_until = last;
            if self.recorder.journal().bytes() > self.compact_at_bytes && earliest > 1 {
                self.compact(earliest - 1).await;
            }
        }
        self.stamp(turn_ended || !self.recorder.is_idle());
    }

    /// What only happens around a session does not make it one that was active lately.
    fn stamp(&mut self, is_active: bool) {
        let bytes = self.recorder.journal().bytes();
        if std::mem::replace(&mut self.stamped_bytes, bytes) == bytes {
            return;
        }
        if is_active {
            self.active_at = SystemTime::now();
        }
        if self.recorder.is_idle() {
            self.recorder.journal().set_active_at(self.active_at);
        }
    }

    /// Says what has become of the recording.
    pub(super) fn heed_recorder(&mut self) {
        let health = self.recorder.health();
        let before = std::mem::replace(&mut self.heeded, health);
        if health == before {
            return;
        }
        self.live.recording_degraded.store(health != Health::Well, Ordering::Relaxed);
        self.live.machine().set_recorded(health != Health::Behind);
        if before == Health::Well {
            let data = json!({"sessionId": self.live.id, "reason": "write_failed"});
            self.publish(&Draft::new(EventType::SessionRecordingDegraded, &data));
        }
    }

    pub(super) async fn write_meta(&self) {
        let (project, meta) = (self.project.clone(), self.meta.clone());
        let written = tokio::task::spawn_blocking(move || project.write_meta(&meta)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, session = %self.live.id, "cannot write meta.json");
        }
    }

    /// Folds what no cursor can reach any more. It takes as long as reading the journal does, so it is done between turns.
    async fn compact(&mut self, folded_until: u64) {
        let (path, standing) = (self.recorder.journal().path().to_owned(), self.live.machine().standing_entries());
        let folding = tokio::task::spawn_blocking(move || {
            let text = store::Journal::read(&path)?;
            store::replace(&path, &store::compact(&text, folded_until, &standing))
        });
        let replaced = folding.await.map_err(io::Error::other).flatten();
        match replaced {
            Ok(replacement) => self.recorder.continue_in(replacement),
            Err(error) => tracing::warn!(%error, session = %self.live.id, "cannot fold the journal"),
        }
        self.compact_at_bytes = compaction_threshold(self.recorder.journal().bytes());
    }
}
