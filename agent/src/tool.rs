//! The tools: what the model may ask for, what it costs in permission, and what came of it.

mod arguments;
mod diff;
mod edit;
mod glob;
mod grep_search;
mod list_directory;
mod output;
mod planned;
mod process;
mod read_file;
mod reads;
mod shell;
mod target;
mod todo_write;
mod walk;
mod write_file;

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{arguments::ArgumentError, reads::ReadLog};
use crate::{client::Client, workspace::Workspace};

/// The ACP kind of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Edit,
    Search,
    Execute,
    Think,
}

impl Kind {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Search => "search",
            Self::Execute => "execute",
            Self::Think => "think",
        }
    }

    /// Whether calls of this kind may run beside each other.
    pub(crate) fn runs_in_parallel(self) -> bool {
        matches!(self, Self::Read | Self::Search)
    }
}

/// One tool.
pub(crate) trait Tool: Send + Sync {
    /// The name the model uses.
    fn name(&self) -> &'static str;
    /// The name people see.
    fn display(&self) -> &'static str;
    fn kind(&self) -> Kind;
    fn description(&self) -> &'static str;
    /// Whether a call that goes well is shown by the plan it makes, and has no card.
    fn is_shown_as_a_plan(&self) -> bool {
        false
    }
    /// JSON schema of the parameters.
    fn parameters(&self) -> Value;
    /// Reads the arguments; touches nothing.
    fn parse(&self, arguments: &Value, workspace: &Workspace) -> Result<Box<dyn Invocation>, ArgumentError>;
}

/// One call with valid arguments.
pub(crate) trait Invocation: Send + Sync {
    /// What it is about to do, in a few words.
    fn describe(&self) -> String;

    /// The files it is about.
    fn locations(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What the approval rules judge.
    fn access(&self) -> Access;

    /// Everything that can fail before anybody is asked. Answers the content to show with the question.
    fn prepare<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<Vec<Value>, Outcome>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn run(self: Box<Self>, context: Context) -> BoxFuture<'static, Outcome>;
}

/// What a call touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads or searches below this path.
    Read(PathBuf),
    /// Changes this file.
    Edit(PathBuf),
    /// Runs this command line in this folder.
    Shell { command: String, directory: PathBuf },
    /// Nothing outside the session.
    Own,
}

/// What a running call can reach.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) reads: Arc<ReadLog>,
    pub(crate) cancel: CancellationToken,
    pub(crate) client: Client,
    pub(crate) session: Arc<str>,
    /// The call this is, for updates while it runs.
    pub(crate) call: String,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    /// What the model reads.
    pub(crate) to_model: String,
    /// What people see: ACP tool call content.
    pub(crate) content: Vec<Value>,
    /// `rawOutput`, when there is one.
    pub(crate) raw: Option<Value>,
    /// Plan entries that replace the card of the call.
    pub(crate) plan: Option<Value>,
    pub(crate) lines_added: u64,
    pub(crate) lines_removed: u64,
}

impl Outcome {
    /// A success that reads the same for the model and for people.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let to_model = text.into();
        let content = vec![text_content(&to_model)];
        Self { ok: true, to_model, content, raw: None, plan: None, lines_added: 0, lines_removed: 0 }
    }

    /// A failure in words.
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self { ok: false, ..Self::text(text) }
    }

    pub(crate) fn with_raw(mut self, raw: impl Into<Value>) -> Self {
        self.raw = Some(raw.into());
        self
    }
}

/// Text as tool call content.
pub(crate) fn text_content(text: &str) -> Value {
    json!({"type": "content", "content": {"type": "text", "text": text}})
}

/// Every tool there is, in the order the model is told about them.
pub(crate) fn registry() -> Vec<Box<dyn Tool>> {
    vec![
        Box::new(read_file::ReadFile),
        Box::new(write_file::WriteFile),
        Box::new(edit::Edit),
        Box::new(list_directory::ListDirectory),
        Box::new(glob::Glob),
        Box::new(grep_search::GrepSearch),
        Box::new(shell::Shell),
        Box::new(todo_write::TodoWrite),
    ]
}

/// Runs file work off the async thread.
async fn blocking(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::failed(format!("The tool stopped unexpectedly: {error}")),
    }
}
