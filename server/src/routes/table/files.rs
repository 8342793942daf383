//! Routes about the files of a workspace.

use super::{Row, get, post};

pub(super) const ROWS: &[Row] = &[
    get("/file", "The text of a file, or a window of it").plural(),
    get("/file/bytes", "A window of a file's bytes").plural(),
    get("/stat", "What lies at a path").plural(),
    get("/list", "The entries of a folder").plural(),
    get("/glob", "Paths that match a pattern").plural(),
    post("/file/write", "Creates a file, or replaces one whose hash is known").plural().strict(),
    post("/file/edit", "Replaces one passage of a file whose hash is known").plural().strict(),
    post("/file/upload", "Stores bytes under a name that is free").plural().strict().status(201),
];
