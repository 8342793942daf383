//! The texts of a transcript, parsed: block by block, as far as they have arrived, and not before a reader comes near.

use std::collections::HashMap;

use roost_core::{
    markdown::{Block, Inline, Markdown},
    transcript::{Body, Entry, EntryId},
};

/// Parsed texts by entry.
#[derive(Debug, Default)]
pub(super) struct Texts {
    documents: HashMap<EntryId, Document>,
}

#[derive(Debug, Default)]
struct Document {
    markdown: Markdown,
    /// Bytes of the text that have been read.
    read: usize,
}

impl Texts {
    /// Reads what has been appended to an entry's text since the last call. Answers the first block that may have changed.
    pub(super) fn read(&mut self, entry: &Entry) -> usize {
        let Body::Assistant(run) = &entry.body else { return 0 };
        let document = self.documents.entry(entry.id).or_default();
        match run.text.get(document.read..) {
            Some(more) => {
                document.read = run.text.len();
                document.markdown.append(more)
            }
            // The text is another one.
            None => {
                *document = Document::default();
                document.read = run.text.len();
                document.markdown.append(&run.text)
            }
        }
    }

    pub(super) fn is_parsed(&self, entry: EntryId) -> bool {
        self.documents.contains_key(&entry)
    }

    /// Forgets the others.
    pub(super) fn retain(&mut self, is_kept: impl Fn(EntryId) -> bool) {
        self.documents.retain(|entry, _| is_kept(*entry));
    }

    pub(super) fn forget(&mut self, entry: EntryId) {
        self.documents.remove(&entry);
    }

    /// The blocks of an entry, as far as its text has been read.
    pub(super) fn blocks(&self, entry: EntryId) -> &[Block] {
        self.documents.get(&entry).map(|document| document.markdown.blocks()).unwrap_or_default()
    }
}

const LINE: f64 = 22.5;
const GAP: f64 = 8.0;
/// Characters of prose that fit into a line.
const MEASURE: usize = 88;

/// How high a block will be, about.
pub(super) fn guess(block: &Block) -> f64 {
    GAP + match block {
        Block::Paragraph(text) | Block::Heading { text, .. } => LINE * text_lines(text),
        Block::Code { text, .. } => 54.0 + 19.5 * text.as_str().lines().count() as f64,
        Block::Quote(blocks) => blocks.iter().map(guess).sum(),
        Block::List { items, .. } => items.iter().flat_map(|item| &item.blocks).map(|block| guess(block) - GAP).sum(),
        Block::Table(table) => 31.0 * (table.rows.len() + 1) as f64,
        Block::Rule => 25.0,
    }
}

fn text_lines(text: &[Inline]) -> f64 {
    (length(text) / MEASURE + 1) as f64
}

fn length(text: &[Inline]) -> usize {
    text.iter()
        .map(|inline| match inline {
            Inline::Text(text) => text.len(),
            Inline::Code(code) => code.as_str().len(),
            Inline::Emphasis(text) | Inline::Strong(text) | Inline::Strike(text) => length(text),
            Inline::Link { text, .. } | Inline::Unlinked { text, .. } => length(text),
            Inline::Image { label, .. } => label.len(),
            Inline::SoftBreak => 1,
            Inline::HardBreak => MEASURE,
        })
        .sum()
}
