//! A place that breaks a rule, and looking for such places.

use std::fmt;

use roost_tests::source::Source;

/// A place that breaks a rule.
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    what: String,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails with every finding, and with what to do about it.
#[track_caller]
pub(crate) fn expect_none(findings: &[Finding], what_to_do: &str) {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n→ {what_to_do}\n", list.join("\n"));
}

/// Where one of `words` stands in code outside tests, as a word of its own.
pub(crate) fn in_code(sources: &[Source], words: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for line in source.lines().iter().filter(|line| !line.test) {
            let found = words.iter().filter(|word| contains_word(&line.code, word));
            findings.extend(found.map(|word| Finding::new(&source.path, line.number, *word)));
        }
    }
    findings
}

/// Whether `word` stands in `text` with nothing of a name around it.
pub(crate) fn contains_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let (starts, ends) = (word.starts_with(part_of_name), word.ends_with(part_of_name));
    text.match_indices(word).any(|(at, _)| {
        let before = starts && text[..at].ends_with(part_of_name);
        let after = ends && text[at + word.len()..].starts_with(part_of_name);
        !before && !after
    })
}

/// Whether a list of exceptions, each a path with its reason, names the file.
pub(crate) fn is_listed(source: &Source, list: &[(&str, &str)]) -> bool {
    list.iter().any(|(path, _)| *path == source.path)
}
