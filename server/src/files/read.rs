//! A file as text, whole or a window of it.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use serde::Serialize;

use super::{
    Encoding, Hash, LineEnding, MAX_READ_BYTES, Matched, ReadCursor, Refusal, WorkspaceFiles, WorkspacePath,
    ignore_rules::IgnoreRules,
    root::Opened,
    stat::size_of,
    text::{self, Text},
    window::{self, Bounds, Cut},
};

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Which part of a text file.
#[derive(Debug, Clone, Copy)]
pub struct ReadWish {
    pub start: Start,
    pub max_lines: Option<u64>,
    /// `None`: the most there may be.
    pub max_bytes: Option<usize>,
}

/// Where the part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Beginning,
    /// Counted from 1.
    Line(u64),
    Cursor(ReadCursor),
}

/// The answer of `GET /file`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", rename = "file")]
pub struct FileRead {
    path: String,
    content: String,
    encoding: Encoding,
    bom: bool,
    line_ending: LineEnding,
    size_bytes: u64,
    returned_bytes: usize,
    truncated: bool,
    /// Of the whole file; absent for one too large to be read whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
    matched_ignore: Option<Matched>,
    /// Of the whole file, where the read went through it.
    original_line_count: Option<u64>,
    next_cursor: Option<String>,
    has_more: bool,
}

impl WorkspaceFiles {
    /// Reads a text file, or a window of one. A file larger than [`MAX_READ_BYTES`] is read in windows only, and as UTF-8 only.
    ///
    /// # Errors
    /// Not a regular file, not text, too large to be read whole, or a cursor of another file.
    pub fn read(&self, path: &WorkspacePath, wish: ReadWish) -> Result<FileRead, Refusal> {
        let mut opened = self.root.open_file(path)?;
        if let Start::Cursor(cursor) = wish.start
            && !cursor.fits(&opened.stat)
        {
            return Err(Refusal::StaleCursor(opened.path.shown()));
        }
        let size_bytes = size_of(&opened.stat);
        let matched_ignore = IgnoreRules::of(&self.root).matched(opened.path.as_path(), false);
        let mut bytes = Vec::new();
        // A file may grow while it is read.
        let read = (&mut opened.file).take(MAX_READ_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Refusal::io(error, &opened.path.shown()))?;
        if bytes.len() <= MAX_READ_BYTES {
            return whole(&opened, &bytes, wish, matched_ignore);
        }
        if wish.start == Start::Beginning && wish.max_lines.is_none() && wish.max_bytes.is_none() {
            return Err(Refusal::TooLarge { size_bytes, max_bytes: MAX_READ_BYTES });
        }
        streamed(&opened, &bytes, wish, matched_ignore)
    }
}

impl ReadWish {
    fn bounds(&self) -> Bounds {
        Bounds {
            max_lines: self.max_lines,
            max_bytes: self.max_bytes.unwrap_or(MAX_READ_BYTES),
            whole_lines: matches!(self.start, Start::Cursor(_)),
        }
    }
}

fn whole(opened: &Opened, bytes: &[u8], wish: ReadWish, matched_ignore: Option<Matched>) -> Result<FileRead, Refusal> {
    let text = Text::decode(bytes).ok_or_else(|| Refusal::Binary(opened.path.shown()))?;
    let mark = if text.encoding == Encoding::Utf8 && text.has_bom { UTF8_MARK.len() } else { 0 };
    // Only then is a place in the text a place in the file.
    let is_utf8 = text.encoding == Encoding::Utf8 && mark + text.content.len() == bytes.len();
    let start = match wish.start {
        Start::Beginning => 0,
        Start::Line(line) => window::line_start(&text.content, line),
        Start::Cursor(cursor) => {
            let at = usize::try_from(cursor.offset).unwrap_or(usize::MAX).saturating_sub(mark);
            window::next_line_start(text.content.as_bytes(), at)
        }
    };
    let rest = &text.content[start..];
    let cut = window::cut(rest, wish.bounds(), true);
    let next_cursor = cursor_after(&cut, (mark + start) as u64, opened).filter(|_| is_utf8);
    Ok(FileRead {
        path: opened.path.shown(),
        content: rest[..cut.len].to_owned(),
        encoding: text.encoding,
        bom: text.has_bom,
        line_ending: text.line_ending(),
        size_bytes: bytes.len() as u64,
        returned_bytes: cut.len,
        truncated: cut.len < rest.len(),
        hash: Some(Hash::of(bytes)),
        matched_ignore,
        original_line_count: Some(line_feeds(text.content.as_bytes()) + 1),
        next_cursor,
        has_more: cut.has_more,
    })
}

/// Reads a window without holding more than the window. `head` is how the file begins.
fn streamed(
    opened: &Opened,
    head: &[u8],
    wish: ReadWish,
    matched_ignore: Option<Matched>,
) -> Result<FileRead, Refusal> {
    let shown = opened.path.shown();
    let refuse = |error| Refusal::io(error, &shown);
    let has_bom = head.starts_with(UTF8_MARK);
    let is_unicode = encoding_rs::Encoding::for_bom(head).is_some();
    if !is_unicode && text::is_binary(head) {
        return Err(Refusal::Binary(shown));
    }
    // The head may end within a character.
    if std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some()) {
        return Err(Refusal::LargeInOtherEncoding(shown));
    }
    let mark = if has_bom { UTF8_MARK.len() as u64 } else { 0 };
    let mut reader = BufReader::with_capacity(64 * 1024, &opened.file);
    let found = match wish.start {
        Start::Beginning => find_line(&mut reader, mark, 1),
        Start::Line(line) => find_line(&mut reader, mark, line),
        Start::Cursor(cursor) => find_after(&mut reader, cursor.offset.max(mark)),
    };
    let (start, lines_before) = found.map_err(refuse)?;
    let bounds = wish.bounds();
    let mut window = Vec::new();
    // A character more than is answered shows where the window has to be cut.
    reader.take(bounds.max_bytes as u64 + 4).read_to_end(&mut window).map_err(refuse)?;
    let at_end = window.len() <= bounds.max_bytes;
    let text = match std::str::from_utf8(&window) {
        Ok(text) => text,
        // The window may end within a character, past what is answered.
        Err(error) if error.error_len().is_none() && !at_end => {
            std::str::from_utf8(&window[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return Err(Refusal::LargeInOtherEncoding(shown)),
    };
    let cut = window::cut(text, bounds, at_end);
    let saw_all = at_end && cut.next.is_none() && !matches!(wish.start, Start::Cursor(_));
    Ok(FileRead {
        content: text[..cut.len].to_owned(),
        encoding: Encoding::Utf8,
        bom: has_bom,
        line_ending: LineEnding::of(&String::from_utf8_lossy(head)),
        size_bytes: size_of(&opened.stat),
        returned_bytes: cut.len,
        truncated: true,
        hash: None,
        matched_ignore,
        original_line_count: saw_all.then(|| lines_before + line_feeds(&window) + 1),
        next_cursor: cursor_after(&cut, start, opened),
        has_more: cut.has_more,
        path: shown,
    })
}

fn cursor_after(cut: &Cut, start: u64, opened: &Opened) -> Option<String> {
    let next = cut.next.filter(|_| cut.has_more)?;
    Some(ReadCursor::new(start + next as u64, &opened.stat).encode())
}

/// Goes to the beginning of a line, or to the end of a file with fewer lines: the offset, and how many line feeds are before it.
fn find_line(reader: &mut (impl BufRead + Seek), mark: u64, line: u64) -> std::io::Result<(u64, u64)> {
    let mut offset = reader.seek(SeekFrom::Start(mark))?;
    let mut passed = 0;
    while passed + 1 < line {
        let skipped = reader.skip_until(b'\n')?;
        if skipped == 0 {
            break;
        }
        offset += skipped as u64;
        passed += 1;
    }
    Ok((offset, passed))
}

/// Goes to the first line that begins at `offset` or later.
fn find_after(reader: &mut (impl BufRead + Seek), offset: u64) -> std::io::Result<(u64, u64)> {
    let Some(before) = offset.checked_sub(1) else { return Ok((reader.seek(SeekFrom::Start(0))?, 0)) };
    let before = reader.seek(SeekFrom::Start(before))?;
    Ok((before + reader.skip_until(b'\n')? as u64, 0))
}

fn line_feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
