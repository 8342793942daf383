//! What changed between two texts, line by line, with the changed words marked.
//!
//! Bounded: beyond [`MAX_LINES`] changed lines the middle is shown as removed and added as a whole, and lines longer than
//! [`MAX_MARKED_CHARS`] get no word marks. Lines count from 1.

mod stretch;
mod words;

use self::stretch::{Stretch, grouped, stretches};

/// Most lines, old and new together, between the common head and tail that are compared line by line.
pub const MAX_LINES: usize = 10_000;

/// Longest line, in characters, whose words are compared.
pub const MAX_MARKED_CHARS: usize = 2_000;

/// Unchanged lines shown around a change.
pub const CONTEXT_LINES: usize = 3;

/// A change of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextChange {
    pub hunks: Vec<Hunk>,
    pub stat: Stat,
    /// Too large to compare: the whole middle stands as removed and added.
    pub is_coarse: bool,
}

/// How many lines were added and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    pub added: usize,
    pub removed: usize,
}

/// Changes close to each other, with the lines around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// First old line shown; the line after which it was added if there is none.
    pub old_start: usize,
    pub new_start: usize,
    pub lines: Vec<Line>,
}

/// One line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub kind: LineKind,
    /// Its number in the old text.
    pub old: Option<usize>,
    /// Its number in the new text.
    pub new: Option<usize>,
    /// The text without its line break, in pieces.
    pub spans: Vec<Span>,
    /// The text ends here without a line break.
    pub is_unterminated: bool,
}

/// What happened to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    Same,
    Removed,
    Added,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    /// This piece is what differs from the line it replaces or was replaced by.
    pub is_marked: bool,
}

impl Line {
    /// The text without its line break.
    #[must_use]
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// Compares two texts.
#[must_use]
pub fn compare(old: &str, new: &str) -> TextChange {
    let (old, new) = (lines(old), lines(new));
    let (way, is_coarse) = way(&old, &new);
    let hunks = grouped(&way, CONTEXT_LINES).iter().filter_map(|group| hunk(group, &old, &new)).collect();
    TextChange { hunks, stat: count(&way), is_coarse }
}

/// Only the numbers of [`compare`].
#[must_use]
pub fn stat(old: &str, new: &str) -> Stat {
    count(&way(&lines(old), &lines(new)).0)
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// From the old lines to the new ones, and whether that is the coarse way.
fn way(old: &[&str], new: &[&str]) -> (Vec<Stretch>, bool) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    if old_end + new_end - 2 * head <= MAX_LINES {
        return (stretches(old, new), false);
    }
    let middle = Stretch::changed(head..old_end, head..new_end);
    let mut way = vec![Stretch::same(0, 0, head), middle, Stretch::same(old_end, new_end, tail)];
    way.retain(|stretch| !stretch.is_empty());
    (way, true)
}

fn count(way: &[Stretch]) -> Stat {
    let changed = way.iter().filter(|stretch| !stretch.is_same);
    changed.fold(Stat::default(), |stat, stretch| Stat {
        added: stat.added + stretch.new.len(),
        removed: stat.removed + stretch.old.len(),
    })
}

fn hunk(group: &[Stretch], old: &[&str], new: &[&str]) -> Option<Hunk> {
    let first = group.first()?;
    let mut lines = Vec::new();
    for stretch in group {
        if stretch.is_same {
            let both = stretch.old.clone().zip(stretch.new.clone());
            lines
                .extend(both.map(|(at, new_at)| line(LineKind::Same, (Some(at + 1), Some(new_at + 1)), old[at], None)));
        } else {
            replaced(stretch, old, new, &mut lines);
        }
    }
    let start = |at: usize, shown: bool| if shown { at + 1 } else { at };
    let old_start = start(first.old.start, lines.iter().any(|line| line.old.is_some()));
    let new_start = start(first.new.start, lines.iter().any(|line| line.new.is_some()));
    Some(Hunk { old_start, new_start, lines })
}

fn replaced(change: &Stretch, old: &[&str], new: &[&str], lines: &mut Vec<Line>) {
    let (olds, news) = (change.old.clone(), change.new.clone());
    // Line by line only where as many came as went: otherwise nobody can say which replaced which.
    let marks: Vec<_> = match olds.len() == news.len() {
        true => olds
            .clone()
            .zip(news.clone())
            .map(|(old_at, new_at)| words::marks(body(old[old_at]), body(new[new_at])))
            .collect(),
        false => Vec::new(),
    };
    for (nth, at) in olds.enumerate() {
        let spans = marks.get(nth).and_then(|marks| marks.as_ref()).map(|(old, _)| old.clone());
        lines.push(line(LineKind::Removed, (Some(at + 1), None), old[at], spans));
    }
    for (nth, at) in news.enumerate() {
        let spans = marks.get(nth).and_then(|marks| marks.as_ref()).map(|(_, new)| new.clone());
        lines.push(line(LineKind::Added, (None, Some(at + 1)), new[at], spans));
    }
}

fn line(kind: LineKind, (old, new): (Option<usize>, Option<usize>), text: &str, spans: Option<Vec<Span>>) -> Line {
    let whole = || vec![Span { text: body(text).to_owned(), is_marked: false }];
    Line { kind, old, new, spans: spans.unwrap_or_else(whole), is_unterminated: !text.ends_with('\n') }
}

/// A line without its line break.
fn body(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests;
