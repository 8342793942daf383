//! Permission mediation: the agent asks, clients vote, a policy decides (V1–V18).

mod policy;
mod request;
mod wire;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use policy::Policy;

use policy::Ballot;
use request::Request;
use wire::{
    Decision, PermissionAlreadyResolved, PermissionForbidden, PermissionPartialVote, PermissionRequest,
    PermissionResolved,
};

use super::{Answer, Interaction, LedgerEntry, Refused, Session, Ticket, Vote, VoteRefused, outbox::Outbox};
use crate::{
    ClientId, Draft, EventType, Millis, PromptId, RequestId,
    acp::{RpcError, RpcId, code},
};

/// An option id nobody may offer or vote for: it stands for a cancelled request inside agents.
pub const CANCELLED_SENTINEL: &str = "__cancelled__";

/// Requests a session keeps open at once; further ones are cancelled unseen (V1).
const MAX_OPEN: usize = 64;
/// Decided requests a session remembers, so that a late vote learns the outcome (V5).
const MAX_REMEMBERED: usize = 512;

/// The decision on a request, as it stands on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Outcome {
    Selected { option_id: Box<str> },
    Cancelled,
}

/// Open requests, oldest first, and what became of the latest decided ones.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    open: Vec<Request>,
    remembered: VecDeque<Decided>,
}

/// A request that is closed, and the prompt it was about.
#[derive(Clone, Debug)]
pub(super) struct Decided {
    pub(super) request_id: RequestId,
    pub(super) prompt_id: Option<PromptId>,
    pub(super) outcome: Outcome,
}

impl Permissions {
    pub(super) fn interactions(&self) -> Vec<Interaction> {
        self.open.iter().map(Request::interaction).collect()
    }

    pub(super) fn next_timeout(&self) -> Option<Millis> {
        self.open.iter().filter_map(|request| request.expires_at).min()
    }

    pub(super) fn remember(&mut self, decided: Decided) {
        if self.remembered.len() == MAX_REMEMBERED {
            self.remembered.pop_front();
        }
        self.remembered.push_back(decided);
    }

    fn get_mut(&mut self, id: &RequestId) -> Option<&mut Request> {
        self.open.iter_mut().find(|request| request.id == *id)
    }

    pub(super) fn decided(&self, id: &RequestId) -> Option<&Decided> {
        self.remembered.iter().find(|decided| decided.request_id == *id)
    }

    /// Takes the requests out that satisfy `which`.
    fn take(&mut self, which: impl Fn(&Request) -> bool) -> Vec<Request> {
        self.open.extract_if(.., |request| which(request)).collect()
    }
}

impl Session {
    /// Whether this request is open here, or was decided here and is remembered.
    #[must_use]
    pub fn knows_request(&self, id: &RequestId) -> bool {
        self.permissions.open.iter().any(|request| request.id == *id) || self.permissions.decided(id).is_some()
    }

    /// Cancels a request without asking anybody.
    pub(super) fn refuse_permission(rpc_id: RpcId, out: &mut Outbox) {
        out.answer_agent(rpc_id, &Decision { outcome: &Outcome::Cancelled, answers: None });
    }

    /// V1, V2. What has expired asks nobody any more.
    pub(super) fn request_permission(
        &mut self,
        now: Millis,
        rpc_id: RpcId,
        id: RequestId,
        tool_call: Box<RawValue>,
        options: &RawValue,
        out: &mut Outbox,
    ) {
        let offered = match request::read_options(&tool_call, options) {
            Ok(offered) => offered,
            Err(malformed) => {
                return out.refuse_agent(rpc_id, RpcError::new(code::INVALID_PARAMS, malformed.to_string()));
            }
        };
        if offered.iter().any(|option| *option.option_id == *CANCELLED_SENTINEL) {
            return out.refuse_agent(rpc_id, sentinel_collision(&id));
        }
        if self.permissions.open.len() >= MAX_OPEN || self.prompts.leftover().is_some() {
            return Self::refuse_permission(rpc_id, out);
        }
        let (prompt_id, originator) = self.prompts.attribution();
        let data = PermissionRequest { request_id: &id, session_id: &self.id, tool_call: &tool_call, options };
        let draft = Draft::new(EventType::PermissionRequest, &data);
        out.publish(draft.in_prompt(prompt_id.clone()).caused_by(originator.clone()));
        let ballots = policy::Ballots::new(
            self.config.policy,
            originator.clone(),
            self.clients.ids(),
            self.config.consensus_quorum,
        );
        let expires_at = self.config.permission_timeout.filter(|timeout| *timeout > Millis(0));
        self.permissions.open.push(Request {
            id,
            rpc_id,
            prompt_id,
            originator,
            tool_call,
            options: offered,
            ballots,
            created_at: now,
            expires_at: expires_at.map(|timeout| now.after(timeout)),
        });
    }

    /// V4–V15, in the order of V4.
    pub(super) fn vote(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        vote: &Vote,
        out: &mut Outbox,
    ) {
        let answer = self.count(now, client, vote, out);
        out.reply(ticket, Answer::Vote(answer));
    }

    fn count(
        &mut self,
        now: Millis,
        client: Option<ClientId>,
        vote: &Vote,
        out: &mut Outbox,
    ) -> Result<(), VoteRefused> {
        let registered = client.as_ref().is_none_or(|client| self.clients.is_registered(client));
        let Some(request) = self.permissions.get_mut(&vote.request_id) else {
            self.tell_outcome(&vote.request_id, client.filter(|_| registered), out);
            return Err(VoteRefused::NotPending);
        };
        if let (Some(client), false) = (&client, registered) {
            return Err(Refused::InvalidClient(client.clone()).into());
        }
        let option_id = match &vote.outcome {
            // V6: anybody may cancel, whatever the policy.
            Outcome::Cancelled => {
                self.decide(now, vote, client.as_ref(), out);
                return Ok(());
            }
            Outcome::Selected { option_id } => option_id.clone(),
        };
        if !request.offers(&option_id) {
            return Err(VoteRefused::InvalidOption { option_id });
        }
        let about = (request.prompt_id.clone(), request.originator.clone());
        match request.ballots.cast(client.as_ref(), &option_id, vote.peer_is_loopback) {
            Ballot::Wins => self.decide(now, vote, client.as_ref(), out),
            Ballot::Repeated => {}
            Ballot::Counted(progress) => {
                out.record(recorded(now, vote, client, false));
                let (request_id, session_id) = (&vote.request_id, &self.id);
                let data = PermissionPartialVote { request_id, session_id, progress };
                let draft = Draft::new(EventType::PermissionPartialVote, &data);
                out.publish(draft.in_prompt(about.0).caused_by(about.1));
            }
            Ballot::Forbidden(reason) => {
                let (request_id, session_id, client_id) = (&vote.request_id, &self.id, client.as_ref());
                let data = PermissionForbidden { request_id, session_id, client_id, reason };
                let draft = Draft::new(EventType::PermissionForbidden, &data);
                out.publish(draft.in_prompt(about.0).caused_by(about.1));
                return Err(VoteRefused::Forbidden { reason });
            }
        }
        Ok(())
    }

    /// V5.
    fn tell_outcome(&self, request_id: &RequestId, voter: Option<ClientId>, out: &mut Outbox) {
        if let Some(Decided { prompt_id, outcome, .. }) = self.permissions.decided(request_id) {
            let data = PermissionAlreadyResolved { request_id, session_id: &self.id, outcome };
            let draft = Draft::new(EventType::PermissionAlreadyResolved, &data);
            out.publish(draft.in_prompt(prompt_id.clone()).caused_by(voter));
        }
    }

    /// A vote closes its request: on disk, then to everybody, then to the agent.
    fn decide(&mut self, now: Millis, vote: &Vote, voter: Option<&ClientId>, out: &mut Outbox) {
        for request in self.permissions.take(|request| request.id == vote.request_id) {
            out.record(recorded(now, vote, voter.cloned(), true));
            self.resolve(&request, &vote.outcome, voter, out);
            let decision = Decision { outcome: &vote.outcome, answers: vote.answers.as_ref() };
            out.answer_agent(request.rpc_id, &decision);
        }
    }

    pub(super) fn has_open_permissions(&self) -> bool {
        !self.permissions.open.is_empty()
    }

    /// V16: the route, the prompt or the session is cancelled.
    pub(super) fn cancel_permissions(&mut self, out: &mut Outbox) {
        self.cancel_where(|_| true, out);
    }

    pub(super) fn cancel_permissions_of(&mut self, prompt_id: &PromptId, out: &mut Outbox) {
        self.cancel_where(|request| request.prompt_id.as_ref() == Some(prompt_id), out);
    }

    /// V3.
    pub(super) fn expire_permissions(&mut self, now: Millis, out: &mut Outbox) {
        self.cancel_where(|request| request.expires_at.is_some_and(|at| at <= now), out);
    }

    /// The agent is gone: nobody is left to answer.
    pub(super) fn abandon_permissions(&mut self, out: &mut Outbox) {
        for request in self.permissions.take(|_| true) {
            self.resolve(&request, &Outcome::Cancelled, None, out);
        }
    }

    /// The daemon went down with the request open: it is as its acknowledged vote decided it, or cancelled.
    pub(super) fn close_unanswered(&mut self, id: RequestId, prompt_id: Option<PromptId>, out: &mut Outbox) {
        let decided = self.permissions.decided(&id).map(|decided| decided.outcome.clone());
        let outcome = decided.clone().unwrap_or(Outcome::Cancelled);
        let data = PermissionResolved { request_id: &id, outcome: &outcome, voter_client_id: None };
        out.publish(Draft::new(EventType::PermissionResolved, &data).in_prompt(prompt_id.clone()));
        if decided.is_none() {
            self.permissions.remember(Decided { request_id: id, prompt_id, outcome });
        }
    }

    fn cancel_where(&mut self, which: impl Fn(&Request) -> bool, out: &mut Outbox) {
        for request in self.permissions.take(which) {
            self.resolve(&request, &Outcome::Cancelled, None, out);
            out.answer_agent(request.rpc_id, &Decision { outcome: &Outcome::Cancelled, answers: None });
        }
    }

    /// V17: the voter is the originator.
    fn resolve(&mut self, request: &Request, outcome: &Outcome, voter: Option<&ClientId>, out: &mut Outbox) {
        let data = PermissionResolved { request_id: &request.id, outcome, voter_client_id: voter };
        let draft = Draft::new(EventType::PermissionResolved, &data);
        out.publish(draft.in_prompt(request.prompt_id.clone()).caused_by(voter.cloned()));
        let (request_id, prompt_id) = (request.id.clone(), request.prompt_id.clone());
        self.permissions.remember(Decided { request_id, prompt_id, outcome: outcome.clone() });
    }
}

fn recorded(now: Millis, vote: &Vote, voter: Option<ClientId>, decided: bool) -> LedgerEntry {
    let (request_id, outcome) = (vote.request_id.clone(), vote.outcome.clone());
    LedgerEntry::VoteRecorded { request_id, voter, outcome, decided, at: now }
}

fn sentinel_collision(request_id: &RequestId) -> RpcError {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Collision<'a> {
        error_kind: &'static str,
        request_id: &'a RequestId,
        sentinel: &'static str,
    }
    let kind = "cancel_sentinel_collision";
    let data = Collision { error_kind: kind, request_id, sentinel: CANCELLED_SENTINEL };
    RpcError { data: Some(super::outbox::raw(&data)), ..RpcError::new(code::INVALID_PARAMS, kind) }
}
