//! How far the agent may run ahead of its own stdout.
//!
//! The SDK queues without bound, so a client that pauses its reading would fill this process's memory. Each update takes
//! a credit; writing its line gives it back.

use tokio::sync::Semaphore;

/// Updates that may be queued and not yet written.
const MAX_AHEAD: usize = 256;
/// How the line of an update begins.
const UPDATE_LINE: &str = r#"{"jsonrpc":"2.0","method":"session/update""#;

#[derive(Debug)]
pub(crate) struct Credit(Semaphore);

impl Credit {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(MAX_AHEAD))
    }

    /// Waits for room. Once the connection has ended there is always room.
    pub(crate) async fn take(&self) {
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }

    /// For what must not wait: takes a credit if there is one.
    pub(crate) fn take_if_any(&self) {
        if let Ok(permit) = self.0.try_acquire() {
            permit.forget();
        }
    }

    /// A line has been written. What was sent without a credit does not earn one beyond the limit.
    pub(crate) fn written(&self, line: &str) {
        if line.starts_with(UPDATE_LINE) && self.0.available_permits() < MAX_AHEAD {
            self.0.add_permits(1);
        }
    }

    /// Nothing will be written any more.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}
