//! Whether a call runs, is refused, or is put before the user.

mod command;
mod options;
mod pattern;
mod rule;
mod script;

use std::path::Path;

use self::{command::Effect, rule::Effective};
pub(crate) use self::{
    options::{Answer, Scope, options},
    rule::{Rule, Rules},
};
use crate::{
    mode::Mode,
    tool::Access,
    workspace::{Workspace, resolve},
};

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allow,
    /// The user decides. `by_rule`: a rule demands the question, so no answer can be permanent.
    Ask {
        by_rule: bool,
    },
    /// Refused, with the words for the model.
    Deny(String),
}

const PLAN_MODE: &str = "Plan mode is on: nothing may be changed. Look around with the reading tools, then present your \
                         plan as text; the user leaves plan mode when it is good.";

/// Judges one call. Deny rules hold in every mode, and an ask rule holds in all but yolo.
pub(crate) fn judge(tool: &str, access: &Access, mode: Mode, rules: &Rules, workspace: &Workspace) -> Verdict {
    let by_rule = rules.effective(tool, access, workspace);
    if let Effective::Deny(rule) = by_rule {
        return Verdict::Deny(format!("The permission rule `{rule}` forbids this call."));
    }
    let effect = effect(access, workspace);
    if mode == Mode::Plan {
        match effect {
            Effect::Reads => {}
            Effect::Changes => return Verdict::Deny(PLAN_MODE.to_owned()),
            Effect::Unknown => return Verdict::Ask { by_rule: true },
        }
    }
    match (by_rule, mode) {
        (_, Mode::Yolo) | (Effective::Allow, _) => Verdict::Allow,
        (Effective::Ask, _) => Verdict::Ask { by_rule: true },
        (Effective::None, _) if effect == Effect::Reads => Verdict::Allow,
        (Effective::None, Mode::AutoEdit) if matches!(access, Access::Edit(path) if !is_guarded(path)) => {
            Verdict::Allow
        }
        // Otherwise the model could give itself permission to do more.
        (Effective::None, Mode::AutoEdit) if matches!(access, Access::Edit(_)) => Verdict::Ask { by_rule: true },
        (Effective::None | Effective::Deny(_), _) => Verdict::Ask { by_rule: false },
    }
}

/// Settings, and what git runs by itself: a change there decides what may happen later.
fn is_guarded(path: &Path) -> bool {
    let path = resolve(path);
    path.components().any(|part| part.as_os_str() == ".qwen" || part.as_os_str() == ".git")
}

fn effect(access: &Access, workspace: &Workspace) -> Effect {
    match access {
        Access::Read(_) | Access::Own => Effect::Reads,
        Access::Edit(_) => Effect::Changes,
        Access::Shell { command, directory } => command::effect(command, directory, workspace),
    }
}

/// The rule an "always" answer stands for, where one can be made that is neither too wide nor useless.
pub(crate) fn always_rules(access: &Access, workspace: &Workspace) -> Vec<Rule> {
    match access {
        Access::Shell { command, directory } => command::always_rules(command, directory, workspace),
        Access::Read(_) | Access::Edit(_) | Access::Own => Vec::new(),
    }
}

/// Whether `path`, as a command line names it, stays inside the workspace.
fn is_inside(path: &str, directory: &Path, workspace: &Workspace) -> bool {
    let path = workspace.absolute(&directory.join(path).to_string_lossy());
    workspace.locate(&path).is_ok()
}

#[cfg(test)]
mod tests;
