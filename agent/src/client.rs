//! The client as the agent sees it: somebody to send updates to, and to ask.

pub(crate) mod update;

use std::sync::Arc;

use agent_client_protocol::{self as acp, ConnectionTo, UntypedMessage};
use serde::Serialize;
use serde_json::{Value, json};

use crate::outbox::Outbox;

/// The other side of the connection. Clones share it.
///
/// Notifications go straight to the [`Outbox`], without a detour through the SDK's tasks: an update is written before the agent does
/// anything else. They may therefore overtake an answer that was given just before.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    connection: ConnectionTo<acp::Client>,
    outbox: Arc<Outbox>,
}

#[derive(Serialize)]
struct Notification<'a, P> {
    jsonrpc: &'static str,
    method: &'a str,
    params: P,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionUpdate<'a> {
    session_id: &'a str,
    update: &'a Value,
}

impl Client {
    pub(crate) fn new(connection: ConnectionTo<acp::Client>, outbox: Arc<Outbox>) -> Self {
        Self { connection, outbox }
    }

    /// Sends a `session/update`, waiting while too much has not been written yet.
    ///
    /// The raw form is used because the wire carries fields (`_meta` on everything, empty lists, `line: null`) that the
    /// SDK's types leave out.
    pub(crate) async fn update(&self, session: &str, update: &Value) {
        self.outbox.room().await;
        self.update_now(session, update);
    }

    /// Sends a `session/update` without waiting for room: the last word of something that is being cancelled.
    pub(crate) fn update_now(&self, session: &str, update: &Value) {
        self.notify("session/update", &SessionUpdate { session_id: session, update });
    }

    /// Sends a `session/update` behind every answer given so far.
    pub(crate) fn update_after_answers(&self, session: &str, update: &Value) {
        let params = json!({"sessionId": session, "update": update});
        let message = UntypedMessage { method: "session/update".to_owned(), params };
        if let Err(error) = self.connection.send_notification(message) {
            tracing::debug!(%error, "nobody is there to be told");
        }
    }

    /// Sends a notification. A client that is gone hears nothing, and the connection's end is noticed elsewhere.
    pub(crate) fn notify(&self, method: &str, params: &impl Serialize) {
        let mut line = Vec::with_capacity(512);
        serde_json::to_writer(&mut line, &Notification { jsonrpc: "2.0", method, params })
            .expect("a Vec takes every write, and the keys of what the agent sends are strings");
        line.push(b'\n');
        if let Err(error) = self.outbox.send(&line) {
            tracing::debug!(%error, method, "nobody is there to be told");
        }
    }

    /// Puts a question before the user. Dropping the future withdraws it.
    pub(crate) async fn request_permission(&self, params: Value) -> Result<Value, acp::Error> {
        self.request("session/request_permission", params).await
    }

    pub(crate) async fn request(&self, method: &str, params: Value) -> Result<Value, acp::Error> {
        let message = UntypedMessage { method: method.to_owned(), params };
        self.connection.send_request(message).block_task().await
    }
}
