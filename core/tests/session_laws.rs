//! The laws of the session machine.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*};
use roost_core::{
    ClientId, EventType, Millis, PromptId, RequestId,
    acp::{RpcError, RpcId},
    session::{
        AgentInput, AgentState, Answer, ApprovalMode, CallId, Command, Effect, Input, LedgerEntry, Outcome, Policy,
        PromptIntent, QueueMessage, SendPrompt, Session, SessionConfig, ShellEnd, ShellNews, Ticket, Vote,
    },
};
use serde_json::{Map, json, value::to_raw_value};

/// What the world does next; numbers choose among what is there.
#[derive(Clone, Copy, Debug)]
enum Step {
    Send {
        client: u8,
        deadline: Option<u16>,
        retry: bool,
    },
    Cancel,
    Remove(u8),
    Ask,
    Vote {
        client: u8,
        request: u8,
        yes: bool,
    },
    Attach(u8),
    Detach(u8),
    SetMode,
    Say,
    TakeBack(u8),
    Drain,
    Continue,
    Shell,
    ShellEnds(u8),
    /// The agent replies to one of the calls it has.
    Reply {
        call: u8,
        ok: bool,
    },
    Ready,
    Lost,
    Pass(u16),
    Close,
    Kill,
    /// `kill -9` of the daemon, and a new one that finds the ledger.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4_u8, proptest::option::of(1..200_u16), any::<bool>())
            .prop_map(|(client, deadline, retry)| Step::Send { client, deadline, retry }),
        2 => Just(Step::Cancel),
        3 => any::<u8>().prop_map(Step::Remove),
        3 => Just(Step::Ask),
        3 => (0..4_u8, any::<u8>(), any::<bool>()).prop_map(|(client, request, yes)| Step::Vote { client, request, yes }),
        1 => (0..4_u8).prop_map(Step::Attach),
        1 => (0..4_u8).prop_map(Step::Detach),
        1 => Just(Step::SetMode),
        4 => Just(Step::Say),
        2 => any::<u8>().prop_map(Step::TakeBack),
        3 => Just(Step::Drain),
        1 => Just(Step::Continue),
        1 => Just(Step::Shell),
        2 => any::<u8>().prop_map(Step::ShellEnds),
        8 => (any::<u8>(), any::<bool>()).prop_map(|(call, ok)| Step::Reply { call, ok }),
        2 => Just(Step::Ready),
        4 => (1..150_u16).prop_map(Step::Pass),
        1 => prop_oneof![Just(Step::Lost), Just(Step::Close), Just(Step::Kill)],
        1 => Just(Step::Restart),
    ]
}

/// A daemon that performs effects, and a witness that keeps count.
struct World {
    session: Session,
    config: SessionConfig,
    now: Millis,
    tickets: u64,
    numbers: u64,
    /// Calls the agent has not replied to, the prompt's among them.
    calls: Vec<CallId>,
    clients: Vec<ClientId>,
    requests: Vec<RequestId>,
    ledger: Vec<LedgerEntry>,
    accepted: BTreeSet<PromptId>,
    terminals: BTreeMap<PromptId, usize>,
    dispatched: BTreeSet<PromptId>,
    unanswered: BTreeSet<Ticket>,
    asked: BTreeSet<i64>,
    shells: Vec<Ticket>,
    /// Messages that were taken and have not been handed over, taken back, or become prompts.
    messages: BTreeSet<PromptId>,
    over: bool,
}

impl World {
    fn new(config: SessionConfig) -> Self {
        let session = Session::new(Millis(0), "s".into(), config.clone());
        Self {
            session,
            config,
            now: Millis(0),
            tickets: 0,
            numbers: 0,
            calls: Vec::new(),
            clients: Vec::new(),
            requests: Vec::new(),
            ledger: Vec::new(),
            accepted: BTreeSet::new(),
            terminals: BTreeMap::new(),
            dispatched: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            asked: BTreeSet::new(),
            shells: Vec::new(),
            messages: BTreeSet::new(),
            over: false,
        }
    }

    fn input(&mut self, input: Input) {
        let effects = self.session.handle(self.now, input);
        self.perform(effects);
    }

    fn command(&mut self, client: Option<ClientId>, command: Command) {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.unanswered.insert(ticket);
        self.input(Input::Command { ticket, client, command });
    }

    fn client(&self, number: u8) -> Option<ClientId> {
        self.clients.get(usize::from(number)).cloned()
    }

    fn fresh(&mut self, what: &str) -> String {
        self.numbers += 1;
        format!("{what}{}", self.numbers)
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Send { client, deadline, retry } => self.send(client, deadline.map(|ms| Millis(ms.into())), retry),
            Step::Cancel => self.command(None, Command::Cancel),
            Step::Remove(number) => {
                let all: Vec<PromptId> = self.accepted.iter().cloned().collect();
                if let Some(prompt_id) = all.get(usize::from(number) % all.len().max(1)).cloned() {
                    self.command(None, Command::RemovePrompt { prompt_id });
                }
            }
            Step::Ask => self.ask(),
            Step::Vote { client, request, yes } => self.vote(client, request, yes),
            Step::Attach(client) => {
                let fresh = ClientId::from(self.fresh("c"));
                self.command(self.client(client), Command::Attach { fresh });
            }
            Step::Detach(client) => self.command(self.client(client), Command::Detach),
            Step::SetMode => self.command(None, Command::SetApprovalMode { mode: ApprovalMode::Plan, persist: false }),
            Step::Say => {
                let message_id = PromptId::from(self.fresh("m"));
                let message = QueueMessage { message_id, text: "x".into(), content: Vec::new() };
                self.command(None, Command::QueueMessage(message));
            }
            Step::TakeBack(number) => {
                let all: Vec<PromptId> = self.messages.iter().chain(&self.accepted).cloned().collect();
                if let Some(message_id) = all.get(usize::from(number) % all.len().max(1)).cloned() {
                    self.command(None, Command::RemoveMessage { message_id });
                }
            }
            Step::Drain => {
                self.numbers += 1;
                let rpc_id = self.question();
                self.input(Input::Agent(AgentInput::DrainMessages { rpc_id, asking: None }));
            }
            Step::Continue => {
                let prompt_id = PromptId::from(self.fresh("p"));
                self.command(None, Command::Continue { prompt_id });
            }
            Step::Shell => self.command(None, Command::Shell { command: "x".into(), cwd: "/".into() }),
            Step::ShellEnds(number) => {
                if !self.shells.is_empty() {
                    let ticket = self.shells.swap_remove(usize::from(number) % self.shells.len());
                    let end = ShellEnd { aborted: number % 2 == 0, ..ShellEnd::default() };
                    self.input(Input::Shell { ticket, news: ShellNews::Ended(end) });
                }
            }
            Step::Reply { call, ok } => self.reply(call, ok),
            Step::Ready => self.input(Input::Agent(AgentInput::Ready(AgentState::default()))),
            Step::Lost => {
                self.asked.clear();
                self.input(Input::Agent(AgentInput::Lost { reason: "gone".into(), exit_code: None, signal: None }));
            }
            Step::Pass(length) => {
                self.now = self.now.after(Millis(length.into()));
                self.input(Input::Tick);
            }
            Step::Close => self.command(None, Command::Close),
            Step::Kill => self.input(Input::Kill { reason: "stop".into() }),
            Step::Restart if self.over => {}
            Step::Restart => self.restart(),
        }
    }

    fn send(&mut self, client: u8, deadline: Option<Millis>, retry: bool) {
        let prompt = SendPrompt {
            prompt_id: PromptId::from(self.fresh("p")),
            blocks: vec![to_raw_value(&json!({"type": "text", "text": "x"})).expect("JSON")],
            meta: Map::new(),
            extra: Map::new(),
            deadline,
            intent: if retry { PromptIntent::Retry } else { PromptIntent::Ask },
            with_annotations: false,
        };
        self.command(self.client(client), Command::SendPrompt(prompt));
    }

    /// The id of a request of the agent's, which is owed an answer, also when the session is over.
    fn question(&mut self) -> RpcId {
        let number = i64::try_from(self.numbers).expect("few");
        self.asked.insert(number);
        RpcId::Number(number)
    }

    fn ask(&mut self) {
        let request_id = RequestId::from(self.fresh("r"));
        if !self.over {
            self.requests.push(request_id.clone());
        }
        let rpc_id = self.question();
        let tool_call = to_raw_value(&json!({"toolCallId": "t"})).expect("JSON");
        let options = to_raw_value(&json!([{"optionId": "yes"}, {"optionId": "no"}])).expect("JSON");
        self.input(Input::Agent(AgentInput::RequestPermission { rpc_id, request_id, tool_call, options }));
    }

    fn vote(&mut self, client: u8, request: u8, yes: bool) {
        let request_id = self.requests.get(usize::from(request) % self.requests.len().max(1)).cloned();
        let Some(request_id) = request_id else { return };
        let outcome = Outcome::Selected { option_id: if yes { "yes" } else { "no" }.into() };
        let vote = Vote { request_id, outcome, answers: None, peer_is_loopback: yes };
        self.command(self.client(client), Command::Vote(vote));
    }

    fn reply(&mut self, call: u8, ok: bool) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.calls.swap_remove(usize::from(call) % self.calls.len());
        let result = to_raw_value(&json!({"stopReason": "end_turn", "accepted": true})).expect("JSON");
        let result = if ok { Ok(result) } else { Err(RpcError::new(-32603, "no")) };
        self.input(Input::Agent(AgentInput::Reply { call, result }));
    }

    fn restart(&mut self) {
        let (ledger, config) = (self.ledger.clone(), self.config.clone());
        let (session, effects) = Session::restore(self.now, "s".into(), config, Millis(0), ledger);
        self.session = session;
        self.clients.clear();
        self.calls.clear();
        self.unanswered.clear();
        self.asked.clear();
        self.shells.clear();
        self.perform(effects);
    }

    fn record(&mut self, entry: LedgerEntry) {
        match &entry {
            LedgerEntry::PromptAccepted(prompt) => {
                self.messages.remove(&prompt.prompt_id);
                self.accepted.insert(prompt.prompt_id.clone());
            }
            LedgerEntry::MessageQueued(message) => drop(self.messages.insert(message.message_id.clone())),
            LedgerEntry::MessagesSettled { message_ids } => {
                for id in message_ids {
                    assert!(self.messages.remove(id), "a message is settled once");
                }
            }
            _ => {}
        }
        self.ledger.push(entry);
    }

    fn answered(&mut self, answer: Answer) {
        let is_recorded = |which: &dyn Fn(&LedgerEntry) -> bool| self.ledger.iter().any(which);
        match answer {
            Answer::Prompt(Ok(id)) => {
                let accepts = |entry: &LedgerEntry| matches!(entry, LedgerEntry::PromptAccepted(prompt) if prompt.prompt_id == id);
                assert!(is_recorded(&accepts), "on disk before it is acknowledged");
            }
            Answer::QueueMessage(Ok(Ok(id))) => {
                let queues = |entry: &LedgerEntry| matches!(entry, LedgerEntry::MessageQueued(message) if message.message_id == id);
                assert!(is_recorded(&queues), "on disk before it is acknowledged");
            }
            Answer::Attach(Ok(attached)) if !self.clients.contains(&attached.client_id) => {
                self.clients.push(attached.client_id);
            }
            _ => {}
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let refuses = matches!(effect, Effect::Reply { .. } | Effect::AnswerAgent { .. });
            assert!(!self.over || refuses, "a retired session only refuses: {effect:?}");
            match effect {
                Effect::Record(entry) => self.record(entry),
                Effect::Publish(draft) => {
                    if matches!(draft.kind, EventType::TurnComplete | EventType::TurnError) {
                        let prompt = draft.prompt_id.expect("a terminal names its prompt");
                        *self.terminals.entry(prompt).or_default() += 1;
                    }
                }
                Effect::CallAgent { call, method, .. } => {
                    if method == "session/prompt" {
                        let Some(LedgerEntry::PromptStarted { prompt_id, .. }) = self.started() else {
                            panic!("a prompt is on disk as started before the agent gets it");
                        };
                        let is_settled = |id: &PromptId| self.terminals.contains_key(id);
                        assert!(self.dispatched.iter().all(is_settled), "at most one prompt is with the agent");
                        assert!(self.dispatched.insert(prompt_id), "no prompt is run twice");
                    }
                    self.calls.push(call);
                }
                Effect::AnswerAgent { rpc_id, .. } => {
                    let RpcId::Number(number) = rpc_id else { panic!("ids are echoed") };
                    assert!(self.asked.remove(&number), "one answer a request");
                }
                Effect::Reply { ticket, answer } => {
                    assert!(self.unanswered.remove(&ticket), "one answer a command");
                    self.answered(answer);
                }
                Effect::Retire => self.over = true,
                Effect::RunShell { ticket, .. } => self.shells.push(ticket),
                Effect::StopShell { ticket } => self.shells.retain(|running| *running != ticket),
                Effect::WakeAt(_) | Effect::NotifyAgent { .. } | Effect::SaveApprovalMode(_) | Effect::EndStreams => {}
            }
        }
        for count in self.terminals.values() {
            assert_eq!(*count, 1, "never a second terminal");
        }
    }

    fn started(&self) -> Option<LedgerEntry> {
        self.ledger.iter().rev().find(|entry| matches!(entry, LedgerEntry::PromptStarted { .. })).cloned()
    }
}

fn config() -> impl Strategy<Value = SessionConfig> {
    let policy = prop_oneof![
        Just(Policy::FirstResponder),
        Just(Policy::Designated),
        Just(Policy::Consensus),
        Just(Policy::LocalOnly)
    ];
    (0..6_usize, proptest::option::of(50..400_u64), proptest::option::of(1..300_u64), policy).prop_map(
        |(max_pending_prompts, prompt_deadline, permission_timeout, policy)| SessionConfig {
            max_pending_prompts,
            prompt_deadline: prompt_deadline.map(Millis),
            permission_timeout: permission_timeout.map(Millis),
            policy,
            ..SessionConfig::default()
        },
    )
}

proptest! {
    /// P4, P7, P14, M3, V16: every accepted prompt gets exactly one terminal, every message its end, every question one answer.
    #[test]
    fn every_accepted_prompt_gets_exactly_one_terminal_every_message_and_every_question_one_answer(
        config in config(),
        steps in vec(step(), 1..150),
    ) {
        let mut world = World::new(config);
        world.act(Step::Attach(0));
        world.act(Step::Ready);
        for step in steps {
            world.act(step);
            let status = world.session.status();
            prop_assert!(status.queued_prompt_count <= status.pending_prompt_count);
        }
        world.act(Step::Close);
        let settled: BTreeSet<PromptId> = world.terminals.keys().cloned().collect();
        prop_assert_eq!(&settled, &world.accepted);
        prop_assert!(world.unanswered.is_empty(), "unanswered: {:?}", world.unanswered);
        prop_assert!(world.messages.is_empty(), "forgotten: {:?}", world.messages);
        prop_assert!(world.shells.is_empty(), "still running: {:?}", world.shells);
        prop_assert!(world.asked.is_empty(), "the agent still waits: {:?}", world.asked);
        prop_assert!(world.session.is_closed());
    }
}
