//! What a daemon says about itself.

use std::fmt;

use serde::Serialize;

use crate::payload::readable;

/// `GET /health`. The counts are there when they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`, or `degraded` in a 503.
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_prompts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_permissions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connected_clients: Option<u64>,
}

readable!(Health {
    ;
    status: "status", sessions: "sessions", active_prompts: "activePrompts", pending_permissions:
    "pendingPermissions", connected_clients: "connectedClients"
});

/// `GET /capabilities`, as far as a client decides by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    pub qwen_code_version: String,
    pub features: Vec<String>,
    /// The primary workspace.
    pub workspace_cwd: String,
    /// All workspaces, the primary one first.
    pub workspaces: Vec<Workspace>,
}

readable!(Capabilities {
    ;
    qwen_code_version: "qwenCodeVersion", features: "features", workspace_cwd: "workspaceCwd", workspaces:
    "workspaces"
});

/// A folder that the daemon serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub id: String,
    /// Absolute.
    pub cwd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub primary: bool,
    pub trusted: bool,
    /// It was registered while the daemon ran, and can be taken out again.
    pub removable: bool,
}

readable!(Workspace {
    ;
    id: "id", cwd: "cwd", display_name: "displayName", primary: "primary", trusted: "trusted", removable:
    "removable"
});

impl Workspace {
    /// What it is called: its own name, or the last part of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        let last = || self.cwd.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
        self.display_name.as_deref().filter(|name| !name.is_empty()).or_else(last).unwrap_or(&self.cwd)
    }
}

impl Capabilities {
    /// Whether the daemon advertises `tag`. What is not advertised is not offered.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.features.iter().any(|feature| feature == tag)
    }
}

/// `POST /auth/exchange`: this device's own bearer.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    pub token: String,
}

readable!(Credential { token: "token"; });

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}
