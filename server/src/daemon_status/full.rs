//! The long version: session by session, connection by connection, and what the primary workspace says of itself.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use roost_core::Millis;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{App, acp::ConnectionStatus, driver::LiveSession, routes};

/// How long a section may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What only the full report has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Full {
    sessions: Vec<SessionStatus>,
    acp_connections: Vec<ConnectionStatus>,
    /// What the workspace's status routes say, by their names.
    pub(super) workspace: BTreeMap<&'static str, Section>,
    auth: Auth,
}

/// What one of the workspace's status routes says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Section {
    /// The worst of its cells; `unavailable` where it could not be told.
    status: &'static str,
    duration_ms: u64,
    /// Its booleans, and the lengths of its lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<SectionError>,
}

/// Why a section is missing.
#[derive(Debug, Serialize)]
pub struct SectionError {
    /// `timeout` or `error`.
    pub kind: &'static str,
    pub message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionStatus {
    session_id: String,
    workspace_cwd: String,
    /// ISO 8601.
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    client_count: usize,
    subscriber_count: usize,
    attach_count: usize,
    pending_prompt_count: usize,
    pending_permission_count: usize,
    has_active_prompt: bool,
    last_event_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_model_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_approval_mode: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Auth {
    supported_device_flow_providers: Vec<String>,
    pending_device_flow_count: usize,
}

impl Full {
    pub(super) async fn of(app: &Arc<App>) -> Self {
        let live = app.workspaces.all().into_iter().flat_map(|workspace| workspace.sessions.all());
        let mut sessions: Vec<SessionStatus> = live.map(|live| SessionStatus::of(&live)).collect();
        sessions.sort_by(|a, b| a.session_id.cmp(&b.session_id));
        let asked = routes::status_sections().into_iter().map(|name| async move { (name, section(app, name).await) });
        Self {
            sessions,
            acp_connections: app.acp.connections(),
            workspace: join_all(asked).await.into_iter().collect(),
            auth: Auth {
                supported_device_flow_providers: app.sign_ins.providers().map(str::to_owned).collect(),
                pending_device_flow_count: app.sign_ins.pending().len(),
            },
        }
    }
}

impl SessionStatus {
    fn of(live: &LiveSession) -> Self {
        let status = live.machine().status();
        let (subscriber_count, last_event_id) = {
            let bus = live.stream.bus();
            (bus.subscriber_count(), bus.last_event_id())
        };
        Self {
            session_id: live.id.to_string(),
            workspace_cwd: live.cwd.display().to_string(),
            created_at: live.created_at.to_iso(),
            display_name: status.display_name.map(|name| name.as_str().to_owned()),
            client_count: status.client_count,
            subscriber_count,
            attach_count: status.attach_count,
            pending_prompt_count: status.pending_prompt_count,
            pending_permission_count: status.pending_interactions.len(),
            has_active_prompt: status.has_active_prompt,
            last_event_id,
            last_seen_at: status.last_seen_at,
            current_model_id: status.current_model_id.map(Into::into),
            current_approval_mode: status.current_approval_mode.map(Into::into),
        }
    }
}

async fn section(app: &Arc<App>, name: &'static str) -> Section {
    let started = Instant::now();
    let asked = tokio::time::timeout(PATIENCE, routes::ask(app, &format!("/workspace/{name}"))).await;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let failed = |kind, message| Section {
        status: "unavailable",
        duration_ms,
        summary: None,
        data: None,
        error: Some(SectionError { kind, message }),
    };
    match asked {
        Ok(Ok(data)) => {
            Section { status: worst(&data), duration_ms, summary: Some(summary(&data)), data: Some(data), error: None }
        }
        Ok(Err(error)) => failed("error", error),
        Err(_) => failed("timeout", format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// `error` or `warning` if a cell is that bad, else `ok`.
fn worst(data: &Value) -> &'static str {
    let cells = ["cells", "errors", "servers", "budgets"].iter().filter_map(|list| data[*list].as_array()).flatten();
    let statuses: Vec<&str> = cells.filter_map(|cell| cell["status"].as_str()).collect();
    ["error", "warning"].into_iter().find(|status| statuses.contains(status)).unwrap_or("ok")
}

fn summary(data: &Value) -> Map<String, Value> {
    let members = data.as_object().into_iter().flatten().filter_map(|(name, value)| match value {
        Value::Bool(_) => Some((name.clone(), value.clone())),
        Value::Array(list) => Some((format!("{name}Count"), json!(list.len()))),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    });
    members.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_as_bad_as_its_worst_cell_and_its_lists_are_counted() {
        let cell = |status: &str| json!({"kind": "x", "status": status});
        for (cells, expected) in [
            (vec!["ok", "not_started", "disabled"], "ok"),
            (vec!["ok", "warning"], "warning"),
            (vec!["warning", "error", "ok"], "error"),
        ] {
            let data = json!({"v": 1, "initialized": true, "cells": cells.into_iter().map(cell).collect::<Vec<_>>()});
            assert_eq!(worst(&data), expected);
            assert!(summary(&data)["cellsCount"].is_u64() && summary(&data)["initialized"] == true, "{data}");
            assert_eq!(summary(&data).len(), 2);
        }
    }
}
