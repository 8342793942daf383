//! Routes about what a session has made or points at.

use super::row::{Row, delete, get, post};

pub(super) const ROWS: &[Row] = &[
    get("/session/{id}/artifacts", "A session's artifacts, with how their files are now").by_client().gives(
        "{
            v: 1, sessionId: string, artifacts: Artifact[..200], generatedAt: time, limits: { maxArtifacts: int(1..) },
        }",
    ),
    post("/session/{id}/artifacts", "Declares an artifact, or changes the one in its place")
        .strict()
        .by_client()
        .takes(
            "{
                title: string(1..200), description?: string(..1000) | null,
                workspacePath?: string(..500) | null, # a file, relative to the workspace; exactly one of these three
                url?: string(..2048) | null, # http or https
                managedId?: string(..200) | null, # of something that the client keeps
                storage?: 'workspace' | 'external_url' | 'managed', # follows from these
                kind?: ArtifactKind | null, # what the place suggests
                mimeType?: string(..120) | null, sizeBytes?: int(0..9007199254740991),
                metadata?: { *: string | number | bool | null }, # up to 4096 bytes of JSON
                retention?: 'restorable' | 'ephemeral' = 'restorable', # whether it outlives the daemon
                clientRetained?: bool = true, # others go first where there is no room for all
                *: any
            }",
        )
        .gives("ArtifactChanges")
        .refuses(&[DECLARED, "400 artifact"]),
    delete("/session/{id}/artifacts/{artifact}", "Removes an artifact; its file stays")
        .strict()
        .by_client()
        .gives("ArtifactChanges")
        .refuses(&[DECLARED]),
    get("/session/{id}/artifacts/{artifact}/content", "The content of an artifact's file, to be saved")
        .by_client()
        .media(CONTENTS)
        .refuses(&["404 -; 413 -"]),
];

/// What can be shown as it is, by its type; everything else that is text is plain text.
const CONTENTS: &[&str] = &[
    "text/plain",
    "application/octet-stream",
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
];

const DECLARED: &str = "403 client_id_required session_artifact_forbidden";

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "ArtifactKind",
        "'file' | 'link' | 'html' | 'image' | 'video' | 'audio' | 'pdf' | 'notebook' | 'document' | 'other'",
    ),
    (
        "Artifact",
        "{
            id: string, kind: ArtifactKind, storage: 'workspace' | 'external_url' | 'managed', source: 'client' | 'tool',
            status: 'available' | 'changed' | 'missing', # of its file
            title: string(1..200), description?: string(..1000), workspacePath?: string, url?: string, managedId?: string,
            mimeType?: string, sizeBytes?: int(0..), metadata?: { *: string | number | bool | null },
            retention: 'restorable' | 'ephemeral', persistedAt?: time,
            restoreState: 'live' | 'restored', # whether it was there before this daemon
            clientRetained: bool, createdAt: time, updatedAt: time, toolCallId?: string, toolName?: string,
        }",
    ),
    (
        "ArtifactChanges",
        "{
            v: 1, sessionId: string,
            changes: {
                action: 'created' | 'updated' | 'removed', artifactId: string, artifact: Artifact,
                reason?: 'explicit' | 'eviction', # why it was removed
            }[], # none where all was so already
        }",
    ),
];
