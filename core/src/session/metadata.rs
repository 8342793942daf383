//! The name people gave a session.

use serde::{Deserialize, Serialize};

/// A display name: no control characters, 1 to [`DisplayName::MAX_CHARS`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Box<str>")]
pub struct DisplayName(Box<str>);

/// Why a text is no display name: 400 `invalid_metadata`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDisplayName {
    #[error("displayName must not be empty")]
    Empty,
    #[error("displayName must not contain control characters")]
    ControlCharacter,
}

impl DisplayName {
    /// Longer names are cut, not refused.
    pub const MAX_CHARS: usize = 256;

    /// Reads a name; spaces around it do not count.
    pub fn parse(text: &str) -> Result<Self, InvalidDisplayName> {
        if text.chars().any(|c| c <= '\u{1f}' || c == '\u{7f}') {
            return Err(InvalidDisplayName::ControlCharacter);
        }
        let name: String = text.trim().chars().take(Self::MAX_CHARS).collect();
        if name.is_empty() { Err(InvalidDisplayName::Empty) } else { Ok(Self(name.into())) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Box<str>> for DisplayName {
    type Error = InvalidDisplayName;

    fn try_from(text: Box<str>) -> Result<Self, InvalidDisplayName> {
        Self::parse(&text)
    }
}

/// Who chose a display name. A manual name is never replaced by an automatic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TitleSource {
    Manual,
    Auto,
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_long_name_is_cut_and_an_empty_or_binary_one_refused() {
        let name = DisplayName::parse(&"é".repeat(300)).expect("a name");
        assert_eq!(name.as_str().chars().count(), 256);
        assert_eq!(DisplayName::parse(" \t"), Err(InvalidDisplayName::ControlCharacter));
        assert_eq!(DisplayName::parse("  "), Err(InvalidDisplayName::Empty));
        assert_eq!(DisplayName::parse("a\u{7f}"), Err(InvalidDisplayName::ControlCharacter));
    }
}
