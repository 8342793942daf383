//! The artifacts of a session: who may change which, and what goes where there is no room for all.

mod by_tool;
mod change;

use serde::Serialize;

use super::{Answer, LedgerEntry, Session, Ticket, outbox::Outbox};
use crate::{
    ClientId, Draft, EventType, Millis, PromptId, SessionId,
    artifact::{Artifact, ArtifactWish, InvalidArtifact, Look, Place, RestoreState},
};

pub(super) use self::by_tool::Declared;
pub use self::change::{ArtifactAction, ArtifactChange, RemovalReason};
use self::change::{Declarer, created, merged, told};

/// Oldest first.
#[derive(Debug, Default)]
pub(super) struct Artifacts(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    artifact: Artifact,
    /// The client that declared it and alone may change it, as long as it is here. Clients do not outlive the daemon.
    owner: Option<ClientId>,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactRefused {
    #[error(transparent)]
    Refused(#[from] super::Refused),
    /// 400 `VALIDATION_FAILED`.
    #[error(transparent)]
    Invalid(#[from] InvalidArtifact),
    /// 403 `session_artifact_forbidden`.
    #[error("artifact {id} was declared by another client of the session")]
    NotTheirs { id: Box<str> },
}

/// What a change is told under.
#[derive(Clone, Debug, Default)]
struct Cause {
    prompt: Option<PromptId>,
    client: Option<ClientId>,
}

/// The payload of `artifact_changed`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChanged<'a> {
    session_id: &'a SessionId,
    change: &'a ArtifactChange,
}

impl Artifacts {
    fn position(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|kept| *kept.artifact.id == *id)
    }

    fn at(&self, place: &Place) -> Option<usize> {
        self.0.iter().position(|kept| kept.artifact.place == *place)
    }

    /// From the ledger.
    pub(super) fn restore(&mut self, artifact: Artifact) {
        let kept = Kept { artifact: Artifact { restore_state: RestoreState::Restored, ..artifact }, owner: None };
        match self.position(&kept.artifact.id) {
            Some(at) => self.0[at] = kept,
            None => self.0.push(kept),
        }
    }

    pub(super) fn forget(&mut self, id: &str) {
        self.0.retain(|kept| *kept.artifact.id != *id);
    }

    /// Those that outlive the daemon.
    pub(super) fn restorable(&self) -> impl Iterator<Item = &Artifact> {
        self.0.iter().map(|kept| &kept.artifact).filter(|artifact| artifact.is_restorable())
    }

    /// A name that no artifact has.
    fn name(&self, session: &SessionId, place: &Place) -> Box<str> {
        let mut names = (0..).map(|attempt| place.name(session.as_str(), attempt));
        names.find(|name| self.position(name).is_none()).expect("there are more names than artifacts")
    }

    fn is_full(&self) -> bool {
        self.0.len() >= Session::MAX_ARTIFACTS
    }

    /// The oldest that nobody holds on to.
    fn spare(&self) -> Option<usize> {
        self.0.iter().position(|kept| !kept.artifact.client_retained)
    }
}

impl Session {
    /// Most artifacts that a session has.
    pub const MAX_ARTIFACTS: usize = 200;

    /// The session's artifacts, oldest first. What they say of their files was true when they were declared.
    #[must_use]
    pub fn artifacts(&self) -> Vec<Artifact> {
        self.artifacts.0.iter().map(|kept| kept.artifact.clone()).collect()
    }

    /// One of them.
    #[must_use]
    pub fn artifact(&self, id: &str) -> Option<&Artifact> {
        self.artifacts.position(id).map(|at| &self.artifacts.0[at].artifact)
    }

    pub(super) fn add_artifact(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        wish: ArtifactWish,
        look: &Look,
        out: &mut Outbox,
    ) {
        let answer = self.put_artifact(now, Declarer::Client(client.as_ref()), wish, look);
        self.answer_artifacts(now, ticket, client, answer, out);
    }

    pub(super) fn remove_artifact(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        id: &str,
        out: &mut Outbox,
    ) {
        let answer = match self.artifacts.position(id) {
            None => Ok(Vec::new()),
            Some(at) => match self.check_owner(at, client.as_ref()) {
                Err(refused) => Err(refused),
                Ok(()) => Ok(vec![self.take_artifact(now, at, RemovalReason::Explicit)]),
            },
        };
        self.answer_artifacts(now, ticket, client, answer, out);
    }

    fn answer_artifacts(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        answer: Result<Vec<ArtifactChange>, ArtifactRefused>,
        out: &mut Outbox,
    ) {
        let cause = Cause { prompt: None, client };
        self.tell_artifacts(now, answer.as_deref().unwrap_or_default(), &cause, out);
        out.reply(ticket, Answer::ChangeArtifacts(answer));
    }

    /// On disk first, then to everybody.
    fn tell_artifacts(&mut self, now: Millis, changes: &[ArtifactChange], cause: &Cause, out: &mut Outbox) {
        if !changes.is_empty() {
            self.updated_at = now;
        }
        for change in changes {
            out.record(match change.action {
                ArtifactAction::Created | ArtifactAction::Updated if change.artifact.is_restorable() => {
                    LedgerEntry::ArtifactKept { artifact: Box::new(change.artifact.clone()) }
                }
                ArtifactAction::Created | ArtifactAction::Updated | ArtifactAction::Removed => {
                    LedgerEntry::ArtifactForgotten { artifact_id: change.artifact_id.clone() }
                }
            });
        }
        for change in changes {
            let draft = Draft::new(EventType::ArtifactChanged, &ArtifactChanged { session_id: &self.id, change });
            out.publish(draft.in_prompt(cause.prompt.clone()).caused_by(cause.client.clone()));
        }
    }

    /// What is in a place already is changed, not put there twice.
    fn put_artifact(
        &mut self,
        now: Millis,
        declarer: Declarer<'_>,
        wish: ArtifactWish,
        look: &Look,
    ) -> Result<Vec<ArtifactChange>, ArtifactRefused> {
        if let Some(at) = self.artifacts.at(&wish.place) {
            self.check_owner(at, declarer.client())?;
            let kept = &mut self.artifacts.0[at].artifact;
            let changed = merged(kept, now, declarer, wish, look)?;
            let is_news = changed != *kept;
            *kept = changed.clone();
            return Ok(is_news.then(|| told(ArtifactAction::Updated, changed)).into_iter().collect());
        }
        let mut changes = Vec::new();
        if self.artifacts.is_full() {
            let spare = match declarer {
                // No client loses to a tool what it holds on to.
                Declarer::Tool(_) => self.artifacts.spare(),
                Declarer::Client(_) => self.artifacts.spare().or(Some(0)),
            };
            let Some(spare) = spare else { return Ok(changes) };
            changes.push(self.take_artifact(now, spare, RemovalReason::Eviction));
        }
        let artifact = created(now, self.artifacts.name(&self.id, &wish.place), declarer, wish, look);
        self.artifacts.0.push(Kept { artifact: artifact.clone(), owner: declarer.client().cloned() });
        changes.push(told(ArtifactAction::Created, artifact));
        Ok(changes)
    }

    fn take_artifact(&mut self, now: Millis, at: usize, reason: RemovalReason) -> ArtifactChange {
        let Kept { artifact, .. } = self.artifacts.0.remove(at);
        let artifact = Artifact { updated_at: now, ..artifact };
        ArtifactChange { reason: Some(reason), ..told(ArtifactAction::Removed, artifact) }
    }

    fn check_owner(&self, at: usize, client: Option<&ClientId>) -> Result<(), ArtifactRefused> {
        let Kept { artifact, owner } = &self.artifacts.0[at];
        let owner = owner.as_ref().filter(|owner| self.clients.is_registered(owner));
        let is_theirs = owner.is_none_or(|owner| Some(owner) == client);
        if is_theirs { Ok(()) } else { Err(ArtifactRefused::NotTheirs { id: artifact.id.clone() }) }
    }
}
