//! The client's half: the event stream interpretation of the HTML standard, fed with whatever the network delivers.

use std::mem;

use memchr::memchr2;

use super::{Event, Frame};
use crate::Millis;

/// How much of one stream is kept in memory before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest line, in bytes without its end.
    pub max_line_bytes: usize,
    /// Most data of one event, in bytes, line breaks included.
    pub max_event_bytes: usize,
}

impl Default for Limits {
    /// 32 MiB each: a session's largest event is a tool's output, which the daemon caps far below.
    fn default() -> Self {
        Self { max_line_bytes: 32 << 20, max_event_bytes: 32 << 20 }
    }
}

/// A stream that breaks its limits. Nothing after it can be trusted to be whole, so the parser stays in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oversize {
    #[error("a line of the stream is longer than {max_bytes} bytes")]
    Line { max_bytes: usize },
    #[error("an event of the stream has more than {max_bytes} bytes of data")]
    Event { max_bytes: usize },
}

/// An incremental parser. It never fails on content: bad UTF-8 becomes U+FFFD, an unknown field is skipped.
///
/// An event that its blank line has not ended yet is never reported, so dropping the parser at the end of the
/// stream discards an incomplete one.
#[derive(Debug, Default)]
pub struct Parser {
    limits: Limits,
    /// The bytes of a line whose end has not arrived.
    line: Vec<u8>,
    /// The last chunk ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A line has been read, so a byte order mark is content now.
    begun: bool,
    event: String,
    data: Option<String>,
    id: Option<String>,
    last_event_id: String,
    broken: Option<Oversize>,
}

impl Parser {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The id a reconnect sends as `Last-Event-ID`; empty before the first and after an empty id line.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Reads the next bytes of the stream and appends the frames they complete to `frames`.
    ///
    /// # Errors
    /// When the stream breaks its [`Limits`]. The frames before the fault have been appended; every later push fails alike.
    pub fn push(&mut self, chunk: &[u8], frames: &mut Vec<Frame>) -> Result<(), Oversize> {
        if let Some(oversize) = self.broken {
            return Err(oversize);
        }
        self.read(chunk, frames).inspect_err(|oversize| self.broken = Some(*oversize))
    }

    fn read(&mut self, mut chunk: &[u8], frames: &mut Vec<Frame>) -> Result<(), Oversize> {
        if mem::take(&mut self.after_cr) {
            match chunk.first() {
                Some(b'\n') => chunk = &chunk[1..],
                Some(_) => {}
                None => self.after_cr = true,
            }
        }
        while let Some(end) = memchr2(b'\r', b'\n', chunk) {
            self.check_line(end)?;
            if self.line.is_empty() {
                self.take_line(&chunk[..end], frames)?;
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(&chunk[..end]);
                self.take_line(&line, frames)?;
                line.clear();
                self.line = line;
            }
            let cr = chunk[end] == b'\r';
            chunk = &chunk[end + 1..];
            match chunk.first() {
                Some(b'\n') if cr => chunk = &chunk[1..],
                Some(_) => {}
                None => self.after_cr = cr,
            }
        }
        self.check_line(chunk.len())?;
        self.line.extend_from_slice(chunk);
        Ok(())
    }

    fn check_line(&self, more: usize) -> Result<(), Oversize> {
        let max_bytes = self.limits.max_line_bytes;
        if self.line.len() + more > max_bytes { Err(Oversize::Line { max_bytes }) } else { Ok(()) }
    }

    fn take_line(&mut self, mut line: &[u8], frames: &mut Vec<Frame>) -> Result<(), Oversize> {
        if !mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            frames.extend(self.dispatch().map(Frame::Event));
            return Ok(());
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match name {
            b"" => frames.push(Frame::Comment(value.into_owned())),
            b"data" => self.take_data(&value)?,
            b"event" => self.event = value.into_owned(),
            b"id" if !value.contains('\0') => self.id = Some(value.into_owned()),
            b"retry" => frames.extend(retry(&value).map(Frame::Retry)),
            _ => {}
        }
        Ok(())
    }

    fn take_data(&mut self, value: &str) -> Result<(), Oversize> {
        let max_bytes = self.limits.max_event_bytes;
        let held = self.data.as_ref().map_or(0, |data| data.len() + 1);
        if held + value.len() > max_bytes {
            return Err(Oversize::Event { max_bytes });
        }
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        Ok(())
    }

    /// Ends the block. One without a data line is no event, but its id counts.
    fn dispatch(&mut self) -> Option<Event> {
        let id = self.id.take();
        if let Some(id) = &id {
            self.last_event_id.clone_from(id);
        }
        let event = mem::take(&mut self.event);
        let data = self.data.take()?;
        Some(Event { id, event: if event.is_empty() { "message".to_owned() } else { event }, data })
    }
}

/// Digits only; a number too large for us is the longest wait there is.
fn retry(value: &str) -> Option<Millis> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Millis(value.parse().unwrap_or(u64::MAX)))
}
