//! A workspace's files, settings and rules, and the daemon's own state.

use serde::Serialize;
use serde_json::Value;

use crate::payload::readable;

/// `GET /glob`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glob {
    /// Paths, relative to the workspace.
    pub matches: Vec<String>,
    /// There are more.
    pub truncated: bool,
}

readable!(Glob { ; matches: "matches", truncated: "truncated" });

/// Where a setting or a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingScope {
    /// With the workspace, for whoever works in it.
    Workspace,
    /// With the user, for all workspaces.
    User,
}

impl SettingScope {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::User => "user",
        }
    }
}

/// `GET /workspace/settings`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    pub settings: Vec<Setting>,
}

readable!(Settings { ; settings: "settings" });

/// One setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setting {
    pub key: String,
    /// `boolean`, `enum`, `string`, `number`, or a word for something composed.
    pub kind: String,
    pub label: String,
    pub category: String,
    pub description: String,
    /// Takes effect when the agent starts anew.
    pub requires_restart: bool,
    pub default: Value,
    /// The values of an `enum`: each a value, or `{value, label}`.
    pub options: Vec<Value>,
    pub values: SettingValues,
}

readable!(Setting {
    ;
    key: "key", kind: "type", label: "label", category: "category", description: "description",
    requires_restart: "requiresRestart", default: "default", options: "options", values: "values"
});

/// What a setting is, by scope; `null` where nobody has set it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingValues {
    pub effective: Value,
    pub user: Value,
    pub workspace: Value,
}

readable!(SettingValues { ; effective: "effective", user: "user", workspace: "workspace" });

impl SettingValues {
    /// What this scope says; `null` when it says nothing.
    #[must_use]
    pub fn of(&self, scope: SettingScope) -> &Value {
        match scope {
            SettingScope::Workspace => &self.workspace,
            SettingScope::User => &self.user,
        }
    }
}

/// `GET /workspace/permissions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    pub user: ScopedRules,
    pub workspace: ScopedRules,
    pub is_trusted: bool,
}

readable!(Permissions { ; user: "user", workspace: "workspace", is_trusted: "isTrusted" });

/// The rules of one scope, and the file they stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopedRules {
    pub path: String,
    pub rules: Rules,
}

readable!(ScopedRules { ; path: "path", rules: "rules" });

/// Rules by what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
}

readable!(Rules { ; allow: "allow", ask: "ask", deny: "deny" });

/// What a rule says of the calls that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleType {
    Allow,
    Ask,
    Deny,
}

impl RuleType {
    pub const ALL: [Self; 3] = [Self::Deny, Self::Ask, Self::Allow];
}

impl Rules {
    /// The rules that say this.
    #[must_use]
    pub fn of(&self, kind: RuleType) -> &[String] {
        match kind {
            RuleType::Allow => &self.allow,
            RuleType::Ask => &self.ask,
            RuleType::Deny => &self.deny,
        }
    }
}

impl Permissions {
    /// The rules of one scope.
    #[must_use]
    pub fn of(&self, scope: SettingScope) -> &ScopedRules {
        match scope {
            SettingScope::Workspace => &self.workspace,
            SettingScope::User => &self.user,
        }
    }
}

/// `GET /workspace/providers`, as far as a model is chosen by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Providers {
    pub providers: Vec<Provider>,
}

readable!(Providers { ; providers: "providers" });

/// A provider with its models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    pub models: Vec<ProviderModel>,
}

readable!(Provider { ; models: "models" });

/// A model that a session can be begun with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderModel {
    pub model_id: String,
    pub name: String,
    pub description: Option<String>,
    pub is_current: bool,
}

readable!(ProviderModel { ; model_id: "modelId", name: "name", description: "description", is_current: "isCurrent" });
