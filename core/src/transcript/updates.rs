//! `session_update`: messages, thoughts, tool calls, plans.

use serde_json::{Map, Value};

use crate::{
    Envelope,
    payload::{Chunk, ContentBlock, GoalStatus, ToolCallId, Update},
    transcript::{
        Body, Change, Entry, EntryId, Message, Notice, Seq, Side, TextRun, Transcript, TurnId, UserBlock,
        run::{RunKey, Speaker},
        state::Slot,
        step::{Folded, Step},
    },
};

/// `_meta.source` of the daemon's own echo of a prompt.
pub(super) const ECHO: &str = "bridge-echo";

/// A piece of streamed text.
pub(super) struct Piece<'a> {
    pub(super) speaker: Speaker,
    pub(super) text: &'a str,
    pub(super) message_id: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    /// The sub-agent's call it belongs to.
    pub(super) parent: Option<ToolCallId>,
}

impl Transcript {
    pub(super) fn update(&mut self, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        match Update::parse(&event.data) {
            Ok(Update::UserMessage(chunk)) => self.user_chunk(chunk, step, change),
            Ok(Update::AgentMessage(chunk)) => self.agent_chunk(Speaker::Assistant, chunk, event, step, change),
            Ok(Update::AgentThought(chunk)) => self.agent_chunk(Speaker::Thought, chunk, event, step, change),
            Ok(Update::ToolCall(patch)) => self.tool_frame(patch, false, step, change),
            Ok(Update::ToolCallUpdate(patch)) => self.tool_frame(patch, true, step, change),
            Ok(Update::Plan { entries, parent }) => self.plan(entries, parent, step, change),
            Ok(Update::AvailableCommands { commands, skills }) => {
                self.state.commands = commands;
                self.state.skills = skills;
                self.set_slot(Slot::Commands, event, step, Side::COMMANDS, change);
            }
            Ok(Update::CurrentMode { mode_id }) => {
                self.state.mode = Some(mode_id);
                self.set_slot(Slot::Mode, event, step, Side::MODE, change);
            }
            Ok(Update::ConfigOptions(options)) => {
                self.state.config_options = Some(options);
                self.set_slot(Slot::Config, event, step, Side::CONFIG, change);
            }
            Ok(Update::SessionInfo { title }) => {
                self.state.title = title;
                self.set_slot(Slot::Title, event, step, Side::TITLE, change);
            }
            Ok(Update::Context(usage)) => {
                self.state.context = Some(usage);
                self.set_slot(Slot::Context, event, step, Side::USAGE, change);
            }
            Ok(Update::ShellOutput { output }) => self.shell_output(&output, step, change),
            Ok(Update::Unknown { .. }) => self.notice(Notice::Unknown(plain(event)), step, change),
            Err(why) => self.notice(Notice::Malformed(why, plain(event)), step, change),
        }
    }

    /// The turn of an entry that this event makes, opened if need be.
    pub(super) fn turn_of(&mut self, step: &Step<'_>, change: &mut Change) -> TurnId {
        match self.turns.find(step.prompt) {
            Some(turn) => turn,
            None => self.open_turn(step, change),
        }
    }

    pub(super) fn open_turn(&mut self, step: &Step<'_>, change: &mut Change) -> TurnId {
        change.side |= Side::TURNS | Side::QUEUE;
        if self.state.followup.take().is_some() {
            self.slots.remove(&Slot::Followup);
            change.side |= Side::FOLLOWUP;
        }
        if self.state.end.take().is_some() {
            self.slots.remove(&Slot::End);
            change.side |= Side::END;
        }
        self.turns.open(step)
    }

    pub(super) fn entry(step: &Step<'_>, turn: Option<TurnId>, parent: Option<ToolCallId>, body: Body) -> Entry {
        Entry {
            id: EntryId(step.seq),
            turn,
            prompt: step.prompt.cloned(),
            parent,
            by: step.by.cloned(),
            at: step.at,
            until: step.at.max(step.folded.until),
            body,
        }
    }

    fn user_chunk(&mut self, chunk: Chunk, step: &Step<'_>, change: &mut Change) {
        let parent = chunk.parent();
        let whole = chunk.source() == Some(ECHO);
        let source = chunk.source().filter(|_| !whole).map(Into::into);
        let turn = self.user_turn(step, parent.as_ref(), change);
        if chunk.content.as_text() == Some("") {
            return;
        }
        let block = UserBlock { seq: step.seq, whole, content: chunk.content };
        let message = Message { blocks: Vec::new(), mid_turn: false, message_id: chunk.message_id, source };
        let key = RunKey {
            speaker: Speaker::User,
            turn: Some(turn),
            prompt: step.prompt,
            message_id: message.message_id.as_deref(),
            source: message.source.as_deref(),
        };
        match self.run_at_tail(parent.as_ref(), key) {
            Some(id) => self.lines.edit(id, step.at.max(step.folded.until), change, |entry| {
                if let Body::User(message) = &mut entry.body {
                    message.push(block);
                }
            }),
            None => {
                let message = Message { blocks: vec![block], ..message };
                self.lines.push(Self::entry(step, Some(turn), parent, Body::User(message)), change);
            }
        }
    }

    /// A message that names no prompt begins a turn, unless it continues one that began in this way.
    fn user_turn(&mut self, step: &Step<'_>, parent: Option<&ToolCallId>, change: &mut Change) -> TurnId {
        if step.prompt.is_some() || parent.is_some() || step.folded.opens {
            return self.turn_of(step, change);
        }
        let unprompted = self.turns.unprompted();
        let goes_on = |entry: &Entry| entry.turn == unprompted && matches!(entry.body, Body::User(_));
        match unprompted {
            Some(turn) if self.lines.tail(None).is_some_and(goes_on) => turn,
            _ => self.open_turn(step, change),
        }
    }

    fn run_at_tail(&self, parent: Option<&ToolCallId>, key: RunKey<'_>) -> Option<EntryId> {
        let tail = self.lines.tail(parent)?;
        (tail.run_key() == Some(key)).then_some(tail.id)
    }

    fn agent_chunk(&mut self, speaker: Speaker, chunk: Chunk, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        if !chunk.meta.is_empty() {
            self.facts(&chunk, event, step, change);
        }
        let goal = self.goal_step(&chunk, event);
        self.content(speaker, chunk, event, step, change);
        self.goal_notice(goal, step, change);
    }

    fn content(&mut self, speaker: Speaker, chunk: Chunk, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        if chunk.meta.contains_key("contextCompression") {
            return self.compaction(&chunk, event, step, change);
        }
        let parent = chunk.parent();
        let is_discrete = chunk.is_discrete();
        match &chunk.content {
            ContentBlock::Text(_) if is_discrete => self.discrete(speaker, chunk, step, change),
            ContentBlock::Text(text) => {
                let source = chunk.meta.get("source").and_then(Value::as_str);
                let piece = Piece { speaker, text, message_id: chunk.message_id.as_deref(), source, parent };
                self.piece(piece, step, change);
            }
            _ => {
                let turn = self.turn_of(step, change);
                self.lines.push(Self::entry(step, Some(turn), parent, Body::Media(Box::new(chunk.content))), change);
            }
        }
    }

    /// Adds a piece of streamed text: the hot path of every session.
    pub(super) fn piece(&mut self, piece: Piece<'_>, step: &Step<'_>, change: &mut Change) {
        let Piece { speaker, text, message_id, source, parent } = piece;
        if text.is_empty() {
            return;
        }
        let turn = self.turn_of(step, change);
        let key = RunKey { speaker, turn: Some(turn), prompt: step.prompt, message_id, source };
        if let Some(id) = self.run_at_tail(parent.as_ref(), key) {
            return self.lines.append(id, text, step.at.max(step.folded.until), change);
        }
        let run = TextRun {
            text: text.to_owned(),
            message_id: message_id.map(Into::into),
            source: source.map(Into::into),
            discrete: None,
        };
        self.lines.push(Self::entry(step, Some(turn), parent, text_body(speaker, run)), change);
    }

    /// Adds a text that nothing is joined to.
    fn discrete(&mut self, speaker: Speaker, chunk: Chunk, step: &Step<'_>, change: &mut Change) {
        let parent = chunk.parent();
        let Chunk { content: ContentBlock::Text(text), message_id, mut meta, .. } = chunk else { return };
        if text.is_empty() {
            return;
        }
        let turn = self.turn_of(step, change);
        FACTS.iter().for_each(|fact| {
            meta.shift_remove(*fact);
        });
        let source = meta.get("source").and_then(Value::as_str).map(Into::into);
        let run = TextRun { text, message_id, source, discrete: Some(Box::new(meta)) };
        self.lines.push(Self::entry(step, Some(turn), parent, text_body(speaker, run)), change);
    }

    /// What a chunk's `_meta` says beside its text.
    fn facts(&mut self, chunk: &Chunk, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        if let Some(usage) = chunk.usage() {
            let turn = self.turn_of(step, change);
            self.turns.count(turn, &usage, step);
            change.side |= Side::USAGE;
        }
        if let Some(goal) = chunk.meta.get("goalState") {
            self.state.goal = Some(goal.clone());
            let fact = self.fact_event("goalState", goal, event);
            self.set_slot(Slot::Goal, &fact, step, Side::GOAL, change);
        }
    }

    /// A goal is checked after every turn; only the other steps are worth a line, behind what the chunk itself says.
    fn goal_notice(&mut self, status: Option<(GoalStatus, Envelope)>, step: &Step<'_>, change: &mut Change) {
        let Some((status, fact)) = status.filter(|(status, _)| &*status.kind != "checking") else { return };
        // What was folded into the event went into its text.
        let second = Step { seq: Seq { nth: step.seq.nth + 1, ..step.seq }, folded: Folded::default(), ..step.clone() };
        self.notice(Notice::Goal(status, fact), &second, change);
    }

    fn goal_step(&self, chunk: &Chunk, event: &Envelope) -> Option<(GoalStatus, Envelope)> {
        let raw = chunk.meta.get("goalStatus")?;
        Some((chunk.goal_status()?, self.fact_event("goalStatus", raw, event)))
    }

    /// An event that says this one fact and nothing else.
    fn fact_event(&self, key: &str, value: &Value, event: &Envelope) -> Envelope {
        let meta = Map::from_iter([(key.to_owned(), value.clone())]);
        let mut fact = plain(event);
        fact.data = self.chunk_data("agent_message_chunk", &ContentBlock::Text(String::new()), None, meta);
        fact.prompt_id = event.prompt_id.clone();
        fact
    }

    fn compaction(&mut self, chunk: &Chunk, event: &Envelope, step: &Step<'_>, change: &mut Change) {
        let done = chunk.meta["contextCompression"].get("phase").and_then(Value::as_str) != Some("progress");
        let text = chunk.content.as_text().unwrap_or_default().to_owned();
        let mut event = plain(event);
        strip_facts(&mut event);
        let open = self.compacting.filter(|id| self.lines.get(*id).is_some());
        self.compacting = if done { None } else { Some(open.unwrap_or(EntryId(step.seq))) };
        let Some(id) = open else {
            return self.notice(Notice::Compaction { done, text, source: event }, step, change);
        };
        self.lines.edit(id, step.at.max(step.folded.until), change, |entry| {
            let Body::Notice(notice) = &mut entry.body else { return };
            let source = Envelope { data: event.data, ..notice.source().clone() };
            **notice = Notice::Compaction { done, text, source };
        });
    }
}

/// `_meta` keys that are read as facts of their own.
const FACTS: [&str; 6] = ["usage", "durationMs", "apiErrors", "apiRetries", "goalState", "goalStatus"];

fn strip_facts(event: &mut Envelope) {
    let update = event.data.get_mut("update").and_then(|update| update.get_mut("_meta"));
    if let Some(Value::Object(meta)) = update {
        FACTS.iter().for_each(|fact| {
            meta.shift_remove(*fact);
        });
    }
}

/// The event without the marks that folding left on it.
pub(super) fn plain(event: &Envelope) -> Envelope {
    let mut event = event.clone();
    event.meta.shift_remove(Folded::KEY);
    event
}

fn text_body(speaker: Speaker, run: TextRun) -> Body {
    match speaker {
        Speaker::Thought => Body::Thought(run),
        Speaker::Assistant | Speaker::User => Body::Assistant(run),
    }
}

impl Message {
    /// Adds a block; a piece of text is joined to the piece before it.
    pub(super) fn push(&mut self, block: UserBlock) {
        match (self.blocks.last_mut(), block) {
            (
                Some(UserBlock { whole: false, content: ContentBlock::Text(text), .. }),
                UserBlock { whole: false, content: ContentBlock::Text(more), .. },
            ) => text.push_str(&more),
            (_, block) => self.blocks.push(block),
        }
    }
}
