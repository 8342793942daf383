//! How one turn of a live session stands, or how it went: `GET /session/:id/turns/…`.

use roost_core::{
    ClientId, Envelope, EventType, Millis, PromptId, SessionId,
    payload::TurnError,
    session::{AcceptedPrompt, LedgerEntry},
    transcript::{Body, Transcript, Turn, TurnOutcome},
};
use serde::{Deserialize, Serialize};

use crate::store::Snapshot;

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnStatus {
    pub session_id: SessionId,
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_id: Option<PromptId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originator_client_id: Option<ClientId>,
}

/// How far a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There has been no turn.
    Idle,
    Queued,
    Running,
    Completed,
    Cancelled,
    Error,
}

/// Why a turn failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// What a session's past says about its turns.
#[derive(Debug)]
pub struct Turns {
    transcript: Transcript,
    notes: Vec<LedgerEntry>,
    /// What was told of the ends of turns.
    ends: Vec<Envelope>,
}

impl Failure {
    fn told_by(end: &Envelope) -> Option<Self> {
        let is_failure = end.kind == EventType::TurnError;
        let told: Option<TurnError> = is_failure.then(|| TurnError::deserialize(&end.data).ok())?;
        told.map(|TurnError { message, code, .. }| Self { message, code })
    }
}

impl TurnStatus {
    #[must_use]
    pub fn idle(session_id: SessionId) -> Self {
        Self {
            session_id,
            state: State::Idle,
            prompt_id: None,
            prompt_text: None,
            queued_at: None,
            started_at: None,
            ended_at: None,
            stop_reason: None,
            result_text: None,
            error: None,
            originator_client_id: None,
        }
    }
}

impl Turns {
    /// Reads the whole past: not for an async task.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        Self { transcript: snapshot.fold(), notes: snapshot.ledger().collect(), ends: snapshot.ends().collect() }
    }

    /// When the prompt was handed to the agent.
    #[must_use]
    pub fn started_at(&self, prompt: &PromptId) -> Option<Millis> {
        let noted = self.notes.iter().find_map(|note| match note {
            LedgerEntry::PromptStarted { prompt_id, at } if prompt_id == prompt => Some(*at),
            _ => None,
        });
        noted.or_else(|| self.turns_of(prompt).next()?.started_at)
    }

    /// The turn that ended last.
    #[must_use]
    pub fn last(&self, session: &SessionId) -> Option<TurnStatus> {
        let ended = self.transcript.turns().rev().find(|turn| turn.prompt.is_some() && !turn.is_running())?;
        Some(self.status(ended, session))
    }

    /// The turn of this prompt, if it has ended.
    #[must_use]
    pub fn ended(&self, prompt: &PromptId, session: &SessionId) -> Option<TurnStatus> {
        let ended = self.turns_of(prompt).find(|turn| !turn.is_running());
        ended.map(|turn| self.status(turn, session)).or_else(|| self.never_begun(prompt, session))
    }

    /// A prompt that ended while it waited left no turn in the transcript, but what was told of its end, or at least a note of it: it was
    /// taken back, or lost with the agent.
    fn never_begun(&self, prompt: &PromptId, session: &SessionId) -> Option<TurnStatus> {
        let is_its_end =
            |note: &&LedgerEntry| matches!(note, LedgerEntry::PromptSettled { prompt_id } if prompt_id == prompt);
        let told = self.ends.iter().rfind(|end| end.prompt_id.as_ref() == Some(prompt));
        let failure = match told {
            Some(end) => Failure::told_by(end),
            None => self.notes.iter().find(is_its_end).map(|_| None)?,
        };
        let accepted = self.accepted(prompt)?;
        let (state, stop_reason) = match &failure {
            Some(_) => (State::Error, None),
            None => (State::Cancelled, Some("cancelled".into())),
        };
        Some(TurnStatus {
            state,
            prompt_id: Some(prompt.clone()),
            prompt_text: Some(accepted.text()),
            queued_at: Some(accepted.queued_at),
            ended_at: told.and_then(Envelope::server_timestamp),
            stop_reason,
            error: failure,
            originator_client_id: accepted.originator.clone(),
            ..TurnStatus::idle(session.clone())
        })
    }

    /// The newest first.
    fn turns_of(&self, prompt: &PromptId) -> impl Iterator<Item = &Turn> {
        self.transcript.turns().rev().filter(move |turn| turn.prompt.as_ref() == Some(prompt))
    }

    fn status(&self, turn: &Turn, session: &SessionId) -> TurnStatus {
        let error = self.bodies(turn).find_map(|body| match body {
            Body::Error(TurnError { message, code, .. }) => {
                Some(Failure { message: message.clone(), code: code.clone() })
            }
            _ => None,
        });
        let (state, stop_reason) = match &turn.outcome {
            TurnOutcome::Running => (State::Running, None),
            TurnOutcome::Ended { stop_reason } if &**stop_reason == "cancelled" => {
                (State::Cancelled, Some(stop_reason.clone()))
            }
            TurnOutcome::Ended { stop_reason } => (State::Completed, Some(stop_reason.clone())),
            TurnOutcome::Failed | TurnOutcome::Abandoned => (State::Error, None),
        };
        let started_at = turn.prompt.as_ref().and_then(|prompt| self.started_at(prompt)).or(turn.started_at);
        let asked = self.bodies(turn).find_map(|body| match body {
            Body::User(message) => Some(message.texts().collect::<Vec<_>>().join("\n")),
            _ => None,
        });
        let said = self.bodies(turn).filter_map(|body| match body {
            Body::Assistant(run) => Some(run.text.as_str()),
            _ => None,
        });
        let result: String = said.collect();
        TurnStatus {
            prompt_id: turn.prompt.clone(),
            prompt_text: asked,
            queued_at: turn.prompt.as_ref().and_then(|prompt| self.queued_at(prompt)).or(started_at),
            started_at,
            ended_at: turn.ended_at,
            state,
            stop_reason,
            result_text: (!result.is_empty()).then_some(result),
            error,
            originator_client_id: turn.by.clone(),
            ..TurnStatus::idle(session.clone())
        }
    }

    fn bodies(&self, turn: &Turn) -> impl Iterator<Item = &Body> {
        let id = turn.id;
        self.transcript.entries().filter(move |entry| entry.turn == Some(id)).map(|entry| &entry.body)
    }

    fn queued_at(&self, prompt: &PromptId) -> Option<Millis> {
        self.accepted(prompt).map(|accepted| accepted.queued_at)
    }

    fn accepted(&self, prompt: &PromptId) -> Option<&AcceptedPrompt> {
        self.notes.iter().find_map(|note| match note {
            LedgerEntry::PromptAccepted(accepted) if accepted.prompt_id == *prompt => Some(accepted),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A prompt `p` was accepted; this was told and noted of its end.
    fn waiting(ends: &[Value], notes: &[Value]) -> Turns {
        let accepted =
            json!({"promptAccepted": {"promptId": "p", "queuedAt": 1, "blocks": [{"type": "text", "text": "go"}]}});
        let note = |note: &Value| serde_json::from_value(note.clone()).expect("an entry");
        let end = |end: &Value| serde_json::from_value(end.clone()).expect("an envelope");
        Turns {
            transcript: Transcript::new(1 << 20),
            notes: std::iter::once(&accepted).chain(notes).map(note).collect(),
            ends: ends.iter().map(end).collect(),
        }
    }

    fn ended(turns: &Turns) -> Option<Value> {
        let status = turns.ended(&"p".into(), &"s".into())?;
        assert_eq!(status.prompt_text.as_deref(), Some("go"));
        Some(json!([status.state, status.stop_reason, status.error]))
    }

    #[test]
    fn a_prompt_that_waits_has_not_ended() {
        assert_eq!(ended(&waiting(&[], &[])), None);
    }

    #[test]
    fn a_prompt_that_was_taken_back_is_cancelled() {
        let turns = waiting(&[], &[json!({"promptSettled": {"promptId": "p"}})]);
        assert_eq!(ended(&turns), Some(json!(["cancelled", "cancelled", null])));
    }

    #[test]
    fn an_end_that_was_told_counts_though_a_crash_kept_it_from_being_noted() {
        let data = json!({"sessionId": "s", "promptId": "p", "message": "gone", "code": "agent_lost"});
        let turns = waiting(&[json!({"id": 4, "v": 1, "type": "turn_error", "promptId": "p", "data": data})], &[]);
        assert_eq!(ended(&turns), Some(json!(["error", null, {"message": "gone", "code": "agent_lost"}])));
    }
}
