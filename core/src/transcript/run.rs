//! Runs: which pieces of text are one message.

use crate::{
    PromptId,
    transcript::{Body, Entry, TurnId},
};

/// Pieces with equal keys that follow each other in a lane are one message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RunKey<'a> {
    pub(super) speaker: Speaker,
    pub(super) turn: Option<TurnId>,
    pub(super) prompt: Option<&'a PromptId>,
    pub(super) message_id: Option<&'a str>,
    pub(super) source: Option<&'a str>,
}

/// Whose text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
    Thought,
}

impl Entry {
    /// `None` for an entry that nothing joins.
    pub(super) fn run_key(&self) -> Option<RunKey<'_>> {
        let (speaker, message_id, source) = match &self.body {
            Body::User(message) if !message.mid_turn => (Speaker::User, &message.message_id, &message.source),
            Body::Assistant(run) if run.discrete.is_none() => (Speaker::Assistant, &run.message_id, &run.source),
            Body::Thought(run) if run.discrete.is_none() => (Speaker::Thought, &run.message_id, &run.source),
            Body::User(_)
            | Body::Assistant(_)
            | Body::Thought(_)
            | Body::Media(_)
            | Body::Tool(_)
            | Body::Plan(_)
            | Body::Error(_)
            | Body::Notice(_)
            | Body::Shell(_) => return None,
        };
        Some(RunKey {
            speaker,
            turn: self.turn,
            prompt: self.prompt.as_ref(),
            message_id: message_id.as_deref(),
            source: source.as_deref(),
        })
    }
}

/// `next`, directly behind `entry` in its lane, is a piece of the same message.
pub(super) fn joins(entry: &Entry, next: &Entry) -> bool {
    let key = entry.run_key();
    key.is_some() && key == next.run_key()
}

/// Moves the content of `next` to the end of `entry`; only for two that join.
pub(super) fn absorb(entry: &mut Entry, next: Entry) {
    match (&mut entry.body, next.body) {
        (Body::Assistant(run), Body::Assistant(more)) | (Body::Thought(run), Body::Thought(more)) => {
            run.text.push_str(&more.text);
        }
        (Body::User(message), Body::User(more)) => more.blocks.into_iter().for_each(|block| message.push(block)),
        _ => {}
    }
}
