//! What each route reads of its query.

use super::{field::Refusal, parameter::Parameter};

/// Method, path as written, and parameters.
type Query = (&'static str, &'static str, &'static [Parameter]);

const CURSOR: &str = "invalid_transcript_cursor";
const SOURCE: &str = "invalid_session_source";
const HELLO: &str = "path=hello.txt";
const PATH: Parameter = file("path", &[""]).required();

const fn file(name: &'static str, values: &'static [&'static str]) -> Parameter {
    Parameter::never(name, Refusal::File, values)
}

const TRANSCRIPT: &[Parameter] = &[
    Parameter::coded("limit", "invalid_transcript_limit", &["", "0", "501", "-1", "1.5", "ten"]),
    Parameter::coded("cursor", CURSOR, &["", "garbage"]),
    Parameter::coded("beforeRecordId", CURSOR, &[""]),
    Parameter::coded("beforeRecordId", CURSOR, &["a"]).beside("cursor=a"),
];
const EXPORT: &[Parameter] = &[Parameter::coded("format", "invalid_export_format", &["", "pdf", "MD"])];

pub(super) const QUERIES: &[Query] = &[
    ("GET", "/health", &[Parameter::lenient("deep")]),
    ("GET", "/daemon/status", &[Parameter::coded("detail", "invalid_detail", &["", "everything"])]),
    ("GET", "/session/{id}/context-usage", &[Parameter::lenient("detail")]),
    (
        "GET",
        "/session/{id}/events",
        &[
            Parameter::coded("maxQueued", "invalid_max_queued", &["", "15", "2049", "-1", "16.5", "ten"]),
            Parameter::lenient("snapshot"),
        ],
    ),
    ("GET", "/session/{id}/transcript", TRANSCRIPT),
    ("GET", "/workspaces/{workspace}/session/{session}/transcript", TRANSCRIPT),
    ("GET", "/session/{id}/export", EXPORT),
    ("GET", "/workspaces/{workspace}/session/{session}/export", EXPORT),
    ("GET", "/workspaces/{workspace}/session/{session}/archive/export", EXPORT),
    (
        "GET",
        "/sessions",
        &[
            Parameter::coded("archiveState", "invalid_archive_state", &["", "maybe"]),
            Parameter::coded("view", "invalid_session_view", &["", "strange"]),
            Parameter::coded("group", "invalid_session_group_filter", &["all"]),
            Parameter::coded("cursor", "invalid_cursor", &["garbage", "-1"]),
            Parameter::coded("cursor", "invalid_cursor", &["garbage", "0"]).beside("view=organized"),
            Parameter::coded("parentSessionId", "invalid_parent_session_id", &[""]),
            Parameter::coded("parentSessionId", "invalid_parent_session_filter", &["a"]).beside("view=organized"),
            Parameter::coded("sourceType", SOURCE, &["", "Upper"]),
            Parameter::coded("sourceId", SOURCE, &["a"]),
            Parameter::coded("sourceId", SOURCE, &[""]).beside("sourceType=a"),
            Parameter::lenient("size"),
        ],
    ),
    (
        "POST",
        "/acp/preheat",
        &[Parameter::coded("timeoutMs", "invalid_timeout", &["", "0", "60001", "-1", "1.5", "soon"])],
    ),
    (
        "POST",
        "/acp/restart",
        &[Parameter::coded("timeoutMs", "invalid_timeout", &["", "0", "60001", "-1", "1.5", "soon"])],
    ),
    ("GET", "/trust", &[Parameter::lenient("statusVersion")]),
    ("GET", "/git/diff/file", &[PATH, Parameter::lenient("oldPath")]),
    (
        "GET",
        "/git/log",
        &[
            file("range", &["%00"]),
            file("search", &["%00"]),
            Parameter::lenient("limit"),
            Parameter::lenient("skip"),
            Parameter::lenient("all"),
        ],
    ),
    ("GET", "/git/log/commit", &[file("sha", &["", "abc", "xyzw"]).required()]),
    (
        "GET",
        "/file",
        &[
            PATH,
            file("line", &["", "0", "-1", "1.5", "one"]).beside(HELLO),
            file("limit", &["", "0", "2001", "-1", "1.5", "one"]).beside(HELLO),
            file("maxBytes", &["", "0", "262145", "-1", "1.5", "one"]).beside(HELLO),
            file("cursor", &["", "garbage"]).beside(HELLO),
        ],
    ),
    (
        "GET",
        "/file/bytes",
        &[
            PATH,
            file("offset", &["", "-1", "1.5", "one", "9007199254740992"]).beside(HELLO),
            file("maxBytes", &["", "0", "262145", "-1", "1.5", "one"]).beside(HELLO),
        ],
    ),
    ("GET", "/stat", &[PATH]),
    ("GET", "/list", &[PATH, Parameter::lenient("includeIgnored")]),
    (
        "GET",
        "/glob",
        &[
            file("pattern", &["", "..%2F*"]).required(),
            file("maxResults", &["", "0", "50001", "-1", "1.5", "one"]).beside("pattern=*"),
            Parameter::lenient("cwd"),
            Parameter::lenient("includeIgnored"),
        ],
    ),
    ("POST", "/file/upload", &[PATH]),
];
