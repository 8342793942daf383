//! Routes about the files of a workspace.

use super::{
    refusals::PATH,
    row::{Row, get, post},
};

pub(super) const ROWS: &[Row] = &[
    get("/file", "The text of a file, or a window of it")
        .plural()
        .by_client()
        .query(
            "path: string(1..),
             line?: int(1..9007199254740991), # the first one wanted; excludes a cursor
             limit?: int(1..2000), # lines
             maxBytes?: int(1..262144) = 262144,
             cursor?: string # where an earlier window ended",
        )
        .gives(
            "{
                kind: 'file', path: string, content: string, encoding: string, bom: bool, lineEnding: LineEnding,
                sizeBytes: int(0..), returnedBytes: int(0..), truncated: bool,
                hash?: FileHash, # of the whole file; missing where that was too large to be read whole
                matchedIgnore: Matched | null, originalLineCount: int(0..) | null, nextCursor: string | null, hasMore: bool,
            }",
        )
        .refuses(&[PATH, "409 @hash_mismatch; 413 @file_too_large; 422 @binary_file"]),
    get("/file/bytes", "A window of a file's bytes")
        .plural()
        .by_client()
        .query("path: string(1..), offset?: int(0..9007199254740991) = 0, maxBytes?: int(1..262144) = 65536")
        .gives(
            "{
                kind: 'file_bytes', path: string, offset: int(0..), sizeBytes: int(0..), returnedBytes: int(0..),
                truncated: bool, contentBase64: string, hash?: FileHash, # where these bytes are the whole file
            }",
        )
        .refuses(&[PATH]),
    get("/stat", "What lies at a path")
        .plural()
        .by_client()
        .query("path: string(1..)")
        .gives("{ kind: 'stat', path: string, type: EntryKind, sizeBytes: int(0..), modifiedMs: number }")
        .refuses(&[PATH]),
    get("/list", "The entries of a folder")
        .plural()
        .by_client()
        .query("path: string(1..), includeIgnored?: '1' | 'true'")
        .gives(
            "{
                kind: 'list', path: string, entries: { name: string, kind: EntryKind, ignored: bool }[..2000],
                truncated: bool, matchedIgnore: Matched | null,
            }",
        )
        .refuses(&[PATH]),
    get("/glob", "Paths that match a pattern")
        .plural()
        .by_client()
        .query(
            "pattern: string(1..4096), cwd?: string, maxResults?: int(1..50000) = 5000, includeIgnored?: '1' | 'true'",
        )
        .gives(
            "{
                kind: 'glob', pattern: string, cwd: string, matches: string[..50000], count: int(0..), truncated: bool,
                durationMs: int(0..),
            }",
        )
        .refuses(&[PATH]),
    post("/file/write", "Creates a file, or replaces one whose hash is known")
        .plural()
        .strict()
        .by_client()
        .status(201)
        .or_status(200)
        .takes(
            "{
                path: string(1..), content: string, mode: 'create' | 'replace',
                expectedHash?: FileHash, # needed to replace
                bom?: bool, encoding?: string(1..), lineEnding?: LineEnding,
            }",
        )
        .gives(
            "{
                kind: 'file_write', path: string, mode: 'create' | 'replace', created: bool, sizeBytes: int(0..),
                hash: FileHash, encoding: string, bom: bool, lineEnding: LineEnding, matchedIgnore: Matched | null,
            }",
        )
        .refuses(&[
            PATH,
            "403 @untrusted_workspace",
            "409 @hash_mismatch @file_already_exists; 413 @file_too_large; 422 @binary_file @parse_error",
        ]),
    post("/file/edit", "Replaces one passage of a file whose hash is known")
        .plural()
        .strict()
        .by_client()
        .takes("{ path: string(1..), oldText: string(1..), newText: string, expectedHash: FileHash }")
        .gives(
            "{
                kind: 'file_edit', path: string, replacements: 1, sizeBytes: int(0..), hash: FileHash, encoding: string,
                bom: bool, lineEnding: LineEnding, matchedIgnore: Matched | null,
            }",
        )
        .refuses(&[
            PATH,
            "403 @untrusted_workspace",
            "409 @hash_mismatch; 413 @file_too_large",
            "422 @text_not_found @ambiguous_text_match @binary_file @parse_error",
        ]),
    post("/file/upload", "Stores bytes under a name that is free")
        .plural()
        .strict()
        .by_client()
        .status(201)
        .query("path: string(1..)")
        .takes_media("application/octet-stream")
        .gives("{ kind: 'file_upload', path: string, sizeBytes: int(0..), hash: FileHash }")
        .refuses(&[
            PATH,
            "403 @untrusted_workspace; 408 -; 409 @file_already_exists; 413 @file_too_large; 415 @unsupported_media_type",
        ]),
];

pub(super) const SHAPES: &[(&str, &str)] = &[
    ("FileHash", "string(71..71)"),
    ("LineEnding", "'lf' | 'crlf'"),
    ("EntryKind", "'file' | 'directory' | 'symlink' | 'other'"),
    ("Matched", "'file' | 'directory'"),
];
