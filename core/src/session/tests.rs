//! The numbered rules, through the front door: inputs in, effects out, virtual time. Every test names its rule.

mod annotations;
mod artifacts;
mod clients;
mod continuing;
mod controls;
mod deadlines;
mod keys;
mod lifecycle;
mod mediation;
mod messages;
mod policies;
mod prompts;
mod restore;
mod shells;
mod standing;

use serde_json::{Map, Value, json};

use super::{outbox::raw, *};
use crate::{Draft, EventType, PromptId, RequestId, acp::RpcError};

/// One session on a stage: what happens to it, and what it wants done, one line an effect.
struct Stage {
    session: Session,
    now: Millis,
    tickets: u64,
    requests: i64,
    /// The call of the prompt that was handed to the agent last.
    call: Option<CallId>,
    /// The newest call of any kind.
    last_call: Option<CallId>,
    published: Vec<Draft>,
    calls: Vec<(&'static str, Value)>,
    ledger: Vec<LedgerEntry>,
}

impl Stage {
    /// A session the agent serves, with the clients `a` and `b`.
    fn new(config: SessionConfig) -> Self {
        let mut stage = Self::over(Session::new(Millis(1_000), "s".into(), config), Vec::new());
        stage.agent(AgentInput::Ready(AgentState::read(&raw(&json!({
            "models": {"currentModelId": "m1"},
            "modes": {"currentModeId": "default"},
        })))));
        for client in ["a", "b"] {
            stage.command(None, Command::Attach { fresh: client.into() });
        }
        stage
    }

    fn over(session: Session, effects: Vec<Effect>) -> Self {
        let now = Millis(1_000);
        let (published, calls, ledger) = (Vec::new(), Vec::new(), Vec::new());
        let mut stage =
            Self { session, now, tickets: 0, requests: 0, call: None, last_call: None, published, calls, ledger };
        stage.perform(effects);
        stage
    }

    fn last_call(&self) -> CallId {
        self.last_call.expect("the agent was called")
    }

    fn input(&mut self, input: Input) -> Vec<String> {
        let effects = self.session.handle(self.now, input);
        self.perform(effects)
    }

    fn command(&mut self, client: Option<&str>, command: Command) -> Vec<String> {
        self.tickets += 1;
        self.input(Input::Command { ticket: Ticket(self.tickets), client: client.map(Into::into), command })
    }

    fn agent(&mut self, input: AgentInput) -> Vec<String> {
        self.input(Input::Agent(input))
    }

    /// Lets time pass; a tick comes at its end.
    fn pass(&mut self, length: u64) -> Vec<String> {
        self.now = self.now.after(Millis(length));
        self.input(Input::Tick)
    }

    fn send(&mut self, id: &str) -> Vec<String> {
        self.command(Some("a"), ask(id))
    }

    fn cancel(&mut self) -> Vec<String> {
        self.command(Some("b"), Command::Cancel)
    }

    fn remove(&mut self, id: &str) -> Vec<String> {
        self.command(Some("b"), Command::RemovePrompt { prompt_id: id.into() })
    }

    /// The agent replies to the prompt it got last.
    fn finish(&mut self, stop_reason: &str) -> Vec<String> {
        let call = self.call.expect("a prompt is with the agent");
        self.agent(AgentInput::Reply { call, result: Ok(raw(&json!({"stopReason": stop_reason}))) })
    }

    fn fail(&mut self) -> Vec<String> {
        let call = self.call.expect("a prompt is with the agent");
        let data = Some(raw(&json!({"details": "no credit", "errorKind": "auth"})));
        let error = RpcError { data, ..RpcError::new(-32603, "Internal error") };
        self.agent(AgentInput::Reply { call, result: Err(error) })
    }

    /// The agent says a word.
    fn say(&mut self, text: &str) -> Vec<String> {
        let update = json!({"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": text}});
        let params = raw(&json!({"sessionId": "s", "update": update}));
        self.agent(AgentInput::Update { kind: UpdateKind::Other, params })
    }

    /// The agent asks for permission, offering `yes` and `no`.
    fn ask(&mut self, request: &str) -> Vec<String> {
        self.ask_with(
            request,
            &json!([
                {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
                {"optionId": "no", "name": "No", "kind": "reject_once"},
            ]),
        )
    }

    fn ask_with(&mut self, request: &str, options: &Value) -> Vec<String> {
        self.requests += 1;
        self.agent(AgentInput::RequestPermission {
            rpc_id: self.requests.into(),
            request_id: request.into(),
            tool_call: raw(
                &json!({"toolCallId": "t", "title": "ls", "kind": "execute", "rawInput": {"command": "ls"}}),
            ),
            options: raw(options),
        })
    }

    fn vote(&mut self, client: Option<&str>, request: &str, option: &str) -> Vec<String> {
        let outcome = Outcome::Selected { option_id: option.into() };
        let request_id = RequestId::from(request);
        self.command(client, Command::Vote(Vote { request_id, outcome, answers: None, peer_is_loopback: true }))
    }

    fn vote_cancelled(&mut self, client: Option<&str>, request: &str) -> Vec<String> {
        let request_id = RequestId::from(request);
        let vote = Vote { request_id, outcome: Outcome::Cancelled, answers: None, peer_is_loopback: false };
        self.command(client, Command::Vote(vote))
    }

    /// The payload of the latest event of this type.
    fn data(&self, kind: &EventType) -> Value {
        serde_json::from_str(self.latest(kind).data.get()).expect("payloads are JSON")
    }

    fn latest(&self, kind: &EventType) -> &Draft {
        self.published.iter().rev().find(|draft| draft.kind == *kind).expect("such an event was published")
    }

    fn originator(&self, kind: &EventType) -> Option<&str> {
        self.latest(kind).originator.as_ref().map(ClientId::as_str)
    }

    fn pending(&self) -> Value {
        json!(self.session.pending_prompts())
    }

    /// A new daemon finds the ledger of this one.
    fn restart(&self) -> Self {
        let (id, created_at) = (self.session.id().clone(), Millis(1));
        let ledger = self.ledger.clone();
        let (session, effects) =
            Session::restore(self.now, id, self.session.config.clone(), created_at, ledger.clone());
        let mut stage = Self::over(session, Vec::new());
        stage.ledger = ledger;
        stage.perform(effects);
        stage
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Vec<String> {
        effects.into_iter().map(|effect| self.line(effect)).collect()
    }

    fn line(&mut self, effect: Effect) -> String {
        match effect {
            Effect::Record(entry) => {
                self.ledger.push(entry.clone());
                let text = match entry {
                    LedgerEntry::PromptAccepted(prompt) => format!("accepted {}", prompt.prompt_id),
                    LedgerEntry::PromptKeyed(keyed) => format!("keyed {}", keyed.prompt_id),
                    LedgerEntry::PromptStarted { prompt_id, .. } => format!("started {prompt_id}"),
                    LedgerEntry::PromptSettled { prompt_id } => format!("settled {prompt_id}"),
                    LedgerEntry::VoteRecorded { request_id, .. } => format!("vote {request_id}"),
                    LedgerEntry::MetadataChanged { .. } => "metadata".to_owned(),
                    LedgerEntry::MessageQueued(message) => format!("message {}", message.message_id),
                    LedgerEntry::MessagesSettled { message_ids } => {
                        let ids: Vec<&str> = message_ids.iter().map(PromptId::as_str).collect();
                        format!("settled messages {}", ids.join(" "))
                    }
                    LedgerEntry::ModeChanged { mode } => format!("mode {mode}"),
                    LedgerEntry::ModelChanged { model } => format!("model {model}"),
                    LedgerEntry::Annotated { .. } => "annotations".to_owned(),
                    LedgerEntry::ArtifactKept { artifact } => format!("kept {}", artifact.title),
                    LedgerEntry::ArtifactForgotten { .. } => "forgotten".to_owned(),
                    LedgerEntry::PermissionAsked { .. } => "asked".to_owned(),
                    LedgerEntry::PermissionResolved { .. } => "resolved".to_owned(),
                };
                format!("record {text}")
            }
            Effect::Publish(draft) => {
                let prompt = draft.prompt_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                let line = format!("publish {}{prompt}", draft.kind.as_str());
                self.published.push(draft);
                line
            }
            Effect::CallAgent { call, method, params } => {
                self.last_call = Some(call);
                if method == "session/prompt" {
                    self.call = Some(call);
                }
                self.calls.push((method, serde_json::from_str(params.get()).expect("params are JSON")));
                format!("call {method}")
            }
            Effect::NotifyAgent { method, .. } => format!("notify {method}"),
            Effect::AnswerAgent { rpc_id, answer: Ok(result) } => format!("answer {rpc_id} {result}"),
            Effect::AnswerAgent { rpc_id, answer: Err(error) } => format!("answer {rpc_id} {error}"),
            Effect::SaveApprovalMode(mode) => format!("save {}", mode.as_str()),
            Effect::Reply { ticket, answer } => {
                assert!(ticket.0 <= self.tickets, "an answer to nobody");
                reply(&answer)
            }
            Effect::RunShell { command, cwd, .. } => format!("run {command} in {cwd}"),
            Effect::StopShell { .. } => "stop shell".to_owned(),
            Effect::WakeAt(at) => format!("wake {}", at.0),
            Effect::EndStreams => "end streams".to_owned(),
            Effect::Retire => "retire".to_owned(),
        }
    }
}

fn reply(answer: &Answer) -> String {
    let text = match answer {
        Answer::Prompt(Ok(id)) => format!("accepted {id}"),
        Answer::Prompt(Err(error)) => error.to_string(),
        Answer::RemovePrompt(Ok(removed)) => format!("removed {removed}"),
        Answer::Attach(Ok(attached)) => format!("attached {}", attached.client_id),
        Answer::Heartbeat(Ok(seen)) => format!("seen at {}", seen.last_seen_at.0),
        Answer::SetApprovalMode(Ok(change)) => format!("{} -> {}", change.previous, change.mode.as_str()),
        Answer::Rename(Ok(name)) => name.as_str().to_owned(),
        Answer::SetModel(Ok(result)) => result.to_string(),
        Answer::Cancel(Ok(())) | Answer::Vote(Ok(())) | Answer::Detach(Ok(())) | Answer::Close(Ok(())) => {
            "ok".to_owned()
        }
        Answer::Vote(Err(error)) => error.to_string(),
        Answer::QueueMessage(Ok(Ok(id))) => format!("message {id}"),
        Answer::QueueMessage(Ok(Err(why))) => format!("no message: {why}"),
        Answer::RemoveMessage(Ok(removed)) => format!("removed {removed}"),
        Answer::Continue(Ok(continued)) => match &continued.prompt_id {
            Some(id) => format!("{} goes on as {id}", continued.interruption),
            None => format!("{} stays", continued.interruption),
        },
        Answer::SetLanguage(Ok(change)) => format!("language {}", change.language),
        Answer::Ask(Ok(result)) => result.to_string(),
        Answer::Shell(Ok(end)) => format!("exit {:?} aborted {}", end.exit_code, end.aborted),
        Answer::Shell(Err(error)) => error.to_string(),
        Answer::Annotate(Ok(annotations)) => json!(annotations).to_string(),
        Answer::Annotate(Err(error)) => error.to_string(),
        Answer::ChangeArtifacts(Ok(changes)) => {
            let one = |change: &ArtifactChange| {
                format!("{} {}", json!(change.action).as_str().unwrap_or_default(), change.artifact.title)
            };
            changes.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Answer::ChangeArtifacts(Err(error)) => error.to_string(),
        Answer::SetModel(Err(error))
        | Answer::SetApprovalMode(Err(error))
        | Answer::SetLanguage(Err(error))
        | Answer::Continue(Err(error))
        | Answer::Ask(Err(error)) => error.to_string(),
        Answer::QueueMessage(Err(error))
        | Answer::RemoveMessage(Err(error))
        | Answer::Cancel(Err(error))
        | Answer::RemovePrompt(Err(error))
        | Answer::Attach(Err(error))
        | Answer::Detach(Err(error))
        | Answer::Heartbeat(Err(error))
        | Answer::Rename(Err(error)) => error.to_string(),
        Answer::Close(Err(error)) => error.to_string(),
    };
    format!("reply {text}")
}

fn ask(id: &str) -> Command {
    Command::SendPrompt(prompt(id))
}

fn prompt(id: &str) -> SendPrompt {
    SendPrompt {
        prompt_id: PromptId::from(id),
        blocks: vec![raw(&json!({"type": "text", "text": format!("say {id}")}))],
        meta: Map::new(),
        extra: Map::new(),
        deadline: None,
        intent: PromptIntent::Ask,
        with_annotations: false,
    }
}
