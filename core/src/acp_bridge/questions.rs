//! The permission requests a connection has been asked, by the number it knows them under.

use std::collections::BTreeMap;

use crate::{RequestId, SessionId, acp::RpcId};

const PREFIX: &str = "_qwen_perm_";

/// One open permission request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub session: SessionId,
    pub request: RequestId,
}

/// Open questions. Numbers are 1, 2, 3… and none is used twice.
#[derive(Debug, Default)]
pub struct Questions {
    last: u64,
    open: BTreeMap<u64, Question>,
}

impl Questions {
    /// The number of a question: the one it had when it was asked before, else the next.
    pub fn number(&mut self, session: &SessionId, request: &RequestId) -> u64 {
        let known = self.open.iter().find(|(_, question)| question.request == *request);
        if let Some((number, _)) = known {
            return *number;
        }
        self.last += 1;
        self.open.insert(self.last, Question { session: session.clone(), request: request.clone() });
        self.last
    }

    /// The question a peer answers by this id, if it is still open.
    #[must_use]
    pub fn answered(&self, id: &RpcId) -> Option<&Question> {
        let RpcId::Text(text) = id else { return None };
        self.open.get(&text.strip_prefix(PREFIX)?.parse().ok()?)
    }

    /// The request was decided: an answer to it would come too late.
    pub fn decided(&mut self, request: &RequestId) {
        self.open.retain(|_, question| question.request != *request);
    }

    /// The session is of no concern to the connection any more.
    pub fn forget(&mut self, session: &SessionId) {
        self.open.retain(|_, question| question.session != *session);
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.open.len()
    }
}

/// The id under which question `number` is asked.
pub(super) fn name(number: u64) -> String {
    format!("{PREFIX}{number}")
}
