//! A stranger's ACP agent: JSON-RPC lines on stdio, threads, and nothing of Roost's own, driven by a typed script.
//!
//! It shares no code with the built-in agent or with the daemon, so what passes between it and the daemon is the
//! protocol and not a habit of ours. It has no modes, no models, and by default no `session/load`.

pub mod script;
mod turn;

use std::{
    collections::HashMap,
    fs,
    io::{self, BufRead, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread,
};

use serde_json::{Value, json};

pub use self::script::{AgentScript, ScriptFile, Spoken, Step, Turn};
use self::turn::{Outcome, Running};

/// Answers requests from stdin until it closes.
pub fn serve_stdio(script: ScriptFile) -> io::Result<()> {
    let (calls, may_drain) = (AtomicU64::new(0), AtomicBool::new(false));
    let agent = Arc::new(Agent { script, calls, waiting: Mutex::default(), sessions: Mutex::default(), may_drain });
    for line in io::stdin().lock().lines() {
        match serde_json::from_str(&line?) {
            Ok(message) => Agent::receive(&agent, &message),
            Err(error) => agent.write(&json!({
                "jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": error.to_string()},
            })),
        }
    }
    Ok(())
}

struct Agent {
    script: ScriptFile,
    calls: AtomicU64,
    /// Who waits for the client's answer to which of our calls.
    waiting: Mutex<HashMap<u64, Sender<Value>>>,
    sessions: Mutex<HashMap<String, Session>>,
    /// Whether the client has said that it can be asked what was said meanwhile.
    may_drain: AtomicBool,
}

/// What an agent of the family asks its client between tool calls.
const DRAIN_METHOD: &str = "craft/drainMidTurnQueue";

struct Session {
    folder: PathBuf,
    /// Present while a turn runs; dropping it, or sending on it, cancels the turn.
    running: Option<Sender<()>>,
}

struct RpcError {
    code: i64,
    message: String,
}

impl Agent {
    fn receive(self: &Arc<Self>, message: &Value) {
        let params = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some("session/prompt"), Some(id)) => self.prompt(id.clone(), params),
            (Some(method), Some(_)) if self.script.script.fatal.iter().any(|fatal| fatal == method) => {
                std::process::exit(9)
            }
            (Some(method), Some(_)) if self.script.script.unanswered.iter().any(|silent| silent == method) => {}
            (Some(method), Some(id)) => self.answer(id, self.request(method, params)),
            (Some("session/cancel"), None) => self.cancel(params),
            // Other notifications concern features this agent does not have.
            (Some(_), None) => {}
            (None, Some(id)) => self.answered(id, message),
            (None, None) => eprintln!("neither a request nor an answer: {message}"),
        }
    }

    fn request(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        if let Some((code, message)) = self.script.script.refusals.get(method) {
            return Err(RpcError { code: *code, message: message.clone() });
        }
        let scripted = self.script.script.extensions.get(method);
        let with_script = |answer: Value| match (answer, scripted) {
            (Value::Object(mut answer), Some(Value::Object(more))) => {
                answer.extend(more.clone());
                Value::Object(answer)
            }
            (answer, _) => answer,
        };
        match method {
            "initialize" => {
                let offered = &params["clientCapabilities"]["_meta"][DRAIN_METHOD];
                self.may_drain.store(offered == true, Ordering::Relaxed);
                let mut capabilities = self.script.script.capabilities.clone();
                capabilities.insert("loadSession".to_owned(), self.script.script.load_session.into());
                Ok(json!({
                    "protocolVersion": 1,
                    "agentInfo": {"name": "scripted-agent", "title": "Scripted agent", "version": env!("CARGO_PKG_VERSION")},
                    "agentCapabilities": capabilities,
                    "authMethods": [],
                }))
            }
            "session/new" => self.new_session(params).map(with_script),
            "session/load" if self.script.script.load_session => self.load_session(params).map(with_script),
            _ if self.script.script.extensions.contains_key(method) => {
                self.script.note(method).map_err(internal)?;
                Ok(self.script.script.extensions[method].clone())
            }
            _ => Err(RpcError { code: -32601, message: format!("no method {method}") }),
        }
    }

    fn new_session(&self, params: &Value) -> Result<Value, RpcError> {
        self.script.note_servers("session/new", params).map_err(internal)?;
        let session_id = uuid::Uuid::new_v4().to_string();
        if self.script.script.load_session {
            fs::write(self.script.session(&session_id), "").map_err(internal)?;
        }
        self.add_session(&session_id, params)?;
        Ok(json!({"sessionId": session_id}))
    }

    fn load_session(&self, params: &Value) -> Result<Value, RpcError> {
        self.script.note_servers("session/load", params).map_err(internal)?;
        let session_id = params["sessionId"].as_str().unwrap_or_default();
        let recorded = fs::read_to_string(self.script.session(session_id))
            .map_err(|_| RpcError { code: -32002, message: format!("session:{session_id}") })?;
        self.add_session(session_id, params)?;
        for line in recorded.split_inclusive('\n') {
            // Whoever was killed while writing leaves half a line: it is forgotten, also by the next who writes.
            let Some(line) = line.strip_suffix('\n') else {
                fs::write(self.script.session(session_id), &recorded[..recorded.len() - line.len()])
                    .map_err(internal)?;
                break;
            };
            let update: Value = serde_json::from_str(line).map_err(internal)?;
            self.notify("session/update", &json!({"sessionId": session_id, "update": update}));
        }
        Ok(json!({}))
    }

    fn add_session(&self, session_id: &str, params: &Value) -> Result<(), RpcError> {
        let folder = params["cwd"].as_str().ok_or(RpcError { code: -32602, message: "cwd is missing".into() })?;
        let session = Session { folder: folder.into(), running: None };
        lock(&self.sessions).insert(session_id.to_owned(), session);
        Ok(())
    }

    fn prompt(self: &Arc<Self>, id: Value, params: &Value) {
        let session_id = params["sessionId"].as_str().unwrap_or_default().to_owned();
        let (cancel, cancelled) = channel();
        let folder = match lock(&self.sessions).get_mut(&session_id) {
            Some(session) => {
                session.running = Some(cancel);
                session.folder.clone()
            }
            None => {
                let error = RpcError { code: -32002, message: format!("session:{session_id}") };
                return self.answer(&id, Err(error));
            }
        };
        let text = params["prompt"][0]["text"].as_str().unwrap_or_default().to_owned();
        let running = Running { agent: Arc::clone(self), session_id, folder, text, cancelled };
        let agent = Arc::clone(self);
        thread::spawn(move || {
            agent.answer(
                &id,
                match running.perform() {
                    Outcome::Stopped(reason) => Ok(json!({"stopReason": reason})),
                    Outcome::Failed { code, message } => Err(RpcError { code, message }),
                },
            );
        });
    }

    fn cancel(&self, params: &Value) {
        let session_id = params["sessionId"].as_str().unwrap_or_default();
        if let Some(session) = lock(&self.sessions).get_mut(session_id) {
            session.running = None;
        }
    }

    /// Asks the client and waits for its answer. None when the client answers with an error or goes away.
    fn call(&self, method: &str, params: &Value) -> Option<Value> {
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let (answered, answer) = channel();
        lock(&self.waiting).insert(id, answered);
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        answer.recv().ok()
    }

    fn answered(&self, id: &Value, message: &Value) {
        let waiting = id.as_u64().and_then(|id| lock(&self.waiting).remove(&id));
        if let (Some(waiting), Some(result)) = (waiting, message.get("result")) {
            // The turn that asked may have ended meanwhile.
            let _ = waiting.send(result.clone());
        }
    }

    fn new_id(&self, prefix: &str) -> String {
        format!("{prefix}-{}", uuid::Uuid::new_v4().simple())
    }

    fn answer(&self, id: &Value, result: Result<Value, RpcError>) {
        self.write(&match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(RpcError { code, message }) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
            }
        });
    }

    fn notify(&self, method: &str, params: &Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn write(&self, message: &Value) {
        self.write_line(&message.to_string());
    }

    fn write_line(&self, line: &str) {
        let mut stdout = io::stdout().lock();
        if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
            // Nobody reads any more: an agent without a client has nothing left to do.
            std::process::exit(0);
        }
    }
}

fn internal(error: impl std::error::Error) -> RpcError {
    RpcError { code: -32603, message: error.to_string() }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
