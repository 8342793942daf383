//! How the page looks to this person: theme, and what lies on top.

use super::Store;
use crate::browser::{document, kept::Shelf};

const THEME: &str = "roost.theme";

/// Which of the two themes is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Whatever the system says, at any moment.
    System,
    Light,
    Dark,
}

/// What lies on top of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// Keys and commands.
    Help,
    /// This browser: remembered or not, signed out.
    Device,
    Settings,
    /// Rules of what an agent may do.
    Permissions,
    /// How the daemon is.
    Daemon,
    /// The folders that are served.
    Workspaces,
}

impl Sheet {
    pub(crate) const ALL: [Self; 6] =
        [Self::Settings, Self::Permissions, Self::Workspaces, Self::Daemon, Self::Device, Self::Help];
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(super) fn kept() -> Self {
        Shelf::Device.get(THEME).map_or(Self::System, |name| Self::named(&name).unwrap_or(Self::System))
    }

    /// The theme of this name, as in `/theme dark`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name || (*theme == Self::System && name == "system"))
    }

    /// The one after it, round and round.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// The name the style sheet knows; empty for the system's.
    fn name(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Store {
    pub(super) fn wear(self, theme: Theme) {
        Shelf::Device.set(THEME, theme.name());
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                Theme::Light | Theme::Dark => root.set_attribute("data-theme", theme.name()),
            };
        }
        self.theme.set(theme);
    }
}
