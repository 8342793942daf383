//! Finding a word in the session on screen: in all of its rows, of which the page draws only those near the reader.

use std::cell::RefCell;

use roost_core::{
    case::folded_letter,
    markdown::{Block, Inline},
    payload::ContentBlock,
    transcript::{Body, Entry, Message, Plan, TextRun, ToolCall},
};
use serde_json::Value;
use web_sys::HtmlElement;

use super::{Part, RowKey, Store, Talk, held::Held};
use crate::browser::{self, found, timer};

/// Id of the field that says what to find.
pub(crate) const FIND: &str = "find";

/// What is looked for, and where it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Finding {
    pub(crate) wanted: String,
    hits: Vec<Hit>,
    /// The hit the reader was taken to, counted from 0.
    at: usize,
}

/// The nth place in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Hit {
    row: RowKey,
    nth: usize,
}

impl Finding {
    /// Which of how many; `None` while nothing was asked.
    pub(crate) fn count(&self) -> Option<(usize, usize)> {
        let shown = if self.hits.is_empty() { 0 } else { self.at + 1 };
        (!self.wanted.trim().is_empty()).then_some((shown, self.hits.len()))
    }
}

thread_local! {
    /// What had the keyboard before.
    static BEFORE: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

impl Store {
    /// Opens the field, or gives it the keyboard again. Says whether there is anything to look through.
    pub(crate) fn begin_finding(self) -> bool {
        if self.here().is_none() {
            return false;
        }
        if !browser::has_focus(FIND) {
            BEFORE.set(browser::focused());
        }
        if self.finding.with_untracked(Option::is_none) {
            self.finding.set(Some(Finding::default()));
        }
        browser::focus(FIND);
        browser::select(FIND);
        true
    }

    pub(crate) fn end_finding(self) {
        if self.finding.with_untracked(Option::is_none) {
            return;
        }
        self.finding.set(None);
        found::unmark();
        let before = BEFORE.take().filter(|element| element.is_connected());
        match before {
            Some(element) => drop(element.focus()),
            None => browser::focus(super::PROMPT),
        }
    }

    /// Looks for this from where the reader is.
    pub(crate) fn find(self, wanted: String) {
        let hits = self.talk.look_for(&wanted);
        let first = self.talk.first_in_view();
        let at = hits.iter().position(|hit| first.is_some_and(|first| hit.row >= first)).unwrap_or(0);
        self.take_to(Finding { wanted, hits, at });
    }

    /// Goes to the next hit, or to the one before, round and round. Says whether anything is looked for.
    pub(crate) fn find_next(self, forward: bool) -> bool {
        let Some(Finding { wanted, hits, at }) = self.finding.get_untracked() else { return false };
        let last = hits.get(at).copied();
        // More may have been said since.
        let hits = self.talk.look_for(&wanted);
        let known = hits.iter().position(|hit| Some(*hit) == last);
        let count = hits.len().max(1);
        let at = match (known, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, _) => 0,
        };
        self.take_to(Finding { wanted, hits, at });
        true
    }

    fn take_to(self, finding: Finding) {
        let (hit, wanted) = (finding.hits.get(finding.at).copied(), folded(&finding.wanted));
        self.finding.set(Some(finding));
        match hit {
            Some(hit) => self.talk.show_hit(hit, wanted),
            None => found::unmark(),
        }
    }
}

/// Heights of rows that have not been drawn are guesses, so a hit is aimed at more than once.
const AIMS: usize = 3;

impl Talk {
    fn look_for(self, wanted: &str) -> Vec<Hit> {
        let wanted = folded(wanted);
        if wanted.trim().is_empty() {
            return Vec::new();
        }
        self.held.update(|held| {
            held.parse_those_with(&wanted);
            let mut hits = Vec::new();
            for row in held.rows.all() {
                let text = folded(&held.text_of(row));
                hits.extend((0..text.matches(&wanted).count()).map(|nth| Hit { row, nth }));
            }
            hits
        })
    }

    /// The first row that is drawn and in view, about.
    fn first_in_view(self) -> Option<RowKey> {
        let top = self.place.get_untracked().top();
        self.with_rows(|rows| rows.at_height(top))
    }

    fn show_hit(self, hit: Hit, wanted: String) {
        let folds = self.read_untracked(hit.row, |entry| Some(matches!(entry.body, Body::Thought(_) | Body::Tool(_))));
        if folds == Some(true) {
            self.fold(hit.row, true);
        }
        self.show_row(hit.row);
        self.aim(hit, wanted, AIMS);
    }

    fn aim(self, hit: Hit, wanted: String, times: usize) {
        timer::next_frame(move || {
            found::mark(&crate::parts::entry::key_text(hit.row), &wanted, hit.nth);
            if times > 1 {
                self.aim(hit, wanted, times - 1);
            }
        });
    }
}

impl Held {
    /// Gives those texts their rows that have the word in them and that nobody has come near to.
    fn parse_those_with(&mut self, wanted: &str) {
        let unread = |entry: &&Entry| self.is_prose(entry.id) && !self.texts.is_parsed(entry.id);
        let said = |entry: &Entry| matches!(&entry.body, Body::Assistant(run) if folded(&run.text).contains(wanted));
        let found: Vec<_> =
            self.transcript.entries().filter(unread).filter(|entry| said(entry)).map(|entry| entry.id).collect();
        for entry in found {
            self.lay_out(entry);
        }
    }

    /// What a row says.
    fn text_of(&self, row: RowKey) -> String {
        let Part::Block(nth) = row.part else { return String::new() };
        if let Some(block) = self.texts.blocks(row.entry).get(nth as usize) {
            let mut text = String::new();
            push_block(block, &mut text);
            return text;
        }
        self.transcript.entry_of(row.entry).map(|entry| said(&entry.body)).unwrap_or_default()
    }
}

fn said(body: &Body) -> String {
    match body {
        Body::User(Message { blocks, .. }) => {
            let texts = blocks.iter().filter_map(|block| ContentBlock::as_text(&block.content));
            texts.collect::<Vec<_>>().join("\n")
        }
        Body::Thought(TextRun { text, .. }) => text.clone(),
        // Text that has not been parsed has none of it in it.
        Body::Assistant(_) | Body::Media(_) | Body::Notice(_) => String::new(),
        Body::Tool(call) => said_by_tool(call),
        Body::Plan(Plan { steps }) => steps.iter().map(|step| step.content.as_str()).collect::<Vec<_>>().join("\n"),
        Body::Error(error) => error.message.clone(),
        Body::Shell(run) => format!("{}\n{}", run.command, run.output),
    }
}

fn said_by_tool(call: &ToolCall) -> String {
    let input = call.input().and_then(Value::as_object).into_iter().flatten().filter_map(|(_, value)| value.as_str());
    let mut said: Vec<&str> = match call.diffs().next() {
        Some(_) => call.diffs().flat_map(|(path, _, new)| [path, new]).collect(),
        None => input.collect(),
    };
    said.extend(call.texts());
    said.join("\n")
}

fn push_block(block: &Block, text: &mut String) {
    match block {
        Block::Paragraph(inlines) | Block::Heading { text: inlines, .. } => push_inlines(inlines, text),
        Block::Code { text: code, .. } => text.push_str(code.as_str()),
        Block::Quote(blocks) => blocks.iter().for_each(|block| push_block(block, text)),
        Block::List { items, .. } => {
            items.iter().flat_map(|item| &item.blocks).for_each(|block| push_block(block, text));
        }
        Block::Table(table) => {
            let cells = table.head.iter().chain(table.rows.iter().flatten());
            cells.for_each(|cell| push_inlines(cell, text));
        }
        Block::Rule => {}
    }
    text.push('\n');
}

fn push_inlines(inlines: &[Inline], text: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(piece) => text.push_str(piece),
            Inline::Code(code) => text.push_str(code.as_str()),
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Strike(inner) => push_inlines(inner, text),
            Inline::Link { text: inner, .. } | Inline::Unlinked { text: inner, .. } => push_inlines(inner, text),
            Inline::Image { label, .. } => text.push_str(label),
            Inline::SoftBreak | Inline::HardBreak => text.push(' '),
        }
    }
}

/// In one case and with one kind of blank; as many characters as before.
pub(crate) fn folded(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { folded_letter(c) }).collect()
}
