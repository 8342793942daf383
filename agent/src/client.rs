//! The client as the agent sees it: somebody to send updates to, and to ask.

mod credit;
pub(crate) mod update;

use std::sync::Arc;

use agent_client_protocol::{self as acp, ConnectionTo, UntypedMessage};
use serde_json::{Value, json};

pub(crate) use self::credit::Credit;

/// The other side of the connection. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    connection: ConnectionTo<acp::Client>,
    credit: Arc<Credit>,
}

impl Client {
    pub(crate) fn new(connection: ConnectionTo<acp::Client>, credit: Arc<Credit>) -> Self {
        Self { connection, credit }
    }

    /// Sends a `session/update`, waiting while too many have not been written yet.
    ///
    /// The raw form is used because the wire carries fields (`_meta` on everything, empty lists, `line: null`) that the
    /// SDK's types leave out.
    pub(crate) async fn update(&self, session: &str, update: Value) {
        self.credit.take().await;
        self.notify("session/update", json!({"sessionId": session, "update": update}));
    }

    /// Sends a `session/update` at once: the closing word of something that is being broken off.
    pub(crate) fn update_now(&self, session: &str, update: &Value) {
        self.credit.take_if_any();
        self.notify("session/update", json!({"sessionId": session, "update": update}));
    }

    /// Sends a notification. A client that is gone hears nothing, and the connection's end is noticed elsewhere.
    pub(crate) fn notify(&self, method: &str, params: Value) {
        let message = UntypedMessage { method: method.to_owned(), params };
        if let Err(error) = self.connection.send_notification(message) {
            tracing::debug!(%error, method, "nobody is there to be told");
        }
    }

    /// Puts a question before the user. Dropping the future withdraws it.
    pub(crate) async fn request_permission(&self, params: Value) -> Result<Value, acp::Error> {
        let message = UntypedMessage { method: "session/request_permission".to_owned(), params };
        self.connection.send_request(message).block_task().await
    }
}
