//! Routes about what is set in a workspace, and what is there.

use super::{
    refusals::SETTINGS,
    row::{Row, get, post},
};

pub(super) const CONTROLS: &[Row] = &[
    get("/workspace/settings", "The settings that can be changed here")
        .plural()
        .trusted_if_named()
        .gives("{ v: 1, settings: SettingRow[], warnings?: SettingWarning[] }"),
    post("/workspace/settings", "Changes a setting")
        .plural()
        .strict()
        .trusted()
        .by_client()
        .takes(
            "{
                scope: 'workspace' | 'user', # a plural route knows the first only
                key: string(1..), # one of the list
                value: bool | number | string | object, # of the row's type
            }",
        )
        .gives("{ key: string, scope: 'workspace' | 'user', value: any, requiresRestart: bool }")
        .refuses(&["400 invalid_scope invalid_key disallowed_key missing_value invalid_value", SETTINGS]),
    get("/workspace/permissions", "What the agent may do unasked, must ask for, and may not")
        .plural()
        .trusted_if_named()
        .gives("PermissionRules"),
    post("/workspace/permissions", "Replaces a list of rules")
        .plural()
        .strict()
        .trusted()
        .by_client()
        .takes("{ scope: 'workspace' | 'user', ruleType: 'allow' | 'ask' | 'deny', rules: string[] }")
        .gives("PermissionRules")
        .refuses(&[
            "400 invalid_scope global_scope_not_supported_for_workspace_route invalid_rule_type invalid_rules",
            "409 permission_session_required",
            SETTINGS,
        ]),
    get("/workspace/trust", "Whether the folder is trusted")
        .plural()
        .query("statusVersion?: '1' | '2' = '1'")
        .gives("TrustStatus"),
    post("/workspace/trust/request", "Asks the daemon's owner to trust the folder, or not to")
        .plural()
        .strict()
        .by_client()
        .status(202)
        .takes("{ desiredState: 'trusted' | 'untrusted', reason?: string(..1024) }")
        .gives(
            "{
                accepted: bool, # somebody was there to hear it
                desiredState: 'trusted' | 'untrusted', requiresOperatorAction: true,
            }",
        )
        .refuses(&["400 invalid_desired_state invalid_reason; 409 folder_trust_disabled"]),
    get("/workspace/env", "What the daemon runs on").plural().trusted_if_named().gives(
        "{
            ...Standing,
            cells: {
                kind: 'runtime' | 'platform' | 'memory' | 'sandbox' | 'proxy' | 'env_var', name: string,
                status: 'ok' | 'disabled' | 'unknown', present?: bool, value?: string,
            }[],
        }",
    ),
    get("/workspace/preflight", "Whether everything that is needed is there")
        .plural()
        .trusted_if_named()
        .gives("{ ...Standing, cells: PreflightCell[] }"),
    get("/workspace/providers", "The models there are").plural().trusted_if_named().gives(
        "{
            ...Standing, current?: { authType?: string, modelId?: string, baseUrl?: string, *: any }, approvalMode?: string,
            providers: { kind?: 'model_provider', authType: string, models: { modelId: string, *: any }[], *: any }[],
            errors?: ErrorCell[],
        }",
    ),
    get("/workspace/tools", "The agent's tools").plural().trusted_if_named().gives(
        "{
            ...Standing, tools: { name: string, displayName?: string, description?: string, enabled: bool, *: any }[],
            errors?: ErrorCell[],
        }",
    ),
    post("/workspace/tools/{tool}/enable", "Switches a tool on or off, for agents that start from now on")
        .plural()
        .strict()
        .trusted()
        .by_client()
        .takes("{ enabled: bool }")
        .gives("{ toolName: string, enabled: bool }")
        .refuses(&["400 invalid_tool_name invalid_enabled_flag", SETTINGS]),
    post("/workspace/init", "Writes the file that tells the agent about the project")
        .plural()
        .strict()
        .trusted()
        .by_client()
        .takes(
            "{
                force?: bool = false, # empty a file that has something in it
            }",
        )
        .gives("{ path: string, action: 'created' | 'overwrote' | 'noop' }")
        .refuses(&[
            "400 invalid_force_flag workspace_init_path_escape workspace_init_symlink workspace_init_race",
            "400 parse_error path_outside_workspace symlink_escape; 403 permission_denied; 404 path_not_found",
            "409 workspace_init_conflict file_already_exists; 503 io_error",
        ]),
    post("/workspace/reload", "Takes up settings that were changed by hand")
        .plural()
        .strict()
        .trusted_if_named()
        .by_client()
        .takes("{}")
        .gives(
            "{
                env: { updatedKeys: string[], removedKeys: string[] }, changedKeys: string[], childReloaded: bool,
                sessionsRefreshed?: string[], sessionsSkipped?: string[], childError?: string,
                runtimeEnvironmentApplied?: bool,
            }",
        ),
    post("/language", "Switches the language everywhere")
        .by_client()
        .takes(
            "{
                language: string, # one of `supportedLanguages`
                syncOutputLanguage?: bool = false, # the model answers in it, too
            }",
        )
        .gives(
            "{
                language: string, outputLanguage: string | null,
                refresh: { runtimes: int(0..), sessions: int(0..), failed: int(0..) }, # how many were told
            }",
        )
        .refuses(&["400 invalid_language invalid_sync_flag", SETTINGS]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    (
        "SettingRow",
        "{
            key: string, type: 'boolean' | 'number' | 'integer' | 'string' | 'enum' | 'object', label: string,
            category: string, description?: string, requiresRestart: bool, default?: any,
            options?: { value: string, label: string }[], values: { effective?: any, user?: any, workspace?: any },
        }",
    ),
    (
        "SettingWarning",
        "{ type: 'corrupted', path: string, recovered: bool } | { type: 'ignored_in_workspace', key: string }",
    ),
    ("RuleSet", "{ allow: string[], ask: string[], deny: string[] }"),
    (
        "PermissionRules",
        "{
            v: 1, user: { path: string, rules: RuleSet }, workspace: { path: string, rules: RuleSet }, merged: RuleSet,
            isTrusted: bool,
        }",
    ),
    ("TrustLevel", "'TRUST_FOLDER' | 'TRUST_PARENT' | 'DO_NOT_TRUST'"),
    (
        "TrustStatus",
        "{
            v: 1, workspaceCwd: string, folderTrustEnabled: bool,
            effective: { state: 'trusted' | 'untrusted' | 'unknown', source: 'disabled' | 'file' | 'none' },
            explicitTrustLevel: TrustLevel | null, requiresDaemonRestartForChanges: bool,
        } | {
            v: 2, workspaceCwd: string, folderTrustEnabled: bool,
            configured: {
                state: 'trusted' | 'untrusted' | 'unknown' | 'error', source: 'disabled' | 'file' | 'none',
                explicitTrustLevel: TrustLevel | null,
            },
            effective: { state: 'trusted' | 'untrusted', trusted: bool },
            reconciliation: { state: 'stable' | 'failed', revision: string, appliedRevision: string, error?: { code: string } },
            requiresDaemonRestartForChanges: bool,
        }",
    ),
    ("Standing", "{ v: 1, workspaceCwd: string, initialized: bool, acpChannelLive: bool }"),
    (
        "PreflightCell",
        "{
            kind: 'node_version' | 'cli_entry' | 'workspace_dir' | 'ripgrep' | 'git' | 'npm' | 'auth' | 'mcp_discovery'
                | 'skills' | 'providers' | 'tool_registry' | 'egress',
            status: 'ok' | 'warning' | 'error' | 'not_started' | 'unknown', locality: 'daemon' | 'acp', detail?: object,
            error?: string, errorKind?: string, hint?: string,
        }",
    ),
    (
        "ErrorCell",
        "{ kind: string, status: 'not_started' | 'unknown' | 'error', error?: string, errorKind?: string, hint?: string }",
    ),
];
