//! A file made or replaced, if it is still what the caller believes.

use std::io::{Read, Write};

use rustix::fs::Stat;
use serde::Serialize;

use super::{
    Encoding, Hash, LineEnding, MAX_WRITE_BYTES, Matched, Refusal, WorkspaceFiles, WorkspacePath,
    ignore_rules::IgnoreRules,
    replacement::Replacement,
    root::{Opened, Place},
    stat::size_of,
    text::Text,
};

/// What becomes of a file that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The write is refused.
    Create,
    /// It is replaced, provided that it has this hash.
    Replace { expected: Hash },
}

/// A whole new text. What is `None` stays as it is, or is UTF-8 without byte order mark.
#[derive(Debug, Clone)]
pub struct WriteWish {
    pub content: String,
    pub mode: Mode,
    pub bom: Option<bool>,
    /// A label of the Encoding Standard.
    pub encoding: Option<String>,
    pub line_ending: Option<LineEnding>,
}

/// The answer of `POST /file/write`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "file_write")]
pub struct Written {
    path: String,
    mode: &'static str,
    pub created: bool,
    size_bytes: usize,
    hash: Hash,
    encoding: Encoding,
    bom: bool,
    line_ending: LineEnding,
    matched_ignore: Option<Matched>,
}

/// How a text is put into bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) encoding: Encoding,
    pub(super) bom: bool,
    pub(super) line_ending: LineEnding,
}

/// A file as it was before its change.
#[derive(Debug)]
pub(super) struct Original {
    pub(super) place: Place,
    pub(super) text: Text,
    stat: Stat,
}

impl WorkspaceFiles {
    /// Writes a whole file: either all of it is there afterwards, or nothing has changed. Its directory must exist.
    ///
    /// # Errors
    /// The file exists, or is another than expected, or is binary; the text is too large or has no bytes in the encoding.
    pub fn write(&self, path: &WorkspacePath, wish: &WriteWish) -> Result<Written, Refusal> {
        if wish.content.len() > MAX_WRITE_BYTES {
            return Err(too_large(wish.content.len()));
        }
        let encoding = wish.encoding.as_deref().map(encoding).transpose()?;
        match wish.mode {
            Mode::Create => {
                let style = Style {
                    encoding: encoding.unwrap_or(Encoding::Utf8),
                    bom: wish.bom.unwrap_or(false),
                    line_ending: wish.line_ending.unwrap_or(LineEnding::Lf),
                };
                let place = self.vacant(path)?;
                let (style, bytes) = style.encode(&wish.content)?;
                self.create(path, &place, &bytes)?;
                Ok(self.written(&place, "create", style, &bytes))
            }
            Mode::Replace { expected } => {
                let original = self.original(path, expected)?;
                let old = original.style();
                let style = Style {
                    encoding: encoding.unwrap_or(old.encoding),
                    bom: wish.bom.unwrap_or(old.bom),
                    line_ending: wish.line_ending.unwrap_or(old.line_ending),
                };
                let (style, bytes) = style.encode(&wish.content)?;
                self.replace(path, &original, expected, &bytes)?;
                Ok(self.written(&original.place, "replace", style, &bytes))
            }
        }
    }

    /// Reads what is about to be changed, and checks that it is what the client has seen.
    pub(super) fn original(&self, path: &WorkspacePath, expected: Hash) -> Result<Original, Refusal> {
        let place = self.root.place(path)?;
        let mut opened = place.open_file()?;
        let bytes = read_checked(&mut opened, expected)?;
        let text = Text::decode(&bytes).ok_or_else(|| Refusal::Binary(opened.path.shown()))?;
        Ok(Original { place, text, stat: opened.stat })
    }

    /// Puts new bytes in the place of the file that was read, if that is still what it was.
    pub(super) fn replace(
        &self,
        path: &WorkspacePath,
        original: &Original,
        expected: Hash,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        let place = &original.place;
        let shown = place.path.shown();
        let replacement = filled(place, bytes)?;
        replacement.resemble(&original.stat).map_err(|errno| Refusal::system(errno, &shown))?;
        let _commit = self.commits.lock();
        if !self.root.still_leads(path, place) {
            return Err(Refusal::Moved(shown));
        }
        read_checked(&mut place.open_file()?, expected)?;
        replacement.replace(&place.name).map_err(|errno| Refusal::system(errno, &shown))
    }

    /// Where a new file goes.
    fn vacant(&self, path: &WorkspacePath) -> Result<Place, Refusal> {
        let place = match self.root.place(path) {
            Err(Refusal::NotRegular(path)) => return Err(Refusal::Exists(path)),
            place => place?,
        };
        match place.open_file() {
            Err(Refusal::NotFound(_)) => Ok(place),
            Err(refusal @ Refusal::Io { .. }) => Err(refusal),
            Ok(_) | Err(_) => Err(Refusal::Exists(place.path.shown())),
        }
    }

    fn create(&self, path: &WorkspacePath, place: &Place, bytes: &[u8]) -> Result<(), Refusal> {
        let shown = place.path.shown();
        let mut replacement = filled(place, bytes)?;
        if !self.root.still_leads(path, place) {
            return Err(Refusal::Moved(shown));
        }
        replacement.publish(&place.name).map_err(|errno| Refusal::system(errno, &shown))
    }

    fn written(&self, place: &Place, mode: &'static str, style: Style, bytes: &[u8]) -> Written {
        Written {
            path: place.path.shown(),
            mode,
            created: mode == "create",
            size_bytes: bytes.len(),
            hash: Hash::of(bytes),
            encoding: style.encoding,
            bom: style.bom,
            line_ending: style.line_ending,
            matched_ignore: self.matched(&place.path),
        }
    }

    pub(super) fn matched(&self, path: &WorkspacePath) -> Option<Matched> {
        IgnoreRules::of(&self.root).matched(path.as_path(), false)
    }
}

impl Style {
    /// The bytes, and the style they are really in: not every encoding has a byte order mark.
    pub(super) fn encode(mut self, text: &str) -> Result<(Self, Vec<u8>), Refusal> {
        self.bom &= self.encoding.has_mark();
        let text = self.line_ending.apply(text);
        let bytes = self.encoding.encode(&text, self.bom);
        let bytes = bytes.ok_or_else(|| Refusal::Unencodable(self.encoding.name()))?;
        if bytes.len() > MAX_WRITE_BYTES {
            return Err(too_large(bytes.len()));
        }
        Ok((self, bytes))
    }
}

impl Original {
    pub(super) fn style(&self) -> Style {
        Style { encoding: self.text.encoding, bom: self.text.has_bom, line_ending: self.text.line_ending() }
    }
}

fn encoding(label: &str) -> Result<Encoding, Refusal> {
    Encoding::for_label(label).ok_or_else(|| Refusal::malformed(format!("`encoding` is unknown: {label}")))
}

fn read_checked(opened: &mut Opened, expected: Hash) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let read = (&mut opened.file).take(MAX_WRITE_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Refusal::io(error, &opened.path.shown()))?;
    if bytes.len() > MAX_WRITE_BYTES {
        let size_bytes = size_of(&opened.stat).max(bytes.len() as u64);
        return Err(Refusal::TooLarge { size_bytes, max_bytes: MAX_WRITE_BYTES });
    }
    let found = Hash::of(&bytes);
    if found == expected { Ok(bytes) } else { Err(Refusal::HashMismatch { expected, found }) }
}

/// A new file beside `place`, with its bytes on disk.
pub(super) fn filled(place: &Place, bytes: &[u8]) -> Result<Replacement, Refusal> {
    let shown = place.path.shown();
    let mut replacement = Replacement::create(&place.dir, &shown)?;
    let file = &mut replacement.file;
    file.write_all(bytes).and_then(|()| file.sync_data()).map_err(|error| Refusal::io(error, &shown))?;
    Ok(replacement)
}

fn too_large(size_bytes: usize) -> Refusal {
    Refusal::TextTooLarge { size_bytes, max_bytes: MAX_WRITE_BYTES }
}
