//! One session, decided: the prompt queue, permission mediation, clients, deadlines, model and mode.
//!
//! [`Session::handle`] is the only way in. It never waits and never does anything itself; what it wants done comes back as a list of
//! [`Effect`]s whose order is law. Laws:
//! - every [`Command`] gets exactly one [`Answer`];
//! - every accepted prompt gets exactly one terminal event (`turn_complete` or `turn_error`), whatever happens, also across a restart
//!   of the daemon ([`Session::restore`]);
//! - at most one prompt is with the agent;
//! - every permission request of the agent gets exactly one answer, or the agent is gone;
//! - after [`Effect::Retire`] the session is over and every command is refused.
//!
//! One file a mechanism: `prompts` the queue, `keys` what is sent again, `turn` the running prompt, `messages` what is said while it runs,
//! `permissions` mediation, `clients` registration, `artifacts` what a session has made, `controls` model, mode and name, `calls` whatever
//! waits for the agent, `shells` command lines of the users', `lifecycle` the end, `restore` the beginning after a crash, `standing` what a
//! session keeps over it.

mod agent_state;
mod annotations;
mod artifacts;
mod calls;
mod clients;
mod continuing;
mod controls;
mod deadlines;
mod effect;
mod input;
mod keys;
mod ledger;
mod lifecycle;
mod messages;
mod metadata;
mod outbox;
mod permissions;
mod prompts;
mod restore;
mod shells;
mod standing;
mod status;
mod turn;
mod updates;
mod waits;

use std::sync::Arc;

use serde_json::value::RawValue;

pub use agent_state::{AgentState, ApprovalMode, InvalidApprovalMode};
pub use annotations::{AnnotateRefused, Annotations, AnnotationsChange, InvalidAnnotations, META_ANNOTATIONS};
pub use artifacts::{ArtifactAction, ArtifactChange, ArtifactRefused, RemovalReason};
pub use continuing::Continued;
pub use controls::LanguageChange;
pub use deadlines::{Deadline, InvalidDeadline, requested_deadline};
pub use effect::{
    Answer, Attached, CloseRefused, ControlRefused, Effect, Forbidden, ModeChange, PromptRefused, Refused, Seen,
    VoteRefused,
};
pub use input::{AgentInput, CallId, Command, Input, PromptIntent, SendPrompt, Ticket, UpdateKind, Vote};
pub use keys::{InvalidPromptKey, KeyedPrompt, META_PROMPT_KEY, PromptKey};
pub use ledger::{AcceptedPrompt, LedgerEntry};
pub use messages::{MAX_MESSAGE_CHARS, MessageQueue, NotQueued, QueueMessage, QueuedMessage, WaitingMessage};
pub use metadata::{DisplayName, InvalidDisplayName, TitleSource};
pub use permissions::{CANCELLED_SENTINEL, Outcome, Policy};
pub use shells::{ShellEnd, ShellNews, ShellRefused};
pub use status::{Action, Interaction, OptionLabel, PendingPrompt, PromptState, Status, TurnFailure};
pub use waits::Waits;

use artifacts::Artifacts;
use calls::Calls;
use clients::Clients;
use keys::Keys;
use messages::Messages;
use outbox::Outbox;
use permissions::Permissions;
use prompts::Prompts;
use shells::Shells;
use standing::Standing;

use crate::{ClientId, Millis, SessionId};

/// What the daemon's configuration says about every session.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Running and queued prompts a session holds; 0 is no limit (P2).
    pub max_pending_prompts: usize,
    /// How long any prompt may take; `None` is no deadline (D1).
    pub prompt_deadline: Option<Millis>,
    /// How long a permission request waits for a decision; `None` is for ever (V2).
    pub permission_timeout: Option<Millis>,
    pub policy: Policy,
    /// Replaces the majority of the consensus policy (V12); at least 1.
    pub consensus_quorum: Option<usize>,
    /// How long an unused session is kept (X2); zero is for ever.
    pub idle_timeout: Millis,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            max_pending_prompts: 5,
            prompt_deadline: None,
            permission_timeout: None,
            policy: Policy::default(),
            consensus_quorum: None,
            idle_timeout: Millis(30 * 60 * 1_000),
        }
    }
}

/// See the [module](self).
#[derive(Debug)]
pub struct Session {
    id: SessionId,
    config: SessionConfig,
    created_at: Millis,
    /// When this life of it began: it was created then, or restored.
    live_since: Millis,
    updated_at: Millis,
    phase: Phase,
    clients: Clients,
    prompts: Prompts,
    keys: Keys,
    messages: Messages,
    permissions: Permissions,
    shells: Shells,
    calls: Calls,
    /// Known once the agent has opened the session; prompts wait until then. Shared with whoever reads it, since it rarely changes.
    agent: Option<Arc<AgentState>>,
    available_commands: Option<Box<RawValue>>,
    display_name: Option<(DisplayName, TitleSource)>,
    standing: Standing,
    annotations: Annotations,
    artifacts: Artifacts,
    turn_error: Option<TurnFailure>,
    /// The last turn came to an end of its own, or there was none: nothing was broken off.
    is_unbroken: bool,
    /// Something that was said is not on disk and may yet get there.
    is_unrecorded: bool,
    waits: Waits,
    /// Why the agent has no memory of the session, until the next prompt's reader is told.
    forgotten: Option<Box<str>>,
    /// The moment of the last [`Effect::WakeAt`] that is still to come.
    wake_at: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Closed,
}

impl Session {
    /// A session nobody has prompted yet. Give it [`AgentInput::Ready`] as soon as the agent has opened it.
    #[must_use]
    pub fn new(now: Millis, id: SessionId, config: SessionConfig) -> Self {
        Self {
            id,
            created_at: now,
            live_since: now,
            updated_at: now,
            phase: Phase::Open,
            clients: Clients::default(),
            prompts: Prompts::default(),
            keys: Keys::default(),
            messages: Messages::default(),
            permissions: Permissions::default(),
            shells: Shells::default(),
            calls: Calls::default(),
            agent: None,
            available_commands: None,
            display_name: None,
            standing: Standing::default(),
            annotations: Annotations::default(),
            artifacts: Artifacts::default(),
            turn_error: None,
            is_unbroken: true,
            is_unrecorded: false,
            waits: Waits::default(),
            forgotten: None,
            wake_at: None,
            config,
        }
    }

    /// Takes one input; what is to be done about it, in order.
    #[must_use]
    pub fn handle(&mut self, now: Millis, input: Input) -> Vec<Effect> {
        let mut out = Outbox::default();
        match input {
            Input::Command { ticket, client, command } => self.command(now, ticket, client, command, &mut out),
            Input::Agent(input) if self.phase == Phase::Closed => self.answer_the_late(input, &mut out),
            Input::Agent(input) => self.agent(now, input, &mut out),
            Input::Shell { ticket, news } => self.shell_news(now, ticket, news, &mut out),
            Input::Subscribers(count) => self.clients.set_subscribers(count),
            Input::Tick => self.expire(now, &mut out),
            Input::Reap => self.reap(now, &mut out),
            Input::HoldBack if self.phase == Phase::Closed => {}
            Input::HoldBack => self.hold_back(&mut out),
            Input::Announce(_) if self.phase == Phase::Closed => {}
            Input::Announce(draft) => out.publish(draft),
            Input::Kill { reason } => self.kill(now, &reason, &mut out),
        }
        self.schedule(now, &mut out);
        out.into_effects()
    }

    fn command(&mut self, now: Millis, ticket: Ticket, client: Option<ClientId>, command: Command, out: &mut Outbox) {
        if let Err(refused) = self.admit(client.as_ref(), &command) {
            return out.reply(ticket, command.refuse(refused));
        }
        match command {
            Command::SendPrompt(prompt) => self.send_prompt(now, ticket, client, prompt, out),
            Command::Cancel => self.cancel(now, ticket, client, out),
            Command::RemovePrompt { prompt_id } => self.remove_prompt(now, ticket, client.as_ref(), &prompt_id, out),
            Command::Vote(vote) => self.vote(now, ticket, client, &vote, out),
            Command::Attach { fresh } => self.attach(ticket, client, fresh, out),
            Command::Detach => self.detach(now, ticket, client.as_ref(), out),
            Command::Heartbeat => self.heartbeat(now, ticket, client, out),
            Command::SetModel { model_id } => self.set_model(ticket, client, model_id, out),
            Command::SetApprovalMode { mode, persist } => self.set_approval_mode(ticket, client, mode, persist, out),
            Command::HoldBack => self.hold_agent_back(ticket, out),
            Command::Rename { display_name } => self.rename(now, ticket, client, display_name, out),
            Command::QueueMessage(message) => self.queue_message(now, ticket, client, message, out),
            Command::RemoveMessage { message_id } => {
                self.remove_message(now, ticket, client.as_ref(), &message_id, out);
            }
            Command::Continue { prompt_id } => self.go_on(ticket, client, prompt_id, out),
            Command::SetLanguage { language, sync_output_language } => {
                self.set_language(ticket, client, language, sync_output_language, out);
            }
            Command::Ask { method, params } => self.ask(ticket, method, &params, out),
            Command::Shell { command, cwd } => self.run_shell(now, ticket, client, command, cwd, out),
            Command::Annotate(change) => self.annotate(now, ticket, change, out),
            Command::AddArtifact { wish, look } => self.add_artifact(now, ticket, client, *wish, &look, out),
            Command::RemoveArtifact { id } => self.remove_artifact(now, ticket, client, &id, out),
            Command::Close if self.is_unrecorded => out.reply(ticket, Answer::Close(Err(CloseRefused::Unrecorded))),
            Command::Close | Command::Discard => self.close(now, ticket, client, out),
        }
    }

    /// What an agent asks of a session that is over is answered all the same; what it tells is not heard.
    fn answer_the_late(&mut self, input: AgentInput, out: &mut Outbox) {
        match input {
            AgentInput::RequestPermission { rpc_id, .. } => Self::refuse_permission(rpc_id, out),
            AgentInput::DrainMessages { rpc_id, asking } => self.drain_messages(rpc_id, asking.as_ref(), out),
            AgentInput::Ready(_)
            | AgentInput::Forgot { .. }
            | AgentInput::Update { .. }
            | AgentInput::Notice { .. }
            | AgentInput::Reply { .. }
            | AgentInput::Lost { .. } => {}
        }
    }

    /// The checks every command starts with: the session lives (404), the client is registered on it (400). Attaching registers,
    /// so it takes any id; a vote looks for its request first (V4).
    fn admit(&self, client: Option<&ClientId>, command: &Command) -> Result<(), Refused> {
        if self.phase == Phase::Closed {
            return Err(Refused::Closed);
        }
        match (client, command) {
            (None, _) | (_, Command::Attach { .. } | Command::Vote(_)) => Ok(()),
            (Some(client), _) if self.clients.is_registered(client) => Ok(()),
            (Some(client), _) => Err(Refused::InvalidClient(client.clone())),
        }
    }

    fn agent(&mut self, now: Millis, input: AgentInput, out: &mut Outbox) {
        match input {
            AgentInput::Ready(state) => self.agent_ready(now, state, out),
            AgentInput::Update { kind, params } => self.update(now, kind, params, out),
            AgentInput::RequestPermission { rpc_id, request_id, tool_call, options } => {
                self.request_permission(now, rpc_id, request_id, tool_call, &options, out);
            }
            AgentInput::Forgot { why } => self.forgotten = Some(why),
            AgentInput::Notice { method, params } => self.notice(&method, &params, out),
            AgentInput::DrainMessages { rpc_id, asking } => self.drain_messages(rpc_id, asking.as_ref(), out),
            AgentInput::Reply { call, result } => self.reply(now, call, result, out),
            AgentInput::Lost { reason, exit_code, signal } => {
                self.lost(now, &reason, exit_code, signal.as_deref(), out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
