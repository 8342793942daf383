//! Blocks of code, as they were written.

use super::{
    Block, CodeText,
    line::{self, Line, run},
    target::unescape,
};
use crate::case::folded;

/// Columns of blanks that make a line code, or too far in to be a mark.
pub(super) const INDENT: usize = 4;

/// Longest language name of a code block, in characters.
const MAX_LANGUAGE_CHARS: usize = 32;

/// Code between two fences, open.
#[derive(Debug)]
pub(super) struct Fence {
    mark: u8,
    len: usize,
    /// Blanks before the fence, so many of which are no part of the code.
    indent: usize,
    language: Option<Box<str>>,
    text: String,
    has_lines: bool,
}

impl Fence {
    pub(super) fn open(line: Line<'_>) -> Option<Self> {
        let (mark, len, info) = line::fence(line.text())?;
        let language = language(&unescape(info));
        Some(Self { mark, len, indent: line.indent(), language, text: String::new(), has_lines: false })
    }

    pub(super) fn is_closed_by(&self, line: Line<'_>) -> bool {
        let text = line.text();
        let len = run(text, self.mark);
        line.indent() < INDENT && len >= self.len && text[len..].trim_matches([' ', '\t']).is_empty()
    }

    pub(super) fn add(&mut self, mut line: Line<'_>) {
        if std::mem::replace(&mut self.has_lines, true) {
            self.text.push('\n');
        }
        line.skip(self.indent);
        line.push_to(&mut self.text);
    }

    pub(super) fn block(self) -> Block {
        Block::Code { language: self.language, text: CodeText::new(self.text) }
    }
}

/// Code that is known by its indentation: blank lines at its end are not part of it.
pub(super) fn indented(text: &str) -> Block {
    let mut end = text.len();
    while let Some(line) = text[..end].rfind('\n')
        && text[line..end].trim_matches([' ', '\t', '\n']).is_empty()
    {
        end = line;
    }
    Block::Code { language: None, text: CodeText::new(&text[..end]) }
}

fn language(info: &str) -> Option<Box<str>> {
    let word = info.split([' ', '\t', ',', '{']).next().filter(|word| !word.is_empty())?;
    let is_name =
        word.chars().count() <= MAX_LANGUAGE_CHARS && word.chars().all(|c| c.is_alphanumeric() || "+-#._".contains(c));
    is_name.then(|| folded(word).into())
}
