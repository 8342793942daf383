//! An entry written back as the events it was folded from.

use serde_json::{Map, Value, json};

use crate::{
    ClientId, Envelope, EventType, Millis,
    payload::ToolPatch,
    transcript::{
        Body, Entry, Message, Permission, PermissionState, Seq, ShellRun, TextRun, ToolCall, Transcript,
        stage::{Stage, envelope, mark, told, without_nulls},
        step::{Folded, ToolTimes},
        updates::ECHO,
    },
};

impl Transcript {
    pub(super) fn stage_entry(&self, entry: &Entry, stage: &mut Stage) {
        match &entry.body {
            Body::User(message) if message.mid_turn => self.stage_mid_turn(entry, message, stage),
            Body::User(message) => self.stage_message(entry, message, stage),
            Body::Assistant(run) => self.stage_run("agent_message_chunk", entry, run, stage),
            Body::Thought(run) => self.stage_run("agent_thought_chunk", entry, run, stage),
            Body::Media(content) => {
                let data = self.chunk_data("agent_message_chunk", content, None, lane_meta(entry));
                stage_at_entry(entry, EventType::SessionUpdate, data, stage);
            }
            Body::Tool(tool) => self.stage_tool(entry, tool, stage),
            Body::Plan(plan) => {
                let update = Map::from_iter([
                    ("sessionUpdate".to_owned(), json!("plan")),
                    ("entries".to_owned(), json!(plan.steps)),
                ]);
                stage_at_entry(entry, EventType::SessionUpdate, self.update_data(update, lane_meta(entry)), stage);
            }
            Body::Error(error) => {
                let mut data = json!(error);
                data["sessionId"] = json!(self.session_id);
                stage_at_entry(entry, EventType::TurnError, without_nulls(data), stage);
            }
            Body::Notice(notice) => {
                let mut event = notice.source().clone();
                mark(&mut event, &until(entry));
                stage.put(entry.id.0, event);
            }
            Body::Shell(run) => self.stage_shell(entry, run, stage),
        }
    }

    fn stage_message(&self, entry: &Entry, message: &Message, stage: &mut Stage) {
        for block in &message.blocks {
            let mut meta = lane_meta(entry);
            let source = if block.whole { Some(ECHO) } else { message.source.as_deref() };
            if let Some(source) = source {
                meta.insert("source".to_owned(), source.into());
            }
            let data = self.chunk_data("user_message_chunk", &block.content, message.message_id.as_deref(), meta);
            stage.put(block.seq, of_entry(entry, envelope(EventType::SessionUpdate, block.seq, data), until(entry)));
        }
    }

    fn stage_mid_turn(&self, entry: &Entry, message: &Message, stage: &mut Stage) {
        let texts: Vec<_> = message.texts().collect();
        let data = without_nulls(json!({"sessionId": self.session_id, "messages": texts}));
        stage_at_entry(entry, EventType::MidTurnMessageInjected, data, stage);
    }

    fn stage_run(&self, kind: &str, entry: &Entry, run: &TextRun, stage: &mut Stage) {
        let meta = match &run.discrete {
            Some(meta) => (**meta).clone(),
            None => {
                let mut meta = lane_meta(entry);
                if let Some(source) = &run.source {
                    meta.insert("source".to_owned(), (&**source).into());
                }
                meta
            }
        };
        let content = crate::payload::ContentBlock::Text(run.text.clone());
        let data = self.chunk_data(kind, &content, run.message_id.as_deref(), meta);
        stage_at_entry(entry, EventType::SessionUpdate, data, stage);
    }

    fn stage_tool(&self, entry: &Entry, tool: &ToolCall, stage: &mut Stage) {
        for permission in &tool.permissions {
            self.stage_permission(permission, stage);
        }
        let Some(framed) = &tool.framed else { return };
        let patch = ToolPatch {
            tool_call_id: tool.call_id.clone(),
            title: Some(tool.title.clone()),
            kind: Some(tool.kind.clone()),
            status: Some(tool.status.clone()),
            locations: Some(tool.locations.clone()),
            content: Some(tool.content.clone()),
            raw_input: tool.raw_input.clone(),
            raw_output: tool.raw_output.clone(),
            meta: tool.meta.clone(),
        };
        let mut update = json!(patch);
        update["sessionUpdate"] = if framed.by_update { "tool_call_update".into() } else { "tool_call".into() };
        let data = without_nulls(json!({"sessionId": self.session_id, "update": update}));
        let folded = Folded {
            tool: Some(ToolTimes { running_at: tool.running_at, ended_at: tool.ended_at }),
            until: entry.until,
            ..Folded::default()
        };
        let event = envelope(EventType::SessionUpdate, framed.seq, data);
        stage.put(framed.seq, told(event, framed.at, framed.prompt.as_ref(), framed.by.as_ref(), folded));
    }

    fn stage_permission(&self, permission: &Permission, stage: &mut Stage) {
        let request = &permission.request;
        let event = envelope(EventType::PermissionRequest, permission.seq, self.with_session(json!(request)));
        let (prompt, by) = (permission.prompt.as_ref(), permission.by.as_ref());
        stage.put(permission.seq, told(event, permission.asked_at, prompt, by, Folded::default()));
        if let (Some(vote), Some((seq, at))) = (&permission.progress, permission.progress_at) {
            let event = envelope(EventType::PermissionPartialVote, seq, self.with_session(json!(vote)));
            stage.put(seq, told(event, at, prompt, by, Folded::default()));
        }
        let PermissionState::Resolved(resolution) = &permission.state else { return };
        let data = without_nulls(json!({
            "requestId": request.request_id,
            "outcome": resolution.outcome,
            "voterClientId": resolution.voter,
        }));
        let kind = if resolution.late { EventType::PermissionAlreadyResolved } else { EventType::PermissionResolved };
        let (event, at) = (envelope(kind, resolution.seq, data), resolution.at);
        let told_as = &resolution.told;
        stage.put(resolution.seq, told(event, at, told_as.prompt.as_ref(), told_as.by.as_ref(), Folded::default()));
    }

    fn stage_shell(&self, entry: &Entry, run: &ShellRun, stage: &mut Stage) {
        let mut put = |place: Option<(Seq, Option<Millis>)>, kind: EventType, data: Value| {
            let Some((seq, at)) = place else { return };
            let event = envelope(kind, seq, without_nulls(data));
            stage.put(seq, told(event, at, entry.prompt.as_ref(), entry.by.as_ref(), until(entry)));
        };
        put(
            run.named_at,
            EventType::UserShellCommand,
            self.with_session(json!({"command": run.command, "cwd": run.cwd})),
        );
        let output = Map::from_iter([
            ("sessionUpdate".to_owned(), json!("shell_output")),
            ("output".to_owned(), json!(run.output)),
        ]);
        let source = Map::from_iter([("source".to_owned(), json!("user-shell"))]);
        put(run.output_at, EventType::SessionUpdate, self.update_data(output, source));
        put(run.ended_at, EventType::UserShellResult, self.with_session(json!(run.result)));
    }

    fn with_session(&self, mut data: Value) -> Value {
        if let (Value::Object(fields), Some(session)) = (&mut data, &self.session_id) {
            fields.insert("sessionId".to_owned(), session.as_str().into());
        }
        data
    }
}

fn stage_at_entry(entry: &Entry, kind: EventType, data: Value, stage: &mut Stage) {
    stage.put(entry.id.0, of_entry(entry, envelope(kind, entry.id.0, data), until(entry)));
}

fn of_entry(entry: &Entry, event: Envelope, folded: Folded) -> Envelope {
    let by: Option<&ClientId> = entry.by.as_ref();
    told(event, entry.at, entry.prompt.as_ref(), by, folded)
}

/// The mark for an entry that went on after its first event.
fn until(entry: &Entry) -> Folded {
    Folded { until: entry.until.filter(|_| entry.until != entry.at), ..Folded::default() }
}

fn lane_meta(entry: &Entry) -> Map<String, Value> {
    let parent = entry.parent.as_ref().map(|parent| ("parentToolCallId".to_owned(), parent.as_str().into()));
    Map::from_iter(parent)
}
