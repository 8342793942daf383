//! Routes about workspaces, and their agents.

use super::{
    refusals::REGISTRATIONS,
    row::{Row, delete, get, patch, post},
};

pub(super) const WORKSPACES: &[Row] = &[
    post("/workspaces", "Makes a folder a workspace")
        .status(201)
        .or_status(200)
        .takes(
            "{
                cwd: string(1..4096), # absolute; a directory
                persist?: bool = false, # open it again at every start
                displayName?: string(..256),
                kind?: 'scratch', # refused: this daemon makes no folders
            }",
        )
        .gives("{ ...WorkspaceObject, persisted?: true }")
        .refuses(&[
            "400 invalid_workspace_request; 501 scratch_not_available",
            "400 invalid_path invalid_persist_flag invalid_persist_target invalid_display_name invalid_workspace_request",
            "409 workspace_exists workspace_nested workspace_limit_reached; 501 scratch_not_available",
            "500 runtime_creation_failed; 503 workspace_draining",
            REGISTRATIONS,
        ]),
    patch("/workspaces/{workspace}", "Names a workspace")
        .strict()
        .takes(
            "{
                displayName: string(..256) | null, # null takes the name away
            }",
        )
        .gives("{ ...WorkspaceObject, removable: bool }")
        .refuses(&["400 empty_patch unsupported_field invalid_display_name", REGISTRATIONS]),
    delete("/workspaces/{workspace}", "Removes a workspace; what lies in it stays")
        .strict()
        .takes(
            "{
                force?: bool = false, # whatever goes on in it ends
            }",
        )
        .gives(
            "{
                removed: true, workspaceId: string, workspaceCwd: string, forced: bool, persistedRegistrationRemoved: bool,
                activity: WorkspaceActivity,
            }",
        )
        .refuses(&[
            "400 invalid_force_flag; 409 workspace_busy workspace_removal_in_progress",
            "409 primary_workspace_removal_forbidden static_workspace_removal_forbidden",
            REGISTRATIONS,
        ]),
    get("/workspace-registrations", "Workspaces that are opened again at the next start")
        .gives(
            "{
                schemaVersion: 1, primaryWorkspace: string,
                entries: {
                    id: string, cwd: string, displayName?: string, active: bool, # it is served now
                    persisted: bool,
                }[],
            }",
        )
        .refuses(&[REGISTRATIONS]),
    delete("/workspace-registrations/{registration}", "Has a workspace not opened again")
        .strict()
        .gives(
            "{
                removed: true, active: bool, # it is served until the daemon ends
                restartRequired: bool,
            }",
        )
        .refuses(&["404 workspace_registration_not_found", REGISTRATIONS]),
    get("/workspace/acp/status", "Whether the agent is up").plural().gives("{ channelLive: bool }"),
    post("/workspace/acp/preheat", "Starts the agent ahead of its first session")
        .plural()
        .trusted_if_named()
        .query("timeoutMs?: int(1..60000) = 5000")
        .takes("{}")
        .gives(
            "{ ready: bool, channelLive: bool, durationMs: int(0..), reason?: 'timeout' | 'error', error?: string }",
        )
        .refuses(&["400 invalid_timeout"]),
    post("/workspace/acp/restart", "Ends the agent whatever it is doing, and starts another")
        .plural()
        .trusted_if_named()
        .strict()
        .query("timeoutMs?: int(1..60000) = 5000")
        .takes("{}")
        .gives(
            "{ ready: bool, channelLive: bool, durationMs: int(0..), reason?: 'timeout' | 'error', error?: string }",
        )
        .refuses(&["400 invalid_timeout"]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    ("WorkspaceObject", "{ id: string, cwd: string, displayName?: string, primary: bool, trusted: bool }"),
    (
        "WorkspaceActivity",
        "{
            sessions: int(0..), activePrompts: int(0..), pendingSessionStarts: int(0..), acpConnections: int(0..),
            memoryTasks: int(0..), channelWorkers: int(0..), voiceSessions: int(0..),
        }",
    ),
];
