//! The prompts a connection has sent to one session, and the answers it is owed for them.

use std::collections::VecDeque;

use crate::{PromptId, acp::RpcId};

/// Answered prompts that are remembered, so that a stream resumed from before their end gets their answers again.
const MAX_ANSWERED: usize = 64;

/// Prompts, oldest first.
#[derive(Debug, Default)]
pub struct Owed(VecDeque<Debt>);

#[derive(Debug)]
struct Debt {
    prompt: PromptId,
    /// None when the prompt was sent as a notification.
    id: Option<RpcId>,
    is_settled: bool,
}

impl Owed {
    /// The prompt was accepted.
    pub fn owe(&mut self, prompt: PromptId, id: Option<RpcId>) {
        self.0.push_back(Debt { prompt, id, is_settled: false });
    }

    /// The prompt ended: the id to answer under, also when it was answered before. `None` for a prompt of somebody else.
    pub fn settle(&mut self, prompt: &PromptId) -> Option<RpcId> {
        let debt = self.0.iter_mut().find(|debt| debt.prompt == *prompt)?;
        debt.is_settled = true;
        let id = debt.id.clone();
        let mut surplus = self.0.iter().filter(|debt| debt.is_settled).count().saturating_sub(MAX_ANSWERED);
        self.0.retain(|debt| {
            let is_surplus = debt.is_settled && surplus > 0;
            surplus -= usize::from(is_surplus);
            !is_surplus
        });
        id
    }

    /// Whether this prompt was sent from here.
    #[must_use]
    pub fn knows(&self, prompt: &PromptId) -> bool {
        self.0.iter().any(|debt| debt.prompt == *prompt)
    }

    /// Prompts that have not ended yet.
    pub fn open(&self) -> impl Iterator<Item = &PromptId> {
        self.0.iter().filter(|debt| !debt.is_settled).map(|debt| &debt.prompt)
    }
}
