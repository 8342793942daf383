//! Routes about sessions: how they begin, what they are, what is left of them.

use super::{
    refusals::{AGENT, BUSY, CWD, MCP, OWNER, PAST, QUESTION, RESTORE, START, TRUST},
    row::{Row, delete, get, patch, post, put},
};

pub(super) const SESSIONS: &[Row] = &[
    post("/session", "A new session, or a place on the shared one")
        .by_client()
        .takes(
            "{
                cwd?: string(..4096), # a workspace's folder; the primary one's where there is none
                sessionScope?: 'single' | 'thread' = 'single', # thread: a session of one's own
                sessionId?: uuid | null, approvalMode?: ApprovalMode, modelServiceId?: string,
                sourceType?: string(1..64), # begins with a letter; small letters, digits, `_` and `-`
                sourceId?: string(1..256), # only with a sourceType
                mcpServers?: McpServer[..64] | null, # for this session; who brings some needs a token
                worktree?: WorktreeWish | null, # a folder of its own, on a branch of its own, in .qwen/worktrees; implies `thread`
                branch?: null, # a shared folder is not moved to another branch
            }",
        )
        .gives("Session")
        .refuses(&[
            CWD,
            "400 invalid_session_scope invalid_approval_mode invalid_session_id invalid_session_source",
            "400 invalid_worktree worktree_invalid_slug worktree_not_git_repo branch_and_worktree_conflict",
            "409 worktree_create_failed; 500 worktree_create_failed; 501 branch_not_supported",
            MCP,
            TRUST,
            START,
            "409 session_id_conflict",
        ]),
    delete("/session/{id}", "Closes a session; its record stays").by_client().empty().refuses(&["500 session_store_failed", BUSY]),
    post("/session/{id}/load", "Brings a session back, with its history")
        .by_client()
        .takes(
            "{
                cwd?: string(..4096), approvalMode?: ApprovalMode,
                historyPageSize?: int(1..500), # turns of the history, all where it is missing
                compactedReplayMode?: Detail = 'full', # of turns that have ended; a summary is without the work of sub-agents
                liveReplayMode?: Detail = 'full', # of the running turn
                mcpServers?: McpServer[..64] | null, ...Attribution
            }",
        )
        .gives("LoadedSession")
        .refuses(&[
            CWD,
            "400 invalid_approval_mode invalid_transcript_limit invalid_session_source",
            "400 invalid_compacted_replay_mode invalid_live_replay_mode",
            MCP,
            TRUST,
            RESTORE,
            OWNER,
        ]),
    post("/session/{id}/resume", "Brings a session back, without its history")
        .by_client()
        .takes(
            "{
                cwd?: string(..4096), approvalMode?: ApprovalMode, mcpServers?: McpServer[..64] | null,
                compactedReplayMode?: Detail, liveReplayMode?: Detail, # of no use here
                ...Attribution
            }",
        )
        .gives("ResumedSession")
        .refuses(&[
            CWD,
            "400 invalid_approval_mode invalid_session_source invalid_compacted_replay_mode invalid_live_replay_mode",
            MCP,
            TRUST,
            RESTORE,
            OWNER,
        ]),
    post("/session/{id}/detach", "Leaves a session").by_client().takes("{}").empty(),
    post("/session/{id}/heartbeat", "Says that a client is still there")
        .by_client()
        .takes("{}")
        .gives("{ sessionId: string, clientId?: string, lastSeenAt: ms }"),
    get("/session/{id}/status", "How a live session stands").gives(
        "{
            sessionId: string, workspaceCwd: string, createdAt: time, updatedAt: time, displayName?: string,
            ...SessionActivity
        }",
    ),
    get("/session/{id}/context", "Models, modes and options of a session")
        .gives("{ v: 1, sessionId: string, workspaceCwd: string, state: AgentState, recovery?: { kind: string, canContinue: bool, *: any } }"),
    get("/session/{id}/context-usage", "What fills the model's context")
        .query("detail?: 'true' # with lists, which cost the agent work")
        .gives("ContextUsage")
        .refuses(&[QUESTION]),
    get("/session/{id}/supported-commands", "Slash commands of a session").gives(
        "{ v: 1, sessionId: string, availableCommands: AvailableCommand[], availableSkills: string[] }",
    ),
    get("/session/{id}/stats", "What a session has used").gives("SessionStats").refuses(&[QUESTION]),
    get("/session/{id}/events", "The stream of a session's events; each `data` is an Event")
        .query(
            "maxQueued?: int(16..2048) = 256, # frames that may wait for this reader
             snapshot?: '1' # begin with how the session stands",
        )
        .headers(
            "Last-Event-ID?: int(0..9007199254740991), # the last event that was read; without it only what is new comes
             X-Qwen-Event-Epoch?: string # the epoch of that event",
        )
        .media(&["text/event-stream"])
        .refuses(&["400 invalid_max_queued; 429 subscriber_limit_exceeded"]),
    patch("/session/{id}/metadata", "Names a session")
        .strict()
        .by_client()
        .takes(
            "{
                displayName?: string(1..), # cut to 256 characters; a body without it changes nothing
            }",
        )
        .gives("{ sessionId: string, displayName?: string(..256) }")
        .refuses(&["400 invalid_metadata", OWNER]),
    patch("/workspaces/{workspace}/session/{session}/metadata", "Names a session of a workspace, which need not be live")
        .strict()
        .by_client()
        .takes("{ displayName: string(1..) }")
        .gives("{ sessionId: string, displayName: string(..256) }")
        .refuses(&[
            "400 invalid_metadata; 409 session_conflict session_workspace_conflict session_without_record session_held_elsewhere",
            "500 session_store_failed",
            BUSY,
        ]),
    get("/session/{id}/_meta", "What clients have noted about a session").gives("SessionNotes"),
    put("/session/{id}/_meta", "Replaces what is noted about a session")
        .strict()
        .by_client()
        .takes("{ meta: object }")
        .gives("SessionNotes")
        .refuses(&["400 invalid_session_meta; 413 session_meta_too_large"]),
    patch("/session/{id}/_meta", "Adds to what is noted about a session; null takes a note away")
        .strict()
        .by_client()
        .takes("{ meta: object }")
        .gives("SessionNotes")
        .refuses(&["400 invalid_session_meta; 413 session_meta_too_large"]),
    delete("/session/{id}/_meta", "Forgets what is noted about a session").strict().by_client().gives("SessionNotes"),
    post("/session/{id}/model", "Switches the model; the answer is the agent's")
        .by_client()
        .takes("{ modelId: string(1..) }")
        .gives("object")
        .refuses(&["400 -", AGENT]),
    // Open on some daemons. Closed is what no client with a token can tell apart.
    post("/session/{id}/approval-mode", "Switches what the agent may do unasked")
        .strict()
        .by_client()
        .takes(
            "{
                mode: ApprovalMode,
                persist?: bool = false, # new sessions of the workspace begin with it, too
            }",
        )
        .gives("{ sessionId: string, mode: ApprovalMode, previous: string, persisted: bool }")
        .refuses(&["400 invalid_approval_mode invalid_persist_flag", AGENT]),
    post("/session/{id}/language", "Switches the language")
        .by_client()
        .takes(
            "{
                language: string, # one of `supportedLanguages`
                syncOutputLanguage?: bool | null, # the model answers in it, too
            }",
        )
        .gives("{ language: string, outputLanguage: string | null, refreshed: bool }")
        .refuses(&["400 invalid_language invalid_sync_flag", QUESTION]),
    get("/session/{id}/transcript", "A session's past, page by page")
        .plural()
        .query(
            "limit?: int(1..500) = 100,
             compactedReplayMode?: Detail = 'full',
             cursor?: string(1..), # where an earlier page ended; excludes beforeRecordId
             beforeRecordId?: string(1..200) # the records right before this one",
        )
        .gives(
            "{
                v: 1, sessionId: string, events: { v: 1, type: string, data: object }[], nextCursor?: string, hasMore: bool,
                startTime?: time, lastUpdated?: time, partial?: true, # something older is missing
                replayError?: string,
            }",
        )
        .refuses(&["400 invalid_transcript_limit invalid_transcript_cursor invalid_compacted_replay_mode", PAST, OWNER]),
    get("/session/{id}/export", "A session's past as a document")
        .plural()
        .trusted_if_named()
        .query("format?: 'html' | 'md' | 'json' | 'jsonl' = 'html'")
        .media(EXPORTS)
        .refuses(&["400 invalid_export_format", PAST, OWNER]),
    get("/workspaces/{workspace}/session/{session}/archive/export", "An archived session's past as a document")
        .trusted_if_named()
        .query("format?: 'html' | 'md' | 'json' | 'jsonl' = 'html'")
        .media(EXPORTS)
        .refuses(&["400 invalid_export_format; 409 session_not_archived", PAST]),
];

const EXPORTS: &[&str] = &["text/html", "text/markdown", "application/json", "application/jsonl"];

pub(super) const SHAPES: &[(&str, &str)] = &[
    ("ApprovalMode", "'plan' | 'default' | 'auto-edit' | 'auto' | 'yolo'"),
    ("Detail", "'full' | 'summary'"),
    (
        "Attribution",
        "{
            sourceType?: string(1..64), # what a session was made for of which nobody has said it yet
            sourceId?: string(1..256),
        }",
    ),
    (
        "McpServer",
        "{
            type?: 'stdio' = 'stdio', name: string(1..256), command: string(1..), args?: string[] | null,
            env?: NamedValue[] | null, _meta?: object | null, *: any
        } | {
            type: 'http' | 'sse', name: string(1..256), url: string, headers?: NamedValue[] | null, _meta?: object | null,
            *: any
        }",
    ),
    ("NamedValue", "{ name: string(1..), value: string, *: any }"),
    (
        "Session",
        "{
            sessionId: string, workspaceCwd: string,
            attached: bool, # it was there already
            clientId: string, # for X-Qwen-Client-Id
            createdAt: time, hasActivePrompt?: bool, sourceType?: string, sourceId?: string,
            worktree?: Worktree, # where the agent works for it, if not in the workspace's folder
        }",
    ),
    (
        "WorktreeWish",
        "{
            slug?: string(1..64) | null, # its name; one that nobody has where it is missing
            *: any
        }",
    ),
    ("Worktree", "{ slug: string(1..64), path: string, branch: string }"),
    (
        "ResumedSession",
        "{
            ...Session, state: AgentState,
            lastEventId: int(0..), # read the stream from here
            eventEpoch: string,
            replayError?: string, # what is wrong with the history, or with what the agent knows of it
            replayDegraded?: true, # the agent knows less than the history shows
        }",
    ),
    (
        "LoadedSession",
        "{
            ...ResumedSession, compactedReplay: Event[], liveJournal: Event[],
            historyHasMore?: true, historyAnchorRecordId?: string, # where what is missing ends
            partial?: true, # something that was said is missing, because its record is damaged
        }",
    ),
    (
        "AgentState",
        "{
            models?: { currentModelId?: string, availableModels?: { modelId: string, name: string, *: any }[], *: any },
            modes?: { currentModeId?: string, availableModes?: { id: string, name: string, *: any }[], *: any },
            configOptions?: { id: string, *: any }[], _meta?: object,
        }",
    ),
    (
        "Event",
        "{
            id?: int(1..), # missing where it concerns one reader only
            v: 1, type: EventType, promptId?: string, data: object, originatorClientId?: string,
            _meta?: { serverTimestamp?: ms, *: any },
        }",
    ),
    (
        "SessionActivity",
        "{
            clientCount: int(0..), hasActivePrompt: bool, isWaitingForPermission: bool, isWaitingForUserQuestion: bool,
            pendingInteractionCount: int(0..), hasTurnError: bool,
            turnError?: { message: string, code?: string, errorKind?: string },
            pendingInteractions: Interaction[],
        }",
    ),
    (
        "Interaction",
        "{
            kind: 'permission', requestId: string, createdAt: time,
            action: { type: any, title: any, content: any, locations: any, input: any }, options: OptionLabel[],
        } | {
            kind: 'user_question', requestId: string, createdAt: time, title: any, questions: any[], options: OptionLabel[],
        }",
    ),
    ("OptionLabel", "{ optionId: string, label: string, kind: string }"),
    ("AvailableCommand", "{ name: string, description: string, input?: object | null, _meta?: object | null, *: any }"),
    ("SessionNotes", "{ sessionId: string, meta: object }"),
    (
        "ContextUsage",
        "{
            v: 1, sessionId: string, workspaceCwd: string,
            usage: {
                modelName: string, totalTokens: int(0..), contextWindowSize: int(0..), breakdown: { *: int(0..) },
                builtinTools: Weighed[], mcpTools: Weighed[], memoryFiles: { path: string, tokens: int(0..), *: any }[],
                skills: Weighed[], isEstimated: bool, showDetails: bool, *: any
            },
            formattedText: string, *: any
        }",
    ),
    ("Weighed", "{ name: string, tokens: int(0..), *: any }"),
    (
        "SessionStats",
        "{
            v: 1, sessionId: string, workspaceCwd: string, sessionStartTimeMs: ms, durationMs: int(0..), promptCount: int(0..),
            models: {
                *: {
                    api: { totalRequests: int(0..), totalErrors: int(0..), totalLatencyMs: number(0..), *: any },
                    tokens: {
                        prompt: int(0..), candidates: int(0..), total: int(0..), cached: int(0..), thoughts: int(0..), *: any
                    },
                    *: any
                }
            },
            tools: {
                totalCalls: int(0..), totalSuccess: int(0..), totalFail: int(0..), totalDurationMs: number(0..),
                byName: {
                    *: {
                        count: int(0..), success: int(0..), fail: int(0..), durationMs: number(0..),
                        decisions: { *: int(0..) }, *: any
                    }
                },
                *: any
            },
            files: { totalLinesAdded: int(0..), totalLinesRemoved: int(0..), *: any },
            skills: { totalCalls: int(0..), totalSuccess: int(0..), totalFail: int(0..), byName: object, *: any },
            *: any
        }",
    ),
];
