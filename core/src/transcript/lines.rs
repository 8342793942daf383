//! The entries in order, with what finds them quickly and what keeps them bounded.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    Millis,
    payload::ToolCallId,
    transcript::{
        Body, Change, Entry, EntryChange, EntryId,
        run::{absorb, joins},
        weight,
    },
};

/// Entries, ascending by id.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    list: VecDeque<Line>,
    /// Per lane (main conversation or sub-agent) the entry that a further piece of text may join.
    tails: BTreeMap<Option<ToolCallId>, EntryId>,
    /// The newest entry of each tool call.
    tools: BTreeMap<ToolCallId, EntryId>,
    weight: usize,
    cap: usize,
    pub(super) dropped: Dropped,
}

#[derive(Clone, Debug)]
struct Line {
    entry: Entry,
    /// Events folded into the entry.
    events: u64,
    weight: usize,
}

/// What left because of the cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    pub entries: u64,
    /// Events that were folded into those entries.
    pub events: u64,
    pub turns: u64,
}

impl Lines {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            list: VecDeque::new(),
            tails: BTreeMap::new(),
            tools: BTreeMap::new(),
            weight: 0,
            cap,
            dropped: Dropped::default(),
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.list.iter().map(|line| &line.entry)
    }

    /// Entries with the number of events folded into each.
    pub(super) fn counted(&self) -> impl DoubleEndedIterator<Item = (&Entry, u64)> {
        self.list.iter().map(|line| (&line.entry, line.events))
    }

    pub(super) fn position(&self, id: EntryId) -> Option<usize> {
        if self.list.back()?.entry.id == id {
            return Some(self.list.len() - 1);
        }
        self.list.binary_search_by_key(&id, |line| line.entry.id).ok()
    }

    pub(super) fn get(&self, id: EntryId) -> Option<&Entry> {
        self.position(id).map(|at| &self.list[at].entry)
    }

    pub(super) fn at(&self, position: usize) -> Option<&Entry> {
        self.list.get(position).map(|line| &line.entry)
    }

    pub(super) fn tool(&self, call: &ToolCallId) -> Option<EntryId> {
        self.tools.get(call).copied()
    }

    pub(super) fn tail(&self, lane: Option<&ToolCallId>) -> Option<&Entry> {
        // The main lane is asked for on every streamed piece; the clone of a sub-agent's id is a reference count.
        self.get(*self.tails.get(&lane.cloned())?)
    }

    pub(super) fn push(&mut self, entry: Entry, change: &mut Change) {
        debug_assert!(self.list.back().is_none_or(|last| last.entry.id < entry.id));
        let id = entry.id;
        if let Body::Tool(tool) = &entry.body {
            self.tools.insert(tool.call_id.clone(), id);
        }
        if entry.is_lane_mark() {
            self.tails.insert(entry.parent.clone(), id);
        }
        let weight = weight::of(&entry);
        self.weight += weight;
        self.list.push_back(Line { entry, events: 1, weight });
        change.push(EntryChange::Added(id));
    }

    /// Lets `edit` change an entry that an event was folded into.
    pub(super) fn edit(&mut self, id: EntryId, at: Option<Millis>, change: &mut Change, edit: impl FnOnce(&mut Entry)) {
        let Some(position) = self.position(id) else { return };
        let line = &mut self.list[position];
        edit(&mut line.entry);
        line.entry.touch(at);
        line.events += 1;
        self.weight -= line.weight;
        line.weight = weight::of(&line.entry);
        self.weight += line.weight;
        change.push(EntryChange::Changed(id));
    }

    /// Appends to an entry's text, at the cost of the piece alone.
    pub(super) fn append(&mut self, id: EntryId, piece: &str, at: Option<Millis>, change: &mut Change) {
        let Some(position) = self.position(id) else { return };
        let line = &mut self.list[position];
        let text = match &mut line.entry.body {
            Body::Assistant(run) | Body::Thought(run) => &mut run.text,
            Body::Shell(shell) => &mut shell.output,
            Body::User(_) | Body::Media(_) | Body::Tool(_) | Body::Plan(_) | Body::Error(_) | Body::Notice(_) => return,
        };
        text.push_str(piece);
        line.entry.touch(at);
        line.events += 1;
        line.weight += piece.len();
        self.weight += piece.len();
        change.push(EntryChange::Appended(id));
    }

    /// Takes an entry out. Its neighbours in the lane are joined when they now are pieces of one run.
    pub(super) fn remove(&mut self, id: EntryId, change: &mut Change) {
        let Some(position) = self.position(id) else { return };
        let Some(line) = self.list.remove(position) else { return };
        self.weight -= line.weight;
        change.push(EntryChange::Removed(id));
        self.forget_tool(&line.entry);
        let lane = line.entry.parent;
        let in_lane = |line: &Line| line.entry.is_lane_mark() && line.entry.parent == lane;
        let before = self.list.range(..position).rposition(in_lane);
        let after = self.list.range(position..).position(in_lane).map(|offset| position + offset);
        match (before, after) {
            (Some(before), Some(after)) => self.join(before, after, change),
            (Some(before), None) => {
                let id = self.list[before].entry.id;
                self.tails.insert(lane, id);
            }
            (None, None) => {
                self.tails.remove(&lane);
            }
            (None, Some(_)) => {}
        }
    }

    fn join(&mut self, before: usize, after: usize, change: &mut Change) {
        if !joins(&self.list[before].entry, &self.list[after].entry) {
            return;
        }
        let Some(gone) = self.list.remove(after) else { return };
        let kept = &mut self.list[before];
        kept.events += gone.events;
        kept.entry.touch(gone.entry.until);
        let (kept_id, gone_id, lane) = (kept.entry.id, gone.entry.id, gone.entry.parent.clone());
        absorb(&mut kept.entry, gone.entry);
        self.weight = self.weight - kept.weight - gone.weight;
        kept.weight = weight::of(&kept.entry);
        self.weight += kept.weight;
        if self.tails.get(&lane) == Some(&gone_id) {
            self.tails.insert(lane, kept_id);
        }
        change.push(EntryChange::Removed(gone_id));
        change.push(EntryChange::Changed(kept_id));
    }

    /// The call's older entry, if it has one, is the newest again.
    fn forget_tool(&mut self, entry: &Entry) {
        let Body::Tool(tool) = &entry.body else { return };
        if self.tools.get(&tool.call_id) != Some(&entry.id) {
            return;
        }
        let older = self.list.iter().rev().map(|line| &line.entry);
        let older = older.filter(|other| matches!(&other.body, Body::Tool(other) if other.call_id == tool.call_id));
        match older.map(|entry| entry.id).next() {
            Some(id) => self.tools.insert(tool.call_id.clone(), id),
            None => self.tools.remove(&tool.call_id),
        };
    }

    /// Drops the oldest entries while the cap is exceeded. The newest entry stays, and so does what waits for an answer.
    pub(super) fn shrink(&mut self, change: &mut Change) -> bool {
        let before = self.dropped.entries;
        while self.weight > self.cap {
            let Some(position) = self.list.iter().position(|line| !line.entry.is_waiting()) else { break };
            if position + 1 >= self.list.len() {
                break;
            }
            self.drop_at(position, change);
        }
        self.dropped.entries > before
    }

    fn drop_at(&mut self, position: usize, change: &mut Change) {
        let Some(line) = self.list.remove(position) else { return };
        let id = line.entry.id;
        self.weight -= line.weight;
        self.dropped.entries += 1;
        self.dropped.events += line.events;
        if self.tails.get(&line.entry.parent) == Some(&id) {
            self.tails.remove(&line.entry.parent);
        }
        if let Body::Tool(tool) = &line.entry.body
            && self.tools.get(&tool.call_id) == Some(&id)
        {
            self.tools.remove(&tool.call_id);
        }
        change.push(EntryChange::Removed(id));
    }
}

impl Entry {
    /// Text after it is no piece of the text before it.
    fn is_lane_mark(&self) -> bool {
        match &self.body {
            Body::User(_)
            | Body::Assistant(_)
            | Body::Thought(_)
            | Body::Media(_)
            | Body::Tool(_)
            | Body::Plan(_)
            | Body::Error(_) => true,
            Body::Notice(_) | Body::Shell(_) => false,
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(&self.body, Body::Tool(tool) if tool.waiting().is_some())
    }

    pub(super) fn touch(&mut self, at: Option<Millis>) {
        self.until = self.until.max(at);
    }
}
