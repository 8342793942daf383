//! What the palette shows.

use std::ops::Range;

use super::super::{Chip, Class, hint::Then};

/// An answer to one state of the composer. It keeps that text, so a key pressed on it means what the user saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// Best first; empty when there is nothing to offer.
    pub rows: Vec<Row>,
    /// The row that is selected until an arrow or a moving pointer chooses another.
    pub selected: Option<usize>,
    /// The argument hint to show behind the text, with the space that is missing.
    pub ghost: String,
    /// The arguments of the command being typed.
    pub chips: Vec<Chip>,
    /// Where a known command's name stands in the text, slash included.
    pub name: Option<Range<usize>>,
    /// The line names a command nobody knows.
    pub unknown: Option<NoSuchCommand>,
    pub(super) text: String,
    pub(super) stage: Stage,
    /// What accepting a row replaces.
    pub(super) replace: Range<usize>,
    /// What can follow the text as it is typed.
    pub(super) then: Then,
    /// Why the command typed cannot run now.
    pub(super) unavailable: Option<String>,
    /// What Tab does where there are no rows.
    pub(super) on_tab: Option<Edit>,
}

/// Where in a line the composer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Blank,
    Text,
    Name,
    Arguments,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub kind: RowKind,
    pub group: Group,
    /// What it is called, a command with its slash.
    pub label: String,
    /// What the query matched in the label: byte ranges, in order.
    pub marks: Vec<Range<usize>>,
    /// The alias that matched instead.
    pub alias: Option<String>,
    /// The argument hint.
    pub hint: String,
    pub description: String,
    /// Where a command comes from, in its agent's words.
    pub source_label: String,
    /// It is the value in force.
    pub current: bool,
    /// Why it cannot run now.
    pub unavailable: Option<String>,
    /// What is written into the line, without the space behind it.
    pub(super) insert: String,
    /// How it answers the query, if there is one.
    pub(super) class: Option<Class>,
    /// It is what stands in the line already.
    pub(super) typed: bool,
    /// What can follow once it stands in the line.
    pub(super) then: Then,
    /// Never run because it was the best guess.
    pub(super) destructive: bool,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    Command,
    Subcommand,
    Value,
}

/// Under which heading a row stands. Rows of one group stand together; headings are for an empty query only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Recent,
    Commands,
    Custom,
    Skills,
    /// Ranked by a query, across all groups.
    Matches,
    Arguments,
}

/// A command nobody knows, and what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchCommand {
    pub name: String,
    pub nearest: Option<String>,
}

/// A new state of the composer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub text: String,
    /// In bytes from the start of the text.
    pub caret: usize,
}

impl Edit {
    pub(super) fn at_end(text: String) -> Self {
        Self { caret: text.len(), text }
    }
}

impl Menu {
    pub(super) fn closed(text: &str, stage: Stage) -> Self {
        Self {
            rows: Vec::new(),
            selected: None,
            ghost: String::new(),
            chips: Vec::new(),
            name: None,
            unknown: None,
            text: text.to_owned(),
            stage,
            replace: 0..text.len(),
            then: Then::Nothing,
            unavailable: None,
            on_tab: None,
        }
    }

    /// Whether there is anything to show in a list: rows, or the word that no command has this name.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.rows.is_empty() || self.unknown.is_some()
    }

    /// The composer with row `index` written into it; a click does this. `None` for a row that is not there.
    #[must_use]
    pub fn accept(&self, index: usize) -> Option<Edit> {
        self.rows.get(index).map(|row| self.write(&row.insert, true))
    }

    /// The text with `word` in the place of what was being typed, and a space behind it when the word is whole.
    pub(super) fn write(&self, word: &str, whole: bool) -> Edit {
        let (before, after) = (&self.text[..self.replace.start], &self.text[self.replace.end..]);
        let behind = after.chars().next().filter(|c| c.is_whitespace());
        let space = if whole && behind.is_none() { " " } else { "" };
        let typed = format!("{before}{word}{space}");
        let step = behind.filter(|_| whole).map_or(0, char::len_utf8);
        Edit { caret: typed.len() + step, text: typed + after }
    }
}
