//! Notices: the thin lines between turns.

use crate::{
    Envelope,
    payload::{ApprovalModeChanged, GoalStatus, Malformed, ModelSwitchFailed, ModelSwitched, SessionEnd},
};

/// Something that happened to the session, in one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    ModeChanged(ApprovalModeChanged, Envelope),
    ModelSwitched(ModelSwitched, Envelope),
    ModelSwitchFailed(ModelSwitchFailed, Envelope),
    /// The agent shortened its context, or is about to. `text` is what it says about it.
    Compaction {
        done: bool,
        text: String,
        source: Envelope,
    },
    Goal(GoalStatus, Envelope),
    SessionClosed(SessionEnd, Envelope),
    SessionDied(SessionEnd, Envelope),
    /// The session's records are no longer written.
    RecordingDegraded(Envelope),
    /// Another known event that is worth a line: rewound, branched, folder changed, language changed.
    Event(Envelope),
    /// An event, or a kind of update, that this build does not know.
    Unknown(Envelope),
    /// A known event whose payload cannot be read.
    Malformed(Malformed, Envelope),
}

impl Notice {
    /// The event behind the line, as it came.
    #[must_use]
    pub fn source(&self) -> &Envelope {
        match self {
            Self::ModeChanged(_, source)
            | Self::ModelSwitched(_, source)
            | Self::ModelSwitchFailed(_, source)
            | Self::Compaction { source, .. }
            | Self::Goal(_, source)
            | Self::SessionClosed(_, source)
            | Self::SessionDied(_, source)
            | Self::RecordingDegraded(source)
            | Self::Event(source)
            | Self::Unknown(source)
            | Self::Malformed(_, source) => source,
        }
    }
}
