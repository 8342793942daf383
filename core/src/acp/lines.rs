//! Bytes into lines.

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;

/// A line longer than its reader allows. It has been skipped; the reader continues after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than {max_bytes} bytes")]
pub struct LineTooLong {
    pub max_bytes: usize,
}

/// Cuts a byte stream into lines without copying them.
///
/// Read into [`Lines::buffer`] (or [`Lines::push`]), then take lines until there are none. Holds at most
/// `max_line_bytes` and one read.
#[derive(Debug)]
pub struct Lines {
    max_line_bytes: usize,
    buffer: BytesMut,
    /// How much of `buffer` is known to hold no line feed.
    scanned: usize,
    /// The rest of a line that was too long is still arriving.
    skipping: bool,
}

impl Lines {
    /// Lines of at most `max_line_bytes`, the line feed not counted.
    #[must_use]
    pub fn new(max_line_bytes: usize) -> Self {
        Self { max_line_bytes, buffer: BytesMut::new(), scanned: 0, skipping: false }
    }

    /// Where to read the next bytes to: append only.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Appends bytes that were read elsewhere.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line that is not empty, without its LF or CRLF.
    ///
    /// # Errors
    /// Once for each line over the limit, as soon as it is over.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        while let Some(end) = memchr(b'\n', &self.buffer[self.scanned..]) {
            let mut line = self.buffer.split_to(self.scanned + end);
            self.buffer.advance(1);
            self.scanned = 0;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if line.len() > self.max_line_bytes {
                return Err(self.too_long());
            }
            if line.last() == Some(&b'\r') {
                line.truncate(line.len() - 1);
            }
            if !line.is_empty() {
                return Ok(Some(line.freeze()));
            }
        }
        self.scanned = self.buffer.len();
        if !self.skipping && self.scanned <= self.max_line_bytes {
            return Ok(None);
        }
        self.buffer.clear();
        self.scanned = 0;
        if std::mem::replace(&mut self.skipping, true) { Ok(None) } else { Err(self.too_long()) }
    }

    /// What has arrived of a line that has not ended. At the end of the stream: what was torn off.
    #[must_use]
    pub fn remainder(&self) -> &[u8] {
        &self.buffer
    }

    fn too_long(&self) -> LineTooLong {
        LineTooLong { max_bytes: self.max_line_bytes }
    }
}
