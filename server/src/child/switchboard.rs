//! Who waits for what the agent says: calls by id, sessions by name.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use roost_core::{acp::RpcError, session::CallId};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{
    CallError, FromAgent, Loss,
    mailbox::{Mailbox, MailboxSender},
};

pub(super) type Answered = oneshot::Sender<Result<Box<RawValue>, CallError>>;

/// Who gets the reply to a call.
#[derive(Debug)]
pub(super) enum Awaiting {
    Caller(Answered),
    /// Gets the reply, and the mailbox of the session it names.
    Opener(oneshot::Sender<Result<NewSession, CallError>>),
    /// Whoever has this session loaded. Its mailbox stands already.
    Loader(Answered, Box<str>),
    /// The mailbox of this session.
    Session(Box<str>, CallId),
    /// It was only to be said.
    Nobody,
}

/// A session that is new to its agent.
#[derive(Debug)]
pub struct NewSession {
    /// The agent's name for it.
    pub name: Box<str>,
    pub result: Box<RawValue>,
    pub mailbox: Mailbox,
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
            (Some(loss), awaiting) => awaiting.lose(loss),
        }
        None
    }

    pub(super) fn take_call(&self, id: i64) -> Option<Awaiting> {
        self.lock().calls.remove(&id)
    }

    /// Ends an opening. What came early for the session is the first thing in its mailbox.
    pub(super) fn finish_opening(&self, opened: Option<(&str, MailboxSender)>) {
        let mut table = self.lock();
        table.openings -= 1;
        if let Some((session, mailbox)) = opened {
            let strays = std::mem::take(&mut table.strays);
            let (mine, others): (Vec<_>, Vec<_>) = strays.into_iter().partition(|(name, _)| **name == *session);
            let early: Vec<FromAgent> = mine.into_iter().map(|(_, message)| message).collect();
            if !early.is_empty() {
                mailbox.begin_with(early);
            }
            table.strays = others;
            table.sessions.insert(session.into(), mailbox);
        }
        if table.openings == 0 {
            table.strays.clear();
        }
    }

    pub(super) fn connect(&self, session: &str, mailbox: MailboxSender) {
        let mut table = self.lock();
        if let Some(loss) = &table.lost {
            mailbox.begin_with(vec![FromAgent::Lost(loss.clone())]);
        } else {
            table.sessions.insert(session.into(), mailbox);
        }
    }

    /// Takes a mailbox away that is closed. False when another stands under its name by now, or none.
    pub(super) fn disconnect_closed(&self, session: &str) -> bool {
        let mut table = self.lock();
        let is_there = table.sessions.get(session).is_some_and(MailboxSender::is_closed);
        if is_there {
            table.sessions.remove(session);
        }
        is_there
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
        calls.into_values().for_each(|awaiting| awaiting.lose(loss));
        for mailbox in sessions.into_values() {
            // A session that is over need not hear of it.
            let _ = mailbox.send(vec![FromAgent::Lost(loss.clone())]).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaiting {
    /// There will be no reply.
    fn lose(self, loss: &Loss) {
        match self {
            Self::Caller(answered) | Self::Loader(answered, _) => {
                let _ = answered.send(Err(CallError::Lost(loss.clone())));
            }
            Self::Opener(answered) => {
                let _ = answered.send(Err(CallError::Lost(loss.clone())));
            }
            // A mailbox gets the loss, or has it already.
            Self::Session(..) | Self::Nobody => {}
        }
    }
}

/// A reply as the caller sees it.
pub(super) fn outcome(result: Result<Box<RawValue>, RpcError>) -> Result<Box<RawValue>, CallError> {
    result.map_err(CallError::Refused)
}
