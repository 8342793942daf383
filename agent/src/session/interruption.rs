//! How the last turn was left, and whether it can go on.

use super::Conversation;
use crate::history::Role;

/// How the last turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastTurn {
    /// By itself, or there was no turn yet.
    Completed,
    /// It was cancelled, or failed.
    BrokenOff,
    /// Nobody wrote it down: the process ended first.
    Unknown,
}

/// Where a turn was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// Before the model had answered at all.
    Prompt,
    /// In the middle: after results of calls, or within an answer.
    Turn,
}

impl Interruption {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Prompt => "interrupted_prompt",
            Self::Turn => "interrupted_turn",
        }
    }
}

impl Conversation {
    /// None when the last turn came to its end.
    pub(crate) fn interruption(&self) -> Option<Interruption> {
        let last = self.history.last()?;
        match (last.role, self.last_turn) {
            (_, LastTurn::Completed) | (Role::Model, LastTurn::Unknown) => None,
            (Role::Model, LastTurn::BrokenOff) => Some(Interruption::Turn),
            (Role::User, LastTurn::BrokenOff | LastTurn::Unknown) => {
                let has_results = last.responses().next().is_some();
                Some(if has_results { Interruption::Turn } else { Interruption::Prompt })
            }
        }
    }
}
