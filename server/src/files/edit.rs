//! One exact replacement in a file whose hash the caller knows.

use serde::Serialize;

use super::{Encoding, Hash, LineEnding, Matched, Refusal, WorkspaceFiles, WorkspacePath, write::Style};

/// One replacement in a text that the client has seen.
#[derive(Debug, Clone)]
pub struct EditWish {
    /// Not empty; to be found exactly once, with the line endings of the file.
    pub old_text: String,
    /// Takes on the line endings of the file.
    pub new_text: String,
    pub expected: Hash,
}

/// The answer of `POST /file/edit`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "file_edit")]
pub struct Edited {
    path: String,
    replacements: usize,
    size_bytes: usize,
    hash: Hash,
    encoding: Encoding,
    bom: bool,
    line_ending: LineEnding,
    matched_ignore: Option<Matched>,
}

impl WorkspaceFiles {
    /// Replaces one piece of a file. The hash is judged before the text.
    ///
    /// # Errors
    /// The file has another hash than expected or is not text, or the old text does not occur exactly once.
    pub fn edit(&self, path: &WorkspacePath, wish: &EditWish) -> Result<Edited, Refusal> {
        let original = self.original(path, wish.expected)?;
        let line_ending = original.text.line_ending();
        let content = &original.text.content;
        let shown = original.place.path.shown();
        if !original.text.is_exact {
            return Err(Refusal::Binary(shown));
        }
        let mut found = content.match_indices(&wish.old_text);
        let at = match (found.next(), found.count()) {
            (Some((at, _)), 0) => at,
            (None, _) => return Err(Refusal::TextNotFound(shown)),
            (Some(_), more) => return Err(Refusal::AmbiguousText { path: shown, count: more + 1 }),
        };
        let new_text = line_ending.apply(&wish.new_text);
        let after = &content[at + wish.old_text.len()..];
        let edited = [&content[..at], &new_text, after].concat();
        // The lines that are not edited keep the endings they have, mixed or not.
        let (style, bytes) = Style { line_ending: LineEnding::Lf, ..original.style() }.encode(&edited)?;
        self.replace(path, &original, wish.expected, &bytes)?;
        Ok(Edited {
            replacements: 1,
            size_bytes: bytes.len(),
            hash: Hash::of(&bytes),
            encoding: style.encoding,
            bom: style.bom,
            line_ending,
            matched_ignore: self.matched(&original.place.path),
            path: shown,
        })
    }
}
