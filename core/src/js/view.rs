//! The transcript's parts as plain objects.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    ClientId, Envelope, PromptId,
    payload::{
        Command, ContentBlock, ContextUsage, HistoryTruncated, Location, Outcome, PermissionRequest, PlanEntry,
        ResyncRequired, SessionEnd, ShellResult, ToolCallId, ToolContent, TurnError, Usage,
    },
    transcript::{
        Body, Change, EndCause, Entry, EntryChange, Notice, Permission, PermissionState, QueuedPrompt, Seq, Side,
        State, Turn, TurnOutcome,
    },
};

/// The name of an entry or a turn: `event` or `event.nth`.
pub(super) fn name(seq: Seq) -> String {
    if seq.nth == 0 { seq.event.to_string() } else { format!("{}.{}", seq.event, seq.nth) }
}

/// The reverse of [`name`].
pub(super) fn seq(name: &str) -> Option<Seq> {
    let (event, nth) = name.split_once('.').unwrap_or((name, "0"));
    Some(Seq { event: event.parse().ok()?, nth: nth.parse().ok()? })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeView {
    added: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    /// What moved beside the entries.
    side: Vec<&'static str>,
}

const SIDES: &[(Side, &str)] = &[
    (Side::TURNS, "turns"),
    (Side::QUEUE, "queue"),
    (Side::PERMISSIONS, "permissions"),
    (Side::USAGE, "usage"),
    (Side::MODE, "mode"),
    (Side::MODEL, "model"),
    (Side::TITLE, "title"),
    (Side::COMMANDS, "commands"),
    (Side::FOLLOWUP, "followup"),
    (Side::END, "end"),
    (Side::RESYNC, "resync"),
    (Side::GOAL, "goal"),
    (Side::CONFIG, "config"),
    (Side::RECORDING, "recording"),
    (Side::TRUNCATION, "truncation"),
];

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let mut view = Self { added: Vec::new(), changed: Vec::new(), removed: Vec::new(), side: Vec::new() };
        for entry in &change.entries {
            let list = match entry {
                EntryChange::Added(_) => &mut view.added,
                EntryChange::Appended(_) | EntryChange::Changed(_) => &mut view.changed,
                EntryChange::Removed(_) => &mut view.removed,
            };
            list.push(name(entry.id().0));
        }
        view.side = SIDES.iter().filter(|(side, _)| change.side.contains(*side)).map(|(_, name)| *name).collect();
        view
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EntryView<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    #[serde(flatten)]
    body: BodyView<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum BodyView<'a> {
    User { blocks: Vec<&'a ContentBlock>, mid_turn: bool },
    Assistant { text: &'a str },
    Thought { text: &'a str },
    Media { content: &'a ContentBlock },
    Tool(Box<ToolView<'a>>),
    Plan { steps: &'a [PlanEntry] },
    Error { error: &'a TurnError },
    Notice { notice: &'static str, event: &'a Envelope },
    Shell { command: &'a str, cwd: &'a str, output: &'a str, result: Option<&'a ShellResult> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolView<'a> {
    tool_call_id: &'a str,
    title: &'a str,
    tool_kind: &'a str,
    status: &'a str,
    input: Option<&'a Value>,
    raw_output: Option<&'a Value>,
    locations: &'a [Location],
    content: &'a [ToolContent],
    meta: &'a Map<String, Value>,
    permissions: Vec<PermissionView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionView<'a> {
    #[serde(flatten)]
    request: &'a PermissionRequest,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Outcome>,
}

impl<'a> From<&'a Permission> for PermissionView<'a> {
    fn from(permission: &'a Permission) -> Self {
        let (state, outcome) = match &permission.state {
            PermissionState::Pending => ("pending", None),
            PermissionState::Resolved(resolution) => ("resolved", Some(&resolution.outcome)),
            PermissionState::Orphaned => ("orphaned", None),
        };
        Self { request: &permission.request, state, outcome }
    }
}

impl<'a> From<&'a Entry> for EntryView<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            id: name(entry.id.0),
            turn: entry.turn.map(|turn| name(turn.0)),
            prompt_id: entry.prompt.as_ref().map(PromptId::as_str),
            parent_tool_call_id: entry.parent.as_ref().map(ToolCallId::as_str),
            client_id: entry.by.as_ref().map(ClientId::as_str),
            at: entry.at.map(|at| at.0),
            until: entry.until.map(|until| until.0),
            body: BodyView::from(&entry.body),
        }
    }
}

impl<'a> From<&'a Body> for BodyView<'a> {
    fn from(body: &'a Body) -> Self {
        match body {
            Body::User(message) => Self::User {
                blocks: message.blocks.iter().map(|block| &block.content).collect(),
                mid_turn: message.mid_turn,
            },
            Body::Assistant(run) => Self::Assistant { text: &run.text },
            Body::Thought(run) => Self::Thought { text: &run.text },
            Body::Media(content) => Self::Media { content },
            Body::Tool(tool) => Self::Tool(Box::new(ToolView {
                tool_call_id: tool.call_id.as_str(),
                title: tool.headline(),
                tool_kind: tool.kind.as_str(),
                status: tool.status.as_str(),
                input: tool.input(),
                raw_output: tool.raw_output.as_ref(),
                locations: tool.places(),
                content: &tool.content,
                meta: &tool.meta,
                permissions: tool.permissions.iter().map(PermissionView::from).collect(),
            })),
            Body::Plan(plan) => Self::Plan { steps: &plan.steps },
            Body::Error(error) => Self::Error { error },
            Body::Notice(notice) => Self::Notice { notice: notice_name(notice), event: notice.source() },
            Body::Shell(run) => {
                Self::Shell { command: &run.command, cwd: &run.cwd, output: &run.output, result: run.result.as_ref() }
            }
        }
    }
}

fn notice_name(notice: &Notice) -> &'static str {
    match notice {
        Notice::ModeChanged(..) => "modeChanged",
        Notice::ModelSwitched(..) => "modelSwitched",
        Notice::ModelSwitchFailed(..) => "modelSwitchFailed",
        Notice::Compaction { .. } => "compaction",
        Notice::Goal(..) => "goal",
        Notice::SessionClosed(..) => "sessionClosed",
        Notice::SessionDied(..) => "sessionDied",
        Notice::RecordingDegraded(_) => "recordingDegraded",
        Notice::Event(_) => "event",
        Notice::Unknown(_) => "unknown",
        Notice::Malformed(..) => "malformed",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TurnView<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<u64>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<&'a str>,
    cancelled: bool,
    usage: &'a Usage,
}

impl<'a> From<&'a Turn> for TurnView<'a> {
    fn from(turn: &'a Turn) -> Self {
        let (outcome, stop_reason) = match &turn.outcome {
            TurnOutcome::Running => ("running", None),
            TurnOutcome::Ended { stop_reason } => ("ended", Some(&**stop_reason)),
            TurnOutcome::Failed => ("failed", None),
            TurnOutcome::Abandoned => ("abandoned", None),
        };
        Self {
            id: name(turn.id.0),
            prompt_id: turn.prompt.as_ref().map(PromptId::as_str),
            started_at: turn.started_at.map(|at| at.0),
            ended_at: turn.ended_at.map(|at| at.0),
            outcome,
            stop_reason,
            cancelled: turn.cancelled.is_some(),
            usage: &turn.usage,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueuedView<'a> {
    prompt_id: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_at: Option<u64>,
}

impl<'a> From<&'a QueuedPrompt> for QueuedView<'a> {
    fn from(queued: &'a QueuedPrompt) -> Self {
        Self { prompt_id: queued.prompt.as_str(), text: &queued.text, queued_at: queued.queued_at.map(|at| at.0) }
    }
}

/// What is true of the session now.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateView<'a> {
    mode: Option<&'a str>,
    model: Option<&'a str>,
    title: Option<&'a str>,
    available_commands: &'a [Command],
    available_skills: &'a [Box<str>],
    config_options: Option<&'a Value>,
    context: Option<&'a ContextUsage>,
    goal: Option<&'a Value>,
    followup: Option<&'a str>,
    recording_degraded: bool,
    end: Option<EndView<'a>>,
    resync: Option<&'a ResyncRequired>,
    truncation: Option<&'a HistoryTruncated>,
}

#[derive(Serialize)]
struct EndView<'a> {
    cause: &'static str,
    details: &'a SessionEnd,
}

impl<'a> From<&'a State> for StateView<'a> {
    fn from(state: &'a State) -> Self {
        Self {
            mode: state.mode.as_deref(),
            model: state.model.as_deref(),
            title: state.title.as_deref(),
            available_commands: &state.commands,
            available_skills: &state.skills,
            config_options: state.config_options.as_ref(),
            context: state.context.as_ref(),
            goal: state.goal.as_ref(),
            followup: state.followup.as_deref(),
            recording_degraded: state.recording_degraded,
            end: state.end.as_ref().map(|end| EndView { cause: cause(end.cause), details: &end.details }),
            resync: state.resync.as_ref(),
            truncation: state.truncation.as_ref(),
        }
    }
}

fn cause(cause: EndCause) -> &'static str {
    match cause {
        EndCause::SessionClosed => "session_closed",
        EndCause::SessionDied => "session_died",
        EndCause::ClientEvicted => "client_evicted",
        EndCause::StreamError => "stream_error",
    }
}
