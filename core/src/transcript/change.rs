//! What an event moved, so that a page touches only those signals.

use std::ops::{BitOr, BitOrAssign};

use crate::transcript::EntryId;

/// What one or more events moved. Empty when nothing a reader sees moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Change {
    /// In the order in which it happened; an entry may occur more than once.
    pub entries: Vec<EntryChange>,
    pub side: Side,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryChange {
    /// New, at the end of the transcript.
    Added(EntryId),
    /// Text was appended to the entry's text; nothing else of it changed but `until`.
    Appended(EntryId),
    /// Anything else about it.
    Changed(EntryId),
    /// Gone: discarded, joined to its neighbour, or dropped by the cap.
    Removed(EntryId),
}

impl EntryChange {
    /// The entry it is about.
    #[must_use]
    pub fn id(self) -> EntryId {
        match self {
            Self::Added(id) | Self::Appended(id) | Self::Changed(id) | Self::Removed(id) => id,
        }
    }
}

impl Change {
    /// Nothing moved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.side == Side::default()
    }

    /// Adds what a later event moved. A run of pieces appended to one entry stays one item.
    pub fn absorb(&mut self, later: Self) {
        self.side |= later.side;
        for change in later.entries {
            self.push(change);
        }
    }

    pub(crate) fn push(&mut self, change: EntryChange) {
        let redundant = match (self.entries.last(), change) {
            (Some(last), EntryChange::Appended(id)) => last.id() == id && !matches!(last, EntryChange::Removed(_)),
            (Some(last), EntryChange::Changed(_)) => *last == change,
            _ => false,
        };
        if !redundant {
            self.entries.push(change);
        }
    }
}

/// Which parts beside the entries moved: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side(u32);

impl Side {
    /// A turn opened, ended, or was asked to end.
    pub const TURNS: Self = Self(1);
    pub const QUEUE: Self = Self(1 << 1);
    pub const PERMISSIONS: Self = Self(1 << 2);
    pub const USAGE: Self = Self(1 << 3);
    pub const MODE: Self = Self(1 << 4);
    pub const MODEL: Self = Self(1 << 5);
    pub const TITLE: Self = Self(1 << 6);
    pub const COMMANDS: Self = Self(1 << 7);
    pub const FOLLOWUP: Self = Self(1 << 8);
    /// The stream or the session ended, or came back.
    pub const END: Self = Self(1 << 9);
    pub const RESYNC: Self = Self(1 << 10);
    pub const GOAL: Self = Self(1 << 11);
    pub const CONFIG: Self = Self(1 << 12);
    pub const RECORDING: Self = Self(1 << 13);
    /// Older entries are known to be missing.
    pub const TRUNCATION: Self = Self(1 << 14);

    /// Every flag of `other` is in `self`.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Side {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Side {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
