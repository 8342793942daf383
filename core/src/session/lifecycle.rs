//! How a session ends (X1–X3, P14), and when it has to be woken.

use serde::Serialize;

use super::{Answer, ControlRefused, Effect, Phase, Refused, Session, Ticket, outbox::Outbox, turn::Terminal};
use crate::{ClientId, Draft, EventType, Millis, SessionId};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionClosed<'a> {
    session_id: &'a SessionId,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<&'a ClientId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionDied<'a> {
    session_id: &'a SessionId,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal_code: Option<&'a str>,
}

impl Session {
    /// X1.
    pub(super) fn close(&mut self, now: Millis, ticket: Ticket, client: Option<ClientId>, out: &mut Outbox) {
        self.end_closed(now, "client_close", client, out);
        out.reply(ticket, Answer::Close(Ok(())));
        out.push(Effect::Retire);
    }

    /// C9: nobody is there, nothing is to be done.
    pub(super) fn close_if_abandoned(&mut self, now: Millis, out: &mut Outbox) {
        if self.phase == Phase::Open && self.clients.are_gone() && self.may_rest() {
            self.end_closed(now, "last_client_detached", None, out);
            out.push(Effect::Retire);
        }
    }

    /// X2.
    pub(super) fn reap(&mut self, now: Millis, out: &mut Outbox) {
        // One that could not be closed when it was left can be by now.
        self.close_if_abandoned(now, out);
        let timeout = self.config.idle_timeout;
        let unused_for = now.since(self.clients.last_seen_at().unwrap_or(self.live_since));
        let is_unused = self.may_rest() && self.clients.subscribers() == 0;
        if self.phase == Phase::Open && timeout > Millis(0) && is_unused && unused_for >= timeout {
            self.end_closed(now, "idle_timeout", None, out);
            out.push(Effect::Retire);
        }
    }

    /// Nothing is asked, nothing runs, and nothing has yet to be written.
    fn may_rest(&self) -> bool {
        self.prompts.is_empty() && self.shells.is_empty() && !self.is_unrecorded
    }

    /// Whether the disk has all that was said, or never will. As long as that is open, the session does not close (X1); nor does it by
    /// itself (C9, X2).
    pub fn set_recorded(&mut self, is_recorded: bool) {
        self.is_unrecorded = !is_recorded;
    }

    pub(super) fn kill(&mut self, now: Millis, reason: &str, out: &mut Outbox) {
        if self.phase == Phase::Closed {
            return;
        }
        self.cancel_permissions(out);
        if self.prompts.running().is_some() {
            self.cancel_agent(out);
        }
        self.settle_all(now, Some("session_killed"), "session killed", out);
        self.die(&ControlRefused::Refused(Refused::Closed), reason, None, None, out);
    }

    /// X3.
    pub(super) fn lost(
        &mut self,
        now: Millis,
        reason: &str,
        exit_code: Option<i32>,
        signal: Option<&str>,
        out: &mut Outbox,
    ) {
        self.abandon_permissions(out);
        self.settle_all(now, None, reason, out);
        self.die(&ControlRefused::AgentAbsent, reason, exit_code, signal, out);
    }

    fn end_closed(&mut self, now: Millis, reason: &'static str, client: Option<ClientId>, out: &mut Outbox) {
        self.cancel_permissions(out);
        if self.prompts.running().is_some() {
            self.cancel_agent(out);
        }
        self.settle_all(now, Some("session_closed"), "session closed", out);
        let data = SessionClosed { session_id: &self.id, reason, closed_by: client.as_ref() };
        let draft = Draft::new(EventType::SessionClosed, &data);
        out.publish(draft.caused_by(client));
        self.end(&ControlRefused::Refused(Refused::Closed), out);
    }

    fn die(
        &mut self,
        refused: &ControlRefused,
        reason: &str,
        exit_code: Option<i32>,
        signal_code: Option<&str>,
        out: &mut Outbox,
    ) {
        let data = SessionDied { session_id: &self.id, reason, exit_code, signal_code };
        out.publish(Draft::new(EventType::SessionDied, &data));
        self.end(refused, out);
        out.push(Effect::Retire);
    }

    fn end(&mut self, refused: &ControlRefused, out: &mut Outbox) {
        self.phase = Phase::Closed;
        self.abandon_calls(refused, out);
        out.push(Effect::EndStreams);
    }

    /// P14.
    fn settle_all(&mut self, now: Millis, code: Option<&str>, message: &str, out: &mut Outbox) {
        for prompt_id in self.prompts.unsettled() {
            self.settle(now, &prompt_id, Terminal::error(code, message), out);
        }
        self.prompts = super::prompts::Prompts::default();
        self.drop_all_messages(out);
        self.stop_shells(now, out);
    }

    /// Deadlines and permission timeouts that are due.
    pub(super) fn expire(&mut self, now: Millis, out: &mut Outbox) {
        self.wake_at = None;
        if self.phase == Phase::Open {
            self.expire_permissions(now, out);
            self.expire_prompts(now, out);
            self.expire_leftover(now, out);
            self.close_if_abandoned(now, out);
        }
    }

    /// The next moment something expires; the shell is told by [`Effect::WakeAt`] whenever it changes.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        let due = [self.prompts.next_deadline(), self.permissions.next_timeout()];
        if self.phase == Phase::Closed { None } else { due.into_iter().flatten().min() }
    }

    pub(super) fn schedule(&mut self, now: Millis, out: &mut Outbox) {
        let Some(at) = self.next_wake() else { return };
        if self.wake_at != Some(at) {
            self.wake_at = Some(at);
            out.push(Effect::WakeAt(at.max(now)));
        }
    }
}
