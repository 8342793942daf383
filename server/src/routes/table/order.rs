//! Routes about the order that sessions are kept in.

use super::{
    refusals::{BUSY, OWNER},
    row::{Row, delete, get, patch, post},
};

pub(super) const ORDER: &[Row] = &[
    get("/workspace/{id}/sessions", "The sessions of a workspace, page by page")
        .plural()
        .query(
            "archiveState?: 'active' | 'archived' = 'active',
             size?: int | string = 20, # from 1 to 100: what is beyond is brought within, what is no number is 20
             cursor?: string, # where an earlier page ended
             view?: 'organized', # pinned sessions first
             group?: string = 'all', # all, pinned, ungrouped or a group's id; needs a view
             parentSessionId?: string(1..), # not with a view
             sourceType?: string(1..64),
             sourceId?: string(1..) # needs a sourceType",
        )
        .gives("{ sessions: ListedSession[], nextCursor?: string }")
        .refuses(&[
            "400 invalid_archive_state invalid_session_view invalid_session_group_filter invalid_cursor",
            "400 invalid_parent_session_id invalid_parent_session_filter invalid_session_source",
            "404 group_not_found; 500 session_list_failed",
        ]),
    get("/workspace/{id}/session-info", "How many sessions there are")
        .plural()
        .gives(
            "{
                active: int(0..), archived: int(0..), total: int(0..), live: int(0..), expensive: bool, cost: 'disk_scan',
            }",
        )
        .refuses(&["500 session_list_failed"]),
    get("/workspaces/{workspace}/sessions/live-state", "How the live sessions stand, cheap to ask often").gives(
        "{
            v: 1,
            catalogVersion: { generation: string, revision: int(0..) }, # as long as it is the same, so is the list of sessions
            sessions: {
                sessionId: string, clientCount: int(0..), hasActivePrompt: bool, isWaitingForPermission: bool,
                isWaitingForUserQuestion: bool, updatedAt: time,
            }[],
        }",
    ),
    patch("/session/{id}/organization", "Pins a session, puts it in a group, colours it")
        .plural()
        .takes("{ isPinned?: bool, groupId?: string | null, color?: GroupPreset | null }")
        .gives(
            "{
                sessionId: string, groupId: string | null, color: GroupPreset | null, pinnedAt?: time, updatedAt: time,
                isPinned: bool,
            }",
        )
        .refuses(&[
            "400 invalid_session_organization invalid_group_color; 404 group_not_found; 500 session_store_failed",
            BUSY,
            OWNER,
        ]),
    get("/workspace/{id}/session-groups", "The groups of sessions")
        .plural()
        .gives("{ groups: Group[], colorOptions: GroupPreset[] }")
        .refuses(&["500 session_store_failed"]),
    post("/workspace/{id}/session-groups", "A new group")
        .plural()
        .trusted_if_named()
        .status(201)
        .takes(
            "{
                name: string(1..64), color: string, # a preset, or #rrggbb
            }",
        )
        .gives("{ group: Group }")
        .refuses(&["400 invalid_group_name invalid_group_color; 409 group_name_conflict; 500 session_store_failed"]),
    patch("/workspace/{id}/session-groups/{group}", "Changes a group")
        .plural()
        .trusted_if_named()
        .takes("{ name?: string(1..64), color?: string, order?: int(-9007199254740991..9007199254740991) }")
        .gives("{ group: Group }")
        .refuses(&[
            "400 invalid_group_name invalid_group_color invalid_group_order; 404 group_not_found",
            "409 group_name_conflict; 500 session_store_failed",
        ]),
    delete("/workspace/{id}/session-groups/{group}", "Removes a group; its sessions stay")
        .plural()
        .trusted_if_named()
        .gives("{ deleted: bool }")
        .refuses(&["500 session_store_failed"]),
    post("/sessions/archive", "Puts sessions away")
        .plural()
        .trusted_if_named()
        .takes(BATCH)
        .gives(
            "{
                archived: string[], alreadyArchived: string[], resolvedConflicts: string[], notFound: string[],
                errors: BatchFailure[],
            }",
        )
        .refuses(&["400 invalid_request", BUSY]),
    post("/sessions/unarchive", "Gets sessions back")
        .plural()
        .trusted_if_named()
        .takes(BATCH)
        .gives(
            "{
                unarchived: string[], alreadyActive: string[], resolvedConflicts: string[], notFound: string[],
                errors: BatchFailure[],
            }",
        )
        .refuses(&["400 invalid_request", BUSY]),
    post("/sessions/delete", "Removes sessions for good")
        .plural()
        .by_client()
        .trusted_if_named()
        .takes("{ sessionIds: string[1..100] }")
        .gives("{ removed: string[], notFound: string[], errors: BatchFailure[] }")
        .refuses(&["400 invalid_request", BUSY]),
];

const BATCH: &str = "{
    sessionIds: string[1..100],
    resolveConflicts?: bool = false, # of a session that lies in both places, keep the one it is to be in
}";

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "ListedSession",
        "{
            sessionId: string, workspaceCwd: string, createdAt: time, updatedAt: time, displayName?: string,
            titleSource?: 'manual' | 'auto', sourceType?: string, sourceId?: string, isArchived: bool, worktree?: Worktree,
            groupId?: string | null, # this and what follows it only in an organised list
            color?: GroupPreset | null, isPinned?: bool, pinnedAt?: time,
            clientCount: int(0..), hasActivePrompt: bool,
            isWaitingForPermission?: bool, # this and what follows it only of live sessions
            isWaitingForUserQuestion?: bool, pendingInteractionCount?: int(0..), hasTurnError?: bool,
            turnError?: { message: string, code?: string, errorKind?: string }, pendingInteractions?: Interaction[],
        }",
    ),
    ("GroupPreset", "'red' | 'orange' | 'yellow' | 'green' | 'blue' | 'purple'"),
    (
        "Group",
        "{
            id: string, name: string(1..64), color: string, order: int, # groups are shown by it, ascending
            createdAt: time, updatedAt: time,
        }",
    ),
    ("BatchFailure", "{ sessionId: string, error: string }"),
];
