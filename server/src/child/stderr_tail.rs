//! What an agent writes to stderr: logged line by line, the last of it kept to explain a death.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncReadExt, BufReader},
    process::ChildStderr,
};

/// Longest line kept or logged, in bytes; the rest of a longer one is dropped.
const MAX_LINE_BYTES: usize = 2_000;

/// The last line an agent wrote to stderr.
#[derive(Clone, Debug, Default)]
pub(super) struct StderrTail(Arc<Mutex<Option<Box<str>>>>);

impl StderrTail {
    /// Reads until the pipe closes.
    pub(super) fn follow(pipe: ChildStderr) -> Self {
        let tail = Self::default();
        let kept = tail.clone();
        tokio::spawn(async move {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while let Ok(byte) = pipe.read_u8().await {
                if byte == b'\n' {
                    kept.keep(&line);
                    line.clear();
                } else if line.len() < MAX_LINE_BYTES {
                    line.push(byte);
                }
            }
            kept.keep(&line);
        });
        tail
    }

    pub(super) fn last_line(&self) -> Option<Box<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, line: &[u8]) {
        let text = harmless(&String::from_utf8_lossy(line));
        let text = text.trim();
        if !text.is_empty() {
            tracing::info!(target: "agent", "{text}");
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.into());
        }
    }
}

/// Text as a log may hold it: whoever shows it at a terminal must not have the agent's words move the cursor or retitle the window.
pub(super) fn harmless(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}")
}
