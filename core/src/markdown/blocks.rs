//! The blocks of a text, read line by line: which containers a line goes on with, which it begins, and what it adds to the last of them.

use super::{
    Block, Inline, Item, MAX_DEPTH, Table, address,
    code::{self, Fence},
    emphasis, html, inline,
    line::{self, Bullet, Line},
    table,
};

/// Containers inside containers, at most: what is in them nests too.
const MAX_CONTAINERS: usize = MAX_DEPTH - emphasis::MAX_DEPTH;

/// A block of the text itself, in no other, and where its first line begins.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) block: Block,
}

/// Reads a whole text.
pub(super) fn read(text: &str) -> Vec<Found> {
    let mut reader = Reader { containers: Vec::new(), leaf: Leaf::None, found: Vec::new(), begun: 0, line_start: 0 };
    for (start, line) in line::lines(text) {
        reader.line_start = start;
        reader.line(Line::new(line));
    }
    reader.close_to(0);
    reader.found
}

/// A block that holds others, still open.
#[derive(Debug)]
enum Container {
    Quote(Vec<Block>),
    List { kind: u8, start: Option<u64>, items: Vec<Item> },
    Item { width: usize, item: Item },
}

/// The block that lines are added to.
#[derive(Debug)]
enum Leaf {
    None,
    /// Its lines, where the last of them begins in it, and where that one begins in the text.
    Paragraph {
        text: String,
        last: usize,
        last_start: usize,
    },
    Fence(Fence),
    /// Code that is known by its indentation.
    Indented(String),
    Html(html::End, String),
    Table(Table),
}

struct Reader {
    containers: Vec<Container>,
    leaf: Leaf,
    found: Vec<Found>,
    /// Where the open block of the text itself began.
    begun: usize,
    line_start: usize,
}

impl Reader {
    fn line(&mut self, mut line: Line<'_>) {
        let matched = self.goes_on(&mut line);
        if matched == self.containers.len() && self.continues_leaf(line) {
            return;
        }
        let begun = self.begins(&mut line, matched);
        let Some(open) = begun else { return };
        self.text(line, open);
    }

    /// How many of the open containers the line belongs to; what says so is consumed.
    fn goes_on(&self, line: &mut Line<'_>) -> usize {
        for (nth, container) in self.containers.iter().enumerate() {
            let goes_on = match container {
                Container::Quote(_) => quote(line),
                Container::List { .. } => true,
                Container::Item { item, .. } if line.is_blank() => {
                    // An item may begin with one blank line, not with two.
                    let is_last = nth + 1 == self.containers.len();
                    !(is_last && item.blocks.is_empty() && matches!(self.leaf, Leaf::None))
                }
                Container::Item { width, .. } if line.indent() >= *width => {
                    line.skip(*width);
                    true
                }
                Container::Item { .. } => false,
            };
            if !goes_on {
                return nth;
            }
        }
        self.containers.len()
    }

    /// Adds the line to a block that nothing but its own end can interrupt.
    fn continues_leaf(&mut self, mut line: Line<'_>) -> bool {
        match &mut self.leaf {
            Leaf::Fence(fence) => {
                if fence.is_closed_by(line) {
                    self.close_leaf();
                } else {
                    fence.add(line);
                }
                true
            }
            Leaf::Html(html::End::BlankLine, _) if line.is_blank() => false,
            Leaf::Html(end, text) => {
                text.push('\n');
                let from = text.len();
                line.push_to(text);
                if end.is_in(&text[from..]) {
                    self.close_leaf();
                }
                true
            }
            Leaf::Indented(text) if line.is_blank() || line.indent() >= code::INDENT => {
                line.skip(code::INDENT);
                text.push('\n');
                line.push_to(text);
                true
            }
            Leaf::None | Leaf::Indented(_) | Leaf::Paragraph { .. } | Leaf::Table(_) => false,
        }
    }

    /// Opens what the line begins. Answers how many containers its text is in, or `None` when there is nothing left to add.
    fn begins(&mut self, line: &mut Line<'_>, matched: usize) -> Option<usize> {
        let mut open = matched;
        loop {
            let in_paragraph = open == self.containers.len() && matches!(self.leaf, Leaf::Paragraph { .. });
            if line.indent() >= code::INDENT {
                // Too far in to begin anything but code, which interrupts no paragraph and no table.
                if matches!(self.leaf, Leaf::Paragraph { .. } | Leaf::Table(_)) || line.is_blank() {
                    return Some(open);
                }
                line.skip(code::INDENT);
                let mut text = String::new();
                line.push_to(&mut text);
                self.begin_leaf(open, Leaf::Indented(text));
                return None;
            }
            let mut ahead = *line;
            let has_room = open + 2 <= MAX_CONTAINERS;
            if has_room && quote(&mut ahead) {
                *line = ahead;
                open = self.begin(open, Container::Quote(Vec::new()));
                continue;
            }
            if self.begins_leaf(*line, open, in_paragraph) {
                return None;
            }
            let text = line.text();
            let Some(bullet) = line::bullet(text).filter(|_| has_room && !text.is_empty()) else { return Some(open) };
            let after = &text[bullet.len..];
            if in_paragraph
                && (after.trim_matches([' ', '\t']).is_empty() || bullet.number.is_some_and(|number| number != 1))
            {
                return Some(open);
            }
            open = self.begin_item(open, bullet, line);
        }
    }

    /// Opens a block without others in it, if the line begins one. Some of them are no longer than a line.
    fn begins_leaf(&mut self, line: Line<'_>, open: usize, in_paragraph: bool) -> bool {
        let text = line.text();
        if let Some((level, text)) = line::heading(text) {
            self.begin_leaf(open, Leaf::None);
            self.add(Block::Heading { level, text: inline::read(text) });
        } else if let Some(fence) = Fence::open(line) {
            self.begin_leaf(open, Leaf::Fence(fence));
        } else if let Some(end) = html::block(text, matches!(self.leaf, Leaf::Paragraph { .. })) {
            let mut html = String::new();
            line.push_to(&mut html);
            let ends = end.is_in(&html);
            self.begin_leaf(open, Leaf::Html(end, html));
            if ends {
                self.close_leaf();
            }
        } else if let (true, Some(level)) = (in_paragraph, line::underline(text)) {
            if let Leaf::Paragraph { text, .. } = std::mem::replace(&mut self.leaf, Leaf::None) {
                self.add(Block::Heading { level, text: inline::read(text.trim_end_matches([' ', '\t'])) });
            }
        } else if line::is_rule(text) {
            self.begin_leaf(open, Leaf::None);
            self.add(Block::Rule);
        } else {
            return in_paragraph && self.begins_table(text);
        }
        true
    }

    /// Makes a table of the paragraph's last line and the one under it, if that is one of dashes.
    fn begins_table(&mut self, dashes: &str) -> bool {
        let Leaf::Paragraph { text, last, last_start } = &mut self.leaf else { return false };
        let Some(table) = table::begin(&text[*last..], dashes) else { return false };
        let last_start = *last_start;
        text.truncate(*last);
        self.close_leaf();
        if self.containers.is_empty() {
            self.begun = last_start;
        }
        self.leaf = Leaf::Table(table);
        true
    }

    fn begin_item(&mut self, open: usize, bullet: Bullet, line: &mut Line<'_>) -> usize {
        let indent = line.indent();
        line.mark(bullet.len);
        let blanks = line.indent();
        let padding = if line.is_blank() || blanks > code::INDENT { 1 } else { blanks };
        line.skip(padding);
        self.close_to(open);
        let kind = bullet.kind;
        let goes_on = matches!(self.containers.last(), Some(Container::List { kind: other, .. }) if *other == kind);
        let open = match goes_on {
            true => open,
            false => self.begin(open, Container::List { kind, start: bullet.number, items: Vec::new() }),
        };
        self.close_to(open);
        self.containers.push(Container::Item { width: indent + bullet.len + padding, item: Item::default() });
        open + 1
    }

    /// What is left of a line that begins nothing.
    fn text(&mut self, line: Line<'_>, open: usize) {
        let text = line.text();
        if text.is_empty() {
            self.close_to(open);
            return self.close_leaf();
        }
        let is_inside = open == self.containers.len();
        match &mut self.leaf {
            // A paragraph goes on without the marks of what it is in.
            Leaf::Paragraph { text: paragraph, last, last_start } => {
                paragraph.push('\n');
                *last = paragraph.len();
                *last_start = self.line_start;
                paragraph.push_str(text);
            }
            Leaf::Table(table) if is_inside => table.add_row(text),
            Leaf::None | Leaf::Table(_) | Leaf::Fence(_) | Leaf::Indented(_) | Leaf::Html(..) => {
                let paragraph = Leaf::Paragraph { text: text.to_owned(), last: 0, last_start: self.line_start };
                self.begin_leaf(open, paragraph);
            }
        }
    }

    /// Opens a container in the first `open` ones. Answers how many there are now.
    fn begin(&mut self, open: usize, container: Container) -> usize {
        let open = self.make_room(open);
        self.containers.push(container);
        open + 1
    }

    fn begin_leaf(&mut self, open: usize, leaf: Leaf) {
        self.make_room(open);
        self.leaf = leaf;
    }

    /// Closes all but the first `open` containers, and a list that a new block is not in. Answers how many are left.
    fn make_room(&mut self, open: usize) -> usize {
        self.close_to(open);
        self.close_leaf();
        let open = match self.containers.last() {
            Some(Container::List { .. }) => open - 1,
            _ => open,
        };
        self.close_to(open);
        if open == 0 {
            self.begun = self.line_start;
        }
        open
    }

    fn close_to(&mut self, open: usize) {
        while self.containers.len() > open {
            self.close_leaf();
            match self.containers.pop() {
                Some(Container::Quote(blocks)) => self.add(Block::Quote(blocks)),
                Some(Container::List { start, items, .. }) => self.add(Block::List { start, items }),
                Some(Container::Item { item, .. }) => {
                    if let Some(Container::List { items, .. }) = self.containers.last_mut() {
                        items.push(item);
                    }
                }
                None => {}
            }
        }
        if open == 0 {
            self.close_leaf();
        }
    }

    fn close_leaf(&mut self) {
        match std::mem::replace(&mut self.leaf, Leaf::None) {
            Leaf::None => {}
            Leaf::Paragraph { text, .. } => self.add_paragraph(text.trim_end_matches([' ', '\t', '\n'])),
            Leaf::Fence(fence) => self.add(fence.block()),
            Leaf::Indented(text) => self.add(code::indented(&text)),
            Leaf::Html(_, text) => {
                self.add(Block::Paragraph(address::linked(vec![Inline::Text(text.trim_end().to_owned())])));
            }
            Leaf::Table(table) => self.add(Block::Table(table)),
        }
    }

    fn add_paragraph(&mut self, text: &str) {
        let mut text = text;
        if let Some(Container::Item { item, .. }) = self.containers.last_mut()
            && item.blocks.is_empty()
            && let Some((checked, rest)) = task(text)
        {
            item.checked = Some(checked);
            text = rest;
        }
        if !text.is_empty() {
            self.add(Block::Paragraph(inline::read(text)));
        }
    }

    fn add(&mut self, block: Block) {
        match self.containers.last_mut() {
            Some(Container::Quote(blocks)) => blocks.push(block),
            Some(Container::Item { item, .. }) => item.blocks.push(block),
            // A list holds only items.
            Some(Container::List { .. }) => {}
            None => self.found.push(Found { start: self.begun, block }),
        }
    }
}

/// Consumes the mark of a quote.
fn quote(line: &mut Line<'_>) -> bool {
    let quoted = line.indent() < code::INDENT && line.text().starts_with('>');
    if quoted {
        line.mark(1);
        line.skip(1);
    }
    quoted
}

/// `[ ]` or `[x]` in front of the text of an item.
fn task(text: &str) -> Option<(bool, &str)> {
    let (mark, rest) = text.strip_prefix('[')?.split_once(']')?;
    let checked = match mark {
        " " | "\t" => false,
        "x" | "X" => true,
        _ => return None,
    };
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', '\n']);
    ends.then(|| (checked, rest.trim_start_matches([' ', '\t', '\n'])))
}
