//! What a session was before it was opened here.

use super::LastTurn;
use crate::{
    history::Message,
    mode::Mode,
    record::{Branch, Kind, MEANWHILE},
};

/// What is known of a session's past.
pub(super) struct Past {
    pub(super) history: Vec<Message>,
    pub(super) turns: u64,
    pub(super) last_turn: LastTurn,
    /// The last record.
    pub(super) last: Option<String>,
    pub(super) mode: Option<Mode>,
    /// What the user said beside the prompts since the last answer.
    pub(super) beside: Vec<Message>,
}

impl Past {
    pub(super) fn none() -> Self {
        Self {
            history: Vec::new(),
            turns: 0,
            last_turn: LastTurn::Completed,
            last: None,
            mode: None,
            beside: Vec::new(),
        }
    }

    pub(super) fn of(branch: &Branch) -> Self {
        Self {
            history: branch.history(),
            turns: branch.turns(),
            last_turn: branch.last_turn(),
            last: branch.last(),
            mode: branch.approval_mode(),
            beside: beside(branch),
        }
    }
}

fn beside(branch: &Branch) -> Vec<Message> {
    let unanswered = branch.records().iter().rev().take_while(|record| record.kind != Kind::Assistant);
    let said = unanswered.filter(|record| record.subtype.as_deref() == Some(MEANWHILE));
    let mut beside: Vec<Message> = said.filter_map(|record| record.message.clone()).collect();
    beside.reverse();
    beside
}
