//! Why a file operation did not happen, and how the wire says it: `{errorKind, error, hint?, status}`.

use std::{borrow::Cow, io};

use http::StatusCode;
use rustix::io::Errno;

use super::{Hash, MAX_UPLOAD_BYTES};

/// A refused operation. Paths in it are relative to the workspace.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A parameter that breaks its own rules.
    #[error("{0}")]
    Malformed(Cow<'static, str>),
    #[error("path leaves the workspace: {0}")]
    Outside(String),
    #[error("a symlink leads out of the workspace: {0}")]
    SymlinkEscape(String),
    #[error("a symlink loop, or too many symlinks: {0}")]
    SymlinkLoop(String),
    #[error("path does not exist: {0}")]
    NotFound(String),
    #[error("path is not a regular file: {0}")]
    NotRegular(String),
    #[error("a component of the path is not a directory: {0}")]
    NotADirectory(String),
    #[error("permission denied: {0}")]
    Denied(String),
    #[error("Workspace is not trusted.")]
    Untrusted,
    #[error("binary file: {0}")]
    Binary(String),
    #[error("only UTF-8 text is read from a file this large: {0}")]
    LargeInOtherEncoding(String),
    #[error("the file of {size_bytes} bytes exceeds the limit of {max_bytes} bytes")]
    TooLarge { size_bytes: u64, max_bytes: usize },
    #[error("the text of {size_bytes} bytes exceeds the write limit of {max_bytes} bytes")]
    TextTooLarge { size_bytes: usize, max_bytes: usize },
    #[error("Request body too large (max 50 MiB)")]
    UploadTooLarge,
    #[error("File uploads require application/octet-stream")]
    NotOctets,
    #[error("expected {expected}, found {found}")]
    HashMismatch { expected: Hash, found: Hash },
    #[error("the cursor no longer matches the file: {0}")]
    StaleCursor(String),
    #[error("file already exists: {0}")]
    Exists(String),
    #[error("`oldText` does not occur in {0}")]
    TextNotFound(String),
    #[error("`oldText` occurs {count} times in {path}")]
    AmbiguousText { path: String, count: usize },
    #[error("the text has characters that {0} cannot encode")]
    Unencodable(String),
    #[error("the path to the file changed during the operation: {0}")]
    Moved(String),
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
}

impl Refusal {
    pub fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(why.into())
    }

    /// What the system said about `path`.
    pub(super) fn system(errno: Errno, path: &str) -> Self {
        let path = path.to_owned();
        match errno {
            Errno::NOENT => Self::NotFound(path),
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Denied(path),
            Errno::NOTDIR => Self::NotADirectory(path),
            Errno::ISDIR | Errno::NXIO => Self::NotRegular(path),
            Errno::LOOP => Self::SymlinkLoop(path),
            Errno::XDEV => Self::SymlinkEscape(path),
            Errno::EXIST => Self::Exists(path),
            Errno::NAMETOOLONG => Self::malformed("the path, or a name in it, is longer than the system allows"),
            other => Self::Io { path, source: other.into() },
        }
    }

    pub(super) fn io(source: io::Error, path: &str) -> Self {
        match Errno::from_io_error(&source) {
            Some(errno) => Self::system(errno, path),
            None => Self::Io { path: path.to_owned(), source },
        }
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_)
            | Self::Outside(_)
            | Self::SymlinkEscape(_)
            | Self::SymlinkLoop(_)
            | Self::NotRegular(_)
            | Self::NotADirectory(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Denied(_) | Self::Untrusted => StatusCode::FORBIDDEN,
            Self::Binary(_)
            | Self::LargeInOtherEncoding(_)
            | Self::TextNotFound(_)
            | Self::AmbiguousText { .. }
            | Self::Unencodable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge { .. } | Self::TextTooLarge { .. } | Self::UploadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotOctets => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HashMismatch { .. } | Self::StaleCursor(_) | Self::Exists(_) => StatusCode::CONFLICT,
            Self::Moved(_) | Self::Io { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `errorKind` programs tell cases apart by.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::NotRegular(_) | Self::NotADirectory(_) | Self::Unencodable(_) => "parse_error",
            Self::Outside(_) => "path_outside_workspace",
            Self::SymlinkEscape(_) | Self::SymlinkLoop(_) => "symlink_escape",
            Self::NotFound(_) => "path_not_found",
            Self::Denied(_) => "permission_denied",
            Self::Untrusted => "untrusted_workspace",
            Self::Binary(_) | Self::LargeInOtherEncoding(_) => "binary_file",
            Self::TooLarge { .. } | Self::TextTooLarge { .. } | Self::UploadTooLarge => "file_too_large",
            Self::NotOctets => "unsupported_media_type",
            Self::HashMismatch { .. } | Self::StaleCursor(_) => "hash_mismatch",
            Self::Exists(_) => "file_already_exists",
            Self::TextNotFound(_) => "text_not_found",
            Self::AmbiguousText { .. } => "ambiguous_text_match",
            Self::Moved(_) | Self::Io { .. } => "io_error",
        }
    }

    /// What to do about it, where that is not plain.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Binary(_) => Some("read the bytes with GET /file/bytes"),
            Self::LargeInOtherEncoding(_) => Some("convert the file to UTF-8, or read the bytes with GET /file/bytes"),
            Self::Untrusted => Some("have the folder trusted by the user of this machine"),
            Self::TooLarge { .. } => Some("read it in windows: `line` and `limit` for text, GET /file/bytes for bytes"),
            Self::TextTooLarge { .. } => Some("split the write into smaller ones"),
            Self::HashMismatch { .. } => Some("read the file again and retry with its present hash"),
            Self::StaleCursor(_) => Some("read the file from its beginning for a fresh cursor"),
            Self::AmbiguousText { .. } => Some("pass a larger `oldText` that occurs exactly once"),
            Self::NotADirectory(_) => Some("a component of the path is a regular file where a directory was expected"),
            Self::Unencodable(_) => Some("pass an `encoding` that has these characters, such as utf-8"),
            _ => None,
        }
    }

    /// The limit that was passed, where a client cannot know it.
    #[must_use]
    pub fn max_bytes(&self) -> Option<u64> {
        matches!(self, Self::UploadTooLarge).then_some(MAX_UPLOAD_BYTES)
    }
}
