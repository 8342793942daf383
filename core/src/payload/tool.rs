//! Tool calls: each frame is a patch; fields that are present replace what was known.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{ContentBlock, Malformed, Read, decode, readable};

/// The agent's name for one tool call.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallId(Arc<str>);

impl ToolCallId {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Read for ToolCallId {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(Self::new)
    }
}

impl fmt::Debug for ToolCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCallId({})", self.0)
    }
}

impl Borrow<str> for ToolCallId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// What one `tool_call`, `tool_call_update` or `permission_request.toolCall` says. `None` means "says nothing about it".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolPatch {
    pub tool_call_id: ToolCallId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<ToolKind>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<ToolStatus>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locations: Option<Vec<Location>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<Vec<ToolContent>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw_input: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw_output: Option<Value>,
    #[serde(
        rename = "_meta",
        skip_serializing_if = "Map::is_empty",
        default,
        deserialize_with = "super::null_is_default"
    )]
    pub meta: Map<String, Value>,
}

readable!(ToolPatch {
    tool_call_id: "toolCallId";
    title: "title", kind: "kind", status: "status", locations: "locations", content: "content", raw_input:
    "rawInput", raw_output: "rawOutput", meta: "_meta"
});

impl ToolPatch {
    /// Reads a patch.
    ///
    /// # Errors
    /// [`Malformed`] without a `toolCallId`, or when a known field has another type.
    pub fn parse(what: &str, value: &Value) -> Result<Self, Malformed> {
        decode(what, value)
    }

    /// The preparation was abandoned: the call never happened.
    #[must_use]
    pub fn is_discarded(&self) -> bool {
        self.meta.get("preparationDiscarded").and_then(Value::as_bool).unwrap_or(false)
    }
}

/// A place in a file the call touches. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
}

readable!(Location { path: "path"; line: "line" });

/// What a call shows. A kind nobody knows is kept as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolContent {
    Block(ContentBlock),
    Diff {
        path: String,
        /// `None` for a file that did not exist.
        old_text: Option<String>,
        new_text: String,
    },
    Terminal {
        terminal_id: String,
    },
    Other(Value),
}

impl Read for ToolContent {
    fn read(value: &Value) -> Option<Self> {
        Some(Self::parse(value))
    }
}

impl ToolContent {
    /// Reads one item. Total: what fits no known kind is [`ToolContent::Other`].
    #[must_use]
    pub fn parse(value: &Value) -> Self {
        Self::known(value).unwrap_or_else(|| Self::Other(value.clone()))
    }

    fn known(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        match value.get("type")?.as_str()? {
            "content" => Some(Self::Block(ContentBlock::parse(value.get("content")?))),
            "diff" => Some(Self::Diff { path: text("path")?, old_text: text("oldText"), new_text: text("newText")? }),
            "terminal" => Some(Self::Terminal { terminal_id: text("terminalId")? }),
            _ => None,
        }
    }

    /// The item as it stands on the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Block(block) => json!({"type": "content", "content": block}),
            Self::Diff { path, old_text, new_text } => {
                json!({"type": "diff", "path": path, "oldText": old_text, "newText": new_text})
            }
            Self::Terminal { terminal_id } => json!({"type": "terminal", "terminalId": terminal_id}),
            Self::Other(value) => value.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for ToolContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self::parse(&value))
    }
}

impl Serialize for ToolContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? } default $default:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($variant,)*
            /// A name this build does not know.
            Unknown(Box<str>),
        }

        impl $name {
            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Unknown(name.into()),
                }
            }
        }

        impl Read for $name {
            fn read(value: &Value) -> Option<Self> {
                String::read(value).map(Self::from)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }
    };
}

open_enum!(
    /// What a tool does, as the client's icon and default view need it.
    ToolKind {
        Read = "read", Edit = "edit", Delete = "delete", Move = "move", Search = "search", Execute = "execute",
        Think = "think", Fetch = "fetch", SwitchMode = "switch_mode", Other = "other",
    } default Other
);

open_enum!(
    /// How far a call is.
    ToolStatus {
        Pending = "pending", InProgress = "in_progress", Completed = "completed", Failed = "failed",
    } default Pending
);

impl ToolStatus {
    /// No further work happens.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Completed | Self::Failed => true,
            Self::Pending | Self::InProgress | Self::Unknown(_) => false,
        }
    }
}
