//! Command lines that clients run in the session's folder: beside the agent, told on the stream, kept in the agent's memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Answer, Effect, Session, Ticket, calls::Call, outbox::Outbox};
use crate::{ClientId, Draft, EventType, Millis, SessionId};

/// How much of an output the agent is told, in characters.
const MAX_REMEMBERED_CHARS: usize = 10_000;

/// What a running command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellNews {
    /// Some more of its output.
    Output(Box<str>),
    Ended(ShellEnd),
    /// It did not start.
    Failed(Box<str>),
}

/// How a command line ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellEnd {
    /// None when a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal's name, such as `SIGTERM`.
    pub signal: Option<Box<str>>,
    /// It was stopped: by its deadline, by its caller's leaving, or with the session.
    pub aborted: bool,
    /// Everything it said, as far as it is kept.
    pub output: Box<str>,
}

/// Why a command line was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShellRefused {
    #[error(transparent)]
    Refused(#[from] super::Refused),
    #[error("the shell cannot be started: {0}")]
    Failed(Box<str>),
}

/// Command lines that run, by the ticket of their caller.
#[derive(Debug, Default)]
pub(super) struct Shells {
    running: BTreeMap<Ticket, Running>,
}

#[derive(Debug)]
struct Running {
    client: Option<ClientId>,
    command: Box<str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserShellCommand<'a> {
    session_id: &'a SessionId,
    command: &'a str,
    cwd: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserShellResult<'a> {
    session_id: &'a SessionId,
    exit_code: Option<i32>,
    signal: Option<&'a str>,
    aborted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(rename = "_meta")]
    meta: ShellMeta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShellOutput<'a> {
    session_id: &'a SessionId,
    update: OutputUpdate<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputUpdate<'a> {
    session_update: &'static str,
    output: &'a str,
    #[serde(rename = "_meta")]
    meta: ShellMeta,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShellMeta {
    server_timestamp: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShellHistory<'a> {
    session_id: &'a SessionId,
    command: &'a str,
    output: &'a str,
    exit_code: Option<i32>,
}

impl Shells {
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}

impl Session {
    pub(super) fn run_shell(
        &mut self,
        now: Millis,
        ticket: Ticket,
        client: Option<ClientId>,
        command: Box<str>,
        cwd: Box<str>,
        out: &mut Outbox,
    ) {
        let data = UserShellCommand { session_id: &self.id, command: &command, cwd: &cwd };
        out.publish(Draft::new(EventType::UserShellCommand, &data).caused_by(client.clone()));
        self.clients.touch(now);
        self.shells.running.insert(ticket, Running { client, command: command.clone() });
        out.push(Effect::RunShell { ticket, command, cwd });
    }

    /// News of a command line. One that is over has none.
    pub(super) fn shell_news(&mut self, now: Millis, ticket: Ticket, news: ShellNews, out: &mut Outbox) {
        match news {
            ShellNews::Output(output) => {
                let Some(running) = self.shells.running.get(&ticket) else { return };
                let meta = ShellMeta { server_timestamp: now, source: Some("user-shell") };
                let update = OutputUpdate { session_update: "shell_output", output: &output, meta };
                let data = ShellOutput { session_id: &self.id, update };
                out.publish(Draft::new(EventType::SessionUpdate, &data).caused_by(running.client.clone()));
            }
            ShellNews::Ended(end) => {
                let Some(running) = self.shells.running.remove(&ticket) else { return };
                out.publish(self.shell_result(now, &running, &end, None));
                self.tell_agent(&running, &end, out);
                self.clients.touch(now);
                out.reply(ticket, Answer::Shell(Ok(end)));
                self.close_if_abandoned(now, out);
            }
            ShellNews::Failed(why) => {
                let Some(running) = self.shells.running.remove(&ticket) else { return };
                out.publish(self.shell_result(now, &running, &ShellEnd::default(), Some(&why)));
                out.reply(ticket, Answer::Shell(Err(ShellRefused::Failed(why))));
                self.close_if_abandoned(now, out);
            }
        }
    }

    /// The session ends: what runs is stopped, and whoever waits for it is told.
    pub(super) fn stop_shells(&mut self, now: Millis, out: &mut Outbox) {
        for (ticket, running) in std::mem::take(&mut self.shells.running) {
            let end = ShellEnd { aborted: true, ..ShellEnd::default() };
            out.push(Effect::StopShell { ticket });
            out.publish(self.shell_result(now, &running, &end, None));
            out.reply(ticket, Answer::Shell(Ok(end)));
        }
    }

    /// What the user did belongs to what the agent knows. One that cannot be told goes on without.
    fn tell_agent(&mut self, running: &Running, end: &ShellEnd, out: &mut Outbox) {
        let output = match end.output.char_indices().nth(MAX_REMEMBERED_CHARS) {
            Some((cut, _)) => format!("{}\n… (truncated)", &end.output[..cut]),
            None => end.output.to_string(),
        };
        let (command, exit_code) = (&*running.command, end.exit_code);
        let data = ShellHistory { session_id: &self.id, command, output: &output, exit_code };
        let params = super::outbox::raw(&data);
        self.ask_agent("qwen/control/session/shell_history", &params, Call::Told, out);
    }

    fn shell_result(&self, now: Millis, running: &Running, end: &ShellEnd, error: Option<&str>) -> Draft {
        let data = UserShellResult {
            session_id: &self.id,
            exit_code: end.exit_code,
            signal: end.signal.as_deref(),
            aborted: end.aborted,
            error,
            meta: ShellMeta { server_timestamp: now, source: None },
        };
        Draft::new(EventType::UserShellResult, &data).caused_by(running.client.clone())
    }
}
