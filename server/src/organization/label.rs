//! What may stand in a group's or a session's label.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Refused;

const MAX_NAME_CHARS: usize = 64;

/// A color with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
}

impl Preset {
    pub const ALL: [Self; 6] = [Self::Red, Self::Orange, Self::Yellow, Self::Green, Self::Blue, Self::Purple];

    /// # Errors
    /// It is not one of [`Self::ALL`].
    pub fn read(value: &Value) -> Result<Self, Refused> {
        let refused = Refused::Arrangement { field: "color", why: "`color` must be a supported color or null" };
        Self::deserialize(value).map_err(|_| refused)
    }
}

/// A preset's name, or `#rrggbb` in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupColor(Box<str>);

impl GroupColor {
    /// # Errors
    /// It is neither a preset nor six hexadecimal digits behind a `#`.
    pub fn read(value: Option<&Value>) -> Result<Self, Refused> {
        let text = value.and_then(Value::as_str).ok_or(Refused::Color)?;
        let is_preset = Preset::deserialize(&Value::from(text)).is_ok();
        let is_hex = |digits: &str| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_preset || text.strip_prefix('#').is_some_and(is_hex) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(Refused::Color)
        }
    }
}

/// A group's name: 1 to 64 characters without spaces around them, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// # Errors
    /// It is not a string, or not such a name.
    pub fn read(value: Option<&Value>) -> Result<Self, Refused> {
        let text = value.and_then(Value::as_str).ok_or(Refused::Name("`name` must be a string"))?.trim();
        let is_good = (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let why = "`name` must be 1-64 characters and contain no control characters";
        if is_good { Ok(Self(text.into())) } else { Err(Refused::Name(why)) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a reader would take it for the same.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}
