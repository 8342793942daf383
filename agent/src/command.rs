//! The slash commands the agent runs itself.

mod auth;
mod clear;
mod context;
mod init;
mod stats;
mod status;
mod tree;

use roost_core::slash::{self, Line};
use serde_json::{Value, json};

use self::tree::{COMMANDS, Run};
pub(crate) use self::{
    context::{text as context_text, usage as context_usage},
    tree::advertised,
};
use crate::{
    client::update,
    record::Entry,
    session::{Conversation, Session},
};

/// What becomes of a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Routed {
    /// No command: the model answers.
    Model,
    /// A command whose text the model answers in the prompt's place.
    Submit(String),
    /// A command; it has answered.
    Done,
    /// A command that failed, or one that cannot be run here.
    Failed(String),
}

/// A command's answer.
enum Said {
    Text(String),
    Submit(String),
}

/// Commands that exist where people sit in front of a screen, but not here.
const ELSEWHERE: &[&str] = &[
    "agents",
    "approval-mode",
    "branch",
    "copy",
    "delete",
    "editor",
    "extensions",
    "fork",
    "help",
    "hooks",
    "log",
    "mcp",
    "memory",
    "permissions",
    "plan",
    "recap",
    "release",
    "rename",
    "resume",
    "rewind",
    "schedule",
    "settings",
    "theme",
    "tools",
    "vim",
];

/// Runs the prompt if it is a command. `text` is the first text block, as it was typed.
pub(crate) async fn route(session: &Session, conversation: &mut Conversation, text: &str) -> Routed {
    let Some(line) = Line::parse(text) else { return Routed::Model };
    let Some(found) = slash::walk(COMMANDS, line) else {
        if ELSEWHERE.contains(&line.name) {
            let reason = "it needs the interactive interface";
            return Routed::Failed(format!(
                "The command /{} is not supported in ACP integration: {reason}.",
                line.name
            ));
        }
        return Routed::Model;
    };
    let said = match found.command.run {
        Run::Status => Said::Text(status::status(session)),
        Run::StatusPaths => Said::Text(status::paths(session)),
        Run::Stats => Said::Text(stats::summary(session)),
        Run::StatsModel => Said::Text(stats::models(session)),
        Run::StatsTools => Said::Text(stats::tools(session)),
        Run::Context => Said::Text(context::text(session, &conversation.history, false)),
        Run::ContextDetail => Said::Text(context::text(session, &conversation.history, true)),
        Run::Clear => Said::Text(clear::clear(session, conversation)),
        Run::Auth => Said::Text(auth::text(session)),
        Run::Init => match init::prompt(session) {
            Ok(prompt) => Said::Submit(prompt),
            Err(problem) => return Routed::Failed(problem),
        },
    };
    match said {
        Said::Submit(prompt) => Routed::Submit(prompt),
        Said::Text(said) => {
            session.update(update::command_result(&said)).await;
            session.record(Entry::System { subtype: "slash_command", payload: payload(text, &said) });
            session.flush().await;
            Routed::Done
        }
    }
}

fn payload(command: &str, said: &str) -> Value {
    json!({"phase": "result", "rawCommand": command, "outputHistoryItems": [{"type": "info", "text": said}]})
}
