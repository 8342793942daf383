//! How much a session may do without asking.

use serde_json::{Value, json};

/// The approval mode of a session, the strictest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Looks, never changes.
    Plan,
    /// Asks before every change.
    #[default]
    Default,
    /// Edits files unasked, asks before it runs commands.
    AutoEdit,
    /// Asks nothing. Deny rules still hold.
    Yolo,
}

impl Mode {
    pub(crate) const ALL: [Self; 4] = [Self::Plan, Self::Default, Self::AutoEdit, Self::Yolo];

    /// The id on the wire.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Default => "default",
            Self::AutoEdit => "auto-edit",
            Self::Yolo => "yolo",
        }
    }

    pub(crate) fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }

    /// The one of the two that lets less happen unasked.
    pub(crate) fn stricter(self, other: Self) -> Self {
        self.min(other)
    }

    /// Whether it lets more happen unasked than the default one: that needs a trusted folder.
    pub(crate) fn is_privileged(self) -> bool {
        self > Self::Default
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Default => "Default",
            Self::AutoEdit => "Auto Edit",
            Self::Yolo => "YOLO",
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Plan => "Analyse only, change nothing",
            Self::Default => "Ask before every edit and command",
            Self::AutoEdit => "Edit files without asking, ask before commands",
            Self::Yolo => "Run everything without asking",
        }
    }

    /// `modes` of a session's state.
    pub(crate) fn state(self) -> Value {
        let available: Vec<Value> = Self::ALL
            .into_iter()
            .map(|mode| json!({"id": mode.id(), "name": mode.name(), "description": mode.description()}))
            .collect();
        json!({"currentModeId": self.id(), "availableModes": available})
    }
}
