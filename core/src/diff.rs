//! What changed between two texts, line by line, with the changed words marked.
//!
//! Bounded: beyond [`MAX_LINES`] changed lines the middle is shown as removed and added as a whole, and lines longer than
//! [`MAX_MARKED_CHARS`] get no word marks. Lines count from 1.

mod words;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

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
    let (ops, is_coarse) = ops(&old, &new);
    let stat = count(&ops);
    let groups = group_diff_ops(ops, CONTEXT_LINES);
    let hunks = groups.iter().filter_map(|group| hunk(group, &old, &new)).collect();
    TextChange { hunks, stat, is_coarse }
}

/// Only the numbers of [`compare`].
#[must_use]
pub fn stat(old: &str, new: &str) -> Stat {
    count(&ops(&lines(old), &lines(new)).0)
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The edit script, and whether it is the coarse one.
fn ops(old: &[&str], new: &[&str]) -> (Vec<DiffOp>, bool) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(old, new)| old == new).count();
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    if old_len + new_len <= MAX_LINES {
        return (capture_diff_slices(Algorithm::Myers, old, new), false);
    }
    let same = |old_index, new_index, len| DiffOp::Equal { old_index, new_index, len };
    let middle = DiffOp::Replace { old_index: head, old_len, new_index: head, new_len };
    let ops = [same(0, 0, head), middle, same(head + old_len, head + new_len, tail)];
    (ops.into_iter().filter(|op| !op.old_range().is_empty() || !op.new_range().is_empty()).collect(), true)
}

fn count(ops: &[DiffOp]) -> Stat {
    let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    changed.fold(Stat::default(), |stat, op| Stat {
        added: stat.added + op.new_range().len(),
        removed: stat.removed + op.old_range().len(),
    })
}

fn hunk(group: &[DiffOp], old: &[&str], new: &[&str]) -> Option<Hunk> {
    let first = group.first()?;
    let (old_range, new_range) = (first.old_range(), first.new_range());
    let mut lines = Vec::new();
    for op in group {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                let same = (0..*len).map(|at| {
                    let numbers = (Some(old_index + at + 1), Some(new_index + at + 1));
                    line(LineKind::Same, numbers, old[old_index + at], None)
                });
                lines.extend(same);
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                replaced(op, old, new, &mut lines);
            }
        }
    }
    let start = |range: std::ops::Range<usize>, shown: bool| if shown { range.start + 1 } else { range.start };
    let old_start = start(old_range, lines.iter().any(|line| line.old.is_some()));
    let new_start = start(new_range, lines.iter().any(|line| line.new.is_some()));
    Some(Hunk { old_start, new_start, lines })
}

fn replaced(op: &DiffOp, old: &[&str], new: &[&str], lines: &mut Vec<Line>) {
    let (olds, news) = (op.old_range(), op.new_range());
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
