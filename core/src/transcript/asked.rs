//! Permission requests and questions: asked, voted on, answered.

use crate::{
    Millis, RequestId,
    payload::{PartialVote, PermissionRequest, PermissionResolved, parent_of},
    transcript::{
        Body, Change, Permission, PermissionState, Resolution, Side, ToolCall, Transcript, permission::By, step::Step,
    },
};

impl Transcript {
    pub(super) fn permission_request(&mut self, request: PermissionRequest, step: &Step<'_>, change: &mut Change) {
        if self.waiting.iter().any(|(id, _)| *id == request.request_id) {
            return;
        }
        change.side |= Side::PERMISSIONS;
        let call = request.tool_call.tool_call_id.clone();
        let request_id = request.request_id.clone();
        let permission = Permission {
            prompt: step.prompt.cloned(),
            by: step.by.cloned(),
            asked_at: step.at,
            state: PermissionState::Pending,
            progress: None,
            seq: step.seq,
            progress_at: None,
            request,
        };
        if let Some(id) = self.lines.tool(&call) {
            self.waiting.push((request_id, id));
            return self.lines.edit(id, step.at, change, |entry| {
                if let Body::Tool(tool) = &mut entry.body {
                    tool.permissions.push(permission);
                }
            });
        }
        let turn = self.turn_of(step, change);
        let patch = permission.request.tool_call.clone();
        let parent = parent_of(&patch.meta);
        let mut tool = ToolCall::new(call);
        tool.patch(patch, step.at, None);
        tool.permissions.push(permission);
        let entry = Self::entry(step, Some(turn), parent, Body::Tool(Box::new(tool)));
        self.waiting.push((request_id, entry.id));
        self.lines.push(entry, change);
    }

    pub(super) fn permission_resolved(
        &mut self,
        resolved: PermissionResolved,
        late: bool,
        step: &Step<'_>,
        change: &mut Change,
    ) {
        let resolution = Resolution {
            outcome: resolved.outcome,
            voter: resolved.voter_client_id,
            at: step.at,
            seq: step.seq,
            told: By { by: step.by.cloned(), prompt: step.prompt.cloned() },
            late,
        };
        let answered = self.with_waiting(&resolved.request_id, step.at, change, |permission| {
            permission.state = PermissionState::Resolved(resolution);
            permission.progress = None;
            permission.progress_at = None;
        });
        if answered {
            self.waiting.retain(|(id, _)| *id != resolved.request_id);
        }
    }

    pub(super) fn permission_progress(&mut self, vote: PartialVote, step: &Step<'_>, change: &mut Change) {
        let request = vote.request_id.clone();
        self.with_waiting(&request, step.at, change, |permission| {
            permission.progress = Some(vote);
            permission.progress_at = Some((step.seq, step.at));
        });
    }

    /// The session is over with requests open: nobody will answer them.
    pub(super) fn orphan_permissions(&mut self, at: Option<Millis>, change: &mut Change) {
        let waiting: Vec<_> = self.waiting.iter().map(|(request, _)| request.clone()).collect();
        for request in &waiting {
            self.with_waiting(request, at, change, |permission| permission.state = PermissionState::Orphaned);
        }
        self.waiting.clear();
    }

    fn with_waiting(
        &mut self,
        request: &RequestId,
        at: Option<Millis>,
        change: &mut Change,
        edit: impl FnOnce(&mut Permission),
    ) -> bool {
        let Some(id) = self.waiting.iter().find(|(id, _)| id == request).map(|(_, entry)| *entry) else { return false };
        change.side |= Side::PERMISSIONS;
        self.lines.edit(id, at, change, |entry| {
            let Body::Tool(tool) = &mut entry.body else { return };
            let open = |permission: &&mut Permission| permission.is_pending() && permission.request_id() == request;
            if let Some(permission) = tool.permissions.iter_mut().rev().find(open) {
                edit(permission);
            }
        });
        true
    }
}
