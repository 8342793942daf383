//! What the daemon asks about a workspace, and has read again.

use std::path::{Path, PathBuf};

use agent_client_protocol as acp;
use serde_json::{Value, json};

use super::{Agent, extension::invalid};
use crate::{language, session::Session, settings::Settings};

impl Agent {
    pub(super) fn tools(&self, params: &Value) -> Result<Value, acp::Error> {
        let settings = self.settings(params)?;
        let tool = |spec: &crate::model::ToolSpec| {
            let (display, _) = self.shared.display(spec.name);
            let enabled = !settings.disables(spec.name);
            json!({"name": spec.name, "displayName": display, "description": spec.description, "enabled": enabled})
        };
        let tools: Vec<Value> = self.shared.tool_specs.iter().map(tool).collect();
        Ok(json!({"v": 1, "initialized": true, "acpChannelLive": true, "tools": tools}))
    }

    /// The models there are. `current` is the one a new session begins with.
    pub(super) fn providers(&self, params: &Value) -> Result<Value, acp::Error> {
        let mode = self.settings(params)?.approval_mode();
        let catalogue = self.shared.refresh_models();
        let mut answer = json!({"v": 1, "initialized": true, "approvalMode": mode.id()});
        let first = catalogue.first();
        answer["current"] = json!({"authType": first.provider, "modelId": first.id});
        if let Some(base_url) = &first.base_url {
            answer["current"]["baseUrl"] = json!(base_url);
        }
        answer["providers"] = catalogue.providers();
        Ok(answer)
    }

    /// Reads settings, models and context files again, for every session that is not in the middle of a turn; the others read their rules
    /// at their next prompt, as always.
    pub(super) fn reload(&self, params: &Value) -> Result<Value, acp::Error> {
        let cwd = folder(params)?;
        let changes = self.shared.reload(&cwd);
        let (mut refreshed, mut skipped) = (Vec::new(), Vec::new());
        for session in self.sessions.all() {
            if session.is_busy() {
                skipped.push(session.id.to_string());
                continue;
            }
            session.reload();
            session.take_up_models();
            refreshed.push(session.id.to_string());
        }
        Ok(json!({
            "env": {"updatedKeys": changes.env_updated, "removedKeys": changes.env_removed},
            "changedKeys": changes.keys, "sessionsRefreshed": refreshed, "sessionsSkipped": skipped,
        }))
    }

    pub(super) fn set_language(&self, session: &Session, params: &Value) -> Result<Value, acp::Error> {
        let code = params.get("language").and_then(Value::as_str).unwrap_or_default();
        let with_output = params.get("syncOutputLanguage").and_then(Value::as_bool).unwrap_or(false);
        let chosen = language::choose(&self.shared.home, &mut session.settings(), code, with_output);
        let chosen = chosen.map_err(|error| match error {
            language::LanguageError::Unknown(_) => invalid(error.to_string()),
            language::LanguageError::Settings(_) | language::LanguageError::Rule(_) => {
                acp::Error::new(acp::ErrorCode::INTERNAL_ERROR, error.to_string())
            }
        })?;
        if chosen.output.is_some() {
            self.sessions.all().iter().for_each(|session| session.read_instructions());
        }
        Ok(json!({
            "language": chosen.language, "outputLanguage": chosen.output, "refreshed": chosen.output.is_some(),
        }))
    }

    fn settings(&self, params: &Value) -> Result<Settings, acp::Error> {
        Ok(Settings::open(&self.shared.home, &folder(params)?))
    }
}

/// The workspace that is meant: `cwd`, else where this process was started.
fn folder(params: &Value) -> Result<PathBuf, acp::Error> {
    let started = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let Some(cwd) = params.get("cwd") else { return Ok(started()) };
    let cwd = cwd.as_str().map(Path::new).filter(|cwd| cwd.is_absolute());
    cwd.map(Path::to_owned).ok_or_else(|| invalid("`cwd` must be an absolute path"))
}
