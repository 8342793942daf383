//! What stands behind the session on screen: the transcript, its rows, its texts, the line.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

use crate::leptos::reactive::signal::ArcTrigger;
use roost_core::{
    ClientId, Envelope, Millis, SessionId,
    transcript::{Body, Change, Entry, EntryChange, EntryId, Side, Transcript, TurnId, TurnOutcome},
};
use serde_json::Value;

use super::{
    RowKey,
    filling::{Filling, Past},
    rows::Rows,
    texts::{self, Texts},
};
use crate::{browser::timer::Alarm, net::line::Line};

/// What no part looks at directly.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) transcript: Transcript,
    pub(super) rows: Rows,
    pub(super) texts: Texts,
    /// The signals of each row that somebody has looked at.
    pub(super) watched: BTreeMap<RowKey, Watched>,
    /// Who this page is, by session.
    pub(super) clients: Vec<(SessionId, ClientId)>,
    /// What the agent said last about its commands.
    pub(super) announced: Value,
    pub(super) line: Option<Line>,
    /// The history, while it is being read.
    pub(super) filling: Option<Filling>,
    pub(super) waiting: VecDeque<Envelope>,
    pub(super) applied: usize,
    /// A batch of what waits is on its way: from being asked for until it is on screen.
    pub(super) batch_asked: bool,
    /// Nothing is applied before this moment.
    pub(super) rests_until: Millis,
    pub(super) retry: Alarm,
}

thread_local! {
    static HELD: RefCell<Held> = RefCell::default();
}

/// The page's one [`Held`]. Whoever changes it calls nobody who reads it meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold;

impl Hold {
    pub(super) fn with<T>(self, read: impl FnOnce(&Held) -> T) -> T {
        HELD.with_borrow(read)
    }

    pub(super) fn update<T>(self, change: impl FnOnce(&mut Held) -> T) -> T {
        HELD.with_borrow_mut(change)
    }
}

/// What moves a row: its entry, or a person's hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    pub(super) moved: ArcTrigger,
    pub(super) folded: ArcTrigger,
    /// What a person's hand made of it.
    pub(super) open: Option<bool>,
}

/// Applies an event, and notes what it says of the agent's commands.
pub(super) fn apply(transcript: &mut Transcript, announced: &mut Value, event: &Envelope) -> Change {
    let change = transcript.apply(event);
    if change.side.contains(Side::COMMANDS) {
        announced.clone_from(event.data.get("update").unwrap_or(&event.data));
    }
    change
}

impl Held {
    pub(super) fn apply(&mut self, event: &Envelope) -> Change {
        apply(&mut self.transcript, &mut self.announced, event)
    }

    /// Puts another past in the place of the one there. What is in both keeps its heights and is not parsed again. Answers by how much
    /// the row that was at this place has moved down.
    pub(super) fn replace(&mut self, past: Past, place: usize) -> f64 {
        let old = std::mem::replace(&mut self.transcript, past.transcript);
        self.announced = past.announced;
        let new = &self.transcript;
        self.texts.retain(|entry| match (prose(&old, entry), prose(new, entry)) {
            (Some(old), Some(new)) => new.starts_with(old),
            (Some(_), None) | (None, _) => false,
        });
        let before = std::mem::take(&mut self.rows);
        self.lay_out_all();
        self.rows.measure_like(&before);
        before.moved_to(place, &self.rows)
    }

    /// Does to the rows what was done to an entry, and notes the signals that have to know.
    pub(super) fn follow(&mut self, moved: EntryChange, touched: &mut Vec<ArcTrigger>) {
        let entry = moved.id();
        match moved {
            EntryChange::Removed(_) => {
                self.rows.remove(entry);
                self.texts.forget(entry);
            }
            EntryChange::Added(_) | EntryChange::Appended(_) | EntryChange::Changed(_) => {
                let from = if self.is_prose(entry) { self.lay_out(entry) } else { self.lay_out_whole(entry) };
                let from = u32::try_from(from).unwrap_or(u32::MAX);
                let changed = self.watched.range(RowKey::block(entry, from)..=RowKey::turn_end(entry));
                touched.extend(changed.map(|(_, row)| row.moved.clone()));
            }
        }
    }

    pub(super) fn is_prose(&self, entry: EntryId) -> bool {
        prose(&self.transcript, entry).is_some()
    }

    /// Parses an entry's text and gives it a row for each block. Answers the first block that changed.
    pub(super) fn lay_out(&mut self, entry: EntryId) -> usize {
        let Some(found) = self.transcript.entry_of(entry) else { return 0 };
        let from = self.texts.read(found);
        let blocks = self.texts.blocks(entry);
        self.rows.set_blocks(entry, blocks.len(), |nth| texts::guess(&blocks[nth]));
        from
    }

    fn lay_out_whole(&mut self, entry: EntryId) -> usize {
        if let Some(found) = self.transcript.entry_of(entry) {
            self.rows.set_blocks(entry, 1, |_| guess(found));
        }
        0
    }

    fn lay_out_all(&mut self) {
        let entries: Vec<EntryId> = self.transcript.entries().map(|entry| entry.id).collect();
        for entry in entries {
            if self.texts.is_parsed(entry) {
                self.lay_out(entry)
            } else {
                self.lay_out_whole(entry)
            };
        }
        self.end_turns(&mut Vec::new());
    }

    /// Puts a line under every turn that has ended.
    pub(super) fn end_turns(&mut self, touched: &mut Vec<ArcTrigger>) {
        let mut last_of: Vec<(TurnId, EntryId)> = Vec::new();
        let ended = |turn: TurnId| self.transcript.turn(turn).is_some_and(|turn| turn.outcome != TurnOutcome::Running);
        // Turns end in order: the newest few are all that can be news.
        for entry in self.transcript.entries().rev() {
            let Some(turn) = entry.turn else { continue };
            if last_of.last().is_none_or(|(last, _)| *last != turn) {
                if self.rows.contains(RowKey::turn_end(entry.id)) {
                    break;
                }
                last_of.push((turn, entry.id));
            }
        }
        for (turn, entry) in last_of {
            if ended(turn) {
                self.rows.end_turn(entry, TURN_END_HEIGHT);
                touched.extend(self.watched.get(&RowKey::turn_end(entry)).map(|row| row.moved.clone()));
            }
        }
    }
}

/// What the agent said in an entry, if it is that.
fn prose(transcript: &Transcript, entry: EntryId) -> Option<&str> {
    match &transcript.entry_of(entry)?.body {
        Body::Assistant(run) => Some(&run.text),
        Body::User(_)
        | Body::Thought(_)
        | Body::Media(_)
        | Body::Tool(_)
        | Body::Plan(_)
        | Body::Error(_)
        | Body::Notice(_)
        | Body::Shell(_) => None,
    }
}

const TURN_END_HEIGHT: f64 = 30.0;

/// How high an entry will be, as far as one can tell without drawing it.
fn guess(entry: &Entry) -> f64 {
    let text = |text: &str| 24.0 + 23.0 * (text.len() / 90 + text.bytes().filter(|byte| *byte == b'\n').count()) as f64;
    match &entry.body {
        Body::User(message) => 40.0 + message.texts().map(text).sum::<f64>(),
        Body::Assistant(run) => text(&run.text),
        Body::Tool(call) if call.diffs().next().is_some() => 240.0,
        Body::Thought(_) | Body::Tool(_) | Body::Notice(_) => 40.0,
        Body::Plan(plan) => 30.0 + 24.0 * plan.steps.len() as f64,
        Body::Media(_) | Body::Error(_) | Body::Shell(_) => 100.0,
    }
}
