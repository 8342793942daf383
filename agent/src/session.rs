//! One session: its folder, its choices, its conversation.

mod blocks;

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) use self::blocks::{Prompt, UnusableBlock};
use crate::{
    approval::Rules,
    client::{
        Client,
        update::{self, Card},
    },
    config::Config,
    history::{Message, ToolCall},
    mode::Mode,
    model::{self, Catalogue, ToolSpec},
    prompt::Instructions,
    record::{self, Branch, Entry, Recorder},
    settings::Settings,
    stats::Stats,
    tool::{self, ReadLog, Tool},
    workspace::Workspace,
};

/// What all sessions of the process share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) catalogue: Catalogue,
    tools: Vec<Box<dyn Tool>>,
    pub(crate) tool_specs: Vec<ToolSpec>,
}

/// A session. Everything about it may be asked while a turn runs; only the conversation belongs to the turn.
pub(crate) struct Session {
    pub(crate) id: Arc<str>,
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) client: Client,
    pub(crate) shared: Arc<Shared>,
    pub(crate) reads: Arc<ReadLog>,
    choices: Mutex<Choices>,
    settings: Mutex<Settings>,
    stats: Mutex<Stats>,
    instructions: Mutex<Arc<Instructions>>,
    recorder: Mutex<Recorder>,
    /// Cancels the running turn; of an ended one it does nothing.
    running: Mutex<CancellationToken>,
    pub(crate) conversation: tokio::sync::Mutex<Conversation>,
}

#[derive(Debug)]
struct Choices {
    mode: Mode,
    model: model::Entry,
}

/// What was said.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) history: Vec<Message>,
    /// Turns so far.
    pub(crate) turn: u64,
    /// Call ids used in this session: providers begin anew with every answer.
    call_ids: HashSet<String>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let tools = tool::registry();
        let tool_specs = tools
            .iter()
            .map(|tool| ToolSpec { name: tool.name(), description: tool.description(), parameters: tool.parameters() })
            .collect();
        Self { catalogue: Catalogue::new(&config), tool_specs, tools, config }
    }

    pub(crate) fn tool(&self, name: &str) -> Option<&dyn Tool> {
        self.tools.iter().find(|tool| tool.name() == name).map(AsRef::as_ref)
    }

    /// The name people see. A tool nobody knows shows the name the model used.
    pub(crate) fn display<'a>(&'a self, name: &'a str) -> (&'a str, &'static str) {
        self.tool(name).map_or((name, "other"), |tool| (tool.display(), tool.kind().id()))
    }
}

impl Session {
    /// A session without a past.
    pub(crate) fn new(id: &str, workspace: Workspace, client: Client, shared: Arc<Shared>) -> Self {
        Self::from_history(id, workspace, client, shared, Vec::new(), 0, None)
    }

    /// A session as it was recorded.
    pub(crate) fn restored(
        id: &str,
        workspace: Workspace,
        client: Client,
        shared: Arc<Shared>,
        branch: &Branch,
    ) -> Self {
        Self::from_history(id, workspace, client, shared, branch.history(), branch.turns(), branch.last())
    }

    fn from_history(
        id: &str,
        workspace: Workspace,
        client: Client,
        shared: Arc<Shared>,
        history: Vec<Message>,
        turn: u64,
        last: Option<String>,
    ) -> Self {
        let (home, cwd) = (&shared.config.home, workspace.root());
        let recorder = Recorder::new(record::file(home, cwd, id), id, cwd, last);
        let call_ids = history.iter().flat_map(Message::calls).map(|call| call.id.clone()).collect();
        Self {
            id: id.into(),
            choices: Mutex::new(Choices { mode: Mode::default(), model: shared.catalogue.first().clone() }),
            settings: Mutex::new(Settings::open(home, cwd)),
            stats: Mutex::new(Stats::new()),
            instructions: Mutex::new(Arc::new(Instructions::read(home, cwd))),
            recorder: Mutex::new(recorder),
            running: Mutex::new(CancellationToken::new()),
            conversation: tokio::sync::Mutex::new(Conversation { history, turn, call_ids }),
            reads: Arc::new(ReadLog::default()),
            workspace: Arc::new(workspace),
            client,
            shared,
        }
    }

    pub(crate) fn cwd(&self) -> &Path {
        self.workspace.root()
    }

    pub(crate) fn mode(&self) -> Mode {
        lock(&self.choices).mode
    }

    /// Answers the mode before.
    pub(crate) fn set_mode(&self, mode: Mode) -> Mode {
        std::mem::replace(&mut lock(&self.choices).mode, mode)
    }

    pub(crate) fn model(&self) -> model::Entry {
        lock(&self.choices).model.clone()
    }

    pub(crate) fn set_model(&self, model: model::Entry) {
        lock(&self.choices).model = model;
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        lock(&self.settings)
    }

    pub(crate) fn rules(&self) -> Rules {
        lock(&self.settings).rules().clone()
    }

    pub(crate) fn stats(&self) -> MutexGuard<'_, Stats> {
        lock(&self.stats)
    }

    pub(crate) fn instructions(&self) -> Arc<Instructions> {
        Arc::clone(&lock(&self.instructions))
    }

    /// Reads the context files again, and counts from zero.
    pub(crate) fn begin_anew(&self) {
        *lock(&self.instructions) = Arc::new(Instructions::read(&self.shared.config.home, self.cwd()));
        *lock(&self.stats) = Stats::new();
    }

    /// A token for a new turn. The turn that runs, if any, is cancelled.
    pub(crate) fn begin_turn(&self) -> CancellationToken {
        let token = CancellationToken::new();
        std::mem::replace(&mut *lock(&self.running), token.clone()).cancel();
        token
    }

    pub(crate) fn cancel(&self) {
        lock(&self.running).cancel();
    }

    /// `{models, modes, configOptions}` of the session.
    pub(crate) fn state(&self) -> Value {
        let (mode, model) = (self.mode(), self.model());
        json!({
            "models": self.shared.catalogue.state(&model.id),
            "modes": mode.state(),
            "configOptions": self.config_options(),
        })
    }

    /// Mode and model once more, as select options.
    pub(crate) fn config_options(&self) -> Value {
        let (mode, model) = (self.mode(), self.model());
        let modes: Vec<Value> = Mode::ALL
            .into_iter()
            .map(|mode| json!({"value": mode.id(), "name": mode.name(), "description": mode.description()}))
            .collect();
        json!([
            {
                "id": "mode", "name": "Mode", "description": "How much runs without asking", "category": "mode",
                "type": "select", "currentValue": mode.id(), "options": modes,
            },
            {
                "id": "model", "name": "Model", "description": "The model that answers", "category": "model",
                "type": "select", "currentValue": model.id, "options": self.shared.catalogue.choices(),
            },
        ])
    }

    /// How a call is shown, as far as it can be told without running it.
    pub(crate) fn card(&self, call: &ToolCall) -> Card {
        let (display, kind) = self.shared.display(&call.name);
        let invocation = self.shared.tool(&call.name).and_then(|tool| tool.parse(&call.args, &self.workspace).ok());
        let (title, locations) = invocation.map_or_else(
            || (display.to_owned(), Vec::new()),
            |invocation| (format!("{display}: {}", invocation.describe()), invocation.locations()),
        );
        let (id, tool, arguments) = (call.id.clone(), call.name.clone(), call.args.clone());
        Card { id, tool, kind, title, arguments, locations }
    }

    pub(crate) fn recorder(&self) -> MutexGuard<'_, Recorder> {
        lock(&self.recorder)
    }

    /// Writes a record. When that fails the session goes on, and the client is told that it is no longer recorded.
    pub(crate) fn record(&self, entry: Entry) {
        let written = self.recorder().append(entry);
        if let Err(error) = written {
            self.degraded(&error);
        }
    }

    /// Puts the records on disk.
    pub(crate) async fn flush(&self) {
        let syncing = self.recorder().sync();
        if let Err(error) = syncing.await {
            self.degraded(&error);
        }
    }

    fn degraded(&self, error: &std::io::Error) {
        tracing::error!(%error, session = %self.id, "the session is no longer recorded");
        let params = json!({"v": 1, "sessionId": &*self.id, "reason": "write_failed"});
        self.client.notify("qwen/notify/session/recording-degraded", &params);
    }

    pub(crate) async fn update(&self, update: Value) {
        self.client.update(&self.id, &update).await;
    }

    /// The agent changed the mode by itself, by what the user answered.
    pub(crate) async fn switch_mode(&self, mode: Mode) {
        self.set_mode(mode);
        self.update(update::mode(mode.id())).await;
    }
}

impl Conversation {
    /// `id`, or a variation of it that no other call of the session has.
    pub(crate) fn unique_call_id(&mut self, id: &str) -> String {
        let mut unique = id.to_owned();
        let mut number = 1;
        while !self.call_ids.insert(unique.clone()) {
            number += 1;
            unique = format!("{id}__qwen_dup_{number}");
        }
        unique
    }
}

/// A panic elsewhere leaves these values whole: every change is a single assignment or counter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
