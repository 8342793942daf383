//! Routes about the daemon itself.

use super::row::{Key, Row, get, post};

pub(super) const ROWS: &[Row] = &[
    get("/health", "Is the daemon up; with `?deep` also what it is doing")
        .key(Key::Mostly)
        .query("deep?: '' | '1' | 'true' # the long answer")
        .gives("{ status: 'ok' } | Health"),
    get("/capabilities", "What this daemon can do, its limits and its workspaces").gives("Capabilities"),
    get("/daemon/status", "How the daemon is; with `?detail=full` session by session")
        .query("detail?: 'summary' | 'full' = 'summary'")
        .gives("DaemonStatus")
        .refuses(&["400 invalid_detail"]),
    get("/metrics", "Counts and gauges in the text format of Prometheus").media(&["text/plain"]),
    get("/openapi.json", "This description").gives("object"),
    post("/auth/exchange", "Trades a single-use sign-in code for a credential of one's own")
        .key(Key::Never)
        .takes("{ code: string }")
        .gives("{ token: string }")
        .refuses(&["400 invalid_request; 401 invalid_sign_in_code; 429 too_many_sign_in_attempts"]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "Health",
        "{
            status: 'ok', workspaceCount: int(1..), sessions: int(0..), pendingPermissions: int(0..),
            activePrompts: int(0..), connectedClients: int(0..), # event streams of sessions that are open
            activeWork: bool, # some prompt runs or waits
            activeWorkReporting: 'full' | 'none', # whether agents say what they do beyond prompts; full where there is no session
            activeWorkStaleMs: int(0..),
            channelAlive: bool, # an agent is up
            lastActivityAt: time | null,
            idleSinceMs: int(0..) | null, # how long nothing has been asked; null while a prompt runs
            rateLimitHits?: RateHits, # where there is a limit
        }",
    ),
    ("RateHits", "{ prompt: int(0..), mutation: int(0..), read: int(0..) }"),
    (
        "Capabilities",
        "{
            v: 1, protocolVersions: ProtocolVersions, qwenCodeVersion: string, mode: 'http-bridge', features: string[],
            modelServices: any[..0], workspaceCwd: string, transports: string[], policy: { permission: VotePolicy },
            limits: {
                maxPendingPromptsPerSession: int(1..) | null, # null is no limit
                maxSessionsPerWorkspace: int(1..) | null, maxTotalSessions: int(1..) | null,
                sessionRestoreTimeoutMs: int(0..), maxWorkspaceFileUploadBytes: int(0..), maxRegisteredWorkspaces: int(1..),
            },
            workspaces: WorkspaceSummary[], supportedLanguages: string[],
            sessionLiveStatePollIntervalMs: int(1..), # how often to ask, without a stream
        }",
    ),
    ("ProtocolVersions", "{ current: 'v1', supported: string[1..] }"),
    ("VotePolicy", "'first-responder' | 'designated' | 'consensus' | 'local-only'"),
    (
        "WorkspaceSummary",
        "{ id: string, cwd: string, displayName?: string, primary: bool, trusted: bool, removable: bool }",
    ),
    (
        "DaemonStatus",
        "{
            v: 1, detail: 'summary' | 'full', generatedAt: time,
            status: Severity, # the worst of the issues
            issues: { code: string, severity: Severity, message: string, section?: string }[],
            daemon: {
                pid: int(1..), uptimeMs: int(0..), mode: 'http-bridge', workspaceCwd: string, qwenCodeVersion: string,
                daemonId: string, runId: string,
                startup: {
                    processStartedAt?: time, listenerReadyAt: time, processToListenMs?: int(0..),
                    preheat: { status: 'disabled' },
                },
                logMode?: 'stable',
                logHealth?: 'ok' | 'degraded', # degraded once lines were lost
                logPath?: string, logIssues?: string[], logDroppedRecords?: int(0..), logDroppedBytes?: int(0..),
            },
            security: {
                tokenConfigured: bool, requireAuth: bool, loopbackBind: bool, allowOriginConfigured: bool,
                allowOriginMode: 'none' | 'specific' | 'any', sessionShellCommandEnabled: bool,
            },
            limits: DaemonLimits, workspaces: WorkspaceSummary[],
            capabilities: { protocolVersions: ProtocolVersions, features: string[] },
            runtime: DaemonRuntime, full?: DaemonFull,
        }",
    ),
    ("Severity", "'ok' | 'warning' | 'error'"),
    (
        "DaemonLimits",
        "{
            maxRegisteredWorkspaces: int(1..), maxSessions: int(1..) | null, maxTotalSessions: int(1..) | null,
            maxPendingPromptsPerSession: int(1..) | null, listenerMaxConnections: int(1..) | null, maxSubscribers: int(1..),
            eventRingSize: int(1..), compactedReplayMaxBytes: int(0..), maxJournalEvents: int(1..),
            maxJournalBytes: int(1..), promptDeadlineMs: int(1..) | null,
            writerIdleTimeoutMs: int(1..) | null, channelIdleTimeoutMs: int(0..), sessionIdleTimeoutMs: int(0..), # 0 is never
            acpConnectionCap: int(1..),
        }",
    ),
    (
        "DaemonRuntime",
        "{
            sessions: { active: int(0..) }, permissions: { pending: int(0..), policy: VotePolicy }, channel: { live: bool },
            channelWorker: { enabled: false, state: 'disabled', channels: any[..0] },
            transport: {
                restSseActive: int(0..),
                acp: {
                    enabled: bool, connections: int(0..), connectionStreams: int(0..), sessionStreams: int(0..),
                    sseStreams: int(0..), wsStreams: int(0..), pendingClientRequests: int(0..),
                },
            },
            rateLimit: { enabled: bool, rejectedSinceStart: RateHits },
            perf: {
                eventLoop: {
                    meanMs: number(0..), p50Ms: number(0..), p99Ms: number(0..),
                    maxMs: number(0..), # how late the daemon was with what was due, over the last minutes
                },
                promptQueueWait: { count: int(0..), meanMs: number(0..), maxMs: int(0..), lastMs: int(0..) | null },
                pipe: { inbound: PipeTraffic, outbound: PipeTraffic }, # between the daemon and its agents
            },
            activity: {
                activePrompts: int(0..), pendingPrompts: int(0..), # running and queued
                queuedPrompts: int(0..), lastActivityAt: time | null, idleSinceMs: int(0..) | null,
            },
            process: { rss: int(0..), heapTotal: int(0..), heapUsed: int(0..) },
        }",
    ),
    ("PipeTraffic", "{ count: int(0..), totalBytes: int(0..), maxBytes: int(0..) }"),
    (
        "DaemonFull",
        "{
            sessions: {
                sessionId: string, workspaceCwd: string, createdAt: time, displayName?: string, clientCount: int(0..),
                subscriberCount: int(0..), attachCount: int(0..), pendingPromptCount: int(0..),
                pendingPermissionCount: int(0..), hasActivePrompt: bool, lastEventId: int(0..), lastSeenAt?: ms,
                currentModelId?: string, currentApprovalMode?: string,
            }[],
            acpConnections: {
                connectionIdPrefix: string, transport: 'http' | 'ws', workspaceCwd: string, sessions: int(0..),
                streams: int(0..), pendingClientRequests: int(0..),
            }[],
            workspace: { *: DaemonSection }, # what the routes below /workspace say, by their names
            auth: { supportedDeviceFlowProviders: string[], pendingDeviceFlowCount: int(0..) },
        }",
    ),
    (
        "DaemonSection",
        "{
            status: 'ok' | 'warning' | 'error' | 'unavailable', durationMs: int(0..),
            summary?: { *: bool | int }, # what is said yes or no to, and how long the lists are
            data?: object,
            error?: { kind: 'timeout' | 'error', message: string },
        }",
    ),
];
