//! Raw bytes of a file, for what is not text.

use std::os::unix::fs::FileExt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::{Hash, Refusal, WorkspaceFiles, WorkspacePath, stat::size_of};

/// Which bytes of a file.
#[derive(Debug, Clone, Copy)]
pub struct BytesWish {
    pub offset: u64,
    pub max_bytes: usize,
}

/// The answer of `GET /file/bytes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "file_bytes")]
pub struct BytesRead {
    path: String,
    offset: u64,
    size_bytes: u64,
    returned_bytes: usize,
    truncated: bool,
    content_base64: String,
    /// When these bytes are the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
}

impl WorkspaceFiles {
    /// # Errors
    /// No regular file there, or it cannot be read.
    pub fn bytes(&self, path: &WorkspacePath, wish: BytesWish) -> Result<BytesRead, Refusal> {
        let opened = self.root.open_file(path)?;
        let shown = opened.path.shown();
        let mut window = vec![0; wish.max_bytes];
        let mut filled = 0;
        while filled < window.len() {
            let at = wish.offset.saturating_add(filled as u64);
            match opened.file.read_at(&mut window[filled..], at) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Refusal::io(error, &shown)),
            }
        }
        window.truncate(filled);
        let size_bytes = size_of(&opened.stat);
        let is_whole = wish.offset == 0 && filled as u64 >= size_bytes;
        Ok(BytesRead {
            path: shown,
            offset: wish.offset,
            size_bytes,
            returned_bytes: filled,
            truncated: !is_whole,
            content_base64: STANDARD.encode(&window),
            hash: is_whole.then(|| Hash::of(&window)),
        })
    }
}
