//! What becomes of one artifact when something is said of it.

use serde::Serialize;

use super::by_tool::Tool;
use crate::{
    ClientId, Millis,
    artifact::{Artifact, ArtifactWish, InvalidArtifact, Keeping, Look, RestoreState, Retention, Source, Status},
};

/// What became of one artifact.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactChange {
    pub action: ArtifactAction,
    pub artifact_id: Box<str>,
    /// As it is now, or was at its end.
    pub artifact: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<RemovalReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactAction {
    Created,
    Updated,
    Removed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RemovalReason {
    /// Somebody asked for it.
    Explicit,
    /// Another needed the room.
    Eviction,
}

/// Who declares an artifact.
#[derive(Clone, Copy, Debug)]
pub(super) enum Declarer<'a> {
    Client(Option<&'a ClientId>),
    Tool(&'a Tool),
}

impl<'a> Declarer<'a> {
    pub(super) fn client(self) -> Option<&'a ClientId> {
        match self {
            Self::Client(client) => client,
            Self::Tool(_) => None,
        }
    }

    fn source(self) -> Source {
        match self {
            Self::Client(_) => Source::Client,
            Self::Tool(_) => Source::Tool,
        }
    }

    /// Whether others are to go first: no tool holds on to anything.
    fn retains(self, wish: &ArtifactWish) -> bool {
        match self {
            Self::Client(_) => wish.client_retained,
            Self::Tool(_) => false,
        }
    }

    fn tool(self) -> Option<&'a Tool> {
        match self {
            Self::Client(_) => None,
            Self::Tool(tool) => Some(tool),
        }
    }
}

pub(super) fn told(action: ArtifactAction, artifact: Artifact) -> ArtifactChange {
    ArtifactChange { action, artifact_id: artifact.id.clone(), artifact, reason: None }
}

pub(super) fn created(now: Millis, id: Box<str>, declarer: Declarer<'_>, wish: ArtifactWish, look: &Look) -> Artifact {
    let client_retained = declarer.retains(&wish);
    let mut artifact = Artifact {
        id,
        kind: wish.kind.unwrap_or_else(|| wish.place.kind()),
        source: declarer.source(),
        status: Status::Available,
        title: wish.title,
        description: wish.description,
        place: wish.place,
        mime_type: wish.mime_type,
        size_bytes: wish.size_bytes,
        metadata: wish.metadata,
        keeping: match wish.retention {
            Some(Retention::Ephemeral) => Keeping::Ephemeral,
            Some(Retention::Restorable) | None => Keeping::Restorable { persisted_at: now },
        },
        restore_state: RestoreState::Live,
        client_retained,
        created_at: now,
        updated_at: now,
        tool_call_id: declarer.tool().and_then(|tool| tool.call_id.clone()),
        tool_name: declarer.tool().and_then(|tool| tool.name.clone()),
    };
    artifact.declare(look);
    artifact
}

/// The same with what is said of it now; what is not said stays. Equal to `kept` where nothing is new.
pub(super) fn merged(
    kept: &Artifact,
    now: Millis,
    declarer: Declarer<'_>,
    wish: ArtifactWish,
    look: &Look,
) -> Result<Artifact, InvalidArtifact> {
    let client_retained = match declarer {
        Declarer::Client(_) => wish.client_retained,
        Declarer::Tool(_) => kept.client_retained,
    };
    let kind = wish.kind.unwrap_or(kept.kind);
    let mut artifact = Artifact { title: wish.title, kind, client_retained, ..kept.clone() };
    artifact.description = wish.description.or(artifact.description);
    artifact.mime_type = wish.mime_type.or(artifact.mime_type);
    artifact.size_bytes = wish.size_bytes.or(artifact.size_bytes);
    artifact.metadata.extend(wish.metadata);
    let said = artifact.said_bytes();
    if said > ArtifactWish::MAX_METADATA_BYTES {
        let most = ArtifactWish::MAX_METADATA_BYTES;
        let message = format!("metadata would have {said} bytes of JSON with what is there already, more than {most}");
        return Err(InvalidArtifact::of("metadata", message));
    }
    artifact.keeping = match (wish.retention, artifact.keeping) {
        (Some(Retention::Ephemeral), _) | (None, Keeping::Ephemeral) => Keeping::Ephemeral,
        (Some(Retention::Restorable), Keeping::Ephemeral) => Keeping::Restorable { persisted_at: now },
        (Some(Retention::Restorable) | None, kept @ Keeping::Restorable { .. }) => kept,
    };
    artifact.declare(look);
    if artifact == *kept {
        return Ok(artifact);
    }
    if artifact.is_restorable() {
        artifact.keeping = Keeping::Restorable { persisted_at: now };
    }
    Ok(Artifact { updated_at: now, restore_state: RestoreState::Live, ..artifact })
}
