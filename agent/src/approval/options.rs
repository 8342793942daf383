//! The question put before the user, and what an answer means.

use serde_json::{Value, json};

use super::{Rule, always_rules};
use crate::{tool::Access, workspace::Workspace};

/// Where a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Project,
    User,
}

/// What the user answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Once,
    /// This and every further edit of the session.
    AllEdits,
    /// From now on, by these rules.
    Always(Scope, Vec<Rule>),
    Cancel,
}

impl Answer {
    /// Whether the answer is possible in a trusted folder only.
    pub(crate) fn needs_trust(&self) -> bool {
        match self {
            Self::AllEdits | Self::Always(Scope::Project, _) => true,
            Self::Always(Scope::User, _) | Self::Once | Self::Cancel => false,
        }
    }
}

/// The options of a question, each with what it means, in the order they are shown.
pub(crate) fn options(access: &Access, by_rule: bool, workspace: &Workspace) -> Vec<(Value, Answer)> {
    let mut options = Vec::new();
    match access {
        Access::Edit(_) if !by_rule => {
            options.push((option("proceed_always", "allow_always", "Allow All Edits"), Answer::AllEdits));
        }
        Access::Shell { .. } if !by_rule => {
            let rules = always_rules(access, workspace);
            if !rules.is_empty() {
                let scope = rules.iter().map(Rule::scope).collect::<Vec<_>>().join(", ");
                let project = format!("Always Allow in project: {scope}");
                let user = format!("Always Allow for user: {scope}");
                let project = option("proceed_always_project", "allow_always", &project);
                options.push((project, Answer::Always(Scope::Project, rules.clone())));
                options
                    .push((option("proceed_always_user", "allow_always", &user), Answer::Always(Scope::User, rules)));
            }
        }
        Access::Read(_) | Access::Edit(_) | Access::Shell { .. } | Access::Own => {}
    }
    options.push((option("proceed_once", "allow_once", "Allow"), Answer::Once));
    options.push((option("cancel", "reject_once", "Reject"), Answer::Cancel));
    options
}

fn option(id: &str, kind: &str, name: &str) -> Value {
    json!({"optionId": id, "name": name, "kind": kind})
}
