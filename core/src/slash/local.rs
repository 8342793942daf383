//! The commands a page can perform, in the order an empty palette lists them.

use super::{Action, Category, Command, Hint, Source, Subcommand};

/// One row of the table.
struct Local {
    action: Action,
    name: &'static str,
    hint: &'static str,
    description: &'static str,
    subcommands: &'static [Word],
}

/// A subcommand of a row.
struct Word {
    name: &'static str,
    hint: &'static str,
    description: &'static str,
    subcommands: &'static [Word],
}

const fn local(action: Action, name: &'static str, hint: &'static str, description: &'static str) -> Local {
    Local { action, name, hint, description, subcommands: &[] }
}

const fn word(name: &'static str, description: &'static str) -> Word {
    Word { name, hint: "", description, subcommands: &[] }
}

impl Local {
    const fn with(mut self, subcommands: &'static [Word]) -> Self {
        self.subcommands = subcommands;
        self
    }
}

impl Word {
    const fn hinted(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    const fn with(mut self, subcommands: &'static [Word]) -> Self {
        self.subcommands = subcommands;
        self
    }
}

const TABLE: &[Local] = &[
    local(Action::Help, "help", "", "Commands, keys and what they do"),
    local(Action::Model, "model", "[--fast|--voice|--vision] [<model>]", "Choose the model of this session"),
    local(Action::ApprovalMode, "approval-mode", "[<mode>]", "Choose what the agent may do without asking"),
    local(Action::Plan, "plan", "[<prompt>]", "Switch to plan mode, and send a prompt in it"),
    local(Action::New, "new", "", "Start a new session"),
    local(Action::Clear, "clear", "", "Clear the context"),
    local(Action::Clear, "reset", "", "Clear the context"),
    local(Action::Resume, "resume", "[<session-id>]", "Go on with an earlier session"),
    local(Action::Rename, "rename", "[--auto] [<name>]", "Give this session a title"),
    local(Action::Status, "status", "", "Versions, model, sign-in and session"),
    local(Action::Context, "context", "[detail]", "How full the context window is")
        .with(&[word("detail", "Item by item")]),
    local(Action::Stats, "stats", "[model|tools]", "Tokens, requests and tool calls of this session")
        .with(&[word("model", "By model"), word("tools", "By tool")]),
    local(Action::Tools, "tools", "[desc]", "The tools the agent has").with(&[word("desc", "With descriptions")]),
    local(Action::Tasks, "tasks", "", "Background tasks"),
    local(Action::Skills, "skills", "[<skill>]", "The skills the agent has"),
    local(Action::Goal, "goal", "", "A goal the agent works towards by itself"),
    local(Action::Btw, "btw", "<your question>", "Ask something aside, without adding to the conversation"),
    local(Action::Recap, "recap", "", "What has happened so far, in a line"),
    local(Action::Rewind, "rewind", "", "Go back to an earlier turn"),
    local(Action::Branch, "branch", "[<name>]", "Go on from here in a new session"),
    local(Action::Fork, "fork", "<directive>", "Give a background agent this conversation and a task"),
    local(Action::Diff, "diff", "", "What has changed in the workspace"),
    local(Action::Log, "log", "", "The workspace's commits"),
    local(Action::Copy, "copy", "[code|<lang>|latex|inline-latex] [index]", "Copy the last answer").with(&[
        word("code", "Its last code block"),
        word("latex", "Its last formula"),
        word("inline-latex", "Its last inline formula"),
    ]),
    local(Action::Theme, "theme", "[light|dark]", "Choose the colours")
        .with(&[word("light", "Dark on light"), word("dark", "Light on dark")]),
    local(Action::Language, "language", "[ui|output] [<language>]", "Choose a language").with(&[
        word("ui", "Of this page").hinted("[en|zh-CN]").with(&[word("en", "English"), word("zh-CN", "简体中文")]),
        word("output", "Of the agent's answers").hinted("<language>"),
    ]),
    local(Action::Settings, "settings", "", "Settings of the agent and of this page"),
    local(Action::Permissions, "permissions", "", "Rules for what is allowed, asked and denied"),
    local(Action::Memory, "memory", "[show|add|refresh]", "What the agent remembers").with(&[
        word("show", "Read it"),
        word("add", "Add to it").hinted("[user|global]"),
        word("refresh", "Load it again"),
    ]),
    local(Action::Mcp, "mcp", "[desc|nodesc|schema]", "MCP servers and their tools").with(&[
        word("desc", "With descriptions"),
        word("nodesc", "Names only"),
        word("schema", "With parameters"),
    ]),
    local(Action::Agents, "agents", "[manage|create]", "Sub-agents").with(&[
        word("manage", "List, edit and remove"),
        word("create", "Make one").hinted("[user|global|project|workspace]"),
    ]),
    local(Action::Extensions, "extensions", "[manage|install <source>]", "Extensions")
        .with(&[word("manage", "List, update and remove"), word("install", "Add one").hinted("<source>")]),
    local(Action::Auth, "auth", "", "Sign in to a model provider"),
    local(Action::Schedule, "schedule", "", "Prompts that run by the clock"),
    local(Action::Delete, "delete", "", "Delete a session"),
    local(Action::Release, "release", "", "Close this session and free what it holds"),
];

/// The rows whose action the page supports, as commands.
pub(super) fn commands(supported: impl Fn(Action) -> bool) -> impl Iterator<Item = Command> {
    TABLE.iter().filter(move |row| supported(row.action)).map(Local::command)
}

/// Whether a command of this name loses something, whoever performs it.
pub(super) fn is_destructive(name: &str) -> bool {
    matches!(name, "clear" | "reset" | "delete" | "rewind" | "release")
}

impl Local {
    fn command(&self) -> Command {
        Command {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            hint: Hint::parse(self.hint),
            accepts_input: !self.hint.is_empty(),
            aliases: Vec::new(),
            subcommands: self.subcommands.iter().map(Word::subcommand).collect(),
            source: Source::Builtin,
            source_label: String::new(),
            category: Category::System,
            action: Some(self.action),
            advertised: false,
            destructive: is_destructive(self.name),
        }
    }
}

impl Word {
    fn subcommand(&self) -> Subcommand {
        Subcommand {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            hint: Hint::parse(self.hint),
            subcommands: self.subcommands.iter().map(Self::subcommand).collect(),
        }
    }
}
