//! How the daemon is: what is wrong with it first, then its numbers.

use roost_core::Millis;
use serde_json::Value;

use super::{reading, wrong};
use crate::{
    dom::{El, dd, div, dl, dt, h3, li, section, strong, ul},
    store::Store,
    words::{duration, words},
};

/// How a value is said.
#[derive(Clone, Copy)]
enum Say {
    Text,
    Count,
    Length,
    Bytes,
    /// A count whose absence means that there is no bound.
    Bound,
}

pub(in crate::parts) fn daemon(store: Store) -> El {
    let is_here = move || store.panels.status.with(Option::is_some);
    div().class("inside").child((wrong(store), reading(store, is_here), move || {
        let status = store.panels.status.get()?;
        Some((
            issues(&status),
            table(words().daemon_runs, &status, RUNS),
            table(words().daemon_limits, &status, LIMITS),
        ))
    }))
}

const RUNS: &[(&str, Say)] = &[
    ("/daemon/qwenCodeVersion", Say::Text),
    ("/daemon/workspaceCwd", Say::Text),
    ("/daemon/uptimeMs", Say::Length),
    ("/runtime/sessions/active", Say::Count),
    ("/runtime/activity/activePrompts", Say::Count),
    ("/runtime/activity/queuedPrompts", Say::Count),
    ("/runtime/permissions/pending", Say::Count),
    ("/runtime/transport/restSseActive", Say::Count),
    ("/runtime/process/rss", Say::Bytes),
];

const LIMITS: &[(&str, Say)] = &[
    ("/limits/maxSessions", Say::Bound),
    ("/limits/maxTotalSessions", Say::Bound),
    ("/limits/maxPendingPromptsPerSession", Say::Bound),
    ("/limits/listenerMaxConnections", Say::Bound),
    ("/limits/promptDeadlineMs", Say::Length),
    ("/limits/writerIdleTimeoutMs", Say::Length),
    ("/limits/sessionIdleTimeoutMs", Say::Length),
];

fn issues(status: &Value) -> El {
    let issues = status["issues"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |issue: &Value, name: &str| issue[name].as_str().unwrap_or_default().to_owned();
    let lines =
        issues.iter().map(|issue| li().attr("data-severity", text(issue, "severity")).child(text(issue, "message")));
    let state = status["status"].as_str().unwrap_or_default();
    section()
        .class("issues")
        .attr("data-status", state.to_owned())
        .child((strong().child(words().daemon_is(state)), ul().child(lines.collect::<Vec<_>>())))
}

fn table(title: &'static str, status: &Value, rows: &'static [(&str, Say)]) -> El {
    let pairs = rows.iter().filter_map(|(pointer, say)| {
        let value = said(status.pointer(pointer)?, *say)?;
        let name = pointer.rsplit('/').next().unwrap_or_default();
        Some((dt().child(words().daemon_fact(name)), dd().child(value)))
    });
    section().child((h3().child(title), dl().child(pairs.collect::<Vec<_>>())))
}

fn said(value: &Value, say: Say) -> Option<String> {
    match say {
        Say::Text => value.as_str().map(ToOwned::to_owned),
        Say::Count => value.as_u64().map(|number| number.to_string()),
        Say::Length => {
            Some(value.as_u64().map_or_else(|| words().unbounded.to_owned(), |length| duration(Millis(length))))
        }
        Say::Bytes => value.as_u64().map(|bytes| format!("{} MB", bytes / 1_000_000)),
        Say::Bound => Some(value.as_u64().map_or_else(|| words().unbounded.to_owned(), |bound| bound.to_string())),
    }
}
