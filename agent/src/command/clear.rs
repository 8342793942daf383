//! `/clear`: the session stays, the conversation begins anew.

use crate::session::{Conversation, Session};

/// Forgets the history and starts a fresh chain of records. What was recorded stays in the file.
pub(super) fn clear(session: &Session, conversation: &mut Conversation) -> String {
    conversation.history.clear();
    conversation.beside.clear();
    session.begin_anew();
    "Context cleared.".to_owned()
}
