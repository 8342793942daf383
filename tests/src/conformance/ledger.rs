//! The reviewed file: which differences are meant, and why.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

/// One thing that is different in the answer to one case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub case: String,
    pub what: String,
}

/// In what way two answers are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Status,
    Code,
    Missing,
    More,
    Type,
    /// Of conversations: said by one alone, or by both in another order.
    Event,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Status, Self::Code, Self::Missing, Self::More, Self::Type, Self::Event];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "times another status",
            Self::Code => "times another code",
            Self::Missing => "members that only the original has",
            Self::More => "members that only Roost has",
            Self::Type => "members of another type",
            Self::Event => "things said by one alone, or in another order",
        })
    }
}

impl Difference {
    pub(super) fn new(case: &str, what: &str) -> Self {
        Self { case: case.to_owned(), what: what.to_owned() }
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.what {
            what if what.starts_with("status ") => Kind::Status,
            what if what.starts_with("code ") => Kind::Code,
            what if what.starts_with("only ") => Kind::Event,
            what if what.ends_with(" is missing") => Kind::Missing,
            what if what.ends_with(" is ours only") => Kind::More,
            _ => Kind::Type,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.case, self.what)
    }
}

/// Differences with one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    reason: String,
    differences: Vec<Pattern>,
}

/// Any of these in any of those. `*` stands for anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    cases: Vec<String>,
    whats: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Ledger(Vec<Entry>);

impl Ledger {
    /// Reads the file. A reason has words, and stands once.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let entries: Vec<Entry> = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
        let mut reasons = BTreeSet::new();
        for Entry { reason, differences } in &entries {
            anyhow::ensure!(reason.split_whitespace().count() > 2, "{differences:?} has no reason");
            anyhow::ensure!(reasons.insert(reason), "this reason stands twice: {reason}");
        }
        Ok(Self(entries))
    }

    pub(super) fn explains(&self, difference: &Difference) -> bool {
        self.patterns().any(|pattern| pattern.describes(difference))
    }

    /// Patterns, and parts of them, that none of `found` needs.
    pub(super) fn stale(&self, found: &[Difference]) -> Vec<String> {
        self.patterns().flat_map(|pattern| pattern.stale(found)).collect()
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter().flat_map(|entry| &entry.differences)
    }
}

impl Pattern {
    fn describes(&self, Difference { case, what }: &Difference) -> bool {
        let is_any = |patterns: &[String], text| patterns.iter().any(|pattern| matches(pattern, text));
        is_any(&self.cases, case) && is_any(&self.whats, what)
    }

    fn stale(&self, found: &[Difference]) -> Vec<String> {
        let described: Vec<&Difference> = found.iter().filter(|difference| self.describes(difference)).collect();
        let cases = self.cases.iter().filter(|case| !described.iter().any(|found| matches(case, &found.case)));
        let whats = self.whats.iter().filter(|what| !described.iter().any(|found| matches(what, &found.what)));
        cases.cloned().chain(whats.map(|what| format!("{what} in {:?}", self.cases))).collect()
    }
}

/// Whether `pattern` describes all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let all = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        let pattern = |cases, whats| Pattern { cases: all(cases), whats: all(whats) };
        let entry = |pattern| Entry { reason: "a very good reason".to_owned(), differences: vec![pattern] };
        let one = pattern(&["GET /a*"], &["code * instead of x", "status 4*"]);
        Ledger(vec![entry(one), entry(pattern(&["GET /b"], &["*"]))])
    }

    #[test]
    fn a_pattern_explains_what_it_describes_and_nothing_else() {
        let ledger = ledger();
        assert!(ledger.explains(&Difference::new("GET /a: unknown", "code y instead of x")));
        assert!(!ledger.explains(&Difference::new("GET /a: unknown", "code y instead of z")));
        assert!(!ledger.explains(&Difference::new("GET /b: unknown", "status 404 instead of 400")));
        assert!(ledger.explains(&Difference::new("GET /b", "anything")));
    }

    #[test]
    fn what_explains_nothing_is_stale() {
        let found = [Difference::new("GET /a", "code y instead of x")];
        assert_eq!(ledger().stale(&found), [r#"status 4* in ["GET /a*"]"#, "GET /b", r#"* in ["GET /b"]"#]);
    }
}
