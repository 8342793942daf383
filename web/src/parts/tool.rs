//! A tool call: one line with its name, target, state and time; opened, what went in and what came out.

use crate::leptos::{ev, prelude::*};
use roost_core::{
    Millis,
    payload::{ToolKind, ToolStatus},
    transcript::{Body, Entry, Permission, PermissionState, ToolCall},
};
use serde_json::Value;

use super::{
    diff::{self, diff},
    dock::facts,
    icon::{self, classed},
    markdown::visible,
};
use crate::{
    dom::{Content, button, code, del, div, ins, p, pre, span},
    store::{Command, RowKey, Store, derived},
    words::{duration, words},
};

/// What the closed line says.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    state: State,
    name: String,
    target: String,
    says: String,
    took: String,
    counts: Option<(usize, usize)>,
    error: Option<String>,
    has_diff: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    /// The turn ended before it did.
    Stopped,
    Done,
    Failed,
}

/// The card. Edits are open from the start: a change is shown without asking.
pub(crate) fn tool(store: Store, row: RowKey) -> impl Content {
    let line = derived(move || {
        let busy = store.talk.busy.get();
        store.talk.read(row, |entry| line_of(entry, busy))
    });
    let open = derived(move || {
        store.talk.is_open(row).unwrap_or_else(|| {
            line.with(|line| line.as_ref().is_some_and(|line| line.has_diff && line.state == State::Done))
        })
    });
    let body_id = format!("tool-{}-{}", row.entry.0.event, row.entry.0.nth);
    let controls = body_id.clone();
    let state = move || line.with(|line| line.as_ref().map_or(State::Running, |line| line.state));
    let text = move |of: fn(&Line) -> &str| move || line.with(|line| line.as_ref().map(|line| of(line).to_owned()));
    let counts = move || {
        let (added, cut) = line.with(|line| line.as_ref()?.counts)?;
        let added = (added > 0).then(|| ins().child(format!("+{added}")));
        let cut = (cut > 0).then(|| del().child(format!("−{cut}")));
        Some(span().class("count").child((added, " ", cut)))
    };
    let error = move || Some(p().class("first-error").child(visible(&line.with(|line| line.as_ref()?.error.clone())?)));
    let body =
        move || open.get().then(|| div().class("tool-body").id(body_id.clone()).child(store.talk.read(row, body_of)));
    div().class("tool").attr("data-state", move || state().name()).child((
        button()
            .plain()
            .class("tool-line fold")
            .attr("aria-expanded", move || open.get().to_string())
            .attr("aria-controls", controls)
            .on(ev::click, move |_| store.dispatch(Command::Fold(row, !open.get_untracked())))
            .child((
                move || classed("icon glyph", state().shape()),
                span().class("name").child(text(|line| &line.name)),
                span().class("target").child(text(|line| &line.target)),
                counts,
                span().class("state").child(text(|line| &line.says)),
                span().class("took").child(text(|line| &line.took)),
                classed("icon chevron", icon::CHEVRON),
            )),
        error,
        body,
    ))
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn shape(self) -> &'static str {
        match self {
            Self::Waiting => icon::DOTS,
            Self::Running => icon::CIRCLE,
            Self::Stopped => icon::STOP,
            Self::Done => icon::CHECK,
            Self::Failed => icon::CROSS,
        }
    }
}

fn call_of(entry: &Entry) -> Option<&ToolCall> {
    match &entry.body {
        Body::Tool(call) => Some(call),
        _ => None,
    }
}

fn line_of(entry: &Entry, busy: bool) -> Option<Line> {
    let call = call_of(entry)?;
    let state = state_of(call, busy);
    let (name, target) = name_and_target(call);
    let counts = call.diffs().map(|(_, old, new)| diff::counts(old, new)).reduce(|a, b| (a.0 + b.0, a.1 + b.1));
    Some(Line {
        state,
        says: says(call, state),
        took: took(entry, call).filter(|took| took.0 >= 100).map(duration).unwrap_or_default(),
        error: (state == State::Failed).then(|| first_error(call)).flatten(),
        has_diff: counts.is_some(),
        counts: counts.filter(|_| state != State::Failed),
        name,
        target,
    })
}

fn state_of(call: &ToolCall, busy: bool) -> State {
    match &call.status {
        ToolStatus::Completed if exit_code(call).is_some_and(|code| code != 0) => State::Failed,
        ToolStatus::Completed => State::Done,
        ToolStatus::Failed => State::Failed,
        ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_) if call.waiting().is_some() => {
            State::Waiting
        }
        // The plan itself is the result of the tool that makes it; no other news of it comes.
        ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_)
            if call.tool_name() == Some("todo_write") =>
        {
            State::Done
        }
        ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_) if !busy => State::Stopped,
        ToolStatus::Pending | ToolStatus::InProgress | ToolStatus::Unknown(_) => State::Running,
    }
}

fn says(call: &ToolCall, state: State) -> String {
    match state {
        State::Waiting => words().tool_waiting.to_owned(),
        State::Running if call.is_preparing() => words().tool_preparing.to_owned(),
        State::Running => words().tool_running.to_owned(),
        State::Stopped => words().broken_off.to_owned(),
        State::Done => call.permissions.last().and_then(answered).unwrap_or_else(|| words().tool_done.to_owned()),
        State::Failed => match (call.permissions.last().and_then(answered), exit_code(call)) {
            (Some(answer), _)
                if call.permissions.last().is_some_and(|it| it.chosen().is_none_or(|option| !option.allows())) =>
            {
                answer
            }
            (_, Some(code)) if code != 0 => words().exit(code),
            (_, _) => words().tool_failed.to_owned(),
        },
    }
}

/// How the request about this call was answered.
fn answered(permission: &Permission) -> Option<String> {
    match &permission.state {
        PermissionState::Pending => None,
        PermissionState::Orphaned => Some(words().never_answered.to_owned()),
        PermissionState::Resolved(resolution) => Some(match permission.chosen() {
            Some(option) if option.allows() => words().allowed(resolution.voter.is_some()),
            Some(_) | None => words().rejected(resolution.voter.is_some()),
        }),
    }
}

fn exit_code(call: &ToolCall) -> Option<i64> {
    call.raw_output.as_ref()?.get("exitCode")?.as_i64()
}

fn took(entry: &Entry, call: &ToolCall) -> Option<Millis> {
    let from = call.running_at.or(entry.at)?;
    Some(call.ended_at?.since(from))
}

/// What the call was made with. Some agents say it only when they ask for permission.
fn input_of(call: &ToolCall) -> Option<&Value> {
    let asked = call.permissions.iter().rev().filter_map(|permission| permission.request.tool_call.raw_input.as_ref());
    let given = |input: &&Value| input.as_object().is_some_and(|map| !map.is_empty());
    call.raw_input.as_ref().into_iter().chain(asked).find(given)
}

/// A short name, and what it is done to: the path, the command, the pattern.
fn name_and_target(call: &ToolCall) -> (String, String) {
    let input = input_of(call);
    let text = |key: &str| input.and_then(|input| input.get(key)).and_then(Value::as_str).map(ToOwned::to_owned);
    let name = match (call.tool_name(), &call.kind) {
        (Some(name), _) => words().tool_name(name).map_or_else(|| name.to_owned(), ToOwned::to_owned),
        (None, kind) => words().kind_name(kind).to_owned(),
    };
    let path = || call.locations.first().map(|location| location.path.clone());
    let known = ["command", "file_path", "absolute_path", "pattern", "path", "url", "query", "prompt"];
    let target = match call.kind {
        ToolKind::Execute => text("command"),
        _ => None,
    };
    let target = target
        .or_else(|| known.iter().find_map(|key| text(key)))
        .or_else(path)
        .unwrap_or_else(|| call.title.split_once(": ").map_or(call.title.as_str(), |(_, rest)| rest).to_owned());
    (name, one_line(&target))
}

/// Line breaks become signs, so that one line says everything.
fn one_line(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join(" ⏎ ")
}

fn first_error(call: &ToolCall) -> Option<String> {
    let shell = call.raw_output.as_ref().and_then(|output| output.get("error")?.as_str().map(ToOwned::to_owned));
    let text = shell.or_else(|| call.texts().next().map(ToOwned::to_owned))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(300).collect())
}

fn body_of(entry: &Entry) -> Option<AnyView> {
    let call = call_of(entry)?;
    let command = input_of(call).and_then(|input| input.get("command")).and_then(Value::as_str);
    // The line above says which file, if it is only one.
    let single = call.diffs().count() == 1;
    let diffs =
        call.diffs().map(|(path, old, new)| diff((!single).then_some(path), old, new, false)).collect::<Vec<_>>();
    let texts: Vec<_> = call.texts().filter(|text| !text.trim().is_empty()).map(output).collect();
    let empty = texts.is_empty() && call.diffs().next().is_none();
    let has_diff = call.diffs().next().is_some();
    Some(
        (
            command.map(|command| pre().class("output").attr("tabindex", "0").child(code().child(visible(command)))),
            (command.is_none() && !has_diff).then(|| input_of(call).map(facts)),
            diffs,
            texts,
            (empty && command.is_none()).then(|| p().class("tool-facts").child(words().no_output)),
        )
            .view(),
    )
}

/// Output is text: what a terminal would obey is shown, not obeyed.
fn output(text: &str) -> AnyView {
    let plain = super::entry::without_ansi(text);
    pre().class("output").attr("tabindex", "0").child(code().child(plain)).view()
}
