//! Content blocks: what a message or a tool result is made of.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::{Read, readable};

/// One block of a message. A kind nobody knows is kept as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum ContentBlock {
    Text(String),
    Image(Media),
    Audio(Media),
    ResourceLink(ResourceLink),
    Resource(Resource),
    Other(Value),
}

/// Bytes with a type: inline as base64, or by address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Media {
    pub mime_type: String,
    /// Base64.
    pub data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

readable!(Media { ; mime_type: "mimeType", data: "data", uri: "uri" });

/// A reference to something the agent can read by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceLink {
    pub uri: String,
    #[serde(default, deserialize_with = "super::null_is_default")]
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mime_type: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
}

readable!(ResourceLink { uri: "uri"; name: "name", title: "title", mime_type: "mimeType", size: "size" });

/// Something embedded in the message: text, or base64 in `blob`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    pub uri: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub blob: Option<String>,
}

readable!(Resource { uri: "uri"; mime_type: "mimeType", text: "text", blob: "blob" });

impl ContentBlock {
    /// Reads a block. Total: what fits no known kind is [`ContentBlock::Other`].
    #[must_use]
    pub fn parse(value: &Value) -> Self {
        Self::known(value).unwrap_or_else(|| Self::Other(value.clone()))
    }

    fn known(value: &Value) -> Option<Self> {
        match value.get("type")?.as_str()? {
            "text" => Some(Self::Text(value.get("text")?.as_str()?.to_owned())),
            "image" => Media::read(value).map(Self::Image),
            "audio" => Media::read(value).map(Self::Audio),
            "resource_link" => ResourceLink::read(value).map(Self::ResourceLink),
            "resource" => Resource::read(value.get("resource")?).map(Self::Resource),
            _ => None,
        }
    }

    /// The block as it stands on the wire.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Image(media) => tagged("image", media),
            Self::Audio(media) => tagged("audio", media),
            Self::ResourceLink(link) => tagged("resource_link", link),
            Self::Resource(resource) => json!({"type": "resource", "resource": resource}),
            Self::Other(value) => value.clone(),
        }
    }

    /// The text of a text block.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Image(_) | Self::Audio(_) | Self::ResourceLink(_) | Self::Resource(_) | Self::Other(_) => None,
        }
    }
}

fn tagged(kind: &str, fields: &impl Serialize) -> Value {
    let mut value = json!(fields);
    if let Value::Object(map) = &mut value {
        map.insert("type".to_owned(), kind.into());
    }
    value
}

impl Read for ContentBlock {
    fn read(value: &Value) -> Option<Self> {
        Some(Self::parse(value))
    }
}

impl<'de> Deserialize<'de> for ContentBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self::parse(&value))
    }
}

impl Serialize for ContentBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}
