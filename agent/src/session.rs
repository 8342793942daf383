//! One session: its folder, its choices, its conversation.

mod blocks;
mod choices;
mod interruption;
mod past;
mod shared;

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    blocks::{Prompt, UnusableBlock},
    choices::TrustGate,
    interruption::{Interruption, LastTurn},
    shared::Shared,
};
use self::{choices::Choices, past::Past};
use crate::{
    approval::Rules,
    client::{Client, update::Card},
    history::{Message, Role, ToolCall},
    model::ToolSpec,
    prompt::Instructions,
    record::{self, Branch, Entry, Recorder},
    settings::Settings,
    stats::Stats,
    tool::{ReadLog, Tool},
    turn::Meanwhile,
    workspace::Workspace,
};

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
    pub(crate) meanwhile: Arc<Meanwhile>,
    /// The tools the model may use.
    tool_specs: Mutex<Arc<[ToolSpec]>>,
    /// Cancels the running turn; has no effect on one that has ended.
    running: Mutex<CancellationToken>,
    pub(crate) conversation: tokio::sync::Mutex<Conversation>,
}

/// What was said.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) history: Vec<Message>,
    /// Turns so far.
    pub(crate) turn: u64,
    pub(crate) last_turn: LastTurn,
    /// What the user said beside the prompts since the last answer. It stands in the history, too.
    pub(crate) beside: Vec<Message>,
    /// Call ids used in this session: providers start numbering again with every answer.
    call_ids: HashSet<String>,
}

impl Session {
    /// A session without a past.
    pub(crate) fn new(id: &str, workspace: Workspace, client: Client, shared: Arc<Shared>) -> Self {
        Self::from_past(id, workspace, client, shared, Past::none())
    }

    /// A session as it was recorded.
    pub(crate) fn restored(
        id: &str,
        workspace: Workspace,
        client: Client,
        shared: Arc<Shared>,
        branch: &Branch,
    ) -> Self {
        Self::from_past(id, workspace, client, shared, Past::of(branch))
    }

    fn from_past(id: &str, workspace: Workspace, client: Client, shared: Arc<Shared>, past: Past) -> Self {
        let (home, cwd) = (&shared.home, workspace.root());
        // So that a later reload can tell what has changed.
        shared.reload(cwd);
        let recorder = Recorder::new(record::file(home, cwd, id), id, cwd, past.last);
        let call_ids = past.history.iter().flat_map(Message::calls).map(|call| call.id.clone()).collect();
        let conversation = Conversation {
            history: past.history,
            turn: past.turns,
            last_turn: past.last_turn,
            beside: past.beside,
            call_ids,
        };
        let settings = Settings::open(home, cwd);
        let mode = settings.held_back(past.mode.unwrap_or_else(|| settings.approval_mode()));
        Self {
            id: id.into(),
            choices: Mutex::new(Choices::new(mode, shared.refresh_models())),
            stats: Mutex::new(Stats::new()),
            instructions: Mutex::new(Arc::new(Instructions::read(home, cwd, &settings))),
            recorder: Mutex::new(recorder),
            meanwhile: Arc::default(),
            tool_specs: Mutex::new(allowed_tools(&shared, &settings)),
            settings: Mutex::new(settings),
            running: Mutex::new(CancellationToken::new()),
            conversation: tokio::sync::Mutex::new(conversation),
            reads: Arc::new(ReadLog::default()),
            workspace: Arc::new(workspace),
            client,
            shared,
        }
    }

    pub(crate) fn cwd(&self) -> &Path {
        self.workspace.root()
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

    /// Reads the context files again.
    pub(crate) fn read_instructions(&self) {
        let instructions = Instructions::read(&self.shared.home, self.cwd(), &self.settings());
        *lock(&self.instructions) = Arc::new(instructions);
    }

    /// Reads what has changed of the settings and the models, ahead of a turn. In a folder that is trusted no more, what it said is
    /// forgotten, and a mode it must not have is left.
    pub(crate) async fn refresh(&self) {
        self.take_up_models();
        let is_other_trust = self.settings().refresh();
        if is_other_trust {
            self.reload();
        }
        let mode = self.settings().held_back(self.mode());
        self.switch_mode(mode).await;
    }

    /// Reads everything again that is read once.
    pub(crate) fn reload(&self) {
        self.settings().refresh();
        *lock(&self.tool_specs) = allowed_tools(&self.shared, &self.settings());
        self.read_instructions();
    }

    /// Begins a fresh chain of records, reads the context files again, and counts from zero.
    pub(crate) fn begin_anew(&self) {
        self.recorder().start_over();
        self.record_mode();
        self.read_instructions();
        *lock(&self.stats) = Stats::new();
    }

    pub(crate) fn tool_specs(&self) -> Arc<[ToolSpec]> {
        Arc::clone(&lock(&self.tool_specs))
    }

    /// The tool, if the model may use it.
    pub(crate) fn tool(&self, name: &str) -> Option<&dyn Tool> {
        self.tool_specs().iter().any(|spec| spec.name == name).then(|| self.shared.tool(name))?
    }

    /// Whether a turn runs.
    pub(crate) fn is_busy(&self) -> bool {
        self.conversation.try_lock().is_err()
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
}

impl Conversation {
    /// Takes the user's words off the end of the history, and answers those that were no prompt.
    pub(crate) fn take_unanswered(&mut self) -> Vec<Message> {
        let is_word = |message: &&Message| message.role == Role::User && message.responses().next().is_none();
        let words = self.history.iter().rev().take_while(is_word).count();
        self.history.truncate(self.history.len() - words);
        std::mem::take(&mut self.beside)
    }

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

/// The tools that are not disabled.
fn allowed_tools(shared: &Shared, settings: &Settings) -> Arc<[ToolSpec]> {
    shared.tool_specs.iter().filter(|spec| !settings.disables(spec.name)).cloned().collect()
}

/// A panic elsewhere leaves these values whole: every change is a single assignment or counter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
