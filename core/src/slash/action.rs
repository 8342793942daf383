//! What a page does for a command instead of sending it to the agent.

/// Who answers a command that is not sent as a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Executor {
    /// The page: a panel, a dialog, a setting of its own.
    Page,
    /// A route of the daemon made for it.
    Daemon,
}

/// A command a page may perform. Which ones it does perform, it tells [`super::Catalogue::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    Help,
    Model,
    ApprovalMode,
    Plan,
    New,
    Clear,
    Resume,
    Rename,
    Status,
    Context,
    Stats,
    Tools,
    Tasks,
    Skills,
    Goal,
    Btw,
    Recap,
    Rewind,
    Branch,
    Fork,
    Diff,
    Log,
    Copy,
    Theme,
    Language,
    Settings,
    Permissions,
    Memory,
    Mcp,
    Agents,
    Extensions,
    Auth,
    Schedule,
    Delete,
    Release,
}

impl Action {
    #[must_use]
    pub fn executor(self) -> Executor {
        match self {
            Self::ApprovalMode
            | Self::Model
            | Self::Plan
            | Self::Btw
            | Self::Recap
            | Self::Rewind
            | Self::Branch
            | Self::Fork
            | Self::Rename
            | Self::Delete
            | Self::Release => Executor::Daemon,
            Self::Help
            | Self::New
            | Self::Clear
            | Self::Resume
            | Self::Status
            | Self::Context
            | Self::Stats
            | Self::Tools
            | Self::Tasks
            | Self::Skills
            | Self::Goal
            | Self::Diff
            | Self::Log
            | Self::Copy
            | Self::Theme
            | Self::Language
            | Self::Settings
            | Self::Permissions
            | Self::Memory
            | Self::Mcp
            | Self::Agents
            | Self::Extensions
            | Self::Auth
            | Self::Schedule => Executor::Page,
        }
    }

    /// Whether it is the page's with these arguments; the agent's otherwise.
    #[must_use]
    pub fn claims(self, args: &str) -> bool {
        let first = args.split_whitespace().next().unwrap_or_default();
        match self {
            Self::Context => matches!(args, "" | "detail" | "-d"),
            Self::Stats => matches!(args, "" | "model" | "tools"),
            Self::Goal => args.is_empty(),
            Self::Skills => matches!(args, "" | "detail"),
            Self::Status => first != "paths",
            Self::Language => matches!(first, "" | "ui"),
            Self::Rename => first != "--auto",
            // `--fast <id>`, and a prompt behind the id for one turn on that model, are the agent's.
            Self::Model => args.split_whitespace().count() < 2 || matches!(first, "--voice" | "--vision"),
            Self::Extensions => matches!(first, "" | "manage" | "install"),
            Self::Help
            | Self::ApprovalMode
            | Self::Plan
            | Self::New
            | Self::Clear
            | Self::Resume
            | Self::Tools
            | Self::Tasks
            | Self::Btw
            | Self::Recap
            | Self::Rewind
            | Self::Branch
            | Self::Fork
            | Self::Diff
            | Self::Log
            | Self::Copy
            | Self::Theme
            | Self::Settings
            | Self::Permissions
            | Self::Memory
            | Self::Mcp
            | Self::Agents
            | Self::Auth
            | Self::Schedule
            | Self::Delete
            | Self::Release => true,
        }
    }
}
