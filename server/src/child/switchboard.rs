//! Who waits for what the agent says: calls by id, sessions by name.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use roost_core::{acp::RpcError, session::CallId};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{CallError, FromAgent, Loss, mailbox::MailboxSender};

pub(super) type Answered = oneshot::Sender<Result<Box<RawValue>, CallError>>;

/// Who gets the reply to a call.
#[derive(Debug)]
pub(super) enum Awaiting {
    Caller(Answered),
    /// Gets the reply, and the mailbox of the session it names.
    Opener(Answered, MailboxSender),
    /// The mailbox of this session.
    Session(Box<str>, CallId),
    /// It was only to be said.
    Nobody,
}

/// Most messages held back for sessions nobody has a mailbox for yet.
const MAX_STRAYS: usize = 256;

/// The table of one child. Locked for lookups only, never across a wait.
#[derive(Debug, Default)]
pub(super) struct Switchboard(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    calls: HashMap<i64, Awaiting>,
    next_call: i64,
    sessions: HashMap<Box<str>, MailboxSender>,
    /// What came for a session that is just being opened: an agent may speak to it before it has told its name.
    strays: Vec<(Box<str>, FromAgent)>,
    openings: usize,
    lost: Option<Loss>,
}

impl Switchboard {
    /// Notes a call before it is sent, and gives it a number. None when the agent is lost already; the caller has been told.
    pub(super) fn expect(&self, awaiting: Awaiting) -> Option<i64> {
        let mut table = self.lock();
        match (&table.lost, awaiting) {
            (None, awaiting) => {
                table.openings += usize::from(matches!(awaiting, Awaiting::Opener(..)));
                let id = table.next_call;
                table.next_call += 1;
                table.calls.insert(id, awaiting);
                return Some(id);
            }
            (Some(loss), Awaiting::Caller(answered) | Awaiting::Opener(answered, _)) => {
                let _ = answered.send(Err(CallError::Lost(loss.clone())));
            }
            // Its mailbox has the loss already.
            (Some(_), Awaiting::Session(..) | Awaiting::Nobody) => {}
        }
        None
    }

    pub(super) fn take_call(&self, id: i64) -> Option<Awaiting> {
        self.lock().calls.remove(&id)
    }

    /// Ends an opening: whatever came early for the session goes to its mailbox first. Nothing does where nobody waits for it any more.
    pub(super) fn finish_opening(&self, session: Option<&str>, mailbox: MailboxSender) -> Vec<FromAgent> {
        let mut table = self.lock();
        table.openings -= 1;
        let mut early = Vec::new();
        if let Some(session) = session.filter(|_| !mailbox.is_closed()) {
            table.sessions.insert(session.into(), mailbox);
            let (mine, others) =
                std::mem::take(&mut table.strays).into_iter().partition(|(name, _)| **name == *session);
            let mine: Vec<(Box<str>, FromAgent)> = mine;
            early.extend(mine.into_iter().map(|(_, message)| message));
            table.strays = others;
        }
        if table.openings == 0 {
            table.strays.clear();
        }
        early
    }

    pub(super) fn connect(&self, session: &str, mailbox: MailboxSender) {
        let mut table = self.lock();
        if let Some(loss) = &table.lost {
            mailbox.begin_with(vec![FromAgent::Lost(loss.clone())]);
        } else {
            table.sessions.insert(session.into(), mailbox);
        }
    }

    /// Takes a mailbox away that is closed. Another may stand under its name by now.
    pub(super) fn disconnect_closed(&self, session: &str) {
        let mut table = self.lock();
        if table.sessions.get(session).is_some_and(MailboxSender::is_closed) {
            table.sessions.remove(session);
        }
    }

    pub(super) fn mailbox(&self, session: &str) -> Option<MailboxSender> {
        self.lock().sessions.get(session).cloned()
    }

    pub(super) fn is_known(&self, session: &str) -> bool {
        self.lock().sessions.contains_key(session)
    }

    /// Holds a message back while a session is being opened; false when nobody can want it.
    pub(super) fn hold(&self, session: &str, message: FromAgent) -> bool {
        let mut table = self.lock();
        let wanted = table.openings > 0 && table.strays.len() < MAX_STRAYS;
        if wanted {
            table.strays.push((session.into(), message));
        }
        wanted
    }

    /// Tells everyone that the agent is lost. Sessions hear of it after all that was said before.
    pub(super) async fn close(&self, loss: &Loss) {
        let (calls, sessions) = {
            let mut table = self.lock();
            table.lost = Some(loss.clone());
            table.strays.clear();
            (std::mem::take(&mut table.calls), std::mem::take(&mut table.sessions))
        };
        for awaiting in calls.into_values() {
            match awaiting {
                Awaiting::Caller(answered) | Awaiting::Opener(answered, _) => {
                    let _ = answered.send(Err(CallError::Lost(loss.clone())));
                }
                Awaiting::Session(..) | Awaiting::Nobody => {}
            }
        }
        for mailbox in sessions.into_values() {
            mailbox.send(vec![FromAgent::Lost(loss.clone())]).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reply as the caller sees it.
pub(super) fn outcome(result: Result<Box<RawValue>, RpcError>) -> Result<Box<RawValue>, CallError> {
    result.map_err(CallError::Refused)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{super::mailbox::mailbox, *};

    #[test]
    fn a_mailbox_that_is_gone_is_found_no_more_and_takes_no_others_place() {
        let switchboard = Arc::new(Switchboard::default());
        let stand = || {
            let (sender, mut mailbox) = mailbox();
            mailbox.stands(&switchboard, "s");
            switchboard.connect("s", sender);
            mailbox
        };
        let first = stand();
        let second = stand();
        drop(first);
        assert!(switchboard.is_known("s"), "the second stands there");
        drop(second);
        assert!(!switchboard.is_known("s"));
    }

    #[test]
    fn a_session_that_opens_when_nobody_waits_any_more_is_not_known() {
        let switchboard = Switchboard::default();
        let (answered, _) = oneshot::channel();
        let (sender, mailbox) = mailbox();
        switchboard.expect(Awaiting::Opener(answered, sender.clone())).expect("the agent is there");
        drop(mailbox);
        assert!(switchboard.finish_opening(Some("s"), sender).is_empty());
        assert!(!switchboard.is_known("s"));
    }
}
