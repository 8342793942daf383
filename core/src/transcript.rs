//! The transcript: what a reader of a session sees, folded out of its events.
//!
//! The page draws from it and the daemon folds history with it, so the two cannot disagree. Laws:
//! - **Idempotence**: an event whose id is not above the last applied id changes nothing.
//! - **Totality**: every event is accepted; what cannot be read becomes a visible [`Notice`].
//! - **Folding**: applying [`Transcript::to_replay`] and then a tail shows the same as applying everything (as long as no cap is
//!   reached, and apart from events without an id, which concern one subscriber only).
//! - **Bound**: entries weigh at most the cap given to [`Transcript::new`]; the oldest leave first and are counted.
//!
//! Everything follows from the entries as they stand, never from which event came right before: text joins the last entry of its lane
//! if that is the same message, a tool frame patches the call's newest entry. That is what makes folding exact.
//!
//! Cost: a streamed text piece is appended in place; no entry is parsed or copied again.

mod asked;
mod calls;
mod change;
mod entry;
mod entry_events;
mod events;
mod lines;
mod notice;
mod permission;
mod raw;
mod replay;
mod run;
mod shell;
mod stage;
mod state;
mod step;
mod summary;
mod tool;
mod turn;
mod turn_events;
mod turns;
mod updates;
mod weight;

pub use change::{Change, EntryChange, Side};
pub use entry::{Body, Entry, EntryId, Message, Plan, Seq, ShellRun, TextRun, TurnId, UserBlock};
pub use lines::Dropped;
pub use notice::Notice;
pub use permission::{Permission, PermissionState, Resolution};
pub use replay::{Replay, ReplayLimits};
pub use state::{End, EndCause, State};
pub use summary::{FileChange, TurnSummary};
pub use tool::ToolCall;
pub use turn::{Cancellation, QueuedPrompt, Turn, TurnOutcome};

use serde_json::Value;

use crate::{Envelope, EventType, RequestId, SessionId, payload::ToolCallId};
use lines::Lines;
use state::Slots;
use step::Step;
use turns::Turns;

/// Weight, in bytes, a transcript may keep unless told otherwise: 64 MiB.
pub const DEFAULT_CAP_BYTES: usize = 64 << 20;

/// The reducer. See the module for its laws.
#[derive(Clone, Debug)]
pub struct Transcript {
    lines: Lines,
    turns: Turns,
    state: State,
    slots: Slots,
    /// Requests without an answer, oldest first, and the entry of each.
    waiting: Vec<(RequestId, EntryId)>,
    /// The user's own commands without a result, oldest first.
    shells: Vec<EntryId>,
    /// The notice of a compaction that goes on.
    compacting: Option<EntryId>,
    session_id: Option<SessionId>,
    last: Seq,
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new(DEFAULT_CAP_BYTES)
    }
}

impl Transcript {
    /// An empty transcript whose entries may weigh `cap_bytes`: about their size in memory. The newest entry always stays.
    #[must_use]
    pub fn new(cap_bytes: usize) -> Self {
        Self {
            lines: Lines::new(cap_bytes),
            turns: Turns::default(),
            state: State::default(),
            slots: Slots::default(),
            waiting: Vec::new(),
            shells: Vec::new(),
            compacting: None,
            session_id: None,
            last: Seq::default(),
        }
    }

    /// Folds one event in and tells what moved.
    pub fn apply(&mut self, event: &Envelope) -> Change {
        let mut change = Change::default();
        let Some(seq) = self.admit(event.id) else { return change };
        self.learn_session(event);
        let step = Step::of(event, seq);
        if step.folded.opens && (step.prompt.is_none() || self.turns.find(step.prompt).is_none()) {
            self.open_turn(&step, &mut change);
        }
        if let Err(why) = self.event(event, &step, &mut change) {
            self.notice(Notice::Malformed(why, updates::plain(event)), &step, &mut change);
        }
        self.shrink(&mut change);
        change
    }

    /// The place of an event; `None` for one that was applied before.
    fn admit(&mut self, id: Option<u64>) -> Option<Seq> {
        self.last = match id {
            Some(id) if id <= self.last.event => return None,
            Some(id) => Seq { event: id, nth: 0 },
            None => Seq { nth: self.last.nth + 2, ..self.last },
        };
        Some(self.last)
    }

    fn learn_session(&mut self, event: &Envelope) {
        if self.session_id.is_none() && event.kind != EventType::SessionBranched {
            self.session_id = event.data.get("sessionId").and_then(Value::as_str).map(SessionId::from);
        }
    }

    fn shrink(&mut self, change: &mut Change) {
        if !self.lines.shrink(change) {
            return;
        }
        let Some((first, turn)) = self.lines.at(0).map(|entry| (entry.id, entry.turn)) else { return };
        let turns = self.turns.shrink(|of| of.id.0 >= first.0 || turn == Some(of.id));
        self.lines.dropped.turns += turns;
        change.side |= Side::TRUNCATION;
    }

    /// The id of the last event applied: the cursor to go on from. `None` before the first.
    #[must_use]
    pub fn last_event_id(&self) -> Option<u64> {
        (self.last.event > 0).then_some(self.last.event)
    }

    /// Events up to `id` are in, though folded away: what a load answers as its `lastEventId`.
    pub fn caught_up_to(&mut self, id: u64) {
        self.last = self.last.max(Seq { event: id, nth: 0 });
    }

    /// The session, once an event has named it.
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.session_id.as_ref()
    }

    /// Every entry, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.lines.iter()
    }

    /// An entry by name. O(log n).
    #[must_use]
    pub fn entry_of(&self, id: EntryId) -> Option<&Entry> {
        self.lines.get(id)
    }

    /// Where an entry stands among [`Self::entries`]. O(log n).
    #[must_use]
    pub fn position(&self, id: EntryId) -> Option<usize> {
        self.lines.position(id)
    }

    /// The newest entry of a tool call.
    #[must_use]
    pub fn tool(&self, call: &ToolCallId) -> Option<&Entry> {
        self.lines.get(self.lines.tool(call)?)
    }

    /// Every turn, oldest first: the index to jump by.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = &Turn> + ExactSizeIterator {
        self.turns.list.iter()
    }

    /// A turn by name.
    #[must_use]
    pub fn turn(&self, id: TurnId) -> Option<&Turn> {
        self.turns.get(id)
    }

    /// The turn of the prompt that runs now.
    #[must_use]
    pub fn running(&self) -> Option<&Turn> {
        self.turns.running()
    }

    /// Prompts that wait for their turn, oldest first.
    #[must_use]
    pub fn queue(&self) -> &[QueuedPrompt] {
        &self.turns.queue
    }

    /// Requests and questions without an answer, oldest first, each with the entry it belongs to.
    pub fn waiting(&self) -> impl Iterator<Item = (EntryId, &Permission)> {
        self.waiting.iter().filter_map(|(request, id)| {
            let Body::Tool(tool) = &self.lines.get(*id)?.body else { return None };
            let is_it = |permission: &&Permission| permission.is_pending() && permission.request_id() == request;
            Some((*id, tool.permissions.iter().rev().find(is_it)?))
        })
    }

    /// What is true of the session now.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the cap has dropped.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.lines.dropped
    }
}
