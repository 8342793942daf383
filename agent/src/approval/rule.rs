//! Permission rules: `Tool` or `Tool(specifier)` in three lists, deny before ask before allow.

use std::{fmt, path::Path};

use super::{
    command, pattern,
    script::{Script, Simple},
};
use crate::{
    tool::Access,
    workspace::{Workspace, resolve},
};

/// One rule, as it stands in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    text: String,
    target: Target,
    specifier: Option<String>,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Shell,
    /// Reading, searching and listing.
    Read,
    /// Editing and writing.
    Edit,
    /// A tool by its own name.
    Named(String),
}

/// The three lists. The user's and the project's are merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) deny: Vec<Rule>,
    pub(crate) ask: Vec<Rule>,
    pub(crate) allow: Vec<Rule>,
}

/// What the rules say about a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effective {
    /// By this rule.
    Deny(String),
    Ask,
    Allow,
    None,
}

/// How a rule is used: allowing needs a match on every path to the file, forbidding on any.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Allow,
    Restrict,
}

impl Rule {
    /// Reads a rule. `None` for one without its closing bracket.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (name, specifier) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')')?.trim())),
            None => (text, None),
        };
        let target = match name {
            "" => return None,
            "Bash" | "Shell" | "run_shell_command" => Target::Shell,
            "Read" | "ReadFile" | "read_file" => Target::Read,
            "Edit" | "edit" => Target::Edit,
            "Write" | "WriteFile" => Target::Named("write_file".to_owned()),
            "Grep" | "SearchFiles" => Target::Named("grep_search".to_owned()),
            "Glob" | "FindFiles" => Target::Named("glob".to_owned()),
            "ListFiles" | "ReadFolder" => Target::Named("list_directory".to_owned()),
            "TodoList" | "TodoWrite" => Target::Named("todo_write".to_owned()),
            other => Target::Named(other.to_owned()),
        };
        let specifier = specifier.filter(|specifier| !specifier.is_empty()).map(str::to_owned);
        Some(Self { text: text.to_owned(), target, specifier })
    }

    /// `Bash(pattern)`.
    pub(super) fn command(pattern: &str) -> Self {
        Self { text: format!("Bash({pattern})"), target: Target::Shell, specifier: Some(pattern.to_owned()) }
    }

    /// What is in the brackets, for people.
    pub(crate) fn scope(&self) -> &str {
        self.specifier.as_deref().unwrap_or(&self.text)
    }

    fn covers_tool(&self, tool: &str) -> bool {
        match &self.target {
            Target::Shell => tool == "run_shell_command",
            Target::Read => matches!(tool, "read_file" | "grep_search" | "glob" | "list_directory"),
            Target::Edit => matches!(tool, "edit" | "write_file"),
            Target::Named(name) => name == tool,
        }
    }

    fn covers_path(&self, path: &Path, purpose: Purpose, workspace: &Workspace) -> bool {
        let Some(pattern) = &self.specifier else { return true };
        let here = pattern::path_matches(pattern, path, workspace);
        let real = resolve(path);
        let there = if real == path { here } else { pattern::path_matches(pattern, &real, workspace) };
        match purpose {
            Purpose::Allow => here && there,
            Purpose::Restrict => here || there,
        }
    }

    fn covers_command(&self, command: &Simple) -> bool {
        self.target == Target::Shell
            && self.specifier.as_ref().is_none_or(|pattern| pattern::command_matches(pattern, &command.text()))
    }

    /// Covers every command line there is.
    fn covers_every_command(&self) -> bool {
        self.target == Target::Shell && self.specifier.as_deref().is_none_or(|pattern| pattern == "*")
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Rules {
    pub(super) fn effective(&self, tool: &str, access: &Access, workspace: &Workspace) -> Effective {
        match access {
            Access::Shell { command, directory } => self.for_line(command, directory, workspace),
            Access::Read(path) | Access::Edit(path) => {
                self.decide(|rule, purpose| rule.covers_tool(tool) && rule.covers_path(path, purpose, workspace))
            }
            Access::Own => self.decide(|rule, _| rule.covers_tool(tool)),
        }
    }

    fn decide(&self, covers: impl Fn(&Rule, Purpose) -> bool) -> Effective {
        if let Some(rule) = self.deny.iter().find(|rule| covers(rule, Purpose::Restrict)) {
            return Effective::Deny(rule.to_string());
        }
        if self.ask.iter().any(|rule| covers(rule, Purpose::Restrict)) {
            return Effective::Ask;
        }
        if self.allow.iter().any(|rule| covers(rule, Purpose::Allow)) { Effective::Allow } else { Effective::None }
    }

    /// The strictest of what is said about the parts of the line.
    fn for_line(&self, line: &str, directory: &Path, workspace: &Workspace) -> Effective {
        let script = Script::parse(line);
        let mut is_ask = false;
        let mut unspoken = 0;
        let mut allowed = 0;
        for part in &script.commands {
            let files = command::touched(part, directory, workspace);
            for verdict in files.iter().map(|access| self.for_file(access, workspace)) {
                match verdict {
                    Effective::Deny(rule) => return Effective::Deny(rule),
                    Effective::Ask => is_ask = true,
                    Effective::Allow | Effective::None => {}
                }
            }
            let leads_outside = command::writes_outside(part, directory, workspace);
            match self.decide(|rule, _| rule.covers_command(part)) {
                Effective::Deny(rule) => return Effective::Deny(rule),
                Effective::Ask => is_ask = true,
                Effective::Allow if !leads_outside => allowed += 1,
                Effective::Allow | Effective::None if command::reads(part, directory, workspace) => {}
                Effective::Allow | Effective::None => unspoken += 1,
            }
        }
        let for_all = self.allow.iter().any(Rule::covers_every_command);
        if is_ask {
            Effective::Ask
        } else if for_all || (unspoken == 0 && allowed > 0 && !script.is_opaque) {
            Effective::Allow
        } else {
            Effective::None
        }
    }

    /// What the file rules say about a file that a command line touches.
    fn for_file(&self, access: &Access, workspace: &Workspace) -> Effective {
        match access {
            Access::Read(_) => self.effective("read_file", access, workspace),
            Access::Edit(_) => self.effective("edit", access, workspace),
            Access::Shell { .. } | Access::Own => Effective::None,
        }
    }
}
