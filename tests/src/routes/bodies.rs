//! What each route reads of its body.

use super::field::{Field, Refusal};

/// Method, path as written, and members.
type Body = (&'static str, &'static str, &'static [Field]);

const CWD: Field = Field::text("cwd").never(&[r#""relative/path""#, r#""""#]);
const MODE: Field = Field::text("approvalMode").coded("invalid_approval_mode").never(&[r#""never""#]);
const OUTCOME: &[Field] = &[
    Field::object("outcome").never(&[r#"{"outcome":"perhaps"}"#, r#"{"optionId":"a"}"#]),
    Field::text("outcome.outcome").never(&[r#""perhaps""#]),
    Field::text("outcome.optionId").beside(r#"{"outcome":{"outcome":"selected"}}"#).never(&[r#""""#]),
    Field::object("answers").or_null().never(&[r#"{"0":7}"#]),
];
const SERVERS: Field = Field::list("mcpServers").or_null().coded("invalid_mcp_servers").never(&["[7]", "[{}]"]);
const SOURCE_TYPE: Field = Field::text("sourceType").coded("invalid_session_source").never(&[r#""Upper""#, r#""""#]);
/// A provider there is.
const KNOWN: &str = r#"{"providerId":"deepseek"}"#;
const RESTORE: [Field; 4] = [CWD, MODE, SERVERS, SOURCE_TYPE];
const NAME: &[Field] = &[Field::text("displayName").coded("invalid_metadata").never(&[r#""""#, r#""a\u0007b""#])];
const PLACE: &[Field] = &[
    Field::flag("isPinned").coded("invalid_session_organization"),
    Field::text("groupId").or_null().coded("invalid_session_organization"),
    Field::text("color").or_null().coded("invalid_session_organization").never(&[r#""mauve""#]),
];
const SHELVE: &[Field] = &[
    Field::list("sessionIds").coded("invalid_request").never(&["[]", "[7]", r#"["a",null]"#]),
    Field::flag("resolveConflicts").coded("invalid_request"),
];

const fn file(field: Field) -> Field {
    field.refused(Refusal::File)
}

const fn rpc(field: Field) -> Field {
    field.refused(Refusal::Rpc)
}

const fn artifact(field: Field) -> Field {
    field.refused(Refusal::Artifact)
}

const fn request(field: Field) -> Field {
    field.coded("invalid_request")
}

pub(super) const BODIES: &[Body] = &[
    ("POST", "/auth/exchange", &[request(Field::text("code"))]),
    (
        "POST",
        "/language",
        &[
            Field::text("language").coded("invalid_language").never(&[r#""klingon""#, r#""""#]),
            Field::flag("syncOutputLanguage").coded("invalid_sync_flag"),
        ],
    ),
    (
        "POST",
        "/workspaces",
        &[
            Field::text("kind").coded("invalid_workspace_request").never(&[r#""attic""#]),
            CWD.coded("invalid_path"),
            Field::flag("persist").or_null().coded("invalid_persist_flag"),
            Field::text("displayName").coded("invalid_display_name").never(&[r#""a\u0007b""#]),
        ],
    ),
    (
        "PATCH",
        "/workspaces/{workspace}",
        &[Field::text("displayName").or_null().coded("invalid_display_name").never(&[r#""a\u0007b""#])],
    ),
    ("DELETE", "/workspaces/{workspace}", &[Field::flag("force").coded("invalid_force_flag")]),
    (
        "POST",
        "/session",
        &[
            CWD,
            MODE,
            SERVERS,
            Field::text("sessionScope").coded("invalid_session_scope").never(&[r#""many""#]),
            Field::text("sessionId").or_null().coded("invalid_session_id").never(&[r#""not-a-uuid""#]),
            Field::object("worktree").or_null().coded("invalid_worktree"),
            SOURCE_TYPE,
            Field::text("sourceId")
                .coded("invalid_session_source")
                .beside(r#"{"sourceType":"test"}"#)
                .never(&[r#""""#, r#""a\u0007b""#]),
            Field::text("modelServiceId").lenient(),
        ],
    ),
    (
        "POST",
        "/session/{id}/load",
        &[
            CWD,
            MODE,
            SERVERS,
            SOURCE_TYPE,
            Field::number("historyPageSize").coded("invalid_transcript_limit").never(&["0", "501", "-1", "1.5"]),
            Field::text("compactedReplayMode").coded("invalid_compacted_replay_mode").never(&[r#""brief""#]),
            Field::text("liveReplayMode").coded("invalid_live_replay_mode").never(&[r#""brief""#]),
        ],
    ),
    ("POST", "/session/{id}/resume", &RESTORE),
    ("POST", "/session/{id}/detach", &[]),
    ("POST", "/session/{id}/heartbeat", &[]),
    ("PATCH", "/session/{id}/metadata", NAME),
    ("PATCH", "/workspaces/{workspace}/session/{session}/metadata", NAME),
    ("PATCH", "/session/{id}/organization", PLACE),
    ("PATCH", "/workspaces/{workspace}/session/{session}/organization", PLACE),
    ("PUT", "/session/{id}/_meta", &[Field::object("meta").coded("invalid_session_meta")]),
    ("PATCH", "/session/{id}/_meta", &[Field::object("meta").coded("invalid_session_meta")]),
    (
        "POST",
        "/session/{id}/artifacts",
        &[
            artifact(Field::text("title")).never(&[r#"" ""#, r#""<b>x</b>""#, r#""a\u0007b""#]),
            artifact(Field::text("description")).or_null().never(&[r#""<script>""#]),
            artifact(Field::text("url")).never(&[
                r#""no address""#,
                r#""file:///etc/passwd""#,
                r#""https://u:p@e.org""#,
            ]),
            artifact(Field::text("workspacePath")).or_null().never(&[
                r#""/etc/passwd""#,
                r#""../x""#,
                r#""hello.txt""#,
            ]),
            artifact(Field::text("managedId")).or_null().never(&[r#""a/b""#, r#""both""#]),
            artifact(Field::text("storage")).never(&[r#""attic""#, r#""published""#, r#""workspace""#]),
            artifact(Field::text("kind")).or_null().never(&[r#""thing""#]),
            artifact(Field::text("mimeType")).or_null(),
            artifact(Field::number("sizeBytes")).never(&["-1", "1.5"]),
            artifact(Field::object("metadata")).never(&[r#"{"a":{}}"#, r#"{"password":"x"}"#]),
            artifact(Field::text("retention")).never(&[r#""pinned""#]),
            Field::flag("clientRetained").lenient(),
        ],
    ),
    (
        "POST",
        "/session/{id}/prompt",
        &[
            Field::list("prompt").never(&["[]", r#"["text"]"#, "[[]]", "[null]"]),
            Field::number("deadlineMs").or_null().coded("invalid_deadline_ms").never(&["0", "-1", "1.5"]),
            Field::object("_meta").or_null(),
            Field::flag("includeSessionMeta").or_null(),
            Field::flag("retry").lenient(),
        ],
    ),
    ("POST", "/session/{id}/cancel", &[]),
    (
        "POST",
        "/session/{id}/mid-turn-message",
        &[
            Field::text("message").never(&[r#""  ""#]),
            Field::text("messageId").or_null().never(&[r#""""#]),
            Field::list("content").or_null().never(&["[]", "[7]", r#"[{"type":"text","text":"a"}]"#]),
        ],
    ),
    ("POST", "/session/{id}/continue", &[]),
    ("POST", "/session/{id}/shell", &[Field::text("command").never(&[r#""  ""#])]),
    (
        "POST",
        "/session/{id}/language",
        &[
            Field::text("language").coded("invalid_language").never(&[r#""klingon""#]),
            Field::flag("syncOutputLanguage").or_null().coded("invalid_sync_flag"),
        ],
    ),
    ("POST", "/session/{id}/model", &[Field::text("modelId").never(&[r#""""#])]),
    (
        "POST",
        "/session/{id}/approval-mode",
        &[
            Field::text("mode").coded("invalid_approval_mode").never(&[r#""never""#]),
            Field::flag("persist").coded("invalid_persist_flag"),
        ],
    ),
    ("POST", "/session/{id}/permission/{request}", OUTCOME),
    ("POST", "/permission/{request}", OUTCOME),
    (
        "POST",
        "/session-groups",
        &[
            Field::text("name").coded("invalid_group_name").never(&[r#"" ""#, r#""a\u0007b""#]),
            Field::text("color").coded("invalid_group_color").never(&[r#""mauve""#]),
        ],
    ),
    (
        "PATCH",
        "/session-groups/{group}",
        &[
            Field::text("name").coded("invalid_group_name").never(&[r#"" ""#]),
            Field::text("color").coded("invalid_group_color").never(&[r#""mauve""#]),
            Field::number("order").coded("invalid_group_order").never(&["1.5"]),
        ],
    ),
    (
        "POST",
        "/settings",
        &[
            Field::text("scope").coded("invalid_scope").never(&[r#""planet""#]),
            Field::text("key").coded("invalid_key").never(&[r#""""#]),
            // A missing value has a code of its own.
            Field::flag("value").or_null().coded("invalid_value"),
        ],
    ),
    (
        "POST",
        "/permissions",
        &[
            Field::text("scope").coded("invalid_scope").never(&[r#""planet""#]),
            Field::text("ruleType").coded("invalid_rule_type").never(&[r#""perhaps""#]),
            Field::list("rules").coded("invalid_rules").never(&["[7]"]),
        ],
    ),
    (
        "POST",
        "/trust/request",
        &[
            Field::text("desiredState").coded("invalid_desired_state").never(&[r#""maybe""#]),
            Field::text("reason").coded("invalid_reason"),
        ],
    ),
    ("POST", "/tools/{tool}/enable", &[Field::flag("enabled").coded("invalid_enabled_flag")]),
    ("POST", "/init", &[Field::flag("force").coded("invalid_force_flag")]),
    ("POST", "/reload", &[]),
    ("POST", "/acp/preheat", &[]),
    ("POST", "/acp/restart", &[]),
    (
        "POST",
        "/auth/provider",
        &[
            request(Field::text("providerId")).never(&[r#""""#]),
            request(Field::text("apiKey")).beside(KNOWN).never(&[r#""""#, r#""two words""#]),
            Field::text("wireApi").coded("invalid_api").never(&[r#""smoke-signals""#]),
            Field::text("baseUrl").or_null().coded("invalid_base_url").never(&[r#""no url""#, r#""file:///x""#]),
            Field::text("protocol").or_null().coded("unsupported_protocol").beside(KNOWN).never(&[r#""gopher""#]),
            request(Field::list("modelIds")).or_null().beside(KNOWN).never(&["[7]", r#"[""]"#]),
            request(Field::object("advancedConfig")).or_null().beside(KNOWN),
            request(Field::flag("advancedConfig.replaceExisting")).beside(KNOWN),
            request(Field::flag("advancedConfig.enableThinking")).beside(KNOWN),
            request(Field::number("advancedConfig.contextWindowSize")).beside(KNOWN).never(&["0", "1.5", "10000001"]),
            request(Field::number("advancedConfig.maxTokens")).beside(KNOWN).never(&["0", "1.5", "10000001"]),
            request(Field::object("advancedConfig.multimodal"))
                .beside(KNOWN)
                .never(&[r#"{"image":1}"#, r#"{"smell":true}"#]),
        ],
    ),
    ("POST", "/auth/device-flow", &[request(Field::text("providerId")).never(&[r#""""#])]),
    ("POST", "/sessions/archive", SHELVE),
    ("POST", "/sessions/unarchive", SHELVE),
    ("POST", "/sessions/delete", &[SHELVE[0]]),
    (
        "POST",
        "/file/write",
        &[
            file(Field::text("path")).never(&[r#""""#]),
            file(Field::text("content")),
            file(Field::text("mode")).never(&[r#""append""#]),
            file(Field::text("expectedHash")).never(&[r#""sha256:0""#]),
            file(Field::flag("bom")),
            file(Field::text("encoding")).never(&[r#""""#]),
            file(Field::text("lineEnding")).never(&[r#""cr""#]),
        ],
    ),
    (
        "POST",
        "/file/edit",
        &[
            file(Field::text("path")).never(&[r#""""#]),
            file(Field::text("oldText")).never(&[r#""""#]),
            file(Field::text("newText")),
            file(Field::text("expectedHash")).never(&[r#""sha256:0""#]),
        ],
    ),
    ("POST", "/acp", &[rpc(Field::text("jsonrpc")).never(&[r#""1.0""#]), rpc(Field::text("method"))]),
];
