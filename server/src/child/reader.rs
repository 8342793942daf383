//! From an agent's stdout to the mailboxes of its sessions.

use std::collections::HashMap;

use bytes::Bytes;
use roost_core::{
    acp::{Lines, Message, Peek, RpcError, RpcId, code},
    nesting::{MAX_NESTING, is_too_deep},
    session::UpdateKind,
};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    CallError, FromAgent,
    line::Line,
    mailbox::{MailboxSender, mailbox},
    pipes,
    stderr_tail::harmless,
    switchboard::{Awaiting, NewSession, outcome},
};

/// Longest accepted line. A tool's output with an image in it has to fit.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;
/// What is read at a time; the pipe itself holds as much.
const READ_BYTES: usize = 64 * 1024;
/// Lines of an agent that are no ACP and still worth a log entry each.
const MAX_REPORTED_LINES: u32 = 20;

/// Reads until the pipe closes.
pub(super) async fn read(mut stdout: impl AsyncRead + Unpin, line: Line) {
    let mut reader = Reader { lines: Lines::new(MAX_LINE_BYTES), reported: 0, line };
    loop {
        reader.lines.buffer().reserve(READ_BYTES);
        match stdout.read_buf(reader.lines.buffer()).await {
            Ok(0) => return,
            Ok(_) => reader.dispatch().await,
            Err(error) => return tracing::warn!(%error, "cannot read from the agent"),
        }
    }
}

struct Reader {
    lines: Lines,
    reported: u32,
    line: Line,
}

/// What one read brought, sorted by session.
type Batches = HashMap<Box<str>, (MailboxSender, Vec<FromAgent>)>;

impl Reader {
    async fn dispatch(&mut self) {
        let mut batches = Batches::new();
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => {
                    pipes::INBOUND.passed(line.len());
                    self.line(&line, &mut batches).await;
                }
                Ok(None) => break,
                Err(error) => tracing::error!(%error, "skipped what the agent wrote"),
            }
        }
        self.deliver(&mut batches).await;
    }

    async fn line(&mut self, line: &Bytes, batches: &mut Batches) {
        match Message::parse(line) {
            // What nobody could read again would be lost to every client, and with it the question that waits for them.
            Ok(Message::Notification { params, .. }) if is_too_deep(params.get()) => {
                self.report(line, &too_deep());
            }
            Ok(Message::Request { id, params, .. }) if is_too_deep(params.get()) => {
                self.line.refuse(id, &too_deep());
            }
            Ok(Message::Response { id: RpcId::Number(id), outcome: Ok(result) }) if is_too_deep(result.get()) => {
                let error = RpcError::new(code::INTERNAL_ERROR, format!("the agent's answer is {}", too_deep()));
                self.response(id, Err(error), batches).await;
            }
            Ok(Message::Notification { method, params }) => self.notification(&method, params, batches),
            Ok(Message::Request { id, method, params }) => self.request(id, &method, params, batches),
            Ok(Message::Response { id: RpcId::Number(id), outcome }) => {
                let result = outcome.map(ToOwned::to_owned);
                self.response(id, result, batches).await;
            }
            Ok(Message::Response { id, .. }) => tracing::warn!(%id, "the agent answered a call nobody made"),
            Err(error) => self.report(line, &error.to_string()),
        }
    }

    fn notification(&self, method: &str, params: &RawValue, batches: &mut Batches) {
        let Some(place) = Peek::at(params) else {
            return tracing::debug!(method = %harmless(method), "a notification that concerns no session");
        };
        let message = match (method, &place.update) {
            ("session/update", Some(kind)) => {
                FromAgent::Update { kind: UpdateKind::from(&**kind), params: params.to_owned() }
            }
            _ => FromAgent::Notification { method: method.into(), params: params.to_owned() },
        };
        self.sort(&place.session_id, message, batches);
    }

    fn request(&self, id: RpcId, method: &str, params: &RawValue, batches: &mut Batches) {
        let place = Peek::at(params);
        let known = place.as_ref().is_some_and(|place| self.line.switchboard().is_known(&place.session_id));
        match place {
            Some(place) if known => {
                let message = FromAgent::Request { rpc_id: id, method: method.into(), params: params.to_owned() };
                self.sort(&place.session_id, message, batches);
            }
            _ => self.line.refuse(id, "no such session"),
        }
    }

    async fn response(&self, id: i64, result: Result<Box<RawValue>, RpcError>, batches: &mut Batches) {
        match self.line.switchboard().take_call(id) {
            Some(Awaiting::Session(session, call)) => {
                self.sort(&session, FromAgent::Reply { call, result }, batches);
            }
            Some(Awaiting::Caller(answered)) => {
                self.deliver(batches).await;
                // The caller may have given up.
                let _ = answered.send(outcome(result));
            }
            Some(Awaiting::Opener(answered)) => {
                // Dropped where nobody waits any more, and with it the mailbox, which tells the agent.
                let _ = answered.send(self.opened(result));
            }
            Some(Awaiting::Loader(answered, session)) => {
                self.deliver(batches).await;
                let is_unwanted = matches!(answered.send(outcome(result)), Err(Ok(_)));
                if is_unwanted && !self.line.switchboard().is_known(&session) {
                    self.line.tell_closed(&session);
                }
            }
            Some(Awaiting::Nobody) => {}
            None => tracing::warn!(id, "the agent answered a call nobody made"),
        }
    }

    /// Sets up the mailbox of a session that is new to the agent.
    fn opened(&self, result: Result<Box<RawValue>, RpcError>) -> Result<NewSession, CallError> {
        let name = result.as_ref().ok().and_then(|result| Some(Box::from(Peek::at(result)?.session_id)));
        let Some(name): Option<Box<str>> = name else {
            self.line.switchboard().finish_opening(None);
            return Err(result.map_or_else(CallError::Refused, |_| CallError::NoSession));
        };
        let (sender, mut mailbox) = mailbox();
        mailbox.stand(self.line.clone(), &name);
        mailbox.opened();
        self.line.switchboard().finish_opening(Some((&name, sender)));
        Ok(NewSession { name, result: result.map_err(CallError::Refused)?, mailbox })
    }

    fn sort(&self, session: &str, message: FromAgent, batches: &mut Batches) {
        if let Some((_, batch)) = batches.get_mut(session) {
            batch.push(message);
        } else if let Some(mailbox) = self.line.switchboard().mailbox(session) {
            batches.insert(session.into(), (mailbox, vec![message]));
        } else if !self.line.switchboard().hold(session, message) {
            tracing::debug!(session, "dropped what the agent said to a session that is over");
        }
    }

    async fn deliver(&self, batches: &mut Batches) {
        for (_, (mailbox, batch)) in batches.drain() {
            if let Err(unheard) = mailbox.send(batch).await {
                self.line.refuse_all(&unheard);
            }
        }
    }

    fn report(&mut self, line: &[u8], error: &str) {
        if self.reported < MAX_REPORTED_LINES {
            self.reported += 1;
            let head = harmless(&String::from_utf8_lossy(&line[..line.len().min(200)]));
            tracing::warn!(error, line = %head, "the agent wrote something else than ACP");
        }
    }
}

fn too_deep() -> String {
    format!("nested deeper than {MAX_NESTING} levels")
}
