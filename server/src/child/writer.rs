//! The one place that writes to an agent's stdin: whatever is waiting goes out in one write.

use bytes::{Bytes, BytesMut};
use tokio::{io::AsyncWriteExt, process::ChildStdin, sync::mpsc};

use super::pipes;

/// Lines an agent may leave unread before further ones are dropped. It is wedged by then: a session has a handful of prompts.
const MAX_WAITING_LINES: usize = 4_096;

/// Where lines for an agent are left.
#[derive(Clone, Debug)]
pub(super) struct Outbox(mpsc::Sender<Bytes>);

impl Outbox {
    /// Takes the pipe; it closes when the last outbox is gone.
    pub(super) fn open(pipe: ChildStdin) -> Self {
        let (sender, lines) = mpsc::channel(MAX_WAITING_LINES);
        tokio::spawn(write(pipe, lines));
        Self(sender)
    }

    /// Leaves a line, which ends in a newline. Best effort: what an agent that is gone does not get is made up for by its loss.
    pub(super) fn send(&self, line: impl Into<Bytes>) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.0.try_send(line.into()) {
            tracing::error!("the agent does not read its input; a message to it was dropped");
        }
    }
}

async fn write(mut pipe: ChildStdin, mut lines: mpsc::Receiver<Bytes>) {
    let mut waiting = Vec::new();
    while lines.recv_many(&mut waiting, MAX_WAITING_LINES).await > 0 {
        waiting.iter().for_each(|line| pipes::OUTBOUND.passed(line.len()));
        let written = match waiting.as_slice() {
            [line] => pipe.write_all(line).await,
            many => {
                let mut joined = BytesMut::with_capacity(many.iter().map(Bytes::len).sum());
                many.iter().for_each(|line| joined.extend_from_slice(line));
                pipe.write_all(&joined).await
            }
        };
        waiting.clear();
        if written.is_err() {
            // The reader side notices the death and reports it.
            return;
        }
    }
}
