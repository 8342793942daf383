//! Which words of a line differ from the line it replaces.

use std::ops::Range;

use super::{
    MAX_MARKED_CHARS, Span,
    stretch::{Stretch, stretches},
};

/// Least share of characters, in percent, that two lines must have in common for marks to help rather than confuse.
const MIN_COMMON_PERCENT: usize = 40;

/// The two lines in pieces, the differing ones marked. `None` when they are too long or too different for marks to help.
pub(super) fn marks(old: &str, new: &str) -> Option<(Vec<Span>, Vec<Span>)> {
    if old.chars().count().max(new.chars().count()) > MAX_MARKED_CHARS {
        return None;
    }
    let (old_words, new_words) = (split(old), split(new));
    let way = stretches(&old_words, &new_words);
    let same = way.iter().filter(|stretch| stretch.is_same);
    let common: usize = same.map(|stretch| old_words[stretch.old.clone()].concat().trim().len()).sum();
    if common * 100 < old.len().max(new.len()) * MIN_COMMON_PERCENT {
        return None;
    }
    let spans = |words: &[&str], range: fn(&Stretch) -> &Range<usize>| {
        let pieces = way
            .iter()
            .map(|stretch| Span { text: words[range(stretch).clone()].concat(), is_marked: !stretch.is_same });
        pieces.filter(|span| !span.text.is_empty()).collect()
    };
    Some((spans(&old_words, |stretch| &stretch.old), spans(&new_words, |stretch| &stretch.new)))
}

/// Words, runs of blanks, and every other character by itself.
fn split(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let len = match class {
            Class::Mark => first.len_utf8(),
            Class::Word | Class::Blank => rest.find(|c| Class::of(c) != class).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(len);
        words.push(word);
        rest = after;
    }
    words
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    Mark,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            c if c.is_alphanumeric() || c == '_' => Self::Word,
            c if c.is_whitespace() => Self::Blank,
            _ => Self::Mark,
        }
    }
}
