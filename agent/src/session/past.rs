//! What a session was before it was opened here.

use super::LastTurn;
use crate::{history::Message, mode::Mode, record::Branch};

/// What is known of a session's past.
pub(super) struct Past {
    pub(super) history: Vec<Message>,
    pub(super) turns: u64,
    pub(super) last_turn: LastTurn,
    /// The last record.
    pub(super) last: Option<String>,
    pub(super) mode: Option<Mode>,
}

impl Past {
    pub(super) fn none() -> Self {
        Self { history: Vec::new(), turns: 0, last_turn: LastTurn::Completed, last: None, mode: None }
    }

    pub(super) fn of(branch: &Branch) -> Self {
        Self {
            history: branch.history(),
            turns: branch.turns(),
            last_turn: branch.last_turn(),
            last: branch.last(),
            mode: branch.approval_mode(),
        }
    }
}
