//! Artifacts that a tool of the agent's names when it has run: `_meta.artifacts` of a `tool_call_update`.

use memchr::memmem;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{Cause, Declarer};
use crate::{
    ClientId, Millis, PromptId,
    artifact::{ArtifactWish, Look},
    session::{Session, outbox::Outbox},
};

/// The call that names them.
#[derive(Clone, Debug)]
pub(in crate::session) struct Tool {
    pub(super) call_id: Option<Box<str>>,
    pub(super) name: Option<Box<str>>,
}

/// What one call names.
#[derive(Debug)]
pub(in crate::session) struct Declared {
    tool: Tool,
    artifacts: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Params {
    update: Update,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    #[serde(default)]
    tool_call_id: Option<Box<str>>,
    #[serde(default)]
    status: Option<String>,
    #[serde(rename = "_meta")]
    meta: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    tool_name: Option<Box<str>>,
    artifacts: Vec<Value>,
}

impl Declared {
    /// Those that a tool call's last update names. Few do, so that only those are looked into.
    pub(in crate::session) fn read(params: &RawValue) -> Option<Self> {
        memmem::find(params.get().as_bytes(), br#""artifacts""#)?;
        let Params { update } = serde_json::from_str(params.get()).ok()?;
        let has_ended = matches!(update.status.as_deref(), Some("completed" | "failed" | "cancelled"));
        let objects = update.meta.artifacts.into_iter().filter_map(|artifact| match artifact {
            Value::Object(members) => Some(members),
            _ => None,
        });
        let artifacts = objects.take(Session::MAX_ARTIFACTS).collect();
        let tool = Tool { call_id: update.tool_call_id, name: update.meta.tool_name };
        has_ended.then_some(Self { tool, artifacts })
    }
}

impl Session {
    /// What is no artifact, and what a client has declared that is here, is left alone.
    pub(in crate::session) fn declare_by_tool(
        &mut self,
        now: Millis,
        declared: Declared,
        prompt: Option<PromptId>,
        client: Option<ClientId>,
        out: &mut Outbox,
    ) {
        let Declared { tool, artifacts } = declared;
        let cause = Cause { prompt, client };
        for members in artifacts {
            let Ok(wish) = ArtifactWish::read(&members) else { continue };
            if let Ok(changes) = self.put_artifact(now, Declarer::Tool(&tool), wish, &Look::None) {
                self.tell_artifacts(now, &changes, &cause, out);
            }
        }
    }
}
