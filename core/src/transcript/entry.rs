//! Entries: the lines of a transcript, in the order in which their first events happened.

use crate::{
    ClientId, Millis, PromptId,
    payload::{ContentBlock, PlanEntry, ShellResult, ToolCallId, TurnError},
    transcript::{Notice, ToolCall},
};

/// A place in the order of a session's events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq {
    /// The id of the event; for an event without one, the id of the last event before it.
    pub event: u64,
    /// Even for events: 0 for one with an id, 2, 4… for those without one that followed it. Odd for a second thing an event brought.
    pub nth: u32,
}

/// Names an entry for as long as it lives: the place of the first event folded into it. The same on every client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub Seq);

/// Names a turn: the place of the event that opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub Seq);

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: EntryId,
    /// The turn it belongs to; `None` for what happens beside turns (notices, the user's own shell).
    pub turn: Option<TurnId>,
    /// The prompt named by its first event.
    pub prompt: Option<PromptId>,
    /// The sub-agent's tool call it belongs to; `None` for the main conversation.
    pub parent: Option<ToolCallId>,
    /// The client whose request caused it.
    pub by: Option<ClientId>,
    /// When its first event was published.
    pub at: Option<Millis>,
    /// When the last event folded into it was published.
    pub until: Option<Millis>,
    pub body: Body,
}

/// What an entry shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// What somebody asked.
    User(Message),
    /// What the agent answered: markdown.
    Assistant(TextRun),
    /// What the agent thought: markdown.
    Thought(TextRun),
    /// An image, a sound or a resource the agent showed.
    Media(Box<ContentBlock>),
    Tool(Box<ToolCall>),
    Plan(Plan),
    /// Why a turn failed.
    Error(TurnError),
    /// A thin line: mode, model, compaction, end of the session, an event this build cannot read.
    Notice(Box<Notice>),
    /// A command of the user's own, run beside the agent.
    Shell(Box<ShellRun>),
}

/// A user's turn: blocks in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    pub blocks: Vec<UserBlock>,
    /// It entered a running turn at a tool boundary.
    pub mid_turn: bool,
    pub message_id: Option<Box<str>>,
    /// `_meta.source`, unless it is the daemon's echo of a prompt: a scheduled turn, a notification…
    pub source: Option<Box<str>>,
}

impl Message {
    /// All text, block after block.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter_map(|block| block.content.as_text())
    }
}

/// One block of a user's turn.
#[derive(Clone, Debug, PartialEq)]
pub struct UserBlock {
    pub(crate) seq: Seq,
    /// Came in one piece (the daemon's echo); pieces of other texts are joined.
    pub(crate) whole: bool,
    pub content: ContentBlock,
}

/// Text that grows while it streams.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextRun {
    pub text: String,
    pub message_id: Option<Box<str>>,
    /// `_meta.source`: `slash_command`, `background_task_completed`…
    pub source: Option<Box<str>>,
    /// A message of its own: nothing is joined to it. Its `_meta`, as it came.
    pub discrete: Option<Box<serde_json::Map<String, serde_json::Value>>>,
}

/// The agent's plan of one turn; each update replaces it where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<PlanEntry>,
}

/// A command of the user's own with what it printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellRun {
    /// Empty when only its output is known.
    pub command: String,
    pub cwd: String,
    pub output: String,
    pub result: Option<ShellResult>,
    pub(crate) named_at: Option<(Seq, Option<Millis>)>,
    pub(crate) output_at: Option<(Seq, Option<Millis>)>,
    pub(crate) ended_at: Option<(Seq, Option<Millis>)>,
}

impl ShellRun {
    /// Still printing, as far as anybody knows.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.result.is_none()
    }
}
