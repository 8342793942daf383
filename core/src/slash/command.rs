//! A command as the page knows it.

use super::{Action, Hint, walk::Node};

/// Where a command comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `builtin-command`, also what a page performs itself.
    Builtin,
    /// `bundled-skill`
    BundledSkill,
    /// `skill-dir-command`: a user's or a project's skill or command file.
    SkillDir,
    /// `plugin-command`: an extension's.
    Plugin,
    /// `mcp-prompt`
    McpPrompt,
    /// One this build does not know.
    Other(String),
}

impl From<&str> for Source {
    fn from(name: &str) -> Self {
        match name {
            "" | "builtin-command" => Self::Builtin,
            "bundled-skill" => Self::BundledSkill,
            "skill-dir-command" => Self::SkillDir,
            "plugin-command" => Self::Plugin,
            "mcp-prompt" => Self::McpPrompt,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// The three groups of a palette. In order of precedence between equally good matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    System,
    Custom,
    Skill,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Without the slash.
    pub name: String,
    pub description: String,
    /// What may follow the name.
    pub hint: Hint,
    /// Text may follow the name even where no hint says what.
    pub accepts_input: bool,
    /// Other names it answers to.
    pub aliases: Vec<String>,
    pub subcommands: Vec<Subcommand>,
    pub source: Source,
    /// The source in the agent's words, such as `Plugin: git-tools`.
    pub source_label: String,
    pub category: Category,
    /// What the page does for it, when it is the page's to do.
    pub action: Option<Action>,
    /// An agent answers it too.
    pub advertised: bool,
    /// Loses something: never run because it was the best guess.
    pub destructive: bool,
}

impl Command {
    /// The name and every alias.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// Nothing can follow the name.
    #[must_use]
    pub fn takes_nothing(&self) -> bool {
        !self.accepts_input && self.hint.is_empty() && self.subcommands.is_empty()
    }
}

/// A word that continues a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subcommand {
    pub name: String,
    pub description: String,
    pub hint: Hint,
    pub subcommands: Vec<Subcommand>,
}

impl Subcommand {
    /// A subcommand of which only the name is known.
    #[must_use]
    pub fn bare(name: &str) -> Self {
        Self { name: name.to_owned(), description: String::new(), hint: Hint::default(), subcommands: Vec::new() }
    }
}

impl Node for Subcommand {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    fn subcommands(&self) -> &[Self] {
        &self.subcommands
    }
}
