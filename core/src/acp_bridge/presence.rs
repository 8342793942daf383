//! Whether a peer is still there, and how long to wait for one whose streams are gone.

use crate::Millis;

/// How long a peer may be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After its last stream has gone.
    pub grace: Millis,
    /// Without a stream and without a word.
    pub idle: Millis,
}

/// A peer's streams and its last word.
#[derive(Debug)]
pub struct Presence {
    patience: Patience,
    streams: usize,
    /// Since when a stream is missed: one has gone, or something was asked that only a stream can answer.
    missed_since: Option<Millis>,
    heard_at: Millis,
}

impl Presence {
    #[must_use]
    pub fn new(now: Millis, patience: Patience) -> Self {
        Self { patience, streams: 0, missed_since: None, heard_at: now }
    }

    /// A stream was opened.
    pub fn came(&mut self, now: Millis) {
        self.streams += 1;
        self.missed_since = None;
        self.heard_at = now;
    }

    /// A stream has gone.
    pub fn went(&mut self, now: Millis) {
        self.streams = self.streams.saturating_sub(1);
        self.heard_at = now;
        self.miss(now);
    }

    /// From now on a stream is needed.
    pub fn miss(&mut self, now: Millis) {
        if self.streams == 0 {
            self.missed_since.get_or_insert(now);
        }
    }

    /// A stream that was missed is not needed any more.
    pub fn forgive(&mut self) {
        self.missed_since = None;
    }

    /// Whether a stream is needed and not there.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.missed_since.is_some()
    }

    /// The peer said something, or took something.
    pub fn heard(&mut self, now: Millis) {
        self.heard_at = now;
    }

    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// When it will be given up unless it comes back or speaks; never while it has a stream.
    #[must_use]
    pub fn ends_at(&self) -> Option<Millis> {
        if self.streams > 0 {
            return None;
        }
        let silent = self.heard_at.after(self.patience.idle);
        let away = self.missed_since.map(|since| since.after(self.patience.grace));
        Some(away.map_or(silent, |away| away.min(silent)))
    }
}
