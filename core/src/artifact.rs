//! What a session has made or points at: links, files of its workspace, and things that are kept elsewhere under an id.

mod address;
mod fingerprint;
mod secret;
mod wish;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Millis;

use self::fingerprint::is_reserved;
pub use self::fingerprint::{Fingerprint, Look};
pub use self::wish::{ArtifactWish, InvalidArtifact};

/// One of them, as the wire has it and as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    pub id: Box<str>,
    pub kind: Kind,
    pub source: Source,
    pub status: Status,
    pub title: Box<str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Box<str>>,
    #[serde(flatten)]
    pub place: Place,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mime_type: Option<Box<str>>,
    /// Of a file as it was seen last, else what its client said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size_bytes: Option<u64>,
    /// What its client said beside, and how a file looked when it was declared.
    #[serde(skip_serializing_if = "Map::is_empty", default)]
    pub metadata: Map<String, Value>,
    #[serde(flatten)]
    pub keeping: Keeping,
    pub restore_state: RestoreState,
    /// Others go before it where there is no room for all.
    pub client_retained: bool,
    #[serde(serialize_with = "Millis::serialize_iso", deserialize_with = "Millis::deserialize_iso")]
    pub created_at: Millis,
    #[serde(serialize_with = "Millis::serialize_iso", deserialize_with = "Millis::deserialize_iso")]
    pub updated_at: Millis,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool_call_id: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool_name: Option<Box<str>>,
}

/// Where it is. No two artifacts of a session are in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "storage", rename_all_fields = "camelCase")]
pub enum Place {
    /// Relative, with `/`, without `.` and `..`.
    #[serde(rename = "workspace")]
    Workspace { workspace_path: Box<str> },
    /// `http` or `https`.
    #[serde(rename = "external_url")]
    Web { url: Box<str> },
    /// Somewhere its client knows of.
    #[serde(rename = "managed")]
    Managed { managed_id: Box<str> },
}

/// Whether it outlives the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "retention", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Keeping {
    Ephemeral,
    Restorable {
        #[serde(serialize_with = "Millis::serialize_iso", deserialize_with = "Millis::deserialize_iso")]
        persisted_at: Millis,
    },
}

/// A wish for a [`Keeping`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    Ephemeral,
    Restorable,
}

/// What it is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    File,
    Link,
    Html,
    Image,
    Video,
    Audio,
    Pdf,
    Notebook,
    Document,
    Other,
}

/// Who told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A tool of the agent's.
    Tool,
    Client,
}

/// How its file stands; what is no file is always available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Available,
    /// It is another than when it was declared.
    Changed,
    Missing,
}

/// Whether it was there before this daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestoreState {
    Live,
    Restored,
}

impl Place {
    #[must_use]
    pub fn workspace_path(&self) -> Option<&str> {
        match self {
            Self::Workspace { workspace_path } => Some(workspace_path),
            Self::Web { .. } | Self::Managed { .. } => None,
        }
    }

    /// What is most likely there.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Workspace { workspace_path } => Kind::of_file(workspace_path),
            Self::Web { .. } => Kind::Link,
            Self::Managed { .. } => Kind::Other,
        }
    }

    /// The same text for the same place and no other.
    fn key(&self) -> String {
        match self {
            Self::Workspace { workspace_path } => format!("workspace:{workspace_path}"),
            Self::Web { url } => format!("url:{url}"),
            Self::Managed { managed_id } => format!("managed:{managed_id}"),
        }
    }

    /// A name for what is in this place of a session: the same every time, and another for each `attempt`.
    #[must_use]
    pub fn name(&self, session: &str, attempt: u64) -> Box<str> {
        // FNV-1a. Names need not be hard to guess, and one that is taken is not given again.
        let text = format!("{session}:{}:{attempt}", self.key());
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{hash:016x}").into()
    }
}

impl Kind {
    fn read(name: &str) -> Option<Self> {
        serde_json::from_value(Value::from(name)).ok()
    }

    fn of_file(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref().unwrap_or_default() {
            "html" | "htm" => Self::Html,
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" => Self::Image,
            "mp4" | "mov" | "webm" => Self::Video,
            "mp3" | "wav" | "m4a" | "ogg" => Self::Audio,
            "pdf" => Self::Pdf,
            "ipynb" => Self::Notebook,
            "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "odt" | "ods" | "odp" => Self::Document,
            _ => Self::File,
        }
    }
}

impl Artifact {
    #[must_use]
    pub fn is_restorable(&self) -> bool {
        match self.keeping {
            Keeping::Restorable { .. } => true,
            Keeping::Ephemeral => false,
        }
    }

    /// What of `metadata` somebody said, in bytes of JSON.
    #[must_use]
    pub fn said_bytes(&self) -> usize {
        let said = self.metadata.iter().filter(|(key, _)| !is_reserved(key));
        let said: Map<String, Value> = said.map(|(key, value)| (key.clone(), value.clone())).collect();
        serde_json::to_string(&said).map_or(usize::MAX, |json| json.len())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use serde_json::json;

    use super::*;

    pub(crate) fn file(path: &str) -> Artifact {
        let place = Place::Workspace { workspace_path: path.into() };
        Artifact {
            id: place.name("s", 0),
            kind: place.kind(),
            source: Source::Client,
            status: Status::Available,
            title: "A file".into(),
            description: None,
            place,
            mime_type: None,
            size_bytes: None,
            metadata: Map::new(),
            keeping: Keeping::Restorable { persisted_at: Millis(2) },
            restore_state: RestoreState::Live,
            client_retained: true,
            created_at: Millis(1),
            updated_at: Millis(2),
            tool_call_id: None,
            tool_name: None,
        }
    }

    #[test]
    fn what_is_written_down_is_what_the_wire_has_and_reads_back() {
        let artifact = file("a/b.html");
        let wire = json!({
            "id": artifact.id, "kind": "html", "source": "client", "status": "available", "title": "A file",
            "storage": "workspace", "workspacePath": "a/b.html", "retention": "restorable",
            "persistedAt": "1970-01-01T00:00:00.002Z", "restoreState": "live", "clientRetained": true,
            "createdAt": "1970-01-01T00:00:00.001Z", "updatedAt": "1970-01-01T00:00:00.002Z",
        });
        assert_eq!(json!(artifact), wire);
        assert_eq!(serde_json::from_value::<Artifact>(wire).expect("an artifact"), artifact);
        let passing =
            Artifact { keeping: Keeping::Ephemeral, place: Place::Web { url: "https://e.org/".into() }, ..artifact };
        assert_eq!(serde_json::from_value::<Artifact>(json!(passing)).expect("an artifact"), passing);
    }

    #[test]
    fn a_place_has_one_name_in_a_session_and_another_in_another() {
        let (one, other) = (file("a").place, file("b").place);
        assert_eq!(one.name("s", 0), one.name("s", 0));
        assert_ne!(one.name("s", 0), other.name("s", 0));
        assert_ne!(one.name("s", 0), one.name("t", 0));
        assert_ne!(one.name("s", 0), one.name("s", 1));
        assert_eq!(one.name("s", 0).len(), 16);
    }
}
