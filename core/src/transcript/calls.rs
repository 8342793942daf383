//! Tool calls and plans: frames that patch what stands.

use crate::{
    payload::{PlanEntry, ToolCallId, ToolPatch, parent_of},
    transcript::{Body, Change, Entry, EntryId, Plan, Side, ToolCall, Transcript, step::Step, tool::Framed},
};

impl Transcript {
    pub(super) fn tool_frame(&mut self, mut patch: ToolPatch, by_update: bool, step: &Step<'_>, change: &mut Change) {
        let known = self.lines.tool(&patch.tool_call_id);
        if patch.is_discarded() {
            return self.discard(known, change);
        }
        let known = match known {
            Some(id) if by_update || self.is_of_turn(id, step) => Some(id),
            // Agents number their calls afresh in every turn: the same id may be another call.
            _ => None,
        };
        let framed =
            Framed { seq: step.seq, at: step.at, by: step.by.cloned(), prompt: step.prompt.cloned(), by_update };
        let times = step.folded.tool;
        let Some(id) = known else {
            let turn = self.turn_of(step, change);
            let parent = parent_of(&patch.meta);
            let mut tool = ToolCall::new(patch.tool_call_id.clone());
            tool.patch(patch, step.at, times);
            tool.framed = Some(framed);
            return self.lines.push(Self::entry(step, Some(turn), parent, Body::Tool(Box::new(tool))), change);
        };
        // The lane of a call is settled when it is first seen.
        patch.meta.shift_remove("parentToolCallId");
        self.lines.edit(id, step.at.max(step.folded.until), change, |entry| {
            let Body::Tool(tool) = &mut entry.body else { return };
            tool.patch(patch, step.at, times);
            tool.framed.get_or_insert(framed);
        });
    }

    fn is_of_turn(&self, id: EntryId, step: &Step<'_>) -> bool {
        let turn = self.turns.find(step.prompt);
        turn.is_some() && self.lines.get(id).is_some_and(|entry| entry.turn == turn)
    }

    fn discard(&mut self, known: Option<EntryId>, change: &mut Change) {
        let Some(id) = known else { return };
        let asked = self.waiting.len();
        self.waiting.retain(|(_, entry)| *entry != id);
        if self.waiting.len() < asked {
            change.side |= Side::PERMISSIONS;
        }
        self.lines.remove(id, change);
    }

    pub(super) fn plan(
        &mut self,
        steps: Vec<PlanEntry>,
        parent: Option<ToolCallId>,
        step: &Step<'_>,
        change: &mut Change,
    ) {
        let turn = self.turn_of(step, change);
        let is_same =
            |entry: &&Entry| entry.turn == Some(turn) && entry.parent == parent && matches!(entry.body, Body::Plan(_));
        let known =
            self.lines.iter().rev().take_while(|entry| entry.id.0 >= turn.0).find(is_same).map(|entry| entry.id);
        match known {
            Some(id) => self
                .lines
                .edit(id, step.at.max(step.folded.until), change, |entry| entry.body = Body::Plan(Plan { steps })),
            None => self.lines.push(Self::entry(step, Some(turn), parent, Body::Plan(Plan { steps })), change),
        }
    }
}
