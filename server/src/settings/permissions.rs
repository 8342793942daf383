//! The permission rules in the files, and what of them holds.

use roost_core::settings::lookup;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Change, Layers, SaveError, Scope, Settings};

/// Rules a list may have.
const MAX_RULES: usize = 1_000;
/// Longest rule, in bytes.
const MAX_RULE_BYTES: usize = 4_096;

/// Which of the three lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    Allow,
    Ask,
    Deny,
}

/// The three lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleSet {
    pub allow: Vec<String>,
    pub ask: Vec<String>,
    pub deny: Vec<String>,
}

/// What the files say, and what holds.
#[derive(Clone, Debug)]
pub struct PermissionRules {
    pub user: RuleSet,
    /// Empty where the folder is not trusted.
    pub workspace: RuleSet,
    /// What is in force: of what the workspace's own file allows, only what the user has allowed here.
    pub merged: RuleSet,
    pub is_trusted: bool,
}

/// Why a list of rules is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRules {
    #[error("rules must be an array")]
    NoList,
    #[error("rules must contain only non-empty strings")]
    NoText,
    #[error("rules must be at most {MAX_RULES}, each at most {MAX_RULE_BYTES} bytes long")]
    TooMuch,
    #[error("Malformed permission rule: {0}")]
    Malformed(String),
}

impl RuleKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }

    #[must_use]
    pub fn read(value: Option<&Value>) -> Option<Self> {
        match value?.as_str()? {
            "allow" => Some(Self::Allow),
            "ask" => Some(Self::Ask),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }
}

impl RuleSet {
    fn of(values: &Map<String, Value>) -> Self {
        let list = |kind: RuleKind| {
            let rules = lookup(values, &key(kind)).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            rules.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self { allow: list(RuleKind::Allow), ask: list(RuleKind::Ask), deny: list(RuleKind::Deny) }
    }
}

impl PermissionRules {
    /// Reads a client's list: trimmed, each rule once, in order.
    ///
    /// # Errors
    /// It is not a list of `Tool` or `Tool(specifier)`.
    pub fn parse(value: Option<&Value>) -> Result<Vec<String>, InvalidRules> {
        let list = value.and_then(Value::as_array).ok_or(InvalidRules::NoList)?;
        let mut rules: Vec<String> = Vec::new();
        for rule in list {
            let rule = rule.as_str().map(str::trim).filter(|rule| !rule.is_empty()).ok_or(InvalidRules::NoText)?;
            if list.len() > MAX_RULES || rule.len() > MAX_RULE_BYTES {
                return Err(InvalidRules::TooMuch);
            }
            if !is_well_formed(rule) {
                return Err(InvalidRules::Malformed(rule.to_owned()));
            }
            if !rules.iter().any(|known| known == rule) {
                rules.push(rule.to_owned());
            }
        }
        Ok(rules)
    }
}

impl Settings {
    /// The rules as they are now.
    #[must_use]
    pub fn permission_rules(&self) -> PermissionRules {
        let layers = self.read();
        let approved = RuleSet::of(&self.0.approved.values(&mut self.damaged())).allow;
        let mut merged = layers.clone();
        if let Some(Value::Array(allow)) =
            merged.workspace.get_mut("permissions").and_then(|rules| rules.get_mut("allow"))
        {
            allow.retain(|rule| rule.as_str().is_some_and(|rule| approved.iter().any(|known| known == rule)));
        }
        PermissionRules {
            user: RuleSet::of(&layers.user),
            workspace: RuleSet::of(&layers.of(Scope::Workspace)),
            merged: RuleSet::of(&Layers::effective(&merged)),
            is_trusted: layers.trust.is_trusted(),
        }
    }

    /// Replaces one list. What a user allows in a workspace is allowed here for good: it is noted outside the project, too, because
    /// what the project's own file allows counts for nothing by itself.
    ///
    /// # Errors
    /// A file cannot be written. Then the rules have not become laxer.
    pub fn set_rules(&self, scope: Scope, kind: RuleKind, rules: &[String]) -> Result<(), SaveError> {
        let change = [Change::set(key(kind), rules.into())];
        let is_approval = scope == Scope::Workspace && kind == RuleKind::Allow;
        self.write(scope, &change)?;
        if is_approval {
            self.0.approved.write(&change)?;
        }
        Ok(())
    }
}

fn key(kind: RuleKind) -> String {
    format!("permissions.{}", kind.as_str())
}

/// `Tool` or `Tool(specifier)`.
fn is_well_formed(rule: &str) -> bool {
    let has_name = |name: &str| !name.trim().is_empty() && !name.contains(')');
    let is_plain = !rule.chars().any(char::is_control);
    is_plain
        && match rule.split_once('(') {
            None => has_name(rule),
            Some((name, rest)) => has_name(name) && rest.ends_with(')'),
        }
}
