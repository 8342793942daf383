//! From an agent's stdout to the mailboxes of its sessions.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use roost_core::{
    acp::{Lines, Message, Peek, RpcError, RpcId, code},
    nesting::{MAX_NESTING, is_too_deep},
    session::UpdateKind,
};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{
    FromAgent, call, closing,
    mailbox::MailboxSender,
    pipes,
    stderr_tail::harmless,
    switchboard::{Answered, Awaiting, Switchboard, outcome},
    writer::Outbox,
};

/// Longest accepted line. A tool's output with an image in it has to fit.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;
/// What is read at a time; the pipe itself holds as much.
const READ_BYTES: usize = 64 * 1024;
/// Lines of an agent that are no ACP and still worth a log entry each.
const MAX_REPORTED_LINES: u32 = 20;

/// Reads until the pipe closes.
pub(super) async fn read(mut stdout: impl AsyncRead + Unpin, switchboard: Arc<Switchboard>, outbox: Outbox) {
    let mut reader = Reader { lines: Lines::new(MAX_LINE_BYTES), reported: 0, switchboard, outbox };
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
    switchboard: Arc<Switchboard>,
    outbox: Outbox,
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
        deliver(&mut batches).await;
    }

    async fn line(&mut self, line: &Bytes, batches: &mut Batches) {
        match Message::parse(line) {
            // What nobody could read again would be lost to every client, and with it the question that waits for them.
            Ok(Message::Notification { params, .. }) if is_too_deep(params.get()) => {
                self.report(line, &too_deep());
            }
            Ok(Message::Request { id, params, .. }) if is_too_deep(params.get()) => {
                self.refuse(id, &too_deep());
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
        let known = place.as_ref().is_some_and(|place| self.switchboard.is_known(&place.session_id));
        match place {
            Some(place) if known => {
                let message = FromAgent::Request { rpc_id: id, method: method.into(), params: params.to_owned() };
                self.sort(&place.session_id, message, batches);
            }
            _ => self.refuse(id, "no such session"),
        }
    }

    fn refuse(&self, id: RpcId, why: &str) {
        let error = RpcError::new(code::INVALID_PARAMS, why);
        self.outbox.send(Message::Response { id, outcome: Err(error) }.to_line());
    }

    async fn response(&self, id: i64, result: Result<Box<RawValue>, RpcError>, batches: &mut Batches) {
        match self.switchboard.take_call(id) {
            Some(Awaiting::Session(session, call)) => {
                self.sort(&session, FromAgent::Reply { call, result }, batches);
            }
            Some(Awaiting::Caller(answered)) => {
                deliver(batches).await;
                reply(answered, result);
            }
            Some(Awaiting::Opener(answered, mailbox)) => {
                let session = result.as_ref().ok().and_then(|result| Peek::at(result)).map(|place| place.session_id);
                let early = self.switchboard.finish_opening(session.as_deref(), mailbox.clone());
                if !early.is_empty() {
                    mailbox.begin_with(early);
                }
                if let (true, Some(session)) = (answered.is_closed(), &session) {
                    tracing::info!(session = %harmless(session), "the agent opened a session that nobody waits for any more");
                    let (method, params) = closing(session);
                    call(&self.switchboard, &self.outbox, method, &params, Awaiting::Nobody);
                }
                reply(answered, result);
            }
            Some(Awaiting::Nobody) => {}
            None => tracing::warn!(id, "the agent answered a call nobody made"),
        }
    }

    fn sort(&self, session: &str, message: FromAgent, batches: &mut Batches) {
        if let Some((_, batch)) = batches.get_mut(session) {
            batch.push(message);
        } else if let Some(mailbox) = self.switchboard.mailbox(session) {
            batches.insert(session.into(), (mailbox, vec![message]));
        } else if !self.switchboard.hold(session, message) {
            tracing::debug!(session, "dropped what the agent said to a session that is over");
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

async fn deliver(batches: &mut Batches) {
    for (_, (mailbox, batch)) in batches.drain() {
        mailbox.send(batch).await;
    }
}

fn reply(answered: Answered, result: Result<Box<RawValue>, RpcError>) {
    // The caller may have given up.
    let _ = answered.send(outcome(result));
}
