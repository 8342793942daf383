//! The top-level parts of a text, and from which one on it is still open.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser};

use super::{Block, Inline, build};

pub(super) const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// A stretch of text between two places where a top-level block begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it begins: the start of a line.
    pub(super) start: usize,
    end: usize,
    /// No block at all, but text: definitions.
    is_gap: bool,
}

/// The parts of `text`, in order, without blank stretches.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    for block in blocks(text) {
        let start = line_start(text, block.start).max(at);
        push_gap(text, at..start, &mut parts);
        at = block.end.max(start);
        parts.push(Part { start, end: at, is_gap: false });
    }
    push_gap(text, at..text.len(), &mut parts);
    parts
}

fn push_gap(text: &str, gap: Range<usize>, parts: &mut Vec<Part>) {
    let blank = text[gap.clone()].trim_start();
    if !blank.trim_end().is_empty() {
        let start = line_start(text, gap.end - blank.len()).max(gap.start);
        parts.push(Part { start, end: gap.end, is_gap: true });
    }
}

/// Where the top-level blocks are. The parser counts definitions behind a list or a quote in; here they are not.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(text, OPTIONS);
    let mut definitions: Vec<usize> =
        parser.reference_definitions().iter().map(|(_, found)| found.span.start).collect();
    definitions.sort_unstable();
    let (mut depth, mut shown) = (0_usize, 0);
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (event, range) in parser.into_offset_iter() {
        if depth == 0 {
            shown = range.start;
            blocks.push(range.clone());
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => shown = shown.max(range.end),
        }
        if let (0, Some(block)) = (depth, blocks.last_mut()) {
            let behind = definitions.iter().find(|at| (shown..block.end).contains(at));
            block.end = behind.map_or(block.end, |at| line_start(text, *at).max(block.start));
        }
    }
    blocks
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |line| line + 1)
}

impl Part {
    /// Reads the part by itself: nothing outside of it can change what it means.
    pub(super) fn read(&self, text: &str) -> Vec<Block> {
        let text = &text[self.start..self.end];
        if self.is_gap {
            return vec![Block::Paragraph(vec![Inline::Text(text.trim().to_owned())])];
        }
        build::blocks(text)
    }
}

/// The index of the first part that later text may still change; 0 when all may.
///
/// A part is finished once a further one begins behind a blank line, and the first line of that one is complete: until then `2` may
/// become `2.`, an item of the list before it.
pub(super) fn first_open(text: &str, parts: &[Part]) -> usize {
    let is_settled =
        |part: &Part| !part.is_gap && text[part.start..].contains('\n') && follows_blank_line(&text[..part.start]);
    parts.iter().rposition(is_settled).unwrap_or(0)
}

fn follows_blank_line(before: &str) -> bool {
    let Some(line) = before.strip_suffix('\n') else { return false };
    let line = &line[line.rfind('\n').map_or(0, |at| at + 1)..];
    line.trim().is_empty()
}

/// The complete lines, and the one that is still being written.
pub(super) fn last_line(text: &str) -> (&str, &str) {
    text.split_at(text.rfind('\n').map_or(0, |at| at + 1))
}

/// A last line of blanks alone means nothing until something follows.
pub(super) fn without_blank_end(text: &str) -> &str {
    match last_line(text) {
        (lines, partial) if is_blank(partial) => lines,
        _ => text,
    }
}

pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The character of the fence, when `text` begins with one at the margin and its first line is complete. Whether the code has ended is
/// not looked at: text without that character cannot end it.
pub(super) fn open_fence(text: &str) -> Option<char> {
    let (line, code) = text.split_once('\n')?;
    let fence = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == fence).count();
    let info = &line[length..];
    let is_open = length >= 3 && !(fence == '`' && info.contains('`')) && !text.contains('\r');
    let closes = |line: &str| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let marks = line.trim().chars();
        indent < 4 && marks.clone().count() >= length && marks.clone().all(|c| c == fence)
    };
    (is_open && !code.lines().any(closes)).then_some(fence)
}
