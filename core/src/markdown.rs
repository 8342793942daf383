//! Markdown as nodes: CommonMark with tables, task lists and strikethrough, never HTML.
//!
//! Safe by construction: raw HTML is text, a link that can be followed has one of three schemes ([`Href`]), an image is a reference with
//! a label that nobody fetches, nesting is bounded by [`MAX_DEPTH`]. Code can tell its invisible characters apart ([`CodeText::pieces`]).
//!
//! Made for streams: [`Markdown::append`] keeps finished blocks as they are and reads only the open tail again.
//! Law: in whatever pieces a text arrives, the blocks are those of the whole text. Reference definitions (`[a]: …`) therefore define
//! nothing; they are shown as text. Of characters by name only the usual ones are known (`entity`): all of HTML's would be 60 kB of every
//! page.

mod address;
mod blocks;
mod code;
mod emphasis;
mod entity;
mod hidden;
mod href;
mod html;
mod inline;
mod line;
mod split;
mod table;
mod target;

pub use hidden::{Hidden, Piece, pieces};
pub use href::Href;

/// Nodes inside nodes, at most. What is nested deeper stands in the innermost one that is kept.
pub const MAX_DEPTH: usize = 32;

/// A block of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    Heading {
        /// 1 to 6.
        level: u8,
        text: Vec<Inline>,
    },
    Code {
        /// The first word of the info string, in lower case.
        language: Option<Box<str>>,
        text: CodeText,
    },
    Quote(Vec<Block>),
    List {
        /// The first number of an ordered list.
        start: Option<u64>,
        items: Vec<Item>,
    },
    Table(Table),
    Rule,
}

/// An item of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// `Some` for a task.
    pub checked: Option<bool>,
    pub blocks: Vec<Block>,
}

/// A table. Every row has as many cells as the head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub align: Vec<Align>,
    pub head: Vec<Vec<Inline>>,
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// How a column is aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    None,
    Left,
    Center,
    Right,
}

/// A piece of running text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    Code(CodeText),
    Emphasis(Vec<Inline>),
    Strong(Vec<Inline>),
    Strike(Vec<Inline>),
    Link {
        href: Href,
        text: Vec<Inline>,
    },
    /// A link that nobody may follow: another scheme, or a path. Shown as its text; `target` can be shown beside it.
    Unlinked {
        target: String,
        text: Vec<Inline>,
    },
    /// An image, by its label. It is not fetched; `href` is set where it could be opened.
    Image {
        href: Option<Href>,
        target: String,
        label: String,
    },
    SoftBreak,
    HardBreak,
}

/// Code, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeText(String);

impl CodeText {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For the clipboard.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For display: what cannot be seen, or turns the text around, stands apart.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        pieces(&self.0)
    }
}

/// Reads a whole text.
#[must_use]
pub fn parse(text: &str) -> Vec<Block> {
    let mut markdown = Markdown::default();
    markdown.append(text);
    markdown.blocks
}

/// A document that grows at its end.
#[derive(Clone, Debug, Default)]
pub struct Markdown {
    /// From the first byte that is not finished.
    tail: String,
    blocks: Vec<Block>,
    finished: usize,
    /// The tail is one fenced code block without its end.
    fence: Option<char>,
}

impl Markdown {
    /// The blocks so far. The last ones may still change, see [`Self::finished`].
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// This many blocks at the front never change again.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// Adds text at the end. Answers the index of the first block that may have changed; all before it are as they were.
    pub fn append(&mut self, text: &str) -> usize {
        let first = self.finished;
        if text.is_empty() {
            return self.blocks.len();
        }
        if !self.extend_code(text) {
            self.tail.push_str(&text.replace('\0', "\u{fffd}"));
            self.read_tail();
        }
        first
    }

    fn read_tail(&mut self) {
        let text = split::without_blank_end(&self.tail);
        let found = blocks::read(text);
        let open = split::first_open(text, &found);
        let start = found.get(open).map_or(0, |found| found.start);
        self.blocks.truncate(self.finished);
        self.blocks.extend(found.into_iter().map(|found| found.block));
        self.finished += open;
        if open > 0 {
            self.tail.drain(..start);
        }
        self.fence = split::open_fence(&self.tail).filter(|_| self.blocks.len() == self.finished + 1);
    }

    /// The shortcut for long code: inside an open fence, text without a fence character only makes the code longer.
    fn extend_code(&mut self, text: &str) -> bool {
        let Some(fence) = self.fence else { return false };
        let (lines, partial) = split::last_line(&self.tail);
        if text.contains([fence, '\r', '\0', '\u{b}', '\u{c}']) || partial.contains(fence) {
            return false;
        }
        let Some(Block::Code { text: CodeText(code), .. }) = self.blocks.last_mut() else { return false };
        // Blanks at the start of the last line are not shown, nor is the break before them, until something follows.
        if split::is_blank(partial) {
            if lines.lines().nth(1).is_some() {
                code.push('\n');
            }
            code.push_str(partial);
        }
        code.push_str(text);
        self.tail.push_str(text);
        let (_, partial) = split::last_line(&self.tail);
        if split::is_blank(partial) {
            code.truncate(code.len() - partial.len());
            if code.ends_with('\n') {
                code.pop();
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
