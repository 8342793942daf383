//! An ACP client that drives the agent as a child process over real pipes.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};

use agent_client_protocol::{self as acp, ByteStreams, Client, ConnectionTo, Error, UntypedMessage, v1::Responder};
use roost_tests::{
    deadline::{until_true, within},
    fake_model::{FakeModel, Script, Step, Turn},
    processes,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

/// More than any test leaves unread.
const MAX_UNREAD: usize = 100_000;

/// Folders that outlive a restart of the agent.
pub(crate) struct Scene {
    pub(crate) home: TempDir,
    folder: TempDir,
    pub(crate) model: Option<FakeModel>,
    environment: Vec<(String, String)>,
    next: Arc<Mutex<Option<Turn>>>,
}

/// A running agent and its only client.
pub(crate) struct Peer {
    cx: ConnectionTo<acp::Agent>,
    updates: mpsc::Receiver<Value>,
    questions: mpsc::Receiver<Question>,
    pub(crate) child: Child,
    _hang_up: oneshot::Sender<()>,
}

/// A request of the agent's: a permission request, mostly.
pub(crate) struct Question {
    pub(crate) method: String,
    pub(crate) params: Value,
    responder: Responder<Value>,
}

impl Scene {
    /// A fake model that plays these turns.
    pub(crate) async fn with_turns(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::with_model(FakeModel::start(Script::turns(turns)).await.expect("the model starts"))
    }

    /// A fake model that says what [`Scene::say`] was given last, once, and `ok` otherwise.
    pub(crate) async fn talkative() -> Self {
        let next: Arc<Mutex<Option<Turn>>> = Arc::default();
        let said = Arc::clone(&next);
        let script = Script::answer(move |_| {
            said.lock().expect("not poisoned").take().unwrap_or_else(|| vec![Step::text("ok")])
        });
        Self { next, ..Self::with_model(FakeModel::start(script).await.expect("the model starts")) }
    }

    /// What a talkative model says to the next request.
    pub(crate) fn say(&self, turn: Turn) {
        *self.next.lock().expect("not poisoned") = Some(turn);
    }

    pub(crate) fn with_model(model: FakeModel) -> Self {
        let server = [
            ("OPENAI_BASE_URL", model.base_url()),
            ("OPENAI_MODEL", "fake-model".into()),
            ("OPENAI_API_KEY", "sk-test".into()),
        ];
        Self { model: Some(model), ..Self::with_environment(server) }
    }

    pub(crate) fn with_environment<K: Into<String>>(variables: impl IntoIterator<Item = (K, String)>) -> Self {
        Self {
            home: tempfile::tempdir().expect("a folder"),
            folder: tempfile::tempdir().expect("a folder"),
            model: None,
            next: Arc::default(),
            environment: variables.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        }
    }

    /// The same folders behind another model: for scripts that name paths of the workspace.
    pub(crate) fn behind(self, model: FakeModel) -> Self {
        let Self { model, environment, .. } = Self::with_model(model);
        Self { model, environment, ..self }
    }

    pub(crate) fn model(&self) -> &FakeModel {
        self.model.as_ref().expect("a scene with a model")
    }

    /// The workspace, without links.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("exists")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.workspace().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        replace(&self.path(name), text);
    }

    /// Puts a file where the agent keeps the user's.
    pub(crate) fn write_home(&self, name: &str, text: &str) {
        replace(&self.home.path().join(name), text);
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    /// The records of a session.
    pub(crate) fn records(&self, session: &str) -> PathBuf {
        let id: String = self
            .workspace()
            .to_string_lossy()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        self.home.path().join("projects").join(id).join("chats").join(format!("{session}.jsonl"))
    }

    pub(crate) fn record_lines(&self, session: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.records(session)).expect("records exist");
        text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
    }

    /// Starts an agent and shakes hands with it.
    pub(crate) async fn start(&self) -> Peer {
        self.start_with(json!({})).await
    }

    /// As [`Scene::start`], for a client that can do this.
    pub(crate) async fn start_with(&self, capabilities: Value) -> Peer {
        let mut command = Command::new(agent_program());
        command.env_clear().env("PATH", std::env::var("PATH").expect("a PATH")).env("QWEN_HOME", self.home.path());
        command.env("HOME", self.home.path()).current_dir(self.workspace());
        command.envs(self.environment.iter().cloned()).kill_on_drop(true);
        let peer = Peer::connect(command).await;
        let answer = peer.call("initialize", json!({"protocolVersion": 1, "clientCapabilities": capabilities})).await;
        assert_eq!(answer.expect("initializes")["protocolVersion"], 1);
        peer
    }
}

/// Puts a whole file in the place of another, as programs do that others watch: whoever looks at it tells the two apart, however
/// soon one follows the other.
pub(crate) fn replace(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("makes");
    let fresh = path.with_added_extension("fresh");
    std::fs::write(&fresh, text).expect("writes");
    std::fs::rename(fresh, path).expect("moves");
}

/// The example of this package, which `cargo test -p roost-agent` builds beside the tests.
pub(crate) fn agent_program() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let target = test.parent().and_then(Path::parent).expect("target/debug/deps/test");
    let program = target.join("examples").join("agent");
    assert!(
        program.exists(),
        "{} is missing: use `cargo test -p roost-agent -- FILTER`, which builds it",
        program.display()
    );
    program
}

impl Peer {
    async fn connect(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the agent starts");
        let (stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let transport = ByteStreams::new(stdin.compat_write(), stdout.compat());
        let (send_update, updates) = mpsc::channel(MAX_UNREAD);
        let (send_question, questions) = mpsc::channel(MAX_UNREAD);
        let (send_cx, cx) = oneshot::channel();
        let (hang_up, hung_up) = oneshot::channel::<()>();
        tokio::spawn(async move {
            Client
                .v1()
                .on_receive_request(
                    async move |request: UntypedMessage, responder: Responder<Value>, _cx| {
                        let _ = send_question
                            .send(Question { method: request.method, params: request.params, responder })
                            .await;
                        Ok(())
                    },
                    acp::on_receive_request!(),
                )
                .on_receive_notification(
                    async move |notification: UntypedMessage, _cx| {
                        let _ = send_update
                            .send(json!({"method": notification.method, "params": notification.params}))
                            .await;
                        Ok(())
                    },
                    acp::on_receive_notification!(),
                )
                .connect_with(transport, async |cx: acp::v1::ConnectionTo<acp::Agent>| {
                    let _ = send_cx.send(cx.into_raw());
                    let _ = hung_up.await;
                    Ok(())
                })
                .await
        });
        Self { cx: cx.await.expect("connects"), updates, questions, child, _hang_up: hang_up }
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Result<Value, Error> {
        self.sent(method, params).await.expect("the call is not lost")
    }

    /// Sends a request and leaves the answer to be awaited.
    pub(crate) fn sent(&self, method: &str, params: Value) -> JoinHandle<Result<Value, Error>> {
        let request = self.cx.send_request(UntypedMessage::new(method, params).expect("encodes"));
        tokio::spawn(async move { within("an answer", request.block_task()).await.expect("in time") })
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.cx.send_notification(UntypedMessage::new(method, params).expect("encodes")).expect("connected");
    }

    /// A new session in the scene's workspace.
    pub(crate) async fn open(&mut self, scene: &Scene) -> String {
        let session =
            self.call("session/new", json!({"cwd": scene.workspace(), "mcpServers": []})).await.expect("opens");
        let commands = self.update().await;
        assert_eq!(commands["sessionUpdate"], "available_commands_update");
        session["sessionId"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn set_mode(&self, session: &str, mode: &str) {
        self.call("session/set_mode", json!({"sessionId": session, "modeId": mode})).await.expect("switches");
    }

    pub(crate) fn prompt(&self, session: &str, text: &str) -> JoinHandle<Result<Value, Error>> {
        self.sent("session/prompt", json!({"sessionId": session, "prompt": [{"type": "text", "text": text}]}))
    }

    /// A whole turn in which nobody is asked anything: its end, and the updates on the way.
    pub(crate) async fn turn(&mut self, session: &str, text: &str) -> (Result<Value, Error>, Vec<Value>) {
        let end = self.prompt(session, text).await.expect("the call is not lost");
        (end, self.updates_so_far())
    }

    /// Has an interrupted turn go on, as the daemon does.
    pub(crate) async fn go_on(&self, session: &str) -> Result<Value, Error> {
        let meta = json!({"qwen.daemon.continueLastTurn": true});
        self.call("session/prompt", json!({"sessionId": session, "prompt": [], "_meta": meta})).await
    }

    pub(crate) async fn load(&self, scene: &Scene, session: &str) -> Value {
        let load = json!({"sessionId": session, "cwd": scene.workspace(), "mcpServers": []});
        self.call("session/load", load).await.expect("loads")
    }

    pub(crate) fn cancel(&self, session: &str) {
        self.notify("session/cancel", json!({"sessionId": session}));
    }

    /// The next `session/update`; the agent's titles and other notifications are passed over.
    pub(crate) async fn update(&mut self) -> Value {
        loop {
            let next = within("an update", self.updates.recv()).await.expect("in time");
            let mut next = next.expect("the agent is there");
            let update = next["params"]["update"].take();
            if next["method"] == "session/update" && update["sessionUpdate"] != "session_info_update" {
                return update;
            }
        }
    }

    /// Reads on until an update fits.
    pub(crate) async fn update_where(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let update = self.update().await;
            if fits(&update) {
                return update;
            }
        }
    }

    /// What has arrived. After an answer that is everything sent before it.
    pub(crate) fn updates_so_far(&mut self) -> Vec<Value> {
        let mut updates = Vec::new();
        while let Ok(mut next) = self.updates.try_recv() {
            let update = next["params"]["update"].take();
            if next["method"] == "session/update" && update["sessionUpdate"] != "session_info_update" {
                updates.push(update);
            }
        }
        updates
    }

    pub(crate) async fn question(&mut self) -> Question {
        let question = within("a question", self.questions.recv()).await.expect("in time");
        question.expect("the agent is there")
    }

    /// Whether a question is there already.
    pub(crate) fn has_question(&self) -> bool {
        !self.questions.is_empty()
    }

    /// Hangs up and waits until the agent has ended.
    pub(crate) async fn stop(self) {
        let Self { mut child, cx, _hang_up, .. } = self;
        drop((cx, _hang_up));
        within("the agent to end", child.wait()).await.expect("in time").expect("can be waited for");
    }
}

impl Question {
    pub(crate) fn option_ids(&self) -> Vec<&str> {
        self.params["options"].as_array().expect("options").iter().filter_map(|o| o["optionId"].as_str()).collect()
    }

    pub(crate) fn choose(self, option: &str) {
        let outcome = json!({"outcome": {"outcome": "selected", "optionId": option}});
        self.responder.respond(outcome).expect("connected");
    }

    pub(crate) fn answer(self, answer: Result<Value, Error>) {
        self.responder.respond_with_result(answer).expect("connected");
    }

    pub(crate) fn dismiss(self) {
        self.responder.respond(json!({"outcome": {"outcome": "cancelled"}})).expect("connected");
    }
}

/// The text of all chunks of one kind.
pub(crate) fn text_of(updates: &[Value], kind: &str) -> String {
    updates
        .iter()
        .filter(|update| update["sessionUpdate"] == kind)
        .filter_map(|update| update["content"]["text"].as_str())
        .collect()
}

/// The updates of tool calls.
pub(crate) fn tool_updates(updates: &[Value]) -> Vec<&Value> {
    updates
        .iter()
        .filter(|update| update["sessionUpdate"].as_str().is_some_and(|kind| kind.starts_with("tool_call")))
        .collect()
}

/// The text a tool call ended with.
pub(crate) fn result_text(update: &Value) -> &str {
    update["content"][0]["content"]["text"].as_str().unwrap_or_default()
}

/// Waits until `done`, without a promise of how long that takes.
pub(crate) async fn eventually(what: &str, done: impl FnMut() -> bool) {
    until_true(what, done).await.expect("it happens");
}

/// Waits until none of these processes is there any more: what was killed ends when it gets a core.
pub(crate) async fn gone(pids: &[i32]) {
    eventually("the processes to be gone", || !pids.iter().any(|pid| processes::is_alive(*pid))).await;
}
