//! How well a name answers a query.

use std::ops::Range;

use crate::case::folded_letter;

/// The kinds of match, best first.
///
/// A longer query never moves a name into a better class, except that it may become an exact name or alias. So a
/// command selected by its name stays selected while that is typed to its end, unless the query has become another's
/// whole name or alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    ExactName,
    ExactAlias,
    NamePrefix,
    AliasPrefix,
    /// The start of a later word of the name.
    WordPrefix,
    /// The first letters of the name's words.
    Acronym,
    /// The letters of the query stand in the name, in this order.
    Fuzzy,
    /// The start of a word of the description.
    Description,
}

/// A name that answers a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    pub class: Class,
    /// The letters of the query are those of the name, upper and lower case included.
    pub same_case: bool,
    /// The alias that matched, when the name did not match as well.
    pub alias: Option<String>,
    /// What to highlight in the name: byte ranges, in order, apart from each other.
    pub marks: Vec<Range<usize>>,
}

/// Shortest query that is looked for in descriptions, in characters.
const MIN_DESCRIPTION_QUERY: usize = 3;

impl Match {
    /// Compares without regard to case. An empty query is no query: nothing matches it.
    #[must_use]
    pub fn of(query: &str, name: &str, aliases: &[String], description: &str) -> Option<Self> {
        let query_letters = Letters::of(query);
        let letters = Letters::of(name);
        let in_name = letters.class(&query_letters);
        let in_alias = aliases.iter().filter_map(|alias| Some((alias_class(&query_letters, alias)?, alias))).min();
        let plain = |class, marks| Self { class, same_case: query == name, alias: None, marks };
        match (in_name, in_alias) {
            (Some((class, marks)), None) => Some(plain(class, marks)),
            (Some((class, marks)), Some((other, _))) if class < other => Some(plain(class, marks)),
            (_, Some((class, alias))) => {
                Some(Self { class, same_case: query == alias, alias: Some(alias.clone()), marks: Vec::new() })
            }
            (None, None) => in_words(&query_letters, description).then(|| plain(Class::Description, Vec::new())),
        }
    }
}

/// Puts a few items in order, equal ones as they came. The standard sorts are made for many, and are as much code as a whole menu.
pub(super) fn in_order<T, K: Ord>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut ordered: Vec<(K, T)> = Vec::new();
    for item in items {
        let key = key(&item);
        ordered.insert(ordered.partition_point(|(known, _)| *known <= key), (key, item));
    }
    ordered.into_iter().map(|(_, item)| item).collect()
}

fn alias_class(query: &Letters, alias: &str) -> Option<Class> {
    match Letters::of(alias).class(query)?.0 {
        Class::ExactName => Some(Class::ExactAlias),
        Class::NamePrefix => Some(Class::AliasPrefix),
        Class::ExactAlias
        | Class::AliasPrefix
        | Class::WordPrefix
        | Class::Acronym
        | Class::Fuzzy
        | Class::Description => None,
    }
}

fn in_words(query: &Letters, description: &str) -> bool {
    let starts = |word: &str| Letters::of(word).starts_with(0, query);
    query.folded.len() >= MIN_DESCRIPTION_QUERY && description.split(|c: char| !c.is_alphanumeric()).any(starts)
}

/// A word, letter by letter, in one case.
struct Letters {
    folded: Vec<char>,
    /// Where each letter stands in the text, and where the text ends.
    bytes: Vec<usize>,
}

impl Letters {
    fn of(text: &str) -> Self {
        let mut bytes: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        bytes.push(text.len());
        Self { folded: text.chars().map(folded_letter).collect(), bytes }
    }

    fn class(&self, query: &Self) -> Option<(Class, Vec<Range<usize>>)> {
        let len = query.folded.len();
        if len == 0 {
            return None;
        }
        if self.starts_with(0, query) {
            let class = if len == self.folded.len() { Class::ExactName } else { Class::NamePrefix };
            return Some((class, self.marks(0..len)));
        }
        let starts = self.word_starts();
        if let Some(&start) = starts.iter().find(|start| self.starts_with(**start, query)) {
            return Some((Class::WordPrefix, self.marks(start..start + len)));
        }
        let initials: Vec<_> = starts.iter().map(|start| self.folded[*start]).collect();
        if len >= 2 && initials.starts_with(&query.folded) {
            return Some((Class::Acronym, self.marks(starts.into_iter().take(len))));
        }
        self.fuzzy(query).map(|letters| (Class::Fuzzy, self.marks(letters)))
    }

    fn starts_with(&self, at: usize, query: &Self) -> bool {
        self.folded[at..].starts_with(&query.folded)
    }

    fn word_starts(&self) -> Vec<usize> {
        let is_gap = |c: char| !c.is_alphanumeric();
        (0..self.folded.len())
            .filter(|at| !is_gap(self.folded[*at]) && (*at == 0 || is_gap(self.folded[at - 1])))
            .collect()
    }

    /// The letters of the query, taken from the end of their first occurrence backwards, which keeps them together.
    fn fuzzy(&self, query: &Self) -> Option<Vec<usize>> {
        let mut end = 0;
        for wanted in &query.folded {
            end += self.folded[end..].iter().position(|c| c == wanted)? + 1;
        }
        let mut letters = Vec::with_capacity(query.folded.len());
        for wanted in query.folded.iter().rev() {
            end = self.folded[..end].iter().rposition(|c| c == wanted)?;
            letters.push(end);
        }
        letters.reverse();
        Some(letters)
    }

    /// Byte ranges of some letters, neighbours joined.
    fn marks(&self, letters: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
        let mut marks: Vec<Range<usize>> = Vec::new();
        for letter in letters {
            let range = self.bytes[letter]..self.bytes[letter + 1];
            match marks.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                Some(_) | None => marks.push(range),
            }
        }
        marks
    }
}
