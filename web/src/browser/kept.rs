//! What the browser keeps between page loads. Every access may fail (private windows, full disks); the page then forgets, no more.

use super::window;

/// Where something is kept, and so for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shelf {
    /// Until the tab is closed.
    Tab,
    /// Until someone clears it.
    Device,
}

impl Shelf {
    fn storage(self) -> Option<web_sys::Storage> {
        match self {
            Self::Tab => window().session_storage().ok().flatten(),
            Self::Device => window().local_storage().ok().flatten(),
        }
    }

    /// What is kept under `key`.
    pub(crate) fn get(self, key: &str) -> Option<String> {
        self.storage()?.get_item(key).ok().flatten()
    }

    /// Keeps `value` under `key`; an empty one is forgotten.
    pub(crate) fn set(self, key: &str, value: &str) {
        let Some(storage) = self.storage() else { return };
        let _ = if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) };
    }

    /// Forgets `key`.
    pub(crate) fn forget(self, key: &str) {
        self.set(key, "");
    }
}
