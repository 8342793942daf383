//! One `session/prompt`, performed step by step on a thread of its own.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use super::{Agent, script::Step};

/// How a turn ends.
pub(super) enum Outcome {
    Stopped(&'static str),
    Failed { code: i64, message: String },
}

/// What a turn needs of its session.
pub(super) struct Running {
    pub(super) agent: Arc<Agent>,
    pub(super) session_id: String,
    pub(super) folder: PathBuf,
    /// What was asked: the text of the prompt's first block.
    pub(super) text: String,
    /// Gets a message, or is cut, when the client cancels.
    pub(super) cancelled: Receiver<()>,
}

enum Flow {
    Continue,
    End(Outcome),
}

impl Running {
    pub(super) fn perform(self) -> Outcome {
        let turn = match self.agent.script.next_turn(&self.text) {
            Ok(Some(turn)) => turn,
            Ok(None) => return failed("the script of the agent has no further turn"),
            Err(error) => return failed(&format!("cannot read the place in the script: {error}")),
        };
        for step in turn {
            if let Flow::End(outcome) = self.step(step) {
                return outcome;
            }
        }
        Outcome::Stopped("end_turn")
    }

    fn step(&self, step: Step) -> Flow {
        match step {
            Step::Words { count, pace_ms } => return self.words(count, pace_ms),
            Step::Text(text) => self.chunk("agent_message_chunk", &text),
            Step::Think(text) => self.chunk("agent_thought_chunk", &text),
            Step::AskToWrite { path, content } => return self.ask_to_write(&path, &content),
            Step::Ask => return self.ask(false),
            Step::AskMany => return self.ask(true),
            Step::Drain => return self.drain(),
            Step::Grandchild { seconds } => {
                let mut sleeper = Command::new("sleep");
                sleeper.arg(seconds.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                if let Err(error) = sleeper.spawn() {
                    return Flow::End(failed(&format!("cannot start sleep: {error}")));
                }
            }
            Step::Runaway { seconds } => match detached(seconds).spawn() {
                // Nobody reaps it: its parent is about to die, too.
                Ok(child) => self.chunk("agent_message_chunk", &child.id().to_string()),
                Err(error) => return Flow::End(failed(&format!("cannot start setsid: {error}"))),
            },
            Step::RawLine(line) => self.agent.write_line(&line),
            Step::Stderr(line) => eprintln!("{line}"),
            Step::Hang => {
                let _ = self.cancelled.recv();
                return Flow::End(Outcome::Stopped("cancelled"));
            }
            Step::HangForever => loop {
                thread::park();
            },
            Step::Exit(status) => std::process::exit(status),
            Step::Fail { code, message } => return Flow::End(Outcome::Failed { code, message }),
        }
        Flow::Continue
    }

    fn ask(&self, many: bool) -> Flow {
        let options = json!([
            {"optionId": "proceed_once", "name": "Submit", "kind": "allow_once"},
            {"optionId": "cancel", "name": "Cancel", "kind": "reject_once"},
        ]);
        let question = json!({
            "header": "Updates", "question": "How?", "multiSelect": many,
            "options": [{"label": "Polling", "description": ""}, {"label": "Pushing", "description": ""}],
        });
        let meta = json!({
            "toolName": "ask_user_question", "qwenInteractionKind": "user_question", "qwenQuestions": [question],
        });
        let call = json!({"toolCallId": self.agent.new_id("ask"), "title": "How?", "status": "pending", "_meta": meta});
        let request = json!({"sessionId": self.session_id, "toolCall": call, "options": options});
        let Some(answer) = self.agent.call("session/request_permission", &request) else {
            return Flow::End(failed("the client went away"));
        };
        self.chunk("agent_message_chunk", &format!("answered: {}", answer["answers"]));
        Flow::Continue
    }

    /// An agent asks whenever it has run its tools; this one has nothing else to do.
    fn drain(&self) -> Flow {
        if !self.agent.may_drain.load(std::sync::atomic::Ordering::Relaxed) {
            return Flow::End(failed("the client never said that it can be asked"));
        }
        loop {
            let answer = self.agent.call(super::DRAIN_METHOD, &json!({"sessionId": self.session_id}));
            let Some(answer) = answer else { return Flow::End(failed("the client does not say what was said")) };
            let heard: Vec<&str> =
                answer["messages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if !heard.is_empty() {
                self.chunk("agent_message_chunk", &format!("heard: {}\n", heard.join("\nheard: ")));
                return Flow::Continue;
            }
            match self.cancelled.recv_timeout(Duration::from_millis(5)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Flow::End(Outcome::Stopped("cancelled")),
            }
        }
    }

    fn words(&self, count: u64, pace_ms: u64) -> Flow {
        for index in 0..count {
            self.chunk("agent_message_chunk", &crate::fake_model::script::word(index));
            let pace = Duration::from_millis(if index + 1 < count { pace_ms } else { 0 });
            match self.cancelled.recv_timeout(pace) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Flow::End(Outcome::Stopped("cancelled")),
            }
        }
        Flow::Continue
    }

    fn ask_to_write(&self, path: &std::path::Path, content: &str) -> Flow {
        let path = self.folder.join(path);
        let tool_call_id = self.agent.new_id("write");
        let old_text = fs::read_to_string(&path).ok();
        let call = json!({
            "toolCallId": tool_call_id, "title": format!("Write {}", path.display()), "kind": "edit", "status": "pending",
            "locations": [{"path": path}],
            "content": [{"type": "diff", "path": path, "oldText": old_text, "newText": content}],
            "rawInput": {"path": path, "content": content},
        });
        let mut announced = call.clone();
        announced["sessionUpdate"] = "tool_call".into();
        self.update(&announced);
        let options = json!([
            {"optionId": "yes", "name": "Yes, write it", "kind": "allow_once"},
            {"optionId": "no", "name": "No, leave it", "kind": "reject_once"},
        ]);
        let request = json!({"sessionId": self.session_id, "toolCall": call, "options": options});
        let answer = self.agent.call("session/request_permission", &request);
        let Some(answer) = answer else { return Flow::End(failed("the client went away")) };
        if answer["outcome"]["outcome"] == "cancelled" {
            self.update(&json!({"sessionUpdate": "tool_call_update", "toolCallId": tool_call_id, "status": "failed"}));
            return Flow::End(Outcome::Stopped("cancelled"));
        }
        let granted = answer["outcome"]["optionId"] == "yes";
        let written = granted && fs::write(&path, content).is_ok();
        let status = if written { "completed" } else { "failed" };
        self.update(&json!({"sessionUpdate": "tool_call_update", "toolCallId": tool_call_id, "status": status}));
        Flow::Continue
    }

    fn chunk(&self, kind: &str, text: &str) {
        self.update(&json!({"sessionUpdate": kind, "content": {"type": "text", "text": text}}));
    }

    fn update(&self, update: &Value) {
        if self.agent.script.script.load_session {
            let file = self.agent.script.session(&self.session_id);
            let recorded = OpenOptions::new()
                .append(true)
                .open(file)
                .and_then(|mut file| file.write_all(format!("{update}\n").as_bytes()));
            if let Err(error) = recorded {
                eprintln!("cannot record an update: {error}");
            }
        }
        self.agent.notify("session/update", &json!({"sessionId": self.session_id, "update": update}));
    }
}

fn detached(seconds: u64) -> Command {
    let mut sleeper = Command::new("setsid");
    sleeper.arg("sleep").arg(seconds.to_string());
    sleeper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sleeper
}

fn failed(message: &str) -> Outcome {
    Outcome::Failed { code: -32603, message: message.to_owned() }
}
