//! Which commands there are, and how they are advertised.

use roost_core::slash::Node;
use serde_json::{Value, json};

/// A command and its subcommands.
#[derive(Debug)]
pub(super) struct Command {
    name: &'static str,
    aliases: &'static [&'static str],
    description: &'static str,
    /// What may follow the name, as a person would be told; none where that is said by the subcommands alone, or nothing may.
    hint: Option<&'static str>,
    pub(super) run: Run,
    subcommands: &'static [Command],
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    Status,
    StatusPaths,
    Stats,
    StatsModel,
    StatsTools,
    Context,
    ContextDetail,
    Clear,
    Auth,
    Init,
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "status",
        aliases: &["about"],
        description: "Show version, model and session",
        hint: None,
        run: Run::Status,
        subcommands: &[leaf("paths", "Show where the session is recorded", Run::StatusPaths)],
    },
    Command {
        name: "stats",
        aliases: &["usage"],
        description: "Show what this session has used",
        hint: Some("[model|tools]"),
        run: Run::Stats,
        subcommands: &[
            leaf("model", "Tokens by model", Run::StatsModel),
            leaf("tools", "Calls by tool", Run::StatsTools),
        ],
    },
    Command {
        name: "context",
        aliases: &[],
        description: "Show how full the model's context is",
        hint: None,
        run: Run::Context,
        subcommands: &[leaf("detail", "Item by item", Run::ContextDetail)],
    },
    Command {
        name: "clear",
        aliases: &["reset", "new"],
        description: "Forget the conversation and start anew",
        hint: None,
        run: Run::Clear,
        subcommands: &[],
    },
    Command {
        name: "auth",
        aliases: &["connect", "login"],
        description: "Show how to connect a model",
        hint: None,
        run: Run::Auth,
        subcommands: &[],
    },
    Command {
        name: "init",
        aliases: &[],
        description: "Have the model write a QWEN.md for this project",
        hint: None,
        run: Run::Init,
        subcommands: &[],
    },
];

const fn leaf(name: &'static str, description: &'static str, run: Run) -> Command {
    Command { name, aliases: &[], description, hint: None, run, subcommands: &[] }
}

impl Node for Command {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().copied()
    }

    fn subcommands(&self) -> &[Self] {
        self.subcommands
    }
}

/// The commands as `available_commands_update` carries them.
pub(crate) fn advertised() -> Vec<Value> {
    COMMANDS.iter().map(Command::advertised).collect()
}

impl Command {
    fn advertised(&self) -> Value {
        let subcommands: Vec<&str> = self.subcommands.iter().map(|command| command.name).collect();
        let takes_words = self.hint.is_some() || !subcommands.is_empty();
        let input = takes_words.then(|| json!({"hint": self.hint.unwrap_or_default()}));
        let mut meta = json!({
            "source": "builtin-command", "sourceLabel": "Built-in",
            "supportedModes": ["interactive", "non_interactive", "acp"],
            "subcommands": subcommands, "modelInvocable": false,
        });
        if let Some(hint) = self.hint {
            meta["argumentHint"] = json!(hint);
        }
        if !self.aliases.is_empty() {
            meta["altNames"] = json!(self.aliases);
        }
        json!({"name": self.name, "description": self.description, "input": input, "_meta": meta})
    }
}
