//! Parser events to nodes.

use pulldown_cmark::{Alignment, CodeBlockKind, Event, LinkType, Parser, Tag};

use super::{Align, Block, CodeText, Href, Inline, Item, Table, split::OPTIONS};
use crate::case::folded;

/// Nodes inside nodes, at most. What is nested deeper stands in the innermost one that is kept.
pub const MAX_DEPTH: usize = 32;

/// Longest language name of a code block, in characters.
const MAX_LANGUAGE_CHARS: usize = 32;

/// Reads `text` as a document of its own.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut builder = Builder { stack: vec![Frame::new(Open::Root)], too_deep: 0 };
    for event in Parser::new_ext(text, OPTIONS) {
        builder.event(event);
    }
    builder.finish()
}

/// A node that has begun.
#[derive(Debug)]
enum Open {
    Root,
    Paragraph,
    Heading(u8),
    Code(Option<Box<str>>),
    Html,
    Quote,
    List(Option<u64>),
    Item(Option<bool>),
    Table(Vec<Align>),
    Head,
    Row,
    Cell,
    Emphasis,
    Strong,
    Strike,
    Link(String),
    Image(String),
}

/// A node that has begun, with what is in it so far. Each kind of node fills only its own list.
#[derive(Debug)]
struct Frame {
    open: Open,
    blocks: Vec<Block>,
    inlines: Vec<Inline>,
    items: Vec<Item>,
    cells: Vec<Vec<Inline>>,
    head: Vec<Vec<Inline>>,
    rows: Vec<Vec<Vec<Inline>>>,
}

impl Frame {
    fn new(open: Open) -> Self {
        Self { open, blocks: vec![], inlines: vec![], items: vec![], cells: vec![], head: vec![], rows: vec![] }
    }

    /// Loose text among blocks, as in a tight list, is a paragraph.
    fn flush(&mut self) {
        if !self.inlines.is_empty() {
            let inlines = std::mem::take(&mut self.inlines);
            self.blocks.push(Block::Paragraph(inlines));
        }
    }

    fn text(&mut self, text: &str) {
        match self.inlines.last_mut() {
            Some(Inline::Text(before)) => before.push_str(text),
            _ => self.inlines.push(Inline::Text(text.to_owned())),
        }
    }
}

struct Builder {
    stack: Vec<Frame>,
    too_deep: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.top().text(&text),
            Event::Code(code) => self.top().inlines.push(Inline::Code(CodeText::new(&*code))),
            Event::SoftBreak => self.top().inlines.push(Inline::SoftBreak),
            Event::HardBreak => self.top().inlines.push(Inline::HardBreak),
            Event::Rule => self.block(Block::Rule),
            Event::TaskListMarker(checked) => self.check(checked),
            // Not enabled.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.top().text(&text);
            }
        }
    }

    fn top(&mut self) -> &mut Frame {
        if self.stack.is_empty() {
            self.stack.push(Frame::new(Open::Root));
        }
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    fn start(&mut self, tag: Tag<'_>) {
        match opened(tag) {
            Some(open) if self.too_deep == 0 && self.stack.len() < MAX_DEPTH => self.stack.push(Frame::new(open)),
            _ => self.too_deep += 1,
        }
    }

    fn end(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if self.stack.len() > 1
            && let Some(frame) = self.stack.pop()
        {
            self.close(frame);
        }
    }

    fn close(&mut self, mut frame: Frame) {
        let in_link = self.stack.iter().any(|frame| matches!(frame.open, Open::Link(_) | Open::Image(_)));
        let is_link = matches!(frame.open, Open::Link(_) | Open::Image(_) | Open::Code(_));
        if !in_link && !is_link {
            frame.inlines = linked(frame.inlines);
        }
        match frame.open {
            Open::Root => {}
            Open::Paragraph | Open::Html => {
                frame.flush();
                frame.blocks.into_iter().for_each(|block| self.block(block));
            }
            Open::Heading(level) => self.block(Block::Heading { level, text: frame.inlines }),
            Open::Code(language) => {
                let mut text = plain(&frame.inlines);
                if text.ends_with('\n') {
                    text.pop();
                }
                self.block(Block::Code { language, text: CodeText::new(text) });
            }
            Open::Quote => {
                frame.flush();
                self.block(Block::Quote(frame.blocks));
            }
            Open::List(start) => self.block(Block::List { start, items: frame.items }),
            Open::Item(checked) => {
                frame.flush();
                self.top().items.push(Item { checked, blocks: frame.blocks });
            }
            Open::Table(align) => self.block(Block::Table(Table { align, head: frame.head, rows: frame.rows })),
            Open::Head => self.top().head = frame.cells,
            Open::Row => self.top().rows.push(frame.cells),
            Open::Cell => self.top().cells.push(frame.inlines),
            Open::Emphasis => self.top().inlines.push(Inline::Emphasis(frame.inlines)),
            Open::Strong => self.top().inlines.push(Inline::Strong(frame.inlines)),
            Open::Strike => self.top().inlines.push(Inline::Strike(frame.inlines)),
            Open::Link(target) => self.top().inlines.push(link(target, frame.inlines)),
            Open::Image(target) => {
                let label = plain(&frame.inlines);
                self.top().inlines.push(Inline::Image { href: Href::parse(&target), target, label });
            }
        }
    }

    fn block(&mut self, block: Block) {
        let top = self.top();
        top.flush();
        top.blocks.push(block);
    }

    fn check(&mut self, checked: bool) {
        let item = self.stack.iter_mut().rev().find(|frame| matches!(frame.open, Open::Item(_)));
        if let Some(item) = item {
            item.open = Open::Item(Some(checked));
        }
    }

    fn finish(mut self) -> Vec<Block> {
        let top = self.top();
        top.flush();
        std::mem::take(&mut top.blocks)
    }
}

/// The node a tag begins. `None` for what is not enabled.
fn opened(tag: Tag<'_>) -> Option<Open> {
    Some(match tag {
        Tag::Paragraph => Open::Paragraph,
        Tag::Heading { level, .. } => Open::Heading(level as u8),
        Tag::BlockQuote(_) => Open::Quote,
        Tag::CodeBlock(CodeBlockKind::Indented) => Open::Code(None),
        Tag::CodeBlock(CodeBlockKind::Fenced(info)) => Open::Code(language(&info)),
        Tag::HtmlBlock => Open::Html,
        Tag::List(start) => Open::List(start),
        Tag::Item => Open::Item(None),
        Tag::Table(align) => Open::Table(align.into_iter().map(Into::into).collect()),
        Tag::TableHead => Open::Head,
        Tag::TableRow => Open::Row,
        Tag::TableCell => Open::Cell,
        Tag::Emphasis => Open::Emphasis,
        Tag::Strong => Open::Strong,
        Tag::Strikethrough => Open::Strike,
        Tag::Link { link_type: LinkType::Email, dest_url, .. } => Open::Link(format!("mailto:{dest_url}")),
        Tag::Link { dest_url, .. } => Open::Link(dest_url.into_string()),
        Tag::Image { dest_url, .. } => Open::Image(dest_url.into_string()),
        _ => return None,
    })
}

impl From<Alignment> for Align {
    fn from(alignment: Alignment) -> Self {
        match alignment {
            Alignment::None => Self::None,
            Alignment::Left => Self::Left,
            Alignment::Center => Self::Center,
            Alignment::Right => Self::Right,
        }
    }
}

fn language(info: &str) -> Option<Box<str>> {
    let word = info.split([' ', '\t', ',', '{']).next().filter(|word| !word.is_empty())?;
    let is_name =
        word.chars().count() <= MAX_LANGUAGE_CHARS && word.chars().all(|c| c.is_alphanumeric() || "+-#._".contains(c));
    is_name.then(|| folded(word).into())
}

fn link(target: String, text: Vec<Inline>) -> Inline {
    match Href::parse(&target) {
        Some(href) => Inline::Link { href, text },
        None => Inline::Unlinked { target, text },
    }
}

/// The text of `inlines` without any marks.
fn plain(inlines: &[Inline]) -> String {
    let mut text = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(piece) => text.push_str(piece),
            Inline::Code(code) => text.push_str(code.as_str()),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Strike(inner) => text.push_str(&plain(inner)),
            Inline::Link { text: inner, .. } | Inline::Unlinked { text: inner, .. } => text.push_str(&plain(inner)),
            Inline::Image { label, .. } => text.push_str(label),
            Inline::SoftBreak | Inline::HardBreak => text.push(' '),
        }
    }
    text
}

/// Makes links of bare addresses.
fn linked(inlines: Vec<Inline>) -> Vec<Inline> {
    let mut linked = Vec::with_capacity(inlines.len());
    for inline in inlines {
        match inline {
            Inline::Text(text) if text.contains("://") => cut_addresses(&text, &mut linked),
            other => linked.push(other),
        }
    }
    linked
}

fn cut_addresses(text: &str, out: &mut Vec<Inline>) {
    let mut rest = text;
    let mut plain = String::new();
    while let Some(at) = next_address(rest) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || "<>\"`|".contains(c)).unwrap_or(from.len());
        let address = trimmed(&from[..end]);
        plain.push_str(before);
        match Href::parse(address) {
            Some(href) => {
                if !plain.is_empty() {
                    out.push(Inline::Text(std::mem::take(&mut plain)));
                }
                out.push(Inline::Link { href, text: vec![Inline::Text(address.to_owned())] });
            }
            None => plain.push_str(address),
        }
        rest = &from[address.len()..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        out.push(Inline::Text(plain));
    }
}

/// Where the next address begins: not in the middle of a word.
fn next_address(text: &str) -> Option<usize> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    let mut starts = starts.filter(|at| text[*at..].starts_with("http://") || text[*at..].starts_with("https://"));
    starts.find(|at| !text[..*at].ends_with(char::is_alphanumeric))
}

/// Without the punctuation of the sentence around it, and without a bracket that was opened before it.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    loop {
        let unbalanced = address.ends_with(')') && address.matches(')').count() > address.matches('(').count();
        let next = match address.strip_suffix(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~', ']']) {
            Some(shorter) => shorter,
            None if unbalanced => &address[..address.len() - 1],
            None => return address,
        };
        address = next;
    }
}
